//! What a browser makes of a stream, cut anywhere.

use super::*;
use plenum_schema::wire::{Gap, GapReason, Goodbye, Heartbeat, ServerFrame};
use plenum_schema::{ConversationId, Offset, Topic};
use proptest::prelude::*;
use std::collections::HashMap;
use uuid::Uuid;

fn topic(number: u8) -> Topic {
    Topic::Conversation(ConversationId(Uuid::from_u128(u128::from(number) + 1)))
}

fn position(number: u8, offset: Offset) -> Bytes {
    record::encode(&ServerFrame::Gap(Gap {
        topic: topic(number),
        from: offset,
        to: offset,
        reason: GapReason::Retention,
    }))
}

fn pipe(topics: u8, beats: bool, limit: usize) -> Rc<Pipe> {
    let mut places = Places::new(&(0..topics).map(topic).collect::<Vec<_>>());
    (0..topics).for_each(|number| places.set(&topic(number).to_string(), 0));
    Pipe::new(places, beats, limit)
}

fn write(pipe: &Rc<Pipe>, bytes: &[u8]) -> io::Result<usize> {
    HubEnd(pipe.clone()).try_write(&[IoSlice::new(bytes)])
}

/// The events a page gets and the id its browser keeps, by the rules of the HTML standard (§9.2.6).
fn browser(text: &str) -> (Vec<String>, String) {
    let (mut data, mut id, mut kept, mut events) = (String::new(), String::new(), String::new(), Vec::new());
    // What is not ended by a line end is not a line; what is not ended by an empty line is not an event.
    for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        match line.split_once(':').map_or((line, ""), |(name, value)| (name, value.strip_prefix(' ').unwrap_or(value)))
        {
            ("", "") if line.is_empty() => {
                kept.clone_from(&id);
                if !data.is_empty() {
                    events.push(std::mem::take(&mut data));
                }
            }
            ("data", value) => data.push_str(value),
            ("id", value) => value.clone_into(&mut id),
            _ => {}
        }
    }
    (events, kept)
}

/// What has been seen: topic and offset of every event.
fn seen(events: &[String]) -> Vec<(Topic, Offset)> {
    let frames = events.iter().map(|json| serde_json::from_str::<ServerFrame>(json).unwrap());
    frames
        .filter_map(|frame| if let ServerFrame::Gap(gap) = frame { Some((gap.topic, gap.to)) } else { None })
        .collect()
}

proptest! {
    /// Whatever the order of topics, however the writes are cut into pieces, and wherever the connection breaks: the id that the browser
    /// keeps names exactly the last event of each topic that its page has seen.
    #[test]
    fn wherever_a_stream_is_cut_the_kept_id_is_what_the_page_has_seen(
        topics in 1_u8..5,
        order in proptest::collection::vec(0_u8..5, 0..40),
        takes in proptest::collection::vec(any::<bool>(), 40),
        limit in 1_usize..600,
        cut in 0.0_f64..1.0,
    ) {
        let pipe = pipe(topics, false, limit);
        pipe.greet(700);
        let mut text = String::new();
        let mut next: HashMap<u8, Offset> = HashMap::new();
        for (number, take) in order.iter().map(|number| number % topics).zip(takes) {
            let offset = next.entry(number).and_modify(|offset| *offset += 1).or_insert(1);
            let record = position(number, *offset);
            while write(&pipe, &record).is_err() {
                text.push_str(std::str::from_utf8(&pipe.take()).unwrap());
            }
            if take {
                text.push_str(std::str::from_utf8(&pipe.take()).unwrap());
            }
        }
        text.push_str(std::str::from_utf8(&pipe.take()).unwrap());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short text")]
        let cut = (text.len() as f64 * cut) as usize;
        let (events, id) = browser(&text[..cut]);
        let mut last: HashMap<Topic, Offset> = HashMap::new();
        for (topic, offset) in seen(&events) {
            prop_assert_eq!(last.insert(topic, offset).unwrap_or(0) + 1, offset);
        }
        let mut places = Places::new(&(0..topics).map(topic).collect::<Vec<_>>());
        if id.is_empty() {
            prop_assert!(events.is_empty());
        } else {
            places.read(&id).unwrap();
            for number in 0..topics {
                prop_assert_eq!(places.position(topic(number)).unwrap(), last.get(&topic(number)).copied().unwrap_or(0));
            }
        }
    }
}

#[test]
fn a_quiet_stream_gets_comments_or_when_asked_for_heartbeats_as_events() {
    let beat = record::encode(&ServerFrame::Heartbeat(Heartbeat { at: 5, tops: Default::default() }));
    for (beats, expected) in [(false, ":\n\n"), (true, "data: {\"heartbeat\":{\"at\":5,\"tops\":{}}}\n\n")] {
        let pipe = pipe(1, beats, 1_000);
        write(&pipe, &[&record::PING[..], &beat[..]].concat()).unwrap();
        assert_eq!(pipe.take(), expected);
    }
}

#[test]
fn goodbye_tells_the_browser_when_to_come_back_and_the_end_ends_the_stream() {
    let pipe = pipe(1, false, 1_000);
    let goodbye =
        Goodbye { code: 4000, reason: "draining".into(), retry_after_ms: Some(1730), positions: Default::default() };
    write(&pipe, &[&record::encode(&ServerFrame::Goodbye(goodbye))[..], &record::END[..]].concat()).unwrap();
    assert!(!pipe.is_shut());
    HubEnd(pipe.clone()).shut(Shut::AwaitPeer);
    let text = String::from_utf8(pipe.take().to_vec()).unwrap();
    assert!(text.starts_with("retry: 1730\ndata: {\"goodbye\"") && text.ends_with("\n\n"), "{text}");
    assert!(pipe.is_shut());
}

#[test]
fn what_has_no_room_waits_at_the_hub_and_an_emptied_pipe_keeps_no_memory() {
    let pipe = pipe(1, false, 1);
    let two = [position(0, 1), position(0, 2)].concat();
    assert_eq!(write(&pipe, &two).unwrap(), position(0, 1).len());
    assert_eq!(write(&pipe, &position(0, 2)).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(!pipe.take().is_empty() && pipe.made_room() && !pipe.made_room());
    assert_eq!(pipe.events.borrow().out.capacity(), 0);
    write(&pipe, &position(0, 2)).unwrap();
}
