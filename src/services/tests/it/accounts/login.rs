use super::*;
use plenum_actors::clock::{Clock, SystemClock};
use plenum_schema::RefusalCode;
use plenum_schema::entities::Account;
use plenum_schema::table::Entity;
use plenum_services::accounts::{NewAccount, PasswordChange};
use std::task::Poll;

fn stored_hash(world: &World) -> String {
    let account = Account::from_row(world.store.rows(Account::TABLE).remove(0)).unwrap();
    account.password_hash.unwrap()
}

fn change(current: &str, new: &str) -> PasswordChange {
    PasswordChange { current: current.into(), new: new.into(), address: None }
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_get_the_same_answer() {
    let world = World::new();
    world.register("ada@example.org").await.unwrap();
    let wrong = world.login("ada@example.org", "another password").await.unwrap_err();
    assert_eq!(wrong.code, RefusalCode::Unauthenticated);
    let too_long = "x y".repeat(100);
    for (name, password) in [("eve@example.org", PASSWORD), ("not a name!", PASSWORD), ("ada@example.org", &too_long)] {
        assert_eq!(world.login(name, password).await.unwrap_err(), wrong);
    }
}

#[tokio::test]
async fn an_unknown_name_costs_as_much_time_as_a_wrong_password() {
    let mut config = AccountsConfig::for_tests();
    (config.password.memory_kib, config.password.passes) = (19 * 1024, 4);
    let world = World::with(config);
    world.register("ada@example.org").await.unwrap();
    let clock = SystemClock::new();
    let mut fastest = [u64::MAX; 2];
    // The fastest of each counts; on a busy machine it takes some tries to be undisturbed. An answer without work stays far below.
    for _ in 0..60 {
        for (place, name) in ["ada@example.org", "eve@example.org"].into_iter().enumerate() {
            let start = clock.micros();
            world.login(name, "another password").await.unwrap_err();
            fastest[place] = fastest[place].min(clock.micros() - start);
        }
        if fastest[1] * 2 > fastest[0] && fastest[0] * 2 > fastest[1] {
            return;
        }
    }
    panic!("wrong password {} µs, unknown name {} µs", fastest[0], fastest[1]);
}

#[tokio::test]
async fn people_sign_in_by_email_phone_or_username() {
    let world = World::new();
    let profile = ProfileUpdate { username: Some("Ada.L".to_owned()), ..ProfileUpdate::default() };
    let registration = Registration { phone: Some("+49 30 1234567".to_owned()), profile, ..registration("ada@b.cd") };
    let user = world.accounts.register(registration).await.unwrap().profile.id;
    let by = |email: Option<&str>, phone: Option<&str>, username: Option<&str>| Login {
        email: email.map(str::to_owned),
        phone: phone.map(str::to_owned),
        username: username.map(str::to_owned),
        ..login("", PASSWORD)
    };
    for login in [
        by(Some("ADA@b.cd"), None, None),
        by(None, Some("0049 30 1234567"), None),
        by(None, None, Some("ada.l")),
        by(Some("ada.l"), None, None),
        by(None, None, Some("ada@b.cd")),
        by(Some(""), None, Some("ADA.L")),
    ] {
        assert_eq!(world.accounts.login(login).await.unwrap().profile.id, user);
    }
    assert_eq!(world.accounts.login(by(None, None, None)).await.unwrap_err().code, RefusalCode::Invalid);
}

#[tokio::test]
async fn wrong_passwords_are_throttled_without_locking_the_account() {
    let world = World::new();
    world.register("ada@example.org").await.unwrap();
    let evil = |password: &str| Login { address: from("10.0.0.1"), ..login("ada@example.org", password) };
    for _ in 0..5 {
        let refusal = world.accounts.login(evil("a wrong password")).await.unwrap_err();
        assert_eq!(refusal.code, RefusalCode::Unauthenticated);
    }
    let refusal = world.accounts.login(evil(PASSWORD)).await.unwrap_err();
    assert_eq!((refusal.code, refusal.retry_after_ms), (RefusalCode::RateLimited, Some(180_000)));
    let mine = Login { address: from("10.0.0.2"), ..login("ada@example.org", PASSWORD) };
    world.accounts.login(mine).await.expect("somebody else's address is not mine");
    world.later(180);
    world.accounts.login(evil(PASSWORD)).await.expect("waiting helps");
}

#[tokio::test]
async fn unknown_names_are_throttled_like_known_ones() {
    let world = World::new();
    let evil = || Login { address: from("10.0.0.1"), ..login("nobody@example.org", PASSWORD) };
    for _ in 0..10 {
        world.accounts.login(evil()).await.unwrap_err();
    }
    assert_eq!(world.accounts.login(evil()).await.unwrap_err().code, RefusalCode::RateLimited);
}

#[tokio::test]
async fn right_passwords_from_one_hall_are_not_throttled() {
    let mut config = AccountsConfig::for_tests();
    config.throttle.address_burst = 2;
    let world = World::with(config);
    world.register("ada@example.org").await.unwrap();
    for _ in 0..20 {
        let login = Login { address: from("10.0.0.1"), ..login("ada@example.org", PASSWORD) };
        world.accounts.login(login).await.unwrap();
    }
}

#[tokio::test]
async fn right_passwords_at_the_same_time_are_not_throttled_however_few_tries_there_are() {
    let mut config = AccountsConfig::for_tests();
    (config.throttle.pair_burst, config.throttle.address_burst, config.max_sessions) = (2, 3, 100);
    let world = World::with(config);
    world.register("ada@example.org").await.unwrap();
    let logins = (0..40)
        .map(|_| world.accounts.login(Login { address: from("10.0.0.1"), ..login("ada@example.org", PASSWORD) }));
    for answer in futures_util::future::join_all(logins).await {
        answer.unwrap();
    }
}

#[tokio::test]
async fn guessing_in_parallel_buys_no_more_guesses_and_too_many_that_wait_are_answered_busy() {
    let mut config = AccountsConfig::for_tests();
    (config.throttle.pair_burst, config.throttle.waiting) = (5, 20);
    let world = World::with(config);
    world.register("ada@example.org").await.unwrap();
    let guesses = (0..60)
        .map(|_| world.accounts.login(Login { address: from("10.0.0.1"), ..login("ada@example.org", "a guess") }));
    let answers = futures_util::future::join_all(guesses).await;
    let count = |code| answers.iter().filter(|answer| answer.as_ref().unwrap_err().code == code).count();
    assert_eq!(count(RefusalCode::Unauthenticated), 5);
    assert_eq!((count(RefusalCode::Busy), count(RefusalCode::RateLimited)), (35, 20));
}

#[tokio::test]
async fn whoever_goes_away_in_the_middle_of_a_try_gives_its_place_to_the_next() {
    let mut config = AccountsConfig::for_tests();
    config.throttle.pair_burst = 2;
    let world = World::with(config);
    world.register("ada@example.org").await.unwrap();
    {
        let mut gone = std::pin::pin!(world.login("ada@example.org", PASSWORD));
        std::future::poll_fn(|cx| gone.as_mut().poll(cx).is_pending().then_some(()).map_or(Poll::Pending, Poll::Ready))
            .await;
    }
    world.login("ada@example.org", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_flood_of_logins_is_answered_busy_beyond_the_queue() {
    let mut config = AccountsConfig::for_tests();
    (config.password.memory_kib, config.password.queue, config.password.workers) = (19 * 1024, 2, 1);
    let world = World::with(config);
    let flood = (0..30).map(|number| world.accounts.login(login(&format!("a{number}@b.cd"), PASSWORD)));
    let answers = futures_util::future::join_all(flood).await;
    let codes: Vec<_> = answers.into_iter().map(|answer| answer.unwrap_err()).collect();
    let busy: Vec<_> = codes.iter().filter(|refusal| refusal.code == RefusalCode::Busy).collect();
    assert!(busy.len() >= 20 && busy.iter().all(|refusal| refusal.retry_after_ms == Some(1_000)), "{codes:?}");
    assert!(codes.iter().any(|refusal| refusal.code == RefusalCode::Unauthenticated));
}

#[tokio::test]
async fn a_hash_is_renewed_at_login_when_the_parameters_change() {
    let world = World::new();
    world.register("ada@example.org").await.unwrap();
    assert!(stored_hash(&world).starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    let mut config = AccountsConfig::for_tests();
    config.password.passes = 2;
    let accounts = world.reopened(config);
    accounts.login(login("ada@example.org", "a wrong password")).await.unwrap_err();
    assert!(stored_hash(&world).contains("t=1"));
    accounts.login(login("ada@example.org", PASSWORD)).await.unwrap();
    assert!(stored_hash(&world).contains("m=64,t=2,p=1"));
    accounts.login(login("ada@example.org", PASSWORD)).await.unwrap();
}

#[tokio::test]
async fn an_imported_bcrypt_hash_opens_and_becomes_argon2id() {
    let world = World::new();
    let hash = bcrypt::hash(PASSWORD, 10).unwrap();
    let new =
        NewAccount { email: Some("ada@b.cd".to_owned()), imported_hash: Some(hash.into()), ..NewAccount::default() };
    world.accounts.create_user(new).await.unwrap();
    world.login("ada@b.cd", "a wrong password").await.unwrap_err();
    assert!(stored_hash(&world).starts_with("$2"));
    world.login("ada@b.cd", PASSWORD).await.unwrap();
    assert!(stored_hash(&world).starts_with("$argon2id$"));
    world.login("ada@b.cd", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn changing_the_password_needs_the_old_one_and_ends_the_other_sessions() {
    let world = World::new();
    let other = world.register("ada@example.org").await.unwrap();
    let mine = world.login("ada@example.org", PASSWORD).await.unwrap();
    let identity = world.identity(&mine).await;
    for (current, new, field) in [
        ("a wrong password", "a better password", "currentPassword"),
        (PASSWORD, "short", "newPassword"),
        (PASSWORD, PASSWORD, "newPassword"),
    ] {
        let refusal = world.accounts.change_password(identity, change(current, new)).await.unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::Invalid, Some(field)));
    }
    assert_eq!(world.ended(), []);
    world.accounts.change_password(identity, change(PASSWORD, "a better password")).await.unwrap();
    assert_eq!(world.ended(), [other.session]);
    world.identify(other.access_token.expose()).await.unwrap_err();
    world.accounts.refresh(&other.refresh_token).await.unwrap_err();
    world.identity(&mine).await;
    world.accounts.refresh(&mine.refresh_token).await.expect("the session that asked goes on");
    world.login("ada@example.org", PASSWORD).await.unwrap_err();
    world.login("ada@example.org", "a better password").await.unwrap();
}

#[tokio::test]
async fn a_login_that_races_a_change_of_password_leaves_no_session_of_the_old_password() {
    let world = World::new();
    let mine = world.register("ada@example.org").await.unwrap();
    let identity = world.identity(&mine).await;
    let changing = world.accounts.change_password(identity, change(PASSWORD, "a better password"));
    let logins = futures_util::future::join_all((0..4).map(|_| world.login("ada@example.org", PASSWORD)));
    let (changed, logins) = futures_util::future::join(changing, logins).await;
    changed.unwrap();
    for signed_in in logins.into_iter().flatten() {
        world.identify(signed_in.access_token.expose()).await.expect_err("ended");
    }
    assert_eq!(world.accounts.sessions(identity).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_crash_after_the_password_changed_leaves_no_session_that_can_be_refreshed() {
    let world = World::new();
    let other = world.register("ada@example.org").await.unwrap();
    let mine = world.login("ada@example.org", PASSWORD).await.unwrap();
    let identity = world.identity(&mine).await;
    // The own session, the account; the removal of the others fails.
    world.store.fail_after(2);
    world.accounts.change_password(identity, change(PASSWORD, "a better password")).await.unwrap_err();
    world.store.heal();
    world.login("ada@example.org", "a better password").await.expect("the account was written");
    world.accounts.refresh(&other.refresh_token).await.unwrap_err();
    assert!(world.ended().contains(&other.session));
    world.accounts.refresh(&mine.refresh_token).await.unwrap();
}

#[tokio::test]
async fn an_account_that_is_switched_off_says_so_only_to_who_knows_the_password() {
    let world = World::new();
    let signed_in = world.register("ada@example.org").await.unwrap();
    world.accounts.set_active(signed_in.profile.id, false).await.unwrap();
    assert_eq!(world.ended(), [signed_in.session]);
    assert_eq!(
        world.login("ada@example.org", "a wrong password").await.unwrap_err().code,
        RefusalCode::Unauthenticated
    );
    assert_eq!(world.login("ada@example.org", PASSWORD).await.unwrap_err().code, RefusalCode::Forbidden);
}
