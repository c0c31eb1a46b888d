use super::*;
use plenum_schema::RefusalCode;
use plenum_services::accounts::NewAccount;

#[tokio::test]
async fn the_operator_makes_accounts_and_sets_passwords() {
    let world = World::new();
    let new = |email: &str| NewAccount { email: Some(email.to_owned()), ..NewAccount::default() };
    let profile = world.accounts.create_user(new("ada@example.org")).await.unwrap();
    world.login("ada@example.org", PASSWORD).await.expect_err("no password is set");
    let minted = world.accounts.mint_token(profile.id, "command line").await.unwrap();
    world.accounts.set_password(profile.id, "short".into()).await.unwrap_err();
    world.accounts.set_password(profile.id, PASSWORD.into()).await.unwrap();
    assert_eq!(world.ended(), [minted.session]);
    world.login("ada@example.org", PASSWORD).await.unwrap();
    assert_eq!(world.accounts.create_user(new("ADA@example.org")).await.unwrap_err().code, RefusalCode::Conflict);
    assert_eq!(world.accounts.create_user(NewAccount::default()).await.unwrap_err().code, RefusalCode::Invalid);
    let weak = NewAccount { imported_hash: Some("5f4dcc3b5aa765d61d8327deb882cf99".into()), ..new("eve@example.org") };
    assert_eq!(world.accounts.create_user(weak).await.unwrap_err().field.as_deref(), Some("importedHash"));
    for name in ["Ada@example.org", &profile.id.to_string()] {
        assert_eq!(world.accounts.lookup(name).await.unwrap().id, profile.id);
    }
}

#[tokio::test]
async fn accounts_are_listed_in_pages_without_gap_or_double() {
    let world = World::new();
    world.accounts.mint_many(25, "load", 3_600).await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = world.accounts.list(after, 10).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.into_iter().map(|profile| profile.id));
    }
    assert_eq!(seen.len(), 25);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 25);
}

#[tokio::test]
async fn many_accounts_are_minted_with_tokens_that_work() {
    let world = World::new();
    let minted = world.accounts.mint_many(300, "load", 24 * 3_600).await.unwrap();
    world.later(20 * 3_600);
    for one in [&minted[0], &minted[299]] {
        let identity = world.identify(one.access_token.expose()).await.unwrap();
        assert_eq!((identity.user, identity.session), (one.user, one.session));
    }
    let name = world.accounts.names(vec![minted[299].user]).await.unwrap().remove(0).name;
    assert_eq!(name, "load 300");
}
