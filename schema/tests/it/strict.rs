//! Both decoders say no, with a typed error, to everything that is not exactly the written form. Never a panic.

use plenum_schema::codec::{Codec, DecodeError, decode, encode};
use plenum_schema::wire::{ClientFrame, Command, ServerFrame};
use serde_json::{Value, json};

const TOPIC: &str = "conversation:0192f0c4-0003-7000-8000-00000000000c";

fn json(text: &str) -> Result<ClientFrame, DecodeError> {
    decode(Codec::Json, text.as_bytes())
}

fn packed(bytes: &[u8]) -> Result<ClientFrame, DecodeError> {
    decode(Codec::MessagePack, bytes)
}

/// The verdicts of both codecs on the same value.
fn verdicts(value: &Value) -> [Result<ClientFrame, DecodeError>; 2] {
    [json(&value.to_string()), packed(&rmp_serde::to_vec(value).unwrap())]
}

fn subscribe(since: &Value) -> Value {
    json!({"id": 1, "command": {"subscribe": {"topic": TOPIC, "since": since}}})
}

fn is_shape(result: &Result<ClientFrame, DecodeError>) -> bool {
    matches!(result, Err(DecodeError::Shape(_)))
}

#[test]
fn the_written_form_is_accepted_by_both_codecs() {
    let good = [
        subscribe(&json!(0)),
        subscribe(&json!(9_007_199_254_740_993_u64)),
        subscribe(&json!(null)),
        json!({"command": {"ping": {}}, "id": 4_294_967_295_u32}),
        json!({"id": 0, "command": {"send": {"topic": TOPIC, "content": {"text": "a\u{0}\u{1f600}"}}}}),
    ];
    for value in good {
        let [a, b] = verdicts(&value);
        assert!(a.is_ok(), "{value}: {a:?}");
        assert_eq!(a, b, "{value}");
    }
}

#[test]
fn members_that_are_unknown_missing_or_of_a_wrong_type_are_refused_by_both_codecs() {
    let bad = [
        json!({"id": 1, "command": {"ping": {}}, "more": 1}),
        json!({"id": 1, "command": {"ping": {"more": 1}}}),
        json!({"id": 1, "command": {"dance": {}}}),
        json!({"id": 1, "command": {"Ping": {}}}),
        json!({"id": 1, "command": {"ping": {}, "typing": {"topic": TOPIC, "active": true}}}),
        json!({"id": 1, "command": {}}),
        json!({"id": 1, "command": "ping"}),
        json!({"id": 1, "command": {"ping": null}}),
        json!({"id": 1}),
        json!({"command": {"ping": {}}}),
        json!({}),
        json!(null),
        json!(true),
        json!("ping"),
        json!(17),
        json!({"id": "1", "command": {"ping": {}}}),
        json!({"id": null, "command": {"ping": {}}}),
        json!({"id": -1, "command": {"ping": {}}}),
        json!({"id": 4_294_967_296_u64, "command": {"ping": {}}}),
        json!({"id": 1.0, "command": {"ping": {}}}),
        json!({"id": 1, "command": {"send": {"topic": TOPIC, "content": {"kind": "html", "text": "a"}}}}),
        json!({"id": 1, "command": {"send": {"topic": TOPIC, "content": {"kind": 0, "text": "a"}}}}),
        json!({"id": 1, "command": {"send": {"topic": TOPIC, "content": "a"}}}),
        json!({"id": 1, "command": {"subscribe": {"topic": "conversation:"}}}),
        json!({"id": 1, "command": {"subscribe": {"topic": "conversation:0192F0C4-0003-7000-8000-00000000000C"}}}),
        subscribe(&json!(-1)),
        subscribe(&json!(0.5)),
        subscribe(&json!("41")),
        subscribe(&json!([41])),
        subscribe(&json!({})),
        subscribe(&json!(1e20)),
    ];
    for value in bad {
        for verdict in verdicts(&value) {
            assert!(is_shape(&verdict), "{value}: {verdict:?}");
        }
    }
}

#[test]
fn arrays_do_not_stand_for_members() {
    let bad = [
        json!([1, {"ping": {}}]),
        json!({"id": 1, "command": {"ping": []}}),
        json!({"id": 1, "command": ["ping", {}]}),
        json!({"id": 1, "command": ["ping"]}),
        json!({"id": 1, "command": {"typing": [TOPIC, true]}}),
    ];
    for value in bad {
        for verdict in verdicts(&value) {
            assert!(is_shape(&verdict), "{value}: {verdict:?}");
        }
    }
}

#[test]
fn numbers_and_bytes_do_not_stand_for_names_or_text_in_messagepack() {
    let ping = encode(Codec::MessagePack, &json!({"id": 1, "command": {"ping": {}}})).unwrap();
    assert!(packed(&ping).is_ok());
    let cases: [&[u8]; 4] = [
        // {0: 1, 1: {"ping": {}}}: members by number
        b"\x82\x00\x01\x01\x81\xa4ping\x80",
        // {"id": 1, "command": {7: {}}}: the command by number
        b"\x82\xa2id\x01\xa7command\x81\x07\x80",
        // {"id": 1, bin "command": {"ping": {}}}: a name in bytes
        b"\x82\xa2id\x01\xc4\x07command\x81\xa4ping\x80",
        // {"id": 1, "command": {"identify": {"token": bin "t"}}}: text in bytes
        b"\x82\xa2id\x01\xa7command\x81\xa8identify\x81\xa5token\xc4\x01t",
    ];
    for bytes in cases {
        assert!(is_shape(&packed(bytes)), "{bytes:x?}: {:?}", packed(bytes));
    }
}

#[test]
fn what_serde_derives_would_by_itself_take_other_forms_too() {
    // Why the decoder has a layer of its own: if this fails one day, that layer may go.
    assert!(serde_json::from_str::<ClientFrame>(r#"[1,{"ping":[]}]"#).is_ok());
    assert!(rmp_serde::from_slice::<ClientFrame>(b"\x82\x00\x01\x01\x81\xa4ping\x80").is_ok());
    assert!(json(r#"[1,{"ping":[]}]"#).is_err() && packed(b"\x82\x00\x01\x01\x81\xa4ping\x80").is_err());
}

#[test]
fn a_member_given_twice_is_refused() {
    for text in [
        r#"{"id":1,"id":1,"command":{"ping":{}}}"#,
        r#"{"id":1,"command":{"ping":{},"ping":{}}}"#,
        r#"{"id":1,"command":{"mark":{"topic":"conversation:0192f0c4-0003-7000-8000-00000000000c","read":1,"read":1}}}"#,
    ] {
        assert!(is_shape(&json(text)), "{text}: {:?}", json(text));
    }
    for bytes in [
        &b"\x83\xa2id\x01\xa2id\x01\xa7command\x81\xa4ping\x80"[..],
        b"\x82\xa2id\x01\xa7command\x82\xa4ping\x80\xa4ping\x80",
    ] {
        assert!(is_shape(&packed(bytes)), "{bytes:x?}: {:?}", packed(bytes));
    }
}

#[test]
fn bytes_behind_the_value_are_refused() {
    let good = r#"{"id":1,"command":{"ping":{}}}"#;
    assert!(json(&format!(" {good}\n")).is_ok());
    assert_eq!(json(&format!("{good}{good}")), Err(DecodeError::Trailing));
    assert_eq!(json(&format!("{good} x")), Err(DecodeError::Trailing));
    let mut bytes = encode(Codec::MessagePack, &json(good).unwrap()).unwrap();
    bytes.push(0xc0);
    assert_eq!(packed(&bytes), Err(DecodeError::Trailing));
}

#[test]
fn a_value_that_ends_early_is_refused_at_every_length() {
    let frame = json(&subscribe(&json!(70_000)).to_string()).unwrap();
    for codec in [Codec::Json, Codec::MessagePack] {
        let bytes = encode(codec, &frame).unwrap();
        for length in 0..bytes.len() {
            assert!(decode::<ClientFrame>(codec, &bytes[..length]).is_err(), "{codec:?} {length}");
        }
    }
    let cut = encode(Codec::MessagePack, &frame).unwrap();
    assert_eq!(packed(&cut[..cut.len() - 1]), Err(DecodeError::Truncated));
    assert_eq!(packed(&[]), Err(DecodeError::Truncated));
}

#[test]
fn deep_nesting_is_refused_before_anything_is_built() {
    for depth in [17_usize, 1_000, 60_000] {
        let arrays = "[".repeat(depth) + &"]".repeat(depth);
        let objects = r#"{"id":"#.repeat(depth) + "1" + &"}".repeat(depth);
        assert_eq!(json(&arrays), Err(DecodeError::TooDeep));
        assert_eq!(json(&objects), Err(DecodeError::TooDeep));
        assert_eq!(json(&"[".repeat(depth)), Err(DecodeError::TooDeep));
        let packed_arrays = [vec![0x91; depth], vec![0xc0]].concat();
        let packed_maps = [b"\x81\xa1a".repeat(depth), vec![0xc0]].concat();
        assert_eq!(packed(&packed_arrays), Err(DecodeError::TooDeep));
        assert_eq!(packed(&packed_maps), Err(DecodeError::TooDeep));
    }
    // Brackets inside text are text.
    let text = r#"{"id":1,"command":{"identify":{"token":"[[[[[[[[[[[[[[[[[[[[\"{{{{{{"}}}"#;
    assert!(json(text).is_ok());
}

#[test]
fn a_declared_length_beyond_the_input_is_refused_before_it_is_used() {
    let lengths: [&[u8]; 10] = [
        b"\xdd\xff\xff\xff\xff",
        b"\xdc\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xde\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xda\xff\xff",
        b"\xd9\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\x8f",
        b"\xbf",
    ];
    for huge in lengths {
        assert_eq!(packed(huge), Err(DecodeError::Truncated), "{huge:x?}");
        let inside = [b"\x82\xa2id\x01\xa7command\x81\xa8identify\x81\xa5token", huge].concat();
        assert_eq!(packed(&inside), Err(DecodeError::Truncated), "{inside:x?}");
        assert_eq!(decode::<ServerFrame>(Codec::MessagePack, huge), Err(DecodeError::Truncated), "{huge:x?}");
    }
}

#[test]
fn extension_types_and_the_unused_byte_are_refused() {
    let extensions: [&[u8]; 8] = [
        b"\xd4\x01\x00",
        b"\xd5\x01\x00\x00",
        b"\xd6\xff\x00\x00\x00\x00",
        b"\xd7\xff\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\xd8\x01",
        b"\xc7\x00\x01",
        b"\xc8\x00\x00\x01",
        b"\xc9\x00\x00\x00\x00\x01",
    ];
    for extension in extensions {
        assert_eq!(packed(extension), Err(DecodeError::Extension));
        let as_id = [b"\x82\xa2id", extension, b"\xa7command\x81\xa4ping\x80"].concat();
        assert_eq!(packed(&as_id), Err(DecodeError::Extension), "{as_id:x?}");
    }
    assert!(is_shape(&packed(b"\xc1")));
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    for bad in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"] {
        let text = [br#"{"id":1,"command":{"identify":{"token":""#, bad, br#""}}}"#].concat();
        assert!(is_shape(&decode(Codec::Json, &text)), "{bad:x?}");
        let length = 0xa0 | u8::try_from(bad.len()).unwrap();
        let bytes = [b"\x82\xa2id\x01\xa7command\x81\xa8identify\x81\xa5token", &[length][..], bad].concat();
        assert!(is_shape(&packed(&bytes)), "{bad:x?}: {:?}", packed(&bytes));
    }
    // A lone surrogate, escaped.
    assert!(is_shape(&json(r#"{"id":1,"command":{"identify":{"token":"\ud800"}}}"#)));
}

#[test]
fn numbers_that_are_no_integers_are_refused() {
    for text in ["NaN", "Infinity", "-0.0", "1.0", "1e2", "18446744073709551616", "01", "+1", "0x1", "--1", "1_000"] {
        assert!(is_shape(&json(&format!(r#"{{"id":{text},"command":{{"ping":{{}}}}}}"#))), "{text}");
    }
    let floats = [f64::NAN, f64::INFINITY, 1.0, -0.0];
    let doubles = floats.iter().map(|float| [&[0xcb][..], &float.to_be_bytes()].concat());
    let singles = [[&[0xca][..], &f32::NAN.to_be_bytes()].concat()];
    for number in doubles.chain(singles) {
        let bytes = [b"\x82\xa2id", &number[..], b"\xa7command\x81\xa4ping\x80"].concat();
        assert!(is_shape(&packed(&bytes)), "{bytes:x?}");
    }
}

#[test]
fn integers_may_be_written_in_any_width() {
    let widths: [&[u8]; 7] = [
        b"\x07",
        b"\xcc\x07",
        b"\xcd\x00\x07",
        b"\xce\x00\x00\x00\x07",
        b"\xd0\x07",
        b"\xd1\x00\x07",
        b"\xd3\x00\x00\x00\x00\x00\x00\x00\x07",
    ];
    for number in widths {
        let bytes = [b"\x82\xa2id", number, b"\xa7command\x81\xa4ping\x80"].concat();
        let frame = packed(&bytes).unwrap();
        assert!(frame.id == 7 && matches!(frame.command, Command::Ping(_)), "{bytes:x?}");
    }
}
