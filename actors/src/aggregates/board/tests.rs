//! The rules, one by one.

use super::{Answered, Board, BoardLimits, Command, Order};
use crate::aggregate::{Aggregate, Decision};
use plenum_schema::board::{BoardItem, ItemStatus};
use plenum_schema::wire::Signal;
use plenum_schema::{EntryId, ParticipantId, Refusal, RefusalCode};
use uuid::Uuid;

struct Table {
    state: Board,
    rules: BoardLimits,
    head: u64,
}

fn person(number: u128) -> ParticipantId {
    ParticipantId(Uuid::from_u128(number))
}

fn asks(by: u128, text: &str) -> Command {
    Command::Ask { by: person(by), author: None, text: text.into(), client_ref: None, moderated: false }
}

fn vote(by: u128, item: u32, up: bool) -> Command {
    Command::Upvote { by: person(by), item, up }
}

fn becomes(item: u32, status: ItemStatus) -> Command {
    Command::Moderate { item, status: Some(status), pinned: None, answer: None }
}

impl Table {
    fn new() -> Self {
        Self { state: Board::empty(Uuid::from_u128(7)), rules: BoardLimits::default(), head: 0 }
    }

    fn ask(&mut self, command: &Command) -> Result<Answered, Refusal> {
        let entry = EntryId(Uuid::from_u128(1_000 + u128::from(self.head)));
        match self.state.decide(&self.rules, command, entry, 5) {
            Decision::Refuse(refusal) => Err(refusal),
            Decision::Accept { events, answer } => {
                for event in events {
                    self.head += 1;
                    self.state.apply(self.head, entry, 5, &event);
                }
                Ok(answer)
            }
        }
    }

    fn item(&mut self, command: &Command) -> BoardItem {
        match self.ask(command) {
            Ok(Answered::Item(item)) => *item,
            other => panic!("{other:?}"),
        }
    }

    fn listed(&mut self, by: Option<u128>, order: Order) -> Vec<u32> {
        let by = by.map(person);
        match self.ask(&Command::List { by, order, skip: 0, limit: 100 }) {
            Ok(Answered::Items(items, _)) => items.into_iter().map(|listed| listed.item.id).collect(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_vote_counts_once_and_is_taken_back_once() {
    let mut table = Table::new();
    let asked = table.item(&asks(1, " Why? "));
    assert_eq!((asked.id, asked.text.as_str(), asked.status, asked.at), (1, "Why?", ItemStatus::Approved, 5));
    assert_eq!(table.item(&vote(2, 1, true)).votes, 1);
    assert_eq!(table.item(&vote(2, 1, true)).votes, 1);
    assert_eq!(table.item(&vote(3, 1, true)).votes, 2);
    assert_eq!(table.item(&vote(2, 1, false)).votes, 1);
    assert_eq!(table.item(&vote(2, 1, false)).votes, 1);
    assert_eq!(table.head, 4);
}

#[test]
fn the_most_wanted_come_first_and_pinned_ones_before_them() {
    let mut table = Table::new();
    for text in ["a", "b", "c"] {
        table.item(&asks(1, text));
    }
    table.item(&vote(2, 2, true));
    assert_eq!(table.listed(Some(9), Order::Votes), [2, 1, 3]);
    assert_eq!(table.listed(Some(9), Order::Newest), [3, 2, 1]);
    table.item(&Command::Moderate { item: 3, status: None, pinned: Some(true), answer: Some("yes".into()) });
    assert_eq!(table.listed(Some(9), Order::Votes), [3, 2, 1]);
}

#[test]
fn what_waits_or_was_dismissed_is_seen_by_hosts_and_by_who_asked_it() {
    let mut table = Table::new();
    let waits = Command::Ask { by: person(1), author: None, text: "a".into(), client_ref: None, moderated: true };
    assert_eq!(table.item(&waits).status, ItemStatus::Pending);
    assert_eq!(table.listed(Some(2), Order::Votes), [0_u32; 0]);
    assert_eq!((table.listed(Some(1), Order::Votes), table.listed(None, Order::Votes)), (vec![1], vec![1]));
    assert_eq!(table.ask(&vote(2, 1, true)).unwrap_err().code, RefusalCode::NotFound);
    table.item(&becomes(1, ItemStatus::Approved));
    assert_eq!(table.item(&vote(2, 1, true)).votes, 1);
    table.item(&becomes(1, ItemStatus::Dismissed));
    let seen: Vec<usize> = table
        .state
        .signals(&table.rules)
        .into_iter()
        .map(|(_, signal)| if let Signal::Board(board) = signal { board.items.len() } else { 99 })
        .collect();
    assert_eq!(seen, [0, 1]);
}

#[test]
fn nobody_floods_the_board() {
    let mut table = Table::new();
    table.rules.items_per_participant = 2;
    table.rules.items = 4;
    table.item(&asks(1, "a"));
    table.item(&asks(1, "b"));
    assert_eq!(table.ask(&asks(1, "c")).unwrap_err().code, RefusalCode::LimitReached);
    table.item(&becomes(1, ItemStatus::Answered));
    table.item(&asks(1, "c"));
    table.item(&asks(2, "d"));
    assert_eq!(table.ask(&asks(3, "e")).unwrap_err().code, RefusalCode::LimitReached);
    for bad in ["", "  ", "\u{7}", &"x".repeat(301)] {
        assert_eq!(Table::new().ask(&asks(1, bad)).unwrap_err().field.as_deref(), Some("text"), "{bad:?}");
    }
}

#[test]
fn the_same_question_with_the_same_ref_is_asked_once() {
    let mut table = Table::new();
    let asked =
        Command::Ask { by: person(1), author: None, text: "a".into(), client_ref: Some("r".into()), moderated: false };
    table.item(&asked);
    let entry = table.state.entry_id(&asked);
    assert!(entry.is_some() && entry == Board::empty(Uuid::from_u128(7)).entry_id(&asked));
    let again = table.state.repeat(&table.rules, &asked, 1, entry.unwrap());
    assert!(matches!(again, Ok(Answered::Item(item)) if item.id == 1));
}

#[test]
fn a_snapshot_holds_everything() {
    let mut table = Table::new();
    table.item(&asks(1, "a"));
    table.item(&vote(2, 1, true));
    let saved = plenum_schema::codec::store(1, &table.state.save()).unwrap();
    let restored = Board::restore(Uuid::from_u128(7), plenum_schema::codec::restore(&[1], &saved).unwrap());
    assert_eq!(restored, table.state);
}
