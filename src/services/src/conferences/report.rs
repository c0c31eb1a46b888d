//! Reports: what came of a conference, for those who ran it.

use super::{ConferenceView, Conferences, QuestionView};
use crate::accounts::Identity;
use plenum_schema::conference::{Audience, HostRole};
use plenum_schema::poll::{Definition, Results};
use plenum_schema::{ConferenceId, Refusal};
use std::fmt::Write;

/// Everything about a conference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// What it was.
    pub conference: ConferenceView,
    /// Who was there.
    pub audience: Audience,
    /// Its questions with their results.
    pub questions: Vec<QuestionView>,
    /// How much came of the audience.
    pub engagement: Engagement,
}

/// How an audience took part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Engagement {
    /// Participants with a ballot that counts in at least one question; `None` once who took part is forgotten.
    pub voted: Option<u64>,
    /// Those with a ballot that counts in every question; `None` as above.
    pub voted_in_all: Option<u64>,
    /// Ballots that count.
    pub ballots: u64,
    /// Questions that were live.
    pub questions: u64,
    /// What the audience asked, merged and dismissed ones too.
    pub asked: u64,
    /// Votes for what it asked.
    pub upvotes: u64,
    /// Replies.
    pub replies: u64,
}

impl Conferences {
    /// A report.
    ///
    /// # Errors
    /// `notFound`, `forbidden` by role, `unavailable`.
    pub async fn report(&self, by: &Identity, id: ConferenceId) -> Result<Report, Refusal> {
        self.authorize(id, by, HostRole::Moderator).await?;
        let questions = self.questions(Some(by), id).await?;
        let conference = self.view(id, Some(by)).await?;
        self.count_participants(id).await?;
        let audience = conference.audience.unwrap_or_else(|| self.audiences.of(id));
        let engagement = self.engagement(id, &questions).await?;
        Ok(Report { conference, audience, questions, engagement })
    }

    async fn engagement(&self, id: ConferenceId, questions: &[QuestionView]) -> Result<Engagement, Refusal> {
        let people = self.people_of(questions).await?;
        let whole = |count: usize| count as u64;
        let results = || questions.iter().filter_map(|question| question.results.as_ref());
        let (items, upvotes, replies) = self.board_figures(id).await?;
        Ok(Engagement {
            voted: people.map(|(voted, _)| whole(voted)),
            voted_in_all: people.map(|(_, all)| whole(all)),
            ballots: results().map(|results| results.total_responses).sum(),
            questions: whole(results().count()),
            asked: items,
            upvotes,
            replies,
        })
    }
}

/// The kind of a question as clients write it.
pub(super) fn kind_name(results: &Results) -> String {
    let kind = serde_json::to_value(results.kind).ok();
    kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default().to_owned()
}

/// A text as a field of comma-separated values (RFC 4180). What a spreadsheet would take for a formula is made text.
fn field(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guarded = if is_formula { format!("'{text}") } else { text.to_owned() };
    format!("\"{}\"", guarded.replace('"', "\"\""))
}

impl Report {
    /// As comma-separated values: question, kind, ballots, answer, count.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut out = String::from("question,kind,ballots,answer,count\r\n");
        for question in &self.questions {
            let Some(results) = &question.results else { continue };
            let kind = kind_name(results);
            for (answer, count) in rows(&question.definition, results) {
                let text = field(&question.definition.text);
                // Writing to a text cannot fail.
                let _ok = write!(out, "{text},{kind},{},{},{count}\r\n", results.total_responses, field(&answer));
            }
        }
        out
    }
}

/// What was answered how often, in words.
pub(super) fn rows(question: &Definition, results: &Results) -> Vec<(String, u64)> {
    let name = |option: i64| {
        let found = question.options.iter().find(|one| i64::from(one.id) == option);
        found.map_or_else(|| option.to_string(), |one| one.text.clone())
    };
    let counts = results.counts.iter().map(|count| (name(count.option), count.count));
    let words = results.words.iter().map(|word| (word.word.clone(), word.count));
    let texts = results.texts.iter().map(|text| (text.clone(), 1));
    let buckets = results.numbers.iter().flat_map(|numbers| &numbers.buckets);
    let ranges = buckets.map(|bucket| {
        let plain = |number: &plenum_schema::poll::Number| serde_json::to_string(number).unwrap_or_default();
        (format!("{} to {}", plain(&bucket.from), plain(&bucket.to)), bucket.count)
    });
    let hidden = results.hidden_words.iter().map(|word| (format!("{} (hidden)", word.word), word.count));
    let cells = results.heat.iter().flat_map(|heat| &heat.cells);
    let cells = cells.map(|cell| (format!("column {}, row {}", cell.column + 1, cell.row + 1), cell.count));
    counts.chain(words).chain(hidden).chain(texts).chain(ranges).chain(cells).collect()
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for (text, safe) in [
            ("=1+1", "\"'=1+1\""),
            ("+49", "\"'+49\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\tx", "\"'\tx\""),
            ("say \"hi\", you", "\"say \"\"hi\"\", you\""),
        ] {
            assert_eq!(field(text), safe);
        }
    }
}
