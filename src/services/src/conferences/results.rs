//! Results: kept when a question is closed, asked of its poll before.

use super::{Asked, Conferences, View, unexpected};
use crate::accounts::Identity;
use crate::unavailable::{damaged, unavailable};
use plenum_actors::aggregate::Aggregate;
use plenum_actors::aggregates::poll::{Answered, Command, Poll};
use plenum_actors::store::{Direction, Mutation, StoredEntry};
use plenum_schema::conference::HostRole;
use plenum_schema::conversation::Stored;
use plenum_schema::entities::QuestionResults;
use plenum_schema::poll::{Chain, PollEvent, Results, Visibility, leaf, pseudonym};
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{AggregateKind, ConferenceId, LogId, Offset, QuestionId, Refusal, RefusalCode, codec};

/// Entries of a poll's log read at a time, and their bytes.
const PAGE: usize = 2_000;
const PAGE_BYTES: usize = 512 * 1024;

impl Conferences {
    /// The results of a question as somebody may see them.
    ///
    /// # Errors
    /// `notFound`, `conflict` when it was never live, `unavailable`.
    pub async fn results(
        &self,
        by: Option<&Identity>,
        id: ConferenceId,
        question: QuestionId,
    ) -> Result<Results, Refusal> {
        let view = self.question(by, id, question).await?;
        let missing = || Refusal::field(RefusalCode::Conflict, "question", "the question was never live");
        view.results.ok_or_else(missing)
    }

    /// The results of all questions that are or were live.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn all_results(&self, by: Option<&Identity>, id: ConferenceId) -> Result<Vec<Results>, Refusal> {
        Ok(self.questions(by, id).await?.into_iter().filter_map(|question| question.results).collect())
    }

    /// A question's results: the kept ones when it is closed.
    pub(super) async fn results_as(
        &self,
        id: ConferenceId,
        question: QuestionId,
        asked: &Asked,
        view: View,
    ) -> Result<Results, Refusal> {
        if asked.closed.is_some()
            && let Some(kept) = self.kept_results(id, question).await?
        {
            let visibility = asked.definition.visibility;
            let is_seen = match view {
                View::Host => true,
                View::Voted => asked.shown.unwrap_or(visibility != Visibility::Hidden),
                View::Public => asked.shown.unwrap_or(visibility == Visibility::Live),
            };
            let Results { kind, total_responses, revision, .. } = &kept;
            let hidden = || Results::hidden(question, *kind, *total_responses, *revision, true);
            if !is_seen {
                return Ok(hidden());
            }
            // What moderators keep from everybody is kept after the close too.
            let hidden_words = if view == View::Host { kept.hidden_words } else { Vec::new() };
            return Ok(Results { hidden_words, ..kept });
        }
        match self.ask_poll(question, Command::Results { view }).await? {
            Answered::Results(results) => Ok(*results),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) async fn results_row(
        &self,
        id: ConferenceId,
        question: QuestionId,
    ) -> Result<Option<QuestionResults>, Refusal> {
        let key = vec![id.to_value(), question.to_value()];
        let row = self.parts.store.get(QuestionResults::TABLE, key).await.map_err(unavailable)?;
        row.map(QuestionResults::from_row).transpose().map_err(|error| damaged(&error))
    }

    async fn kept_results(&self, id: ConferenceId, question: QuestionId) -> Result<Option<Results>, Refusal> {
        let Some(row) = self.results_row(id, question).await? else { return Ok(None) };
        serde_json::from_str(&row.results).map(Some).map_err(|error| unexpected(&error))
    }

    /// Keeps the results of a closed question, with the end of the chain over its ballots. What is kept already stays.
    pub(super) async fn keep_results(
        &self,
        id: ConferenceId,
        question: QuestionId,
        results: &Results,
    ) -> Result<(), Refusal> {
        if self.results_row(id, question).await?.is_some() {
            return Ok(());
        }
        let chain = self.chain(question).await?;
        let row = QuestionResults {
            conference_id: id,
            question_id: question,
            results: serde_json::to_string(results).map_err(|error| unexpected(&error))?,
            root: chain.hex(),
            leaves: chain.length(),
            closed_at: self.parts.clock.wall(),
        };
        self.parts.store.write(QuestionResults::TABLE, vec![Mutation::Put(row.to_row())]).await.map_err(unavailable)
    }

    /// A page of a poll's log.
    pub(super) async fn ballot_page(&self, question: QuestionId, after: Offset) -> Result<Vec<StoredEntry>, Refusal> {
        let log = LogId { kind: AggregateKind::Poll, id: question.0 };
        self.parts.store.read(log, after, Direction::Forward, PAGE, PAGE_BYTES).await.map_err(unavailable)
    }

    /// The hash chain over everything that was cast and taken back, from the poll's log.
    pub(super) async fn chain(&self, question: QuestionId) -> Result<Chain, Refusal> {
        let (mut chain, mut after) = (Chain::default(), 0);
        loop {
            let page = self.ballot_page(question, after).await?;
            let Some(last) = page.last() else { return Ok(chain) };
            after = last.offset;
            for entry in &page {
                let stored: Stored<PollEvent> =
                    codec::restore(&[Poll::EVENT_FORMAT], &entry.payload).map_err(|error| unexpected(&error))?;
                match &stored.event {
                    PollEvent::Ballot(ballot) => {
                        let voter = pseudonym(question, ballot.voter);
                        chain.push(&leaf(question, entry.id, &voter, Some(&ballot.answer)));
                    }
                    PollEvent::Withdrawn(withdrawn) => {
                        chain.push(&leaf(question, entry.id, &pseudonym(question, withdrawn.voter), None));
                    }
                    PollEvent::Opened(_)
                    | PollEvent::Shown(_)
                    | PollEvent::Frozen(_)
                    | PollEvent::WordHidden(_)
                    | PollEvent::Closed(_)
                    | PollEvent::Weighed(_)
                    | PollEvent::Erased(_) => {}
                }
            }
        }
    }

    /// The same with the names that the best of a quiz gave.
    pub(super) async fn named(&self, id: ConferenceId, mut results: Results) -> Result<Results, Refusal> {
        for leader in &mut results.leaders {
            leader.name = self.participant_name_of(id, leader.participant).await?;
        }
        Ok(results)
    }

    /// Whether somebody may follow a question's results as such a viewer.
    ///
    /// # Errors
    /// `notFound` for strangers, `forbidden`, `conflict` when it was never live, `unavailable`.
    pub(super) async fn poll_access(&self, by: &Identity, question: QuestionId, view: View) -> Result<(), Refusal> {
        let voter = super::voter(by).ok();
        if voter.is_none() {
            self.runs(by, question, view).await?;
        }
        self.ask_poll(question, Command::Access { view, voter }).await.map(drop)
    }

    /// Whether somebody who is not of the audience runs the conference that a question is asked in.
    async fn runs(&self, by: &Identity, question: QuestionId, view: View) -> Result<(), Refusal> {
        let asked = self.ask_poll(question, Command::Conference).await?;
        let Answered::Conference(conference) = asked else { return Err(unexpected(&asked)) };
        let least = if view == View::Host { HostRole::Moderator } else { HostRole::Screen };
        match self.authorize(conference, by, least).await {
            // What the audience may see everybody with an account may see too, where anybody may join.
            Err(refusal) if refusal.code == RefusalCode::Forbidden && view == View::Public && by.is_account() => {
                let view = self.view_beyond(conference, Some(by), 0).await?;
                self.expect_listener(Some(by), &view).await
            }
            other => other.map(drop),
        }
    }
}
