use super::*;
use plenum_schema::RefusalCode;
use plenum_schema::entities::Session;
use plenum_schema::table::Entity;
use plenum_services::accounts::Logout;

#[tokio::test]
async fn the_sixth_session_ends_the_oldest() {
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(world.login("ada@example.org", PASSWORD).await.unwrap());
    }
    assert_eq!(world.ended(), []);
    world.identity(&first).await;
    let sixth = world.login("ada@example.org", PASSWORD).await.unwrap();
    assert_eq!(world.ended(), [first.session]);
    assert_eq!(world.identify(first.access_token.expose()).await.unwrap_err().code, RefusalCode::Unauthenticated);
    for fine in others.iter().chain([&sixth]) {
        world.identity(fine).await;
    }
}

#[tokio::test]
async fn many_logins_at_once_leave_exactly_five_sessions() {
    let mut config = AccountsConfig::for_tests();
    config.throttle.pair_burst = 20;
    let world = World::with(config);
    world.register("ada@example.org").await.unwrap();
    let all = futures_util::future::join_all((0..20).map(|_| world.login("ada@example.org", PASSWORD))).await;
    let all: Vec<SignedIn> = all.into_iter().map(Result::unwrap).collect();
    assert_eq!(world.store.rows(Session::TABLE).len(), 5);
    let mut live = 0;
    for one in &all {
        live += usize::from(world.identify(one.access_token.expose()).await.is_ok());
    }
    assert_eq!(live, 5);
}

#[tokio::test]
async fn sessions_are_listed_latest_first_with_the_present_one_marked() {
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    world.later(60);
    let second = world.login("ada@example.org", PASSWORD).await.unwrap();
    let list = world.accounts.sessions(world.identity(&second).await).await.unwrap();
    let seen: Vec<_> = list.iter().map(|info| (info.id, info.name.as_str(), info.current)).collect();
    assert_eq!(seen, [(second.session, "laptop", true), (first.session, "phone", false)]);
}

#[tokio::test]
async fn a_session_can_be_ended_from_another_but_not_somebody_elses() {
    let world = World::new();
    let lost = world.register("ada@example.org").await.unwrap();
    let mine = world.login("ada@example.org", PASSWORD).await.unwrap();
    let stranger = world.register("eve@example.org").await.unwrap();
    let refusal = world.accounts.end_session(world.identity(&stranger).await, lost.session).await.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NotFound);
    world.accounts.end_session(world.identity(&mine).await, lost.session).await.unwrap();
    assert_eq!(world.ended(), [lost.session]);
    world.identify(lost.access_token.expose()).await.unwrap_err();
    world.identity(&mine).await;
}

#[tokio::test]
async fn logging_out_everywhere_ends_all_sessions_of_the_account_only() {
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    let second = world.login("ada@example.org", PASSWORD).await.unwrap();
    let stranger = world.register("eve@example.org").await.unwrap();
    world.accounts.logout(world.identity(&second).await, Logout::All).await.unwrap();
    assert_eq!(world.ended(), [first.session, second.session]);
    world.identity(&stranger).await;
}

#[tokio::test]
async fn sockets_are_closed_only_after_the_row_is_gone() {
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    let identity = world.identity(&first).await;
    world.store.fail_after(0);
    let refusal = world.accounts.logout(identity, Logout::This).await.unwrap_err();
    assert_eq!((refusal.code, world.ended()), (RefusalCode::Unavailable, vec![]));
}

#[tokio::test]
async fn expired_sessions_do_not_push_out_live_ones() {
    let world = World::new();
    world.register("ada@example.org").await.unwrap();
    for _ in 0..5 {
        world.login("ada@example.org", PASSWORD).await.unwrap();
    }
    world.later(31 * 24 * 3_600);
    world.login("ada@example.org", PASSWORD).await.unwrap();
    assert_eq!(world.store.rows(Session::TABLE).len(), 1);
}

#[tokio::test]
async fn a_device_name_is_one_short_line() {
    let world = World::new();
    let device = Some(format!("my\nphone\u{7}{}", "x".repeat(500)));
    let signed_in = world.accounts.register(Registration { device, ..registration("ada@example.org") }).await.unwrap();
    let list = world.accounts.sessions(world.identity(&signed_in).await).await.unwrap();
    assert!(list[0].name.starts_with("myphonexx") && list[0].name.chars().count() == 80);
}
