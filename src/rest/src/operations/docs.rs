use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::{HttpResponse, Scope, web};
use plenum_http::{Answer, readable};

/// Everything of the page comes from this server; nothing inline runs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The documentation as a page
#[utoipa::path(get, path = "/docs", tag = "operations", responses(
    (status = 200, description = "A page that shows this document and can try requests", content_type = "text/html", body = String),
))]
pub async fn handle() -> Answer {
    let page = include_str!("../../assets/docs.html");
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .content_type("text/html; charset=utf-8")
        .body(page))
}

/// What the page loads.
pub(crate) fn assets() -> Scope {
    let asset = |path: &str, kind: &'static str, text: &'static str| {
        readable(path, move || async move { HttpResponse::Ok().content_type(kind).body(text) })
    };
    web::scope("/docs")
        .service(asset("/docs.js", "text/javascript; charset=utf-8", include_str!("../../assets/docs.js")))
        .service(asset("/docs.css", "text/css; charset=utf-8", include_str!("../../assets/docs.css")))
}

/// From the short address.
pub(crate) async fn redirect() -> HttpResponse {
    HttpResponse::Found().insert_header((LOCATION, "/api/docs")).finish()
}
