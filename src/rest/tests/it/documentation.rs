//! The OpenAPI document and the page that shows it.

use crate::world::{World, plain};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn document() -> Value {
    serde_json::to_value(plenum_rest::document()).expect("a document")
}

fn everything() -> impl Iterator<Item = plenum_rest::Listed> {
    plenum_rest::listed().into_iter().chain(plenum_rest::listed_elsewhere())
}

#[test]
fn the_document_names_the_routes_of_the_table_and_those_of_the_edge() {
    let document = document();
    let paths = document["paths"].as_object().expect("paths");
    let documented: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().expect("methods").keys().map(move |method| (path.clone(), method.to_uppercase()))
        })
        .collect();
    let served: BTreeSet<(String, String)> = everything().map(|one| (one.path, one.method.to_owned())).collect();
    assert_eq!(documented, served);
}

#[test]
fn every_operation_has_its_own_id_a_summary_and_the_right_lock() {
    let document = document();
    let mut ids = BTreeSet::new();
    let tags: Vec<&str> =
        document["tags"].as_array().expect("tags").iter().filter_map(|tag| tag["name"].as_str()).collect();
    for route in everything() {
        let operation = &document["paths"][&route.path][route.method.to_lowercase()];
        assert!(
            ids.insert(operation["operationId"].as_str().expect("an id").to_owned()),
            "{}",
            operation["operationId"]
        );
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{} {}", route.method, route.path);
        assert_eq!(!operation["security"].is_null(), route.needs_token, "{} {}", route.method, route.path);
        assert!(!operation["responses"]["default"].is_null());
        assert!(operation["tags"][0].as_str().is_some_and(|tag| tags.contains(&tag)), "{}", operation["tags"]);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().expect("a name");
        assert!(!document["components"]["schemas"][name].is_null(), "{name}");
    }
}

/// `UPDATE=1 cargo test -p plenum-rest` writes the file anew.
#[test]
fn the_document_in_docs_is_the_one_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let now = format!("{}\n", serde_json::to_string_pretty(&plenum_rest::document()).expect("a document"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &now).expect("a writable file");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == now,
        "docs/openapi.json is old: run `UPDATE=1 cargo test -p plenum-rest` and look at the difference"
    );
}

#[actix_web::test]
async fn the_document_and_its_page_are_served_by_the_server_itself() {
    let world = World::new();
    assert_eq!(world.ask(plain("GET", "/openapi.json")).await.ok(200), document());
    let page = world.ask(plain("GET", "/docs")).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let text = String::from_utf8_lossy(&page.body).into_owned();
    assert!(!text.contains("://") && !text.contains("<style") && !text.contains("onclick"));
    for asset in ["docs.js", "docs.css"] {
        assert!(text.contains(&format!("docs/{asset}")));
        assert_eq!(world.ask(plain("GET", &format!("/docs/{asset}"))).await.status, 200);
    }
    let short = world.ask(plain("GET", "").uri("/docs")).await;
    assert_eq!((short.status, short.header("location")), (302, "/api/docs"));
    let keys = world.ask(plain("GET", "").uri("/.well-known/jwks.json")).await.ok(200);
    assert!(keys["keys"].as_array().is_some_and(|keys| !keys.is_empty()));
}
