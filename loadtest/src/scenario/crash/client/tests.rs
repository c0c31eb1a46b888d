//! What clients of a crash run remember, repeat and leave out.

use super::*;
use plenum_schema::refusal::{Refusal, RefusalCode};

const SECOND: Nanos = 1_000_000_000;

/// A message that is due now.
fn message(clients: &mut Clients, number: usize, now: Nanos) -> Option<u64> {
    clients.due(number, now);
    clients.new_message(number, now)
}

/// The acknowledgement of the command of this id.
fn acknowledge(clients: &mut Clients, number: usize, id: u32, at: Nanos) {
    let topic = "conversation:0190b5a0-0000-7000-8000-000000000001".parse().unwrap();
    let message = plenum_schema::id::EntryId(uuid::Uuid::nil());
    let sent = plenum_schema::wire::Sent { topic, offset: 1, message, duplicate: false };
    clients.answered(number, id, Answer::Sent(sent), at);
}

fn delivered(clients: &mut Clients, to: usize, offset: u64, marker: u64) {
    let delivery = Delivery { topic: 0, offset, marker: Some(marker), verdict: Verdict::InOrder, at: 0 };
    clients.delivered(to, &delivery);
}

#[test]
fn what_is_not_acknowledged_is_repeated_after_a_reconnect() {
    let mut clients = Clients::new(1, 1, 2);
    clients.ready(0);
    let marker = message(&mut clients, 0, 0).unwrap();
    clients.sent(0, 3, marker);
    clients.closed(0, None);
    assert_eq!(clients.take_due_reconnects(RECONNECT_AFTER), [0]);
    clients.ready(0);
    assert_eq!(clients.take_repeats(0), [(0, marker)]);
    assert!(!clients.is_settled());
}

#[test]
fn the_order_of_a_sender_who_waits_for_each_answer_is_checked_whatever_was_refused() {
    for (window, left_out) in [(1, 0), (2, 1)] {
        let mut clients = Clients::new(1, 1, window);
        clients.ready(0);
        let marker = message(&mut clients, 0, 0).unwrap();
        clients.sent(0, 3, marker);
        clients.answered(0, 3, Answer::Refused(Refusal::new(RefusalCode::Busy, "come back").retry_after(1)), 0);
        assert_eq!((clients.refused(), clients.out_of_order()), (1, left_out), "window {window}");
        assert_eq!(clients.is_out_of_order(marker), left_out == 1);
    }
}

#[test]
fn only_what_was_refused_and_what_was_under_way_with_it_is_left_out_of_the_order() {
    let mut clients = Clients::new(1, 1, 2);
    clients.ready(0);
    let markers: Vec<u64> = (0..4)
        .map(|number| {
            let marker = message(&mut clients, 0, 0).unwrap();
            clients.sent(0, number, marker);
            if number == 2 {
                clients.answered(0, 2, Answer::Refused(Refusal::new(RefusalCode::Busy, "come back")), 0);
            }
            if number != 1 {
                clients.answered(0, number, acked(u64::from(number)), 0);
            }
            if number == 2 {
                // It is sent again and taken, and so is the one beside it.
                clients.sent(0, 9, marker);
                clients.answered(0, 9, acked(2), 0);
                clients.answered(0, 1, acked(1), 0);
            }
            marker
        })
        .collect();
    let left_out: Vec<bool> = markers.iter().map(|marker| clients.is_out_of_order(*marker)).collect();
    assert_eq!((left_out, clients.out_of_order()), (vec![false, true, true, false], 2));
}

fn acked(offset: u64) -> Answer {
    let topic = "conversation:0190b5a0-0000-7000-8000-000000000001".parse().unwrap();
    let message = plenum_schema::id::EntryId(uuid::Uuid::nil());
    Answer::Sent(plenum_schema::wire::Sent { topic, offset, message, duplicate: false })
}

#[test]
fn a_connection_that_nobody_answers_is_given_up() {
    let mut clients = Clients::new(1, 1, 2);
    clients.closed(0, Some(4_000));
    clients.take_due_reconnects(RECONNECT_AFTER);
    assert_eq!(clients.impatient(OPENING_LIMIT), [0; 0]);
    assert_eq!(clients.impatient(RECONNECT_AFTER + OPENING_LIMIT), [0]);
    clients.closed(0, None);
    assert_eq!(clients.impatient(2 * OPENING_LIMIT), [0; 0]);
    assert_eq!(clients.ends().iter().collect::<Vec<_>>(), [(&None, &1), (&Some(4_000), &1)]);
}

#[test]
fn a_client_resumes_after_what_it_has() {
    let mut clients = Clients::new(1, 1, 2);
    assert_eq!(clients.position(0), Some(0));
    delivered(&mut clients, 0, 1, 5);
    assert_eq!(clients.position(0), Some(1));
}

#[test]
fn a_client_that_was_asked_to_wait_does() {
    let mut clients = Clients::new(1, 1, 2);
    clients.ready(0);
    clients.dismissed(0, Some(100));
    clients.closed(0, Some(4_001));
    assert_eq!(clients.take_due_reconnects(99_999_999), [0; 0]);
    assert_eq!(clients.take_due_reconnects(100_000_000), [0]);
    clients.closed(0, None);
    assert_eq!(clients.take_due_reconnects(100_000_000 + RECONNECT_AFTER), [0], "once");
    assert_eq!((clients.dismissals(), clients.assigned().ms(100.0).round()), (1, 100.0));
}

#[test]
fn the_same_offset_with_another_message_is_a_divergence_even_after_a_restart() {
    let mut clients = Clients::new(2, 1, 2);
    delivered(&mut clients, 0, 1, 5);
    clients.closed(0, None);
    delivered(&mut clients, 1, 1, 6);
    assert_eq!(clients.take_checks().diverged, 1);
}

#[test]
fn what_a_killed_server_had_acknowledged_is_no_sign_of_life_of_the_next() {
    let mut clients = Clients::new(1, 1, 2);
    clients.ready(0);
    let marker = message(&mut clients, 0, 0).unwrap();
    clients.sent(0, 3, marker);
    clients.server_restarted();
    acknowledge(&mut clients, 0, 3, 0);
    assert_eq!((clients.acked_count(), clients.acked_in_this_life()), (1, 0));
}

#[test]
fn the_wait_of_the_first_message_begins_when_it_is_sent() {
    let mut clients = Clients::new(1, 1, 2);
    clients.ready(0);
    let marker = message(&mut clients, 0, 40 * SECOND).unwrap();
    clients.sent(0, 3, marker);
    acknowledge(&mut clients, 0, 3, 40_010_000_000);
    assert_eq!(clients.waits().ms(100.0).round(), 10.0);
}

#[test]
fn a_window_bounds_what_is_unacknowledged() {
    let mut clients = Clients::new(1, 1, 2);
    assert_eq!(clients.new_message(0, 0), None, "nothing is due");
    assert_eq!(message(&mut clients, 0, 0), None, "not in service");
    clients.ready(0);
    assert!(message(&mut clients, 0, 0).is_some() && message(&mut clients, 0, 0).is_some());
    assert_eq!(message(&mut clients, 0, 0), None);
}

#[test]
fn a_message_that_was_due_without_room_goes_out_late_and_is_timed_from_when_it_was_due() {
    let mut clients = Clients::new(1, 1, 1);
    clients.ready(0);
    let first = message(&mut clients, 0, 0).unwrap();
    clients.sent(0, 1, first);
    assert_eq!(message(&mut clients, 0, SECOND), None, "the first is not acknowledged");
    assert_eq!(clients.ready_to_send(), [0; 0]);
    acknowledge(&mut clients, 0, 1, 3 * SECOND);
    assert!(!clients.is_settled(), "one waits");
    assert_eq!(clients.ready_to_send(), [0]);
    let second = clients.new_message(0, 3 * SECOND).unwrap();
    clients.sent(0, 2, second);
    assert!(!clients.all_acked_since(2 * SECOND));
    acknowledge(&mut clients, 0, 2, 4 * SECOND);
    let (least, most) = (clients.waits().ms(0.0), clients.waits().ms(100.0));
    assert_eq!(clients.waits().count(), 2);
    assert!((2_990.0..3_010.0).contains(&least) && (2_990.0..3_010.0).contains(&most), "{least} to {most}");
    assert!(clients.all_acked_since(2 * SECOND), "it was sent after that, if due before");
    assert_eq!(clients.held(), Held { late: 1, skipped: 0 });
    assert!(clients.is_settled());
}

#[test]
fn what_is_due_while_a_client_is_away_is_kept_up_to_a_bound_and_counted_beyond() {
    let mut clients = Clients::new(1, 1, 4);
    (0..100).for_each(|due| clients.due(0, due));
    assert_eq!(clients.held(), Held { late: 64, skipped: 36 });
    clients.ready(0);
    let sent = std::iter::from_fn(|| clients.new_message(0, SECOND)).count();
    assert_eq!(sent, 4, "as many as may be unacknowledged");
    clients.give_up();
    assert_eq!(clients.held(), Held { late: 4, skipped: 96 });
}
