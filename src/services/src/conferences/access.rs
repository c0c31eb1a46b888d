//! Who may follow what of a conference.

use super::{ConferenceView, Conferences, View, no_such_conference, voter_in};
use crate::accounts::Identity;
use plenum_actors::identity::Scope;
use plenum_schema::{ConferenceId, Offset, Refusal, RefusalCode, Topic};

impl Conferences {
    /// Whether the caller may follow a conference's topic: its audience, whoever runs it, and, unless it asks for a passcode, an invitation
    /// or a place on a list, everybody with an account. Answers the log's head.
    async fn conference_access(&self, by: &Identity, id: ConferenceId, known: Offset) -> Result<Offset, Refusal> {
        let elsewhere = matches!(by.scope, Scope::Conference { conference, .. } if conference != id);
        if elsewhere {
            return Err(no_such_conference());
        }
        let view = self.view_beyond(id, Some(by), known).await?;
        self.expect_listener(Some(by), &view).await?;
        Ok(view.head)
    }

    /// Where a passcode, an invitation or a place on a list is asked for, only those who have joined and those who run it follow what is asked
    /// and answered; elsewhere everybody does.
    pub(super) async fn expect_listener(&self, by: Option<&Identity>, view: &ConferenceView) -> Result<(), Refusal> {
        let is_participant = by.is_some_and(|by| voter_in(view.id, by).is_some());
        if is_participant || view.role.is_some() {
            return Ok(());
        }
        let is_closed = view.info.invited || view.info.roster || self.has_passcode(view.id).await?;
        let account = by.filter(|by| by.is_account());
        if !is_closed || (account.is_some() && self.has_joined(account, view).await?) {
            return Ok(());
        }
        Err(Refusal::new(RefusalCode::Forbidden, "only those who have joined this conference follow it: join it first"))
    }

    /// Whether the caller may follow a topic of a conference or a poll, who has heard of it up to `known`; answers the head of its log, 0
    /// where it has none.
    ///
    /// # Errors
    /// `notFound` for what the caller may not know of, `forbidden`, `busy`, `unavailable`.
    pub async fn access(&self, by: &Identity, topic: Topic, known: Offset) -> Result<Offset, Refusal> {
        let view = match topic {
            Topic::Conference(id) => return self.conference_access(by, id, known).await,
            Topic::Board(id) => return self.board_access(by, id, false).await.map(|()| 0),
            Topic::BoardHost(id) => return self.board_access(by, id, true).await.map(|()| 0),
            Topic::Poll(question) => (question, View::Public),
            Topic::PollVoted(question) => (question, View::Voted),
            Topic::PollHost(question) => (question, View::Host),
            _ => return Err(Refusal::field(RefusalCode::NotFound, "topic", "there is no such topic")),
        };
        self.poll_access(by, view.0, view.1).await.map(|()| 0)
    }
}
