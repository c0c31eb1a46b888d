//! What the browser keeps while somebody is at Google (RFC 6265). It is of use for nothing else, and sent by a top-level navigation.

use actix_web::HttpRequest;
use actix_web::http::header::COOKIE;
use plenum_services::accounts::{Google, Secret};

/// The prefix lets browsers take it by TLS from this host only, so that no neighbour can set it.
const SECURE: &str = "__Host-plenum-google";
/// On this machine, without TLS.
const PLAIN: &str = "plenum-google";
/// The longest value that is looked at, bytes.
const LONGEST: usize = 160;

fn name(google: &Google) -> &'static str {
    if google.is_secure() { SECURE } else { PLAIN }
}

fn header(google: &Google, value: &str, max_age_s: u64) -> String {
    let secure = if google.is_secure() { "; Secure" } else { "" };
    format!("{}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}", name(google))
}

/// `Set-Cookie` that keeps it.
pub(super) fn set(google: &Google, value: &Secret) -> String {
    header(google, value.expose(), google.flow_s())
}

/// `Set-Cookie` that forgets it.
pub(super) fn forget(google: &Google) -> String {
    header(google, "", 0)
}

/// What the browser has kept. Two of the name are none.
pub(super) fn kept(google: &Google, request: &HttpRequest) -> Option<Secret> {
    let headers = request.headers().get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let pairs = headers.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name(google)).map(|(_, value)| value);
    let value = values.next().filter(|value| value.len() <= LONGEST)?;
    values.next().is_none().then(|| Secret::from(value))
}
