//! Short messages: recorded answers of Twilio Verify, and a gateway.

use crate::fake::{Fake, http};
use plenum_providers::{Gateway, MailConfig, Messengers, SmsConfig, SmsProvider, Twilio};
use plenum_services::messenger::{Message, Messenger, Recipient, SendError, Sent, Text};

const PHONE: &str = "+49301234567";

fn message(text: Text) -> Message {
    Message { to: Recipient::Phone(PHONE.to_owned()), text }
}

fn code() -> Message {
    message(Text::Code { code: "123456".into(), minutes: 5 })
}

fn messengers(sms: &SmsConfig) -> Messengers {
    Messengers::open(&MailConfig::default(), sms, false).unwrap()
}

fn twilio(fake: &Fake, custom_codes: bool) -> Messengers {
    let twilio = Twilio {
        url: fake.url(),
        account_sid: "AC1".to_owned(),
        auth_token: "secret".into(),
        service_sid: "VA1".to_owned(),
        custom_codes,
    };
    messengers(&SmsConfig { provider: SmsProvider::Twilio, timeout_ms: 500, twilio, ..SmsConfig::default() })
}

fn gateway(fake: &Fake) -> Messengers {
    let http = Gateway { url: format!("{}/send", fake.url()), token: "secret".into(), from: "House".to_owned() };
    messengers(&SmsConfig { provider: SmsProvider::Http, timeout_ms: 500, http, ..SmsConfig::default() })
}

/// As Twilio's documents show them.
const PENDING: &str = r#"{"sid":"VE0123456789abcdef0123456789abcdef","service_sid":"VA1","account_sid":"AC1","to":"+49301234567",
    "channel":"sms","status":"pending","valid":false,"send_code_attempts":[{"time":"2026-11-21T10:00:00Z","channel":"SMS"}]}"#;
const APPROVED: &str =
    r#"{"sid":"VE0123456789abcdef0123456789abcdef","to":"+49301234567","status":"approved","valid":true}"#;
const WRONG: &str =
    r#"{"sid":"VE0123456789abcdef0123456789abcdef","to":"+49301234567","status":"pending","valid":false}"#;
const OTHERS: &str =
    r#"{"sid":"VE0123456789abcdef0123456789abcdef","to":"+49301234568","status":"approved","valid":true}"#;
const BAD_NUMBER: &str = r#"{"code":60200,"message":"Invalid parameter `To`: +4930","more_info":"","status":400}"#;
const TOO_MANY: &str = r#"{"code":60202,"message":"Max check attempts reached","more_info":"","status":429}"#;
const NO_SUCH: &str = r#"{"code":20404,"message":"The requested resource was not found","more_info":"","status":404}"#;
const DENIED: &str = r#"{"code":20003,"message":"Authenticate","more_info":"","status":401}"#;

#[tokio::test]
async fn twilio_makes_the_code_and_says_whether_it_was_right() {
    let answers = [("201 Created", PENDING), ("200 OK", WRONG), ("200 OK", APPROVED), ("200 OK", OTHERS)];
    let answers = answers.into_iter().chain([("404 Not Found", NO_SUCH), ("429 Too Many", TOO_MANY)]);
    let fake = Fake::answering(answers.map(|(status, body)| http(status, body)).collect());
    let twilio = twilio(&fake, false);
    let Sent::OwnCode(sid) = twilio.send(code()).await.unwrap() else { panic!("no code of its own") };
    let asked = fake.asked.recv().unwrap();
    assert!(asked.head.starts_with("POST /v2/Services/VA1/Verifications HTTP/1.1"), "{}", asked.head);
    assert!(asked.head.to_lowercase().contains("authorization: basic "), "{}", asked.head);
    assert_eq!(asked.body, "To=%2B49301234567&Channel=sms");
    let check = |code: &'static str| twilio.check(Recipient::Phone(PHONE.to_owned()), sid.clone(), code.into());
    assert!(!check("000000").await.unwrap());
    assert!(check("123456").await.unwrap());
    let asked = fake.asked.iter().nth(1).unwrap();
    assert_eq!(asked.body, "VerificationSid=VE0123456789abcdef0123456789abcdef&Code=123456");
    assert!(!check("123456").await.unwrap(), "approved for another number");
    assert!(!check("123456").await.unwrap(), "it has ended");
    assert!(!check("123456").await.unwrap(), "it was tried too often");
}

#[tokio::test]
async fn twilio_may_carry_the_codes_that_are_made_here() {
    let fake = Fake::answering(vec![http("201 Created", PENDING)]);
    assert_eq!(twilio(&fake, true).send(code()).await, Ok(Sent::AsIs));
    assert!(fake.asked.recv().unwrap().body.ends_with("&CustomCode=123456"));
}

#[tokio::test]
async fn what_twilio_refuses_is_the_numbers_fault_or_its_own() {
    let answers =
        [("400 Bad Request", BAD_NUMBER), ("401 Unauthorized", DENIED), ("503 Busy", "<html>"), ("200 OK", "{}")];
    let fake = Fake::answering(answers.map(|(status, body)| http(status, body)).to_vec());
    let twilio = twilio(&fake, false);
    assert!(matches!(twilio.send(code()).await, Err(SendError::Recipient(_))));
    for _ in 0..3 {
        assert!(matches!(twilio.send(code()).await, Err(SendError::Provider(_))));
    }
    assert_eq!(twilio.send(message(Text::PhoneChanged)).await, Err(SendError::NotSetUp), "it carries codes only");
}

#[tokio::test]
async fn a_gateway_gets_a_document_and_its_token() {
    let fake = Fake::answering(vec![http("202 Accepted", ""), http("422 Unprocessable", ""), http("500 Oops", "")]);
    let gateway = gateway(&fake);
    assert_eq!(gateway.send(code()).await, Ok(Sent::AsIs));
    let asked = fake.asked.recv().unwrap();
    assert!(asked.head.starts_with("POST /send HTTP/1.1"), "{}", asked.head);
    assert!(asked.head.to_lowercase().contains("authorization: bearer secret"), "{}", asked.head);
    let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!((&body["to"], &body["from"]), (&PHONE.into(), &"House".into()));
    assert!(body["text"].as_str().unwrap().contains("123456"));
    assert!(matches!(gateway.send(code()).await, Err(SendError::Recipient(_))));
    assert!(matches!(gateway.send(code()).await, Err(SendError::Provider(_))));
}

#[tokio::test]
async fn an_answer_that_never_comes_or_never_ends_or_leads_elsewhere_is_a_failure_in_time() {
    let endless = http("200 OK", &"x".repeat(100_000));
    let away = "HTTP/1.1 307 Away\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned();
    let fake = Fake::answering(vec![String::new(), endless, away, "no http at all\r\n\r\n".to_owned()]);
    let gateway = gateway(&fake);
    for case in ["silent", "endless", "elsewhere", "nonsense"] {
        let outcome = gateway.send(code()).await;
        assert!(matches!(outcome, Err(SendError::Provider(_))), "{case}: {outcome:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_a_failure() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let http = Gateway { url: format!("http://{free}/"), ..Gateway::default() };
    let sms = SmsConfig { provider: SmsProvider::Http, http, ..SmsConfig::default() };
    assert!(matches!(messengers(&sms).send(code()).await, Err(SendError::Provider(_))));
}

#[tokio::test]
async fn more_messages_than_places_wait_and_give_up_in_time() {
    let fake = Fake::answering(vec![String::new()]);
    let http = Gateway { url: fake.url(), ..Gateway::default() };
    let sms = SmsConfig { provider: SmsProvider::Http, timeout_ms: 300, at_once: 1, http, ..SmsConfig::default() };
    let messengers = messengers(&sms);
    let (one, two) = tokio::join!(messengers.send(code()), messengers.send(code()));
    assert!(matches!((one, two), (Err(SendError::Provider(_)), Err(SendError::Provider(_)))));
    fake.asked.recv().unwrap();
}

#[tokio::test]
async fn development_keeps_messages_on_this_machine_only() {
    let private = Messengers::open(&MailConfig::default(), &SmsConfig::default(), true).unwrap();
    assert_eq!(private.send(code()).await, Ok(Sent::AsIs));
    let kept = private.outbox().unwrap().all();
    assert_eq!(kept[0].to, PHONE);
    assert!(kept[0].text.contains("123456"));
    let public = messengers(&SmsConfig::default());
    assert!(public.outbox().is_none());
    assert_eq!(public.send(code()).await, Err(SendError::NotSetUp));
}
