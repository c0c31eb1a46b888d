//! The redirect flow: there and back, and what somebody gets who has only a part of it.

use super::issuer::{ISSUER, Mood, pairs};
use super::{House, field, person};
use crate::world::{Seen, plain};
use plenum_actors::identity::SessionEnder;
use plenum_providers::GoogleClient;
use plenum_schema::SessionId;
use plenum_services::accounts::{Accounts, AccountsConfig, Google, GoogleEnd, GoogleReturn};
use plenum_services::messenger::NoMessenger;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

const COOKIE: &str = "__Host-plenum-google";

/// A browser on its way to Google.
struct Browser {
    location: String,
    cookie: String,
}

impl Browser {
    async fn begin(house: &House) -> Self {
        let seen = house.world.ask(plain("GET", "/auth/google")).await;
        assert_eq!((seen.status, seen.header("cache-control")), (302, "no-store"));
        let cookie = seen.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        Self { location: seen.header("location").to_owned(), cookie }
    }

    fn query(&self) -> HashMap<String, String> {
        pairs(self.location.split_once('?').expect("a query").1)
    }

    /// Ann agrees at Google: the code that comes back.
    fn agree(&self, house: &House) -> String {
        house.issuer.agree(&self.location, house.claims("1", "ann@gmail.com"))
    }

    async fn come_back(&self, house: &House, code: &str) -> Seen {
        come_back(house, &self.cookie, &format!("state={}&code={}", self.query()["state"], code.replace('+', "%2B")))
            .await
    }
}

async fn come_back(house: &House, cookie: &str, query: &str) -> Seen {
    let request = plain("GET", &format!("/auth/google/callback?{query}"));
    let request = if cookie.is_empty() { request } else { request.insert_header(("Cookie", format!("a=b; {cookie}"))) };
    house.world.ask(request).await
}

#[actix_web::test]
async fn whoever_goes_to_google_and_comes_back_is_signed_in() {
    let house = House::new();
    let seen = house.world.ask(plain("GET", "/auth/google")).await;
    let set = seen.header("set-cookie");
    assert!(set.starts_with("__Host-plenum-google="), "{set}");
    assert!(set.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"), "{set}");
    assert!(seen.header("location").starts_with(&house.issuer.url("/authorize?")));

    let browser = Browser::begin(&house).await;
    let query = browser.query();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "web"),
        ("redirect_uri", "https://plenum.example/api/auth/google/callback"),
        ("scope", "openid email profile"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(query[name], value);
    }
    assert_eq!(query["code_challenge"].len(), 43);
    let back = browser.come_back(&house, &browser.agree(&house)).await;
    assert_eq!(back.header("cache-control"), "no-store");
    assert!(
        back.header("set-cookie").starts_with("__Host-plenum-google=; Path=/; Max-Age=0"),
        "{}",
        back.header("set-cookie")
    );
    let me = person(&back.ok(200));
    assert_eq!(me.email, "ann@gmail.com");
    assert_eq!(house.world.get(&me, "/auth/devices").await.ok(200)["items"][0]["name"], "browser");
}

#[actix_web::test]
async fn each_way_to_google_has_secrets_of_its_own() {
    let house = House::new();
    let (one, two) = (Browser::begin(&house).await, Browser::begin(&house).await);
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(one.query()[name], two.query()[name], "{name}");
    }
    assert_ne!(one.cookie, two.cookie);
}

#[actix_web::test]
async fn a_state_is_good_once() {
    let house = House::new();
    let browser = Browser::begin(&house).await;
    browser.come_back(&house, &browser.agree(&house)).await.ok(200);
    let again = browser.come_back(&house, &browser.agree(&house)).await;
    assert_eq!(field(&again), (422, "state".to_owned()));
    assert_eq!(house.issuer.codes_asked(), 1, "Google is not asked");
}

#[actix_web::test]
async fn a_state_that_comes_many_times_at_once_is_good_once() {
    let house = House::new();
    let browser = Browser::begin(&house).await;
    let code = browser.agree(&house);
    let answers = futures_util::future::join_all((0..8).map(|_| browser.come_back(&house, &code))).await;
    assert_eq!(answers.iter().filter(|seen| seen.status == 200).count(), 1);
    assert_eq!(house.issuer.codes_asked(), 1);
}

#[actix_web::test]
async fn a_state_of_another_browser_of_another_time_or_of_nobody_is_refused() {
    let house = House::new();
    let (mine, other) = (Browser::begin(&house).await, Browser::begin(&house).await);
    let state = mine.query()["state"].clone();
    let query = format!("state={state}&code={}", mine.agree(&house).replace('+', "%2B"));
    let twice = format!("{}; {}", mine.cookie, other.cookie);
    for (case, cookie, query) in [
        ("no cookie", "", query.as_str()),
        ("another browser's", other.cookie.as_str(), &query),
        ("two cookies", &twice, &query),
        ("nonsense", "__Host-plenum-google=x", &query),
        ("the cookie of plain HTTP", &mine.cookie.replace("__Host-", ""), &query),
        ("no state", &mine.cookie, "code=4"),
        ("another state", &mine.cookie, &format!("state={}&code=4", "A".repeat(75))),
        ("a changed state", &mine.cookie, &format!("state=A{}&code=4", &state[1..])),
        ("nothing", "", ""),
    ] {
        assert_eq!(field(&come_back(&house, cookie, query).await), (422, "state".to_owned()), "{case}");
    }
    assert_eq!(house.issuer.codes_asked(), 0);
    house.world.clock.advance(601);
    assert_eq!(field(&come_back(&house, &mine.cookie, &query).await).1, "state", "it took too long");
}

#[actix_web::test]
async fn a_stolen_code_is_of_no_use_without_its_verifier() {
    let house = House::new();
    let (victim, thief) = (Browser::begin(&house).await, Browser::begin(&house).await);
    let stolen = victim.agree(&house);
    // The thief has the address that leads back, and a browser of their own.
    assert_eq!(field(&thief.come_back(&house, &stolen).await), (422, "code".to_owned()));
    assert_eq!(house.issuer.codes_asked(), 1, "the issuer found that the verifier is another");
}

#[actix_web::test]
async fn a_stolen_code_is_of_no_use_also_where_the_issuer_does_not_look_at_the_verifier() {
    let house = House::new();
    house.issuer.trust_everybody();
    let (victim, thief) = (Browser::begin(&house).await, Browser::begin(&house).await);
    let stolen = victim.agree(&house);
    assert_eq!(field(&thief.come_back(&house, &stolen).await), (422, "code".to_owned()), "the nonce is the victim's");
}

#[actix_web::test]
async fn a_token_for_an_app_is_none_for_the_redirect_flow() {
    let house = House::new();
    let browser = Browser::begin(&house).await;
    let mut claims = house.claims("1", "ann@gmail.com");
    (claims["aud"], claims["azp"]) = (json!("android"), json!("android"));
    let code = house.issuer.agree(&browser.location, claims);
    assert_eq!(field(&browser.come_back(&house, &code).await), (422, "code".to_owned()));
}

#[actix_web::test]
async fn what_google_says_in_place_of_a_code_is_told_and_ends_the_way() {
    let house = House::new();
    for (rest, named) in [
        ("error=access_denied", "error"),
        ("iss=https://evil.example&code=4", "state"),
        ("code=", "code"),
        ("", "code"),
    ] {
        let browser = Browser::begin(&house).await;
        let query = format!("state={}&{rest}", browser.query()["state"]);
        assert_eq!(field(&come_back(&house, &browser.cookie, &query).await), (422, named.to_owned()), "{rest}");
        assert_eq!(field(&browser.come_back(&house, "4").await), (422, "state".to_owned()), "{rest}: used up");
    }
    let browser = Browser::begin(&house).await;
    let (state, code) = (browser.query()["state"].clone(), browser.agree(&house).replace('+', "%2B"));
    come_back(&house, &browser.cookie, &format!("state={state}&code={code}&iss={ISSUER}")).await.ok(200);
}

#[actix_web::test]
async fn google_that_does_not_change_the_code_is_unavailable() {
    for mood in [Mood::Silent, Mood::Nonsense, Mood::Endless, Mood::Away, Mood::Failing] {
        let house = House::with(|config| config.timeout_ms = 300);
        let browser = Browser::begin(&house).await;
        let code = browser.agree(&house);
        house.issuer.be(mood);
        assert_eq!(browser.come_back(&house, &code).await.problem(), (503, "unavailable".to_owned()), "{mood:?}");
    }
}

#[actix_web::test]
async fn a_page_that_goes_on_gets_a_ticket_which_is_good_once_and_for_a_minute() {
    let house = House::with(|config| config.return_url = "https://plenum.example/".to_owned());
    let ticket = async || {
        let browser = Browser::begin(&house).await;
        let back = browser.come_back(&house, &browser.agree(&house)).await;
        assert_eq!((back.status, back.header("cache-control")), (302, "no-store"));
        assert!(back.header("set-cookie").contains("Max-Age=0"));
        back.header("location").strip_prefix("https://plenum.example/#ticket=").expect("a ticket").to_owned()
    };
    let redeem = async |ticket: &str| {
        let body = json!({ "ticket": ticket, "device": { "name": "tablet" } });
        house.world.ask(plain("POST", "/auth/verify-google-token").set_json(body)).await
    };
    let good = ticket().await;
    let me = person(&redeem(&good).await.ok(200));
    assert_eq!(house.world.get(&me, "/auth/devices").await.ok(200)["items"][0]["name"], "tablet");
    assert_eq!(field(&redeem(&good).await), (422, "ticket".to_owned()));
    let late = ticket().await;
    house.world.clock.advance(61);
    assert_eq!(field(&redeem(&late).await), (422, "ticket".to_owned()));
    assert_eq!(field(&redeem("x").await), (422, "ticket".to_owned()));
    assert_eq!(field(&house.show(&good).await), (422, "idToken".to_owned()));

    let refused = come_back(&house, "", "state=x").await;
    assert_eq!((refused.status, refused.header("location")), (302, "https://plenum.example/#error=invalid"));
}

#[actix_web::test]
async fn on_this_machine_the_cookie_goes_without_tls() {
    let house = House::with(|config| config.redirect_url = "http://localhost:8080/api/auth/google/callback".to_owned());
    let seen = house.world.ask(plain("GET", "/auth/google")).await;
    let set = seen.header("set-cookie");
    assert!(set.starts_with("plenum-google=") && !set.contains("Secure"), "{set}");
    let browser = Browser::begin(&house).await;
    browser.come_back(&house, &browser.agree(&house)).await.ok(200);
}

struct NoSockets;

impl SessionEnder for NoSockets {
    fn end_sessions(&self, _: &[SessionId]) {}
}

/// A node on the store of the house, with the keys that stand there.
async fn node(house: &House, directory: &std::path::Path) -> Google {
    let (store, clock) = (house.world.store.clone(), house.world.clock.clone());
    let accounts =
        Accounts::open_shared(store, clock, Arc::new(NoSockets), AccountsConfig::for_tests(), directory).await;
    let client = Arc::new(GoogleClient::open(&house.config).expect("a client"));
    Google::new(accounts.expect("accounts"), client, Arc::new(NoMessenger), house.config.clone())
}

#[actix_web::test]
async fn what_one_node_began_another_ends_and_only_one_of_them() {
    let house = House::new();
    let directory = tempfile::tempdir().expect("a directory");
    let (one, two) = (node(&house, directory.path()).await, node(&house, directory.path()).await);
    let begun = one.begin().expect("a beginning");
    let browser = Browser { location: begun.location, cookie: format!("{COOKIE}={}", begun.cookie.expose()) };
    let back = GoogleReturn {
        state: Some(browser.query()["state"].clone()),
        code: Some(browser.agree(&house).into()),
        cookie: Some(begun.cookie),
        ..GoogleReturn::default()
    };
    let ends = futures_util::future::join(one.finish(back.clone()), two.finish(back.clone())).await;
    let signed_in = [ends.0, ends.1].into_iter().filter(|end| matches!(end, Ok(GoogleEnd::SignedIn(_)))).count();
    assert_eq!(signed_in, 1);
    assert_eq!(two.finish(back).await.expect_err("used").field.as_deref(), Some("state"));
    // The house itself has other keys: what its neighbours began is nothing to it.
    let browser = Browser::begin(&house).await;
    let back = GoogleReturn { state: Some(browser.query()["state"].clone()), ..GoogleReturn::default() };
    assert_eq!(one.finish(back).await.expect_err("of another house").field.as_deref(), Some("state"));
}

#[actix_web::test]
async fn marks_of_used_states_are_forgotten_when_those_have_long_ended() {
    let house = House::new();
    for _ in 0..3 {
        let browser = Browser::begin(&house).await;
        browser.come_back(&house, &browser.agree(&house)).await.ok(200);
    }
    let google = &house.world.state.google;
    let count = async || {
        let table = <plenum_schema::entities::SpentToken as plenum_schema::table::Entity>::TABLE;
        house.world.store.sweep(table, None, 100).await.expect("rows").len()
    };
    assert_eq!((google.purge(None, 100).await, count().await), (Ok(None), 3));
    house.world.clock.advance(601 + 3_600);
    assert_eq!((google.purge(None, 100).await, count().await), (Ok(None), 0));
}
