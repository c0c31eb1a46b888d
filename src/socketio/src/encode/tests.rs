use super::*;
use crate::packet::{Body, PacketLimits};
use crate::parser::Decoder;
use plenum_websocket::client::read_frame;

/// The frames of a piece: text as text, binary in hexadecimal digits.
fn shown(mut bytes: &[u8]) -> Vec<String> {
    let mut frames = Vec::new();
    while let Some((frame, len)) = read_frame(bytes) {
        frames.push(match frame.opcode {
            Opcode::Text => String::from_utf8(frame.payload.to_vec()).unwrap(),
            _ => format!("{:02x?}", frame.payload),
        });
        bytes = &bytes[len..];
    }
    assert!(bytes.is_empty());
    frames
}

fn arguments() -> Arguments {
    Arguments::of(&1).unwrap().with("2").unwrap().with(&serde_json::json!({"3": [true]})).unwrap()
}

#[test]
fn packets_of_the_default_parser_are_what_the_protocol_says() {
    let json = Parser::Json;
    assert_eq!(shown(&connect(json, "/", "abc", None)), [r#"40{"sid":"abc"}"#]);
    assert_eq!(shown(&connect(json, "/custom", "abc", Some("p"))), [r#"40/custom,{"sid":"abc","pid":"p"}"#]);
    let error = connect_error(json, "/random", "Invalid namespace", None);
    assert_eq!(shown(&error), [r#"44/random,{"message":"Invalid namespace"}"#]);
    let data = Value::Object(vec![("code".into(), Value::Int(7))]);
    assert_eq!(shown(&connect_error(json, "/", "no", Some(&data))), [r#"44{"message":"no","data":{"code":7}}"#]);
    assert_eq!(shown(&disconnect(json, "/custom")), ["41/custom,"]);
    assert_eq!(
        shown(&event(json, "/", None, "message-back", &arguments())),
        [r#"42["message-back",1,"2",{"3":[true]}]"#]
    );
    assert_eq!(shown(&event(json, "/c", Some(5), "a\"b", &Arguments::new())), [r#"42/c,5["a\"b"]"#]);
    assert_eq!(shown(&ack(json, "/", 456, &arguments())), [r#"43456[1,"2",{"3":[true]}]"#]);
    assert_eq!(shown(&ack(json, "/", 0, &Arguments::new())), ["430[]"]);
}

#[test]
fn attachments_follow_their_packet_in_one_piece() {
    let arguments = Arguments::new()
        .with_binary(Bytes::from_static(&[1, 2, 3]))
        .with_value(Value::List(vec![Value::Binary(Bytes::from_static(&[4, 5, 6]))]));
    let expected =
        [r#"452-["m",{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}]]"#, "[01, 02, 03]", "[04, 05, 06]"];
    assert_eq!(shown(&event(Parser::Json, "/", None, "m", &arguments)), expected);
    assert!(shown(&ack(Parser::Json, "/", 3, &arguments))[0].starts_with("462-3["));
}

fn received(text: &str, attachments: &[&[u8]]) -> Args<'static> {
    let (mut decoder, limits) = (Decoder::new(), PacketLimits::default());
    let mut packet = decoder.text(text, &limits).unwrap().map(crate::Packet::into_owned);
    for bytes in attachments {
        packet = decoder.binary(bytes, &limits).unwrap().map(crate::Packet::into_owned);
    }
    let Some(Body::Event { args, .. }) = packet.map(|packet| packet.body) else { panic!("an event") };
    args
}

#[test]
fn arguments_of_a_client_are_passed_on_as_they_came() {
    let args = received(r#"2["m", {"z" : 1.0, "a":"é"}]"#, &[]);
    let passed = Arguments::new().with_args(&args);
    assert_eq!(shown(&event(Parser::Json, "/", None, "b", &passed)), [r#"42["b",{"z":1.0,"a":"é"}]"#]);
    let text = r#"52-["m",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#;
    let args = received(text, &[&[1], &[2]]);
    let passed = Arguments::new().with_args(&args);
    let expected = [r#"452-["b",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#, "[01]", "[02]"];
    assert_eq!(shown(&event(Parser::Json, "/", None, "b", &passed)), expected);
    let behind = Arguments::new().with_binary(Bytes::from_static(&[9])).with_args(&args);
    let frames = shown(&event(Parser::Json, "/", None, "b", &behind));
    assert_eq!(frames[1..], ["[09]", "[02]", "[01]"], "numbered anew");
}

#[test]
fn both_parsers_say_the_same() {
    let text = r#"51-["m",{"_placeholder":true,"num":0},"x",null,-7]"#;
    let args = received(text, &[&[1, 2]]);
    let bytes =
        event(Parser::MessagePack, "/n", Some(8), "m", &Arguments::new().with_args(&args).with(&"end").unwrap());
    let (frame, _) = read_frame(&bytes).unwrap();
    assert_eq!(frame.opcode, Opcode::Binary);
    let packet = Decoder::new().binary(frame.payload, &PacketLimits::default()).unwrap().unwrap();
    assert_eq!(packet.namespace, "/n");
    let Body::Event { id: Some(8), name, args } = packet.body else { panic!("an event") };
    assert_eq!((name.as_ref(), args.len()), ("m", 5));
    assert_eq!(args.value(0), Some(Value::Binary(Bytes::from_static(&[1, 2]))));
    assert_eq!(args.get::<i64>(3).unwrap(), -7);
    assert_eq!(args.get::<String>(4).unwrap(), "end");
    let back = event(Parser::Json, "/", None, "m", &Arguments::new().with_args(&args));
    assert_eq!(shown(&back), [r#"451-["m",{"_placeholder":true,"num":0},"x",null,-7,"end"]"#, "[01, 02]"]);
}
