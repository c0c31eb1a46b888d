use super::tokens::Forge;
use super::*;
use plenum_actors::store::Store;
use plenum_schema::RefusalCode;
use plenum_schema::entities::{Account, Session};
use plenum_schema::table::{Entity, FieldValue};
use serde_json::json;

fn of_kind(kind: AccountKind, email: &str) -> Registration {
    Registration { kind, ..registration(email) }
}

#[tokio::test]
async fn a_token_says_for_whom_it_is_and_no_other_audience_is_taken_for_it() {
    let world = World::new();
    for kind in AccountKind::ALL {
        let email = format!("{}@example.org", kind.as_str());
        let signed_in = world.accounts.register(of_kind(*kind, &email)).await.unwrap();
        assert_eq!(world.identity(&signed_in).await.kind(), Some(*kind));
    }
    let forge = Forge::new().await;
    for audience in ["plenum:user:host", "plenum:user:speaker", "plenum:user:university", "plenum:user:user", "host"] {
        let mut claims = forge.claims.clone();
        claims["aud"] = json!(audience);
        forge.refused(&forge.signed(&forge.header, &claims)).await;
    }
    let mut claims = forge.claims.clone();
    claims["aud"] = json!(["plenum:user", "plenum:user:host"]);
    forge.refused(&forge.signed(&forge.header, &claims)).await;
}

#[tokio::test]
async fn a_kind_that_is_not_open_is_made_by_nobody() {
    let mut config = AccountsConfig::for_tests();
    config.open_kinds = vec!["speaker".to_owned()];
    let world = World::with(config);
    let closed = world.accounts.register(of_kind(AccountKind::Host, "a@b.cd")).await.unwrap_err();
    assert_eq!(closed.code, RefusalCode::Forbidden);
    world.accounts.register(of_kind(AccountKind::Speaker, "a@b.cd")).await.unwrap();
    let mut wrong = AccountsConfig::for_tests();
    wrong.open_kinds = vec!["admin".to_owned()];
    assert_eq!(wrong.problems()[0].key, "open_kinds");
}

#[tokio::test]
async fn rows_from_before_there_were_kinds_are_those_of_people_and_unknown_kinds_open_nothing() {
    let world = World::new();
    let signed_in = world.register("ada@example.org").await.unwrap();
    let key = vec![signed_in.profile.id.to_value()];
    let mut row = Account::from_row(world.store.get(Account::TABLE, key).await.unwrap().unwrap()).unwrap();
    assert_eq!((&row.kind, signed_in.profile.kind.as_str()), (&None, "user"));
    assert_eq!(Session::from_row(world.store.rows(Session::TABLE).remove(0)).unwrap().audience, None);
    row.kind = Some("robot".to_owned());
    world.store.write(Account::TABLE, vec![plenum_actors::store::Mutation::Put(row.to_row())]).await.unwrap();
    assert_eq!(world.login("ada@example.org", PASSWORD).await.unwrap_err().code, RefusalCode::Internal);
    let refreshed = world.accounts.refresh(&signed_in.refresh_token).await.unwrap_err();
    assert_eq!(refreshed.code, RefusalCode::Unauthenticated);
}
