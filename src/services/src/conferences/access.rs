//! Who may follow what of a conference.

use super::{Conferences, View, no_such_conference};
use crate::accounts::Identity;
use plenum_actors::identity::Scope;
use plenum_schema::{ConferenceId, Offset, Refusal, RefusalCode, Topic};

impl Conferences {
    /// Whether the caller may follow a conference's topic: its audience, whoever runs it, and everybody with an account. Answers the
    /// log's head.
    async fn conference_access(&self, by: &Identity, id: ConferenceId, known: Offset) -> Result<Offset, Refusal> {
        let elsewhere = matches!(by.scope, Scope::Conference { conference, .. } if conference != id);
        if elsewhere {
            return Err(no_such_conference());
        }
        Ok(self.view_beyond(id, Some(by), known).await?.head)
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
