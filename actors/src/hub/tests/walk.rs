//! A random walk: publications that arrive, go missing or are announced; subscribers at any position, slow and fast, in all
//! dialects; pages of the log that come late or not at all; retention that removes what somebody still wants; members that leave.
//! Whoever stays is told of every offset after its position once and in order: as an event, or in a gap record that names exactly
//! what had been removed when the page was read. And each way of breaking how the hub joins what was and what is, is noticed.

use super::super::mutation::Mutation;
use super::*;
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: u64 = 240;
const STEPS: usize = 200;
/// More rounds of questions and answers than any end of a walk takes.
const ROUNDS: usize = 2_000;

/// Where to break nothing, and otherwise everything, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end.max(1)
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap()
    }

    fn dialect(&mut self) -> Dialect {
        Dialect::ALL[self.index(Dialect::ALL.len())]
    }
}

struct Reader {
    peer: Peer,
    since: u64,
    /// The oldest offsets of the log, as each page said that was read for this one.
    firsts: BTreeSet<u64>,
}

struct Walk {
    world: World,
    dice: Dice,
    readers: BTreeMap<u32, Reader>,
    wishes: Vec<Wish>,
}

impl Walk {
    fn new(seed: u64, mutation: Option<Mutation>) -> Self {
        // Room for a publication or two, or for all: then the rest comes from the log.
        let pending_bytes = if seed.is_multiple_of(2) { 1_024 } else { HubConfig::default().pending_bytes };
        let small = HubConfig { ring_events: 4, slice_connections: 3, outbox_soft_bytes: 600, ..HubConfig::default() };
        // However often a page cannot be read: what happens then to a connection is another test's.
        let mut world = World::new(HubConfig { pending_bytes, read_attempts: 1_000, ..small });
        world.core.mutation = mutation;
        let dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        Self { world, dice, readers: BTreeMap::new(), wishes: Vec::new() }
    }

    fn step(&mut self) {
        match self.dice.below(12) {
            0 | 1 => {
                let count = 1 + self.dice.index(3);
                self.world.publish(count);
            }
            2 => drop(self.world.append(1)),
            3 => self.join(),
            4 => self.write_or_leave(),
            5 if !self.wishes.is_empty() => {
                let nth = self.dice.index(self.wishes.len());
                let wish = self.wishes.swap_remove(nth);
                let events = 1 + self.dice.index(5);
                self.answer(&wish, events);
            }
            6 => self.change_dialect(),
            7 => self.retain(),
            8 if !self.wishes.is_empty() => {
                let nth = self.dice.index(self.wishes.len());
                let wish = self.wishes.swap_remove(nth);
                self.fail(&wish);
            }
            _ => drop(self.world.core.slice()),
        }
        self.wishes.extend(self.world.core.take_wishes());
    }

    fn join(&mut self) {
        let head = self.world.log.len() as u64;
        let room = if self.dice.below(2) == 0 { PLENTY } else { 50 };
        let dialect = self.dice.dialect();
        let peer = self.world.peer(room, dialect);
        let since = self.dice.below(head + 1);
        self.world.core.subscribe(peer.key, TOPIC, since, head);
        self.readers.insert(peer.key.slot, Reader { peer, since, firsts: BTreeSet::new() });
    }

    fn write_or_leave(&mut self) {
        let Some(slot) = self.readers.keys().next().copied() else { return };
        if self.dice.below(4) == 0 {
            let reader = self.readers.remove(&slot).unwrap();
            self.world.core.leave(reader.peer.key);
            return;
        }
        let room = self.dice.index(2_000);
        let peer = &self.readers[&slot].peer;
        peer.sink.make_room(room);
        self.world.core.writable(peer.key);
    }

    fn change_dialect(&mut self) {
        let slots: Vec<u32> = self.readers.keys().copied().collect();
        if slots.is_empty() {
            return;
        }
        let (slot, dialect) = (slots[self.dice.index(slots.len())], self.dice.dialect());
        self.world.core.change_dialect(self.readers[&slot].peer.key, dialect);
    }

    /// Now and then something goes; the newest stays.
    fn retain(&mut self) {
        let (head, first) = (self.world.log.len() as u64, self.world.first);
        if self.dice.below(3) == 0 && head > first {
            self.world.first = first + 1 + self.dice.below((head - first).min(4));
        }
    }

    fn answer(&mut self, wish: &Wish, events: usize) {
        if let Wish::Page { key, .. } = wish
            && let Some(reader) = self.readers.get_mut(&key.slot)
        {
            reader.firsts.insert(self.world.first);
        }
        self.world.answer(wish, events);
    }

    fn fail(&mut self, wish: &Wish) {
        match wish {
            Wish::Page { key, topic, .. } => self.world.core.page(*key, *topic, None),
            Wish::Repair { topic, .. } => self.world.core.repaired(*topic, None),
        }
    }

    /// Nothing more goes wrong, and everybody reads.
    fn end(&mut self) -> Result<(), String> {
        self.world.core.announce(TOPIC, self.world.log.len() as u64);
        for wish in std::mem::take(&mut self.wishes) {
            self.answer(&wish, 9);
        }
        for _ in 0..3 {
            self.settle()?;
            for reader in self.readers.values() {
                reader.peer.sink.make_room(PLENTY);
                self.world.core.writable(reader.peer.key);
            }
            self.world.clock.advance(1);
            self.world.core.sweep(1_000);
            self.settle()?;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), String> {
        for _ in 0..ROUNDS {
            self.world.run();
            let wishes = self.world.core.take_wishes();
            if wishes.is_empty() {
                return Ok(());
            }
            wishes.iter().for_each(|wish| self.answer(wish, 3));
        }
        Err("the hub asks without end".to_owned())
    }
}

/// Whether what a reader was told is every offset after its position, once and in order, and each gap one that was so. Answers how
/// many gaps there were.
fn judge(reader: &Reader, head: u64) -> Result<u64, String> {
    let (mut last, mut gaps) = (reader.since, 0);
    for frame in frames(&reader.peer.sink.text()) {
        let (from, to) = match frame {
            ServerFrame::Event(event) => (event.offset, event.offset),
            ServerFrame::Gap(gap) if !reader.firsts.contains(&(gap.to + 1)) => {
                return Err(format!("{} to {} were not gone when a page said so", gap.from, gap.to));
            }
            ServerFrame::Gap(gap) => {
                gaps += 1;
                (gap.from, gap.to)
            }
            _ => continue,
        };
        if from != last + 1 || to < from {
            return Err(format!("{from} to {to} after {last}"));
        }
        last = to;
    }
    if last == head { Ok(gaps) } else { Err(format!("{last} is the last of {head}")) }
}

/// Walks, and answers how many gaps were told of.
fn walk(seed: u64, mutation: Option<Mutation>) -> Result<u64, String> {
    let mut walk = Walk::new(seed, mutation);
    for _ in 0..STEPS {
        walk.step();
    }
    walk.end()?;
    let head = walk.world.log.len() as u64;
    let mut gaps = 0;
    for reader in walk.readers.values() {
        gaps += judge(reader, head).map_err(|what| format!("seed {seed}, from {}: {what}", reader.since))?;
    }
    Ok(gaps)
}

#[test]
fn from_any_position_every_later_offset_is_told_once_and_in_order_whatever_happens_in_between() {
    let mut gaps = 0;
    for seed in 1..=SEEDS {
        gaps += walk(seed, None).unwrap();
    }
    assert!(gaps > 100, "{gaps} gaps: retention is faster than readers now and then");
}

#[test]
fn every_broken_rule_of_joining_is_noticed_by_the_walk() {
    for mutation in Mutation::ALL {
        let noticed = (1..=SEEDS).find_map(|seed| walk(seed, Some(mutation)).err());
        println!("{mutation:?}: {noticed:?}");
        assert!(noticed.is_some(), "{mutation:?} goes unnoticed");
    }
}
