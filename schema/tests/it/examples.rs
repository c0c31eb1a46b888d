//! Every frame in `docs/protocol.md` is one: it decodes strictly, is what its label says, and comes back the same from both codecs.

use crate::documents::{Example, examples};
use crate::labels;
use plenum_schema::codec::{Codec, decode, encode};
use plenum_schema::conversation::ConversationEvent;
use plenum_schema::wire::{ClientFrame, Command, Event, ServerFrame};
use plenum_schema::{EntryId, UserId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;

/// Checks an example as a frame of type `T` and answers the frame.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(example: &Example) -> T {
    let place = format!("protocol.md line {} ({})", example.line, example.label);
    let frame: T = decode(Codec::Json, example.json.as_bytes()).unwrap_or_else(|error| panic!("{place}: {error}"));
    let written: Value = serde_json::from_str(&example.json).unwrap();
    let again: Value = serde_json::from_slice(&encode(Codec::Json, &frame).unwrap()).unwrap();
    assert_eq!(again, written, "{place}: the server would write it differently");
    let packed = encode(Codec::MessagePack, &frame).unwrap();
    assert_eq!(decode::<T>(Codec::MessagePack, &packed).as_ref(), Ok(&frame), "{place}: as MessagePack");
    let members: Value = rmp_serde::from_slice(&packed).unwrap();
    assert_eq!(members, written, "{place}: MessagePack has the same members");
    frame
}

fn label_of(example: &Example) -> &'static str {
    if example.label.starts_with("client ") {
        labels::of_client(&check::<ClientFrame>(example))
    } else {
        labels::of_server(&check::<ServerFrame>(example))
    }
}

#[test]
fn every_example_is_the_frame_that_its_label_names_in_both_codecs() {
    for example in examples() {
        assert_eq!(label_of(&example), example.label, "line {}", example.line);
    }
}

#[test]
fn every_frame_has_an_example() {
    let mut shown: Vec<String> = examples().into_iter().map(|example| example.label).collect();
    shown.sort_unstable();
    shown.dedup();
    assert_eq!(shown, labels::all());
}

#[test]
fn a_command_in_the_client_is_answered_by_the_example_with_its_id() {
    let examples = examples();
    let number = |example: &&Example| serde_json::from_str::<Value>(&example.json).unwrap()["id"].clone();
    for example in examples.iter().filter(|example| example.label.starts_with("client ")) {
        let id = number(&example);
        let answers = |other: &Example| {
            let value: Value = serde_json::from_str(&other.json).unwrap();
            value["ack"]["id"] == id
        };
        let is_typing = example.label == "client typing";
        assert!(is_typing || examples.iter().any(answers), "{} has an ack", example.label);
    }
}

#[test]
fn the_message_of_the_examples_has_the_id_that_its_client_ref_gives() {
    let mut sent = None;
    let mut seen = Vec::new();
    let mut author = None;
    for example in examples() {
        if example.label == "client send" {
            let Command::Send(send) = check::<ClientFrame>(&example).command else { panic!("a send") };
            sent = Some(send);
        } else if example.label.starts_with("server ") {
            match check::<ServerFrame>(&example) {
                ServerFrame::Ack(ack) => match ack.result {
                    plenum_schema::wire::AckResult::Identified(identified) => author = Some(identified.user),
                    plenum_schema::wire::AckResult::Sent(ack) => seen.push((ack.topic, ack.message)),
                    _ => {}
                },
                ServerFrame::Event(frame) => {
                    if let Event::Conversation(ConversationEvent::Message(message)) = frame.event {
                        seen.push((frame.topic, message.id));
                    }
                }
                _ => {}
            }
        }
    }
    let (sent, author): (_, UserId) = (sent.unwrap(), author.unwrap());
    let id = EntryId::of_client_ref(sent.topic.log().unwrap(), author, &sent.client_ref.unwrap());
    seen.retain(|(topic, _)| *topic == sent.topic);
    assert_eq!(seen, [(sent.topic, id), (sent.topic, id)]);
}

#[test]
fn the_bytes_shown_for_messagepack_are_those_of_the_ping() {
    let frame = ClientFrame { id: 8, command: Command::Ping(plenum_schema::wire::Ping {}) };
    let bytes = encode(Codec::MessagePack, &frame).unwrap();
    let shown: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(crate::documents::protocol().contains(&shown.join(" ")), "{}", shown.join(" "));
}
