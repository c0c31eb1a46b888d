//! A node whose hub falls behind: what it sheds, in which order, and what it never does.

use crate::http;
use crate::socket::eventually;
use crate::socket::peer::{Peer, send, subscribe};
use crate::socket::wire::{exchange, field, opening, tcp};
use crate::socket::world::{Person, World};
use plenum_actors::hub::HubFaults;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{Command, Edit, Mark, SUBPROTOCOL_JSON, Signal, Typing};
use plenum_schema::{Content, Offset, RefusalCode, Topic};
use plenum_server::serve::Given;
use serde_json::json;
use std::sync::Arc;

/// A server with one hub, whose mailbox has room for a hundred batches: so many of them are so many percent.
struct Node {
    world: World,
    faults: Arc<HubFaults>,
    topic: Topic,
    people: Vec<Person>,
    /// Keeps the store.
    _data: tempfile::TempDir,
}

impl Node {
    async fn start() -> Self {
        let (data, faults) = (tempfile::tempdir().unwrap(), Arc::new(HubFaults::default()));
        let given = Given { hub_faults: Some(faults.clone()), ..Given::default() };
        let world = World::on(given, data.path(), |config| {
            config.server.workers = 1;
            config.hub.mailbox_batches = 100;
            // Longer than the test: what is held back comes when the step is over.
            config.hub.ladder.hold_ms = 60_000;
        });
        let people = world.people(3).await;
        let topic = world.group(&[&people[0], &people[1], &people[2]]);
        Self { world, faults, topic, people, _data: data }
    }

    fn batches(&self) -> i64 {
        self.world.metric("plenum_hub_mailbox_batches")
    }

    fn step(&self) -> i64 {
        self.world.metric("plenum_hub_ladder_step")
    }

    fn shed(&self, what: &str) -> i64 {
        self.world.metric_with("plenum_hub_shed_total", &format!("what=\"{what}\""))
    }

    /// Sends until so many batches wait for the hub; every message is acknowledged.
    async fn fill(&self, by: &mut Peer, batches: i64, acked: &mut Vec<Offset>) {
        while self.batches() < batches {
            acked.push(by.say(self.topic, "acknowledged").await.offset);
        }
    }

    async fn expect_joins_refused(&self, who: &mut Peer) {
        let refusal = who.refused(subscribe(self.topic, None), RefusalCode::Busy).await;
        assert_eq!(refusal.retry_after_ms, Some(1_000), "{refusal}");
        let request = opening(self.world.address(), "/ws", Some(SUBPROTOCOL_JSON));
        let (status, answer) = exchange(Box::new(tcp(self.world.address()).await), &request).await;
        assert_eq!((status, field(&answer, "retry-after")), (503, Some("1")), "{answer}");
        assert!(answer.contains("\"busy\""), "{answer}");
        let stream = format!("/api/stream?topics={}", self.topic);
        for (method, path) in [("POST", "/api/poll"), ("GET", stream.as_str())] {
            let (status, answer) = self.world.rest(&self.people[2], method, path, &json!(null));
            assert_eq!((status, answer["code"].as_str()), (503, Some("busy")), "{method} {path}: {answer}");
        }
        assert_eq!(self.world.metric_with("plenum_upgrades_refused_total", "reason=\"overload\""), 1);
        assert_eq!(self.shed("joins"), 4);
    }

    async fn expect_sends_refused(&self, who: &mut Peer, offset: Offset) {
        let topic = self.topic;
        let refusal = who.refused(send(topic, Some("later"), "not now"), RefusalCode::Busy).await;
        assert_eq!(refusal.retry_after_ms, Some(1_000), "{refusal}");
        let edit = Edit { topic, target: offset, client_ref: None, content: Content::text("not now") };
        who.refused(Command::Edit(edit), RefusalCode::Busy).await;
        let id = topic.to_string().split_once(':').unwrap().1.to_owned();
        let body = json!({ "conversationId": id, "text": "not now", "clientRef": "later" });
        let (status, answer) = self.world.rest(&self.people[0], "POST", "/api/v1/chat/message", &body);
        assert_eq!((status, answer["code"].as_str()), (503, Some("busy")), "{answer}");
        assert_eq!(self.shed("sends"), 3);
    }
}

fn typing(topic: Topic) -> Command {
    Command::Typing(Typing { topic, active: true })
}

#[tokio::test]
async fn overload_sheds_typing_presence_tallies_joins_and_sends_in_this_order_and_no_acknowledged_message() {
    let node = Node::start().await;
    let (topic, people, world) = (node.topic, &node.people, &node.world);
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    let mut bob = world.peer(Codec::MessagePack, &people[1]).await;
    let first = bob.follow(topic).await + 1;
    bob.subscribe(Topic::Presence(people[2].user), None).await;
    bob.expect_signal().await;
    node.faults.hold_mail(true);
    let mut acked = Vec::new();

    node.fill(&mut ada, 25, &mut acked).await;
    assert_eq!((node.step(), node.shed("typing")), (1, 0));
    let id = ada.push(typing(topic)).await;
    ada.expect_ack(id).await;
    assert_eq!((node.shed("typing"), node.shed("presence"), node.batches()), (1, 0, 25));

    node.fill(&mut ada, 40, &mut acked).await;
    assert_eq!(node.step(), 2);
    let mut cleo = world.peer(Codec::Json, &people[2]).await;
    eventually("her coming is held back", || (node.shed("presence") == 1).then_some(())).await;

    node.fill(&mut ada, 55, &mut acked).await;
    assert_eq!((node.step(), node.shed("tallies")), (3, 0));
    for read in [acked[2], acked[5]] {
        let id = cleo.push(Command::Mark(Mark { topic, delivered: None, read: Some(read) })).await;
        cleo.expect_ack(id).await;
    }
    eventually("her marks are held back", || (node.shed("tallies") == 2).then_some(())).await;

    node.fill(&mut ada, 70, &mut acked).await;
    assert_eq!((node.step(), node.shed("joins")), (4, 0));
    node.expect_joins_refused(&mut ada).await;

    node.fill(&mut ada, 85, &mut acked).await;
    assert_eq!((node.step(), node.shed("sends")), (5, 0));
    node.expect_sends_refused(&mut ada, acked[0]).await;
    assert_eq!(http::get(world.server.operations(), "/health/ready").status, 200, "it goes on serving");

    // What was acknowledged is all there, once and in order, and of the rest the newest.
    node.faults.hold_mail(false);
    let mut heard = Vec::new();
    while heard.len() < acked.len() {
        heard.push(bob.expect_event().await.offset);
    }
    assert_eq!((&heard, heard.first()), (&acked, Some(&first)));
    eventually("the node is well again", || (node.step() == 0).then_some(())).await;
    let mut signals = [bob.expect_signal().await.1, bob.expect_signal().await.1];
    signals.sort_by_key(|signal| matches!(signal, Signal::Marks(_)));
    match &signals {
        [Signal::Presence(presence), Signal::Marks(marks)] => {
            assert_eq!((presence.user, presence.online), (people[2].user, true));
            assert_eq!((marks.user, marks.read), (people[2].user, acked[5]), "the newest alone");
        }
        other => panic!("{other:?}"),
    }
    // Everything is taken again.
    ada.follow(topic).await;
    let sent = ada.send(topic, Some("later"), "now").await;
    assert_eq!((sent.offset, sent.duplicate), (first + acked.len() as u64, false), "what was refused was not written");
    assert_eq!(bob.expect_message().await.0, sent.offset);
    let mut dora = world.peer(Codec::Json, &people[2]).await;
    let id = dora.push(typing(topic)).await;
    dora.expect_ack(id).await;
    assert!(matches!(bob.expect_signal().await.1, Signal::Typing(typing) if typing.user == people[2].user));
}
