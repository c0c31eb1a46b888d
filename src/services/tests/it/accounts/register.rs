use super::*;
use plenum_schema::RefusalCode;
use plenum_schema::entities::{Account, AccountKey};
use plenum_schema::table::Entity;

#[tokio::test]
async fn the_own_name_address_or_number_is_no_password() {
    let world = World::new();
    for wrong in ["ada.l@example.org", "ADA.L@EXAMPLE.ORG", "+49 30 1234567", "0301234567", "countess.of.l", "Ada King"]
    {
        let profile = ProfileUpdate {
            username: Some("countess.of.l".to_owned()),
            full_name: Some("Ada King".to_owned()),
            ..ProfileUpdate::default()
        };
        let phone = Some("+49 30 1234567".to_owned());
        let registration = Registration { phone, profile, password: wrong.into(), ..registration("ada.l@example.org") };
        let refusal = world.accounts.register(registration).await.unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::Invalid, Some("password")), "{wrong}");
    }
}

#[tokio::test]
async fn names_nobody_can_see_are_refused_and_equal_looking_ones_are_equal() {
    let world = World::new();
    let named = |email: &str, full_name: &str, username: Option<&str>| {
        let (full_name, username) = (Some(full_name.to_owned()), username.map(str::to_owned));
        let profile = ProfileUpdate { full_name, username, ..ProfileUpdate::default() };
        Registration { profile, ..registration(email) }
    };
    for wrong in ["Ada\u{202E}", "\u{200B}", "\u{3164}", "Ada\u{E000}"] {
        let refusal = world.accounts.register(named("a@b.cd", wrong, None)).await.unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::Invalid, Some("fullName")), "{wrong:?}");
    }
    let refusal = world.accounts.register(named("a\u{200B}@b.cd", "Ada", None)).await.unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("email"));
    let profile = world.accounts.register(named("a@b.cd", "Zoe\u{308}", Some("ada.l"))).await.unwrap().profile;
    assert_eq!(profile.full_name.as_deref(), Some("Zoë"));
    let full_width = named("b@b.cd", "Ada", Some("ａｄａ.Ｌ"));
    assert_eq!(world.accounts.register(full_width).await.unwrap_err().field.as_deref(), Some("username"));
}

#[tokio::test]
async fn somebody_who_registers_is_signed_in_and_can_sign_in_again() {
    let world = World::new();
    let signed_in = world.register(" Ada@Example.ORG ").await.unwrap();
    assert_eq!(signed_in.profile.email.as_deref(), Some("ada@example.org"));
    assert_eq!((signed_in.profile.role.as_str(), signed_in.expires_in), ("user", 3_600));
    assert_eq!(world.identity(&signed_in).await.user, signed_in.profile.id);
    let again = world.login("ADA@example.org", PASSWORD).await.unwrap();
    assert_eq!(again.profile.id, signed_in.profile.id);
    assert_ne!(again.session, signed_in.session);
}

#[tokio::test]
async fn an_email_phone_or_username_that_is_taken_is_a_conflict_that_names_it() {
    let world = World::new();
    let full = |email: &str, phone: &str, username: &str| {
        let profile = ProfileUpdate { username: Some(username.to_owned()), ..ProfileUpdate::default() };
        Registration { phone: Some(phone.to_owned()), profile, ..registration(email) }
    };
    world.accounts.register(full("a@b.cd", "+49 30 123456", "Ada")).await.unwrap();
    for (email, phone, username, field) in [
        ("A@B.CD", "+4930999999", "other", "email"),
        ("x@b.cd", "0049-30-123456", "other", "phone"),
        ("x@b.cd", "+4930999999", "aDA", "username"),
    ] {
        let refusal = world.accounts.register(full(email, phone, username)).await.unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::Conflict, Some(field)));
    }
    world
        .accounts
        .register(full("x@b.cd", "+4930999999", "other"))
        .await
        .expect("what a failed sign-up claimed is free again");
}

#[tokio::test]
async fn of_many_who_register_one_address_at_once_exactly_one_gets_it() {
    let world = World::new();
    let all = (0..20).map(|_| world.register("ada@example.org"));
    let all = futures_util::future::join_all(all).await;
    assert_eq!(all.iter().filter(|answer| answer.is_ok()).count(), 1);
    let refused =
        |answer: &Result<SignedIn, Refusal>| answer.as_ref().err().is_none_or(|r| r.code == RefusalCode::Conflict);
    assert!(all.iter().all(refused), "{all:?}");
    assert_eq!(world.store.rows(Account::TABLE).len(), 1);
}

#[tokio::test]
async fn a_crash_at_any_step_leaves_an_address_that_one_account_can_get() {
    for writes in 0..8 {
        let world = World::new();
        world.store.fail_after(writes);
        let first = world.register("ada@example.org").await;
        world.store.heal();
        world.later(61);
        let second = world.register("ada@example.org").await;
        let carrying = world.store.rows(Account::TABLE).len();
        let signed_in = world.login("ada@example.org", PASSWORD).await.unwrap();
        assert_eq!(carrying, 1, "after {writes} writes: {first:?} {second:?}");
        let key = AccountKey::from_row(world.store.rows(AccountKey::TABLE).remove(0)).unwrap();
        assert!(key.confirmed && key.user_id == signed_in.profile.id, "after {writes} writes");
        assert!(second.is_ok() || second.unwrap_err().code == RefusalCode::Conflict);
    }
}

#[tokio::test]
async fn an_unfinished_claim_keeps_others_waiting_only_for_the_grace() {
    let world = World::new();
    world.store.fail_after(1);
    world.register("ada@example.org").await.unwrap_err();
    world.store.heal();
    let refusal = world.register("ada@example.org").await.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Conflict);
    world.later(60);
    world.register("ada@example.org").await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_down_is_unavailable_and_says_when_to_come_back() {
    let world = World::new();
    world.store.fail_after(0);
    let refusal = world.register("ada@example.org").await.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Unavailable);
    assert!(refusal.retry_after_ms.is_some());
}

#[tokio::test]
async fn unusable_names_and_passwords_are_refused_by_member() {
    let world = World::new();
    let phone = |phone: &str| Registration { phone: Some(phone.to_owned()), ..registration("") };
    let password = |password: &str| Registration { password: password.into(), ..registration("lovelace@b.cd") };
    let username = |name: &str| {
        let profile = ProfileUpdate { username: Some(name.to_owned()), ..ProfileUpdate::default() };
        Registration { profile, ..registration("a@b.cd") }
    };
    for (wrong, field) in [
        (registration(""), "email"),
        (registration("ada"), "email"),
        (registration("a b@c.de"), "email"),
        (registration("a@c..de"), "email"),
        (phone("12"), "phone"),
        (phone("+49 abc 1234567"), "phone"),
        (username("ab"), "username"),
        (username("ada lovelace"), "username"),
        (username("аda"), "username"),
        (username("1234567"), "username"),
        (password("short"), "password"),
        (password("password1"), "password"),
        (password("Lovelace1!"), "password"),
    ] {
        let refusal = world.accounts.register(wrong).await.unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::Invalid, Some(field)));
    }
}

#[tokio::test]
async fn sign_ups_from_one_address_are_throttled() {
    let mut config = AccountsConfig::for_tests();
    (config.throttle.address_burst, config.throttle.address_refill_ms) = (3, 1_000);
    let world = World::with(config);
    let sign_up =
        |number: usize| Registration { address: from("10.0.0.1"), ..registration(&format!("a{number}@b.cd")) };
    for number in 0..3 {
        world.accounts.register(sign_up(number)).await.unwrap();
    }
    let refusal = world.accounts.register(sign_up(3)).await.unwrap_err();
    assert_eq!((refusal.code, refusal.retry_after_ms), (RefusalCode::RateLimited, Some(1_000)));
    world.later(1);
    world.accounts.register(sign_up(3)).await.unwrap();
}
