use super::*;
use plenum_schema::{RefusalCode, UserId};
use serde_json::json;

fn update(json: serde_json::Value) -> ProfileUpdate {
    serde_json::from_value(json).unwrap()
}

#[tokio::test]
async fn only_listed_members_are_ever_applied() {
    let world = World::new();
    let signed_in = world.register("ada@example.org").await.unwrap();
    let identity = world.identity(&signed_in).await;
    let whole = json!({
        "id": "x", "email": "eve@example.org", "role": "admin", "isActive": false, "points": 9, "version": 99, "passwordHash": "x",
        "firstName": "Ada", "bio": " Countess ", "coordonation": "chair", "skills": ["engines", " "], "year": 2, "field": "GLSI",
        "preferences": { "theme": "dark" }, "avatar": null,
    });
    let profile = world.accounts.update_profile(identity, update(whole), None).await.unwrap();
    assert_eq!(
        (profile.email.as_deref(), profile.role.as_str(), profile.is_active),
        (Some("ada@example.org"), "user", true)
    );
    assert_eq!((profile.first_name.as_deref(), profile.bio.as_deref()), (Some("Ada"), Some("Countess")));
    assert_eq!((profile.coordination.as_deref(), profile.year), (Some("chair"), Some(2)));
    assert_eq!((profile.skills.clone(), profile.version), (vec!["engines".to_owned()], 2));
    let mut me = world.accounts.me(identity).await.unwrap();
    assert_eq!(
        me.last_login.take(),
        Some(profile.created_at),
        "told to its person, of the session that asks or a newer one"
    );
    assert_eq!(me, profile);
    let shown = serde_json::to_value(&profile).unwrap();
    assert_eq!(shown["createdAt"], json!("2023-11-14T22:13:20Z"));
    assert_eq!((&shown["preferences"]["theme"], &shown["name"]), (&json!("dark"), &json!("Ada")));
    assert!(shown.get("passwordHash").is_none() && shown.get("credential").is_none());
}

#[test]
fn every_listed_member_is_read() {
    for name in ProfileUpdate::MEMBERS {
        let value = match *name {
            "year" => json!(1),
            "skills" => json!([]),
            "preferences" | "privacy" => json!({}),
            _ => json!("x"),
        };
        assert_ne!(update(json!({ *name: value })), ProfileUpdate::default(), "{name}");
    }
}

#[tokio::test]
async fn an_empty_text_removes_and_an_absent_one_keeps() {
    let world = World::new();
    let identity = world.identity(&world.register("ada@example.org").await.unwrap()).await;
    world.accounts.update_profile(identity, update(json!({ "bio": "x", "location": "London" })), None).await.unwrap();
    let profile = world.accounts.update_profile(identity, update(json!({ "bio": "" })), None).await.unwrap();
    assert_eq!((profile.bio, profile.location.as_deref()), (None, Some("London")));
}

#[tokio::test]
async fn values_that_break_a_rule_are_refused_by_member() {
    let world = World::new();
    let identity = world.identity(&world.register("ada@example.org").await.unwrap()).await;
    for (wrong, field) in [
        (json!({ "firstName": "x".repeat(61) }), "firstName"),
        (json!({ "bio": "bell\u{7}" }), "bio"),
        (json!({ "avatar": "javascript:alert(1)" }), "avatar"),
        (json!({ "avatar": "//evil.example" }), "avatar"),
        (json!({ "coverPhoto": "data:image/svg+xml,x" }), "coverPhoto"),
        (json!({ "field": "ASTROLOGY" }), "field"),
        (json!({ "year": 4 }), "year"),
        (json!({ "skills": vec!["x"; 51] }), "skills"),
        (json!({ "preferences": { "x": "y".repeat(9_000) } }), "preferences"),
        (json!({ "username": "a b" }), "username"),
    ] {
        let refusal = world.accounts.update_profile(identity, update(wrong), None).await.unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::Invalid, Some(field)));
    }
    assert_eq!(world.accounts.me(identity).await.unwrap().version, 1);
}

#[tokio::test]
async fn a_lost_update_is_noticed() {
    let world = World::new();
    let identity = world.identity(&world.register("ada@example.org").await.unwrap()).await;
    world.accounts.update_profile(identity, update(json!({ "bio": "1" })), Some(1)).await.unwrap();
    let refusal = world.accounts.update_profile(identity, update(json!({ "bio": "2" })), Some(1)).await.unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::Conflict, Some("version")));
}

#[tokio::test]
async fn a_user_name_moves_from_one_account_to_another_only_when_it_was_given_up() {
    let world = World::new();
    let ada = world.identity(&world.register("ada@example.org").await.unwrap()).await;
    let eve = world.identity(&world.register("eve@example.org").await.unwrap()).await;
    let name = |name: &str| update(json!({ "username": name }));
    world.accounts.update_profile(ada, name("Countess"), None).await.unwrap();
    world.accounts.update_profile(ada, name("countess"), None).await.expect("the own name again is fine");
    let refusal = world.accounts.update_profile(eve, name("COUNTESS"), None).await.unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::Conflict, Some("username")));
    assert_eq!(world.accounts.find("countess").await.unwrap().unwrap().id, ada.user);
    world.accounts.update_profile(ada, name("lovelace"), None).await.unwrap();
    assert_eq!(world.accounts.find("countess").await.unwrap(), None);
    world.accounts.update_profile(eve, name("countess"), None).await.unwrap();
    assert_eq!(world.accounts.find("Countess").await.unwrap().unwrap().id, eve.user);
    world.accounts.update_profile(eve, name(""), None).await.unwrap();
    world.accounts.update_profile(ada, name("countess"), None).await.unwrap();
}

#[tokio::test]
async fn of_many_who_want_one_user_name_at_once_exactly_one_gets_it() {
    let world = World::new();
    let mut people = Vec::new();
    for number in 0..10 {
        people.push(world.identity(&world.register(&format!("a{number}@b.cd")).await.unwrap()).await);
    }
    let all = people.iter().map(|who| world.accounts.update_profile(*who, update(json!({ "username": "ada" })), None));
    let all = futures_util::future::join_all(all).await;
    assert_eq!(all.iter().filter(|answer| answer.is_ok()).count(), 1);
    let mut carrying = 0;
    for who in people {
        carrying += usize::from(world.accounts.me(who).await.unwrap().username.is_some());
    }
    assert_eq!(carrying, 1);
}

#[tokio::test]
async fn a_change_of_user_name_that_is_refused_leaves_the_name_free() {
    let world = World::new();
    let ada = world.identity(&world.register("ada@example.org").await.unwrap()).await;
    let eve = world.identity(&world.register("eve@example.org").await.unwrap()).await;
    world.accounts.update_profile(ada, update(json!({ "username": "ada", "year": 77 })), None).await.unwrap_err();
    world.accounts.update_profile(eve, update(json!({ "username": "ada" })), None).await.unwrap();
}

#[tokio::test]
async fn others_see_a_name_and_a_picture_only() {
    let world = World::new();
    let ada = world.register("ada@example.org").await.unwrap();
    let identity = world.identity(&ada).await;
    let change = json!({ "firstName": "Ada", "lastName": "Lovelace", "avatar": "/media/a.png" });
    world.accounts.update_profile(identity, update(change), None).await.unwrap();
    let found = world.accounts.find_by_email(" ADA@example.org ").await.unwrap().unwrap();
    let shown = serde_json::to_value(&found).unwrap();
    assert_eq!(shown, json!({ "id": ada.profile.id, "name": "Ada Lovelace", "avatar": "/media/a.png" }));
    let stranger = UserId(uuid::Uuid::from_u128(5));
    assert_eq!(world.accounts.names(vec![stranger, identity.user]).await.unwrap(), [found]);
    assert!(world.accounts.exists(identity.user).await.unwrap() && !world.accounts.exists(stranger).await.unwrap());
    assert_eq!(world.accounts.find_by_email("nobody@example.org").await.unwrap(), None);
}
