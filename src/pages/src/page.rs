//! Whole pages: the HTML files of `web/`.

use crate::assets::{Content, Files, REVALIDATE, conditional, content_type, hex, version};
use crate::headers::secure;
use crate::packed::Packed;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

/// Addresses and the file that each shows: the pages of conferences and of the community.
pub const PAGES: [(&str, &str); 11] = [
    ("/join", "join.html"),
    ("/join/{code}", "join.html"),
    ("/host", "host.html"),
    ("/screen/{id}", "screen.html"),
    ("/report/{id}", "report.html"),
    ("/verify", "verify.html"),
    ("/status", "status.html"),
    ("/profile", "profile.html"),
    ("/events", "events.html"),
    ("/market", "market.html"),
    ("/admin", "admin.html"),
];

/// The page in a file of `web/`.
pub fn page(request: &HttpRequest, packed: &Packed, name: &'static str) -> HttpResponse {
    let Some(file) = Files::get(name) else {
        // Only a debug build can get here: the source tree has gone.
        return secure(&mut HttpResponse::NotFound()).finish();
    };
    let version = version();
    // The page in the source tree names `/assets/…`, so that it also works from a plain file server.
    let html = String::from_utf8_lossy(&file.data).replace("/assets/", &format!("/assets/{version}/"));
    let tag = format!("{}-{version}", hex(&file.metadata.sha256_hash()[..8]));
    let body = Bytes::from(html);
    conditional(request, packed, Content { name, tag, cache: REVALIDATE, content_type: content_type(name), body })
}

/// The audience's page for frames on other sites: as it is, but these may show it.
pub fn embedded(request: &HttpRequest, packed: &Packed, policy: HeaderValue) -> HttpResponse {
    let mut answer = page(request, packed, "join.html");
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
    answer
}

/// Whether a list such as `Accept` names `value` with a weight above zero. `*/*`, which programs send, is not enough.
pub fn accepts(request: &HttpRequest, name: &HeaderName, value: &str) -> bool {
    let values = request.headers().get_all(name);
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(value));
        is_named && !parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)))
    })
}
