//! Forgetting who took part in a conference, or everything about it. Each step can be repeated, so a crash in between costs
//! nothing: whoever comes next goes on. Logs are emptied by their owners, behind the entry that says so.

use super::{Conferences, unexpected};
use crate::accounts::Identity;
use crate::unavailable::{damaged, unavailable};
use plenum_actors::aggregates::board::{Answered as BoardAnswer, Command as BoardCommand};
use plenum_actors::aggregates::conference::{Answered, Command, ConferenceView, Runner};
use plenum_actors::aggregates::poll::{Answered as PollAnswer, Command as PollCommand};
use plenum_actors::store::{Direction, Mutation};
use plenum_schema::conference::{ConferenceStatus, HostRole};
use plenum_schema::entities::{
    ConferenceCode, ConferenceRow, HostedConference, Invitation, Participant, QuestionResults, QuestionRow, RosterEntry,
};
use plenum_schema::poll::Results;
use plenum_schema::table::{Entity, FieldValue, Key, Table};
use plenum_schema::{AggregateKind, ConferenceId, LogId, ParticipantId, Refusal, RefusalCode, UserId};
use std::time::Duration;
use uuid::Uuid;

/// Rows removed at a time.
const REMOVED: usize = 50;
/// How often is looked whether logs are empty, and how often at the most.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: usize = 100;

/// What is to be forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forgetting {
    /// Who took part; totals, questions and what was asked stay.
    People,
    /// Everything.
    Everything,
}

/// The node itself, which may do what hosts may.
fn node() -> Runner {
    Runner { user: UserId(Uuid::nil()), role: Some(HostRole::Host) }
}

impl Conferences {
    /// Forgets who took part, now. It is ended if it was not.
    ///
    /// # Errors
    /// `notFound`, `forbidden` for everybody but its host, `unavailable`: then it is gone on with by itself.
    pub async fn anonymise(&self, by: &Identity, id: ConferenceId) -> Result<ConferenceView, Refusal> {
        self.authorize(id, by, HostRole::Host).await?;
        self.schedule_now(id, Forgetting::People).await?;
        expect_done(self.forget(id, Forgetting::People).await?)?;
        self.raw_view(id, Some(by)).await
    }

    /// Forgets everything about a conference, now; its code may be given to another one.
    ///
    /// # Errors
    /// As [`Self::anonymise`].
    pub async fn delete(&self, by: &Identity, id: ConferenceId) -> Result<(), Refusal> {
        self.authorize(id, by, HostRole::Host).await?;
        self.schedule_now(id, Forgetting::Everything).await?;
        expect_done(self.forget(id, Forgetting::Everything).await?)
    }

    /// Does it; answers whether nothing is left of it in any log.
    pub(super) async fn forget(&self, id: ConferenceId, what: Forgetting) -> Result<bool, Refusal> {
        let mut logs = Vec::new();
        match self.raw_view(id, None).await {
            Ok(view) => {
                self.end_as(id, &view).await?;
                logs.extend(self.forget_ballots(&view, what).await?);
            }
            // Deleted before, and something is left of it.
            Err(refusal) if refusal.code == RefusalCode::NotFound && what == Forgetting::Everything => {}
            Err(refusal) => return Err(refusal),
        }
        logs.push(self.forget_board(id, what).await?);
        // Before that by which they are found: a log that nobody finds is emptied by nobody.
        if !self.are_empty(logs).await? {
            return Ok(false);
        }
        self.remove_rows::<Participant>(id, |row| row.participant_id.to_value()).await?;
        self.remove_rows::<RosterEntry>(id, |row| row.email_hash.to_value()).await?;
        self.remove_rows::<Invitation>(id, |row| row.code_hash.to_value()).await?;
        if what == Forgetting::Everything {
            self.forget_hooks(id).await?;
            self.remove_conference(id).await?;
        }
        let everything = what == Forgetting::Everything;
        match self.ask(id, Command::Forget { everything }).await? {
            Answered::Changed { .. } => {}
            other => return Err(unexpected(&other)),
        }
        self.audiences.forget(id);
        self.metrics.forgotten(what);
        self.are_empty(vec![LogId { kind: AggregateKind::Conference, id: id.0 }]).await
    }

    async fn end_as(&self, id: ConferenceId, view: &ConferenceView) -> Result<(), Refusal> {
        if view.status == ConferenceStatus::Ended {
            return Ok(());
        }
        self.end_for(id, node(), view).await
    }

    /// Takes the ballots out of the logs of questions; what they came to is kept without names.
    async fn forget_ballots(&self, view: &ConferenceView, what: Forgetting) -> Result<Vec<LogId>, Refusal> {
        let mut logs = Vec::new();
        for (question, _) in &view.asked {
            if what == Forgetting::People
                && let Some(row) = self.results_row(view.id, *question).await?
            {
                let results: Results = serde_json::from_str(&row.results).map_err(|error| unexpected(&error))?;
                let results = serde_json::to_string(&nameless(results)).map_err(|error| unexpected(&error))?;
                let put = vec![Mutation::Put(QuestionResults { results, ..row }.to_row())];
                self.parts.store.write(QuestionResults::TABLE, put).await.map_err(unavailable)?;
            }
            match self.ask_poll(*question, PollCommand::Erase).await? {
                PollAnswer::Noted(_) => logs.push(LogId { kind: AggregateKind::Poll, id: question.0 }),
                other => return Err(unexpected(&other)),
            }
        }
        Ok(logs)
    }

    async fn forget_board(&self, id: ConferenceId, what: Forgetting) -> Result<LogId, Refusal> {
        let erase = BoardCommand::Erase { texts: what == Forgetting::Everything };
        match self.parts.boards.ask(id.0, erase).await? {
            BoardAnswer::Ready => Ok(LogId { kind: AggregateKind::Board, id: id.0 }),
            other => Err(unexpected(&other)),
        }
    }

    /// Removes all rows of a table whose partition is the conference.
    async fn remove_rows<E: Entity>(
        &self,
        id: ConferenceId,
        name: impl Fn(&E) -> plenum_schema::table::Value,
    ) -> Result<(), Refusal> {
        loop {
            let (store, partition) = (&self.parts.store, vec![id.to_value()]);
            let rows = store.scan(E::TABLE, partition, None, Direction::Forward, REMOVED).await.map_err(unavailable)?;
            let key = |row| E::from_row(row).map(|row| vec![id.to_value(), name(&row)]);
            let keys = rows.into_iter().map(key).collect::<Result<Vec<Key>, _>>().map_err(|error| damaged(&error))?;
            if keys.is_empty() {
                return Ok(());
            }
            let gone = keys.into_iter().map(Mutation::Delete).collect();
            self.parts.store.write(E::TABLE, gone).await.map_err(unavailable)?;
        }
    }

    /// The rows of the conference itself; that by which the others are found comes last.
    async fn remove_conference(&self, id: ConferenceId) -> Result<(), Refusal> {
        self.remove_rows::<QuestionResults>(id, |row| row.question_id.to_value()).await?;
        self.remove_rows::<QuestionRow>(id, |row| row.question_id.to_value()).await?;
        let Some(row) = self.row(id).await? else { return Ok(()) };
        self.remove(ConferenceCode::TABLE, vec![row.code.to_value()]).await?;
        self.remove(HostedConference::TABLE, vec![row.owner.to_value(), id.to_value()]).await?;
        self.remove(ConferenceRow::TABLE, vec![id.to_value()]).await
    }

    async fn remove(&self, table: &'static Table, key: Key) -> Result<(), Refusal> {
        self.parts.store.write(table, vec![Mutation::Delete(key)]).await.map_err(unavailable)
    }

    /// Whether these logs hold nothing any more but perhaps their last entry's place. Owners empty them a moment after they were told.
    async fn are_empty(&self, mut logs: Vec<LogId>) -> Result<bool, Refusal> {
        for _ in 0..LOOKS {
            let mut left = Vec::new();
            for log in logs {
                let head = self.parts.store.head(log).await.map_err(unavailable)?;
                if head.first <= head.offset {
                    left.push(log);
                }
            }
            if left.is_empty() {
                return Ok(true);
            }
            logs = left;
            tokio::time::sleep(LOOK).await;
        }
        tracing::info!(logs = logs.len(), "what was forgotten is still in logs, and removed later");
        Ok(false)
    }

    /// Ends it in somebody's name: closes what is live first.
    pub(super) async fn end_for(&self, id: ConferenceId, by: Runner, view: &ConferenceView) -> Result<(), Refusal> {
        for (question, _) in view.asked.iter().filter(|(_, asked)| asked.closed.is_none()) {
            self.finish(id, *question).await?;
        }
        self.count_all_participants(id).await?;
        let audience = self.audiences.of(id);
        self.ask(id, Command::End { by, audience }).await?;
        self.nudge_hooks(id);
        Ok(())
    }
}

fn expect_done(is_done: bool) -> Result<(), Refusal> {
    if is_done {
        return Ok(());
    }
    let text = "it takes a while until nothing of it is left on the disk: it is gone on with by itself";
    Err(Refusal::new(RefusalCode::Busy, text).retry_after(5_000))
}

/// Results that name nobody: of the best of a quiz their points stay.
fn nameless(mut results: Results) -> Results {
    for leader in &mut results.leaders {
        leader.participant = ParticipantId(Uuid::nil());
        leader.name = None;
    }
    results
}
