//! A hall votes.

use crate::http;
use crate::socket::peer::{BOTH, Peer, subscribe};
use crate::socket::world::{Person, World};
use plenum_schema::board::ItemStatus;
use plenum_schema::codec::Codec;
use plenum_schema::conference::ConferenceEvent;
use plenum_schema::poll::{Answer, Results};
use plenum_schema::wire::{
    AckResult, AskQuestion, Command, ConferenceQuestion, Event, ReplyTo, ShowResults, Signal, Upvote, Vote, Voted,
    Withdraw,
};
use plenum_schema::{ConferenceId, QuestionId, RefusalCode, Topic};
use serde_json::{Value, json};

/// A conference with a host.
pub struct Hall {
    pub host: Person,
    pub id: ConferenceId,
    pub code: String,
}

impl Hall {
    pub async fn open(world: &World, body: &Value) -> Self {
        let host = world.people(1).await.remove(0);
        let (status, made) = world.rest(&host, "POST", "/api/conference", body);
        assert_eq!(status, 201, "{made}");
        let (id, code) =
            (made["id"].as_str().unwrap().parse().unwrap(), made["publicCode"].as_str().unwrap().to_owned());
        let hall = Self { host, id, code };
        assert_eq!(hall.ask(world, "POST", "/start", &Value::Null).0, 200);
        hall
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/api/conference/{}{rest}", self.id)
    }

    /// Asks as the host.
    pub fn ask(&self, world: &World, method: &str, rest: &str, body: &Value) -> (u16, Value) {
        world.rest(&self.host, method, &self.path(rest), body)
    }

    pub fn question(&self, world: &World, body: &Value) -> QuestionId {
        let (status, question) = self.ask(world, "POST", "/questions", body);
        assert_eq!(status, 201, "{question}");
        question["id"].as_str().unwrap().parse().unwrap()
    }

    /// The token of somebody who has just joined without an account.
    pub fn join(&self, world: &World) -> String {
        let answer = http::ask(world.address(), "POST", &self.path("/join"), &[], "{}");
        let joined: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(answer.status, 201, "{joined}");
        joined["token"].as_str().unwrap().to_owned()
    }

    pub fn asked(&self, question: QuestionId) -> ConferenceQuestion {
        ConferenceQuestion { conference: self.id, question }
    }

    /// A participant on a socket, following the conference.
    pub async fn phone(&self, world: &World, codec: Codec) -> Peer {
        let token = self.join(world);
        self.phone_of(world, codec, &token).await
    }

    pub async fn phone_of(&self, world: &World, codec: Codec, token: &str) -> Peer {
        let mut peer = Peer::connect(world.address(), codec).await;
        peer.identify(token).await;
        peer.follow(Topic::Conference(self.id)).await;
        peer
    }
}

fn single() -> Value {
    json!({ "text": "Which?", "options": ["a", "b", "c"] })
}

pub fn pick(question: QuestionId, option: u16) -> Command {
    Command::Vote(Vote { question, answer: Answer::Choice(vec![option]), pressed_after_ms: None, sequence: None })
}

pub async fn voted(peer: &mut Peer, command: Command) -> Voted {
    let id = peer.push(command).await;
    match peer.expect_ack(id).await {
        AckResult::Voted(voted) => voted,
        other => panic!("{other:?}"),
    }
}

async fn happened(peer: &mut Peer) -> ConferenceEvent {
    match peer.expect_event().await.event {
        Event::Conference(event) => event,
        other @ Event::Conversation(_) => panic!("{other:?}"),
    }
}

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

#[tokio::test]
async fn a_hall_joins_by_code_votes_and_sees_the_results_when_the_host_shows_them() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Town hall", "speakers": [{ "name": "Ada" }] })).await;
    let found = http::get(world.address(), &format!("/api/conference/code/{}", hall.code.to_lowercase()));
    assert!(found.status == 200 && found.body.contains(&hall.id.to_string()), "{}", found.body);
    let question = hall.question(&world, &single());
    let mut phones = Vec::new();
    for codec in [BOTH[0], BOTH[1], BOTH[0]] {
        phones.push(hall.phone(&world, codec).await);
    }
    phones[0].refused(pick(question, 1), RefusalCode::Conflict).await;
    let mut host = world.peer(Codec::Json, &hall.host).await;
    let id = host.push(Command::PushQuestion(hall.asked(question))).await;
    host.expect_ack(id).await;
    for phone in &mut phones {
        let ConferenceEvent::QuestionLive(live) = happened(phone).await else { panic!("it is live") };
        assert_eq!((live.question, live.definition.options.len()), (question, 3));
    }
    host.subscribe(Topic::PollHost(question), None).await;
    phones[2].subscribe(Topic::Poll(question), None).await;
    assert!(results(&mut phones[2], Topic::Poll(question), |_| true).await.hidden);
    phones[0].refused(subscribe(Topic::PollHost(question), None), RefusalCode::Forbidden).await;
    let first = voted(&mut phones[0], pick(question, 2)).await;
    assert_eq!(voted(&mut phones[0], pick(question, 2)).await, Voted { duplicate: true, ..first });
    voted(&mut phones[1], pick(question, 2)).await;
    voted(&mut phones[1], pick(question, 3)).await;
    voted(&mut phones[2], pick(question, 1)).await;
    voted(&mut phones[2], Command::Withdraw(Withdraw { question, sequence: None })).await;
    let seen = results(&mut host, Topic::PollHost(question), |results| results.revision >= 6).await;
    assert_eq!((counts(&seen), seen.total_responses), (vec![0, 1, 1], 2));
    let id = host.push(Command::CloseQuestion(hall.asked(question))).await;
    host.expect_ack(id).await;
    for phone in &mut phones {
        let ConferenceEvent::QuestionClosed(closed) = happened(phone).await else { panic!("it is closed") };
        assert_eq!((closed.total_responses, closed.results), (2, None), "a hidden tally is told to nobody");
        phone.refused(pick(question, 1), RefusalCode::Gone).await;
    }
    let id = host.push(Command::ShowResults(ShowResults { conference: hall.id, question, shown: true })).await;
    host.expect_ack(id).await;
    for phone in &mut phones {
        let ConferenceEvent::ResultsShown(shown) = happened(phone).await else { panic!("they are shown") };
        assert_eq!(counts(&shown.results.unwrap()), [0, 1, 1]);
    }
    let last = results(&mut phones[2], Topic::Poll(question), |results| !results.hidden).await;
    assert!(last.closed && counts(&last) == [0, 1, 1]);
}

#[tokio::test]
async fn the_same_over_rest_with_ballots_that_survive_a_restart() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Town hall" })).await;
    let question = hall.question(&world, &single());
    let (token, other) = (hall.join(&world), hall.join(&world));
    let vote = |world: &World, token: &str, option: u16| {
        let bearer = format!("Bearer {token}");
        let path = hall.path(&format!("/questions/{question}/vote"));
        let body = json!({ "optionId": option.to_string() }).to_string();
        let answer = http::ask(world.address(), "POST", &path, &[("Authorization", &bearer)], &body);
        (answer.status, serde_json::from_str::<Value>(&answer.body).unwrap())
    };
    assert_eq!(vote(&world, &token, 1).0, 409);
    assert_eq!(hall.ask(&world, "POST", &format!("/questions/{question}/live"), &Value::Null).0, 200);
    let (status, first) = vote(&world, &token, 1);
    assert_eq!((status, &first["duplicate"]), (200, &json!(false)), "{first}");
    assert_eq!(vote(&world, &other, 9).1["errors"][0]["field"], "answer.choice");
    let world = world.restarted(|_| {}).await;
    let (status, again) = vote(&world, &token, 1);
    assert_eq!((status, &again["duplicate"], &again["offset"]), (200, &json!(true), &first["offset"]));
    assert_eq!(vote(&world, &other, 2).0, 200);
    let (status, closed) = hall.ask(&world, "POST", &format!("/questions/{question}/close"), &Value::Null);
    assert_eq!((status, &closed["status"]), (200, &json!("CLOSED")));
    assert_eq!(closed["results"]["totalResponses"], 2);
    assert_eq!(vote(&world, &other, 1).0, 410);
    let bearer = format!("Bearer {token}");
    let path = hall.path(&format!("/questions/{question}"));
    let own = http::ask(world.address(), "GET", &path, &[("Authorization", &bearer)], "");
    let own: Value = serde_json::from_str(&own.body).unwrap();
    assert_eq!(own["myAnswer"], json!({ "choice": [1] }));
    assert_eq!((&own["results"]["hidden"], &own["results"]["counts"]), (&json!(true), &Value::Null));
    let (status, sheet) = hall.ask(&world, "GET", &format!("/questions/{question}/sheet"), &Value::Null);
    assert_eq!(status, 200, "{sheet}");
    let signed: plenum_schema::poll::SignedSheet = serde_json::from_value(sheet).unwrap();
    let verified = plenum_services::accounts::verify_sheet(&signed).unwrap();
    assert_eq!((verified.check(&signed.entries), verified.leaves), (Ok(()), 2));
    assert!(verified.holds(&signed.entries, first["receipt"].as_str().unwrap()));
    let mut forged = signed.clone();
    forged.signed.replace_range(60..61, if &signed.signed[60..61] == "A" { "B" } else { "A" });
    assert!(plenum_services::accounts::verify_sheet(&forged).is_err());
    let closed = http::ask(world.address(), "GET", &hall.path(&format!("/questions/{question}/sheet")), &[], "");
    assert_eq!(closed.status, 403, "hidden results are not given away by their sheet");
    let (status, report) = hall.ask(&world, "GET", "/report", &Value::Null);
    assert_eq!((status, &report["questions"][0]["results"]["counts"][1]["count"]), (200, &json!(1)));
    assert_eq!(report["audience"]["unique"], 2);
    let csv = hall.ask(&world, "GET", "/report?format=csv", &Value::Null);
    assert_eq!(csv.0, 200);
    let (_, ended) = hall.ask(&world, "POST", "/end", &Value::Null);
    assert_eq!((&ended["status"], &ended["audience"]["unique"]), (&json!("ENDED"), &json!(2)));
    assert_eq!(http::ask(world.address(), "POST", &hall.path("/join"), &[], "{}").status, 410);
}

#[tokio::test]
async fn a_token_of_a_conference_opens_that_conference_and_nothing_else() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "One" })).await;
    let other = Hall::open(&world, &json!({ "title": "Other" })).await;
    let question = hall.question(&world, &single());
    let elsewhere = other.question(&world, &single());
    assert_eq!(hall.ask(&world, "POST", &format!("/questions/{question}/live"), &Value::Null).0, 200);
    assert_eq!(other.ask(&world, "POST", &format!("/questions/{elsewhere}/live"), &Value::Null).0, 200);
    let token = hall.join(&world);
    let stranger = Person { user: hall.host.user, token: token.clone() };
    for (method, path) in [("GET", "/api/auth/me"), ("GET", "/api/conversations"), ("GET", "/api/conference")] {
        assert_eq!(world.rest(&stranger, method, path, &Value::Null).0, 401, "{path}");
    }
    for path in ["/start", "/end", "/tokens", "/questions"] {
        let body = json!({ "role": "screen", "text": "x", "options": ["a", "b"] });
        let status = world.rest(&stranger, "POST", &hall.path(path), &body).0;
        assert!([401, 403].contains(&status), "{path}: {status}");
    }
    let mut phone = hall.phone_of(&world, Codec::Json, &token).await;
    phone.refused(pick(elsewhere, 1), RefusalCode::NotFound).await;
    for topic in [Topic::Conference(other.id), Topic::Poll(elsewhere), Topic::User(hall.host.user)] {
        phone.refused(subscribe(topic, None), RefusalCode::NotFound).await;
    }
    phone.refused(Command::CloseQuestion(hall.asked(question)), RefusalCode::Forbidden).await;
    let direct = plenum_schema::wire::SendDirect {
        to: hall.host.user,
        client_ref: None,
        content: plenum_schema::Content::text("hi"),
    };
    phone.refused(Command::SendDirect(direct), RefusalCode::Forbidden).await;
    let mut host = world.peer(Codec::Json, &hall.host).await;
    host.refused(pick(question, 1), RefusalCode::Forbidden).await;
}

#[tokio::test]
async fn an_audience_is_counted_live_unique_and_at_its_peak() {
    let world = World::with(|config| config.conferences.service.audience_every_ms = 100);
    let hall = Hall::open(&world, &json!({ "title": "Town hall" })).await;
    let mut host = world.peer(Codec::Json, &hall.host).await;
    host.follow(Topic::Conference(hall.id)).await;
    let (first, second) = (hall.join(&world), hall.join(&world));
    let phone = hall.phone_of(&world, Codec::Json, &first).await;
    let twin = hall.phone_of(&world, Codec::Json, &first).await;
    let _other = hall.phone_of(&world, Codec::Json, &second).await;
    loop {
        if let (_, Signal::Audience(audience)) = host.expect_signal().await
            && (audience.live, audience.unique, audience.peak) == (2, 2, 2)
        {
            break;
        }
    }
    drop((phone, twin));
    loop {
        if let (_, Signal::Audience(audience)) = host.expect_signal().await
            && audience.live == 1
        {
            assert_eq!((audience.unique, audience.peak), (2, 2));
            break;
        }
    }
}

#[tokio::test]
async fn a_question_with_a_time_closes_by_itself() {
    let world = World::with(|config| config.voting.limits.latency_ms = 100);
    let hall = Hall::open(&world, &json!({ "title": "Quiz" })).await;
    let quiz = json!({ "text": "2 + 2?", "kind": "quiz", "options": ["4", "5"], "correct": [1], "durationMs": 1_000,
        "visibility": "live" });
    let question = hall.question(&world, &quiz);
    let mut phone = hall.phone(&world, Codec::Json).await;
    assert_eq!(hall.ask(&world, "POST", &format!("/questions/{question}/live"), &Value::Null).0, 200);
    let ConferenceEvent::QuestionLive(live) = happened(&mut phone).await else { panic!("it is live") };
    assert!(live.definition.correct.is_empty() && live.closes_at.is_some());
    voted(&mut phone, pick(question, 1)).await;
    let topic = Topic::Conference(hall.id);
    results(&mut phone, topic, |results| results.total_responses == 1 && results.correct.is_empty()).await;
    let ConferenceEvent::QuestionClosed(closed) = happened(&mut phone).await else { panic!("it closes") };
    results(&mut phone, topic, |results| results.closed).await;
    let results = closed.results.unwrap();
    assert_eq!((results.correct.as_slice(), results.leaders.len()), (&[1_u16][..], 1));
}

#[tokio::test]
async fn wrong_codes_are_slowed_down_and_right_ones_are_not() {
    let world = World::with(|config| config.rest.guess_rate.burst = 3.0);
    let hall = Hall::open(&world, &json!({ "title": "Town hall", "passcode": "sesame" })).await;
    let right = format!("/api/conference/code/{}", hall.code);
    for _ in 0..10 {
        assert_eq!(http::get(world.address(), &right).status, 200);
    }
    let wrong = |code: &str| http::get(world.address(), &format!("/api/conference/code/{code}")).status;
    assert_eq!(wrong("ZZZZZZ"), 404);
    assert_eq!(http::ask(world.address(), "POST", &hall.path("/join"), &[], r#"{"passcode":"no"}"#).status, 403);
    assert_eq!(wrong("not-a-code"), 404);
    assert_eq!(wrong("ZZZZZY"), 429);
}

#[tokio::test]
async fn an_audience_asks_and_the_most_wanted_question_comes_first() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Town hall", "moderated": true })).await;
    let (mut ada, mut bob) = (hall.phone(&world, BOTH[0]).await, hall.phone(&world, BOTH[1]).await);
    let mut host = world.peer(Codec::Json, &hall.host).await;
    host.subscribe(Topic::BoardHost(hall.id), None).await;
    bob.subscribe(Topic::Board(hall.id), None).await;
    bob.refused(subscribe(Topic::BoardHost(hall.id), None), RefusalCode::Forbidden).await;
    let ask = |text: &str| {
        let client_ref = Some(text.to_owned());
        Command::Ask(AskQuestion { conference: hall.id, text: text.to_owned(), client_ref })
    };
    for (text, item) in [("Why?", 1), ("When?", 2), ("Why?", 1)] {
        let id = ada.push(ask(text)).await;
        let AckResult::BoardChanged(change) = ada.expect_ack(id).await else { panic!("it is asked") };
        assert_eq!((change.item.id, change.item.status), (item, ItemStatus::Pending));
    }
    let upvote = |item| Command::Upvote(Upvote { conference: hall.id, item, up: true });
    bob.refused(upvote(2), RefusalCode::NotFound).await;
    for item in [1, 2] {
        let path = format!("/qa/{item}");
        assert_eq!(hall.ask(&world, "PUT", &path, &json!({ "status": "approved" })).0, 200);
    }
    for _ in 0..2 {
        let id = bob.push(upvote(2)).await;
        let AckResult::BoardChanged(change) = bob.expect_ack(id).await else { panic!("it counts") };
        assert_eq!(change.item.votes, 1);
    }
    for (peer, topic) in [(&mut host, Topic::BoardHost(hall.id)), (&mut bob, Topic::Board(hall.id))] {
        loop {
            if let (on, Signal::Board(board)) = peer.expect_signal().await
                && on == topic
                && board.items.first().is_some_and(|item| (item.id, item.votes) == (2, 1))
            {
                assert_eq!(board.items.iter().map(|item| item.id).collect::<Vec<_>>(), [2, 1]);
                break;
            }
        }
    }
    let (status, listed) = hall.ask(&world, "GET", "/qa?sort=newest", &Value::Null);
    assert_eq!((status, &listed["items"][0]["text"]), (200, &json!("When?")));
}

#[tokio::test]
async fn what_an_audience_asks_is_merged_labelled_replied_to_and_becomes_the_options_of_a_question() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Ideas", "audienceReplies": true })).await;
    let (ada, bob) = (hall.join(&world), hall.join(&world));
    let say = |token: &str, method: &str, path: &str, body: &Value| {
        let bearer = format!("Bearer {token}");
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let answer = http::ask(world.address(), method, &hall.path(path), &[("Authorization", &bearer)], &text);
        (answer.status, serde_json::from_str::<Value>(&answer.body).unwrap_or_default())
    };
    for (token, text) in [(&ada, "Ship in May"), (&bob, "May, please"), (&ada, "Free lunch"), (&bob, "Quiet rooms")] {
        assert_eq!(say(token, "POST", "/qa", &json!({ "text": text })).0, 201);
    }
    for (token, item) in [(&ada, 1), (&bob, 1), (&ada, 2), (&bob, 3)] {
        assert_eq!(say(token, "POST", &format!("/qa/{item}/upvote"), &Value::Null).0, 200);
    }
    assert_eq!(say(&ada, "POST", "/qa/2/merge", &json!({ "into": 1 })).0, 403);
    let (status, merged) = hall.ask(&world, "POST", "/qa/2/merge", &json!({ "into": 1 }));
    assert_eq!((status, &merged["votes"], &merged["merged"]), (200, &json!(2), &json!(1)), "{merged}");
    let said = json!({ "text": "With pickles", "clientRef": "r1" });
    let (status, replied) = say(&bob, "POST", "/qa/3/replies", &said);
    assert_eq!((status, &replied["newestReplies"][0]["text"]), (201, &json!("With pickles")), "{replied}");
    assert_eq!(say(&bob, "POST", "/qa/3/replies", &said).1["replies"], 1);
    assert_eq!(say(&ada, "DELETE", "/qa/3/replies/1", &Value::Null).0, 403);
    let (status, labelled) = hall.ask(&world, "PUT", "/qa/3", &json!({ "labels": ["food"] }));
    assert_eq!((status, &labelled["labels"]), (200, &json!(["food"])), "{labelled}");
    let (_, listed) = say(&ada, "GET", "/qa?sort=wilson&label=food", &Value::Null);
    assert_eq!((&listed["items"][0]["id"], listed["items"].as_array().unwrap().len()), (&json!(3), 1));
    assert!(listed["items"][0]["score"].as_f64().unwrap() > 0.0, "{listed}");
    assert_eq!(hall.ask(&world, "DELETE", "/qa/3/replies/1", &Value::Null).1["replies"], 0);
    let body = json!({ "text": "Which first?", "fromTop": { "count": 2 } });
    let (status, question) = hall.ask(&world, "POST", "/questions", &body);
    assert_eq!(status, 201, "{question}");
    let texts: Vec<&str> =
        question["options"].as_array().unwrap().iter().map(|option| option["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Ship in May", "Free lunch"]);
    let both = json!({ "text": "?", "options": ["a", "b"], "fromTop": { "count": 2 } });
    let (status, refused) = hall.ask(&world, "POST", "/questions", &both);
    assert_eq!((status, &refused["errors"][0]["field"]), (422, &json!("fromTop")), "{refused}");
    // Native peers and the board's topic say the same.
    let mut phone = hall.phone_of(&world, BOTH[1], &ada).await;
    let reply = ReplyTo { conference: hall.id, item: 2, text: "In June?".into(), client_ref: None };
    let id = phone.push(Command::Reply(reply)).await;
    let AckResult::BoardChanged(change) = phone.expect_ack(id).await else { panic!("it is a reply") };
    assert_eq!((change.item.id, change.item.newest_replies[0].text.as_str()), (1, "In June?"));
    let closed = Hall::open(&world, &json!({ "title": "No replies" })).await;
    let mut guest = closed.phone(&world, Codec::Json).await;
    let reply = ReplyTo { conference: closed.id, item: 1, text: "?".into(), client_ref: None };
    guest.refused(Command::Reply(reply), RefusalCode::Forbidden).await;
}
