//! `GET /`: the page for people, name and status for programs.

use crate::Product;
use crate::assets::{Files, REVALIDATE, conditional, content_type, hex, version};
use crate::headers::secure;
use actix_web::http::header::{self, EntityTag};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

/// The page, or JSON for whoever does not ask for HTML.
pub async fn answer(request: HttpRequest, product: Data<Product>) -> HttpResponse {
    let mut answer = if accepts_html(&request) { page(&request) } else { status(&product) };
    answer.headers_mut().insert(header::VARY, header::HeaderValue::from_static("Accept"));
    answer
}

/// Whether `text/html` is named with a weight above zero. `*/*`, which programs send, is not enough.
fn accepts_html(request: &HttpRequest) -> bool {
    let values = request.headers().get_all(header::ACCEPT);
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let html = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"));
        html && !parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)))
    })
}

fn page(request: &HttpRequest) -> HttpResponse {
    let Some(file) = Files::get("index.html") else {
        // Only a debug build can get here: the source tree has gone.
        return secure(&mut HttpResponse::NotFound()).finish();
    };
    let version = version();
    // The page in the source tree names `/assets/…`, so that it also works from a plain file server.
    let html = String::from_utf8_lossy(&file.data).replace("/assets/", &format!("/assets/{version}/"));
    let tag = format!("{}-{version}", hex(&file.metadata.sha256_hash()[..8]));
    conditional(request, EntityTag::new_strong(tag), REVALIDATE, content_type("index.html"), Bytes::from(html))
}

fn status(product: &Product) -> HttpResponse {
    secure(&mut HttpResponse::Ok()).insert_header((header::CACHE_CONTROL, "no-store")).json(serde_json::json!({
        "name": product.name,
        "status": "ok",
        "version": product.version,
    }))
}
