//! What can be asked of a poll, and what it answers.

use super::View;
use plenum_schema::poll::{Answer, Definition, Results};
use plenum_schema::wire::Voted;
use plenum_schema::{ConferenceId, Offset, ParticipantId};
use serde::{Deserialize, Serialize};

/// A participant of a conference.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Voter {
    /// The conference they joined.
    pub conference: ConferenceId,
    /// Who they are there.
    pub participant: ParticipantId,
}

/// What can be asked of a poll. Who may open, close and show is checked by the conference before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Command {
    /// Let people answer. Again with the same question it changes nothing.
    Open {
        /// In which conference.
        conference: ConferenceId,
        /// What is asked.
        definition: Box<Definition>,
    },
    /// Cast a ballot, or replace it.
    Vote {
        /// Who.
        voter: Voter,
        /// What.
        answer: Answer,
        /// How long after the question appeared on the device, milliseconds.
        pressed_after_ms: Option<u32>,
        /// The voter's count of what they cast: a lower one than before is refused.
        sequence: Option<u32>,
    },
    /// Take the ballot back.
    Withdraw {
        /// Who.
        voter: Voter,
        /// As in `Vote`.
        sequence: Option<u32>,
    },
    /// Show results to everybody, or hide them.
    Show {
        /// From now on, or no longer.
        shown: bool,
    },
    /// Let no ballot in for a while, or again. Again it changes nothing.
    Freeze {
        /// From now on, or no longer.
        frozen: bool,
    },
    /// Keep a word of a cloud from everybody but hosts, or no longer. Again it changes nothing.
    HideWord {
        /// Which, however it is written.
        word: String,
        /// From now on, or no longer.
        hidden: bool,
    },
    /// Let nobody answer any more. Again it changes nothing.
    Close {
        /// How many have joined the conference: counts where the quorum is a share of them.
        audience: u64,
    },
    /// Let voters weigh so, where the question wants that. Again it changes nothing.
    Weigh {
        /// Who, and how much; at most [`super::MOST_WEIGHED`].
        weights: Vec<(ParticipantId, u32)>,
    },
    /// Forget the ballots of a closed question, when its results are kept elsewhere. Again it changes nothing.
    Erase,
    /// Ask whether somebody may follow a view.
    Access {
        /// Which.
        view: View,
        /// Who asks; `None`: somebody who runs the conference, or the node itself.
        voter: Option<Voter>,
    },
    /// Ask in which conference it is held.
    Conference,
    /// Ask how the poll stands.
    Results {
        /// As whom.
        view: View,
    },
    /// Ask who has a ballot that counts: a page of [`PEOPLE_PER_PAGE`].
    Voters {
        /// Behind this one in the order of ids.
        after: Option<ParticipantId>,
    },
    /// Ask what everybody got in a quiz, after the close: a page of [`PEOPLE_PER_PAGE`].
    Scores {
        /// Behind this one in the order of ids.
        after: Option<ParticipantId>,
    },
    /// Ask for a voter's own ballot.
    Own {
        /// Whose.
        voter: Voter,
    },
}

/// People in one answer to `Voters` or `Scores`: an answer to another node is one message, of a megabyte at most.
pub const PEOPLE_PER_PAGE: usize = 10_000;

/// The next page of people behind one, in the order of ids.
pub(super) fn page<T>(mut people: Vec<T>, after: Option<ParticipantId>, id: impl Fn(&T) -> ParticipantId) -> Vec<T> {
    people.retain(|one| after.is_none_or(|after| id(one) > after));
    if people.len() > PEOPLE_PER_PAGE {
        people.select_nth_unstable_by_key(PEOPLE_PER_PAGE, &id);
        people.truncate(PEOPLE_PER_PAGE);
    }
    people.sort_unstable_by_key(&id);
    people
}

impl Command {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Vote { .. } => "vote",
            Self::Withdraw { .. } => "withdraw",
            Self::Show { .. } => "show",
            Self::Freeze { .. } => "freeze",
            Self::HideWord { .. } => "hideWord",
            Self::Close { .. } => "close",
            Self::Weigh { .. } => "weigh",
            Self::Erase => "erase",
            Self::Access { .. } => "access",
            Self::Conference => "conference",
            Self::Results { .. } => "results",
            Self::Voters { .. } => "voters",
            Self::Scores { .. } => "scores",
            Self::Own { .. } => "own",
        }
    }

    pub(super) fn weight(&self) -> usize {
        let said = match self {
            Self::Open { definition, .. } => {
                definition.text.len() + definition.options.iter().map(|option| option.text.len()).sum::<usize>()
            }
            Self::Vote { answer: Answer::Text(text), .. } | Self::HideWord { word: text, .. } => text.len(),
            Self::Weigh { weights } => weights.len() * 24,
            Self::Vote { answer: Answer::Words(words), .. } => words.iter().map(String::len).sum(),
            Self::Vote { answer: Answer::Choice(list) | Answer::Ranking(list), .. } => list.len() * 2,
            _ => 0,
        };
        128 + said
    }
}

/// What a poll answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Answered {
    /// To `Vote` and `Withdraw`.
    Voted(Voted),
    /// To `Open`, `Show` and `Close`.
    Changed {
        /// Where the change stands, or the head when it was so already.
        offset: Offset,
        /// How the poll stands then, as hosts see it.
        results: Box<Results>,
        /// The same as everybody may see it.
        voters: Box<Results>,
    },
    /// To `Freeze`, `HideWord`, `Weigh` and `Erase`: where the change stands, or the head when it was so already.
    Noted(Offset),
    /// To `Access`.
    Granted,
    /// To `Conference`.
    Conference(ConferenceId),
    /// To `Results`.
    Results(Box<Results>),
    /// To `Voters`, in the order of ids.
    Voters(Vec<ParticipantId>),
    /// To `Scores`, in the order of ids; empty where it is no quiz.
    Scores(Vec<(ParticipantId, u64)>),
    /// To `Own`.
    Own(Option<Own>),
}

/// Somebody's own ballot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Own {
    /// What it says.
    pub answer: Answer,
    /// Where it stands.
    pub offset: Offset,
    /// Its receipt.
    pub receipt: String,
}

/// Limits of polls.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VotingLimits {
    /// Most ballots of one question; more are refused as `limitReached`.
    pub ballots: usize,
    /// Most options of a question, at most 200.
    pub options: usize,
    /// Most options of a ranking, at most 30: its cost grows with the square.
    pub ranked_options: usize,
    /// Longest question, characters.
    pub question_chars: usize,
    /// Longest option, characters.
    pub option_chars: usize,
    /// Longest text of an answer, characters.
    pub text_chars: usize,
    /// Longest word of a word cloud, characters.
    pub word_chars: usize,
    /// Most words of one ballot.
    pub words: usize,
    /// Most words of one cloud that are kept from everybody.
    pub hidden_words: usize,
    /// Results are sent at most this often while people vote, milliseconds.
    pub results_every_ms: u64,
    /// Words and texts in results at the most.
    pub shown_items: usize,
    /// How much of the way to the server is believed to have been under way when a quiz is answered, milliseconds; and how long after
    /// the end of its time a ballot is still taken.
    pub latency_ms: u64,
}

impl Default for VotingLimits {
    fn default() -> Self {
        Self {
            ballots: 300_000,
            options: 50,
            ranked_options: 20,
            question_chars: 1_000,
            option_chars: 300,
            text_chars: 500,
            word_chars: 40,
            words: 10,
            hidden_words: 500,
            results_every_ms: 200,
            shown_items: 100,
            latency_ms: 1_500,
        }
    }
}

impl VotingLimits {
    /// What is wrong with the values, by key.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let between = |key, value: u64, low: u64, high: u64| {
            (!(low..=high).contains(&value)).then(|| (key, format!("must be between {low} and {high}, not {value}")))
        };
        [
            between("ballots", self.ballots as u64, 1, 5_000_000),
            between("options", self.options as u64, 2, 200),
            between("ranked_options", self.ranked_options as u64, 2, 30),
            between("question_chars", self.question_chars as u64, 1, 4_000),
            between("option_chars", self.option_chars as u64, 1, 1_000),
            between("text_chars", self.text_chars as u64, 1, 4_000),
            between("word_chars", self.word_chars as u64, 1, 100),
            between("words", self.words as u64, 1, 50),
            between("hidden_words", self.hidden_words as u64, 0, 10_000),
            between("results_every_ms", self.results_every_ms, 20, 60_000),
            between("shown_items", self.shown_items as u64, 1, 1_000),
            between("latency_ms", self.latency_ms, 0, 60_000),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn pages_of_people_are_all_of_them_once_in_order() {
        let person = |number: u128| ParticipantId(Uuid::from_u128(number));
        let everybody: Vec<ParticipantId> = (0..25_000).rev().map(person).collect();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let people = page(everybody.clone(), after, |id| *id);
            let is_last = people.len() < PEOPLE_PER_PAGE;
            after = people.last().copied();
            seen.extend(people);
            if is_last {
                break;
            }
        }
        assert_eq!(seen, (0..25_000).map(person).collect::<Vec<_>>());
    }
}
