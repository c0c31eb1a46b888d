//! Headers that every page and file carries.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{self, HeaderValue};

/// What the page may do: its own files, its own server, nothing else.
///
/// * `connect-src 'self'` covers `ws:` and `wss:` to the same host and port (CSP 3 §6.7.2.8), so an injected script
///   could not even send what it read to another host.
/// * Trusted types with no policy: the browser itself refuses `innerHTML` and its kin. Text goes through `textContent`.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     font-src 'self'; manifest-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The same for a page that sites of these origins may frame; `None` when one of them is no origin.
#[must_use]
pub fn framed_policy(origins: &[String]) -> Option<HeaderValue> {
    let ancestors = format!("frame-ancestors {}", origins.join(" "));
    HeaderValue::from_str(&CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", &ancestors)).ok()
}

/// Adds the headers to an answer.
pub fn secure(answer: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    answer
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"))
        .insert_header(("Permissions-Policy", "camera=(), geolocation=(), microphone=()"))
}

/// What a file that is no page may do when somebody opens it by itself, a drawing say: nothing.
const FILE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Adds the headers to a file that pages load. Shorter than those of pages, because a page loads thirty of them and the
/// browser asks only documents for the rest.
pub fn secure_file(answer: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    answer
        .insert_header((header::CONTENT_SECURITY_POLICY, FILE_POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"))
}
