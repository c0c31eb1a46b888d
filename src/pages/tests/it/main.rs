//! The pages as an HTTP client sees them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may")]

use actix_web::body::to_bytes;
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, web::Bytes};
use plenum_pages::{PagesConfig, Product};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The addresses of pages, and the files they show.
const PAGES: [(&str, &str); 12] = [
    ("/", "index.html"),
    ("/join", "join.html"),
    ("/join/K7WQ2P", "join.html"),
    ("/host", "host.html"),
    ("/screen/0192f0c4-0005-7000-8000-0000000000c0", "screen.html"),
    ("/report/0192f0c4-0005-7000-8000-0000000000c0", "report.html"),
    ("/verify", "verify.html"),
    ("/status", "status.html"),
    ("/profile", "profile.html"),
    ("/events", "events.html"),
    ("/market", "market.html"),
    ("/admin", "admin.html"),
];
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn answer(request: TestRequest) -> ServiceResponse {
    let product = Product { name: "plenum".into(), version: "1.2.3".into(), pages: PagesConfig::default() };
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
async fn a_browser_gets_the_pages() {
    for (path, _) in PAGES {
        let page = get(path).await;
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        assert_eq!(text(&page, header::CONTENT_TYPE), "text/html; charset=utf-8", "{path}");
        assert_eq!(text(&page, header::CACHE_CONTROL), "no-cache", "{path}");
        let vary: Vec<_> = page.headers().get_all(header::VARY).map(|value| value.to_str().unwrap()).collect();
        assert!(vary.contains(&"Accept-Encoding") && vary.contains(&"Accept") == (path == "/"), "{path}: {vary:?}");
        assert!(String::from_utf8_lossy(&body(page).await).contains("<!doctype html>"), "{path}");
    }
}

/// Whether all lines that are missing are comments, and some are.
fn is_without_comments(short: &[u8], whole: &[u8]) -> bool {
    let lines = |text: &[u8]| String::from_utf8(text.to_vec()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    let (short, whole) = (lines(short), lines(whole));
    let mut left = short.iter().peekable();
    let dropped: Vec<&String> = whole.iter().filter(|line| left.next_if_eq(line).is_none()).collect();
    let is_comment = |line: &&String| {
        ["/*", "*", "//"].iter().any(|mark| line.trim_start().starts_with(mark)) || line.trim_end().ends_with("*/")
    };
    left.peek().is_none() && !dropped.is_empty() && dropped.iter().all(is_comment)
}

#[actix_rt::test]
async fn whoever_takes_gzip_gets_texts_compressed() {
    let script = script_address().await;
    for path in ["/", "/join", script.as_str(), "/assets/style.css", "/assets/logo.svg"] {
        let plain = get(path).await;
        assert_eq!(text(&plain, header::CONTENT_ENCODING), "", "{path}");
        let (tag, expected) = (text(&plain, header::ETAG), body(plain).await);
        for _ in 0..2 {
            let request = TestRequest::get().uri(path).insert_header((header::ACCEPT, BROWSER));
            let packed = answer(request.insert_header((header::ACCEPT_ENCODING, "br;q=1.0, gzip;q=0.8"))).await;
            assert_eq!(text(&packed, header::CONTENT_ENCODING), "gzip", "{path}");
            assert_ne!(text(&packed, header::ETAG), tag, "{path}: another body, another tag");
            let packed = body(packed).await;
            assert!(packed.len() < expected.len(), "{path}");
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(packed.as_ref()).read_to_end(&mut unpacked).unwrap();
            if path.ends_with(".js") {
                assert!(is_without_comments(&unpacked, &expected), "{path}");
            } else {
                assert_eq!(unpacked, expected, "{path}");
            }
        }
        let request = TestRequest::get().uri(path).insert_header((header::ACCEPT, BROWSER));
        let refused = answer(request.insert_header((header::ACCEPT_ENCODING, "gzip;q=0"))).await;
        assert_eq!(text(&refused, header::CONTENT_ENCODING), "", "{path}");
    }
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
    let page = ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for"];
    let file = ["default-src 'none'", "frame-ancestors 'none'"];
    let mut expected: Vec<(&str, &[&str])> = PAGES.iter().map(|(path, _)| (*path, &page[..])).collect();
    expected.extend([("/assets/app.js", &file[..]), ("/assets/logo.svg", &file[..]), ("/assets/gone.js", &page[..])]);
    for (path, parts) in expected {
        let got = get(path).await;
        let policy = text(&got, header::CONTENT_SECURITY_POLICY);
        for part in parts {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(text(&got, header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(text(&got, header::REFERRER_POLICY), "no-referrer", "{path}");
    }
}

#[actix_rt::test]
async fn no_page_has_inline_script_or_style() {
    for (path, _) in PAGES {
        let html = String::from_utf8(body(get(path).await).await.to_vec()).unwrap();
        assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains(" onclick="), "{path}");
        for script in html.split("<script").skip(1) {
            let (open, rest) = script.split_once('>').unwrap();
            assert!(open.contains(" src="), "{path}: {open}");
            assert!(rest.starts_with("</script>"), "{path}");
        }
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

/// Every file below `web/assets`, by its path from there.
fn files() -> Vec<String> {
    let folder = assets();
    let (mut folders, mut found) = (vec![folder.clone()], Vec::new());
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/assets")
}

#[actix_rt::test]
async fn every_file_has_a_content_type() {
    for name in files() {
        let file = get(&format!("/assets/{name}")).await;
        assert_eq!(file.status(), StatusCode::OK, "{name}");
        assert_ne!(text(&file, header::CONTENT_TYPE), "application/octet-stream", "{name}");
    }
}

/// What a module imports before it runs, by path from `web/assets`.
fn imports(name: &str) -> Vec<String> {
    let source = std::fs::read_to_string(assets().join(name)).unwrap();
    let folder = Path::new(name).parent().unwrap();
    let statements = source.split(';').map(str::trim_start);
    let imports = statements
        .filter(|line| line.starts_with("import ") || line.starts_with("export {") || line.contains("\nimport "));
    imports
        .filter_map(|line| line.rsplit_once("from \""))
        .filter_map(|(_, rest)| rest.strip_suffix('"'))
        .map(|path| plain(&folder.join(path)))
        .collect()
}

/// Without `.` and `..`.
fn plain(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.to_str().unwrap().split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[actix_rt::test]
async fn every_page_names_exactly_the_modules_that_it_needs() {
    let mut named = BTreeSet::new();
    for (path, _) in PAGES {
        let html = String::from_utf8(body(get(path).await).await.to_vec()).unwrap();
        let files = |before: &str| -> BTreeSet<String> {
            let found = html.lines().filter(|line| line.trim_start().starts_with(before));
            let addresses = found.filter_map(|line| line.split("/assets/").nth(1)?.split('"').next());
            addresses.map(|address| address.split_once('/').unwrap().1.to_owned()).collect()
        };
        let entry = files("<script").pop_first().unwrap();
        let (mut needed, mut open) = (BTreeSet::new(), vec![entry.clone()]);
        while let Some(next) = open.pop() {
            open.extend(imports(&next).into_iter().filter(|file| *file != entry && needed.insert(file.clone())));
        }
        // Named ahead, the modules are fetched at once and not one import after the other.
        assert_eq!(files("<link rel=\"modulepreload\""), needed, "{path}");
        named.extend(needed);
        named.insert(entry);
        named.extend(files("<link"));
    }
    // Languages are loaded when they are spoken, and a few modules when they are needed.
    let all: String = files()
        .iter()
        .filter(|file| file.ends_with(".js"))
        .map(|file| std::fs::read_to_string(assets().join(file)).unwrap())
        .collect();
    let is_late = |file: &String| {
        file.contains("/lang/")
            || file.rsplit('/').next().is_some_and(|name| all.contains(&format!("import(\"./{name}\")")))
    };
    let unnamed: Vec<_> = files().into_iter().filter(|file| !named.contains(file) && !is_late(file)).collect();
    assert_eq!(unnamed, Vec::<String>::new(), "no page uses these");
}

#[test]
fn every_language_has_the_same_sentences() {
    let keys = |file: &String| -> BTreeSet<String> {
        let source = std::fs::read_to_string(assets().join(file)).unwrap();
        let lines = source.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        lines.filter_map(|line| line.trim().split_once(':')).map(|(key, _)| key.to_owned()).collect()
    };
    let languages: Vec<_> = files().into_iter().filter(|file| file.contains("/lang/")).collect();
    let english = keys(&"hall/lang/en.js".to_owned());
    assert!(languages.len() >= 5 && english.len() > 60);
    for language in &languages {
        assert_eq!(keys(language), english, "{language}");
    }
}

#[actix_rt::test]
async fn the_audience_page_is_framed_by_whom_the_operator_names_and_nobody_else() {
    assert_eq!(get("/embed/K7WQ2P").await.status(), StatusCode::NOT_FOUND, "without a word of the operator");
    let pages = PagesConfig { framed_by: vec!["https://example.org".into(), "http://localhost:9000".into()] };
    let product = Product { name: "plenum".into(), version: "1.2.3".into(), pages };
    let app = init_service(App::new().configure(|cfg| plenum_pages::configure(cfg, product))).await;
    for (path, ancestors) in [
        ("/embed/K7WQ2P", "frame-ancestors https://example.org http://localhost:9000;"),
        ("/join/K7WQ2P", "frame-ancestors 'none';"),
        ("/host", "frame-ancestors 'none';"),
    ] {
        let request = TestRequest::get().uri(path).insert_header((header::ACCEPT, BROWSER));
        let page = call_service(&app, request.to_request()).await;
        let policy = text(&page, header::CONTENT_SECURITY_POLICY);
        assert!(page.status().is_success() && policy.contains(ancestors), "{path}: {policy}");
        assert!(policy.contains("script-src 'self'"), "{policy}");
    }
}

#[actix_rt::test]
async fn the_page_that_checks_results_is_there_as_a_file_that_needs_and_asks_nobody() {
    let saved = get("/verify/plenum-verify.html").await;
    assert_eq!(saved.status(), StatusCode::OK);
    assert!(
        text(&saved, header::CONTENT_DISPOSITION).starts_with("attachment"),
        "its script never runs on this server"
    );
    assert!(text(&saved, header::CONTENT_SECURITY_POLICY).contains("script-src 'self'"));
    let html = String::from_utf8(body(saved).await.to_vec()).unwrap();
    let policy = html.split("Content-Security-Policy\" content=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    assert!(!policy.contains("connect-src"), "{policy}");
    assert!(!html.contains("/assets/v-"), "nothing is loaded");
}
