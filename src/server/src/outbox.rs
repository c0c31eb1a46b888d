//! `/dev/outbox`: what the provider `development` has kept instead of sending it. For this machine only.

use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use plenum_http::{Answer, Problem, client_address, readable};
use plenum_providers::{Kept, Outbox};
use std::fmt::Write;

/// Headers that a proxy adds: who comes through one is not on this machine, whatever the address says.
const OF_PROXIES: &[&str] = &["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// Adds the page where there is an outbox.
pub(crate) fn configure(config: &mut ServiceConfig, outbox: Option<&Outbox>) {
    if let Some(outbox) = outbox {
        config.app_data(web::Data::new(outbox.clone()));
        config.service(readable("/dev/outbox", page));
    }
}

/// Whether the name that the caller used is one of this machine: a page of elsewhere could use another that leads here.
fn names_this_machine(headers: &HeaderMap, uri: Option<&str>) -> bool {
    let host = uri.or_else(|| headers.get(header::HOST)?.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    ["127.0.0.1", "localhost", "[::1]"].contains(&name)
}

fn is_from_here(request: &HttpRequest) -> bool {
    let is_local = |address: std::net::IpAddr| address.to_canonical().is_loopback();
    let headers = request.headers();
    request.peer_addr().is_some_and(|peer| is_local(peer.ip()))
        && client_address(request).is_some_and(is_local)
        && !OF_PROXIES.iter().any(|name| headers.contains_key(*name))
        && names_this_machine(headers, request.uri().authority().map(|authority| authority.as_str()))
}

async fn page(request: HttpRequest, outbox: web::Data<Outbox>) -> Answer {
    if !is_from_here(&request) {
        return Err(Problem::no_such_path());
    }
    let html = document(&outbox.all());
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"));
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    answer.insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"));
    Ok(answer.body(html))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn document(kept: &[Kept]) -> String {
    let mut html = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Outbox</title><h1>Not sent</h1>\
         <p>Mails and short messages that the provider “development” has kept, the newest first.</p><dl>"
        .to_owned();
    for Kept { to, text } in kept {
        let _infallible = write!(html, "<dt>{}</dt><dd>{}</dd>", escaped(to), escaped(text));
    }
    html.push_str("</dl></html>");
    html
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn text_of_others_never_becomes_markup() {
        let kept = Kept { to: "<b>@example.org".to_owned(), text: "\"&".to_owned() };
        let html = document(&[kept]);
        assert!(html.contains("&lt;b&gt;@example.org") && html.contains("&quot;&amp;"), "{html}");
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let host = |host: &str| {
            let request = TestRequest::default().insert_header((header::HOST, host)).to_http_request();
            names_this_machine(request.headers(), None)
        };
        assert!(host("localhost:8080") && host("127.0.0.1") && host("[::1]:1"));
        assert!(!host("localhost.example.org") && !host("evil.example:8080") && !host(""));
    }
}
