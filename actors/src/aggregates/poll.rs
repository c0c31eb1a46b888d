//! A poll: the ballots about one question. Ballots are set-writes keyed by voter, the tally is derived from them, and the close
//! is an entry of the same log, so that what counts is what stands before it.
//!
//! The log is not published: whoever may see results gets them as signals, conflated.

mod ballot;
mod command;
mod decide;
mod definition;
mod heat;
mod pulse;
mod quiz;
mod ranking;
mod tally;
mod view;
mod weights;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use command::{Answered, Command, Own, PEOPLE_PER_PAGE, Voter, VotingLimits};
pub use definition::check as check_definition;
pub use view::View;

use crate::aggregate::{Aggregate, Decision};
use crate::clock::WallMillis;
use plenum_schema::log::{AggregateKind, Offset};
use plenum_schema::poll::{
    Answer, Ballot, Definition, Opened, PollEvent, QuestionKind, Results, Visibility, WordHidden, leaf, pseudonym,
};
use plenum_schema::wire::{self, Signal, Voted};
use plenum_schema::{ConferenceId, EntryId, ParticipantId, QuestionId, Refusal, Topic};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tally::Tally;
use uuid::Uuid;
use weights::Weights;

/// Most voters whose weight is told at a time: as many as fit into an entry.
pub const MOST_WEIGHED: usize = 1_000;

/// The state of a poll after `head`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Poll {
    id: QuestionId,
    head: Offset,
    open: Option<Open>,
    ballots: HashMap<ParticipantId, Held>,
    /// The highest number of each voter who counts.
    sequences: HashMap<ParticipantId, u32>,
    tally: Tally,
    /// What voters weigh, where that counts.
    weights: Option<weights::Weights>,
    /// What the host said last about showing results to everybody.
    shown: Option<bool>,
    /// Whether no ballot is let in at the moment.
    frozen: bool,
    /// Words that a moderator keeps from everybody.
    hidden_words: BTreeSet<String>,
    /// How many had joined at the close, where that matters.
    audience: Option<u64>,
    closed: bool,
    /// Where the ballots were forgotten; 0: nowhere.
    forgotten: Offset,
    /// Whether nothing has happened since it was opened.
    is_new: Fresh,
}

/// Not part of what the log says, and not saved: it only keeps a signal back. Two states that differ in it alone are equal.
#[derive(Clone, Copy, Debug)]
struct Fresh(bool);

impl PartialEq for Fresh {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Fresh {}

/// What is asked, since it is.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Open {
    conference: ConferenceId,
    definition: Arc<Definition>,
    at: WallMillis,
}

/// A ballot that counts.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Held {
    offset: Offset,
    entry: EntryId,
    answer: Answer,
    pressed_ms: Option<u32>,
    /// When it was cast, where that matters; else 0.
    at: WallMillis,
}

/// The saved form of a [`Poll`]. Stored: only add optional members, or raise the snapshot format.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Saved {
    head: Offset,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opened: Option<Opened>,
    opened_at: WallMillis,
    /// In the order of their offsets.
    ballots: Vec<SavedBallot>,
    /// Voters who count what they cast, in the order of their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sequences: Vec<(ParticipantId, u32)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shown: Option<bool>,
    #[serde(default, skip_serializing_if = "is_false")]
    frozen: bool,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    hidden_words: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audience: Option<u64>,
    closed: bool,
    #[serde(default, skip_serializing_if = "is_none")]
    forgotten: Offset,
    /// Voters who do not weigh 1, in the order of their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weights: Vec<(ParticipantId, u32)>,
}

fn is_none(offset: &Offset) -> bool {
    *offset == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(moment: &WallMillis) -> bool {
    *moment == 0
}

/// A ballot in a snapshot; short names, there are many.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedBallot {
    #[serde(rename = "b")]
    ballot: Ballot,
    #[serde(rename = "o")]
    offset: Offset,
    #[serde(rename = "e")]
    entry: EntryId,
    #[serde(rename = "at", default, skip_serializing_if = "is_zero")]
    at: WallMillis,
}

impl Poll {
    fn open_poll(&mut self, opened: &Opened, at: WallMillis) {
        let definition = Arc::new(opened.question.clone());
        self.tally = Tally::of(&definition);
        self.weights = Weights::wanted(&definition);
        self.open = Some(Open { conference: opened.conference, definition, at });
    }

    fn take_back(&mut self, voter: ParticipantId) {
        if let Some(held) = self.ballots.remove(&voter) {
            self.tally.remove(&held);
            if let Some(weights) = &mut self.weights {
                weights.count(voter, &held.answer, false);
            }
        }
    }

    fn put(&mut self, voter: ParticipantId, held: Held) {
        self.take_back(voter);
        self.tally.add(&held);
        if let Some(weights) = &mut self.weights {
            weights.count(voter, &held.answer, true);
        }
        self.ballots.insert(voter, held);
    }

    /// The moment as it is kept of a ballot: only where it matters.
    fn moment(&self, at: WallMillis) -> WallMillis {
        let is_kept = self.open.as_ref().is_some_and(|open| open.definition.kind == QuestionKind::Feedback);
        if is_kept { at } else { 0 }
    }

    fn count(&mut self, voter: ParticipantId, sequence: Option<u32>) {
        if let Some(sequence) = sequence {
            self.sequences.insert(voter, sequence);
        }
    }

    fn weigh(&mut self, named: &[(ParticipantId, u32)]) {
        let Some(weights) = &mut self.weights else { return };
        for (voter, weight) in named {
            weights.set(*voter, *weight, self.ballots.get(voter).map(|held| &held.answer));
        }
    }

    fn forget(&mut self, offset: Offset) {
        self.ballots = HashMap::new();
        self.sequences = HashMap::new();
        self.tally = Tally::default();
        self.weights = None;
        self.forgotten = offset;
    }

    /// How many ballots count.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.ballots.len() as u64
    }

    /// Whether results are shown to whoever has voted.
    fn voters_see(&self) -> bool {
        let visibility = self.open.as_ref().map_or(Visibility::Hidden, |open| open.definition.visibility);
        self.shown.unwrap_or(visibility != Visibility::Hidden)
    }

    /// The receipt of a ballot: its leaf in the chain, in hexadecimal.
    fn receipt(&self, entry: EntryId, voter: ParticipantId, answer: Option<&Answer>) -> String {
        plenum_schema::poll::hex(&leaf(self.id, entry, &pseudonym(self.id, voter), answer))
    }

    fn voted(&self, offset: Offset, duplicate: bool, receipt: Option<String>) -> Answered {
        Answered::Voted(Voted { question: self.id, offset, duplicate, receipt })
    }
}

impl Aggregate for Poll {
    type Command = Command;
    type Event = PollEvent;
    type Answer = Answered;
    type Saved = Saved;
    type Rules = VotingLimits;

    const KIND: AggregateKind = AggregateKind::Poll;
    const EVENT_FORMAT: u8 = 1;
    const SNAPSHOT_FORMAT: u8 = 1;

    fn empty(id: Uuid) -> Self {
        Self {
            id: QuestionId(id),
            head: 0,
            open: None,
            ballots: HashMap::new(),
            sequences: HashMap::new(),
            tally: Tally::default(),
            weights: None,
            shown: None,
            frozen: false,
            hidden_words: BTreeSet::new(),
            audience: None,
            closed: false,
            forgotten: 0,
            is_new: Fresh(false),
        }
    }

    fn decide(&self, rules: &VotingLimits, command: &Command, entry: EntryId, now: WallMillis) -> Decision<Self> {
        match decide::decide(self, rules, command, entry, now) {
            Ok((events, answer)) => Decision::Accept { events, answer },
            Err(refusal) => Decision::Refuse(refusal),
        }
    }

    fn is_query(command: &Command) -> bool {
        use Command::{Access, Conference, Own, Results, Scores, Voters};
        matches!(command, Access { .. } | Conference | Results { .. } | Own { .. } | Voters { .. } | Scores { .. })
    }

    fn name(command: &Command) -> &'static str {
        command.name()
    }

    fn weight(command: &Command) -> usize {
        command.weight()
    }

    /// A repetition is recognised by the state: the same ballot of the same voter changes nothing.
    fn entry_id(&self, _: &Command) -> Option<EntryId> {
        None
    }

    fn apply(&mut self, offset: Offset, id: EntryId, at: WallMillis, event: &PollEvent) {
        self.head = offset;
        let is_new = match event {
            PollEvent::Opened(_) => true,
            // Weights are told before the question is live.
            PollEvent::Weighed(_) => self.is_new.0,
            PollEvent::Ballot(_)
            | PollEvent::Withdrawn(_)
            | PollEvent::Shown(_)
            | PollEvent::Frozen(_)
            | PollEvent::WordHidden(_)
            | PollEvent::Closed(_)
            | PollEvent::Erased(_) => false,
        };
        self.is_new = Fresh(is_new);
        match event {
            PollEvent::Opened(opened) => self.open_poll(opened, at),
            PollEvent::Ballot(Ballot { voter, answer, pressed_ms, sequence }) => {
                let at = self.moment(at);
                let held = Held { offset, entry: id, answer: answer.clone(), pressed_ms: *pressed_ms, at };
                self.put(*voter, held);
                self.count(*voter, *sequence);
            }
            PollEvent::Withdrawn(withdrawn) => {
                self.take_back(withdrawn.voter);
                self.count(withdrawn.voter, withdrawn.sequence);
            }
            PollEvent::Shown(shown) => self.shown = Some(shown.shown),
            PollEvent::Frozen(frozen) => self.frozen = frozen.frozen,
            PollEvent::WordHidden(WordHidden { word, hidden: true }) => drop(self.hidden_words.insert(word.clone())),
            PollEvent::WordHidden(WordHidden { word, hidden: false }) => drop(self.hidden_words.remove(word)),
            PollEvent::Closed(closed) => {
                self.closed = true;
                self.audience = closed.audience;
            }
            PollEvent::Weighed(weighed) => self.weigh(&weighed.weights),
            PollEvent::Erased(_) => self.forget(offset),
        }
    }

    fn settle(answer: Answered, offset: Offset, _: EntryId) -> Answered {
        match answer {
            Answered::Voted(voted) => Answered::Voted(Voted { offset, ..voted }),
            Answered::Changed { results, voters, .. } => Answered::Changed { offset, results, voters },
            Answered::Noted(_) => Answered::Noted(offset),
            other => other,
        }
    }

    fn repeat(
        &self,
        rules: &VotingLimits,
        command: &Command,
        offset: Offset,
        id: EntryId,
    ) -> Result<Answered, Refusal> {
        Ok(match command {
            Command::Vote { voter, answer, .. } => {
                self.voted(offset, true, Some(self.receipt(id, voter.participant, Some(answer))))
            }
            Command::Withdraw { voter, .. } => {
                self.voted(offset, true, Some(self.receipt(id, voter.participant, None)))
            }
            Command::Freeze { .. } | Command::HideWord { .. } | Command::Erase | Command::Weigh { .. } => {
                Answered::Noted(offset)
            }
            _ => decide::standing(self, rules),
        })
    }

    /// Ballots are nobody's business.
    fn publish(_: &PollEvent) -> Option<wire::Event> {
        None
    }

    fn digest(&self) -> Vec<u8> {
        Vec::new()
    }

    fn save(&self) -> Saved {
        let ballot = |(voter, held): (&ParticipantId, &Held)| SavedBallot {
            ballot: Ballot { voter: *voter, answer: held.answer.clone(), pressed_ms: held.pressed_ms, sequence: None },
            offset: held.offset,
            entry: held.entry,
            at: held.at,
        };
        let mut ballots: Vec<SavedBallot> = self.ballots.iter().map(ballot).collect();
        ballots.sort_unstable_by_key(|saved| saved.offset);
        let mut sequences: Vec<_> = self.sequences.iter().map(|(voter, sequence)| (*voter, *sequence)).collect();
        sequences.sort_unstable();
        let opened = |open: &Open| Opened { conference: open.conference, question: (*open.definition).clone() };
        Saved {
            head: self.head,
            opened: self.open.as_ref().map(opened),
            opened_at: self.open.as_ref().map_or(0, |open| open.at),
            ballots,
            sequences,
            shown: self.shown,
            frozen: self.frozen,
            hidden_words: self.hidden_words.clone(),
            audience: self.audience,
            closed: self.closed,
            forgotten: self.forgotten,
            weights: self.weights.as_ref().map(Weights::named).unwrap_or_default(),
        }
    }

    fn restore(id: Uuid, saved: Saved) -> Self {
        let mut poll = Self::empty(id);
        if let Some(opened) = &saved.opened {
            poll.open_poll(opened, saved.opened_at);
        }
        poll.weigh(&saved.weights);
        for SavedBallot { ballot, offset, entry, at } in saved.ballots {
            let Ballot { voter, answer, pressed_ms, .. } = ballot;
            poll.put(voter, Held { offset, entry, answer, pressed_ms, at });
        }
        poll.sequences = saved.sequences.into_iter().collect();
        poll.frozen = saved.frozen;
        poll.hidden_words = saved.hidden_words;
        poll.audience = saved.audience;
        Self { head: saved.head, shown: saved.shown, closed: saved.closed, forgotten: saved.forgotten, ..poll }
    }

    /// A snapshot holds every ballot, so the next one waits until as many again have come: in all each is written about twice.
    fn snapshot_every(&self, usual: u64) -> u64 {
        usual.max(self.total())
    }

    fn forgotten(&self) -> Offset {
        self.forgotten
    }

    fn signal_every(rules: &VotingLimits) -> Option<u64> {
        Some(rules.results_every_ms)
    }

    fn is_urgent(event: &PollEvent) -> bool {
        !matches!(event, PollEvent::Ballot(_) | PollEvent::Withdrawn(_))
    }

    /// What everybody may see goes to the conference's topic, which everybody follows; the poll's own topics are for those who want
    /// more: the number of ballots while the tally is hidden, what voters see, what hosts see. The conference hears nothing before
    /// there is something to tell: a poll is opened before its question is live, and nobody hears of results before the question.
    fn signals(&self, rules: &VotingLimits) -> Vec<(Topic, Signal)> {
        let Some(open) = self.open.as_ref().filter(|_| self.forgotten == 0) else { return Vec::new() };
        let mut views = vec![(Topic::Poll(self.id), View::Public), (Topic::PollHost(self.id), View::Host)];
        if open.definition.visibility == Visibility::AfterVote {
            views.push((Topic::PollVoted(self.id), View::Voted));
        }
        let signal = |results: Results| Signal::Results(Box::new(results));
        let mut signals: Vec<(Topic, Signal)> =
            views.into_iter().filter_map(|(topic, view)| Some((topic, signal(self.results(rules, view)?)))).collect();
        if !self.is_new.0
            && let Some(public) = self.results(rules, View::Public).filter(|results| !results.hidden)
        {
            signals.push((Topic::Conference(open.conference), signal(public)));
        }
        signals
    }
}
