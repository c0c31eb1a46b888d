//! The rules of changing messages.

use super::super::{Answer, Change, Command, Target};
use super::{ADMIN, MEMBER, OWNER, STRANGER, Table, send};
use crate::aggregate::Aggregate;
use plenum_schema::{Content, RefusalCode, UserId};

/// The facts about a message of [`MEMBER`] at offset 3 that nothing has happened to.
fn fresh() -> Target {
    let (author, offset) = (MEMBER, 3);
    Target {
        offset,
        id: plenum_schema::EntryId(uuid::Uuid::from_u128(3)),
        author,
        at: 0,
        kind: plenum_schema::ContentKind::Text,
        as_of: 0,
        revision: 0,
        is_deleted: false,
        is_so: false,
        kinds: 0,
        has_kind: false,
        reactions: 0,
    }
}

fn change(by: UserId, change: Change, target: Target) -> Command {
    Command::Change { by, client_ref: None, change, target }
}

fn edit(text: &str) -> Change {
    Change::Edit { content: Content::text(text) }
}

fn react(emoji: &str) -> Change {
    Change::React { emoji: emoji.into() }
}

fn written() -> Table {
    let mut table = Table::group();
    table.ask(send(MEMBER, "first", None)).unwrap();
    assert_eq!(table.head, 3);
    table
}

#[test]
fn only_its_author_edits_a_message_and_admins_may_delete_it() {
    let mut table = written();
    assert_eq!(table.refused(change(OWNER, edit("x"), fresh())), RefusalCode::Forbidden);
    let other = Target { author: ADMIN, ..fresh() };
    assert_eq!(table.refused(change(MEMBER, Change::Delete, other)), RefusalCode::Forbidden);
    assert_eq!(table.refused(change(STRANGER, react("👍"), fresh())), RefusalCode::NotFound);
    assert!(table.ask(change(MEMBER, edit("second"), fresh())).is_ok());
    let as_of = table.head;
    assert!(table.ask(change(ADMIN, Change::Delete, Target { as_of, ..fresh() })).is_ok());
    assert_eq!(table.state.digest.last.as_ref().map(|last| (last.text.as_str(), last.deleted)), Some(("", true)));
}

#[test]
fn a_deleted_message_is_gone_for_everything_but_another_deletion() {
    let mut table = written();
    let gone = Target { is_deleted: true, revision: 3, ..fresh() };
    assert_eq!(table.refused(change(MEMBER, edit("x"), gone)), RefusalCode::Gone);
    assert_eq!(table.refused(change(OWNER, react("👍"), gone)), RefusalCode::Gone);
    for nothing in [Change::Delete, Change::Unreact { emoji: "👍".into() }] {
        let answer = table.ask(change(MEMBER, nothing, gone)).unwrap();
        assert!(matches!(answer, Answer::MessageChanged { changed, .. } if changed.duplicate && changed.offset == 3));
    }
    assert_eq!(table.head, 3);
}

#[test]
fn facts_that_miss_a_deletion_are_not_decided_on() {
    let mut table = written();
    table.ask(change(MEMBER, Change::Delete, fresh())).unwrap();
    for late in [edit("back again"), react("👍"), Change::Delete] {
        assert_eq!(table.ask(change(MEMBER, late, fresh())), Ok(Answer::Stale { changed: 4 }));
    }
    assert_eq!(table.head, 4);
}

#[test]
fn what_is_so_already_is_not_written_again() {
    let mut table = written();
    let so = Target { is_so: true, revision: 3, has_kind: true, kinds: 1, reactions: 1, ..fresh() };
    for same in [edit("first"), react("👍"), Change::Unreact { emoji: "🎉".into() }] {
        let Ok(Answer::MessageChanged { changed, .. }) = table.ask(change(MEMBER, same, so)) else { panic!() };
        assert!(changed.duplicate);
    }
    assert_eq!(table.head, 3);
}

#[test]
fn kinds_of_reactions_are_bounded_also_when_they_come_at_once() {
    let mut table = written();
    table.limits.reaction_kinds = 2;
    table.limits.message_reactions = 10;
    let facts = |as_of, kinds| Target { as_of, kinds, ..fresh() };
    assert!(table.ask(change(OWNER, react("a"), facts(0, 0))).is_ok());
    assert!(table.ask(change(ADMIN, react("a"), facts(0, 0))).is_ok(), "a kind that just came is known");
    assert_eq!(table.ask(change(MEMBER, react("b"), facts(0, 0))), Ok(Answer::Stale { changed: 5 }));
    assert!(table.ask(change(MEMBER, react("b"), facts(5, 1))).is_ok());
    assert_eq!(table.ask(change(OWNER, react("c"), facts(5, 1))), Ok(Answer::Stale { changed: 6 }));
    assert_eq!(table.refused(change(OWNER, react("c"), facts(6, 2))), RefusalCode::LimitReached);
    let full = Target { reactions: 10, has_kind: true, ..facts(6, 2) };
    assert_eq!(table.refused(change(OWNER, react("b"), full)), RefusalCode::LimitReached);
}

#[test]
fn a_change_keeps_its_limits() {
    let mut table = written();
    for bad in ["", "a b", "a\u{7}", &"x".repeat(65)] {
        assert_eq!(table.refused(change(MEMBER, react(bad), fresh())), RefusalCode::Invalid, "{bad:?}");
    }
    assert_eq!(table.refused(change(MEMBER, edit(""), fresh())), RefusalCode::Invalid);
    let deleted = Change::Edit { content: Content::deleted() };
    assert_eq!(table.refused(change(MEMBER, deleted, fresh())), RefusalCode::Invalid);
    let forged = Command::Send { author: MEMBER, client_ref: None, content: Content::deleted() };
    assert_eq!(table.refused(forged), RefusalCode::Invalid);
}

#[test]
fn an_edit_with_a_client_ref_is_recognised_and_never_taken_for_a_message() {
    let table = written();
    let with_ref = |offset, client_ref: &str| {
        let target = Target { offset, ..fresh() };
        let command = Command::Change { by: MEMBER, client_ref: Some(client_ref.into()), change: edit("x"), target };
        table.state.entry_id(&command).unwrap()
    };
    assert_eq!(with_ref(3, "r"), with_ref(3, "r"));
    assert_ne!(with_ref(3, "r"), with_ref(4, "r"));
    assert_ne!(Some(with_ref(3, "r")), table.state.entry_id(&send(MEMBER, "x", Some("r"))));
    let none = Command::Change { by: MEMBER, client_ref: Some("r".into()), change: Change::Delete, target: fresh() };
    assert_eq!(table.state.entry_id(&none), None);
}
