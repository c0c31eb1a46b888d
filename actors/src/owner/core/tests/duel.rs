//! Two owners of one log that do not hear of each other, both with more to write than the log takes.

use super::driver::{ALICE, BOB, LOG};
use crate::aggregates::conversation::{Answer, Command, Conversation, ConversationLimits};
use crate::owner::OwnerConfig;
use crate::owner::core::{Core, Input, Mutation, Now, Report, Ticket, Wish};
use crate::store::{Appended, Entry, Head, StoredEntry};
use plenum_schema::conversation::{ConversationEvent, ConversationKind, Created, Stored};
use plenum_schema::{Content, EntryId, RefusalCode, codec};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Writers at each owner; each sends the next message when the last one is answered.
const WRITERS: u64 = 5;
/// How long a command may wait, milliseconds.
const LIMIT: u64 = 2_000;

enum Event {
    /// A wish reaches the store.
    Store(usize, Wish<Conversation>),
    Input(usize, Input<Conversation>),
    Tick(usize),
    /// A writer sends.
    Send(usize),
}

#[derive(Default)]
struct Side {
    acked: Vec<u64>,
    late: usize,
    longest: u64,
    yields: usize,
    conflicts: usize,
    open: HashMap<Ticket, u64>,
}

struct Duel {
    cores: [Core<Conversation>; 2],
    sides: [Side; 2],
    /// Longest way to the store and back, by owner.
    ways: [u64; 2],
    log: Vec<Entry>,
    events: BTreeMap<(u64, u64), Event>,
    made: u64,
    bits: u64,
    now: u64,
    /// The next tick of each owner.
    armed: [Option<u64>; 2],
}

impl Duel {
    fn new(seed: u64, ways: [u64; 2], mutation: Option<Mutation>) -> Self {
        let config = OwnerConfig { place_within_ms: LIMIT, confirm_after_ms: Some(0), ..OwnerConfig::default() };
        let config = Arc::new(config);
        let by = ALICE;
        let created = Created { kind: ConversationKind::Group, title: None, by, members: vec![ALICE, BOB], room: None };
        let event = ConversationEvent::Created(created);
        let payload = codec::store(1, &Stored { at: 0, event }).unwrap();
        let core = || {
            let mut core = Core::new(LOG, Arc::clone(&config), ConversationLimits::default(), Now { wall: 0, mono: 0 });
            core.set_mutation(mutation);
            core
        };
        let mut duel = Self {
            cores: [core(), core()],
            sides: Default::default(),
            ways,
            log: vec![Entry { id: EntryId(Uuid::from_u128(1)), payload }],
            events: BTreeMap::new(),
            made: 0,
            bits: seed,
            now: 0,
            armed: [None; 2],
        };
        for side in [0, 1] {
            duel.carry_out(side);
            (0..WRITERS).for_each(|_| duel.push(0, Event::Send(side)));
        }
        duel
    }

    fn random(&mut self, most: u64) -> u64 {
        self.bits = self.bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.bits >> 33) % (most + 1)
    }

    fn push(&mut self, wait: u64, event: Event) {
        self.made += 1;
        self.events.insert((self.now + wait, self.made), event);
    }

    fn run(mut self, until: u64) -> [Side; 2] {
        while let Some(((at, _), event)) = self.events.pop_first().filter(|((at, _), _)| *at <= until) {
            self.now = at;
            match event {
                Event::Store(side, wish) => self.store(side, wish),
                Event::Input(side, input) => self.feed(side, input),
                Event::Tick(side) if self.armed[side] == Some(at) => {
                    self.armed[side] = None;
                    self.feed(side, Input::Tick);
                }
                Event::Tick(_) => {}
                Event::Send(side) => {
                    self.made += 1;
                    let ticket = self.made;
                    self.sides[side].open.insert(ticket, at);
                    let fresh = EntryId(Uuid::from_u128(0xffff_0000 + u128::from(ticket)));
                    let command = Command::Send { author: ALICE, client_ref: None, content: Content::text("x") };
                    self.feed(side, Input::Command { ticket, command, fresh, again: false });
                }
            }
        }
        let ids: HashSet<EntryId> = self.log.iter().map(|entry| entry.id).collect();
        assert_eq!(ids.len(), self.log.len(), "nothing stands twice");
        self.sides
    }

    fn feed(&mut self, side: usize, input: Input<Conversation>) {
        let wall = i64::try_from(self.now).unwrap();
        self.cores[side].handle(input, Now { wall, mono: self.now });
        self.carry_out(side);
        let wanted = self.cores[side].wake_at().map(|at| at.max(self.now + 1));
        if let Some(at) = wanted.filter(|at| self.armed[side].is_none_or(|armed| armed > *at)) {
            self.armed[side] = Some(at);
            self.push(at - self.now, Event::Tick(side));
        }
    }

    fn carry_out(&mut self, side: usize) {
        for wish in self.cores[side].take_wishes() {
            match wish {
                Wish::Answer { ticket, result, .. } => self.answered(side, ticket, result),
                Wish::Report(Report::Yielded) => self.sides[side].yields += 1,
                Wish::Report(Report::Conflict) => self.sides[side].conflicts += 1,
                Wish::Load { .. } | Wish::ReadTail { .. } | Wish::Append { .. } | Wish::SaveSnapshot { .. } => {
                    let wait = self.random(self.ways[side]).max(1);
                    self.push(wait, Event::Store(side, wish));
                }
                _ => {}
            }
        }
    }

    fn answered(&mut self, side: usize, ticket: Ticket, result: Result<Answer, plenum_schema::Refusal>) {
        let one = &mut self.sides[side];
        let since = one.open.remove(&ticket).expect("answered once");
        one.longest = one.longest.max(self.now - since);
        match result {
            Ok(_) => one.acked.push(self.now),
            Err(refusal) => {
                assert_eq!(refusal.code, RefusalCode::Unavailable);
                assert!(refusal.retry_after_ms.is_some());
                one.late += 1;
            }
        }
        self.push(1, Event::Send(side));
    }

    fn store(&mut self, side: usize, wish: Wish<Conversation>) {
        let input = match wish {
            Wish::Load { number } => {
                let head = self.log.len() as u64;
                let head = Head { offset: head, first: 1, digest: bytes::Bytes::new(), digest_at: 0 };
                Input::Loaded { number, snapshot: Ok(None), head: Ok(head) }
            }
            Wish::ReadTail { number, after, limit, .. } => {
                let entries = self.log.iter().zip(1..).skip(usize::try_from(after).unwrap()).take(limit);
                let stored =
                    entries.map(|(entry, offset)| StoredEntry { offset, id: entry.id, payload: entry.payload.clone() });
                Input::Tail { number, result: Ok(stored.collect()) }
            }
            Wish::Append { number, expected, entries, .. } => {
                let head = self.log.len() as u64;
                let result = if head == expected {
                    self.log.extend(entries);
                    Appended::Done(self.log.len() as u64)
                } else {
                    Appended::Conflict(head)
                };
                Input::Appended { number, result: Ok(result) }
            }
            Wish::SaveSnapshot { number, .. } => Input::Saved { number, result: Ok(()) },
            other => panic!("{other:?}"),
        };
        let wait = self.random(self.ways[side]).max(1);
        self.push(wait, Event::Input(side, input));
    }
}

/// Of all that was acknowledged the least share of a side, per cent; the longest wait; how many were refused.
fn outcome(ways: [u64; 2], mutation: Option<Mutation>) -> (usize, u64, usize) {
    let (mut least, mut longest, mut late) = (100, 0, 0);
    for seed in 1..=6 {
        let sides = Duel::new(seed, ways, mutation).run(10_000);
        let acked: Vec<usize> = sides.iter().map(|side| side.acked.len()).collect();
        least = least.min(acked.iter().min().unwrap() * 100 / acked.iter().sum::<usize>());
        longest = longest.max(sides.iter().map(|side| side.longest).max().unwrap());
        late += sides.iter().map(|side| side.late).sum::<usize>();
    }
    println!("{ways:?} {mutation:?}: least {least} %, longest {longest} ms, {late} late");
    (least, longest, late)
}

#[test]
fn two_owners_that_win_against_each_other_take_turns() {
    for ways in [[5, 5], [20, 20]] {
        let (least, longest, late) = outcome(ways, None);
        let (_, unfair, _) = outcome(ways, Some(Mutation::NeverYield));
        assert!(least >= 35 && late == 0, "{ways:?}: {least} %, {late} late");
        assert!(longest * 3 < unfair * 2, "{ways:?}: {longest} ms with turns, {unfair} ms without");
    }
}

#[test]
fn an_owner_that_is_slower_than_the_other_gets_turns_once_it_was_met() {
    let (least, _, late) = outcome([10, 30], None);
    let (_, _, unfair) = outcome([10, 30], Some(Mutation::NeverYield));
    assert!(least > 5 && late * 4 < unfair, "{least} %, {late} late with turns, {unfair} without");
}

#[test]
fn an_owner_that_is_never_met_refuses_in_time_what_it_cannot_place() {
    let (least, longest, late) = outcome([1, 200], None);
    assert!(least == 0 && late > 0 && longest <= LIMIT, "{least} %, {longest} ms, {late} late");
}

#[test]
fn an_owner_that_is_alone_never_pauses() {
    let mut duel = Duel::new(1, [5, 5], None);
    duel.events.retain(|_, event| !matches!(event, Event::Send(1)));
    let [alone, _] = duel.run(10_000);
    assert!(alone.acked.len() > 1_000 && alone.yields == 0 && alone.conflicts == 0);
}
