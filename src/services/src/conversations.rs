//! Conversations as people use them: start, list, read, mark, change. The conversation itself is an aggregate; around it stand
//! two kinds of rows, [`Membership`](plenum_schema::entities::Membership) (whose list it is in) and
//! [`Marks`](plenum_schema::entities::Marks) (how far a member has read).
//!
//! A membership row is written *before* the log says so and removed *after*: a crash between leaves a row that listing
//! skips, never a conversation that its member cannot find. The log decides who is a member.

mod announce;
mod block;
mod change;
mod config;
mod create;
mod cursor;
mod direct;
mod forget;
mod history;
mod list;
mod marks;
mod members;
mod membership;
mod nudges;
mod presence;
mod room_list;
mod rooms;
mod search;
mod settings;
mod unread;

pub use announce::run_room_stats;
pub use block::Blocked;
pub use config::ConversationsConfig;
pub use create::{NewGroup, Opened, Other};
pub use history::HistoryPage;
pub use list::{Listing, Overview};
pub use marks::{MarkOutcome, MemberMarks};
pub use nudges::{Nudge, run_nudges};
pub use presence::PresentMembers;
pub use room_list::{ListedRoom, RoomFilter, RoomListing};
pub use rooms::{NewRoom, RoomOverview};
pub use search::{Hit, Hits, Search};
pub use settings::Settings;

use crate::accounts::Accounts;
pub use plenum_actors::aggregates::conversation::{Access, Change, Member, RoomView};
use plenum_actors::aggregates::conversation::{Answer, Command, Conversation};
use plenum_actors::clock::SharedClock;
use plenum_actors::directory::Directory;
use plenum_actors::history::History;
use plenum_actors::hub::Shed;
use plenum_actors::presence::Presence;
use plenum_actors::publication::Publisher;
use plenum_actors::store::SharedStore;
use plenum_schema::conversation::Digest;
use plenum_schema::wire::Sent;
use plenum_schema::{AggregateKind, Content, ConversationId, LogId, Refusal, RefusalCode, Topic, UserId};
use std::fmt;
use std::sync::Arc;

/// What the service works with.
#[derive(Clone)]
pub struct Parts {
    /// Rows and heads.
    pub store: SharedStore,
    /// The owners of conversations.
    pub directory: Directory<Conversation>,
    /// Past publications.
    pub history: History,
    /// Where signals go.
    pub publisher: Arc<dyn Publisher>,
    /// Who exists.
    pub accounts: Accounts,
    /// Who is online.
    pub presence: Presence,
    /// Time and ids.
    pub clock: SharedClock,
}

/// The service. Every method takes the caller and refuses with `notFound` what the caller may not know of.
#[derive(Clone)]
pub struct Conversations {
    parts: Parts,
    config: ConversationsConfig,
    nudged: nudges::Nudged,
}

impl fmt::Debug for Conversations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversations").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Conversations {
    /// A service.
    #[must_use]
    pub fn new(parts: Parts, config: ConversationsConfig) -> Self {
        Self { parts, config, nudged: nudges::Nudged::default() }
    }

    /// The service's limits.
    #[must_use]
    pub fn config(&self) -> &ConversationsConfig {
        &self.config
    }

    /// Who exists.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.parts.accounts
    }

    /// Sends a message, acknowledged when it is durable.
    ///
    /// # Errors
    /// `notFound` for strangers, `invalid` or `tooLarge` for what cannot be sent, `busy`, `unavailable`.
    pub async fn send(
        &self,
        caller: UserId,
        id: ConversationId,
        client_ref: Option<String>,
        content: Content,
    ) -> Result<Sent, Refusal> {
        self.parts.publisher.admit(Shed::Sends)?;
        match self.ask(id, Command::Send { author: caller, client_ref, content }).await? {
            Answer::Sent(sent) => {
                if let Some(nudge) = self.nudge(id) {
                    nudge.written();
                }
                Ok(sent)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// What a member may do and where the conversation stands.
    ///
    /// # Errors
    /// `notFound` for strangers, `busy`, `unavailable`.
    pub async fn access(&self, caller: UserId, id: ConversationId) -> Result<Access, Refusal> {
        match self.ask(id, Command::Access { user: caller, known: 0 }).await? {
            Answer::Access(access) => Ok(access),
            other => Err(unexpected(&other)),
        }
    }

    /// The digest as the owner has it: newer than the stored one of a busy conversation.
    async fn digest(&self, id: ConversationId) -> Result<Digest, Refusal> {
        match self.ask(id, Command::Digest).await? {
            Answer::Digest(digest) => Ok(*digest),
            other => Err(unexpected(&other)),
        }
    }

    async fn ask(&self, id: ConversationId, command: Command) -> Result<Answer, Refusal> {
        self.parts.directory.ask(id.0, command).await
    }
}

fn log_of(id: ConversationId) -> LogId {
    LogId { kind: AggregateKind::Conversation, id: id.0 }
}

fn topic_of(id: ConversationId) -> Topic {
    Topic::Conversation(id)
}

fn no_such_conversation() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such conversation")
}

fn unexpected(answer: &Answer) -> Refusal {
    tracing::error!(?answer, "an owner gave another command's answer");
    Refusal::new(RefusalCode::Internal, "the server could not carry this out; it has been logged")
}

/// Whether a refusal says for certain that nothing was changed.
fn is_final(refusal: &Refusal) -> bool {
    !matches!(refusal.code, RefusalCode::Unavailable | RefusalCode::Internal | RefusalCode::Draining)
}
