//! What cannot be read is refused, and whoever goes on with it is closed.

use super::peer::{BOTH, Peer, identify, protocol_of};
use super::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::wire::CloseCode;
use plenum_websocket::Opcode;

const TOPIC: &str = "conversation:00000000-0000-0000-0000-000000000001";

fn unreadable_json() -> Vec<(&'static str, Vec<u8>)> {
    let deep = format!(r#"{{"id":1,"command":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    vec![
        ("nothing", b" ".to_vec()),
        ("no JSON", b"hello".to_vec()),
        ("cut off", br#"{"id":1,"command":{"ping":{}"#.to_vec()),
        ("an unknown member", br#"{"id":1,"command":{"ping":{}},"more":1}"#.to_vec()),
        ("an unknown member inside", br#"{"id":1,"command":{"ping":{"more":1}}}"#.to_vec()),
        ("an unknown command", br#"{"id":1,"command":{"shout":{}}}"#.to_vec()),
        ("two commands", br#"{"id":1,"command":{"ping":{},"ping":{}}}"#.to_vec()),
        ("a member twice", br#"{"id":1,"id":2,"command":{"ping":{}}}"#.to_vec()),
        ("a text for a number", br#"{"id":"1","command":{"ping":{}}}"#.to_vec()),
        ("a number below zero", br#"{"id":-1,"command":{"ping":{}}}"#.to_vec()),
        ("a number too big", br#"{"id":4294967296,"command":{"ping":{}}}"#.to_vec()),
        ("a fraction", br#"{"id":1.5,"command":{"ping":{}}}"#.to_vec()),
        ("a list for a map", br#"[1,{"ping":{}}]"#.to_vec()),
        ("a missing member", br#"{"id":1,"command":{"send":{"topic":"x"}}}"#.to_vec()),
        (
            "a topic in capitals",
            format!(r#"{{"id":1,"command":{{"subscribe":{{"topic":"{}"}}}}}}"#, TOPIC.to_uppercase()).into(),
        ),
        ("something behind", br#"{"id":1,"command":{"ping":{}}} {}"#.to_vec()),
        ("a bomb of depth", deep.into()),
    ]
}

/// MessagePack: a map of two is 0x82, texts are 0xa0 and their length.
fn unreadable_msgpack() -> Vec<(&'static str, Vec<u8>)> {
    let good = b"\x82\xa2id\x01\xa7command\x81\xa4ping\x80".to_vec();
    let with = |from: &[u8], to: &[u8]| -> Vec<u8> {
        let at = good.windows(from.len()).position(|window| window == from).unwrap();
        [&good[..at], to, &good[at + from.len()..]].concat()
    };
    vec![
        ("nothing", Vec::new()),
        ("cut off", good[..good.len() - 1].to_vec()),
        ("something behind", [&good[..], b"\xc0"].concat()),
        ("an extension type", with(b"\x01", b"\xd4\x05\x00")),
        ("a time stamp", with(b"\x01", b"\xd6\xff\x00\x00\x00\x00")),
        ("a reserved byte", with(b"\x01", b"\xc1")),
        ("a text for a number", with(b"\x01", b"\xa11")),
        ("a number below zero", with(b"\x01", b"\xff")),
        ("an unknown member", with(b"\xa4ping\x80", b"\xa4ping\x81\xa1x\xc0")),
        ("an unknown command", with(b"ping", b"pong")),
        ("a list of a million that is not there", with(b"\x80", b"\xdd\x00\x0f\x42\x40")),
        ("a text of four gibibytes that is not there", with(b"\xa4ping\x80", b"\xdb\xff\xff\xff\xff")),
        ("a bomb of depth", with(b"\x80", &[0x91; 10_000])),
    ]
}

fn unreadable(codec: Codec) -> (Opcode, Vec<(&'static str, Vec<u8>)>) {
    match codec {
        Codec::Json => (Opcode::Text, unreadable_json()),
        Codec::MessagePack => (Opcode::Binary, unreadable_msgpack()),
    }
}

#[tokio::test]
async fn whatever_cannot_be_read_is_refused_as_malformed_and_the_connection_lives_on() {
    let world = World::with(|config| config.limits.unreadable_frames = 1_000);
    let people = world.people(1).await;
    for codec in BOTH {
        let mut peer = world.peer(codec, &people[0]).await;
        let (opcode, samples) = unreadable(codec);
        for (what, bytes) in samples {
            peer.push_raw(opcode, &bytes).await;
            let refusal = peer.expect_malformed().await;
            assert!(refusal.message.len() < 500, "{what}: {refusal}");
            peer.fence().await;
        }
    }
}

#[tokio::test]
async fn a_message_in_the_other_kind_of_frame_is_refused_as_malformed() {
    let world = World::start();
    for (codec, opcode) in [(Codec::Json, Opcode::Binary), (Codec::MessagePack, Opcode::Text)] {
        let mut peer = Peer::connect(world.address(), codec).await;
        peer.push_raw(opcode, br#"{"id":1,"command":{"ping":{}}}"#).await;
        let refusal = peer.expect_malformed().await;
        assert!(refusal.message.contains(if codec == Codec::Json { "text" } else { "binary" }), "{refusal}");
        peer.fence().await;
    }
}

#[tokio::test]
async fn whoever_goes_on_sending_unreadable_frames_is_closed() {
    let world = World::with(|config| config.limits.unreadable_frames = 3);
    for codec in BOTH {
        let mut peer = Peer::connect(world.address(), codec).await;
        let (opcode, samples) = unreadable(codec);
        for (_, bytes) in samples.iter().take(3) {
            peer.push_raw(opcode, bytes).await;
            peer.expect_malformed().await;
        }
        let ended = peer.expect_close().await;
        assert_eq!(ended.code, CloseCode::Protocol.code());
        assert_eq!(ended.goodbye.expect("a goodbye").retry_after_ms, None);
    }
}

#[tokio::test]
async fn a_token_that_is_malformed_in_itself_is_refused_by_field() {
    let world = World::start();
    let mut peer = Peer::connect(world.address(), Codec::Json).await;
    let id = peer.push(identify(&"x".repeat(9_000))).await;
    let refusal = peer.expect_refusal(id).await;
    assert_eq!((refusal.code.as_str(), refusal.field.as_deref()), ("tooLarge", Some("token")));
}

#[tokio::test]
async fn hello_is_the_first_frame_and_tells_the_limits_in_force() {
    let world = World::with(|config| {
        config.limits.message_bytes = 9_999;
        config.limits.topics_per_connection = 7;
        config.hub.identify_within_ms = 8_888;
        config.hub.heartbeat_interval_ms = 7_777;
        config.conversations.text_bytes = 4_444;
    });
    for codec in BOTH {
        let peer = Peer::connect(world.address(), codec).await;
        let hello = peer.hello.as_ref().unwrap();
        assert_eq!(hello.protocol, "plenum.v1");
        assert!(protocol_of(codec).starts_with(&hello.protocol));
        let told = (hello.limits.message_bytes, hello.limits.topics, hello.limits.identify_within_ms);
        assert_eq!((told, hello.heartbeat.interval_ms), ((9_999, 7, 8_888), 7_777));
        assert_eq!(hello.limits.text_bytes, 4_444);
    }
}
