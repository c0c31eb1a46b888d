//! Socket.IO v5: the cases of the published test suite, and what it leaves open.

use super::peer::{Answer, Message, Running, Socket};

const WS_PATH: &str = "/socket.io/?EIO=4&transport=websocket";

fn open(host: &Running) -> Socket {
    let mut socket = host.websocket(WS_PATH);
    assert!(socket.text().starts_with('0'));
    socket
}

fn connected(host: &Running) -> Socket {
    let mut socket = open(host);
    socket.send("40");
    assert!(socket.text().starts_with("40{"));
    assert_eq!(socket.text(), r#"42["auth",{}]"#);
    socket
}

fn sid_in(packet: &str, head: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(packet.strip_prefix(head).unwrap()).unwrap();
    assert_eq!(value.as_object().unwrap().len(), 1, "only a sid");
    value["sid"].as_str().unwrap().to_owned()
}

#[test]
fn clients_join_namespaces_with_and_without_a_payload() {
    let host = Running::suite();
    let cases = [
        ("40", "40", r#"42["auth",{}]"#),
        (r#"40{"token":"123"}"#, "40", r#"42["auth",{"token":"123"}]"#),
        (r#"40{ "z": 1, "a": [true , null] }"#, "40", r#"42["auth",{"z":1,"a":[true,null]}]"#),
        ("40/custom,", "40/custom,", r#"42/custom,["auth",{}]"#),
        ("40/custom", "40/custom,", r#"42/custom,["auth",{}]"#),
        (r#"40/custom,{"token":"abc"}"#, "40/custom,", r#"42/custom,["auth",{"token":"abc"}]"#),
    ];
    for (connect, head, auth) in cases {
        let mut socket = open(&host);
        socket.send(connect);
        assert!(!sid_in(&socket.text(), head).is_empty());
        assert_eq!(socket.text(), auth);
    }
}

#[test]
fn an_unknown_namespace_is_refused_and_the_connection_stays() {
    let host = Running::suite();
    let mut socket = open(&host);
    socket.send("40/random,");
    assert_eq!(socket.text(), r#"44/random,{"message":"Invalid namespace"}"#);
    socket.send("40");
    assert!(socket.text().starts_with("40{"));
}

#[test]
fn what_may_not_come_closes_the_connection() {
    let host = Running::patient();
    for packet in ["4abc", "4", "42[\"early\"]", "41", "43[]", "44{}", "40[]", "4451-[\"x\"]"] {
        let mut socket = open(&host);
        socket.send(packet);
        assert_eq!(socket.next(), Message::Closed, "{packet}");
    }
    for packet in ["4abc", "42{}", "42[]", "42[\"connect\"]", "40", "42/custom,[\"a\"]", "452-[\"a\"", "45[\"a\"]"] {
        let mut socket = connected(&host);
        socket.send(packet);
        assert_eq!(socket.next(), Message::Closed, "{packet}");
    }
    let mut socket = connected(&host);
    socket.send_binary(&[1]);
    assert_eq!(socket.next(), Message::Closed);
}

#[test]
fn who_joins_no_namespace_in_time_is_closed() {
    let host = Running::patient();
    assert_eq!(open(&host).next(), Message::Closed);
}

#[test]
fn leaving_a_namespace_leaves_the_connection_open() {
    let host = Running::suite();
    let mut socket = connected(&host);
    socket.send("41");
    assert_eq!(socket.next(), Message::Text("2".into()), "the heart-beat goes on");
    socket.send("3");
    socket.send("40");
    assert!(socket.text().starts_with("40{"), "it may come back");
    assert_eq!(socket.text(), r#"42["auth",{}]"#);
    socket.send("40/custom,");
    assert!(socket.text().starts_with("40/custom,{"));
    assert!(socket.text().starts_with("42/custom,"));
    socket.send("41/custom,");
    socket.send(r#"42["message","message to main namespace"]"#);
    assert_eq!(socket.text(), r#"42["message-back","message to main namespace"]"#);
}

#[test]
fn messages_come_back_with_the_same_arguments() {
    let host = Running::suite();
    let mut socket = connected(&host);
    socket.send(r#"42["message",1,"2",{"3":[true]}]"#);
    assert_eq!(socket.text(), r#"42["message-back",1,"2",{"3":[true]}]"#);
    socket.send(r#"42["message", {"z": 1, "b": "x y", "a": {}} , "é\n" ]"#);
    assert_eq!(socket.text(), r#"42["message-back",{"z":1,"b":"x y","a":{}},"é\n"]"#);
    socket.send(r#"42["message"]"#);
    assert_eq!(socket.text(), r#"42["message-back"]"#);
    socket.send(r#"42456["message-with-ack",1,"2",{"3":[false]}]"#);
    assert_eq!(socket.text(), r#"43456[1,"2",{"3":[false]}]"#);
    socket.send(r#"420["message-with-ack"]"#);
    assert_eq!(socket.text(), "430[]");
}

#[test]
fn binary_messages_come_back_with_their_attachments() {
    let host = Running::suite();
    let mut socket = connected(&host);
    let arguments = r#"{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}"#;
    for (sent, back) in [("452-[\"message\"", "452-[\"message-back\""), ("452-789[\"message-with-ack\"", "462-789[")] {
        socket.send(&format!("{sent},{arguments}]"));
        socket.send_binary(&[1, 2, 3]);
        socket.send_binary(&[4, 5, 6]);
        let comma = if back.ends_with('[') { "" } else { "," };
        assert_eq!(socket.text(), format!("{back}{comma}{arguments}]"));
        assert_eq!(socket.next(), Message::Binary(vec![1, 2, 3]));
        assert_eq!(socket.next(), Message::Binary(vec![4, 5, 6]));
    }
}

#[test]
fn polling_clients_get_the_same() {
    let host = Running::patient();
    let sid = host.poll_session("/socket.io/");
    let path = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
    assert_eq!(host.post(&path, "40").body, "ok");
    let body = host.get(&path).body;
    let (connect, auth) = body.split_once('\u{1e}').unwrap();
    sid_in(connect, "40");
    assert_eq!(auth, r#"42["auth",{}]"#);
    let binary = "451-[\"message\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQIDBA==";
    assert_eq!(host.post(&path, binary).body, "ok");
    assert_eq!(host.get(&path).body, binary.replace("message", "message-back"));
    let poll = host.send("GET", &path, &[], "");
    assert_eq!(host.post(&path, "4abc").status, 200);
    let last = Answer::read(poll);
    assert_eq!(last.body, "1", "a malformed packet closes the connection");
    assert_eq!(host.get(&path).status, 400);
}

#[test]
fn the_messagepack_parser_is_spoken_to_who_speaks_it() {
    let host = Running::suite();
    let mut socket = open(&host);
    let pack = |value: serde_json::Value| rmp_serde::to_vec_named(&value).unwrap();
    let read = |socket: &mut Socket| loop {
        match socket.next() {
            Message::Binary(bytes) => return rmp_serde::from_slice::<serde_json::Value>(&bytes).unwrap(),
            Message::Text(text) if text == "2" => socket.send("3"),
            other => panic!("{other:?}"),
        }
    };
    socket.send_binary(&pack(serde_json::json!({"type": 0, "nsp": "/", "data": {"token": "1"}})));
    let connect = read(&mut socket);
    assert_eq!((&connect["type"], &connect["nsp"]), (&0.into(), &"/".into()));
    let auth = serde_json::json!({"type": 2, "nsp": "/", "data": ["auth", {"token": "1"}]});
    assert_eq!(read(&mut socket), auth);
    socket
        .send_binary(&pack(serde_json::json!({"type": 2, "nsp": "/", "id": 7, "data": ["message-with-ack", 1, "2"]})));
    assert_eq!(read(&mut socket), serde_json::json!({"type": 3, "nsp": "/", "id": 7, "data": [1, "2"]}));
    socket.send_binary(&[0xc1]);
    assert_eq!(socket.next(), Message::Closed);
}
