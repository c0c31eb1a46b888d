use super::*;
use plenum_services::accounts::{KeyError, OpenError};
use std::fs::{Permissions, metadata, read, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn ring(world: &World) -> PathBuf {
    world.dir.path().join("keys/ring.json")
}

fn mode(path: &std::path::Path) -> u32 {
    metadata(path).unwrap().permissions().mode() & 0o777
}

fn reopen(world: &World) -> Result<Accounts, OpenError> {
    let config = AccountsConfig::for_tests();
    Accounts::open(Arc::new(world.store.clone()), world.clock.clone(), world.ended.clone(), config, world.dir.path())
}

#[tokio::test]
async fn the_keys_are_made_at_the_first_start_for_the_owner_only() {
    let world = World::new();
    assert_eq!((mode(&ring(&world)), mode(&world.dir.path().join("keys"))), (0o600, 0o700));
    let files: Vec<_> =
        std::fs::read_dir(world.dir.path().join("keys")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(files, ["ring.json"], "nothing else is left there");
    let another = World::new();
    assert_ne!(read(ring(&world)).unwrap(), read(ring(&another)).unwrap());
}

#[tokio::test]
async fn a_restart_keeps_the_keys_and_everybody_signed_in() {
    let world = World::new();
    let signed_in = world.register("ada@example.org").await.unwrap();
    let accounts = reopen(&world).unwrap();
    accounts.authenticate(signed_in.access_token.expose().to_owned()).await.unwrap();
    accounts.refresh(&signed_in.refresh_token).await.unwrap();
}

#[tokio::test]
async fn keys_that_others_can_read_stop_the_start() {
    for (name, loose) in [("keys/ring.json", 0o640), ("keys/ring.json", 0o604), ("keys", 0o750), ("keys", 0o701)] {
        let world = World::new();
        let path = world.dir.path().join(name);
        set_permissions(&path, Permissions::from_mode(loose)).unwrap();
        let error = reopen(&world).map(drop).unwrap_err();
        assert!(matches!(&error, OpenError::Keys(KeyError::Permissions { mode, .. }) if *mode == loose), "{error}");
        assert!(error.to_string().contains("chmod"), "{error}");
    }
}

#[tokio::test]
async fn damaged_and_example_keys_stop_the_start() {
    let world = World::new();
    let good = String::from_utf8(read(ring(&world)).unwrap()).unwrap();
    let stored: serde_json::Value = serde_json::from_str(&good).unwrap();
    let seed = stored["signing"][0]["seed"].as_str().unwrap();
    for bad in [
        String::new(),
        good[..good.len() / 2].to_owned(),
        good.replace(seed, &"A".repeat(43)),
        good.replace(seed, "short"),
        good.replace("EdDSA", "HS256"),
        good.replace("\"version\": 1", "\"version\": 2"),
    ] {
        write(ring(&world), &bad).unwrap();
        let error = reopen(&world).map(drop).unwrap_err();
        assert!(matches!(error, OpenError::Keys(KeyError::Damaged { .. })), "{bad}");
        assert!(!error.to_string().contains(seed));
    }
    write(ring(&world), good).unwrap();
    reopen(&world).unwrap();
}

#[tokio::test]
async fn a_rotated_key_verifies_until_its_last_token_has_expired() {
    let world = World::new();
    let old = world.register("ada@example.org").await.unwrap();
    world.later(1_800);
    world.accounts.rotate_keys().await.unwrap();
    let new = world.accounts.refresh(&old.refresh_token).await.unwrap();
    let kid = |signed_in: &SignedIn| jsonwebtoken::decode_header(signed_in.access_token.expose()).unwrap().kid;
    assert_ne!(kid(&old), kid(&new));
    world.identity(&old).await;
    world.identity(&new).await;
    assert_eq!(world.accounts.jwks()["keys"].as_array().unwrap().len(), 2);
    world.later(3_600 + 30);
    assert_eq!(world.accounts.jwks()["keys"].as_array().unwrap().len(), 1);
    world.accounts.rotate_keys().await.unwrap();
    let stored: serde_json::Value = serde_json::from_slice(&read(ring(&world)).unwrap()).unwrap();
    assert_eq!(stored["signing"].as_array().unwrap().len(), 2, "the first key is gone from the file");
    assert_eq!(mode(&ring(&world)), 0o600);
    world.accounts.refresh(&new.refresh_token).await.expect("refresh tokens outlive signing keys");
}

#[tokio::test]
async fn a_rotation_survives_a_restart() {
    let world = World::new();
    let old = world.register("ada@example.org").await.unwrap();
    world.accounts.rotate_keys().await.unwrap();
    let accounts = reopen(&world).unwrap();
    assert_eq!(accounts.jwks(), world.accounts.jwks());
    accounts.authenticate(old.access_token.expose().to_owned()).await.unwrap();
}

#[tokio::test]
async fn an_old_key_is_replaced_by_maintenance() {
    let world = World::new();
    let before = world.accounts.jwks();
    world.accounts.maintain().await.unwrap();
    assert_eq!(world.accounts.jwks(), before);
    world.later(90 * 24 * 3_600);
    world.accounts.maintain().await.unwrap();
    let after = world.accounts.jwks();
    assert_eq!((after["keys"].as_array().unwrap().len(), &after["keys"][0]), (2, &before["keys"][0]));
}

#[tokio::test]
async fn the_published_keys_hold_no_private_part() {
    let world = World::new();
    let key = world.accounts.jwks()["keys"][0].clone();
    let mut names: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!((key["alg"].as_str(), key["crv"].as_str()), (Some("EdDSA"), Some("Ed25519")));
}

#[tokio::test]
async fn settings_below_the_floor_stop_the_start() {
    let change = |change: fn(&mut AccountsConfig)| {
        let mut config = AccountsConfig::default();
        change(&mut config);
        config.problems().into_iter().map(|problem| problem.key).collect::<Vec<_>>()
    };
    assert_eq!(change(|_| ()), [""; 0]);
    assert_eq!(change(|c| c.password.memory_kib = 19_455), ["password.memory_kib"]);
    assert_eq!(change(|c| c.password.passes = 1), ["password.memory_kib"]);
    assert_eq!(change(|c| (c.password.passes, c.password.memory_kib) = (1, 47_104)), [""; 0]);
    assert_eq!(change(|c| c.token.leeway_s = 61), ["token.leeway_s"]);
    assert_eq!(change(|c| c.token.access_ttl_s = 700_000), ["token.access_ttl_s"]);
    assert_eq!(change(|c| (c.max_sessions, c.password.min_chars) = (0, 6)), ["max_sessions", "password.min_chars"]);
    let mut config = AccountsConfig::default();
    config.token.access_ttl_s = 7 * 24 * 3_600;
    assert_eq!((config.problems().len(), config.warnings().len()), (0, 1));
    config.password.memory_kib = 1_024;
    let world = World::new();
    let opened = Accounts::open(
        Arc::new(world.store.clone()),
        world.clock.clone(),
        world.ended.clone(),
        config,
        world.dir.path(),
    );
    assert!(matches!(opened.map(drop), Err(OpenError::Config(_))));
}

async fn shared(world: &World, dir: &std::path::Path) -> Accounts {
    let (store, config) = (Arc::new(world.store.clone()), AccountsConfig::for_tests());
    Accounts::open_shared(store, world.clock.clone(), world.ended.clone(), config, dir).await.unwrap()
}

#[tokio::test]
async fn nodes_that_share_a_store_share_the_keys_and_take_over_those_of_a_file() {
    let world = World::new();
    let early = world.register("ada@example.org").await.unwrap();
    let empty = tempfile::tempdir().unwrap();
    let (one, two) = (shared(&world, world.dir.path()).await, shared(&world, empty.path()).await);
    assert_eq!(one.jwks(), world.accounts.jwks(), "the keys of the file");
    assert_eq!(two.jwks(), one.jwks());
    assert!(!empty.path().join("keys").exists(), "nothing is written beside the store");
    two.authenticate(early.access_token.expose().to_owned()).await.unwrap();
    two.refresh(&early.refresh_token).await.unwrap();
}

#[tokio::test]
async fn nodes_that_start_at_once_agree_on_the_keys() {
    let (world, dir) = (World::new(), tempfile::tempdir().unwrap());
    let (one, two) = tokio::join!(shared(&world, dir.path()), shared(&world, dir.path()));
    assert_eq!(one.jwks(), two.jwks());
}

#[tokio::test]
async fn a_rotation_on_one_node_is_known_on_another_with_the_first_token_or_the_next_look() {
    let (world, dir) = (World::new(), tempfile::tempdir().unwrap());
    let (one, two) = (shared(&world, dir.path()).await, shared(&world, dir.path()).await);
    let ada = one.register(registration("ada@example.org")).await.unwrap();
    one.rotate_keys().await.unwrap();
    assert_ne!(one.jwks(), two.jwks());
    let fresh = one.refresh(&ada.refresh_token).await.unwrap();
    two.authenticate(fresh.access_token.expose().to_owned()).await.expect("a token of the new key");
    assert_eq!(one.jwks(), two.jwks());
    two.authenticate(ada.access_token.expose().to_owned()).await.expect("a token of the key before");
    two.rotate_keys().await.unwrap();
    one.maintain().await.unwrap();
    assert_eq!((one.jwks(), one.jwks()["keys"].as_array().unwrap().len()), (two.jwks(), 3));
}

#[tokio::test]
async fn two_nodes_that_rotate_at_once_keep_every_key_that_has_signed() {
    let (world, dir) = (World::new(), tempfile::tempdir().unwrap());
    let (one, two) = (shared(&world, dir.path()).await, shared(&world, dir.path()).await);
    one.rotate_keys().await.unwrap();
    // It does not know of the other's yet: its own is not written over it.
    two.rotate_keys().await.unwrap();
    assert_eq!((two.jwks(), two.jwks()["keys"].as_array().unwrap().len()), (one.jwks(), 2));
}
