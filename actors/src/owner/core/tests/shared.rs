//! A log that others append to as well: what is answered from memory, and commands that another node may have carried out.

use super::driver::{ALICE, Bench, refusal_of, sent_of};
use crate::aggregates::conversation::{Access, Answer, Command};
use crate::owner::core::{Input, Ticket};
use crate::store::Entry;
use plenum_schema::conversation::{ConversationEvent, MemberAdded, Message, Role, Stored};
use plenum_schema::{Content, EntryId, Offset, RefusalCode, UserId, codec};
use uuid::Uuid;

/// An owner that compares what it knows with the log at least so often.
fn bench(confirm_after_ms: u64) -> Bench {
    Bench::created_with(|config| config.confirm_after_ms = Some(confirm_after_ms))
}

/// Another node appends a message.
fn appended_elsewhere(bench: &mut Bench, number: u64) {
    let id = EntryId(Uuid::from_u128(0xe000 + u128::from(number)));
    let event = ConversationEvent::Message(Message {
        id,
        number,
        author: ALICE,
        client_ref: None,
        direct: false,
        content: Content::text("elsewhere"),
    });
    happened_elsewhere(bench, id, event);
}

fn happened_elsewhere(bench: &mut Bench, id: EntryId, event: ConversationEvent) {
    let payload = codec::store(1, &Stored { at: 0, event }).unwrap();
    bench.log.push(Entry { id, payload });
}

fn ask(bench: &mut Bench, known: Offset) -> Ticket {
    bench.command(Command::Access { user: ALICE, known })
}

fn access_of(bench: &Bench, ticket: Ticket) -> Option<Access> {
    match bench.answers.get(&ticket) {
        Some(Ok(Answer::Access(access))) => Some(access.clone()),
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

#[test]
fn a_query_long_after_the_last_comparison_sees_what_others_appended() {
    let mut bench = bench(100);
    appended_elsewhere(&mut bench, 1);
    let early = ask(&mut bench, 0);
    assert_eq!(access_of(&bench, early).map(|access| access.head), Some(1), "within the time memory is good enough");
    bench.pass(101);
    let late = ask(&mut bench, 0);
    assert_eq!(access_of(&bench, late).map(|access| access.head), Some(2));
    assert_eq!(bench.published, vec![1, 2], "what it found is published too");
}

#[test]
fn a_query_of_somebody_who_knows_more_is_not_answered_with_less() {
    let mut bench = bench(60_000);
    appended_elsewhere(&mut bench, 1);
    let ticket = ask(&mut bench, 2);
    assert_eq!(access_of(&bench, ticket).map(|access| access.head), Some(2));
    // The log itself knows no more: that is the answer.
    let ticket = ask(&mut bench, 9);
    assert_eq!(access_of(&bench, ticket).map(|access| access.head), Some(2));
}

#[test]
fn an_append_is_a_comparison() {
    let mut bench = bench(100);
    bench.pass(500);
    bench.hold_appends = true;
    let sent = bench.send("x", None);
    let waiting = ask(&mut bench, 0);
    assert_eq!(access_of(&bench, waiting), None, "answered from memory that is 500 ms old");
    bench.release();
    assert_eq!(sent_of(&bench, sent).offset, 2);
    assert_eq!(access_of(&bench, waiting).map(|access| access.head), Some(2));
}

#[test]
fn a_log_that_cannot_be_looked_at_refuses_the_query_and_is_looked_at_for_the_next_one() {
    let mut bench = bench(100);
    bench.pass(500);
    bench.reads_fail = true;
    let ticket = ask(&mut bench, 0);
    bench.pass(5_000);
    let refusal = bench.answers[&ticket].clone().unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Unavailable);
    bench.reads_fail = false;
    let ticket = ask(&mut bench, 0);
    bench.pass(5_000);
    assert!(access_of(&bench, ticket).is_some());
}

#[test]
fn a_node_that_is_alone_never_looks() {
    let mut bench = Bench::created();
    bench.pass(5_000);
    appended_elsewhere(&mut bench, 1);
    let ticket = ask(&mut bench, 0);
    assert_eq!(access_of(&bench, ticket).map(|access| access.head), Some(1));
}

#[test]
fn a_command_without_a_client_ref_that_another_node_carried_out_counts_once() {
    let mut bench = bench(100);
    let command = Command::Send { author: ALICE, client_ref: None, content: Content::text("once") };
    let fresh = EntryId(Uuid::from_u128(0xabc));
    for (ticket, restarted) in [(901, false), (902, false), (903, true)] {
        if restarted {
            bench.restart();
        }
        bench.feed(Input::Command { ticket, command: command.clone(), fresh, again: true });
        assert_eq!((sent_of(&bench, ticket).offset, sent_of(&bench, ticket).duplicate), (2, ticket != 901));
    }
    assert_eq!(bench.message_numbers(), vec![1]);
}

const EVE: UserId = UserId(Uuid::from_u128(0xe7e));

/// Eve is taken in on another node.
fn eve_joins_elsewhere(bench: &mut Bench) {
    let event = ConversationEvent::MemberAdded(MemberAdded {
        user: EVE,
        role: Role::Member,
        by: ALICE,
        known: false,
        now: None,
    });
    happened_elsewhere(bench, EntryId(Uuid::from_u128(0xe7e_0001)), event);
}

fn eve_writes() -> Command {
    Command::Send { author: EVE, client_ref: None, content: Content::text("hello") }
}

#[test]
fn nobody_is_refused_from_memory_that_another_node_has_outdated() {
    let mut bench = bench(60_000);
    let before = bench.command(eve_writes());
    assert_eq!(refusal_of(&bench, before).code, RefusalCode::NotFound);
    eve_joins_elsewhere(&mut bench);
    let after = bench.command(eve_writes());
    assert_eq!(sent_of(&bench, after).offset, 3);
}

#[test]
fn what_waits_for_a_look_keeps_its_place_and_one_look_is_enough_for_all() {
    let mut bench = bench(60_000);
    eve_joins_elsewhere(&mut bench);
    bench.hold_appends = true;
    let first = bench.send("first", None);
    let tickets: Vec<Ticket> = (0..20).map(|_| bench.command(eve_writes())).collect();
    let last = bench.send("last", None);
    assert!(tickets.iter().all(|ticket| !bench.answers.contains_key(ticket)));
    bench.hold_appends = false;
    bench.release();
    // The append met the other node's entry, so everything is decided after it.
    let offsets: Vec<Offset> = tickets.iter().map(|ticket| sent_of(&bench, *ticket).offset).collect();
    assert_eq!((sent_of(&bench, first).offset, sent_of(&bench, last).offset), (3, 24));
    assert_eq!(offsets, (4..24).collect::<Vec<_>>());
}

#[test]
fn a_command_that_waits_for_a_look_that_fails_is_refused_as_unavailable() {
    let mut bench = bench(60_000);
    bench.reads_fail = true;
    let ticket = bench.command(eve_writes());
    bench.pass(10_000);
    assert_eq!(refusal_of(&bench, ticket).code, RefusalCode::Unavailable);
    bench.reads_fail = false;
    bench.pass(10_000);
    let ticket = bench.command(eve_writes());
    assert_eq!(refusal_of(&bench, ticket).code, RefusalCode::NotFound);
}

#[test]
fn a_node_that_is_alone_refuses_without_a_look() {
    let mut bench = Bench::created();
    bench.reads_fail = true;
    let ticket = bench.command(eve_writes());
    assert_eq!(refusal_of(&bench, ticket).code, RefusalCode::NotFound);
}
