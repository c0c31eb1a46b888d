//! The signed result sheet of a closed question.

use super::{Conferences, no_such_question, questions, unexpected};
use crate::accounts::Identity;
use plenum_actors::aggregate::Aggregate;
use plenum_actors::aggregates::poll::Poll;
use plenum_schema::conversation::Stored;
use plenum_schema::poll::{PollEvent, ResultSheet, SheetEntry, SignedSheet, hex, pseudonym};
use plenum_schema::{ConferenceId, QuestionId, Refusal, RefusalCode, codec};

impl Conferences {
    /// The signed sheet of a closed question, with all its ballots under pseudonyms: for everybody who may see its results.
    ///
    /// # Errors
    /// `notFound`, `conflict` naming `question` before the close, `forbidden` while the results are hidden, `unavailable`.
    pub async fn sheet(
        &self,
        by: Option<&Identity>,
        id: ConferenceId,
        question: QuestionId,
    ) -> Result<SignedSheet, Refusal> {
        let seen = self.question(by, id, question).await?.results.ok_or_else(no_such_question)?;
        if !seen.closed {
            return Err(Refusal::field(RefusalCode::Conflict, "question", "the question is not closed yet"));
        }
        if seen.hidden {
            return Err(Refusal::new(RefusalCode::Forbidden, "the results are not shown"));
        }
        if self.raw_view(id, None).await?.anonymised {
            return Err(Refusal::new(
                RefusalCode::Gone,
                "who voted what has been erased, and with it what the sheet is checked by",
            ));
        }
        let row = self.results_row(id, question).await?.ok_or_else(no_such_question)?;
        let results = serde_json::from_str(&row.results).map_err(|error| unexpected(&error))?;
        let sheet = ResultSheet {
            conference: id,
            question,
            definition: questions::read(&self.question_row(id, question).await?)?,
            results,
            root: row.root,
            leaves: row.leaves,
            closed_at: row.closed_at,
        };
        let (signed, key) = self.parts.accounts.sign_sheet(&sheet)?;
        Ok(SignedSheet { signed, key, entries: self.sheet_entries(question).await? })
    }

    async fn sheet_entries(&self, question: QuestionId) -> Result<Vec<SheetEntry>, Refusal> {
        let mut entries = Vec::new();
        let mut after = 0;
        loop {
            let page = self.ballot_page(question, after).await?;
            let Some(last) = page.last() else { return Ok(entries) };
            after = last.offset;
            for entry in &page {
                let stored: Stored<PollEvent> =
                    codec::restore(&[Poll::EVENT_FORMAT], &entry.payload).map_err(|error| unexpected(&error))?;
                let (voter, answer) = match stored.event {
                    PollEvent::Ballot(ballot) => (ballot.voter, Some(ballot.answer)),
                    PollEvent::Withdrawn(withdrawn) => (withdrawn.voter, None),
                    PollEvent::Opened(_)
                    | PollEvent::Shown(_)
                    | PollEvent::Frozen(_)
                    | PollEvent::WordHidden(_)
                    | PollEvent::Closed(_)
                    | PollEvent::Weighed(_)
                    | PollEvent::Erased(_) => continue,
                };
                entries.push(SheetEntry { entry: entry.id, voter: hex(&pseudonym(question, voter)), answer });
            }
        }
    }
}
