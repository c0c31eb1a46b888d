//! Questions as their hosts prepare them, and as everybody sees them.

use super::{Conferences, Order, View, no_such_question, voter_in};
use crate::accounts::Identity;
use crate::unavailable::{damaged, unavailable};
use plenum_actors::aggregates::conference::{Asked, ConferenceView};
use plenum_actors::aggregates::poll::{Answered, Command, Own, check_definition};
use plenum_actors::store::{Conditional, Direction, Mutation};
use plenum_schema::conference::HostRole;
use plenum_schema::entities::QuestionRow;
use plenum_schema::poll::{ChoiceOption, Definition, QuestionKind, Results};
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{ConferenceId, QuestionId, Refusal, RefusalCode};

/// A question to prepare: its definition. The options of a yes-or-no question need not be named.
pub type NewQuestion = Definition;

/// Options that the audience has thought of: what it most wants of what stands on its board and is not answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FromTop {
    /// How many, at least 2.
    pub count: usize,
    /// What decides.
    pub order: Order,
    /// Only those with this label.
    pub label: Option<String>,
}

/// Where a question stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QuestionStatus {
    /// Being prepared: hosts alone know it.
    Draft,
    /// Can be answered.
    Active,
    /// No ballot counts any more.
    Closed,
}

/// A question as somebody sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuestionView {
    /// Which.
    pub id: QuestionId,
    /// What is asked; without what is right for everybody but hosts.
    pub definition: Definition,
    /// Its place in the list.
    pub position: i64,
    /// Where it stands.
    pub status: QuestionStatus,
    /// For changes, of drafts.
    pub version: i64,
    /// When it went live, milliseconds since 1970.
    pub live_at: Option<i64>,
    /// When it closes by itself, milliseconds since 1970.
    pub closes_at: Option<i64>,
    /// What the host said last about showing its results.
    pub shown: Option<bool>,
    /// Whether it takes no answers at the moment.
    pub frozen: bool,
    /// The results, as the caller may see them; absent while it is a draft.
    pub results: Option<Results>,
    /// The caller's own ballot.
    pub own: Option<Own>,
}

/// Rows read at a time; the configuration allows fewer questions.
const PAGE: usize = 1_000;

/// The options of a yes-or-no question.
fn with_options(mut definition: Definition) -> Definition {
    if definition.kind == QuestionKind::YesNo && definition.options.is_empty() {
        let option = |(id, text): (u16, &str)| ChoiceOption { id, text: text.to_owned(), image: None, image_alt: None };
        definition.options = (1..).zip(["yes", "no", "abstain"]).map(option).collect();
    }
    definition
}

fn written(definition: &Definition) -> Result<String, Refusal> {
    serde_json::to_string(definition).map_err(|error| super::unexpected(&error))
}

pub(super) fn read(row: &QuestionRow) -> Result<Definition, Refusal> {
    serde_json::from_str(&row.definition).map_err(|error| super::unexpected(&error))
}

impl Conferences {
    pub(super) async fn question_rows(&self, id: ConferenceId) -> Result<Vec<QuestionRow>, Refusal> {
        let partition = vec![id.to_value()];
        let rows = self.parts.store.scan(QuestionRow::TABLE, partition, None, Direction::Forward, PAGE).await;
        let rows = rows.map_err(unavailable)?.into_iter().map(QuestionRow::from_row).collect::<Result<Vec<_>, _>>();
        let mut rows = rows.map_err(|error| damaged(&error))?;
        rows.sort_by_key(|row| (row.position, row.question_id));
        Ok(rows)
    }

    pub(super) async fn question_row(&self, id: ConferenceId, question: QuestionId) -> Result<QuestionRow, Refusal> {
        let key = vec![id.to_value(), question.to_value()];
        let row = self.parts.store.get(QuestionRow::TABLE, key).await.map_err(unavailable)?;
        let row = row.map(QuestionRow::from_row).transpose().map_err(|error| damaged(&error))?;
        row.ok_or_else(no_such_question)
    }

    /// The question with what the audience has thought of as its options.
    async fn with_ideas(&self, id: ConferenceId, mut new: NewQuestion, top: FromTop) -> Result<NewQuestion, Refusal> {
        let wrong = |code, text: &str| Err(Refusal::field(code, "fromTop", text));
        if !new.options.is_empty() {
            return wrong(RefusalCode::Invalid, "fromTop and options exclude each other");
        }
        if !(2..=self.parts.voting.options).contains(&top.count) {
            return wrong(RefusalCode::Invalid, &format!("count is between 2 and {}", self.parts.voting.options));
        }
        let texts = self.top_items(id, top.order, top.label, top.count).await?;
        if texts.len() < 2 {
            return wrong(
                RefusalCode::Conflict,
                "fewer than two questions of the audience are approved and not answered",
            );
        }
        let most = self.parts.voting.option_chars;
        let option = |(id, text): (u16, String)| ChoiceOption {
            id,
            text: text.chars().take(most).collect(),
            image: None,
            image_alt: None,
        };
        new.options = (1..).zip(texts).map(option).collect();
        Ok(new)
    }

    /// Lets those pass who may prepare questions. To be asked before a picture is read.
    ///
    /// # Errors
    /// `notFound`, `forbidden` by role, `unavailable`.
    pub async fn may_prepare(&self, by: &Identity, id: ConferenceId) -> Result<(), Refusal> {
        self.authorize(id, by, HostRole::Cohost).await.map(drop)
    }

    /// Prepares a question; with `top` its options are what the audience has thought of.
    ///
    /// # Errors
    /// `forbidden` by role, `invalid`, `tooLarge` naming a member of it, `conflict` naming `fromTop` when the audience has thought of too
    /// little, `limitReached`, `unavailable`.
    pub async fn add_question(
        &self,
        by: &Identity,
        id: ConferenceId,
        new: NewQuestion,
        top: Option<FromTop>,
    ) -> Result<QuestionView, Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        let new = match top {
            Some(top) => self.with_ideas(id, new, top).await?,
            None => new,
        };
        let definition = with_options(new);
        check_definition(&self.parts.voting, &definition)?;
        let rows = self.question_rows(id).await?;
        if rows.len() >= self.config.questions {
            let text = format!("a conference has at most {} questions", self.config.questions);
            return Err(Refusal::new(RefusalCode::LimitReached, text));
        }
        let row = QuestionRow {
            conference_id: id,
            question_id: QuestionId(self.parts.clock.new_id()),
            definition: written(&definition)?,
            position: rows.last().map_or(0, |row| row.position) + 1,
            is_opened: false,
            version: 1,
        };
        let put = vec![Mutation::Put(row.to_row())];
        self.parts.store.write(QuestionRow::TABLE, put).await.map_err(unavailable)?;
        draft(&row)
    }

    /// Replaces a row that has the version that was read; `false` when somebody was faster.
    pub(super) async fn swap(&self, mut row: QuestionRow) -> Result<bool, Refusal> {
        let column = QuestionRow::TABLE.column("version").unwrap_or_default();
        let expected = row.version;
        row.version += 1;
        let done = self.parts.store.replace(QuestionRow::TABLE, row.to_row(), column, expected.to_value()).await;
        Ok(done.map_err(unavailable)? == Conditional::Applied)
    }

    /// Gives a draft other words.
    ///
    /// # Errors
    /// `notFound`, `forbidden` by role, `conflict` once it was live or when it has another version, `invalid`, `unavailable`.
    pub async fn change_question(
        &self,
        by: &Identity,
        (id, question): (ConferenceId, QuestionId),
        expected: Option<i64>,
        new: NewQuestion,
    ) -> Result<QuestionView, Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        let mut row = self.question_row(id, question).await?;
        expect_draft(&row)?;
        let stale = || Refusal::field(RefusalCode::Conflict, "version", "somebody changed it meanwhile");
        if expected.is_some_and(|expected| expected != row.version) {
            return Err(stale());
        }
        let definition = with_options(new);
        check_definition(&self.parts.voting, &definition)?;
        row.definition = written(&definition)?;
        if !self.swap(row).await? {
            return Err(stale());
        }
        draft(&self.question_row(id, question).await?)
    }

    /// Drops a draft.
    ///
    /// # Errors
    /// `notFound`, `forbidden` by role, `conflict` once it was live, `unavailable`.
    pub async fn drop_question(&self, by: &Identity, id: ConferenceId, question: QuestionId) -> Result<(), Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        let row = self.question_row(id, question).await?;
        expect_draft(&row)?;
        let key = vec![id.to_value(), question.to_value()];
        self.parts.store.write(QuestionRow::TABLE, vec![Mutation::Delete(key)]).await.map_err(unavailable)
    }

    /// Puts questions into another order: those named come first, in this order.
    ///
    /// # Errors
    /// `notFound` when one of them is no question of the conference, `forbidden` by role, `unavailable`.
    pub async fn order_questions(&self, by: &Identity, id: ConferenceId, order: &[QuestionId]) -> Result<(), Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        let rows = self.question_rows(id).await?;
        if order.iter().any(|wanted| !rows.iter().any(|row| row.question_id == *wanted)) {
            return Err(Refusal::field(
                RefusalCode::NotFound,
                "order",
                "one of these is no question of the conference",
            ));
        }
        let place = |row: &QuestionRow| order.iter().position(|wanted| *wanted == row.question_id);
        let mut sorted = rows;
        sorted.sort_by_key(|row| (place(row).unwrap_or(usize::MAX), row.position));
        let put = |(position, row): (i64, QuestionRow)| Mutation::Put(QuestionRow { position, ..row }.to_row());
        let mutations = (1..).zip(sorted).map(put).collect();
        self.parts.store.write(QuestionRow::TABLE, mutations).await.map_err(unavailable)
    }

    /// The questions as somebody sees them: hosts all, everybody else those that are or were live.
    ///
    /// # Errors
    /// `notFound`, `forbidden` for those who have not joined where that asks for more than the code, `unavailable`.
    pub async fn questions(&self, by: Option<&Identity>, id: ConferenceId) -> Result<Vec<QuestionView>, Refusal> {
        let view = self.view(id, by).await?;
        self.expect_listener(by, &view).await?;
        let runs = view.role >= Some(HostRole::Moderator);
        let mut all = Vec::new();
        for row in self.question_rows(id).await? {
            match view.asked.iter().find(|(question, _)| *question == row.question_id) {
                Some((_, asked)) => all.push(self.asked_view(by, &view, &row, asked).await?),
                None if runs => all.push(draft(&row)?),
                None => {}
            }
        }
        Ok(all)
    }

    /// One question as somebody sees it.
    ///
    /// # Errors
    /// `notFound`, also for drafts that the caller may not know of; `forbidden` as for [`Self::questions`]; `unavailable`.
    pub async fn question(
        &self,
        by: Option<&Identity>,
        id: ConferenceId,
        question: QuestionId,
    ) -> Result<QuestionView, Refusal> {
        let view = self.view(id, by).await?;
        self.expect_listener(by, &view).await?;
        let row = self.question_row(id, question).await?;
        match view.asked.iter().find(|(one, _)| *one == question) {
            Some((_, asked)) => self.asked_view(by, &view, &row, asked).await,
            None if view.role >= Some(HostRole::Moderator) => draft(&row),
            None => Err(no_such_question()),
        }
    }

    async fn asked_view(
        &self,
        by: Option<&Identity>,
        view: &ConferenceView,
        row: &QuestionRow,
        asked: &Asked,
    ) -> Result<QuestionView, Refusal> {
        let own = match by.and_then(|by| voter_in(view.id, by)) {
            Some(_) if view.anonymised => None,
            Some(voter) => match self.ask_poll(row.question_id, Command::Own { voter }).await? {
                Answered::Own(own) => own,
                other => return Err(super::unexpected(&other)),
            },
            None => None,
        };
        let runs = view.role >= Some(HostRole::Moderator);
        let seen = if runs {
            View::Host
        } else if own.is_some() {
            View::Voted
        } else {
            View::Public
        };
        let results = self.results_as(view.id, row.question_id, asked, seen).await?;
        Ok(QuestionView {
            id: row.question_id,
            definition: if runs { read(row)? } else { asked.definition.clone() },
            position: row.position,
            status: if asked.closed.is_some() { QuestionStatus::Closed } else { QuestionStatus::Active },
            version: row.version,
            live_at: Some(asked.live_at),
            closes_at: asked.closes_at,
            shown: asked.shown,
            frozen: asked.frozen && asked.closed.is_none(),
            results: Some(results),
            own,
        })
    }
}

fn expect_draft(row: &QuestionRow) -> Result<(), Refusal> {
    if row.is_opened {
        return Err(Refusal::new(
            RefusalCode::Conflict,
            "the question is or was live: its words are what people answered",
        ));
    }
    Ok(())
}

fn draft(row: &QuestionRow) -> Result<QuestionView, Refusal> {
    Ok(QuestionView {
        id: row.question_id,
        definition: read(row)?,
        position: row.position,
        status: QuestionStatus::Draft,
        version: row.version,
        live_at: None,
        closes_at: None,
        shown: None,
        frozen: false,
        results: None,
        own: None,
    })
}
