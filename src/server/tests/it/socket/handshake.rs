//! The opening and the closing handshake.

use super::SOON;
use super::peer::{BOTH, Heard, Peer, identify, protocol_of, subscribe};
use super::wire::{AnyStream, KEY, exchange, field, opening, read_head, tcp};
use super::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{AckResult, SUBPROTOCOL_JSON};
use plenum_websocket::Opcode;
use plenum_websocket::client::frame;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn status_of(world: &World, request: &str) -> (u16, String) {
    exchange(Box::new(tcp(world.address()).await), request).await
}

#[tokio::test]
async fn an_upgrade_at_an_unknown_path_is_answered_404() {
    let world = World::start();
    for path in ["/", "/nope", "/ws/", "/api/v1/auth/me"] {
        let (status, answer) = status_of(&world, &opening(world.address(), path, Some(SUBPROTOCOL_JSON))).await;
        assert_eq!(status, 404, "{path}: {answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
}

#[tokio::test]
async fn an_ordinary_request_for_the_socket_is_told_to_upgrade() {
    let world = World::start();
    for method in ["GET", "HEAD", "POST"] {
        let request = format!("{method} /ws HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", world.address());
        let (status, answer) = status_of(&world, &request).await;
        assert_eq!(status, 426, "{answer}");
        let head = answer.to_ascii_lowercase();
        assert!(
            head.contains("\r\nupgrade: websocket\r\n") && head.contains("\r\nsec-websocket-version: 13\r\n"),
            "{head}"
        );
        assert!(head.contains("\r\ncontent-type: application/problem+json\r\n"), "{head}");
    }
    let echo = crate::http::get(world.address(), "/ws-echo");
    assert_eq!(echo.status, 404, "it is off");
}

#[tokio::test]
async fn what_was_asked_before_an_upgrade_is_answered_before_it() {
    let world = World::start();
    let mut stream = tcp(world.address()).await;
    let health = format!("GET /api/health HTTP/1.1\r\nHost: {}\r\n\r\n", world.address());
    let upgrade = opening(world.address(), "/ws", Some(SUBPROTOCOL_JSON));
    stream.write_all(format!("{health}{health}{upgrade}").as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    let text = |heard: &[u8]| String::from_utf8_lossy(heard).into_owned();
    while !text(&heard).contains("HTTP/1.1 101") {
        let read = tokio::time::timeout(SOON, stream.read_buf(&mut heard)).await.expect("an answer").unwrap();
        assert!(read > 0, "{}", text(&heard));
    }
    let heard = text(&heard);
    let statuses: Vec<&str> =
        heard.match_indices("HTTP/1.1 ").filter_map(|(at, _)| heard.get(at + 9..at + 12)).collect();
    assert_eq!(statuses, ["200", "200", "101"], "{heard}");
}

/// The members and headers that every refusal has, wherever it is made.
fn check_problem(answer: &str, status: u16, code: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let head = head.to_ascii_lowercase();
    let problem: serde_json::Value = serde_json::from_str(body).expect("a document");
    assert_eq!(
        (&problem["status"], &problem["code"], &problem["success"]),
        (&status.into(), &code.into(), &false.into())
    );
    assert_eq!(problem["type"], format!("urn:plenum:problem:{code}"), "{body}");
    assert_eq!(problem["message"], problem["detail"], "{body}");
    let id = problem["requestId"].as_str().expect("an id");
    assert!(head.contains(&format!("\r\nx-request-id: {id}")), "{head}");
    for wanted in
        ["content-type: application/problem+json", "x-content-type-options: nosniff", "cache-control: no-store"]
    {
        assert!(head.contains(&format!("\r\n{wanted}")), "{wanted}: {head}");
    }
    assert!(
        !head.contains("http/1.1 503") || (head.contains("retry-after: ") && problem["retryAfterMs"].is_u64()),
        "{answer}"
    );
}

#[tokio::test]
async fn refused_upgrades_are_problem_documents_like_all_others() {
    let world = World::with(|config| config.limits.connections = 1);
    let good = opening(world.address(), "/ws", Some(SUBPROTOCOL_JSON));
    let nowhere = opening(world.address(), "/nope", Some(SUBPROTOCOL_JSON));
    let named = good.replace("\r\n\r\n", "\r\nX-Request-Id: trace-0123\r\nOrigin: https://elsewhere.example\r\n\r\n");
    for (request, status, code) in [
        (nowhere, 404, "notFound"),
        (good.replace("Version: 13", "Version: 8"), 426, "upgradeRequired"),
        (good.replace(KEY, "short"), 400, "malformed"),
        (good.replace("GET ", "POST "), 405, "methodNotAllowed"),
        (named, 403, "forbidden"),
    ] {
        let (seen, answer) = status_of(&world, &request).await;
        assert_eq!(seen, status, "{answer}");
        check_problem(&answer, status, code);
        assert!(status != 403 || answer.contains("\"requestId\":\"trace-0123\""), "{answer}");
    }
    let _only = Peer::connect(world.address(), Codec::Json).await;
    check_problem(&status_of(&world, &good).await.1, 503, "busy");
    let counted = ["path", "handshake", "origin", "full", "rate", "draining"].map(|reason| refused(&world, reason));
    assert_eq!(counted, [1, 3, 1, 1, 0, 0]);
}

#[tokio::test]
async fn each_broken_handshake_is_answered_with_the_status_that_says_what_is_wrong() {
    let world = World::start();
    let good = opening(world.address(), "/ws", Some(SUBPROTOCOL_JSON));
    let cases = [
        (good.replace("Version: 13", "Version: 8"), 426),
        (good.replace(KEY, "short"), 400),
        (good.replace("GET ", "POST "), 405),
        (good.replace(SUBPROTOCOL_JSON, "chat"), 400),
        (opening(world.address(), "/ws", None), 400),
        (good.replace("\r\n\r\n", "\r\nOrigin: https://elsewhere.example\r\n\r\n"), 403),
    ];
    for (request, expected) in cases {
        let (status, answer) = status_of(&world, &request).await;
        assert_eq!(status, expected, "{request}{answer}");
        assert!(expected != 426 || field(&answer, "sec-websocket-version") == Some("13"), "{answer}");
    }
    let own = format!("\r\nOrigin: http://{}\r\n\r\n", world.address());
    let mut stream = tcp(world.address()).await;
    stream.write_all(good.replace("\r\n\r\n", &own).as_bytes()).await.unwrap();
    assert_eq!(read_head(&mut stream).await.status, 101);
}

#[tokio::test]
async fn frames_that_come_in_the_same_packet_as_the_handshake_are_carried_out() {
    let world = World::start();
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    for codec in BOTH {
        let stream: AnyStream = Box::new(tcp(world.address()).await);
        let mut peer = Peer::upgraded(stream, Vec::new(), codec);
        let mut packet = opening(world.address(), "/ws", Some(protocol_of(codec))).into_bytes();
        let (first, bytes) = peer.framed(identify(&people[0].token));
        packet.extend(bytes);
        peer.write(&packet).await.unwrap();
        let (stream, rest) = peer.into_parts();
        let mut stream = stream;
        let head = read_head(&mut stream).await;
        assert_eq!((head.status, rest.len()), (101, 0));
        let mut peer = Peer::upgraded(stream, head.rest, codec);
        peer.expect_hello().await;
        assert!(matches!(peer.expect_ack(first).await, AckResult::Identified(_)));
        peer.subscribe(topic, None).await;
    }
}

#[tokio::test]
async fn commands_of_one_packet_are_answered_in_their_order() {
    let world = World::start();
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut peer = world.peer(Codec::Json, &people[0]).await;
    let (mut packet, mut ids) = (Vec::new(), Vec::new());
    for number in 0..20 {
        let (id, bytes) = peer.framed(super::peer::send(topic, None, &format!("{number}")));
        packet.extend(bytes);
        ids.push(id);
    }
    let (id, bytes) = peer.framed(subscribe(topic, Some(0)));
    packet.extend(bytes);
    peer.write(&packet).await.unwrap();
    for (id, offset) in ids.into_iter().zip(2..) {
        match peer.expect_ack(id).await {
            AckResult::Sent(sent) => assert_eq!(sent.offset, offset),
            other => panic!("{other:?}"),
        }
    }
    peer.expect_ack(id).await;
    let (_, offsets, _) = peer.expect_caught_up().await;
    assert_eq!(offsets.first(), Some(&1));
}

#[tokio::test]
async fn a_close_frame_is_answered_with_its_own_code_and_the_connection_ends_at_once() {
    let world = World::start();
    for codec in BOTH {
        let mut peer = Peer::connect(world.address(), codec).await;
        let began = Instant::now();
        peer.push_raw(Opcode::Close, &1001_u16.to_be_bytes()).await;
        assert_eq!(peer.hear().await, Heard::Close(1001, String::new()));
        assert_eq!(peer.hear().await, Heard::End);
        // Far less than the five seconds after which a silent peer is cut off.
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_peer_that_does_not_answer_our_close_is_cut_off() {
    let world = World::with(|config| {
        config.hub.identify_within_ms = 100;
        config.hub.close_timeout_ms = 200;
    });
    let mut peer = Peer::connect(world.address(), Codec::Json).await;
    let code = peer.find("a close frame", |heard| if let Heard::Close(code, _) = heard { Some(*code) } else { None });
    assert_eq!(code.await, 4500);
    assert_eq!(peer.hear().await, Heard::End);
}

#[tokio::test]
async fn a_full_node_answers_503_and_takes_somebody_again_when_one_has_left() {
    let world = World::with(|config| config.limits.connections = 2);
    let first = Peer::connect(world.address(), Codec::Json).await;
    let _second = Peer::connect(world.address(), Codec::Json).await;
    let request = opening(world.address(), "/ws", Some(SUBPROTOCOL_JSON));
    let (status, answer) = status_of(&world, &request).await;
    assert_eq!(status, 503, "{answer}");
    assert!(field(&answer, "retry-after").is_some(), "{answer}");
    assert_eq!(crate::http::get(world.address(), "/api/v1/health").status, 200, "REST is served beside full sockets");
    drop(first);
    let deadline = Instant::now() + SOON;
    loop {
        let mut stream = tcp(world.address()).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        if read_head(&mut stream).await.status == 101 {
            return;
        }
        assert!(Instant::now() < deadline, "the place is not given back");
    }
}

fn refused(world: &World, reason: &str) -> i64 {
    world.metric_with("plenum_upgrades_refused_total", &format!("reason=\"{reason}\""))
}

#[tokio::test]
async fn one_address_has_so_many_handshakes_and_is_told_when_to_come_back() {
    let world = World::with(|config| {
        (config.websocket.handshake_rate.per_second, config.websocket.handshake_rate.burst) = (0.01, 3.0);
    });
    // What a foreign page tries is not charged to those who share its address.
    let good = opening(world.address(), "/ws", Some(SUBPROTOCOL_JSON));
    for _ in 0..5 {
        let foreign = good.replace("\r\n\r\n", "\r\nOrigin: https://elsewhere.example\r\n\r\n");
        assert_eq!(status_of(&world, &foreign).await.0, 403);
    }
    for path in ["/ws", "/socket.io/?EIO=4&transport=websocket", "/ws"] {
        let protocol = Some(SUBPROTOCOL_JSON).filter(|_| path == "/ws");
        let mut stream = tcp(world.address()).await;
        stream.write_all(opening(world.address(), path, protocol).as_bytes()).await.unwrap();
        assert_eq!(read_head(&mut stream).await.status, 101, "{path}");
    }
    let named = good.replace("\r\n\r\n", "\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n");
    let socket_io = opening(world.address(), "/socket.io/?EIO=4&transport=websocket", None);
    for request in [&good, &named, &socket_io] {
        let (status, answer) = status_of(&world, request).await;
        assert_eq!(status, 429, "{answer}");
        if request == &socket_io {
            assert!(answer.contains("{\"code\":3,\"message\":"), "as its clients know it: {answer}");
        } else {
            check_problem(&answer, 429, "rateLimited");
        }
        assert!(field(&answer, "retry-after").is_some(), "{answer}");
    }
    assert_eq!(refused(&world, "rate"), 3);
    assert_eq!(crate::http::get(world.address(), "/api/v1/health").status, 200, "REST has a rate of its own");
}

#[tokio::test]
async fn behind_a_trusted_proxy_handshakes_are_counted_by_the_address_that_it_names() {
    let world = World::with(|config| {
        config.http.surface.trusted_proxies = vec!["127.0.0.1".to_owned()];
        (config.websocket.handshake_rate.per_second, config.websocket.handshake_rate.burst) = (0.01, 1.0);
    });
    let good = opening(world.address(), "/ws", Some(SUBPROTOCOL_JSON));
    let mut outcomes = Vec::new();
    for from in ["192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1", "2001:db8::2"] {
        let request = good.replace("\r\n\r\n", &format!("\r\nX-Forwarded-For: {from}\r\n\r\n"));
        let mut stream = tcp(world.address()).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        outcomes.push(read_head(&mut stream).await.status);
    }
    assert_eq!(outcomes, [101, 101, 429, 101, 429], "one customer of IPv6 has a /64");
}

#[tokio::test]
async fn sockets_that_do_not_identify_leave_places_to_those_who_do() {
    let world = World::with(|config| {
        (config.limits.connections, config.limits.unidentified) = (10, 2);
        config.limits.unidentified_per_address_percent = 100;
    });
    let people = world.people(1).await;
    let silent = Peer::connect(world.address(), Codec::Json).await;
    let mut identified = Vec::new();
    for codec in [Codec::Json, Codec::MessagePack, Codec::Json] {
        identified.push(world.peer(codec, &people[0]).await);
    }
    assert_eq!((world.metric("plenum_connections"), world.metric("plenum_unidentified_connections")), (4, 1));
    let _second = Peer::connect(world.address(), Codec::Json).await;
    let request = opening(world.address(), "/ws", Some(SUBPROTOCOL_JSON));
    let (status, answer) = status_of(&world, &request).await;
    check_problem(&answer, 503, "busy");
    assert!(status == 503 && answer.contains("whose they are"), "{answer}");
    assert_eq!((refused(&world, "unidentified"), refused(&world, "full")), (1, 0));
    // Whoever says it in the request itself is known at once.
    let mut stream = tcp(world.address()).await;
    let (host, me, token) = (world.address(), people[0].user, &people[0].token);
    let asked = format!("GET /api/stream?token={token}&topics=user:{me} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.unwrap();
    assert_eq!(read_head(&mut stream).await.status, 200);
    drop(silent);
    let deadline = Instant::now() + SOON;
    while world.metric("plenum_unidentified_connections") > 1 {
        assert!(Instant::now() < deadline, "the place is not given back");
        tokio::task::yield_now().await;
    }
    world.peer(Codec::Json, &people[0]).await.fence().await;
}

#[tokio::test]
async fn one_address_cannot_take_all_places_of_those_who_do_not_identify() {
    let world = World::with(|config| {
        config.http.surface.trusted_proxies = vec!["127.0.0.1".to_owned()];
        (config.limits.unidentified, config.limits.unidentified_per_address_percent) = (6, 50);
    });
    let open = |path: &str, from: &str| {
        let protocol = Some(SUBPROTOCOL_JSON).filter(|_| path == "/ws");
        let request = opening(world.address(), path, protocol);
        request.replace("\r\n\r\n", &format!("\r\nX-Forwarded-For: {from}\r\n\r\n"))
    };
    let (mut kept, mut outcomes) = (Vec::new(), Vec::new());
    let engine = "/socket.io/?EIO=4&transport=websocket";
    let tries = [
        ("/ws", "2001:db8::1"),
        (engine, "2001:db8::2"),
        ("/ws", "2001:db8::3"),
        ("/ws", "2001:db8::4"),
        (engine, "2001:db8::5"),
        ("/ws", "192.0.2.1"),
    ];
    for (path, from) in tries {
        let mut stream = tcp(world.address()).await;
        stream.write_all(open(path, from).as_bytes()).await.unwrap();
        outcomes.push(read_head(&mut stream).await.status);
        kept.push(stream);
    }
    assert_eq!(outcomes, [101, 101, 101, 503, 503, 101], "half of the places, and one customer of IPv6 has a /64");
    let (_, answer) = status_of(&world, &open("/ws", "2001:db8::6")).await;
    check_problem(&answer, 503, "busy");
    assert!(answer.contains("from your address") && field(&answer, "retry-after").is_some(), "{answer}");
    let polling = open("/socket.io/?EIO=4&transport=polling", "2001:db8::7").replace("Upgrade", "X-Nothing");
    for polled in [
        polling,
        format!(
            "POST /api/poll HTTP/1.1\r\nHost: {}\r\nX-Forwarded-For: 2001:db8::8\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            world.address()
        ),
    ] {
        let mut stream = tcp(world.address()).await;
        stream.write_all(polled.as_bytes()).await.unwrap();
        assert_eq!(read_head(&mut stream).await.status, 503, "{polled}");
    }
    assert_eq!(refused(&world, "address"), 3, "of WebSockets");
    // Who leaves makes room for the next one of the same address.
    kept.remove(0);
    super::eventually("a place is given back", || (world.metric("plenum_unidentified_connections") == 3).then_some(()))
        .await;
    let mut stream = tcp(world.address()).await;
    stream.write_all(open("/ws", "2001:db8::9").as_bytes()).await.unwrap();
    assert_eq!(read_head(&mut stream).await.status, 101);
}

#[tokio::test]
async fn a_connection_that_breaks_off_inside_a_frame_leaves_nothing_behind() {
    let world = World::start();
    for cut in [1, 3, 7, 100] {
        let mut stream: AnyStream = Box::new(tcp(world.address()).await);
        let rest = super::wire::upgrade(&mut stream, world.address(), "/ws", Some(SUBPROTOCOL_JSON)).await;
        drop(rest);
        let bytes = frame(Opcode::Text, [1, 2, 3, 4], &[b' '; 1_000]);
        stream.write_all(&bytes[..cut]).await.unwrap();
        stream.shutdown().await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
    }
    super::eventually("no connection is left", || (world.metric("plenum_connections") == 0).then_some(())).await;
}
