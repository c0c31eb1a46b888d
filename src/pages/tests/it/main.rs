//! The pages as an HTTP client sees them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may")]

use actix_web::body::to_bytes;
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, web::Bytes};
use plenum_pages::Product;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn answer(request: TestRequest) -> ServiceResponse {
    let product = Product { name: "plenum".into(), version: "1.2.3".into() };
    let app = init_service(App::new().configure(|cfg| plenum_pages::configure(cfg, product))).await;
    call_service(&app, request.to_request()).await
}

async fn get(path: &str) -> ServiceResponse {
    answer(TestRequest::get().uri(path).insert_header((header::ACCEPT, BROWSER))).await
}

fn text(answer: &ServiceResponse, name: header::HeaderName) -> String {
    answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn body(answer: ServiceResponse) -> Bytes {
    to_bytes(answer.into_body()).await.unwrap()
}

/// The address of the page's script, as the page names it.
async fn script_address() -> String {
    let html = String::from_utf8(body(get("/").await).await.to_vec()).unwrap();
    let start = html.find("/assets/v-").expect("the page names versioned files");
    let end = html[start..].find('"').unwrap();
    let folder = html[start..start + end].split('/').nth(2).unwrap();
    format!("/assets/{folder}/app.js")
}

#[actix_rt::test]
async fn a_browser_gets_the_page() {
    let page = get("/").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(text(&page, header::CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(text(&page, header::CACHE_CONTROL), "no-cache");
    assert_eq!(text(&page, header::VARY), "Accept");
    assert!(String::from_utf8_lossy(&body(page).await).contains("<!doctype html>"));
}

#[actix_rt::test]
async fn a_program_gets_name_and_status() {
    for accept in ["*/*", "application/json", "text/html;q=0, application/json"] {
        let status = answer(TestRequest::get().uri("/").insert_header((header::ACCEPT, accept))).await;
        assert_eq!(text(&status, header::VARY), "Accept");
        let json: serde_json::Value = serde_json::from_slice(&body(status).await).unwrap();
        assert_eq!(json, serde_json::json!({ "name": "plenum", "status": "ok", "version": "1.2.3" }));
    }
}

#[actix_rt::test]
async fn a_file_the_page_names_may_be_kept_for_ever() {
    let script = get(&script_address().await).await;
    assert_eq!(script.status(), StatusCode::OK);
    assert_eq!(text(&script, header::CONTENT_TYPE), "text/javascript; charset=utf-8");
    assert_eq!(text(&script, header::CACHE_CONTROL), "public, max-age=31536000, immutable");
}

#[actix_rt::test]
async fn a_file_of_another_version_or_of_none_is_revalidated() {
    for path in ["/assets/app.js", "/assets/v-0000000000000000/app.js"] {
        let script = get(path).await;
        assert_eq!(script.status(), StatusCode::OK, "{path}");
        assert_eq!(text(&script, header::CACHE_CONTROL), "no-cache", "{path}");
    }
}

#[actix_rt::test]
async fn the_icon_that_browsers_ask_for_unasked_is_the_logo() {
    let icon = get("/favicon.ico").await;
    assert_eq!(icon.status(), StatusCode::OK);
    assert_eq!(text(&icon, header::CONTENT_TYPE), "image/svg+xml");
    assert_eq!(body(icon).await, body(get("/assets/logo.svg").await).await);
}

#[actix_rt::test]
async fn a_known_file_is_not_sent_again() {
    for path in ["/", "/assets/app.js"] {
        let tag = text(&get(path).await, header::ETAG);
        for seen in [tag.clone(), format!("\"other\", W/{tag}"), "*".into()] {
            let request = TestRequest::get().uri(path).insert_header((header::ACCEPT, BROWSER));
            let again = answer(request.insert_header((header::IF_NONE_MATCH, seen.as_str()))).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path} {seen}");
            assert_eq!(text(&again, header::ETAG), tag);
            assert!(body(again).await.is_empty());
        }
    }
}

#[actix_rt::test]
async fn every_answer_carries_the_security_headers() {
    let paths = ["/", "/assets/app.js", "/assets/gone.js"];
    for path in paths {
        let got = get(path).await;
        let policy = text(&got, header::CONTENT_SECURITY_POLICY);
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(text(&got, header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(text(&got, header::REFERRER_POLICY), "no-referrer", "{path}");
    }
}

#[actix_rt::test]
async fn the_page_has_no_inline_script_or_style() {
    let html = String::from_utf8(body(get("/").await).await.to_vec()).unwrap();
    assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains(" onclick="));
    for script in html.split("<script").skip(1) {
        let (open, rest) = script.split_once('>').unwrap();
        assert!(open.contains(" src="), "{open}");
        assert!(rest.starts_with("</script>"));
    }
}

#[actix_rt::test]
async fn nothing_outside_the_assets_is_served() {
    for path in [
        "/assets/",
        "/assets/../index.html",
        "/assets/..%2findex.html",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/v-0000000000000000/../../index.html",
        "/assets/nothing.js",
    ] {
        assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[actix_rt::test]
async fn head_is_answered_and_other_methods_are_not() {
    for path in ["/", "/assets/app.js"] {
        let head = answer(TestRequest::default().method(Method::HEAD).uri(path)).await;
        assert_eq!(head.status(), StatusCode::OK, "{path}");
        let post = answer(TestRequest::post().uri(path)).await;
        assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

#[actix_rt::test]
async fn every_file_has_a_content_type_and_every_script_and_style_is_named_in_the_page() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/assets");
    let html = String::from_utf8(body(get("/").await).await.to_vec()).unwrap();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            let file = get(&format!("/assets/{name}")).await;
            assert_eq!(file.status(), StatusCode::OK, "{name}");
            assert_ne!(text(&file, header::CONTENT_TYPE), "application/octet-stream", "{name}");
            // Named ahead, the modules are fetched at once and not one import after the other.
            assert!(html.contains(&format!("/{name}\"")), "index.html does not name {name}");
        }
    }
}
