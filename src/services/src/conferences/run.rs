//! Running a conference: started, questions pushed, closed and shown, ended.

use super::{Conferences, questions, runner, unexpected};
use crate::accounts::Identity;
use plenum_actors::aggregates::conference::{Answered, Command, ConferenceView};
use plenum_actors::aggregates::poll::{Answered as PollAnswer, Command as PollCommand};
use plenum_schema::conference::HostRole;
use plenum_schema::poll::Results;
use plenum_schema::{ConferenceId, Offset, QuestionId, Refusal, RefusalCode};
use std::time::Duration;

/// How often a row that others write is read again.
const ATTEMPTS: usize = 8;

fn offset_of(answer: Answered) -> Result<Offset, Refusal> {
    match answer {
        Answered::Changed { offset } => Ok(offset),
        other => Err(unexpected(&other)),
    }
}

/// The results that everybody may see; `None` when they are hidden.
fn public(results: Box<Results>) -> Option<Box<Results>> {
    Some(results).filter(|results| !results.hidden)
}

impl Conferences {
    /// A conference as somebody sees it. Questions whose time is over are closed on the way.
    ///
    /// # Errors
    /// `notFound`, `busy`, `unavailable`.
    pub async fn view(&self, id: ConferenceId, by: Option<&Identity>) -> Result<ConferenceView, Refusal> {
        let view = self.raw_view(id, by).await?;
        let last = self.parts.clock.wall().saturating_sub_unsigned(self.parts.voting.latency_ms);
        let over = |closes_at: Option<i64>| closes_at.is_some_and(|closes_at| closes_at < last);
        let open = view.asked.iter().filter(|(_, asked)| asked.closed.is_none() && over(asked.closes_at));
        let over: Vec<QuestionId> = open.map(|(question, _)| *question).collect();
        if over.is_empty() {
            return Ok(view);
        }
        for question in over {
            self.finish(id, question).await?;
        }
        self.raw_view(id, by).await
    }

    /// Lets questions go live.
    ///
    /// # Errors
    /// `notFound`, `forbidden` by role, `gone` when it is over, `unavailable`.
    pub async fn start(&self, by: &Identity, id: ConferenceId) -> Result<ConferenceView, Refusal> {
        self.ask(id, Command::Start { by: runner(id, by)? }).await?;
        self.nudge_hooks(id);
        self.raw_view(id, Some(by)).await
    }

    /// Ends it: closes what is live, and lets nobody join any more.
    ///
    /// # Errors
    /// `notFound`, `forbidden` by role, `unavailable`.
    pub async fn end(&self, by: &Identity, id: ConferenceId) -> Result<ConferenceView, Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        let view = self.raw_view(id, Some(by)).await?;
        self.end_for(id, runner(id, by)?, &view).await?;
        self.audiences.forget(id);
        let view = self.raw_view(id, Some(by)).await?;
        self.schedule(&view).await?;
        Ok(view)
    }

    /// Lets the audience answer a question; answers where the conference's log says so.
    ///
    /// # Errors
    /// `notFound`, `forbidden` by role, `conflict` before the start, `gone` when question or conference are over, `limitReached`,
    /// `unavailable`.
    pub async fn push(&self, by: &Identity, id: ConferenceId, question: QuestionId) -> Result<Offset, Refusal> {
        let by = runner(id, by)?;
        self.ask(id, Command::MayAsk { by, question }).await?;
        let definition = self.seal(id, question).await?;
        let duration = definition.duration_ms;
        // The poll first: whoever hears of the question can answer it.
        let open = PollCommand::Open { conference: id, definition: Box::new(definition.clone()) };
        self.ask_poll(question, open).await?;
        self.weigh_all(id, question, &definition).await?;
        let offset = offset_of(self.ask(id, Command::Live { by, question, definition: Box::new(definition) }).await?)?;
        self.nudge_hooks(id);
        if let Some(duration) = duration {
            self.close_later(id, question, duration);
        }
        Ok(offset)
    }

    /// Marks the question's row, so that nobody changes its words any more, and reads them.
    async fn seal(&self, id: ConferenceId, question: QuestionId) -> Result<plenum_schema::poll::Definition, Refusal> {
        for _ in 0..ATTEMPTS {
            let mut row = self.question_row(id, question).await?;
            let definition = questions::read(&row)?;
            if row.is_opened {
                return Ok(definition);
            }
            row.is_opened = true;
            if self.swap(row).await? {
                return Ok(definition);
            }
        }
        Err(Refusal::new(RefusalCode::Busy, "others keep changing the question").retry_after(100))
    }

    /// Closes a question when its time is over. When this process ends before, whoever looks at the conference next closes it.
    fn close_later(&self, id: ConferenceId, question: QuestionId, duration_ms: u64) {
        let (service, wait) = (self.clone(), duration_ms.saturating_add(self.parts.voting.latency_ms));
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            if let Err(refusal) = service.finish(id, question).await {
                tracing::warn!(conference = %id, %question, %refusal, "a question was not closed in time");
            }
        });
    }

    /// Closes a question.
    ///
    /// # Errors
    /// `notFound`, `forbidden` by role, `conflict` when it was never live, `unavailable`.
    pub async fn close(&self, by: &Identity, id: ConferenceId, question: QuestionId) -> Result<Offset, Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        self.question_row(id, question).await?;
        self.finish(id, question).await
    }

    /// Closes the poll, keeps its results, tells the audience. Each step can be repeated.
    pub(super) async fn finish(&self, id: ConferenceId, question: QuestionId) -> Result<Offset, Refusal> {
        let audience = self.count_all_participants(id).await?;
        let view = self.raw_view(id, None).await?;
        if let Some((_, asked)) = view.asked.iter().find(|(one, asked)| *one == question && asked.closed.is_none()) {
            self.weigh_all(id, question, &asked.definition).await?;
        }
        let close = PollCommand::Close { audience };
        let PollAnswer::Changed { results, voters, .. } = self.ask_poll(question, close).await? else {
            return Err(unexpected(&"a close"));
        };
        let results = self.with_teams(id, self.named(id, *results).await?).await?;
        self.keep_results(id, question, &results).await?;
        let seen = match public(voters) {
            Some(voters) => Some(Box::new(Results { teams: results.teams.clone(), ..self.named(id, *voters).await? })),
            None => None,
        };
        let closed = Command::Closed { question, total: results.total_responses, results: seen };
        let offset = offset_of(self.ask(id, closed).await?)?;
        self.nudge_hooks(id);
        Ok(offset)
    }

    /// Lets no ballot into a question for a while, or again.
    ///
    /// # Errors
    /// `notFound`, `forbidden` by role, `conflict` when it was never live, `gone` when it is closed, `unavailable`.
    pub async fn freeze(
        &self,
        by: &Identity,
        id: ConferenceId,
        question: QuestionId,
        frozen: bool,
    ) -> Result<Offset, Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        self.question_row(id, question).await?;
        self.ask_poll(question, PollCommand::Freeze { frozen }).await?;
        offset_of(self.ask(id, Command::Frozen { question, frozen }).await?)
    }

    /// Keeps a word of a cloud from everybody but hosts, or no longer.
    ///
    /// # Errors
    /// `notFound`, `forbidden` by role, `conflict` when it is no live word cloud, `gone` when it is closed, `invalid` naming `word`,
    /// `limitReached`, `unavailable`.
    pub async fn hide_word(
        &self,
        by: &Identity,
        (id, question): (ConferenceId, QuestionId),
        word: String,
        hidden: bool,
    ) -> Result<(), Refusal> {
        self.authorize(id, by, HostRole::Moderator).await?;
        self.question_row(id, question).await?;
        self.ask_poll(question, PollCommand::HideWord { word, hidden }).await.map(drop)
    }

    /// Shows a question's results to everybody, or hides them.
    ///
    /// # Errors
    /// `notFound`, `forbidden` by role, `conflict` when it was never live, `unavailable`.
    pub async fn show(
        &self,
        by: &Identity,
        id: ConferenceId,
        question: QuestionId,
        shown: bool,
    ) -> Result<Offset, Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        self.question_row(id, question).await?;
        let PollAnswer::Changed { voters, .. } = self.ask_poll(question, PollCommand::Show { shown }).await? else {
            return Err(unexpected(&"a show"));
        };
        if !shown {
            let Results { kind, total_responses, revision, closed, .. } = *voters;
            let results = Some(Box::new(Results::hidden(question, kind, total_responses, revision, closed)));
            return offset_of(self.ask(id, Command::Shown { question, shown, results }).await?);
        }
        let results = match public(voters) {
            Some(results) if results.closed => {
                Some(Box::new(self.with_teams(id, self.named(id, *results).await?).await?))
            }
            Some(results) => Some(Box::new(self.named(id, *results).await?)),
            None => None,
        };
        offset_of(self.ask(id, Command::Shown { question, shown, results }).await?)
    }
}
