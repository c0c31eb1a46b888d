//! Broken rules of RFC 6455, each with its close code.

use super::peer::{BOTH, Heard, Peer};
use super::world::World;
use plenum_schema::codec::Codec;
use plenum_websocket::Opcode;
use plenum_websocket::client::{frame, put_frame};

const MASK: [u8; 4] = [9, 8, 7, 6];

/// Sends bytes; answers the code the server closes with.
async fn code_for(world: &World, codec: Codec, bytes: &[u8]) -> u16 {
    let mut peer = Peer::connect(world.address(), codec).await;
    peer.write(bytes).await.unwrap();
    let ended = peer.expect_close().await;
    assert!(ended.goodbye.is_none(), "a broken rule of the transport is answered by the transport");
    ended.code
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_closed_with_1009_before_it_has_arrived() {
    let world = World::with(|config| config.limits.message_bytes = 1_000);
    for codec in BOTH {
        let mut announced = vec![0x80 | Opcode::Text as u8, 0x80 | 127];
        announced.extend((1_u64 << 40).to_be_bytes());
        announced.extend(MASK);
        assert_eq!(code_for(&world, codec, &announced).await, 1009);
        assert_eq!(code_for(&world, codec, &frame(Opcode::Binary, MASK, &[b' '; 1_001])).await, 1009);
        let mut pieces = Vec::new();
        put_frame(&mut pieces, false, Opcode::Text, MASK, &[b' '; 600]);
        put_frame(&mut pieces, true, Opcode::Continuation, MASK, &[b' '; 600]);
        assert_eq!(code_for(&world, codec, &pieces).await, 1009);
    }
}

#[tokio::test]
async fn a_text_that_is_not_utf8_is_closed_with_1007() {
    let world = World::start();
    assert_eq!(code_for(&world, Codec::Json, &frame(Opcode::Text, MASK, b"\"\xff\"")).await, 1007);
    let mut pieces = Vec::new();
    put_frame(&mut pieces, false, Opcode::Text, MASK, b"\"\xc3");
    put_frame(&mut pieces, false, Opcode::Continuation, MASK, b"\x28");
    assert_eq!(code_for(&world, Codec::Json, &pieces).await, 1007, "noticed before the message is complete");
}

#[tokio::test]
async fn every_other_broken_rule_is_closed_with_1002() {
    let world = World::start();
    let unmasked = vec![0x81, 2, b'{', b'}'];
    let mut new_inside = Vec::new();
    put_frame(&mut new_inside, false, Opcode::Text, MASK, b"{");
    put_frame(&mut new_inside, true, Opcode::Text, MASK, b"}");
    let mut fragmented_ping = Vec::new();
    put_frame(&mut fragmented_ping, false, Opcode::Ping, MASK, b"");
    let mut reserved_bit = frame(Opcode::Text, MASK, b"{}");
    reserved_bit[0] |= 0x40;
    let mut reserved_opcode = frame(Opcode::Text, MASK, b"{}");
    reserved_opcode[0] = 0x83;
    let cases = [
        ("no mask", unmasked),
        ("a continuation of nothing", frame(Opcode::Continuation, MASK, b"{}")),
        ("a new message inside another", new_inside),
        ("a ping in pieces", fragmented_ping),
        ("a long ping", frame(Opcode::Ping, MASK, &[0; 126])),
        ("a reserved bit", reserved_bit),
        ("a reserved opcode", reserved_opcode),
        ("a close of one byte", frame(Opcode::Close, MASK, b"x")),
        ("a close with a code that is none", frame(Opcode::Close, MASK, &1005_u16.to_be_bytes())),
    ];
    for (what, bytes) in cases {
        assert_eq!(code_for(&world, Codec::Json, &bytes).await, 1002, "{what}");
    }
}

#[tokio::test]
async fn a_command_in_many_fragments_with_pings_between_is_one_command() {
    let world = World::start();
    let mut peer = Peer::connect(world.address(), Codec::Json).await;
    let command = br#"{"id":77,"command":{"ping":{}}}"#;
    let mut bytes = Vec::new();
    for (at, byte) in command.iter().enumerate() {
        let opcode = if at == 0 { Opcode::Text } else { Opcode::Continuation };
        put_frame(&mut bytes, at + 1 == command.len(), opcode, MASK, &[*byte]);
        if at % 10 == 5 {
            bytes.extend(frame(Opcode::Ping, MASK, &[*byte]));
        }
    }
    for piece in bytes.chunks(13) {
        peer.write(piece).await.unwrap();
    }
    peer.expect_ack(77).await;
    for at in [5, 15, 25] {
        assert_eq!(
            peer.find("a pong", |heard| matches!(heard, Heard::Pong(_)).then(|| heard.clone())).await,
            Heard::Pong(vec![command[at]])
        );
    }
}

#[tokio::test]
async fn too_many_fragments_are_closed_with_1009() {
    let world = World::with(|config| config.websocket.fragments = 4);
    let mut pieces = Vec::new();
    for at in 0..5 {
        let opcode = if at == 0 { Opcode::Text } else { Opcode::Continuation };
        put_frame(&mut pieces, false, opcode, MASK, b"");
    }
    assert_eq!(code_for(&world, Codec::Json, &pieces).await, 1009);
}
