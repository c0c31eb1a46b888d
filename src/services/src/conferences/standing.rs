//! How a conference stands for somebody who comes to it: results that are told with the next ballot only, and who sees more of them.

use super::{Asked, Conferences, View};
use crate::accounts::Identity;
use plenum_actors::aggregates::conference::ConferenceView;
use plenum_schema::conference::HostRole;
use plenum_schema::poll::{Results, Visibility};
use plenum_schema::{ConferenceId, QuestionId, Refusal, Topic};

/// What belongs to the live questions of a conference.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HallStanding {
    /// Whether the caller may see what hosts see.
    pub hosts: bool,
    /// Topics on which the caller is told more than everybody.
    pub topics: Vec<Topic>,
    /// Results of the other questions, as far as everybody may see them.
    pub results: Vec<Results>,
    /// The conference itself, as the caller sees it.
    pub view: Option<Box<ConferenceView>>,
}

impl Conferences {
    /// How a conference's live questions stand for the caller.
    ///
    /// # Errors
    /// `notFound`, `busy`, `unavailable`.
    pub async fn standing(&self, by: &Identity, id: ConferenceId) -> Result<HallStanding, Refusal> {
        let view = self.view(id, Some(by)).await?;
        let live = view.asked.iter().filter(|(_, asked)| asked.closed.is_none());
        if view.role >= Some(HostRole::Moderator) {
            let topics = live.map(|(question, _)| Topic::PollHost(*question)).collect();
            return Ok(HallStanding { hosts: true, topics, results: Vec::new(), view: Some(Box::new(view)) });
        }
        let mut standing = HallStanding::default();
        for (question, asked) in live {
            if self.sees_as_voter(by, *question, asked).await {
                standing.topics.push(Topic::PollVoted(*question));
                continue;
            }
            let results = self.results_as(id, *question, asked, View::Public).await?;
            if !results.hidden {
                standing.results.push(results);
            }
        }
        standing.view = Some(Box::new(view));
        Ok(standing)
    }

    /// Whether the caller is told results on the topic of those who have voted.
    async fn sees_as_voter(&self, by: &Identity, question: QuestionId, asked: &Asked) -> bool {
        let is_told = asked.definition.visibility == Visibility::AfterVote && asked.shown.is_none();
        is_told && self.poll_access(by, question, View::Voted).await.is_ok()
    }
}
