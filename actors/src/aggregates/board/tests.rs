//! The rules, one by one.

use super::item::wilson;
use super::{Answered, Board, BoardLimits, Command, Listing, Order, Speaker};
use crate::aggregate::{Aggregate, Decision};
use plenum_schema::board::{BoardItem, ItemStatus};
use plenum_schema::wire::Signal;
use plenum_schema::{EntryId, ParticipantId, Refusal, RefusalCode, UserId};
use uuid::Uuid;

struct Table {
    state: Board,
    rules: BoardLimits,
    head: u64,
}

pub(super) fn person(number: u128) -> ParticipantId {
    ParticipantId(Uuid::from_u128(number))
}

fn asks(by: u128, text: &str) -> Command {
    Command::Ask { by: person(by), author: None, text: text.into(), client_ref: None, moderated: false }
}

fn vote(by: u128, item: u32, up: bool) -> Command {
    Command::Upvote { by: person(by), item, up }
}

fn becomes(item: u32, status: ItemStatus) -> Command {
    Command::Moderate { item, status: Some(status), pinned: None, answer: None, labels: None }
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
        self.list(Listing { by, order, ..Listing::default() }).into_iter().map(|listed| listed.item.id).collect()
    }

    fn list(&mut self, wanted: Listing) -> Vec<super::Listed> {
        match self.ask(&Command::List(Listing { limit: 100, ..wanted })) {
            Ok(Answered::Items(items, _)) => items,
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
    table.item(&Command::Moderate {
        item: 3,
        status: None,
        pinned: Some(true),
        answer: Some("yes".into()),
        labels: None,
    });
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

fn replies(by: Speaker, item: u32, text: &str) -> Command {
    Command::Reply { by, author: None, item, text: text.into(), client_ref: None }
}

#[test]
fn what_says_the_same_is_merged_with_one_vote_of_each_voter() {
    let mut table = Table::new();
    table.item(&asks(1, "Ship when?"));
    table.item(&asks(2, "When do we ship?"));
    table.item(&asks(3, "Lunch?"));
    for (by, item) in [(5, 1), (6, 1), (6, 2), (7, 2), (8, 2)] {
        table.item(&vote(by, item, true));
    }
    table.item(&replies(Speaker::Audience(person(9)), 1, "soon"));
    table.item(&replies(Speaker::Audience(person(9)), 2, "later"));
    let merged = table.item(&Command::Merge { item: 2, into: 1 });
    assert_eq!((merged.id, merged.votes, merged.merged, merged.replies), (1, 4, 1, 2));
    assert_eq!(merged.newest_replies.iter().map(|reply| reply.id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(table.listed(None, Order::Votes), [1, 3]);
    // Again, from a phone that still shows the other one, and by who asked it.
    let head = table.head;
    assert_eq!(table.item(&Command::Merge { item: 2, into: 1 }), merged);
    assert_eq!(table.item(&vote(7, 2, true)).votes, 4);
    assert_eq!(table.head, head);
    assert_eq!(table.item(&vote(7, 2, false)).votes, 3);
    let own = table.list(Listing { by: Some(person(2)), ..Listing::default() });
    assert!(own[0].own && own[0].item.id == 1);
    // What was merged before goes along.
    let all = table.item(&Command::Merge { item: 1, into: 3 });
    assert_eq!((all.votes, all.merged, all.replies), (3, 2, 2));
    assert_eq!(table.item(&vote(9, 2, true)).id, 3);
    for (item, into, code) in
        [(3, 1, RefusalCode::Invalid), (3, 9, RefusalCode::NotFound), (9, 3, RefusalCode::NotFound)]
    {
        assert_eq!(table.ask(&Command::Merge { item, into }).unwrap_err().code, code, "{item} {into}");
    }
    assert_eq!(table.ask(&becomes(1, ItemStatus::Approved)).unwrap_err().code, RefusalCode::Conflict);
    assert_eq!(table.ask(&becomes(3, ItemStatus::Merged)).unwrap_err().field.as_deref(), Some("status"));
}

#[test]
fn replies_are_bounded_and_can_be_taken_away() {
    let mut table = Table::new();
    table.rules.replies = 4;
    table.rules.replies_per_participant = 2;
    let waits = Command::Ask { by: person(1), author: None, text: "a".into(), client_ref: None, moderated: true };
    table.item(&waits);
    let (host, guest) = (Speaker::Host(UserId(Uuid::from_u128(99))), Speaker::Audience(person(2)));
    assert_eq!(table.ask(&replies(guest, 1, "x")).unwrap_err().code, RefusalCode::NotFound);
    assert!(table.item(&replies(host, 1, "we look at it")).newest_replies[0].host);
    table.item(&becomes(1, ItemStatus::Approved));
    table.item(&replies(guest, 1, "me too"));
    assert_eq!(table.item(&replies(guest, 1, "and me")).replies, 3);
    assert_eq!(table.ask(&replies(guest, 1, "again")).unwrap_err().code, RefusalCode::LimitReached);
    assert_eq!(table.ask(&replies(guest, 1, " ")).unwrap_err().field.as_deref(), Some("text"));
    table.item(&replies(host, 1, "done"));
    assert_eq!(table.ask(&replies(host, 1, "more")).unwrap_err().code, RefusalCode::LimitReached);
    let dropped = table.item(&Command::DropReply { item: 1, reply: 2 });
    assert_eq!(dropped.newest_replies.iter().map(|reply| reply.id).collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!(table.item(&Command::DropReply { item: 1, reply: 2 }), dropped);
    assert_eq!(table.ask(&Command::DropReply { item: 1, reply: 5 }).unwrap_err().code, RefusalCode::NotFound);
    assert_eq!(table.item(&replies(host, 1, "more")).newest_replies[3].id, 5);
}

#[test]
fn labels_are_few_and_lists_can_be_narrowed_to_one() {
    let mut table = Table::new();
    table.item(&asks(1, "a"));
    table.item(&asks(1, "b"));
    let label = |item, labels: &[&str]| Command::Moderate {
        item,
        status: None,
        pinned: None,
        answer: None,
        labels: Some(labels.iter().map(|label| (*label).to_owned()).collect()),
    };
    assert_eq!(table.item(&label(2, &[" build ", "ops", "build"])).labels, ["build", "ops"]);
    let found = table.list(Listing { label: Some("ops".into()), ..Listing::default() });
    assert_eq!(found.iter().map(|listed| listed.item.id).collect::<Vec<_>>(), [2]);
    for bad in [&["", "x"][..], &["a\nb"], &["1", "2", "3", "4", "5", "6"], &["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]] {
        assert!(table.ask(&label(1, bad)).unwrap_err().field.unwrap().starts_with("labels"), "{bad:?}");
    }
    table.item(&becomes(1, ItemStatus::Answered));
    let open = table.list(Listing { is_open: true, ..Listing::default() });
    assert_eq!(open.iter().map(|listed| listed.item.id).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_young_question_that_all_want_stands_before_an_old_one_that_half_of_them_want() {
    let mut table = Table::new();
    table.item(&asks(1, "old"));
    for by in 10..50 {
        table.item(&vote(by, 1, true));
        table.item(&vote(by, 1, by < 25));
    }
    table.item(&asks(1, "young"));
    for by in 10..22 {
        table.item(&vote(by, 2, true));
    }
    assert_eq!(table.listed(Some(9), Order::Votes), [1, 2]);
    assert_eq!(table.listed(Some(9), Order::Wilson), [2, 1]);
    // As published: 95 % of 40 of 100 begin at 0.3094 (Newcombe 1998 has the method; R's prop.test without correction the figure).
    assert_eq!(wilson(40, 100).millionths() / 100, 3_094);
    assert_eq!((wilson(0, 0).millionths(), wilson(0, 5).millionths()), (0, 0));
    assert!(wilson(5, 5) > wilson(1, 1) && wilson(7, 3) == wilson(7, 7));
}

#[test]
fn a_board_forgets_its_people_and_keeps_what_was_asked_and_wanted() {
    const FAR: u128 = 1 << 90;
    let mut table = Table::new();
    table.item(&asks(FAR, "a"));
    table.item(&asks(FAR + 1, "b"));
    (10..15).for_each(|by| drop(table.item(&vote(FAR + by, 1, true))));
    table.ask(&Command::Merge { item: 2, into: 1 }).unwrap();
    let before = table.list(Listing::default());
    for _ in 0..2 {
        assert_eq!(table.ask(&Command::Erase { texts: false }), Ok(Answered::Ready));
    }
    let told = |list: &[super::Listed]| {
        list.iter().map(|one| (one.item.id, one.item.votes, one.item.score, one.item.text.clone())).collect::<Vec<_>>()
    };
    assert_eq!(told(&table.list(Listing::default())), told(&before));
    let saved = plenum_schema::codec::store(2, &table.state.save()).unwrap();
    for who in [FAR, FAR + 1, FAR + 10, FAR + 14] {
        let id = person(who).0;
        assert!(!saved.windows(16).any(|bytes| bytes == id.as_bytes()));
    }
    assert!(table.state.forgotten() > 0);
    assert_eq!(table.ask(&asks(1, "c")).unwrap_err().code, RefusalCode::Gone);
    table.ask(&Command::Erase { texts: true }).unwrap();
    assert_eq!(table.list(Listing::default()), []);
    let mut unused = Table::new();
    unused.ask(&Command::Erase { texts: false }).unwrap();
    assert_eq!(unused.state.forgotten(), 0, "nothing is written where nothing was");
}
