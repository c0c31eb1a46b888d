//! Who is online: coming, going, quick reconnects, deaths of connections, and who may know.

use crate::socket::peer::{BOTH, Peer};
use crate::socket::world::{Person, World};
use plenum_schema::codec::Codec;
use plenum_schema::wire::{Command, PresenceSignal, Signal, Subscribe, Typing};
use plenum_schema::{RefusalCode, Topic};
use serde_json::{Value, json};

/// A grace that is short enough to be waited for.
fn world() -> World {
    World::with(|config| {
        config.presence.grace_ms = 300;
        config.presence.tell_every_ms = 20;
    })
}

/// Follows somebody's presence; answers how it is said to be.
async fn watch(peer: &mut Peer, who: &Person) -> PresenceSignal {
    peer.subscribe(Topic::Presence(who.user), None).await;
    presence(peer, who).await
}

async fn presence(peer: &mut Peer, who: &Person) -> PresenceSignal {
    match peer.expect_signal().await {
        (Topic::Presence(user), Signal::Presence(signal)) if user == who.user && signal.user == user => signal,
        other => panic!("{other:?} instead of presence"),
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

#[tokio::test]
async fn coming_and_going_is_told_once_to_each_follower_in_both_codecs() {
    let world = world();
    let people = world.people(3).await;
    let (ada, bob) = (&people[0], &people[1]);
    world.direct(ada, bob);
    let mut followers = Vec::new();
    for codec in BOTH {
        let mut peer = world.peer(codec, ada).await;
        let first = watch(&mut peer, bob).await;
        assert_eq!(first, PresenceSignal { user: bob.user, online: false, since: None, last_seen: None });
        followers.push(peer);
    }
    let before = now();
    let one = world.peer(Codec::Json, bob).await;
    for peer in &mut followers {
        let came = presence(peer, bob).await;
        assert!(came.online && came.since.is_some_and(|since| since >= before - 1_000) && came.last_seen.is_none());
    }
    // A second device makes no difference, nor does the first one's end.
    let other = world.peer(Codec::Json, bob).await;
    drop(one);
    let left = now();
    drop(other);
    for peer in &mut followers {
        let went = presence(peer, bob).await;
        assert!(!went.online && went.since.is_none(), "{went:?}");
        assert!(went.last_seen.is_some_and(|seen| seen >= left - 1_000));
    }
    assert_eq!(world.metric("plenum_presence_changes_total"), 3, "ada came, bob came, bob went");
}

#[tokio::test]
async fn a_quick_reconnect_is_not_told() {
    // Longer than any busy machine takes for it.
    let world = World::with(|config| {
        config.presence.grace_ms = 600_000;
        config.presence.tell_every_ms = 10;
    });
    let people = world.people(2).await;
    let (ada, bob) = (&people[0], &people[1]);
    let topic = world.direct(ada, bob);
    let mut follower = world.peer(Codec::Json, ada).await;
    follower.follow(topic).await;
    let mut device = world.peer(Codec::Json, bob).await;
    assert!(watch(&mut follower, bob).await.online);
    for _ in 0..5 {
        drop(device);
        let is_gone = || (world.metric("plenum_connections") == 1).then_some(());
        crate::socket::eventually("the connection is gone", is_gone).await;
        device = world.peer(Codec::Json, bob).await;
    }
    assert_eq!(world.metric("plenum_presence_returned_total"), 5);
    assert_eq!(world.metric("plenum_presence_changes_total"), 2, "both came");
    // What is told next is typing: nothing was told before it.
    device.push(Command::Typing(Typing { topic, active: true })).await;
    let (_, signal) = follower.expect_signal().await;
    assert!(matches!(signal, Signal::Typing(_)), "{signal:?}");
}

#[tokio::test]
async fn a_connection_that_dies_without_a_word_is_told_too() {
    let world = World::with(|config| {
        config.presence.grace_ms = 100;
        config.presence.tell_every_ms = 20;
        config.hub.heartbeat_interval_ms = 200;
        config.hub.heartbeat_timeout_ms = 1_500;
    });
    let people = world.people(2).await;
    let (ada, bob) = (&people[0], &people[1]);
    world.direct(ada, bob);
    let mut follower = world.peer(Codec::Json, ada).await;
    let silent = world.peer(Codec::Json, bob).await;
    assert!(watch(&mut follower, bob).await.online);
    // Nobody reads or answers pings on that socket any more; it stays open.
    let went = presence(&mut follower, bob).await;
    assert!(!went.online);
    drop(silent);
}

#[tokio::test]
async fn only_people_who_share_a_conversation_may_know() {
    let world = world();
    let people = world.people(4).await;
    let (ada, bob, eve, out) = (&people[0], &people[1], &people[2], &people[3]);
    let group = world.group(&[ada, bob, out]);
    let mut stranger = world.peer(Codec::Json, eve).await;
    let nobody = "presence:00000000-0000-7000-8000-000000000007".parse().unwrap();
    for topic in [Topic::Presence(ada.user), Topic::Presence(bob.user), nobody] {
        let refusal =
            stranger.refused(Command::Subscribe(Subscribe { topic, since: None }), RefusalCode::NotFound).await;
        assert_eq!(refusal.message, "there is no such topic");
    }
    assert!(watch(&mut stranger, eve).await.online, "the own one");
    let mut member = world.peer(Codec::Json, out).await;
    assert!(!watch(&mut member, bob).await.online);
    let path = World::path_of(group, &format!("/members/{}", out.user));
    assert_eq!(world.rest(ada, "DELETE", &path, &Value::Null).0, 204);
    let again = Command::Subscribe(Subscribe { topic: Topic::Presence(ada.user), since: None });
    member.refused(again, RefusalCode::NotFound).await;
    let ids = format!("/api/v1/users/presence?ids={},{},{}", ada.user, bob.user, eve.user);
    let (status, answer) = world.rest(out, "GET", &ids, &Value::Null);
    assert_eq!((status, &answer["items"]), (200, &json!([])));
}

#[tokio::test]
async fn the_time_of_the_last_leaving_outlives_the_server() {
    let world = world();
    let people = world.people(2).await;
    let (ada, bob) = (&people[0], &people[1]);
    world.direct(ada, bob);
    let left = now();
    let device = world.peer(Codec::Json, bob).await;
    let world = world.restarted(|_| {}).await;
    drop(device);
    let mut follower = world.peer(Codec::Json, ada).await;
    let first = watch(&mut follower, bob).await;
    assert!(!first.online && first.last_seen.is_some_and(|seen| seen >= left), "{first:?}");
}

#[tokio::test]
async fn rest_tells_who_is_online_in_lists_and_counts() {
    let world = world();
    let people = world.people(4).await;
    let group = world.group(&people.iter().collect::<Vec<_>>());
    let mut peers = Vec::new();
    for person in &people[..3] {
        peers.push(world.peer(Codec::Json, person).await);
    }
    let ids: Vec<String> = people.iter().map(|one| one.user.to_string()).collect();
    let (status, answer) =
        world.rest(&people[3], "GET", &format!("/api/v1/users/presence?ids={}", ids.join(",")), &Value::Null);
    let items = answer["items"].as_array().unwrap();
    assert_eq!((status, items.len()), (200, 4), "{answer}");
    assert_eq!(items.iter().filter(|item| item["online"] == true && item["since"].is_string()).count(), 3);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = World::path_of(group, &format!("/presence?limit=2{cursor}"));
        let (status, page) = world.rest(&people[3], "GET", &path, &Value::Null);
        assert_eq!((status, &page["members"], &page["online"]), (200, &json!(4), &json!(3)), "{page}");
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let mut expected: Vec<Value> = people[..3].iter().map(|one| json!(one.user)).collect();
    expected.sort_by_key(Value::to_string);
    assert_eq!(seen, expected);
    for (path, field) in
        [("ids=zz", "ids"), ("ids=", "ids"), (&*format!("ids={}", vec![&*ids[0]; 101].join(",")), "ids")]
    {
        let (status, problem) = world.rest(&people[0], "GET", &format!("/api/v1/users/presence?{path}"), &Value::Null);
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
    }
}

#[tokio::test]
async fn many_who_come_at_once_are_told_in_turn_and_all_of_them() {
    let world = World::with(|config| {
        config.presence.tell_every_ms = 10;
        config.presence.told_at_once = 3;
    });
    let people = world.people(20).await;
    world.group(&people.iter().collect::<Vec<_>>());
    let mut follower = world.peer(Codec::MessagePack, &people[0]).await;
    for person in &people[1..] {
        assert!(!watch(&mut follower, person).await.online);
    }
    let mut peers = Vec::new();
    for person in &people[1..] {
        peers.push(world.peer(Codec::Json, person).await);
    }
    let mut came = std::collections::BTreeSet::new();
    while came.len() < 19 {
        match follower.expect_signal().await {
            (Topic::Presence(user), Signal::Presence(signal)) => assert!(signal.online && came.insert(user)),
            other => panic!("{other:?}"),
        }
    }
}
