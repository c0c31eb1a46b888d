use super::tokens::Forge;
use super::*;
use plenum_actors::store::{Mutation, Store};
use plenum_schema::RefusalCode;
use plenum_schema::entities::{Account, Session};
use plenum_schema::table::{Entity, Table};
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

/// Writes the one row of a table as a version wrote it that knew nothing of its last column.
async fn shorten(world: &World, table: &'static Table) {
    let mut row = world.store.rows(table).remove(0);
    row.pop();
    world.store.write(table, vec![Mutation::Put(row)]).await.unwrap();
}

async fn set_kind(world: &World, kind: &str) {
    let mut account = Account::from_row(world.store.rows(Account::TABLE).remove(0)).unwrap();
    account.kind = Some(kind.to_owned());
    world.store.write(Account::TABLE, vec![Mutation::Put(account.to_row())]).await.unwrap();
}

async fn set_audience(world: &World, audience: Option<&str>) {
    let mut session = Session::from_row(world.store.rows(Session::TABLE).remove(0)).unwrap();
    session.audience = audience.map(str::to_owned);
    world.store.write(Session::TABLE, vec![Mutation::Put(session.to_row())]).await.unwrap();
}

fn audience(world: &World) -> Option<String> {
    Session::from_row(world.store.rows(Session::TABLE).remove(0)).unwrap().audience
}

#[tokio::test]
async fn rows_from_before_there_were_kinds_are_those_of_people_and_unknown_kinds_open_nothing() {
    let world = World::new();
    let signed_in = world.register("ada@example.org").await.unwrap();
    for table in [Account::TABLE, Session::TABLE] {
        shorten(&world, table).await;
    }
    assert_eq!(audience(&world), None);
    assert_eq!(world.identity(&signed_in).await.kind(), Some(AccountKind::User));
    let again = world.accounts.refresh(&signed_in.refresh_token).await.unwrap();
    assert_eq!(again.profile.kind, "user");
    assert_eq!(world.identity(&again).await.kind(), Some(AccountKind::User));
    assert_eq!(audience(&world).as_deref(), Some("user"), "from here on the row says so");
    set_kind(&world, "robot").await;
    assert_eq!(world.login("ada@example.org", PASSWORD).await.unwrap_err().code, RefusalCode::Internal);
    let refreshed = world.accounts.refresh(&again.refresh_token).await.unwrap_err();
    assert_eq!(refreshed.code, RefusalCode::Unauthenticated);
}

#[tokio::test]
async fn what_a_node_of_an_older_version_gives_a_host_opens_nothing_on_one_of_this_version() {
    let world = World::new();
    let old = world.register("hana@example.org").await.unwrap();
    let identity = world.identity(&old).await;
    let ticket = world.accounts.ticket(identity).unwrap().ticket;
    // The older node knows accounts and no kinds: its token is that of a person, and its row of the session says nothing.
    set_kind(&world, "host").await;
    set_audience(&world, None).await;
    assert_eq!(world.identify(old.access_token.expose()).await.unwrap_err().code, RefusalCode::Unauthenticated);
    let socket = world.accounts.for_sockets().authenticate(ticket.expose().to_owned()).await.unwrap_err();
    assert_eq!(socket.code, RefusalCode::Unauthenticated);
    let refreshed = world.accounts.refresh(&old.refresh_token).await.unwrap_err();
    assert_eq!(refreshed.code, RefusalCode::Unauthenticated);
}

#[tokio::test]
async fn a_device_of_a_kind_that_a_later_version_knows_is_listed_and_can_be_ended() {
    let world = World::new();
    world.register("ada@example.org").await.unwrap();
    set_audience(&world, Some("robot")).await;
    let identity = world.identity(&world.login("ada@example.org", PASSWORD).await.unwrap()).await;
    let devices = world.accounts.sessions(identity).await.unwrap();
    assert_eq!(devices.iter().map(|one| one.audience).collect::<Vec<_>>(), ["user", "unknown"]);
    world.accounts.end_session(identity, devices[1].id).await.unwrap();
    assert_eq!(world.accounts.sessions(identity).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_ticket_opens_also_where_the_clock_is_ahead_by_what_clocks_may_differ_and_says_how_long_it_is_good() {
    let config = AccountsConfig::for_tests();
    let (ttl, leeway, life) = (config.token.ticket_ttl_s, config.token.leeway_s, config.token.access_ttl_s);
    let world = World::with(config);
    let signed_in = world.register("ada@example.org").await.unwrap();
    let identity = world.identity(&signed_in).await;
    let [first, second] = [(); 2].map(|()| world.accounts.ticket(identity).unwrap());
    assert_eq!(first.expires_in, ttl);
    let open = |ticket: &plenum_services::accounts::GivenTicket| {
        world.accounts.for_sockets().authenticate(ticket.ticket.expose().to_owned())
    };
    world.later(ttl + leeway - 1);
    open(&first).await.unwrap();
    assert!(open(&first).await.is_err(), "once");
    world.later(1);
    assert!(open(&second).await.is_err());
    world.later(life - ttl - leeway - 2);
    let last = world.accounts.ticket(identity).unwrap();
    assert_eq!(last.expires_in, 2, "not longer than the token that asks");
    world.later(2);
    assert_eq!(world.accounts.ticket(identity).unwrap_err().code, RefusalCode::Unauthenticated);
    assert_eq!(open(&last).await.unwrap().expires_at, identity.expires_at);
}
