//! Polls in the same weather: two nodes that both own the poll, a store that delays, loses answers and applies late, crashes, voters
//! who repeat what was not answered, and a host who closes in the middle.
//!
//! Checked: what a voter was told last is what counts; every acknowledged ballot stands in the log where the acknowledgement said; nothing
//! stands behind the close; the close says how many ballots there are; nobody is acknowledged later; nothing is let in while it is frozen.

use crate::rng::Rng;
use crate::store::{Fate, Log};
use plenum_actors::aggregate::Aggregate;
use plenum_actors::aggregates::poll::{Answered, Command, Poll, Voter, VotingLimits};
use plenum_actors::owner::OwnerConfig;
use plenum_actors::owner::core::{Core, Input, Now, Wish};
use plenum_actors::store::{Appended, Entry, Snapshot, StoreError};
use plenum_schema::conversation::Stored;
use plenum_schema::poll::{Answer, BallotPolicy, ChoiceOption, Definition, PollEvent, QuestionKind, Visibility};
use plenum_schema::{ConferenceId, EntryId, Offset, ParticipantId, Refusal, codec};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

const NODES: usize = 2;
const VOTERS: usize = 12;
/// Ballots that one voter casts, one after the other.
const BALLOTS: usize = 4;
const OPTIONS: u16 = 3;
/// Nobody answers for so long: ask again, milliseconds.
const PATIENCE: u64 = 400;
/// A world that is not done by then never will be.
const END: u64 = 600_000;
const POLL: Uuid = Uuid::from_u128(0xb0);
const CONFERENCE: ConferenceId = ConferenceId(Uuid::from_u128(0xc0));

/// Who asks: a voter, or the host (opens, freezes, thaws, closes).
type Asker = usize;
const HOST: Asker = VOTERS;
/// What the host does last, after opening, freezing and thawing.
const CLOSE: usize = 3;

#[derive(Debug)]
enum Event {
    Ask { asker: Asker, attempt: u64 },
    Arrive { node: usize, asker: Asker, attempt: u64, done: usize },
    Reply { asker: Asker, attempt: u64, result: Result<Answered, Refusal> },
    Store { node: Option<(usize, u64)>, operation: Operation },
    Input { node: usize, life: u64, input: Box<Input<Poll>> },
    Wake { node: usize, life: u64 },
    Crash { node: usize },
}

#[derive(Debug)]
enum Operation {
    Load { number: u64 },
    Tail { number: u64, after: Offset, limit: usize },
    Find { number: u64, ids: Vec<EntryId> },
    Append { number: u64, expected: Offset, entries: Vec<Entry>, with_digest: bool },
    Save { number: u64, snapshot: Snapshot },
}

#[derive(Default)]
struct Node {
    core: Option<Core<Poll>>,
    /// Grows with every start: what was meant for an earlier one is dropped.
    life: u64,
    open: HashMap<u64, (Asker, u64)>,
}

/// What a voter wants next, and was told.
#[derive(Default)]
struct Person {
    /// How many of its commands were answered.
    done: usize,
    attempt: u64,
    /// What counts, by the last acknowledgement.
    told: Option<Answer>,
    /// Offsets that were acknowledged for ballots.
    acked: Vec<(Offset, Answer)>,
    /// Refused because the question is closed.
    late: bool,
}

struct World {
    rng: Rng,
    now: u64,
    queue: BTreeMap<(u64, u64), Event>,
    pushed: u64,
    log: Log,
    nodes: Vec<Node>,
    people: Vec<Person>,
    config: Arc<OwnerConfig>,
    fresh: u128,
    tickets: u64,
    closed_at: Option<Offset>,
    failure: Option<String>,
    trouble: u64,
}

/// Runs the world of a seed.
///
/// # Errors
/// The first broken promise.
pub fn run(seed: u64) -> Result<u64, String> {
    let mut world = World::new(seed);
    world.go();
    world.judge()
}

fn question() -> Definition {
    let option = |id| ChoiceOption { id, text: format!("option {id}"), image: None, image_alt: None };
    Definition {
        text: "Which?".into(),
        kind: QuestionKind::Single,
        options: (1..=OPTIONS).map(option).collect(),
        min: None,
        max: None,
        policy: BallotPolicy::Changeable,
        visibility: Visibility::Hidden,
        duration_ms: None,
        correct: Vec::new(),
        points: None,
        target: None,
        tolerance: None,
        ..Definition::default()
    }
}

fn participant(voter: usize) -> ParticipantId {
    ParticipantId(Uuid::from_u128(0x1000 + voter as u128))
}

/// What a voter does: votes, changes, sometimes takes it back.
fn wish(voter: usize, step: usize) -> Option<Answer> {
    let option = u16::try_from((voter + step) % (usize::from(OPTIONS) + 1)).unwrap_or(0);
    (option > 0).then(|| Answer::Choice(vec![option]))
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let config = OwnerConfig {
            batch_entries: usize::try_from(rng.between(1, 8)).unwrap_or(1),
            snapshot_every: rng.between(3, 30),
            faded_ids: 0,
            idle_after_ms: 5_000,
            ..OwnerConfig::default()
        };
        let mut world = Self {
            log: Log::new(Vec::new(), rng.chance(500)),
            rng,
            now: 0,
            queue: BTreeMap::new(),
            pushed: 0,
            nodes: (0..NODES).map(|_| Node::default()).collect(),
            people: (0..=VOTERS).map(|_| Person::default()).collect(),
            config: Arc::new(config),
            fresh: 0,
            tickets: 0,
            closed_at: None,
            failure: None,
            trouble: 0,
        };
        world.push(0, Event::Ask { asker: HOST, attempt: 0 });
        for voter in 0..VOTERS {
            let at = world.rng.between(0, 2_000);
            world.push(at, Event::Ask { asker: voter, attempt: 0 });
        }
        for _ in 0..world.rng.between(0, 4) {
            let (at, node) = (world.rng.between(10, 4_000), world.rng.index(NODES));
            world.push(at, Event::Crash { node });
        }
        world
    }

    fn push(&mut self, at: u64, event: Event) {
        self.pushed += 1;
        self.queue.insert((at.max(self.now), self.pushed), event);
    }

    fn go(&mut self) {
        while let Some(((at, _), event)) = self.queue.pop_first() {
            if at > END || self.failure.is_some() || self.is_done() {
                return;
            }
            self.now = at;
            self.happen(event);
        }
    }

    fn is_done(&self) -> bool {
        self.people.iter().enumerate().all(|(asker, person)| person.late || person.done >= self.steps(asker))
    }

    fn steps(&self, asker: Asker) -> usize {
        if asker == HOST { CLOSE + 1 } else { BALLOTS }
    }

    fn fail(&mut self, what: String) {
        self.failure.get_or_insert(what);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Ask { asker, attempt } => self.ask(asker, attempt),
            Event::Arrive { node, asker, attempt, done } => self.arrive(node, asker, attempt, done),
            Event::Reply { asker, attempt, result } => self.reply(asker, attempt, result),
            Event::Store { node, operation } => self.store(node, operation),
            Event::Input { node, life, input } => self.input(node, life, *input),
            Event::Wake { node, life } => self.input(node, life, Input::Tick),
            Event::Crash { node } => {
                self.trouble += 1;
                if let Some(node) = self.nodes.get_mut(node) {
                    *node = Node { life: node.life + 1, ..Node::default() };
                }
            }
        }
    }

    /// Asks a node, and again after a while unless it was answered.
    fn ask(&mut self, asker: Asker, attempt: u64) {
        let steps = self.steps(asker);
        let Some(person) = self.people.get_mut(asker) else { return };
        if person.attempt != attempt || person.done >= steps || person.late {
            return;
        }
        person.attempt += 1;
        let (attempt, done) = (person.attempt, person.done);
        if !self.rng.chance(60) {
            // Sometimes very late.
            let delay = if self.rng.chance(50) { self.rng.between(0, 3_000) } else { self.rng.between(0, 30) };
            let (node, at) = (self.rng.index(NODES), self.now + delay);
            self.push(at, Event::Arrive { node, asker, attempt, done });
        }
        self.push(self.now + PATIENCE, Event::Ask { asker, attempt });
    }

    fn command(asker: Asker, done: usize) -> Command {
        if asker == HOST {
            return match done {
                0 => Command::Open { conference: CONFERENCE, definition: Box::new(question()) },
                1 | 2 => Command::Freeze { frozen: done == 1 },
                _ => Command::Close { audience: 9 },
            };
        }
        let voter = Voter { conference: CONFERENCE, participant: participant(asker) };
        // What was given up on may still be decided, later than what came after it: the count keeps it from counting.
        let sequence = u32::try_from(done + 1).ok();
        match wish(asker, done) {
            Some(answer) => Command::Vote { voter, answer, pressed_after_ms: None, sequence },
            None => Command::Withdraw { voter, sequence },
        }
    }

    fn arrive(&mut self, node: usize, asker: Asker, attempt: u64, done: usize) {
        // The command as it was when it was sent: it may be an old one by now.
        let command = Self::command(asker, done);
        let (now, config) = (self.time(), Arc::clone(&self.config));
        self.tickets += 1;
        self.fresh += 1;
        let (ticket, fresh) = (self.tickets, EntryId(Uuid::from_u128(0xfe00_0000 + self.fresh)));
        let Some(slot) = self.nodes.get_mut(node) else { return };
        slot.open.insert(ticket, (asker, attempt));
        slot.core.get_or_insert_with(|| Core::new(POLL, config, VotingLimits::default(), now));
        let life = slot.life;
        self.input(node, life, Input::Command { ticket, command, fresh, again: false });
    }

    fn time(&self) -> Now {
        Now { wall: 1_700_000_000_000 + i64::try_from(self.now).unwrap_or(0), mono: self.now }
    }

    fn input(&mut self, node: usize, life: u64, input: Input<Poll>) {
        let now = self.time();
        let Some(core) = self.nodes.get_mut(node).filter(|slot| slot.life == life).and_then(|slot| slot.core.as_mut())
        else {
            return;
        };
        core.handle(input, now);
        let (wishes, wake) = (core.take_wishes(), core.wake_at());
        for wish in wishes {
            self.carry_out(node, life, wish);
        }
        if let Some(at) = wake {
            self.push(at.max(self.now + 1), Event::Wake { node, life });
        }
    }

    fn carry_out(&mut self, node: usize, life: u64, wish: Wish<Poll>) {
        let operation = match wish {
            Wish::Load { number } => Operation::Load { number },
            Wish::ReadTail { number, after, limit, .. } => Operation::Tail { number, after, limit },
            Wish::Find { number, ids } => Operation::Find { number, ids },
            Wish::Append { number, expected, entries, digest } => {
                Operation::Append { number, expected, entries, with_digest: digest.is_some() }
            }
            Wish::SaveSnapshot { number, snapshot } => Operation::Save { number, snapshot },
            Wish::Answer { ticket, result, .. } => return self.answer(node, ticket, result),
            Wish::Publish(_) => return self.fail("a ballot was published".into()),
            Wish::Passivate => {
                if let Some(slot) = self.nodes.get_mut(node).filter(|slot| slot.open.is_empty()) {
                    *slot = Node { life: life + 1, ..Node::default() };
                }
                return;
            }
            Wish::Announce { .. } | Wish::Signal(_) | Wish::Trim { .. } | Wish::Report(_) => return,
        };
        self.ask_store(node, life, operation);
    }

    fn answer(&mut self, node: usize, ticket: u64, result: Result<Answered, Refusal>) {
        let Some((asker, attempt)) = self.nodes.get_mut(node).and_then(|slot| slot.open.remove(&ticket)) else {
            return;
        };
        if self.rng.chance(60) {
            return;
        }
        let at = self.now + self.rng.between(0, 30);
        self.push(at, Event::Reply { asker, attempt, result });
    }

    fn ask_store(&mut self, node: usize, life: u64, operation: Operation) {
        let is_append = matches!(operation, Operation::Append { .. });
        let fate = match self.rng.between(0, 99) {
            0..=2 => Fate::Unavailable,
            3..=4 if is_append => Fate::Lost,
            5..=7 if is_append => Fate::LostApplied,
            8..=9 if is_append => Fate::Late,
            _ => Fate::Done,
        };
        self.trouble += u64::from(fate != Fate::Done);
        let soon = self.now + self.rng.between(0, 20);
        let timeout = self.now + 100;
        match fate {
            Fate::Done => self.push(soon, Event::Store { node: Some((node, life)), operation }),
            Fate::Unavailable => {
                let input = Box::new(refused(&operation));
                self.push(soon, Event::Input { node, life, input });
            }
            Fate::Lost | Fate::LostApplied | Fate::Late => {
                if let Operation::Append { number, .. } = &operation {
                    let input = Box::new(Input::Appended { number: *number, result: Ok(Appended::Unknown) });
                    self.push(timeout, Event::Input { node, life, input });
                }
                let applied = if fate == Fate::Late { timeout + self.rng.between(0, 300) } else { soon };
                if fate != Fate::Lost {
                    self.push(applied, Event::Store { node: None, operation });
                }
            }
        }
    }

    fn store(&mut self, to: Option<(usize, u64)>, operation: Operation) {
        let input = match operation {
            Operation::Load { number } => {
                Input::Loaded { number, snapshot: Ok(self.log.snapshot()), head: Ok(self.log.head_record()) }
            }
            Operation::Tail { number, after, limit } => Input::Tail { number, result: Ok(self.log.read(after, limit)) },
            Operation::Find { number, ids } => Input::Found { number, result: Ok(self.log.find(&ids)) },
            Operation::Append { number, expected, entries, with_digest } => {
                let appended = self.log.append(expected, entries, with_digest);
                self.trouble += u64::from(matches!(appended, Appended::Conflict(_)));
                Input::Appended { number, result: Ok(appended) }
            }
            Operation::Save { number, snapshot } => {
                self.log.save(snapshot);
                Input::Saved { number, result: Ok(()) }
            }
        };
        if let Some((node, life)) = to {
            let at = self.now + self.rng.between(0, 20);
            self.push(at, Event::Input { node, life, input: Box::new(input) });
        }
    }

    fn reply(&mut self, asker: Asker, attempt: u64, result: Result<Answered, Refusal>) {
        let step = self.people.get(asker).map_or(0, |person| person.done);
        let Some(person) = self.people.get_mut(asker).filter(|person| person.attempt == attempt) else { return };
        match result {
            Ok(Answered::Voted(voted)) => {
                let wished = wish(asker, step);
                if let Some(answer) = &wished {
                    person.acked.push((voted.offset, answer.clone()));
                }
                if self.closed_at.is_some_and(|closed| voted.offset > closed) {
                    self.failure.get_or_insert(format!("voter {asker} was acknowledged behind the close"));
                }
                person.told = wished;
            }
            Ok(Answered::Changed { offset, .. }) if asker == HOST && step == CLOSE => self.closed_at = Some(offset),
            Ok(Answered::Changed { .. } | Answered::Noted(_)) => {}
            Ok(other) => return self.fail(format!("{other:?} answers asker {asker}")),
            Err(refusal) if refusal.code == plenum_schema::RefusalCode::Gone => {
                person.late = true;
                return;
            }
            // Not open yet, or a fault: the same again later.
            Err(_) => return,
        }
        person.done += 1;
        // The host freezes, thaws and closes when some have voted.
        let wait = if asker == HOST { self.rng.between(200, 3_000) } else { self.rng.between(0, 600) };
        self.push(self.now + wait, Event::Ask { asker, attempt });
    }

    fn judge(self) -> Result<u64, String> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let (mut ballots, mut closed, mut frozen) = (BTreeMap::new(), None, false);
        for (offset, entry) in (1..).zip(&self.log.entries) {
            let stored: Stored<PollEvent> =
                codec::restore(&[Poll::EVENT_FORMAT], &entry.payload).map_err(|error| error.to_string())?;
            if let Some(at) = closed {
                return Err(format!("something stands at {offset}, behind the close at {at}"));
            }
            let is_ballot = matches!(stored.event, PollEvent::Ballot(_) | PollEvent::Withdrawn(_));
            if frozen && is_ballot {
                return Err(format!("a ballot was let in at {offset}, while the question was frozen"));
            }
            match stored.event {
                PollEvent::Ballot(ballot) => drop(ballots.insert(ballot.voter, (offset, ballot.answer))),
                PollEvent::Withdrawn(withdrawn) => drop(ballots.remove(&withdrawn.voter)),
                PollEvent::Closed(end) if end.ballots == ballots.len() as u64 => closed = Some(offset),
                PollEvent::Closed(end) => return Err(format!("{} ballots, says the close", end.ballots)),
                PollEvent::Frozen(event) => frozen = event.frozen,
                PollEvent::Opened(_)
                | PollEvent::Shown(_)
                | PollEvent::WordHidden(_)
                | PollEvent::Weighed(_)
                | PollEvent::Erased(_) => {}
            }
        }
        for (voter, person) in self.people.iter().enumerate().take(VOTERS) {
            let counted = ballots.get(&participant(voter)).map(|(_, answer)| answer);
            // A command that was never answered may count or not.
            let may_be_more = person.done < BALLOTS;
            let next = wish(voter, person.done);
            if counted != person.told.as_ref() && !(may_be_more && counted == next.as_ref()) {
                return Err(format!("voter {voter} was told {:?} and {counted:?} counts", person.told));
            }
            for (offset, answer) in &person.acked {
                self.stands(voter, *offset, answer)?;
            }
        }
        match closed {
            Some(_) => Ok(self.trouble),
            None => Err("the poll was never closed".into()),
        }
    }

    /// The acknowledged ballot is in the log, where it was said to be.
    fn stands(&self, voter: usize, offset: Offset, answer: &Answer) -> Result<(), String> {
        let entry = self.log.entry(offset).ok_or_else(|| format!("nothing stands at {offset}"))?;
        let stored: Stored<PollEvent> =
            codec::restore(&[Poll::EVENT_FORMAT], &entry.payload).map_err(|error| error.to_string())?;
        match stored.event {
            PollEvent::Ballot(ballot) if ballot.voter == participant(voter) && ballot.answer == *answer => Ok(()),
            other => Err(format!("voter {voter} was told of a ballot at {offset}, where {other:?} stands")),
        }
    }
}

fn refused(operation: &Operation) -> Input<Poll> {
    let down = || StoreError::Unavailable("simulated".into());
    match operation {
        Operation::Load { number } => Input::Loaded { number: *number, snapshot: Err(down()), head: Err(down()) },
        Operation::Tail { number, .. } => Input::Tail { number: *number, result: Err(down()) },
        Operation::Find { number, .. } => Input::Found { number: *number, result: Err(down()) },
        Operation::Append { number, .. } => Input::Appended { number: *number, result: Err(down()) },
        Operation::Save { number, .. } => Input::Saved { number: *number, result: Err(down()) },
    }
}
