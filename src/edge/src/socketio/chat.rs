//! The Socket.IO side of a session: the one namespace, its events and callbacks, on a connection that is like any other.

use super::asks::{Again, Listed, Located, Stands};
use super::config::SocketIoConfig;
use super::framing;
use super::packet;
use super::registry::SocketIoMetrics;
use super::vocabulary::answers::{Done, Why};
use super::vocabulary::fields::said;
use super::vocabulary::incoming::{Argument, Change};
use super::vocabulary::names::spoken;
use super::vocabulary::outgoing::answer_accepted;
use super::vocabulary::{Request, read};
use super::welcome::Wanted;
use actix::Recipient;
use bytes::Bytes;
use errands::is_passing;
pub(super) use errands::{Deed, Errand};
use halls::Halls;
use plenum_actors::connection::{Answer, Connection, ReplyTo, Shared};
use plenum_actors::hub::{ConnectionKey, Shut};
use plenum_actors::identity::Scope;
use plenum_actors::publication::{Parser, Vocabulary};
use plenum_schema::wire::{Ack, AckResult, CloseCode, Command, Identify, RefusalFrame, ServerFrame};
use plenum_schema::{ConferenceId, Offset, Refusal, RefusalCode, Topic};
use plenum_socketio::Args;
use plenum_socketio::packet::{Body, Packet, PacketError, PacketLimits};
use plenum_socketio::parser::{self, Decoder};
use plenum_websocket::close::code;
use plenum_websocket::encode::close_frame;
pub(super) use speaking::is_online;
use std::rc::Rc;

mod answering;
mod arrived;
mod errands;
mod finding;
mod following;
mod halls;
mod pacing;
mod speaking;

/// What a session's chat works with.
pub(super) struct Around<'s> {
    pub shared: &'s Rc<Shared>,
    pub config: &'s SocketIoConfig,
    pub limits: &'s PacketLimits,
    pub metrics: &'s SocketIoMetrics,
    /// Whether something waits for the next poll of the client.
    pub is_unpolled: bool,
    /// Takes the answers of the rest of Plenum.
    pub me: &'s ReplyTo,
    /// Takes the list of conversations.
    pub listed: &'s Recipient<Listed>,
    /// Takes places of messages.
    pub located: &'s Recipient<Located>,
    /// Takes how conferences stand.
    pub stands: &'s Recipient<Stands>,
    /// Wakes what is to be tried again.
    pub again: &'s Recipient<Again>,
}

/// Where the client is on its way in.
pub(super) enum Stage {
    /// Not in the namespace.
    Outside,
    /// Its token is being checked, or its conversations are being listed.
    Entering(Box<Wanted>),
    /// In the namespace.
    Inside,
    /// Has left it.
    Left,
}

/// Why a command was given, until it is answered.
enum Purpose {
    /// The client wants to come in.
    Enter,
    /// An event of the client; with the id of its callback, if it gave one.
    Event { callback: Option<u64>, name: Box<str>, joins: bool, by: Option<&'static str> },
    /// A change of a message whose place is being looked for.
    Change { callback: Option<u64>, name: Box<str>, change: Change, by: Option<&'static str> },
    /// A conference whose code is being looked up.
    Join { callback: Option<u64>, name: Box<str> },
    /// The edge does something for the client.
    Errand(Errand),
    /// It was refused and is tried again after a while.
    Resting(Errand),
    /// The edge has done something for the client whose answer nobody waits for.
    Silent,
    /// It is waited before what has arrived is marked.
    Marking,
    /// It is waited before more of a recovery is looked up.
    Pacing,
}

/// The chat of a session.
pub(super) struct Chat {
    pub(super) connection: Connection,
    pub(super) stage: Stage,
    decoder: Decoder,
    /// The token of the request that began the session.
    token: Option<Box<str>>,
    spoken: Option<Vocabulary>,
    /// The greeting of a client that came back hearing underscores alone: it is due when it speaks hyphens, too.
    ungreeted: Option<Bytes>,
    /// Whose coming and going it hears.
    pub(super) followed_people: usize,
    waiting: Vec<(u32, Purpose)>,
    last_id: u32,
    halls: Halls,
    /// What of a recovery is still to be looked up, the last one first.
    paced: Vec<Errand>,
    /// Conversations of which messages up to an offset are on their way to the client.
    arriving: Vec<(Topic, Offset)>,
}

/// The packet broke the protocol: the connection ends.
pub(super) struct Broken;

impl Chat {
    pub(super) fn new(connection: Connection, token: Option<Box<str>>) -> Self {
        Self {
            connection,
            stage: Stage::Outside,
            decoder: Decoder::new(),
            token,
            spoken: None,
            ungreeted: None,
            followed_people: 0,
            waiting: Vec::new(),
            last_id: 0,
            halls: Halls::default(),
            paced: Vec::new(),
            arriving: Vec::new(),
        }
    }

    pub(super) fn key(&self) -> ConnectionKey {
        self.connection.key()
    }

    /// The parser that the client uses; the default one until it has said something.
    pub(super) fn parser(&self) -> Parser {
        match self.decoder.parser() {
            Some(parser::Parser::MessagePack) => Parser::MessagePack,
            Some(parser::Parser::Json) | None => Parser::Json,
        }
    }

    pub(super) fn text(&mut self, around: &Around<'_>, text: &str) {
        let packet = self.decoder.text(text, around.limits);
        self.packet(around, packet);
    }

    pub(super) fn binary(&mut self, around: &Around<'_>, bytes: &[u8]) {
        let packet = self.decoder.binary(bytes, around.limits);
        self.packet(around, packet);
    }

    fn packet(&mut self, around: &Around<'_>, packet: Result<Option<Packet<'_>>, PacketError>) {
        // Whoever was sent away and does not leave at once can do nothing more meanwhile.
        if !around.shared.hub.with(|core| core.is_open(self.connection.key())) {
            return;
        }
        let outcome = match packet {
            Ok(None) => Ok(()),
            Ok(Some(packet)) => self.take(around, packet),
            Err(error) => {
                tracing::debug!(%error, "not a packet");
                return self.end_unreadable(around, Some(error));
            }
        };
        if outcome.is_err() {
            self.end_unreadable(around, None);
        }
    }

    /// As with the reference the connection ends; what went beyond a limit is told which.
    fn end_unreadable(&mut self, around: &Around<'_>, error: Option<PacketError>) {
        let (hub, key) = (&around.shared.hub, self.connection.key());
        let beyond = error.and_then(|error| Some(format!("{error} ({})", SocketIoConfig::key_of(error.limit()?))));
        match beyond {
            Some(why) if self.is_inside() => self.fail(around, None, None, &Refusal::new(RefusalCode::TooLarge, why)),
            // Libraries hear events in the namespace alone: the close frame has to say it.
            Some(why) => hub.with(|core| core.finish(key, close_frame(code::PROTOCOL_ERROR, &why), Shut::Linger)),
            None => {}
        }
        self.connection.unreadable(around.shared, "this is no packet for here".to_owned());
        self.connection.take_answers();
        hub.with(|core| core.close(key, CloseCode::Protocol, None));
    }

    fn take(&mut self, around: &Around<'_>, packet: Packet<'_>) -> Result<(), Broken> {
        let is_root = packet.namespace == packet::ROOT;
        if let Body::Connect(_) = packet.body
            && let Err(too_fast) = self.counted(around)
        {
            self.refuse_entry(around, &packet.namespace, &too_fast);
            if self.connection.floods() {
                self.connection.close_flood(around.shared);
            }
            return Ok(());
        }
        match packet.body {
            Body::Connect(_) if !is_root => {
                let refused = packet::connect_error::<()>(self.parser(), &packet.namespace, "Invalid namespace", None);
                self.push(around, refused);
                Ok(())
            }
            Body::Connect(data) => self.enter(around, Wanted::of(data.as_ref())),
            Body::Event { id, name, args } if is_root && self.is_inside() => {
                self.event(around, id, &name, &args);
                Ok(())
            }
            Body::Disconnect if is_root && self.is_inside() => {
                self.stage = Stage::Left;
                Ok(())
            }
            // Nothing that the server says asks for an answer.
            Body::Ack { .. } if is_root && self.is_inside() => Ok(()),
            Body::Event { .. } | Body::Ack { .. } | Body::Disconnect | Body::ConnectError(_) => Err(Broken),
        }
    }

    /// Counts a CONNECT like a command: checking tokens and listing conversations costs as much.
    fn counted(&mut self, around: &Around<'_>) -> Result<(), Refusal> {
        self.connection.admit_other(around.shared)?;
        self.connection.other_answered();
        Ok(())
    }

    fn is_inside(&self) -> bool {
        matches!(self.stage, Stage::Inside)
    }

    fn enter(&mut self, around: &Around<'_>, mut wanted: Wanted) -> Result<(), Broken> {
        if !matches!(self.stage, Stage::Outside) {
            return Err(Broken);
        }
        let token = wanted.token.take().or_else(|| self.token.as_deref().map(str::to_owned));
        self.stage = Stage::Entering(Box::new(wanted));
        let Some(token) = token else {
            self.keep_out(around, &Refusal::new(RefusalCode::Unauthenticated, "a token is required"));
            return Ok(());
        };
        self.speak_in(around);
        self.ask(around, Purpose::Enter, Command::Identify(Identify { token, client: None }), true);
        Ok(())
    }

    /// The client does not come in. Where it may a moment later the transport ends instead: after a CONNECT_ERROR the libraries give up for
    /// good, after the end of a transport they come back by themselves.
    pub(super) fn keep_out(&mut self, around: &Around<'_>, refusal: &Refusal) {
        self.stage = Stage::Outside;
        if is_passing(refusal) {
            tracing::debug!(%refusal, "nobody is let in at the moment: the client is sent to come back");
            around.metrics.given_up.inc();
            let key = self.connection.key();
            return around.shared.hub.with(|core| core.finish(key, framing::later(), Shut::Linger));
        }
        self.refuse_entry(around, packet::ROOT, refusal);
    }

    fn refuse_entry(&self, around: &Around<'_>, namespace: &str, refusal: &Refusal) {
        let why = Why::from(refusal);
        self.push(around, packet::connect_error(self.parser(), namespace, &refusal.message, Some(&why)));
    }

    /// Whether the client has left the namespace and kept the transport.
    pub(super) fn has_left(&self) -> bool {
        matches!(self.stage, Stage::Left)
    }

    /// Outside again, on another connection. Numbers of commands go on, so that late answers are known as such.
    pub(super) fn begin_again(&mut self, key: ConnectionKey) {
        self.connection = self.connection.begun_again(key);
        self.stage = Stage::Outside;
        (self.waiting, self.arriving, self.paced) = (Vec::new(), Vec::new(), Vec::new());
        self.halls = Halls::default();
        (self.spoken, self.ungreeted) = (None, None);
    }

    fn event(&mut self, around: &Around<'_>, callback: Option<u64>, name: &str, args: &Args<'_>) {
        let parser = self.parser();
        let nothing: &[u8] = match parser {
            Parser::Json => b"null",
            Parser::MessagePack => &[0xc0],
        };
        let argument = Argument { parser, bytes: args.raw(0).unwrap_or(nothing) };
        let heard = read(name, argument, &|| self.conference(around));
        // The name says it, also where the arguments are wrong.
        let vocabulary = heard.as_ref().map_or_else(|_| spoken(name), |heard| heard.vocabulary);
        if let Some(vocabulary) = vocabulary {
            self.speaks(around, vocabulary);
        }
        let heard = match heard {
            Ok(heard) => heard,
            Err(refusal) => return self.not_understood(around, callback, name, refusal),
        };
        let by = heard.by;
        match heard.request {
            Request::Native(Command::Subscribe(wish)) if wish.since.is_none() && self.has(around, wish.topic) => {
                if self.at_once(around, callback, name, &Done::at(wish.topic)) {
                    self.look_around(around, name);
                }
            }
            Request::Native(Command::Subscribe(wish)) if wish.since.is_none() && self.is_paced(wish.topic) => {
                self.join_paced(around, (callback, name), wish.topic);
            }
            Request::Native(Command::Unsubscribe(leave)) if self.is_paced(leave.topic) => {
                self.leave_paced(around, (callback, name), leave.topic);
            }
            Request::Native(command) => {
                let joins = matches!(&command, Command::Subscribe(wish) if !self.has(around, wish.topic));
                match &command {
                    Command::Unsubscribe(leave) => self.forget_errands(leave.topic),
                    // From where the client says, whatever its strings said.
                    Command::Subscribe(wish) => self.forget_paced(wish.topic),
                    _ => {}
                }
                self.ask(around, Purpose::Event { callback, name: name.into(), joins, by }, command, false);
            }
            Request::Change(message, place, change) => {
                self.locate(around, (callback, name, by), (message, place), change);
            }
            Request::Join(code, since) => self.look_up(around, (callback, name), code, since),
            Request::Echo => self.echo(around, callback, name, args),
        }
    }

    /// The conference that events without a name mean: that of the client's token, or the only one that it follows.
    fn conference(&self, around: &Around<'_>) -> Option<ConferenceId> {
        let scope = self.connection.identity().map(|identity| identity.scope);
        if let Some(Scope::Conference { conference, .. }) = scope {
            return Some(conference);
        }
        let topics = around.shared.hub.with(|core| core.topics_with_log(self.connection.key()));
        let mut conferences =
            topics.into_iter().filter_map(|topic| if let Topic::Conference(id) = topic { Some(id) } else { None });
        conferences.next().filter(|_| conferences.next().is_none())
    }

    fn has(&self, around: &Around<'_>, topic: Topic) -> bool {
        around.shared.hub.with(|core| core.is_subscribed(self.connection.key(), topic))
    }

    fn echo(&mut self, around: &Around<'_>, callback: Option<u64>, name: &str, args: &Args<'_>) {
        match self.connection.admit_other(around.shared) {
            Ok(()) => {
                self.connection.other_answered();
                if let Some(id) = callback {
                    self.push(around, super::echo::answer(id, args));
                }
            }
            Err(too_fast) => self.fail(around, callback, Some(name), &too_fast),
        }
    }

    /// Gives a command; `is_ours`: not counted as the client's.
    fn ask(&mut self, around: &Around<'_>, purpose: Purpose, command: Command, is_ours: bool) {
        self.last_id = self.last_id.wrapping_add(1);
        self.waiting.push((self.last_id, purpose));
        if is_ours {
            self.connection.carry_out_unasked(around.shared, around.me, self.last_id, command);
        } else {
            self.connection.carry_out(around.shared, around.me, self.last_id, command);
        }
        self.tell_answers(around);
    }

    /// An answer of the rest of Plenum has come.
    pub(super) fn answer(&mut self, around: &Around<'_>, answer: Answer) {
        // Whoever was here before may have asked it: what it grants is not this one's. Its connection has settled its topics.
        if !self.waiting.iter().any(|(waiting, _)| *waiting == answer.id()) {
            return;
        }
        self.connection.answer(around.shared, answer);
        self.tell_answers(around);
    }

    fn tell_answers(&mut self, around: &Around<'_>) {
        for answer in self.connection.take_answers() {
            match answer {
                ServerFrame::Ack(Ack { id, result }) => {
                    if let Some(purpose) = self.purpose(id) {
                        self.done(around, purpose, &result);
                    }
                }
                ServerFrame::Refusal(RefusalFrame { id: Some(id), refusal }) => {
                    if let Some(purpose) = self.purpose(id) {
                        self.refused(around, purpose, &refusal);
                    }
                }
                // Everything else goes its own way.
                ServerFrame::Refusal(RefusalFrame { id: None, .. })
                | ServerFrame::Hello(_)
                | ServerFrame::Event(_)
                | ServerFrame::Signal(_)
                | ServerFrame::Gap(_)
                | ServerFrame::CaughtUp(_)
                | ServerFrame::Heartbeat(_)
                | ServerFrame::Goodbye(_) => {}
            }
        }
    }

    fn purpose(&mut self, id: u32) -> Option<Purpose> {
        let at = self.waiting.iter().position(|(waiting, _)| *waiting == id)?;
        let (_, purpose) = self.waiting.swap_remove(at);
        if self.waiting.is_empty() {
            // An idle connection keeps no list.
            self.waiting = Vec::new();
        }
        Some(purpose)
    }

    fn done(&mut self, around: &Around<'_>, purpose: Purpose, result: &AckResult) {
        match (purpose, result) {
            (Purpose::Enter, _) => super::welcome::list(self, around),
            (Purpose::Event { callback, name, joins, .. }, result) => {
                let done = Done::of(result);
                self.succeed(around, callback, &done);
                self.look_around(around, &name);
                if let AckResult::Voted(voted) = result {
                    self.push(around, answer_accepted(self.parser(), self.vocabulary(), &done));
                    self.has_voted(around, voted.question);
                }
                if let AckResult::Subscribed(subscribed) = result {
                    self.comes_to(around, subscribed.topic);
                }
                if let (true, AckResult::Subscribed(subscribed)) = (joins, result) {
                    self.stands(around, subscribed.topic, Some(subscribed.since));
                }
                if let AckResult::Unsubscribed(left) = result {
                    self.goes_from(around, left.topic);
                    self.stands(around, left.topic, None);
                }
            }
            (Purpose::Errand(errand), result) => self.errand_done(around, errand, result),
            (
                Purpose::Silent
                | Purpose::Marking
                | Purpose::Pacing
                | Purpose::Resting(_)
                | Purpose::Change { .. }
                | Purpose::Join { .. },
                _,
            ) => {}
        }
    }

    /// Follows what belongs to what the client has joined or done: a conference's board, what voters may see of results.
    fn hear(&mut self, around: &Around<'_>, topic: Topic) {
        if self.is_inside() && !self.has(around, topic) {
            self.follow(around, topic, None);
        }
    }

    /// A topic that is not in the client's base: its position is told from now on. `None`: the client has left it. Topics without a log
    /// have no position.
    fn stands(&self, around: &Around<'_>, topic: Topic, since: Option<u64>) {
        if around.config.recovery && topic.log().is_some() {
            around.shared.hub.with(|core| core.tell_position(self.connection.key(), topic, since));
        }
    }

    fn refused(&mut self, around: &Around<'_>, purpose: Purpose, refusal: &Refusal) {
        match purpose {
            Purpose::Enter => self.keep_out(around, refusal),
            Purpose::Event { callback, name, by: Some(by), .. }
            | Purpose::Change { callback, name, by: Some(by), .. } => {
                let field = refusal.field.as_deref().map(|field| said(&name, Some(by), field).into_owned());
                self.fail(around, callback, Some(&name), &Refusal { field, ..refusal.clone() });
            }
            Purpose::Event { callback, name, .. }
            | Purpose::Change { callback, name, .. }
            | Purpose::Join { callback, name } => {
                self.fail(around, callback, Some(&name), refusal);
            }
            Purpose::Errand(errand) => self.errand_refused(around, errand, refusal),
            Purpose::Silent | Purpose::Marking | Purpose::Pacing | Purpose::Resting(_) => {}
        }
    }

    /// Nothing for what the client's vocabulary has no words for.
    pub(super) fn push(&self, around: &Around<'_>, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        around.shared.hub.with(|core| core.push_bytes(self.connection.key(), bytes));
    }
}
