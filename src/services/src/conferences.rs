//! Conferences as people use them: made, joined by code, run; questions prepared, live, closed. The conference and each of its
//! polls are aggregates with a log each; drafts of questions, participants and stored results are rows.
//!
//! What concerns two logs is done in an order that a crash may cut anywhere: a poll is opened before the audience is told of it,
//! and closed before the audience is told of that. The poll decides what counts; telling is repeated by whoever asks next.

mod access;
mod audience;
mod board;
mod code;
mod config;
mod create;
mod erase;
mod expiry;
mod hooks;
mod invitations;
mod join;
mod questions;
mod reactions;
mod report;
mod results;
mod roster;
mod run;
mod sheet;
mod standing;
mod surveys;
mod teams;
mod voting;
mod weights;
mod workbook;

pub use audience::{Arrivals, Audiences};
pub use board::{BoardPage, BoardQuery, Moderation};
pub use code::ALPHABET;
pub use config::ConferencesConfig;
pub use create::{InfoChange, ListedConference, NewConference, Page};
pub use expiry::ForgettingMetrics;
pub use hooks::{
    HookCall, HookCarrier, HookError, HookFailure, HookFuture, HookMetrics, HookView, Hooks, HooksConfig, NoHooks,
};
pub use invitations::Invitations;
pub use join::{Joined, Joining, run_audiences};
pub use questions::{FromTop, NewQuestion, QuestionStatus, QuestionView};
pub use report::{Engagement, Report};
pub use roster::Rostered;
pub use standing::HallStanding;
pub use surveys::SurveyView;
pub use weights::{ListedParticipant, Participants};

use crate::accounts::Accounts;
use crate::conversations::Conversations;
use plenum_actors::aggregates::board::Board;
pub use plenum_actors::aggregates::board::{BoardLimits, Listed as ListedItem, Order};
use plenum_actors::aggregates::conference::{Answered, Command, Conference, Runner};
pub use plenum_actors::aggregates::conference::{Asked, ConferenceLimits, ConferenceView};
use plenum_actors::aggregates::poll::{Answered as PollAnswer, Command as PollCommand, Poll, Voter};
pub use plenum_actors::aggregates::poll::{View, VotingLimits};
use plenum_actors::clock::SharedClock;
use plenum_actors::directory::Directory;
use plenum_actors::identity::{ConferenceRole, Identity, Scope};
use plenum_actors::publication::Publisher;
use plenum_actors::store::SharedStore;
use plenum_schema::conference::HostRole;
use plenum_schema::{ConferenceId, Offset, ParticipantId, QuestionId, Refusal, RefusalCode};
use std::fmt;
use std::sync::Arc;

/// What the service works with.
#[derive(Clone)]
pub struct Parts {
    /// Rows and logs.
    pub store: SharedStore,
    /// The owners of conferences.
    pub conferences: Directory<Conference>,
    /// The owners of polls.
    pub polls: Directory<Poll>,
    /// The owners of boards.
    pub boards: Directory<Board>,
    /// Who exists, and who signs tokens.
    pub accounts: Accounts,
    /// The conversation of each conference.
    pub conversations: Conversations,
    /// Where signals go.
    pub publisher: Arc<dyn Publisher>,
    /// Time and ids.
    pub clock: SharedClock,
    /// What polls take, to check questions before they are live.
    pub voting: VotingLimits,
    /// What is counted.
    pub metrics: ForgettingMetrics,
    /// Who tells webhooks.
    pub hooks: Hooks,
}

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct Conferences {
    parts: Parts,
    config: ConferencesConfig,
    audiences: Audiences,
    reactions: reactions::Reactions,
    metrics: ForgettingMetrics,
    hooks: Hooks,
    swept_to: expiry::SweptTo,
}

impl fmt::Debug for Conferences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conferences").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Conferences {
    /// A service.
    #[must_use]
    pub fn new(parts: Parts, config: ConferencesConfig, audiences: Audiences) -> Self {
        let (metrics, hooks) = (parts.metrics.clone(), parts.hooks.clone());
        let (reactions, swept_to) = (reactions::Reactions::default(), expiry::SweptTo::default());
        Self { parts, config, audiences, reactions, metrics, hooks, swept_to }
    }

    /// Who is in the audiences.
    #[must_use]
    pub fn audiences(&self) -> &Audiences {
        &self.audiences
    }

    async fn ask(&self, id: ConferenceId, command: Command) -> Result<Answered, Refusal> {
        self.parts.conferences.ask(id.0, command).await
    }

    async fn ask_poll(&self, id: QuestionId, command: PollCommand) -> Result<PollAnswer, Refusal> {
        self.parts.polls.ask(id.0, command).await
    }

    async fn authorize(&self, id: ConferenceId, by: &Identity, least: HostRole) -> Result<HostRole, Refusal> {
        match self.ask(id, Command::Authorize { by: runner(id, by)?, least }).await? {
            Answered::Granted(role) => Ok(role),
            other => Err(unexpected(&other)),
        }
    }

    async fn raw_view(&self, id: ConferenceId, by: Option<&Identity>) -> Result<ConferenceView, Refusal> {
        self.view_beyond(id, by, 0).await
    }

    /// The conference after `known` at least, which the caller has heard of.
    async fn view_beyond(
        &self,
        id: ConferenceId,
        by: Option<&Identity>,
        known: Offset,
    ) -> Result<ConferenceView, Refusal> {
        // Whose token is not meant for running conferences sees what everybody sees, also as a host.
        let by = by.and_then(|by| runner(id, by).ok());
        match self.ask(id, Command::View { by, known }).await? {
            Answered::View(view) => Ok(*view),
            other => Err(unexpected(&other)),
        }
    }
}

/// Lets those pass whose tokens are meant for running conferences: of people, hosts and speakers, and of a conference itself.
fn expect_host(by: &Identity) -> Result<(), Refusal> {
    match by.kind() {
        Some(kind) if !kind.runs_conferences() => {
            let message =
                "this needs a token of a host, a speaker or a person: this one is for another kind of accounts";
            Err(Refusal::new(RefusalCode::Forbidden, message))
        }
        _ => Ok(()),
    }
}

/// The caller as somebody who may run this conference. A token of another conference, or of the audience, gives no role.
///
/// # Errors
/// `forbidden` with a token of a kind of accounts that runs none: whatever the conference says of that account.
fn runner(id: ConferenceId, by: &Identity) -> Result<Runner, Refusal> {
    expect_host(by)?;
    let role = match by.scope {
        Scope::Conference { conference, role: ConferenceRole::Runner(role) } if conference == id => Some(role),
        _ => None,
    };
    Ok(Runner { user: by.user, role })
}

/// The caller as a participant of the conference their token is of.
///
/// # Errors
/// `forbidden` for everybody else.
pub fn voter(by: &Identity) -> Result<Voter, Refusal> {
    match by.scope {
        Scope::Conference { conference, role: ConferenceRole::Participant } => {
            Ok(Voter { conference, participant: ParticipantId(by.user.0) })
        }
        _ => Err(Refusal::new(RefusalCode::Forbidden, "join the conference first: this needs a participant's token")),
    }
}

/// The caller as a participant of this very conference.
fn voter_in(id: ConferenceId, by: &Identity) -> Option<Voter> {
    voter(by).ok().filter(|voter| voter.conference == id)
}

fn unexpected(answer: &dyn fmt::Debug) -> Refusal {
    tracing::error!(?answer, "an owner gave another command's answer");
    Refusal::new(RefusalCode::Internal, "the server could not carry this out; it has been logged")
}

fn no_such_conference() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such conference")
}

fn no_such_question() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such question")
}
