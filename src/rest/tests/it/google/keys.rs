//! The issuer's keys: kept, rotated, asked for no more often than needed, and what happens while it does not answer.

use super::House;
use super::issuer::{Mood, signed};
use crate::world::Seen;
use futures_util::future::join_all;

async fn show_by(house: &House, key: usize) -> Seen {
    house.show(&signed(key, &house.claims("1", "ann@gmail.com"))).await
}

#[actix_web::test]
async fn a_new_key_is_fetched_when_a_token_names_it_and_the_one_before_is_worth_nothing_then() {
    let house = House::new();
    show_by(&house, 0).await.ok(200);
    house.issuer.publish(&[1]);
    house.world.clock.advance(11);
    show_by(&house, 1).await.ok(200);
    assert_eq!(house.issuer.keys_asked(), 2);
    assert_eq!(show_by(&house, 0).await.problem().0, 422);
    show_by(&house, 1).await.ok(200);
}

#[actix_web::test]
async fn both_keys_are_good_while_both_are_published() {
    let house = House::new();
    house.issuer.publish(&[0, 1]);
    show_by(&house, 0).await.ok(200);
    show_by(&house, 1).await.ok(200);
    assert_eq!(house.issuer.keys_asked(), 1);
}

#[actix_web::test]
async fn unknown_names_of_keys_cost_one_fetch_in_a_while_however_many_come() {
    let house = House::new();
    show_by(&house, 0).await.ok(200);
    house.world.clock.advance(11);
    let token = signed(2, &house.claims("1", "ann@gmail.com"));
    for seen in join_all((0..50).map(|_| house.show(&token))).await {
        assert_eq!(seen.problem(), (422, "invalid".to_owned()));
    }
    assert_eq!(house.issuer.keys_asked(), 2);
    show_by(&house, 0).await.ok(200);
    house.world.clock.advance(11);
    assert_eq!(show_by(&house, 2).await.problem().0, 422);
    assert_eq!(house.issuer.keys_asked(), 3);
}

#[actix_web::test]
async fn many_who_sign_in_at_first_are_served_by_one_fetch() {
    let house = House::new();
    let token = signed(0, &house.claims("1", "ann@gmail.com"));
    for seen in join_all((0..30).map(|_| house.show(&token))).await {
        seen.ok(200);
    }
    assert_eq!(house.issuer.keys_asked(), 1);
}

#[actix_web::test]
async fn keys_are_kept_as_long_as_the_issuer_says_within_bounds() {
    for (said, kept) in [
        ("public, max-age=300", 300),
        ("max-age=0", 60),
        ("no-store", 60),
        ("", 60),
        ("public, max-age=99999999", 86_400),
        ("max-age=18446744073709551615", 86_400),
    ] {
        let house = House::new();
        house.issuer.say(said);
        show_by(&house, 0).await.ok(200);
        house.world.clock.advance(kept - 2);
        show_by(&house, 0).await.ok(200);
        assert_eq!(house.issuer.keys_asked(), 1, "{said}");
        house.world.clock.advance(3);
        show_by(&house, 0).await.ok(200);
        assert_eq!(house.issuer.keys_asked(), 2, "{said}");
    }
}

#[actix_web::test]
async fn an_issuer_that_is_slow_wrong_or_broken_is_answered_as_unavailable_until_it_is_well_again() {
    for mood in [Mood::Silent, Mood::Nonsense, Mood::Endless, Mood::Away, Mood::Failing] {
        let house = House::with(|config| config.timeout_ms = 300);
        house.issuer.be(mood);
        let seen = show_by(&house, 0).await;
        assert_eq!(seen.problem(), (503, "unavailable".to_owned()), "{mood:?}");
        assert!(!seen.header("retry-after").is_empty());
        // Nobody is made to wait for it again at once.
        assert_eq!(show_by(&house, 0).await.problem().0, 503);
        assert_eq!(house.issuer.keys_asked(), 1, "{mood:?}");
        house.issuer.be(Mood::Well);
        house.world.clock.advance(11);
        show_by(&house, 0).await.ok(200);
    }
}

#[actix_web::test]
async fn an_issuer_that_is_not_there_is_unavailable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port");
    let house = House::with(|config| config.keys_url = format!("http://{free}/keys"));
    assert_eq!(show_by(&house, 0).await.problem(), (503, "unavailable".to_owned()));
}

#[actix_web::test]
async fn keys_that_were_good_go_on_through_an_outage_but_not_for_ever() {
    let house = House::with(|config| config.timeout_ms = 300);
    show_by(&house, 0).await.ok(200);
    house.issuer.be(Mood::Failing);
    house.world.clock.advance(3_700);
    show_by(&house, 0).await.ok(200);
    // Of an unknown one nobody can say whether it is the issuer's.
    assert_eq!(show_by(&house, 1).await.problem().0, 503);
    house.world.clock.advance(86_400);
    assert_eq!(show_by(&house, 0).await.problem().0, 503);
    assert_eq!(house.issuer.keys_asked(), 3);
}

#[actix_web::test]
async fn a_fetch_goes_on_for_the_others_when_the_one_who_began_it_has_gone() {
    let house = House::with(|config| config.timeout_ms = 30_000);
    house.issuer.be(Mood::Held);
    let token = signed(0, &house.claims("1", "ann@gmail.com"));
    let mut first = Box::pin(house.show(&token));
    for _ in 0..1_000 {
        let moment = std::time::Duration::from_millis(10);
        let early = actix_web::rt::time::timeout(moment, &mut first).await;
        assert!(early.is_err(), "there are no keys yet");
        if house.issuer.keys_asked() == 1 {
            break;
        }
    }
    drop(first);
    house.issuer.be(Mood::Well);
    house.show(&token).await.ok(200);
    assert_eq!(house.issuer.keys_asked(), 1);
}
