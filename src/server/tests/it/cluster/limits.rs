//! Rate limits hold for all nodes together.

use super::world::Cluster;
use crate::http;
use crate::socket::eventually;
use crate::socket::world::{Person, World};
use plenum_http::Rate;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{Command, Ping};
use serde_json::{Value, json};
use std::time::Instant;

/// What hardly fills again while a test runs.
fn slow(burst: f64) -> Rate {
    Rate { per_second: 0.001, burst }
}

const LOOKUP: &str = "/api/v1/users/lookup?email=a@b.c";

fn get(node: &World, who: &Person, path: &str) -> u16 {
    node.rest(who, "GET", path, &Value::Null).0
}

/// Lets this happen and waits until the other nodes have read a report that tells of it.
async fn told<T>(cluster: &Cluster, happens: impl FnOnce() -> T) -> T {
    let heard = |node: &World| node.metric_with("plenum_bus_received_total", "what=\"limits\"");
    let before: Vec<i64> = cluster.nodes.iter().map(heard).collect();
    let done = happens();
    // What happened may be spread over two reports.
    let sent = || cluster.nodes[0].metric_with("plenum_bus_sent_total", "what=\"limits\"");
    let (was, rounds) = (sent(), &cluster.nodes[0]);
    let is_told = || {
        // Something to tell in the next report, so that there is one.
        http::ask(rounds.address(), "GET", "/api/v1/health", &[], "");
        (sent() >= was + 2).then_some(())
    };
    eventually("the node tells", is_told).await;
    for (node, before) in cluster.nodes.iter().zip(before).skip(1) {
        eventually("the other nodes hear it", || (heard(node) >= before + 2).then_some(())).await;
    }
    done
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn requests_of_a_person_count_on_every_node() {
    let cluster = Cluster::with(3, |config| config.rest.lookup_rate = slow(20.0)).await;
    let people = cluster.nodes[0].people(2).await;
    let answers: Vec<u16> =
        told(&cluster, || (0..21).map(|_| get(&cluster.nodes[0], &people[0], LOOKUP)).collect()).await;
    assert_eq!(answers, [vec![404; 20], vec![429]].concat());
    for node in &cluster.nodes[1..] {
        assert_eq!(get(node, &people[0], LOOKUP), 429, "the first one on this node");
        assert_eq!(get(node, &people[1], LOOKUP), 404, "nobody else is slowed down");
    }
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn all_requests_of_a_person_and_commands_on_sockets_and_guessed_codes_count_on_every_node() {
    let cluster = Cluster::with(2, |config| {
        config.http.surface.caller_rate = slow(30.0);
        config.rest.guess_rate = slow(4.0);
        config.limits.commands_per_second = 20;
        config.limits.user_commands_factor = 1;
    })
    .await;
    let people = cluster.nodes[0].people(3).await;
    let me = "/api/v1/auth/me";
    told(&cluster, || (0..30).for_each(|_| assert_eq!(get(&cluster.nodes[0], &people[0], me), 200))).await;
    assert_eq!(get(&cluster.nodes[1], &people[0], me), 429);

    let code = "/api/v1/conference/code/NOSUCH";
    let guesses: Vec<u16> = told(&cluster, || (0..5).map(|_| get(&cluster.nodes[0], &people[1], code)).collect()).await;
    assert_eq!(guesses, [404, 404, 404, 404, 429]);
    assert_eq!(get(&cluster.nodes[1], &people[2], code), 429, "another person at the same address");

    let began = Instant::now();
    let mut taken = 0;
    for node in &cluster.nodes {
        let mut peer = node.peer(Codec::Json, &people[2]).await;
        for _ in 0..60 {
            let id = peer.push(Command::Ping(Ping {})).await;
            taken += u64::from(peer.answer(id).await.is_ok());
        }
        told(&cluster, || ()).await;
    }
    // Each connection alone would have 40 at once; the person has them once.
    let most = 40 + 20 * (began.elapsed().as_secs() + 1);
    assert!((40..=most).contains(&taken), "{taken} of at most {most}");
    cluster.end().await;
}

fn sign_in(node: &World, password: &str) -> u16 {
    let body = json!({ "email": "limited@example.org", "password": password }).to_string();
    http::ask(node.address(), "POST", "/api/v1/auth/login", &[], &body).status
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn passwords_that_were_tried_on_one_node_were_tried_on_all() {
    let cluster = Cluster::with(2, |config| {
        config.accounts.throttle.pair_burst = 5;
        config.accounts.throttle.pair_refill_ms = 3_600_000;
    })
    .await;
    let body = json!({ "email": "limited@example.org", "password": "the right password", "fullName": "L" }).to_string();
    let registered = http::ask(cluster.nodes[0].address(), "POST", "/api/v1/auth/register", &[], &body);
    assert_eq!(registered.status, 201, "{}", registered.body);
    told(&cluster, || (0..5).for_each(|_| assert_eq!(sign_in(&cluster.nodes[0], "a wrong password"), 401))).await;
    assert_eq!(sign_in(&cluster.nodes[0], "the right password"), 429);
    assert_eq!(sign_in(&cluster.nodes[1], "the right password"), 429);
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn without_the_bus_each_node_counts_for_itself_and_nothing_of_that_time_is_told_later() {
    let cluster = Cluster::with(2, |config| config.rest.lookup_rate = slow(5.0)).await;
    let people = cluster.nodes[0].people(2).await;
    let look = |node: usize, who: usize| get(&cluster.nodes[node], &people[who], LOOKUP);
    cluster.nats.kill();
    cluster.is_connected(false).await;
    let untold = cluster.nodes[0].metric("plenum_limits_untold_total");
    (0..5).for_each(|_| assert_eq!(look(0, 0), 404));
    assert_eq!(look(0, 0), 429);
    assert_eq!(look(1, 0), 404);
    let given_up = || (cluster.nodes[0].metric("plenum_limits_untold_total") > untold).then_some(());
    eventually("the report of that time is given up", given_up).await;
    cluster.nats.start_again();
    cluster.is_connected(true).await;
    cluster.is_complete().await;
    told(&cluster, || (0..5).for_each(|_| assert_eq!(look(0, 1), 404))).await;
    assert_eq!(look(1, 1), 429, "what is told now arrives");
    assert_eq!(look(1, 0), 404, "and nothing of before");
    cluster.end().await;
}
