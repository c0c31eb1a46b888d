//! The connection's protocol: frames in, decisions out.

use super::admission::{Admission, Admitted, Crowded, Known};
use super::backend::{Access, Answer, Backend, Outcome, ReplyTo};
use super::bucket::{Pace, TooFast};
use super::config::ConnectionConfig;
use super::greeting::hello;
use super::identified::{Identified, Now};
use super::metrics::ConnectionMetrics;
use super::unidentified::Unidentified;
use crate::clock::SharedClock;
use crate::hub::{ConnectionKey, HubConfig, HubHandle};
use crate::identity::Identity;
use plenum_schema::codec::{self, Codec};
use plenum_schema::wire::{
    Ack, AckResult, ClientFrame, CloseCode, Command, Identified as IdentifiedAck, Pong, RefusalFrame, ServerFrame,
    SignalFrame,
};
use plenum_schema::{ConnectionId, Offset, Refusal, RefusalCode, Topic};
use std::sync::Arc;

/// What is done in a client's stead waits so many times `answer_retry_ms` when its person has too many commands.
const PERSON_RETRY: u64 = 4;

/// What all connections of a worker share.
pub struct Shared {
    /// Limits of one connection.
    pub config: ConnectionConfig,
    /// The hub's configuration, for what `hello` tells.
    pub hub_config: HubConfig,
    /// Largest text of a message, for what `hello` tells.
    pub text_bytes: usize,
    /// The thread's hub.
    pub hub: HubHandle,
    /// The rest of Plenum.
    pub backend: Arc<dyn Backend>,
    /// Counts of the node.
    pub admission: Arc<Admission>,
    /// Time.
    pub clock: SharedClock,
    /// Name and version that `hello` tells.
    pub server: String,
    /// What is counted.
    pub metrics: ConnectionMetrics,
}

/// Identified or not.
#[derive(Debug)]
enum Stage {
    Unidentified(Unidentified),
    Identified(Box<Identified>),
}

/// How answers reach the client.
#[derive(Debug)]
enum Voice {
    /// As frames of the native protocol.
    Native(Codec),
    /// They wait here for an edge that says them in its own protocol.
    Foreign(Vec<ServerFrame>),
}

/// One connection: of the native protocol, or of another one whose edge translates commands and answers.
pub struct Connection {
    key: ConnectionKey,
    voice: Voice,
    stage: Stage,
    /// Is told when it is known whose the connection is.
    place: Known,
    in_flight: u32,
    commands: Pace,
    controls: Pace,
    unreadable: u32,
    /// It is to be closed for flooding.
    floods: bool,
}

impl Connection {
    /// A new connection; says hello.
    #[must_use]
    pub fn open(shared: &Shared, key: ConnectionKey, id: ConnectionId, codec: Codec) -> Self {
        let hello = hello(shared, id);
        shared.hub.with(|core| core.push(key, &ServerFrame::Hello(hello)));
        Self::new(shared, key, Voice::Native(codec))
    }

    /// A new connection of another protocol: its commands come by [`Self::carry_out`], its answers go by [`Self::take_answers`].
    #[must_use]
    pub fn open_foreign(shared: &Shared, key: ConnectionKey) -> Self {
        Self::new(shared, key, Voice::Foreign(Vec::new()))
    }

    /// The connection that follows this one on the same transport: nobody's yet, and with what this one has used up of its limits.
    /// Answers to what this one asked must not be given to it.
    #[must_use]
    pub fn begun_again(&self, key: ConnectionKey) -> Self {
        Self {
            key,
            voice: Voice::Foreign(Vec::new()),
            stage: Stage::Unidentified(Unidentified::default()),
            // On a transport that was somebody's once, and may be somebody's again.
            place: self.place.clone(),
            in_flight: 0,
            commands: self.commands,
            controls: self.controls,
            unreadable: self.unreadable,
            floods: false,
        }
    }

    fn new(shared: &Shared, key: ConnectionKey, voice: Voice) -> Self {
        let (config, now) = (&shared.config, shared.clock.mono());
        Self {
            key,
            voice,
            stage: Stage::Unidentified(Unidentified::default()),
            place: Known::default(),
            in_flight: 0,
            commands: Pace::new(config.commands_per_second, now),
            controls: Pace::new(config.control_frames_per_second, now),
            unreadable: 0,
            floods: false,
        }
    }

    /// The same in a place of the node: one among those of nobody in particular until it is known whose it is.
    #[must_use]
    pub fn admitted(mut self, admitted: &Admitted) -> Self {
        self.place = admitted.known();
        self
    }

    /// The hub's name for it.
    #[must_use]
    pub fn key(&self) -> ConnectionKey {
        self.key
    }

    /// A message arrived.
    pub fn message(&mut self, shared: &Shared, me: &ReplyTo, bytes: &[u8]) {
        // Whoever was sent away (its session ended, say) and does not leave at once can do nothing more meanwhile.
        if !shared.hub.with(|core| core.is_open(self.key)) {
            return;
        }
        let Voice::Native(codec) = self.voice else { return };
        let frame: ClientFrame = match codec::decode(codec, bytes) {
            Ok(frame) => frame,
            Err(error) => return self.unreadable(shared, error.to_string()),
        };
        self.carry_out(shared, me, frame.id, frame.command);
    }

    /// Carries out a command: its answer is an ack or a refusal with this id, at once or later.
    pub fn carry_out(&mut self, shared: &Shared, me: &ReplyTo, id: u32, command: Command) {
        let name = shared.metrics.received(&command);
        if let Err(refusal) = self.admit(shared).and_then(|()| self.command(shared, me, id, command)) {
            self.refuse_command(shared, id, name, refusal);
        }
    }

    /// The same without a look at rate and number: for what the edge itself does on a client's behalf.
    pub fn carry_out_unasked(&mut self, shared: &Shared, me: &ReplyTo, id: u32, command: Command) {
        if let Err(refusal) = self.command(shared, me, id, command) {
            self.refuse(shared, Some(id), "unasked", refusal);
        }
    }

    /// Counts something that the client asked for and another part carries out, against the same limits.
    ///
    /// # Errors
    /// `rateLimited` and `limitReached`, as a command would be.
    pub fn admit_other(&mut self, shared: &Shared) -> Result<(), Refusal> {
        self.admit(shared)?;
        self.in_flight += 1;
        Ok(())
    }

    /// What [`Self::admit_other`] counted has been answered.
    pub fn other_answered(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Charges something that the edge is about to do on a client's behalf against the same rate, where the client could make it do much of
    /// that at once. `is_due`: it has waited; until then half of the burst is left to what the client says itself.
    ///
    /// # Errors
    /// In how many milliseconds to come back. That is no flood: the client has not asked for it once more.
    pub fn admit_unasked(&mut self, shared: &Shared, is_due: bool) -> Result<(), u64> {
        if self.in_flight >= shared.config.commands_in_flight {
            return Err(shared.config.answer_retry_ms);
        }
        let now = shared.clock.mono();
        self.commands.charge(now, is_due)?;
        let Stage::Identified(stage) = &self.stage else { return Ok(()) };
        shared.backend.admit(&stage.identity()).map_err(|refusal| {
            self.commands.give_back();
            // All tabs of a person ask for the same tokens: what the person does now comes before what they catch up on.
            refusal.retry_after_ms.unwrap_or(0).max(PERSON_RETRY * shared.config.answer_retry_ms)
        })
    }

    /// Whether what has just been refused was once too often: the edge tells its client, then calls [`Self::close_flood`]. Native
    /// connections close by themselves.
    #[must_use]
    pub fn floods(&self) -> bool {
        self.floods
    }

    /// Closes the connection for flooding.
    pub fn close_flood(&self, shared: &Shared) {
        self.close(shared, CloseCode::Flood, Some(u64::from(shared.config.reconnect_max_delay_ms)));
    }

    /// Answers since the last call, in order. Native connections have none: theirs have been sent.
    pub fn take_answers(&mut self) -> Vec<ServerFrame> {
        match &mut self.voice {
            Voice::Native(_) => Vec::new(),
            Voice::Foreign(answers) => std::mem::take(answers),
        }
    }

    /// Whose connection it is, once known.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        match &self.stage {
            Stage::Unidentified(_) => None,
            Stage::Identified(stage) => Some(stage.identity()),
        }
    }

    /// A ping or a pong of the transport has come. Answers whether it counts: one that comes too fast is not answered, and a flood
    /// of them closes the connection.
    pub fn control(&mut self, shared: &Shared) -> bool {
        match self.controls.take(shared.clock.mono(), shared.config.flood_refusals) {
            Ok(()) => {
                self.controls.accepted();
                true
            }
            Err(TooFast { is_flood, .. }) => {
                shared.metrics.controls_ignored.inc();
                if is_flood {
                    self.close_flood(shared);
                }
                false
            }
        }
    }

    /// A message in a kind of frame that the sub-protocol does not use.
    pub fn wrong_kind(&mut self, shared: &Shared) {
        let wanted = match self.voice {
            Voice::Native(Codec::Json) | Voice::Foreign(_) => "text",
            Voice::Native(Codec::MessagePack) => "binary",
        };
        self.unreadable(shared, format!("this sub-protocol speaks in {wanted} frames"));
    }

    /// An answer to something this connection asked.
    pub fn answer(&mut self, shared: &Shared, answer: Answer) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match answer {
            Answer::Done(id, _, Ok(result)) => self.ack(shared, id, result),
            Answer::Done(id, name, Err(refusal)) => self.refuse_command(shared, id, name, refusal),
            Answer::Identified(id, outcome) => self.identified(shared, id, outcome),
            Answer::Access(id, topic, since, outcome) => self.accessed(shared, (id, topic, since), outcome),
        }
    }

    /// Rate and number of commands.
    fn admit(&mut self, shared: &Shared) -> Result<(), Refusal> {
        let config = &shared.config;
        if let Err(TooFast { wait, is_flood }) = self.commands.take(shared.clock.mono(), config.flood_refusals) {
            if is_flood {
                match self.voice {
                    Voice::Native(_) => self.close_flood(shared),
                    // Whoever says it in another protocol says what was refused first.
                    Voice::Foreign(_) => self.floods = true,
                }
            }
            let text =
                format!("a connection has {} commands a second, and twice as many at once", config.commands_per_second);
            return Err(Refusal::new(RefusalCode::RateLimited, text).retry_after(wait));
        }
        if let Stage::Identified(stage) = &self.stage {
            // Somebody else's flood on another connection of the same person closes only that one.
            shared.backend.admit(&stage.identity())?;
        }
        self.commands.accepted();
        if self.in_flight >= config.commands_in_flight {
            let text =
                format!("{} commands wait for their answers already: await one first", config.commands_in_flight);
            return Err(Refusal::new(RefusalCode::LimitReached, text).retry_after(config.answer_retry_ms));
        }
        if shared.hub.with(|core| core.is_crowded(self.key, config.answer_bytes)) {
            return Err(unread(config));
        }
        Ok(())
    }

    fn command(&mut self, shared: &Shared, me: &ReplyTo, id: u32, command: Command) -> Result<(), Refusal> {
        let backend = &*shared.backend;
        let now = match (&mut self.stage, command) {
            (_, Command::Ping(_)) => Now::Answer(AckResult::Pong(Pong { at: shared.clock.wall() })),
            (Stage::Unidentified(stage), Command::Identify(identify)) => {
                stage.identify(id, identify, &shared.config, (backend, me))?;
                shared.hub.with(|core| core.is_checked(self.key));
                Now::Later
            }
            (Stage::Unidentified(_), _) => {
                return Err(Refusal::new(RefusalCode::Unauthenticated, "identify first"));
            }
            (Stage::Identified(stage), Command::Identify(identify)) => {
                let now = stage.extend(id, identify, &shared.config, (backend, me))?;
                shared.hub.with(|core| core.is_checked(self.key));
                now
            }
            (Stage::Identified(stage), Command::Subscribe(subscribe)) => stage.subscribe(
                id,
                &subscribe,
                shared.config.topics_per_connection,
                (&shared.hub, self.key),
                (backend, me),
            )?,
            (Stage::Identified(_), Command::Unsubscribe(unsubscribe)) => {
                Identified::unsubscribe(&unsubscribe, &shared.hub, self.key)?
            }
            (
                Stage::Identified(stage),
                command @ (Command::Send(_)
                | Command::SendDirect(_)
                | Command::Edit(_)
                | Command::Delete(_)
                | Command::React(_)
                | Command::Unreact(_)
                | Command::History(_)
                | Command::Typing(_)
                | Command::Mark(_)
                | Command::Vote(_)
                | Command::Withdraw(_)
                | Command::PushQuestion(_)
                | Command::CloseQuestion(_)
                | Command::ShowResults(_)
                | Command::Ask(_)
                | Command::Upvote(_)
                | Command::Reply(_)
                | Command::Moderate(_)
                | Command::ReactLive(_)),
            ) => stage.call(id, command, backend, me),
        };
        match now {
            Now::Later => self.in_flight += 1,
            Now::Answer(result) => self.ack(shared, id, result),
        }
        Ok(())
    }

    fn identified(&mut self, shared: &Shared, id: u32, outcome: Outcome<Identity>) {
        let result = match &mut self.stage {
            Stage::Identified(stage) => stage.extended(outcome),
            Stage::Unidentified(stage) => match outcome {
                Err(refusal) if refusal.code.is_retryable() => {
                    stage.again();
                    Err(refusal)
                }
                outcome => outcome,
            },
        };
        match result.and_then(|identity| self.settle_in(shared, identity)) {
            Ok(identity) => {
                let Identity { user, session, expires_at, .. } = identity;
                self.ack(shared, id, AckResult::Identified(IdentifiedAck { user, session, expires_at }));
            }
            Err(refusal) => {
                let wrong = refusal.code == RefusalCode::Unauthenticated;
                self.refuse_command(shared, id, "identify", refusal);
                match (&self.voice, &mut self.stage) {
                    (Voice::Native(_), _) if wrong => self.close(shared, CloseCode::InvalidToken, None),
                    // Elsewhere the client is told, and may try another one until the time for it is over.
                    (Voice::Foreign(_), Stage::Unidentified(stage)) => stage.again(),
                    _ => {}
                }
            }
        }
    }

    fn settle_in(&mut self, shared: &Shared, identity: Identity) -> Result<Identity, Refusal> {
        if let Stage::Unidentified(stage) = &mut self.stage {
            let Some(place) = shared.admission.identify(&identity) else {
                stage.again();
                return Err(Crowded::Account.refusal(&shared.config));
            };
            self.place.identified();
            self.stage = Stage::Identified(Box::new(Identified::new(identity, place)));
        }
        shared.hub.with(|core| core.identify(self.key, identity));
        Ok(identity)
    }

    fn accessed(&mut self, shared: &Shared, asked: (u32, Topic, Option<Offset>), outcome: Outcome<Access>) {
        let (id, topic, since) = asked;
        let Stage::Identified(stage) = &mut self.stage else { return };
        match stage.accessed(topic, since, outcome) {
            Ok(subscribed) => {
                let (head, since) = (subscribed.head, subscribed.since);
                self.ack(shared, id, AckResult::Subscribed(subscribed));
                shared.hub.with(|core| core.subscribe(self.key, topic, since, head));
                if topic.log().is_none()
                    && let Some(signal) = shared.backend.standing(topic)
                {
                    // Asked only now: what changes from here on reaches the subscription.
                    shared.hub.with(|core| core.push(self.key, &ServerFrame::Signal(SignalFrame { topic, signal })));
                }
            }
            Err(refusal) => self.refuse_command(shared, id, "subscribe", refusal),
        }
        shared.hub.with(|core| core.settle(topic));
    }

    /// Something that cannot be read has come; too much of it closes the connection.
    pub fn unreadable(&mut self, shared: &Shared, why: String) {
        self.unreadable += 1;
        shared.metrics.unreadable.inc();
        self.refuse(shared, None, "unreadable", Refusal::new(RefusalCode::Malformed, why));
        if self.unreadable >= shared.config.unreadable_frames {
            self.close(shared, CloseCode::Protocol, None);
        }
    }

    fn ack(&mut self, shared: &Shared, id: u32, result: AckResult) {
        // A page is large and can be asked for again: it is what a client goes without that does not read its answers.
        let is_page = matches!(result, AckResult::Page(_));
        let (key, most, ack) = (self.key, shared.config.answer_bytes, ServerFrame::Ack(Ack { id, result }));
        match (is_page, &self.voice) {
            (true, Voice::Native(_)) if shared.hub.with(|core| core.offer(key, &ack, most)) => {}
            (true, Voice::Foreign(_)) if !shared.hub.with(|core| core.is_crowded(key, most)) => self.say(shared, ack),
            (true, _) => self.refuse_command(shared, id, "history", unread(&shared.config)),
            (false, _) => self.say(shared, ack),
        }
    }

    fn refuse_command(&mut self, shared: &Shared, id: u32, name: &'static str, refusal: Refusal) {
        shared.metrics.refused(name, refusal.code);
        self.refuse(shared, Some(id), name, refusal);
    }

    fn refuse(&mut self, shared: &Shared, id: Option<u32>, command: &'static str, refusal: Refusal) {
        if refusal.code == RefusalCode::Internal {
            // What went wrong was logged where it did; this says to whom.
            let connection = shared.hub.with(|core| core.connection_id(self.key)).map(tracing::field::display);
            let user = self.identity().map(|identity| tracing::field::display(identity.user));
            tracing::error!(
                connection,
                user,
                command,
                id,
                reason = refusal.message,
                "a command was refused as internal"
            );
        }
        self.say(shared, ServerFrame::Refusal(RefusalFrame { id, refusal }));
    }

    fn say(&mut self, shared: &Shared, answer: ServerFrame) {
        match &mut self.voice {
            Voice::Native(_) => shared.hub.with(|core| core.push(self.key, &answer)),
            // At most one for each command in flight, and taken after every call.
            Voice::Foreign(answers) => answers.push(answer),
        }
    }

    fn close(&self, shared: &Shared, code: CloseCode, retry_after_ms: Option<u64>) {
        shared.hub.with(|core| core.close(self.key, code, retry_after_ms));
    }

    /// The socket has gone.
    pub fn gone(&self, shared: &Shared) {
        if let Stage::Identified(stage) = &self.stage {
            shared.hub.with(|core| stage.subscribing().iter().for_each(|topic| core.settle(*topic)));
        }
        shared.hub.with(|core| core.leave(self.key));
    }
}

/// The client has not read what it was answered.
fn unread(config: &ConnectionConfig) -> Refusal {
    let text = format!("{} bytes of answers wait for you to read them: read on, then ask again", config.answer_bytes);
    Refusal::new(RefusalCode::Busy, text).retry_after(config.answer_retry_ms)
}
