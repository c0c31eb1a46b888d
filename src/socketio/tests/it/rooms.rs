//! The server's own interface: rooms, acknowledgements, middleware, recovery.

use super::peer::{Message, Running, Socket, patient_config};
use plenum_socketio::server::{ConnectError, Io, Mount, Recovered};
use plenum_socketio::{Arguments, Value};

const WS_PATH: &str = "/socket.io/?EIO=4&transport=websocket";

fn host(set_up: impl Fn(&Io) + Send + Sync + 'static) -> Running {
    Running::start(patient_config(), move |mount: &Mount| {
        set_up(&Io::new(mount, "/socket.io/", Default::default()));
    })
}

fn connect(host: &Running, packet: &str) -> (Socket, String) {
    let mut socket = host.websocket(WS_PATH);
    socket.text();
    socket.send(packet);
    let answer = socket.text();
    (socket, answer)
}

fn chat(io: &Io) {
    let namespace = io.of("/");
    namespace.on("join", |socket, event| {
        socket.join(&event.args().get::<String>(0).unwrap());
        event.reply(&Arguments::new());
    });
    namespace.on("leave", |socket, event| {
        socket.leave(&event.args().get::<String>(0).unwrap());
        event.reply(&Arguments::new());
    });
    namespace.on_typed::<(String, Value)>(
        "say",
        |socket, (room, _), event| {
            let said = Arguments::new().with_args(event.args());
            let count = socket.to(&room).to("everywhere").except("quiet").emit("said", &said);
            event.reply(&Arguments::of(&count).unwrap());
        },
        |_, error, event| event.reply(&Arguments::of(&error.0).unwrap()),
    );
    namespace.on_disconnect(|socket, reason| {
        socket.namespace().emit("left", &Arguments::of(&reason.to_string()).unwrap());
    });
}

fn join(socket: &mut Socket, room: &str) {
    socket.send(&format!(r#"421["join","{room}"]"#));
    assert_eq!(socket.text(), "431[]");
}

#[test]
fn a_room_gets_what_is_said_in_it_once_and_the_speaker_does_not() {
    let host = host(chat);
    let [mut ada, mut bob, mut eve] = [0; 3].map(|_| connect(&host, "40").0);
    join(&mut ada, "tea");
    join(&mut bob, "tea");
    join(&mut bob, "everywhere");
    join(&mut eve, "tea");
    join(&mut eve, "quiet");
    ada.send(r#"427["say","tea",{"b":1,"a":[]}]"#);
    assert_eq!(ada.text(), "437[1]", "bob alone");
    assert_eq!(bob.text(), r#"42["said","tea",{"b":1,"a":[]}]"#);
    bob.send(r#"422["leave","tea"]"#);
    assert_eq!(bob.text(), "432[]");
    bob.send(r#"423["leave","everywhere"]"#);
    assert_eq!(bob.text(), "433[]");
    ada.send(r#"428["say","tea",1]"#);
    assert_eq!(ada.text(), "438[0]");
    ada.send(r#"429["say",7]"#);
    assert!(ada.text().starts_with("439[\"invalid"), "typed arguments say what is wrong");
    drop(eve);
    assert_eq!(bob.text(), r#"42["left","transport close"]"#);
}

#[test]
fn a_broadcast_reaches_both_parsers_with_its_attachments() {
    let host = host(chat);
    let (mut ada, _) = connect(&host, "40");
    let (mut bob, _) = connect(&host, "40");
    join(&mut bob, "tea");
    let mut eve = host.websocket(WS_PATH);
    eve.text();
    let pack = |value: serde_json::Value| rmp_serde::to_vec_named(&value).unwrap();
    eve.send_binary(&pack(serde_json::json!({"type": 0, "nsp": "/"})));
    assert!(matches!(eve.next(), Message::Binary(_)));
    eve.send_binary(&pack(serde_json::json!({"type": 2, "nsp": "/", "id": 1, "data": ["join", "tea"]})));
    assert!(matches!(eve.next(), Message::Binary(_)));
    ada.send(r#"451-9["say","tea",{"_placeholder":true,"num":0}]"#);
    ada.send_binary(&[7, 8]);
    assert_eq!(ada.text(), "439[2]");
    assert_eq!(bob.text(), r#"451-["said","tea",{"_placeholder":true,"num":0}]"#);
    assert_eq!(bob.next(), Message::Binary(vec![7, 8]));
    let Message::Binary(packet) = eve.next() else { panic!("a packet") };
    let text = String::from_utf8_lossy(&packet).into_owned();
    assert!(text.contains("said") && packet.ends_with(&[0xc4, 2, 7, 8]), "{packet:02x?}");
}

#[test]
fn the_server_waits_for_acknowledgements() {
    let host = host(|io| {
        io.of("/").on("ask me", |socket, event| {
            let (socket, time) = (socket.clone(), event.args().get::<u64>(0).unwrap());
            actix_rt::spawn(async move {
                let answer = socket.emit_with_ack("question", &Arguments::of(&1).unwrap(), time).await;
                let said = match answer {
                    Ok(args) => Arguments::of("answer").unwrap().with_args(&args),
                    Err(error) => Arguments::of(&error.to_string()).unwrap(),
                };
                socket.emit("heard", &said).unwrap();
            });
        });
    });
    let (mut ada, _) = connect(&host, "40");
    ada.send(r#"42["ask me",10000]"#);
    assert_eq!(ada.text(), r#"420["question",1]"#);
    ada.send(r#"430["yes",{"a":1}]"#);
    assert_eq!(ada.text(), r#"42["heard","answer","yes",{"a":1}]"#);
    ada.send(r#"42["ask me",30]"#);
    assert_eq!(ada.text(), r#"421["question",1]"#);
    assert_eq!(ada.text(), r#"42["heard","the client did not acknowledge in time"]"#);
    ada.send(r#"431["late"]"#);
    ada.send(r#"42["ask me",10000]"#);
    assert_eq!(ada.text(), r#"422["question",1]"#, "a late answer is nobody's");
}

#[test]
fn middleware_lets_in_or_says_why_not() {
    let host = host(|io| {
        let namespace = io.of("/");
        namespace.with_middleware(|handshake| async move {
            actix_rt::task::yield_now().await;
            match handshake.auth::<std::collections::HashMap<String, String>>() {
                Some(auth) if auth.get("token").is_some_and(|token| token == "good") => Ok(()),
                _ => Err(ConnectError {
                    message: "not authorized".into(),
                    data: Some(Value::Object(vec![("code".into(), Value::from("unauthorized"))])),
                }),
            }
        });
        namespace.on("whoami", |socket, event| event.reply(&Arguments::of(&socket.peer().query).unwrap()));
    });
    let (mut ada, answer) = connect(&host, "40");
    assert_eq!(answer, r#"44{"message":"not authorized","data":{"code":"unauthorized"}}"#);
    ada.send(r#"40{"token":"good"}"#);
    assert!(ada.text().starts_with("40{"));
    ada.send(r#"421["whoami"]"#);
    assert_eq!(ada.text(), r#"431["EIO=4&transport=websocket"]"#);
}

#[test]
fn the_server_ends_a_stay_or_the_connection() {
    let host = host(|io| {
        let namespace = io.of("/");
        namespace.on("out", |socket, _| socket.disconnect());
        namespace.on("close", |socket, _| socket.close());
    });
    let (mut ada, _) = connect(&host, "40");
    ada.send(r#"42["out"]"#);
    assert_eq!(ada.text(), "41");
    ada.send(r#"42["out"]"#);
    ada.send("40");
    assert!(ada.text().starts_with("40{"), "what came late is passed over, and it may come back");
    ada.send(r#"42["close"]"#);
    assert_eq!(ada.text(), "41");
    assert_eq!(ada.next(), Message::Closed);
}

#[test]
fn a_client_that_comes_back_gets_what_it_missed() {
    let host = host(|io| {
        let namespace = io.of("/");
        namespace.recover(|recovery| {
            (recovery.offset == "o1").then(|| Recovered {
                sid: "the-same".into(),
                pid: recovery.pid.clone(),
                rooms: vec!["tea".into()],
                missed: vec![("said".into(), Arguments::of("missed").unwrap().with("o2").unwrap())],
            })
        });
        namespace.on_connection(|socket, _| {
            socket.emit("rooms", &Arguments::of(&(socket.recovered(), socket.is_in("tea"))).unwrap()).unwrap();
        });
    });
    let (mut new, answer) = connect(&host, "40");
    assert!(answer.contains(r#","pid":""#), "{answer}");
    assert_eq!(new.text(), r#"42["rooms",[false,false]]"#);
    let (mut back, answer) = connect(&host, r#"40{"pid":"p","offset":"o1"}"#);
    assert_eq!(answer, r#"40{"sid":"the-same","pid":"p"}"#);
    assert_eq!(back.text(), r#"42["said","missed","o2"]"#);
    assert_eq!(back.text(), r#"42["rooms",[true,true]]"#);
    let (_, answer) = connect(&host, r#"40{"pid":"p","offset":"unknown"}"#);
    assert!(!answer.contains("the-same"), "{answer}");
}
