//! Hostile input: a saved corpus, mutated, and random packets. Nothing panics, nothing is kept that was not sent, and what is
//! accepted is passed on as it came.

use plenum_socketio::engine::{Packet as EnginePacket, payload};
use plenum_socketio::packet::PacketLimits;
use plenum_socketio::session::{Session, SessionConfig};
use plenum_socketio::{Arguments, Body, Decoder, Packet, Parser, Value, encode};
use plenum_websocket::Opcode;
use plenum_websocket::client::read_frame;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use std::fs;
use std::path::Path;

const MUTATIONS: u64 = 20_000;

/// What a long run chooses instead of the usual: `PLENUM_FUZZ_SEED` and `PLENUM_FUZZ_CASES`.
fn chosen(name: &str, usual: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return usual };
    text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}"))
}

fn corpus(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus").join(folder);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

fn mutate(bytes: &mut Vec<u8>, others: &[Vec<u8>], random: &mut StdRng) {
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..=bytes.len());
        match random.random_range(0..5) {
            0 if at < bytes.len() => bytes[at] = random.random(),
            1 if at < bytes.len() => {
                bytes.remove(at);
            }
            2 => bytes.insert(at, *b"0123456789-/,[]{}\"\\\x1eb".choose(random).unwrap()),
            3 => bytes.truncate(at),
            _ => {
                let other = others.choose(random).unwrap();
                bytes.extend_from_slice(&other[random.random_range(0..=other.len())..]);
            }
        }
    }
}

fn with_mutations(folder: &str, mut check: impl FnMut(&[u8])) {
    let (all, mut random) = (corpus(folder), StdRng::seed_from_u64(chosen("PLENUM_FUZZ_SEED", 0x50c4e7)));
    all.iter().for_each(|bytes| check(bytes));
    for _ in 0..chosen("PLENUM_FUZZ_CASES", MUTATIONS) {
        let mut bytes = all.choose(&mut random).unwrap().clone();
        mutate(&mut bytes, &all, &mut random);
        check(&bytes);
    }
}

#[test]
fn payloads_are_read_or_refused_and_come_back_as_they_were() {
    with_mutations("payload", |bytes| {
        let Ok(packets) = payload::decode(bytes, 16) else { return };
        let packets: Vec<_> = packets.collect();
        assert!(packets.len() <= 16);
        let Ok(packets) = packets.into_iter().collect::<Result<Vec<EnginePacket<'_>>, _>>() else { return };
        let mut again = payload::PayloadBuilder::default();
        packets.iter().for_each(|packet| again.push(packet));
        let again = again.finish();
        let reread: Vec<_> = payload::decode(&again, 16).unwrap().map(Result::unwrap).collect();
        assert_eq!(reread, packets);
    });
}

/// The content of the frames of one packet.
fn contents(mut frames: &[u8]) -> Vec<(Opcode, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some((frame, len)) = read_frame(frames) {
        all.push((frame.opcode, frame.payload.to_vec()));
        frames = &frames[len..];
    }
    all
}

/// Sends what was received on, and reads it again.
fn check_passed_on(packet: &Packet<'_>, parser: Parser, limits: &PacketLimits) {
    let Body::Event { id, name, args } = &packet.body else { return };
    let frames = encode::event(parser, &packet.namespace, *id, name, &Arguments::new().with_args(args));
    let mut decoder = Decoder::new();
    let mut again = None;
    for (opcode, content) in contents(&frames) {
        again = match opcode {
            Opcode::Text => {
                let text = std::str::from_utf8(&content).unwrap().strip_prefix('4').unwrap();
                decoder.text(text, limits).unwrap().map(Packet::into_owned)
            }
            _ => decoder.binary(&content, limits).unwrap().map(Packet::into_owned),
        };
    }
    let again = again.expect("a whole packet");
    assert_eq!(again.namespace, packet.namespace);
    let Body::Event { id: again_id, name: again_name, args: again_args } = again.body else { panic!("an event") };
    assert_eq!((again_id, &again_name), (*id, name));
    let values = |args: &plenum_socketio::Args<'_>| (0..args.len()).map(|index| args.value(index)).collect::<Vec<_>>();
    if parser == args.parser() {
        assert_eq!(values(&again_args), values(args));
    }
}

#[test]
fn text_packets_are_read_or_refused_and_are_passed_on_as_they_came() {
    let limits = PacketLimits::default();
    with_mutations("packet", |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let mut decoder = Decoder::new();
        let Ok(packet) = decoder.text(text, &limits) else {
            assert_eq!(decoder.waiting_bytes(), 0, "nothing is kept of what was refused");
            return;
        };
        assert!(decoder.waiting_bytes() <= text.len());
        let mut whole = packet.map(Packet::into_owned);
        for number in 0..limits.attachments as u8 {
            if whole.is_none() {
                whole = decoder.binary(&[number, 1], &limits).unwrap().map(Packet::into_owned);
            }
        }
        let whole = whole.expect("no more attachments than the limit");
        check_passed_on(&whole, Parser::Json, &limits);
        check_passed_on(&whole, Parser::MessagePack, &limits);
    });
}

#[test]
fn messagepack_packets_are_read_or_refused() {
    let limits = PacketLimits::default();
    with_mutations("msgpack", |bytes| {
        let Ok(Some(packet)) = Decoder::new().binary(bytes, &limits) else { return };
        check_passed_on(&packet, Parser::MessagePack, &limits);
    });
}

#[test]
fn a_session_survives_any_sequence_of_packets() {
    let (texts, packs) = (corpus("packet"), corpus("msgpack"));
    let mut random = StdRng::seed_from_u64(chosen("PLENUM_FUZZ_SEED", 7));
    let config = SessionConfig::default();
    for _ in 0..chosen("PLENUM_FUZZ_CASES", 5_000) {
        let mut session = Session::new(&config, 0);
        for _ in 0..random.random_range(1..20) {
            let failed = if random.random_bool(0.7) {
                let text = String::from_utf8_lossy(texts.choose(&mut random).unwrap()).into_owned();
                let incoming = session.text(&text, &config);
                let failed = incoming.is_err();
                if let Ok(plenum_socketio::session::Incoming::Connect { namespace, .. }) = incoming {
                    let namespace = namespace.into_owned();
                    if random.random_bool(0.8) {
                        assert!(session.accept(&namespace));
                    } else {
                        session.refuse(&namespace);
                    }
                }
                failed
            } else {
                session.binary(packs.choose(&mut random).unwrap(), &config).is_err()
            };
            assert!(session.namespaces().count() <= config.namespaces);
            if failed {
                break;
            }
        }
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        ((i64::MAX as u64 + 1)..=u64::MAX).prop_map(Value::UInt),
        ".{0,12}".prop_map(Value::Text),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Value::Binary(bytes.into())),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            proptest::collection::vec(("[a-z]{1,6}", inner), 0..5).prop_map(Value::Object),
        ]
    })
}

/// JSON with placeholders, right and wrong ones, at any depth, also inside of each other.
fn any_placeholders() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        (0_usize..6).prop_map(|number| number.to_string()),
        proptest::sample::select(vec![
            "-1",
            "0.5",
            "1e3",
            "\"0\"",
            "null",
            "[]",
            "99999999999",
            "18446744073709551616"
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        4 => number.prop_map(|number| format!(r#"{{"_placeholder":true,"num":{number}}}"#)),
        1 => proptest::sample::select(vec![
            r#"{"_placeholder":true}"#, r#"{"_placeholder":false,"num":9}"#, r#"{"num":0}"#, r#"{"_placeholder":1,"num":0}"#, "1",
        ]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            inner.clone().prop_map(|inner| format!(r#"{{"x":{inner}}}"#)),
            inner.prop_map(|inner| format!(r#"{{"_placeholder":true,"num":0,"x":{inner}}}"#)),
        ]
    })
}

fn any_count() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (0_usize..12).prop_map(|count| count.to_string()),
        1 => proptest::sample::select(vec!["", "-1", "00", "4294967296", "18446744073709551616", "99999999999999999999999"])
            .prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn placeholders_and_counts_of_any_kind_are_read_or_refused_and_nothing_is_kept(
        (count, is_ack) in (any_count(), any::<bool>()), values in proptest::collection::vec(any_placeholders(), 0..4),
    ) {
        let limits = PacketLimits::default();
        let head = if is_ack { format!("6{count}-7[") } else { format!("5{count}-[\"a\",") };
        let text = format!("{head}{}]", values.join(","));
        let mut decoder = Decoder::new();
        let mut sent = 0;
        let mut read = decoder.text(&text, &limits).map(|packet| packet.map(Packet::into_owned));
        while let Ok(None) = read {
            prop_assert!(sent < limits.attachments, "waits for more attachments than a packet may have");
            read = decoder.binary(&[sent as u8], &limits).map(|packet| packet.map(Packet::into_owned));
            sent += 1;
        }
        prop_assert_eq!(decoder.waiting_bytes(), 0);
        let Ok(Some(packet)) = read else { return Ok(()) };
        prop_assert_eq!(Some(sent), count.parse().ok());
        let (Body::Event { args, .. } | Body::Ack { args, .. }) = &packet.body else { panic!("neither event nor ack") };
        for index in 0..args.len() {
            prop_assert!(args.value(index).is_some());
        }
    }

    #[test]
    fn any_arguments_come_back_by_either_parser(
        values in proptest::collection::vec(any_value(), 0..4),
        id in proptest::option::of(0_u64..=plenum_socketio::packet::MAX_ACK_ID),
        message_pack in any::<bool>(),
    ) {
        let limits = PacketLimits { attachments: 1_000, ..PacketLimits::default() };
        let parser = if message_pack { Parser::MessagePack } else { Parser::Json };
        let arguments = values.iter().cloned().fold(Arguments::new(), Arguments::with_value);
        let frames = encode::event(parser, "/n", id, "name", &arguments);
        let mut decoder = Decoder::new();
        let mut packet = None;
        for (opcode, content) in contents(&frames) {
            packet = match opcode {
                Opcode::Text => decoder.text(&String::from_utf8(content).unwrap()[1..], &limits).unwrap().map(Packet::into_owned),
                _ => decoder.binary(&content, &limits).unwrap().map(Packet::into_owned),
            };
        }
        let Body::Event { id: got, args, .. } = packet.unwrap().body else { panic!("an event") };
        prop_assert_eq!(got, id);
        let got: Vec<_> = (0..args.len()).map(|index| args.value(index).unwrap()).collect();
        prop_assert_eq!(got, values);
    }

    #[test]
    fn random_text_and_bytes_are_no_trouble(text in "[0-6]{1,2}[0-9\\-/,\\[\\]{}\"a-z:_]{0,40}", bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let limits = PacketLimits::default();
        let _ = Decoder::new().text(&text, &limits);
        let _ = Decoder::new().binary(&bytes, &limits);
        let _ = EnginePacket::decode(&text);
    }
}
