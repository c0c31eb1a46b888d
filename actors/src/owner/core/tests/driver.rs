//! Runs a core against a log in memory.

use crate::aggregates::conversation::{Access, Answer, Command, Conversation, ConversationLimits};
use crate::owner::OwnerConfig;
use crate::owner::core::{Core, Input, Now, Report, Ticket, Wish};
use crate::store::{Appended, Entry, Head, Snapshot, StoreError, StoredEntry};
use plenum_schema::conversation::{ConversationEvent, ConversationKind, Stored};
use plenum_schema::wire::Sent;
use plenum_schema::{Content, EntryId, Offset, Refusal, UserId, codec};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use uuid::Uuid;

pub(super) const LOG: Uuid = Uuid::from_u128(77);
pub(super) const ALICE: UserId = UserId(Uuid::from_u128(1));
pub(super) const BOB: UserId = UserId(Uuid::from_u128(2));

/// What the next append does.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// It is written, and the answer is lost.
    UnknownAfter,
    /// It is not written, and nobody knows.
    UnknownBefore,
    /// It fails.
    Fails(StoreError),
    /// Somebody else appends this first.
    Overtaken(Vec<Entry>),
}

/// An append that the test holds back.
#[derive(Debug)]
pub(super) struct Held {
    pub number: u64,
    pub expected: Offset,
    pub entries: Vec<Entry>,
    pub with_digest: bool,
}

pub(super) struct Bench {
    pub core: Core<Conversation>,
    pub config: Arc<OwnerConfig>,
    pub now: Now,
    pub log: Vec<Entry>,
    pub first: Offset,
    /// What the stored summary is of.
    pub digest_at: Offset,
    pub snapshot: Option<Snapshot>,
    pub indexed: Offset,
    pub answers: BTreeMap<Ticket, Result<Answer, Refusal>>,
    pub published: Vec<Offset>,
    pub announced: Vec<Offset>,
    pub reports: Vec<Report>,
    pub finds: Vec<Vec<EntryId>>,
    pub passivated: usize,
    pub fates: VecDeque<Fate>,
    pub hold_appends: bool,
    pub held: VecDeque<Held>,
    pub snapshots_fail: bool,
    pub reads_fail: bool,
    pub finds_fail: bool,
    last: u64,
}

impl Bench {
    pub(super) fn new(change: impl FnOnce(&mut OwnerConfig)) -> Self {
        let mut config = OwnerConfig {
            snapshot_every: 10,
            idle_after_ms: 10_000,
            digest_every_ms: 0,
            faded_ids: 0,
            ..OwnerConfig::default()
        };
        change(&mut config);
        let config = Arc::new(config);
        let now = Now { wall: 1_000, mono: 0 };
        let mut bench = Self {
            core: Core::new(LOG, Arc::clone(&config), ConversationLimits::default(), now),
            config,
            now,
            log: Vec::new(),
            first: 1,
            digest_at: 0,
            snapshot: None,
            indexed: 0,
            answers: BTreeMap::new(),
            published: Vec::new(),
            announced: Vec::new(),
            reports: Vec::new(),
            finds: Vec::new(),
            passivated: 0,
            fates: VecDeque::new(),
            hold_appends: false,
            held: VecDeque::new(),
            snapshots_fail: false,
            reads_fail: false,
            finds_fail: false,
            last: 0,
        };
        bench.carry_out();
        bench
    }

    pub(super) fn created() -> Self {
        Self::created_with(|_| {})
    }

    pub(super) fn created_with(change: impl FnOnce(&mut OwnerConfig)) -> Self {
        let mut bench = Self::new(change);
        let members = vec![ALICE, BOB];
        bench.command(Command::Create { kind: ConversationKind::Group, title: None, by: ALICE, members });
        bench.answers.clear();
        bench
    }

    /// The process dies and another one starts with the same log.
    pub(super) fn restart(&mut self) {
        self.core = Core::new(LOG, Arc::clone(&self.config), ConversationLimits::default(), self.now);
        self.held.clear();
        self.carry_out();
    }

    pub(super) fn command(&mut self, command: Command) -> Ticket {
        self.last += 1;
        let fresh = EntryId(Uuid::from_u128(u128::from(self.last) << 64));
        self.feed(Input::Command { ticket: self.last, command, fresh, again: false });
        self.last
    }

    pub(super) fn send(&mut self, text: &str, client_ref: Option<&str>) -> Ticket {
        let client_ref = client_ref.map(str::to_owned);
        self.command(Command::Send { author: ALICE, client_ref, content: Content::text(text) })
    }

    pub(super) fn access(&mut self) -> Access {
        let ticket = self.command(Command::Access { user: ALICE, known: 0 });
        match &self.answers[&ticket] {
            Ok(Answer::Access(access)) => access.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn feed(&mut self, input: Input<Conversation>) {
        self.core.handle(input, self.now);
        self.carry_out();
    }

    /// Lets time pass, waking the core when it wants to be woken.
    pub(super) fn pass(&mut self, milliseconds: u64) {
        let end = self.now.mono + milliseconds;
        while let Some(at) = self.core.wake_at().filter(|at| *at <= end) {
            self.now.mono = self.now.mono.max(at);
            let before = self.now.mono;
            self.feed(Input::Tick);
            assert!(self.core.wake_at().is_none_or(|next| next > before), "the core wants to be woken in the past");
        }
        self.now.mono = end;
    }

    /// Carries the oldest held append out.
    pub(super) fn release(&mut self) {
        let held = self.held.pop_front().expect("no append is held");
        self.append(held);
    }

    pub(super) fn message_numbers(&self) -> Vec<u64> {
        let events = self
            .log
            .iter()
            .map(|entry| codec::restore::<Stored<ConversationEvent>>(&[1], &entry.payload).unwrap().event);
        events
            .filter_map(
                |event| if let ConversationEvent::Message(message) = event { Some(message.number) } else { None },
            )
            .collect()
    }

    fn carry_out(&mut self) {
        for wish in self.core.take_wishes() {
            match wish {
                Wish::Load { number } => self.load(number),
                Wish::ReadTail { number, after, limit, .. } => self.read(number, after, limit),
                Wish::Find { number, ids } => self.find(number, ids),
                Wish::Append { number, expected, entries, digest } => {
                    let held = Held { number, expected, entries, with_digest: digest.is_some() };
                    if self.hold_appends { self.held.push_back(held) } else { self.append(held) }
                }
                Wish::Answer { ticket, result, .. } => {
                    assert!(self.answers.insert(ticket, result).is_none(), "answered twice");
                }
                Wish::Publish(batch) => self.published.extend(batch.iter().filter_map(|(one, _)| one.offset())),
                Wish::Announce { head, .. } => self.announced.push(head),
                // A conversation has none.
                Wish::Signal(_) => {}
                Wish::SaveSnapshot { number, snapshot } => self.save(number, snapshot),
                Wish::Trim { upto } => {
                    self.first = upto + 1;
                    self.feed(Input::Trimmed { upto, result: Ok(()) });
                }
                Wish::Passivate => self.passivated += 1,
                Wish::Report(report) => self.reports.push(report),
            }
        }
    }

    fn load(&mut self, number: u64) {
        let offset = self.log.len() as u64;
        let head = Head { offset, first: self.first, digest: bytes::Bytes::new(), digest_at: self.digest_at };
        let head = if self.reads_fail { Err(StoreError::Unavailable("down".into())) } else { Ok(head) };
        self.feed(Input::Loaded { number, snapshot: Ok(self.snapshot.clone()), head });
    }

    fn read(&mut self, number: u64, after: Offset, limit: usize) {
        let from = usize::try_from(after.max(self.first - 1)).unwrap();
        let entries = self.log.iter().enumerate().skip(from).take(limit);
        let stored = |(index, entry): (usize, &Entry)| StoredEntry {
            offset: index as u64 + 1,
            id: entry.id,
            payload: entry.payload.clone(),
        };
        let result = if self.reads_fail {
            Err(StoreError::Unavailable("down".into()))
        } else {
            Ok(entries.map(stored).collect())
        };
        self.feed(Input::Tail { number, result });
    }

    fn find(&mut self, number: u64, ids: Vec<EntryId>) {
        // As lazy as the store may be: only what a saved snapshot covers is in the index.
        let indexed = usize::try_from(self.indexed).unwrap();
        let place = |id: &EntryId| self.log[..indexed].iter().position(|entry| entry.id == *id).map(|at| at as u64 + 1);
        let result = if self.finds_fail {
            Err(StoreError::Unavailable("down".into()))
        } else {
            Ok(ids.iter().map(place).collect())
        };
        self.finds.push(ids);
        self.feed(Input::Found { number, result });
    }

    fn save(&mut self, number: u64, snapshot: Snapshot) {
        if self.snapshots_fail {
            return self.feed(Input::Saved { number, result: Err(StoreError::Unavailable("down".into())) });
        }
        self.indexed = self.indexed.max(snapshot.offset);
        self.snapshot = Some(snapshot);
        self.feed(Input::Saved { number, result: Ok(()) });
    }

    fn append(&mut self, held: Held) {
        let Held { number, expected, entries, with_digest } = held;
        let result = match self.fates.pop_front() {
            Some(Fate::Fails(error)) => Err(error),
            Some(Fate::UnknownBefore) => Ok(Appended::Unknown),
            Some(Fate::UnknownAfter) => self.compare_and_append(expected, entries).map(|_| Appended::Unknown),
            Some(Fate::Overtaken(others)) => {
                self.log.extend(others);
                self.compare_and_append(expected, entries)
            }
            None => self.compare_and_append(expected, entries),
        };
        if with_digest && matches!(result, Ok(Appended::Done(_))) {
            self.digest_at = self.log.len() as u64;
        }
        self.feed(Input::Appended { number, result });
    }

    fn compare_and_append(&mut self, expected: Offset, entries: Vec<Entry>) -> Result<Appended, StoreError> {
        if self.log.len() as u64 != expected {
            return Ok(Appended::Conflict(self.log.len() as u64));
        }
        self.log.extend(entries);
        Ok(Appended::Done(self.log.len() as u64))
    }
}

pub(super) fn sent_of(bench: &Bench, ticket: Ticket) -> Sent {
    match bench.answers.get(&ticket) {
        Some(Ok(Answer::Sent(sent))) => sent.clone(),
        other => panic!("no message was sent: {other:?}"),
    }
}

pub(super) fn refusal_of(bench: &Bench, ticket: Ticket) -> Refusal {
    bench.answers.get(&ticket).cloned().expect("not answered").expect_err("not refused")
}
