//! Stripe: answers as its documents show them, and answers that never come, break, or lie.

use crate::fake::{Asked, Fake, http};
use plenum_providers::{PaymentProvider, PaymentsConfig, Stripe, StripeConfig};
use plenum_schema::{OrderId, PaymentId};
use plenum_services::payments::{
    Belongs, Happened, Intent, IntentState, NewIntent, NewRefund, Provider, ProviderError, RefundState,
};
use uuid::Uuid;

const PAYMENT: PaymentId = PaymentId(Uuid::from_u128(7));

fn config(url: String) -> PaymentsConfig {
    let stripe = StripeConfig {
        url,
        secret_key: "sk_test_0123456789".into(),
        webhook_secret: "whsec_0123456789".into(),
        ..StripeConfig::default()
    };
    PaymentsConfig { provider: PaymentProvider::Stripe, timeout_ms: 2_000, try_ms: 300, stripe, ..Default::default() }
}

fn stripe(fake: &Fake) -> Stripe {
    Stripe::open(&config(fake.url())).unwrap()
}

fn wanted(amount: i64, currency: &str) -> NewIntent {
    let belongs = Belongs { payment: PAYMENT, attempt: 1 };
    NewIntent { belongs, order: Some(OrderId(Uuid::from_u128(9))), amount, currency: currency.to_owned() }
}

fn intent(status: &str, received: i64) -> String {
    format!(
        r#"{{"id":"pi_3Abc","object":"payment_intent","amount":990,"amount_received":{received},"client_secret":"pi_3Abc_secret_x",
        "currency":"eur","last_payment_error":{{"code":"card_declined","decline_code":"insufficient_funds"}},"latest_charge":null,
        "livemode":false,"metadata":{{"payment_id":"{PAYMENT}","attempt":"1"}},"status":"{status}"}}"#
    )
}

fn refund(status: &str) -> String {
    format!(
        r#"{{"id":"re_1","object":"refund","amount":990,"charge":"ch_1","currency":"eur","metadata":{{"payment_id":"{PAYMENT}",
        "refund_key":"k-1"}},"payment_intent":"pi_3Abc","status":"{status}"}}"#
    )
}

fn error(code: &str) -> String {
    format!(r#"{{"error":{{"code":"{code}","message":"Words with pi_3Abc in them","type":"invalid_request_error"}}}}"#)
}

fn header<'a>(asked: &'a Asked, name: &str) -> Option<&'a str> {
    let lines = asked.head.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[tokio::test]
async fn an_intent_is_made_with_amount_order_and_key_and_read_back() {
    let fake = Fake::answering(vec![http("200 OK", &intent("requires_payment_method", 0))]);
    let made = stripe(&fake).create(wanted(990, "EUR")).await.unwrap();
    let asked = fake.asked.recv().unwrap();
    assert!(asked.head.starts_with("POST /v1/payment_intents HTTP/1.1"), "{}", asked.head);
    assert_eq!(header(&asked, "authorization"), Some("Bearer sk_test_0123456789"));
    assert_eq!(header(&asked, "idempotency-key"), Some(format!("plenum-intent-{PAYMENT}-1").as_str()));
    assert!(header(&asked, "stripe-version").is_some());
    let order = Uuid::from_u128(9);
    let body = format!(
        "amount=990&currency=eur&metadata[payment_id]={PAYMENT}&metadata[attempt]=1&metadata[order_id]={order}&payment_method_types[]=card"
    );
    assert_eq!(asked.body, body);
    let Intent { id, belongs, state, received, currency, client_secret, failure } = made;
    assert_eq!((id.as_str(), currency.as_str(), received), ("pi_3Abc", "EUR", 0));
    assert_eq!((belongs.unwrap().payment, state), (PAYMENT, IntentState::Waiting));
    assert_eq!(client_secret.unwrap().expose(), "pi_3Abc_secret_x");
    assert_eq!(failure.as_deref(), Some("insufficient_funds"));
}

#[tokio::test]
async fn what_fails_for_a_moment_is_asked_again_with_the_same_key() {
    let answers =
        vec![String::new(), http("503 Unavailable", "<html>"), http("200 OK", &intent("requires_payment_method", 0))];
    let fake = Fake::answering(answers);
    stripe(&fake).create(wanted(990, "EUR")).await.unwrap();
    let keys: Vec<String> =
        fake.asked.iter().take(3).map(|asked| header(&asked, "idempotency-key").unwrap().to_owned()).collect();
    assert!(keys.len() == 3 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    let answers = vec![http("409 Conflict", &error("idempotency_key_in_use")), http("429 Slow", &error("rate_limit"))];
    let fake = Fake::answering(answers.into_iter().chain([http("200 OK", &intent("succeeded", 990))]).collect());
    assert_eq!(stripe(&fake).intent("pi_3Abc".to_owned()).await.unwrap().state, IntentState::Succeeded);
    assert!(fake.asked.recv().unwrap().head.starts_with("GET /v1/payment_intents/pi_3Abc HTTP/1.1"));
}

#[tokio::test]
async fn an_answer_tells_a_refusal_from_a_fault_and_a_fault_from_silence() {
    let away = |error: &ProviderError| matches!(error, ProviderError::Away(_));
    let fails = async |answers: Vec<String>| {
        let fake = Fake::answering(answers);
        stripe(&fake).create(wanted(990, "EUR")).await.unwrap_err()
    };
    let refused = fails(vec![http("400 Bad", &error("amount_too_small"))]).await;
    assert_eq!(refused, ProviderError::Refused("amount_too_small".to_owned()));
    assert_eq!(fails(vec![http("404 No", "nothing")]).await, ProviderError::Refused("status 404".to_owned()));
    let hostile = fails(vec![http("402 No", &error("<b>\\n\\u0000x"))]).await;
    assert_eq!(hostile, ProviderError::Refused("bx".to_owned()), "only plain letters are repeated");
    assert!(away(&fails(vec![http("401 Who", &error("x"))]).await));
    assert!(away(&fails(vec![String::new(), String::new(), String::new()]).await));
    let broken = vec![http("500 Oops", "{}"); 3];
    assert!(matches!(fails(broken).await, ProviderError::Broken(_)));
    for nonsense in ["", "null", "[]", "{}", r#"{"id":"../../x","status":"succeeded","currency":"eur"}"#] {
        assert!(matches!(fails(vec![http("200 OK", nonsense)]).await, ProviderError::Broken(_)), "{nonsense}");
    }
    let elsewhere = "HTTP/1.1 307 Away\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned();
    assert!(matches!(fails(vec![elsewhere]).await, ProviderError::Broken(_)), "no redirect is followed");
    assert!(away(&fails(vec![http("200 OK", &"x".repeat(100_000)); 3]).await), "nobody reads without end");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = Stripe::open(&config(format!("http://{free}"))).unwrap();
    assert!(away(&nobody.create(wanted(990, "EUR")).await.unwrap_err()));
}

#[tokio::test]
async fn what_cannot_be_called_off_is_looked_at() {
    let answers = vec![
        http("400 Bad", &error("payment_intent_unexpected_state")),
        http("200 OK", &intent("succeeded", 990)),
        http("200 OK", &intent("canceled", 0)),
    ];
    let fake = Fake::answering(answers);
    let stripe = stripe(&fake);
    let cancel = || stripe.cancel("pi_3Abc".to_owned());
    assert_eq!(cancel().await.unwrap().state, IntentState::Succeeded);
    assert_eq!(cancel().await.unwrap().state, IntentState::Canceled);
    let asked: Vec<Asked> = fake.asked.iter().take(3).collect();
    assert!(asked[0].head.starts_with("POST /v1/payment_intents/pi_3Abc/cancel "), "{}", asked[0].head);
    assert_eq!(header(&asked[0], "idempotency-key"), None, "an old answer must not come again");
    assert!(asked[1].head.starts_with("GET /v1/payment_intents/pi_3Abc "), "{}", asked[1].head);
}

#[tokio::test]
async fn money_is_given_back_under_a_key_and_listed() {
    let list = format!(r#"{{"object":"list","data":[{}],"has_more":false}}"#, refund("pending"));
    let fake = Fake::answering(vec![http("200 OK", &refund("succeeded")), http("200 OK", &list)]);
    let stripe = stripe(&fake);
    let (intent, key, currency) = ("pi_3Abc".to_owned(), "k-1".to_owned(), "EUR".to_owned());
    let new = NewRefund { payment: PAYMENT, intent: intent.clone(), key, amount: 990, currency };
    let made = stripe.refund(new).await.unwrap();
    assert_eq!((made.id.as_str(), made.amount, made.state), ("re_1", 990, RefundState::Succeeded));
    assert_eq!((made.key.as_deref(), made.payment), (Some("k-1"), Some(PAYMENT)));
    let asked = fake.asked.recv().unwrap();
    assert_eq!(header(&asked, "idempotency-key"), Some("plenum-refund-k-1"));
    assert!(asked.body.starts_with("payment_intent=pi_3Abc&amount=990&"), "{}", asked.body);
    assert_eq!(stripe.refunds(intent).await.unwrap()[0].state, RefundState::Pending);
    assert!(fake.asked.recv().unwrap().head.starts_with("GET /v1/refunds?payment_intent=pi_3Abc&limit=30 "));
}

#[tokio::test]
async fn amounts_that_stripe_cannot_say_are_not_asked_for() {
    let fake = Fake::answering(Vec::new());
    let refused = stripe(&fake).create(wanted(1_234, "KWD")).await;
    assert_eq!(refused, Err(ProviderError::Refused("amount_not_possible".to_owned())));
}

#[test]
fn an_event_is_read_when_its_signature_is_right_and_says_only_what_matters() {
    let stripe = Stripe::open(&config("http://127.0.0.1:9".to_owned())).unwrap();
    let event = |kind: &str, object: &str| format!(r#"{{"id":"evt_1","type":"{kind}","data":{{"object":{object}}}}}"#);
    let read = |body: &str| {
        let signature = crate::stripe_signature("whsec_0123456789", 1_000, body);
        stripe.event(body.as_bytes(), &signature, 1_000).map(|event| event.what)
    };
    let Ok(Happened::Intent(told)) = read(&event("payment_intent.succeeded", &intent("succeeded", 990))) else {
        panic!("no intent")
    };
    assert_eq!((told.received, told.state), (990, IntentState::Succeeded));
    assert!(matches!(read(&event("refund.created", &refund("pending"))), Ok(Happened::Refund(_))));
    assert!(matches!(read(&event("charge.refund.updated", &refund("failed"))), Ok(Happened::Refund(_))));
    let back = Happened::GivenBack { intent: "pi_3Abc".to_owned() };
    assert_eq!(read(&event("charge.refunded", r#"{"payment_intent":"pi_3Abc"}"#)), Ok(back));
    assert_eq!(read(&event("charge.refunded", r#"{"payment_intent":null}"#)), Ok(Happened::Other));
    assert_eq!(read(&event("customer.created", "{}")), Ok(Happened::Other));
    for wrong in [event("payment_intent.succeeded", "{}"), "{}".to_owned(), "x".to_owned(), "[".repeat(100_000)] {
        assert!(read(&wrong).is_err(), "{}", wrong.chars().take(80).collect::<String>());
    }
    let body = event("customer.created", "{}");
    assert!(stripe.event(body.as_bytes(), "t=1000,v1=00", 1_000).is_err());
}
