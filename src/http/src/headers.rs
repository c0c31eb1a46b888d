//! The security headers of every answer.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The policy of answers that are data and not pages. A page sets its own.
pub const API_CSP: &str = "default-src 'none'; frame-ancestors 'none'";

/// Adds what is missing; what a handler has set stays. For answers that do not pass through the envelope: it does so itself.
pub fn secure_headers(headers: &mut HeaderMap, hsts: Option<&HeaderValue>) {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, API_CSP),
        (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-site"),
    ];
    for (name, value) in fixed {
        set_missing(headers, name, HeaderValue::from_static(value));
    }
    if !is_part_of_a_page(headers) {
        set_missing(headers, header::CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin"));
    }
    if let Some(hsts) = hsts {
        set_missing(headers, header::STRICT_TRANSPORT_SECURITY, hsts.clone());
    }
}

/// Only documents have openers, and a page on a slow line loads thirty scripts and styles.
fn is_part_of_a_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["text/javascript", "text/css"].iter().any(|part| kind.starts_with(part))
}

pub(crate) fn set_missing(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, value);
    }
}
