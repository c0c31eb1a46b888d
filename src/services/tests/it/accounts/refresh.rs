use super::*;
use plenum_schema::RefusalCode;
use plenum_services::accounts::Logout;

#[tokio::test]
async fn a_refresh_replaces_both_tokens_and_keeps_the_session() {
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    world.later(1_800);
    let second = world.accounts.refresh(&first.refresh_token).await.unwrap();
    assert_eq!((second.session, second.profile.id), (first.session, first.profile.id));
    assert_ne!(second.refresh_token, first.refresh_token);
    assert_ne!(second.access_token, first.access_token);
    world.later(3_000);
    world.identity(&second).await;
    world.accounts.refresh(&second.refresh_token).await.unwrap();
}

#[tokio::test]
async fn an_old_refresh_token_ends_the_whole_session_and_closes_its_sockets() {
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    let second = world.accounts.refresh(&first.refresh_token).await.unwrap();
    world.later(11);
    assert_eq!(world.accounts.refresh(&first.refresh_token).await.unwrap_err().code, RefusalCode::Unauthenticated);
    assert_eq!(world.ended(), [first.session]);
    world.accounts.refresh(&second.refresh_token).await.unwrap_err();
    world.identify(second.access_token.expose()).await.unwrap_err();
}

#[tokio::test]
async fn a_grandparent_raises_the_alarm_within_the_grace_too() {
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    let second = world.accounts.refresh(&first.refresh_token).await.unwrap();
    world.accounts.refresh(&second.refresh_token).await.unwrap();
    world.accounts.refresh(&first.refresh_token).await.unwrap_err();
    assert_eq!(world.ended(), [first.session]);
}

#[tokio::test]
async fn refreshes_at_once_from_one_device_get_the_same_successor_and_raise_no_alarm() {
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    let all = futures_util::future::join_all((0..8).map(|_| world.accounts.refresh(&first.refresh_token))).await;
    let all: Vec<SignedIn> = all.into_iter().map(Result::unwrap).collect();
    assert!(all.iter().all(|one| one.refresh_token == all[0].refresh_token));
    assert_eq!(world.ended(), []);
    world.accounts.refresh(&all[7].refresh_token).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_can_be_asked_for_again_within_the_grace() {
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    let lost = world.accounts.refresh(&first.refresh_token).await.unwrap();
    world.later(9);
    let again = world.reopened(AccountsConfig::for_tests()).refresh(&first.refresh_token).await.unwrap();
    assert_eq!(again.refresh_token, lost.refresh_token);
}

#[tokio::test]
async fn a_token_made_up_from_known_ids_does_nothing() {
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    let text = first.refresh_token.expose();
    let (ids, proof) = text.rsplit_once('.').unwrap();
    let forged: String = proof.chars().map(|c| if c == 'A' { 'B' } else { 'A' }).collect();
    for wrong in
        [format!("{ids}.{forged}"), format!("{text}A"), "plr1_..".to_owned(), String::new(), "x".repeat(10_000)]
    {
        assert_eq!(world.accounts.refresh(&wrong.into()).await.unwrap_err().code, RefusalCode::Unauthenticated);
    }
    assert_eq!(world.ended(), []);
    world.accounts.refresh(&first.refresh_token).await.unwrap();
}

#[tokio::test]
async fn a_session_left_alone_for_thirty_days_ends() {
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    world.later(29 * 24 * 3_600);
    let second = world.accounts.refresh(&first.refresh_token).await.unwrap();
    world.later(30 * 24 * 3_600);
    world.accounts.refresh(&second.refresh_token).await.unwrap_err();
    assert_eq!(world.ended(), [first.session]);
}

#[tokio::test]
async fn a_session_ends_after_sixty_days_however_often_it_refreshes() {
    let world = World::new();
    let mut tokens = world.register("ada@example.org").await.unwrap();
    for _ in 0..59 {
        world.later(24 * 3_600);
        tokens = world.accounts.refresh(&tokens.refresh_token).await.unwrap();
    }
    world.later(24 * 3_600 - 600);
    let last = world.accounts.refresh(&tokens.refresh_token).await.unwrap();
    assert_eq!(last.expires_in, 600, "an access token does not outlive its session");
    world.later(600);
    world.accounts.refresh(&last.refresh_token).await.unwrap_err();
}

#[tokio::test]
async fn nothing_of_a_session_works_after_logout() {
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    world.accounts.logout(world.identity(&first).await, Logout::This).await.unwrap();
    world.accounts.refresh(&first.refresh_token).await.unwrap_err();
    world.identify(first.access_token.expose()).await.unwrap_err();
}

#[tokio::test]
async fn a_refresh_that_the_store_did_not_take_can_be_repeated() {
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    world.store.fail_after(0);
    assert_eq!(world.accounts.refresh(&first.refresh_token).await.unwrap_err().code, RefusalCode::Unavailable);
    world.store.heal();
    world.later(3_600);
    world.accounts.refresh(&first.refresh_token).await.unwrap();
}

#[tokio::test]
async fn the_stored_row_holds_no_token() {
    use plenum_schema::entities::Session;
    use plenum_schema::table::{Entity, Value};
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    let proof = first.refresh_token.expose().rsplit_once('.').unwrap().1;
    let proof = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, proof).unwrap();
    for value in world.store.rows(Session::TABLE).concat() {
        if let Value::Blob(blob) = value {
            assert!(blob.is_empty() || !proof.starts_with(&blob));
        }
    }
}
