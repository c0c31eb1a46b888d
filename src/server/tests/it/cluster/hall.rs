//! A hall votes on several nodes: one tally, one order, whichever node a phone is on and whatever becomes of the others.

use super::world::Cluster;
use crate::journey::conference::{Hall, pick, voted};
use crate::socket::peer::{BOTH, Peer};
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::conference::ConferenceEvent;
use plenum_schema::poll::Results;
use plenum_schema::wire::{AckResult, AskQuestion, Command, Event, Signal};
use plenum_schema::{QuestionId, Topic};
use serde_json::{Value, json};

/// The next results on a topic that fit.
async fn results(peer: &mut Peer, topic: Topic, mut fits: impl FnMut(&Results) -> bool) -> Results {
    loop {
        if let (on, Signal::Results(results)) = peer.expect_signal().await
            && on == topic
            && fits(&results)
        {
            return *results;
        }
    }
}

fn counts(results: &Results) -> Vec<u64> {
    results.counts.iter().map(|count| count.count).collect()
}

async fn happened(peer: &mut Peer) -> ConferenceEvent {
    match peer.expect_event().await.event {
        Event::Conference(event) => event,
        other @ Event::Conversation(_) => panic!("{other:?}"),
    }
}

async fn carried_out(peer: &mut Peer, command: Command) {
    let id = peer.push(command).await;
    peer.expect_ack(id).await;
}

/// A question that everybody sees the results of, live.
async fn live(hall: &Hall, world: &World, host: &mut Peer) -> QuestionId {
    let body = json!({ "text": "Which?", "options": ["a", "b", "c"], "visibility": "live" });
    let question = hall.question(world, &body);
    carried_out(host, Command::PushQuestion(hall.asked(question))).await;
    question
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn voters_on_all_nodes_make_one_tally_that_everybody_sees() {
    let cluster = Cluster::start(3).await;
    let hall = Hall::open(&cluster.nodes[0], &json!({ "title": "Town hall" })).await;
    let mut host = cluster.nodes[1].peer(Codec::Json, &hall.host).await;
    let mut phones = Vec::new();
    for number in 0..9 {
        phones.push(hall.phone(&cluster.nodes[number % 3], BOTH[number % 2]).await);
    }
    // Several questions fall on several nodes.
    for _ in 0..4 {
        let question = live(&hall, &cluster.nodes[2], &mut host).await;
        for phone in &mut phones {
            let ConferenceEvent::QuestionLive(live) = happened(phone).await else { panic!("it is live") };
            assert_eq!(live.question, question);
            phone.subscribe(Topic::Poll(question), None).await;
        }
        host.subscribe(Topic::PollHost(question), None).await;
        for (number, phone) in phones.iter_mut().enumerate() {
            let option = u16::try_from(number % 3 + 1).unwrap();
            let first = voted(phone, pick(question, option)).await;
            let again = voted(phone, pick(question, option)).await;
            assert_eq!((again.offset, again.duplicate, again.receipt), (first.offset, true, first.receipt));
        }
        for phone in &mut phones {
            let seen = results(phone, Topic::Poll(question), |results| results.total_responses == 9).await;
            assert_eq!(counts(&seen), [3, 3, 3]);
        }
        let seen = results(&mut host, Topic::PollHost(question), |results| results.total_responses == 9).await;
        assert_eq!(counts(&seen), [3, 3, 3]);
        carried_out(&mut host, Command::CloseQuestion(hall.asked(question))).await;
        for phone in &mut phones {
            let ConferenceEvent::QuestionClosed(closed) = happened(phone).await else { panic!("it is closed") };
            assert_eq!(closed.total_responses, 9);
        }
    }
    assert_eq!(cluster.metric("plenum_owner_conflicts_total"), 0, "one node decides about each");
    assert!(cluster.metric("plenum_bus_commands_served_total") > 0);
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn whoever_comes_late_on_another_node_is_told_how_poll_and_board_stand() {
    let cluster = Cluster::start(3).await;
    let hall = Hall::open(&cluster.nodes[0], &json!({ "title": "Town hall" })).await;
    let mut host = cluster.nodes[0].peer(Codec::Json, &hall.host).await;
    let question = live(&hall, &cluster.nodes[0], &mut host).await;
    let mut early = hall.phone(&cluster.nodes[0], Codec::Json).await;
    voted(&mut early, pick(question, 2)).await;
    let ask = AskQuestion { conference: hall.id, text: "Why?".into(), client_ref: Some("why".into()) };
    carried_out(&mut early, Command::Ask(ask)).await;
    for node in &cluster.nodes {
        let mut late = hall.phone(node, Codec::MessagePack).await;
        late.subscribe(Topic::Poll(question), None).await;
        let seen = results(&mut late, Topic::Poll(question), |results| results.total_responses == 1).await;
        assert_eq!(counts(&seen), [0, 1, 0]);
        late.subscribe(Topic::Board(hall.id), None).await;
        loop {
            if let (_, Signal::Board(board)) = late.expect_signal().await
                && board.total == 1
            {
                break;
            }
        }
    }
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn votes_that_were_acknowledged_count_although_each_node_goes_during_the_vote() {
    let mut cluster = Cluster::start(3).await;
    let hall = Hall::open(&cluster.nodes[0], &json!({ "title": "Town hall" })).await;
    let mut host = cluster.nodes[2].peer(Codec::Json, &hall.host).await;
    let question = live(&hall, &cluster.nodes[2], &mut host).await;
    drop(host);
    let tokens: Vec<String> = (0..30).map(|_| hall.join(&cluster.nodes[2])).collect();
    for (number, token) in tokens.iter().enumerate() {
        // Whichever of them has the poll: after ten votes and after twenty a node goes, without a word about its polls.
        if number == 10 || number == 20 {
            let gone = cluster.nodes.remove(0);
            tokio::spawn(gone.end());
        }
        let node = &cluster.nodes[number % cluster.nodes.len()];
        let mut phone = hall.phone_of(node, BOTH[number % 2], token).await;
        let first = voted(&mut phone, pick(question, 1)).await;
        let again = voted(&mut phone, pick(question, 1)).await;
        assert_eq!((again.offset, again.duplicate), (first.offset, true));
        voted(&mut phone, pick(question, 2)).await;
    }
    let last = &cluster.nodes[0];
    let (status, closed) = hall.ask(last, "POST", &format!("/questions/{question}/close"), &Value::Null);
    assert_eq!((status, &closed["results"]["totalResponses"]), (200, &json!(30)), "{closed}");
    assert_eq!(closed["results"]["counts"][1]["count"], 30);
    let (_, sheet) = hall.ask(last, "GET", &format!("/questions/{question}/sheet"), &Value::Null);
    let signed: plenum_schema::poll::SignedSheet = serde_json::from_value(sheet).unwrap();
    let verified = plenum_services::accounts::verify_sheet(&signed).unwrap();
    assert_eq!((verified.check(&signed.entries), verified.leaves), (Ok(()), 60), "a recount of the log agrees");
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_vote_without_a_number_is_never_answered_from_the_memory_of_a_second_owner() {
    // Neither node hears of the other: both own the poll.
    let cluster = Cluster::apart(2).await;
    let hall = Hall::open(&cluster.nodes[0], &json!({ "title": "Town hall" })).await;
    let mut host = cluster.nodes[0].peer(Codec::Json, &hall.host).await;
    let question = live(&hall, &cluster.nodes[0], &mut host).await;
    let token = hall.join(&cluster.nodes[0]);
    let mut phones = Vec::new();
    for node in &cluster.nodes {
        phones.push(hall.phone_of(node, Codec::Json, &token).await);
    }
    let mut last = 0;
    for round in 0..10_u16 {
        // The first owner remembers this ballot, the second replaces it; the first must not say "that is how it stands".
        for phone in &mut phones {
            for option in [3, 2] {
                let ballot = voted(phone, pick(question, option)).await;
                assert!(!ballot.duplicate && ballot.offset > last, "round {round}: {ballot:?} after {last}");
                last = ballot.offset;
            }
            let again = voted(phone, pick(question, 2)).await;
            assert_eq!((again.offset, again.duplicate), (last, true));
            let ballot = voted(phone, pick(question, 1)).await;
            last = ballot.offset;
        }
        let stands = voted(&mut phones[0], pick(question, 1)).await;
        assert_eq!((stands.offset, stands.duplicate), (last, true), "the other owner's ballot stands");
        last = voted(&mut phones[1], pick(question, 3)).await.offset;
        let changed = voted(&mut phones[0], pick(question, 1)).await;
        assert!(!changed.duplicate && changed.offset > last, "{changed:?}");
        last = voted(&mut phones[1], pick(question, 2)).await.offset;
    }
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn an_audience_stays_when_accounts_are_compared_with_the_store() {
    let cluster = Cluster::with(2, |config| config.cluster.settings.check_alone_ms = 200).await;
    let hall = Hall::open(&cluster.nodes[0], &json!({ "title": "Town hall" })).await;
    let mut host = cluster.nodes[0].peer(Codec::Json, &hall.host).await;
    let question = live(&hall, &cluster.nodes[0], &mut host).await;
    let mut phone = hall.phone_of(&cluster.nodes[1], Codec::Json, &hall.join(&cluster.nodes[0])).await;
    let (_, people, mut peers) = cluster.one_on_each().await;
    cluster.nats.kill();
    cluster.is_connected(false).await;
    let (status, _) = cluster.nodes[0].rest(&people[1], "POST", "/api/v1/auth/logout", &Value::Null);
    assert_eq!(status, 200);
    // Closed by the comparison: by then it has looked at the phone, too.
    peers[1].expect_close().await;
    let ballot = voted(&mut phone, pick(question, 1)).await;
    assert!(!ballot.duplicate);
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn an_audience_is_counted_over_all_nodes() {
    let cluster = Cluster::with(2, |config| config.conferences.service.audience_every_ms = 100).await;
    let hall = Hall::open(&cluster.nodes[0], &json!({ "title": "Town hall" })).await;
    let mut host = cluster.nodes[1].peer(Codec::Json, &hall.host).await;
    host.follow(Topic::Conference(hall.id)).await;
    let mut phones = Vec::new();
    for number in 0..5 {
        phones.push(hall.phone(&cluster.nodes[number % 2], Codec::Json).await);
    }
    audience(&mut host, 5).await;
    phones.truncate(2);
    audience(&mut host, 2).await;
    let (_, ended) = hall.ask(&cluster.nodes[0], "POST", "/end", &Value::Null);
    assert_eq!(ended["audience"]["unique"], 5, "{ended}");
    cluster.end().await;
}

async fn audience(peer: &mut Peer, live: u64) {
    loop {
        if let (_, Signal::Audience(audience)) = peer.expect_signal().await
            && audience.live == live
        {
            return;
        }
    }
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_question_of_the_audience_is_asked_on_one_node_and_voted_for_on_another() {
    let cluster = Cluster::start(2).await;
    let hall = Hall::open(&cluster.nodes[0], &json!({ "title": "Town hall" })).await;
    let mut phones = Vec::new();
    for number in 0..4 {
        phones.push(hall.phone(&cluster.nodes[number % 2], BOTH[number % 2]).await);
    }
    let ask = AskQuestion { conference: hall.id, text: "Why?".into(), client_ref: Some("why".into()) };
    let mut asked = Vec::new();
    for _ in 0..2 {
        let id = phones[0].push(Command::Ask(ask.clone())).await;
        let AckResult::BoardChanged(change) = phones[0].expect_ack(id).await else { panic!("it is asked") };
        asked.push(change.item.id);
    }
    assert_eq!(asked[0], asked[1], "a repetition");
    for (number, phone) in phones.iter_mut().enumerate() {
        let vote = plenum_schema::wire::Upvote { conference: hall.id, item: asked[0], up: true };
        let id = phone.push(Command::Upvote(vote)).await;
        let AckResult::BoardChanged(change) = phone.expect_ack(id).await else { panic!("it is wanted") };
        assert_eq!(change.item.votes, number as u64 + 1);
    }
    cluster.end().await;
}
