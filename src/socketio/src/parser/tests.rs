use super::*;

fn read(text: &str) -> Result<Option<Packet<'_>>, PacketError> {
    Decoder::new().text(text, &PacketLimits::default())
}

fn error(text: &str) -> PacketError {
    read(text).expect_err(text)
}

#[test]
fn every_kind_of_packet_is_read() {
    let body = |text| read(text).unwrap().unwrap().body;
    assert_eq!(body("0"), Body::Connect(None));
    let Body::Connect(Some(auth)) = body(r#"0{"token": "123"}"#) else { panic!("a connect") };
    assert_eq!(auth.raw(), br#"{"token":"123"}"#);
    assert_eq!(body("1"), Body::Disconnect);
    let Body::Event { id: Some(13), name, args } = body(r#"213["bar",{"a":[1]}]"#) else { panic!("an event") };
    assert_eq!((name.as_ref(), args.raw(0)), ("bar", Some(&br#"{"a":[1]}"#[..])));
    let Body::Ack { id: 15, args } = body(r#"315["bar"]"#) else { panic!("an ack") };
    assert_eq!(args.get::<String>(0).unwrap(), "bar");
    assert!(matches!(body(r#"4{"message":"Not authorized"}"#), Body::ConnectError(Some(_))));
    let Body::Event { name, .. } = body("2[7]") else { panic!("an event") };
    assert_eq!(name, "7");
}

#[test]
fn a_namespace_ends_at_the_comma_or_the_end() {
    for (text, namespace) in [("0/admin,", "/admin"), ("0/admin", "/admin"), ("1/a/b,", "/a/b"), ("0/,", "/")] {
        assert_eq!(read(text).unwrap().unwrap().namespace, namespace);
    }
    let packet = read(r#"2/admin,456["hey"]"#).unwrap().unwrap();
    assert_eq!(packet.namespace, "/admin");
    assert!(matches!(packet.body, Body::Event { id: Some(456), .. }));
}

#[test]
fn attachments_make_the_packet_whole() {
    let (mut decoder, limits) = (Decoder::new(), PacketLimits::default());
    let text = r#"52-["m",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}]"#;
    assert_eq!(decoder.text(text, &limits), Ok(None));
    assert_eq!(decoder.binary(&[1, 2], &limits), Ok(None));
    assert!(decoder.waiting_bytes() > 0);
    let packet = decoder.binary(&[3], &limits).unwrap().unwrap();
    let Body::Event { args, .. } = packet.body else { panic!("an event") };
    assert_eq!(args.value(0), Some(Value::Binary(Bytes::from_static(&[1, 2]))));
    assert_eq!(args.value(1).unwrap().binaries(), 1);
    assert_eq!(args.get::<crate::value::Attachment>(0).unwrap().num, 0);
    assert_eq!(decoder.waiting_bytes(), 0);
}

#[test]
fn wrong_packets_are_refused() {
    use PacketError::*;
    let cases = [
        ("", UnknownType),
        ("abc", UnknownType),
        ("7", UnknownType),
        ("ü", UnknownType),
        ("0[1]", Payload),
        ("0\"x\"", Payload),
        ("05{}", AckId),
        ("1{}", Payload),
        ("2", Payload),
        ("2[]", EventName),
        ("2{}", Payload),
        ("2[{}]", EventName),
        ("2[null,1]", EventName),
        (r#"2["connect"]"#, EventName),
        (r#"2["disconnecting"]"#, EventName),
        (r#"2["a""#, Malformed),
        (r#"2["a"]x"#, Malformed),
        (r#"2["a",]"#, Malformed),
        (r#"2["a",1 2]"#, Malformed),
        (r#"0{"a":tr ue}"#, Malformed),
        ("3[]", AckId),
        ("31{}", Payload),
        (r#"299999999999999999999["a"]"#, AckId),
        (r#"29007199254740992["a"]"#, AckId),
        (r#"5["a"]"#, AttachmentCount),
        (r#"5-["a"]"#, AttachmentCount),
        (r#"50-["a"]"#, AttachmentCount),
        (r#"5-1-["a"]"#, AttachmentCount),
        (r#"51.5-["a"]"#, AttachmentCount),
        (r#"5+1-["a"]"#, AttachmentCount),
        (r#"511-["a"]"#, TooManyAttachments(10)),
        (r#"599999999999999999999999-["a"]"#, TooManyAttachments(10)),
        (r#"51-["a",{"_placeholder":true,"num":1}]"#, Placeholder),
        (r#"51-["a",{"_placeholder":true,"num":-1}]"#, Placeholder),
        (r#"51-["a",{"_placeholder":true,"num":0.5}]"#, Placeholder),
        (r#"51-["a",{"_placeholder":true,"num":"0"}]"#, Placeholder),
        (r#"51-["a",{"_placeholder":true}]"#, Placeholder),
        (r#"51-["a",[{"x":{"_placeholder":true,"num":7}}]]"#, Placeholder),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected, "{text}");
    }
    assert_eq!(error(&format!("2[\"a\",{}{}]", "[".repeat(200), "]".repeat(200))), Depth(64));
    assert_eq!(error(&format!("0/{},", "n".repeat(300))), NamespaceBytes(256));
    assert_eq!(error(&format!("2[\"a\"{}]", ",1".repeat(65))), TooManyArguments(64));
}

#[test]
fn attachments_come_right_behind_their_packet() {
    let (mut decoder, limits) = (Decoder::new(), PacketLimits { attachment_bytes: 4, ..PacketLimits::default() });
    assert!(decoder.text("0", &limits).is_ok());
    assert_eq!(decoder.binary(&[1], &limits), Err(PacketError::UnexpectedAttachment));
    let text = r#"52-["m",{"_placeholder":true,"num":0},1]"#;
    assert_eq!(decoder.text(text, &limits), Ok(None));
    assert_eq!(decoder.text("0", &limits), Err(PacketError::AttachmentsMissing));
    assert_eq!(decoder.binary(&[1, 2, 3], &limits), Ok(None));
    assert_eq!(decoder.binary(&[1, 2], &limits), Err(PacketError::AttachmentBytes(4)));
}

#[test]
fn arguments_become_types() {
    let packet = read(r#"2["m",1,"two",{"three":[true]}]"#).unwrap().unwrap();
    let Body::Event { args, .. } = packet.body else { panic!("an event") };
    let (one, two, three): (u8, String, serde_json::Value) = args.parse().unwrap();
    assert_eq!((one, two.as_str(), three), (1, "two", serde_json::json!({"three": [true]})));
    assert!(args.parse::<(u8, String, u8)>().is_err());
    assert!(args.parse::<(u8, String, Value, u8)>().is_err(), "too few");
    assert_eq!(args.get::<u8>(9).unwrap_err().0, "argument 9 is missing");
    let into_owned = args.into_owned();
    assert_eq!(into_owned.raw(1), Some(&b"\"two\""[..]));
}

#[test]
fn messagepack_packets_are_read_and_checked() {
    let limits = PacketLimits::default();
    let pack = |value: serde_json::Value| rmp_serde::to_vec_named(&value).unwrap();
    let read = |value| {
        let bytes = pack(value);
        Decoder::new().binary(&bytes, &limits).map(|packet| packet.unwrap().into_owned())
    };
    let event = serde_json::json!({"type": 2, "data": ["m", 1, {"k": [2]}], "options": {"compress": true}, "nsp": "/a", "id": 7});
    let packet = read(event).unwrap();
    assert_eq!(packet.namespace, "/a");
    let Body::Event { id: Some(7), name, args } = packet.body else { panic!("an event") };
    assert_eq!((name.as_ref(), args.get::<i64>(0).unwrap()), ("m", 1));
    assert_eq!(args.parse::<(u8, serde_json::Value)>().unwrap().1, serde_json::json!({"k": [2]}));
    use PacketError::*;
    let cases = [
        (serde_json::json!({"type": 9, "nsp": "/"}), UnknownType),
        (serde_json::json!({"type": 2, "nsp": "x", "data": ["a"]}), Namespace),
        (serde_json::json!({"type": 2, "nsp": 5, "data": ["a"]}), Namespace),
        (serde_json::json!({"type": 2, "nsp": "/", "data": []}), EventName),
        (serde_json::json!({"type": 2, "nsp": "/", "data": ["connect"]}), EventName),
        (serde_json::json!({"type": 2, "nsp": "/"}), Payload),
        (serde_json::json!({"type": 0, "nsp": "/", "data": []}), Payload),
        (serde_json::json!({"type": 1, "nsp": "/", "data": {}}), Payload),
        (serde_json::json!({"type": 3, "nsp": "/", "data": []}), AckId),
        (serde_json::json!({"type": 3, "nsp": "/", "data": [], "id": -1}), AckId),
        (serde_json::json!([1, 2]), Malformed),
    ];
    for (value, expected) in cases {
        assert_eq!(read(value.clone()), Err(expected), "{value}");
    }
    let deep = (0..70).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
    let beyond = [
        (serde_json::json!({"type": 2, "nsp": "/", "data": ["a", deep]}), "depth"),
        (serde_json::json!({"type": 2, "nsp": "/", "data": vec!["a"; 66]}), "arguments"),
        (serde_json::json!({"type": 0, "nsp": format!("/{}", "n".repeat(300))}), "namespace_bytes"),
    ];
    for (value, limit) in beyond {
        let refused = read(value).unwrap_err();
        assert_eq!(refused.limit(), Some(limit), "{refused}");
        let number = match limit {
            "namespace_bytes" => "256",
            _ => "64",
        };
        assert!(refused.to_string().contains(number), "{refused} names the limit");
    }
    let mut trailing = pack(serde_json::json!({"type": 0, "nsp": "/"}));
    trailing.push(0);
    assert_eq!(Decoder::new().binary(&trailing, &limits), Err(Malformed));
}
