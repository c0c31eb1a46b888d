//! What connections and hubs ask for, answered by owners, services and the log.

use plenum_actors::aggregates::conversation::{Answer, Command as Ask, Conversation};
use plenum_actors::clock::SharedClock;
use plenum_actors::connection::{Access, Backend, ConnectionConfig, Following, Hall, Me, Reply};
use plenum_actors::directory::Directory;
use plenum_actors::history::History;
use plenum_actors::hub::{LogPage, LogReader, PageFuture, Shed};
use plenum_actors::identity::{Authenticator, Identity};
use plenum_actors::owner::Standings;
use plenum_actors::owner::recent::Span;
use plenum_actors::owner::reply;
use plenum_actors::publication::{Class, Publication, Publisher};
use plenum_http::{Limiter, Rate};
use plenum_schema::wire::{
    AckResult, Command, Delete, Edit, History as HistoryCommand, Mark, Page, Pong, React, SendDirect, Signal, Typing,
    TypingSignal, Unreact,
};
use plenum_schema::{ConferenceId, ConversationId, MessageId, Offset, Refusal, RefusalCode, Topic, UserId};
use plenum_services::accounts::Profile;
use plenum_services::conferences::{Conferences, HallStanding};
use plenum_services::conversations::{Change, Conversations, HistoryPage};
use std::future::Future;
use std::sync::Arc;

/// Events of a history page when the client names no number and the limit allows so many.
const DEFAULT_PAGE: u32 = 50;

/// The node, as its connections see it.
pub struct NodeBackend {
    /// Checks tokens.
    pub authenticator: Arc<dyn Authenticator>,
    /// The owners of conversations.
    pub directory: Directory<Conversation>,
    /// The service around them.
    pub conversations: Conversations,
    /// Conferences and their polls.
    pub conferences: Conferences,
    /// How topics without a log stand.
    pub standings: Arc<Standings>,
    /// Where signals go.
    pub publisher: Arc<dyn Publisher>,
    /// Time.
    pub clock: SharedClock,
    /// Events of one history page at the most.
    pub page_events: u32,
    /// Commands of each person over all connections.
    pub commands: Arc<Limiter<UserId>>,
    /// Wrong codes of conferences from each person.
    pub guesses: Arc<Limiter<UserId>>,
}

/// The commands of all connections of one person together.
pub(crate) fn commands_rate(limits: &ConnectionConfig) -> Rate {
    let of_one = f64::from(limits.commands_per_second) * f64::from(limits.user_commands_factor);
    Rate { per_second: of_one, burst: 2.0 * of_one }
}

impl Backend for NodeBackend {
    fn admit(&self, caller: &Identity) -> Result<(), Refusal> {
        self.commands.check(caller.user, self.clock.mono()).map_err(|refusal| {
            let most = self.commands.rate().per_second;
            let message = format!(
                "all connections of a person together have {most} commands a second, and twice as many at once"
            );
            Refusal { message, ..refusal }
        })
    }

    fn authenticate(&self, token: String, reply: Reply<Identity>) {
        let check = self.authenticator.authenticate(token);
        actix::spawn(async move { reply(check.await) });
    }

    fn access(&self, caller: Identity, topic: Topic, since: Option<Offset>, reply: Reply<Access>) {
        let known = since.unwrap_or(0);
        if let Some(refusal) = out_of_scope(&caller, topic) {
            return reply(Err(refusal));
        }
        match topic {
            Topic::User(user) if user == caller.user => reply(Ok(Access { head: 0 })),
            Topic::User(_) => reply(Err(no_such_topic())),
            // Everybody with an account, as out_of_scope has seen to.
            Topic::Status => reply(Ok(Access { head: 0 })),
            Topic::Presence(user) => {
                let conversations = self.conversations.clone();
                actix::spawn(async move { reply(presence_access(&conversations, caller, user).await) });
            }
            Topic::Conversation(id) => self.ask_access(caller, id, known, |head| Access { head }, reply),
            _ => {
                let conferences = self.conferences.clone();
                actix::spawn(async move {
                    reply(conferences.access(&caller, topic, known).await.map(|head| Access { head }));
                });
            }
        }
    }

    fn following(&self, caller: Identity, limit: usize, reply: Reply<Following>) {
        if !caller.is_account() {
            return reply(Ok(Following::default()));
        }
        let conversations = self.conversations.clone();
        actix::spawn(async move { reply(following(&conversations, caller, limit).await) });
    }

    fn locate(&self, message: MessageId, among: Vec<Topic>, reply: Reply<(Topic, Offset)>) {
        let conversations = self.conversations.clone();
        actix::spawn(async move { reply(conversations.locate(message, among).await) });
    }

    fn conference_of(&self, caller: Identity, code: String, reply: Reply<ConferenceId>) {
        let (conferences, guesses, clock) = (self.conferences.clone(), self.guesses.clone(), self.clock.clone());
        actix::spawn(async move {
            if let Err(refusal) = guesses.check(caller.user, clock.mono()) {
                return reply(Err(refusal));
            }
            let found = conferences.by_code_as(&caller, &code).await;
            // Right ones cost nothing.
            if !matches!(&found, Err(refusal) if refusal.code == RefusalCode::NotFound) {
                guesses.give_back(caller.user, clock.mono());
            }
            reply(found);
        });
    }

    fn hall(&self, caller: Identity, conference: ConferenceId, reply: Reply<Hall>) {
        let conferences = self.conferences.clone();
        actix::spawn(async move {
            let standing = conferences.standing(&caller, conference).await;
            reply(standing.map(|HallStanding { hosts, topics, results, view }| Hall { hosts, topics, results, view }));
        });
    }

    fn standing(&self, topic: Topic) -> Option<Signal> {
        match topic {
            Topic::Presence(user) => Some(Signal::Presence(self.conversations.presence().signal_of(user))),
            Topic::Conference(id) => Some(Signal::Audience(self.conferences.audiences().of(id))),
            topic => self.standings.get(topic),
        }
    }

    fn looks_around(&self, caller: &Identity) {
        if caller.is_account() {
            self.conversations.presence().looks_around(caller.user);
        }
    }

    fn call(&self, caller: Identity, command: Command, reply: Reply<AckResult>) {
        let command = match crate::conference_backend::call((&self.conferences, &self.clock), &caller, command, reply) {
            None => return,
            Some((_, reply)) if !caller.is_account() => return reply(Err(for_accounts())),
            Some(other) => other,
        };
        let (command, reply) = command;
        match command {
            Command::Send(send) => match conversation(send.topic) {
                Ok(id) => {
                    if let Err(refusal) = self.publisher.admit(Shed::Sends) {
                        return reply(Err(refusal));
                    }
                    let ask = Ask::Send { author: caller.user, client_ref: send.client_ref, content: send.content };
                    let nudge = self.conversations.nudge(id);
                    let answer = reply::Reply::new(move |outcome: Result<Answer, Refusal>| {
                        if let (Some(nudge), Ok(_)) = (nudge, &outcome) {
                            nudge.written();
                        }
                        reply(outcome.and_then(sent));
                    });
                    self.directory.tell(id.0, ask, answer);
                }
                Err(refusal) => reply(Err(refusal)),
            },
            Command::SendDirect(send) => {
                self.later(reply, |conversations| async move {
                    let SendDirect { to, client_ref, content } = send;
                    conversations.send_direct(caller.user, to, client_ref, content).await.map(AckResult::Sent)
                });
            }
            Command::Edit(Edit { topic, target, client_ref, content }) => {
                self.change(caller, (topic, target), client_ref, Change::Edit { content }, reply);
            }
            Command::Delete(Delete { topic, target }) => {
                self.change(caller, (topic, target), None, Change::Delete, reply);
            }
            Command::React(React { topic, target, emoji }) => {
                self.change(caller, (topic, target), None, Change::React { emoji }, reply);
            }
            Command::Unreact(Unreact { topic, target, emoji }) => {
                self.change(caller, (topic, target), None, Change::Unreact { emoji }, reply);
            }
            Command::History(history) => self.history(caller, &history, reply),
            Command::Typing(typing) => self.typing(caller, &typing, reply),
            Command::Mark(mark) => self.mark(caller, &mark, reply),
            Command::Vote(_)
            | Command::Withdraw(_)
            | Command::PushQuestion(_)
            | Command::CloseQuestion(_)
            | Command::ShowResults(_)
            | Command::Ask(_)
            | Command::Upvote(_)
            | Command::Reply(_)
            | Command::Moderate(_)
            | Command::ReactLive(_)
            | Command::Identify(_)
            | Command::Subscribe(_)
            | Command::Unsubscribe(_)
            | Command::Ping(_) => {
                reply(Err(Refusal::new(RefusalCode::Malformed, "the connection answers this command itself")));
            }
        }
    }
}

impl NodeBackend {
    fn ask_access<T: Send + 'static>(
        &self,
        caller: Identity,
        id: ConversationId,
        known: Offset,
        then: impl FnOnce(Offset) -> T + Send + 'static,
        reply: Reply<T>,
    ) {
        let answer = reply::Reply::new(move |outcome| {
            reply(match outcome {
                Ok(Answer::Access(access)) => Ok(then(access.head)),
                Ok(_) => Err(internal()),
                Err(refusal) => Err(refusal),
            });
        });
        self.directory.tell(id.0, Ask::Access { user: caller.user, known }, answer);
    }

    /// Answers with what the service says, later.
    fn later<F>(&self, reply: Reply<AckResult>, act: impl FnOnce(Conversations) -> F)
    where
        F: Future<Output = Result<AckResult, Refusal>> + 'static,
    {
        let work = act(self.conversations.clone());
        actix::spawn(async move { reply(work.await) });
    }

    fn change(
        &self,
        caller: Identity,
        (topic, target): (Topic, Offset),
        client_ref: Option<String>,
        change: Change,
        reply: Reply<AckResult>,
    ) {
        match conversation(topic) {
            Ok(id) => self.later(reply, |conversations| async move {
                let changed = conversations.change_message(caller.user, id, target, client_ref, change).await;
                changed.map(AckResult::Changed)
            }),
            Err(refusal) => reply(Err(refusal)),
        }
    }

    fn history(&self, caller: Identity, command: &HistoryCommand, reply: Reply<AckResult>) {
        let id = match conversation(command.topic) {
            Ok(id) => id,
            Err(refusal) => return reply(Err(refusal)),
        };
        let limit = command.limit.unwrap_or(DEFAULT_PAGE.min(self.page_events));
        if limit == 0 || limit > self.page_events {
            let text = format!("a page has 1 to {} events", self.page_events);
            return reply(Err(Refusal::field(RefusalCode::Invalid, "limit", text)));
        }
        let conversations = self.conversations.clone();
        let (topic, before, after) = (command.topic, command.before, command.after);
        actix::spawn(async move {
            let page = conversations.history(caller.user, id, before, after, limit as usize).await;
            reply(page.map(|page| {
                let HistoryPage { items: events, head, first, states } = page;
                AckResult::Page(Page { topic, events, head, first, states })
            }));
        });
    }

    fn mark(&self, caller: Identity, command: &Mark, reply: Reply<AckResult>) {
        let id = match conversation(command.topic) {
            Ok(id) => id,
            Err(refusal) => return reply(Err(refusal)),
        };
        let conversations = self.conversations.clone();
        let (delivered, read) = (command.delivered, command.read);
        actix::spawn(async move {
            let outcome = conversations.mark(caller.user, id, delivered, read).await;
            reply(outcome.map(|outcome| AckResult::Marked(outcome.marked)));
        });
    }

    fn typing(&self, caller: Identity, command: &Typing, reply: Reply<AckResult>) {
        let id = match conversation(command.topic) {
            Ok(id) => id,
            Err(refusal) => return reply(Err(refusal)),
        };
        let (publisher, at) = (self.publisher.clone(), self.clock.wall());
        let (topic, active, user) = (command.topic, command.active, caller.user);
        let then = move |_| {
            let signal = Signal::Typing(TypingSignal { user, active });
            publisher.publish(vec![Publication::signal(topic, Class::Droppable, signal)]);
            AckResult::Pong(Pong { at })
        };
        self.ask_access(caller, id, 0, then, reply);
    }
}

/// The caller and their conversations. Whoever is gone meanwhile is let in nameless: the session's end follows.
async fn following(conversations: &Conversations, caller: Identity, limit: usize) -> Result<Following, Refusal> {
    let accounts = conversations.accounts();
    let (following, profile) = tokio::join!(conversations.following(caller.user, limit), accounts.me(caller));
    let profile = match profile {
        Ok(profile) => Some(profile),
        Err(refusal) if refusal.code == RefusalCode::NotFound => None,
        Err(refusal) => return Err(refusal),
    };
    let me =
        profile.map(|Profile { name, username, email, avatar, role, .. }| Me { name, username, email, avatar, role });
    Ok(Following { me, ..following? })
}

/// Nobody is told of presence who shares no conversation, nor that there is anything to be told.
async fn presence_access(conversations: &Conversations, caller: Identity, user: UserId) -> Result<Access, Refusal> {
    if !conversations.may_see(caller.user, user).await? {
        return Err(no_such_topic());
    }
    // When they left is display: a store that does not answer now takes only that away.
    if let Err(error) = conversations.presence().recall(&[user]).await {
        tracing::warn!(%error, "the time of a leaving could not be read");
    }
    Ok(Access { head: 0 })
}

/// A token of a conference opens the topics of that conference alone.
fn out_of_scope(caller: &Identity, topic: Topic) -> Option<Refusal> {
    let of_accounts = matches!(topic, Topic::Conversation(_) | Topic::User(_) | Topic::Presence(_) | Topic::Status);
    (of_accounts && !caller.is_account()).then(no_such_topic)
}

fn for_accounts() -> Refusal {
    Refusal::new(RefusalCode::Forbidden, "a token of a conference is not for this")
}

fn no_such_topic() -> Refusal {
    Refusal::field(RefusalCode::NotFound, "topic", "there is no such topic")
}

fn conversation(topic: Topic) -> Result<ConversationId, Refusal> {
    match topic {
        Topic::Conversation(id) => Ok(id),
        _ => Err(Refusal::field(RefusalCode::Invalid, "topic", "this command is for conversations")),
    }
}

fn sent(answer: Answer) -> Result<AckResult, Refusal> {
    match answer {
        Answer::Sent(sent) => Ok(AckResult::Sent(sent)),
        _ => Err(internal()),
    }
}

fn internal() -> Refusal {
    tracing::error!("an owner gave another command's answer");
    Refusal::new(RefusalCode::Internal, "the server could not carry this out; it has been logged")
}

/// Hubs read what they missed from the owners' recent publications or the log.
pub struct HubReader(pub History);

impl LogReader for HubReader {
    fn read(&self, topic: Topic, after: Offset, known: Offset, events: usize, bytes: usize) -> PageFuture {
        let history = self.0.clone();
        Box::pin(async move {
            let page = history.read(topic, Span::After(after), events, bytes, known.max(after)).await?;
            Ok(LogPage { events: page.publications, first: page.first })
        })
    }
}
