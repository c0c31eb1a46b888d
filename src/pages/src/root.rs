//! `GET /`: the page for people, name and status for programs.

use crate::Product;
use crate::headers::secure;
use crate::packed::Packed;
use crate::page::{accepts, page};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

/// The page, or JSON for whoever does not ask for HTML.
pub async fn answer(request: HttpRequest, product: Data<Product>, packed: Data<Packed>) -> HttpResponse {
    let wants_page = accepts(&request, &header::ACCEPT, "text/html");
    let mut answer = if wants_page { page(&request, &packed, "index.html") } else { status(&product) };
    answer.headers_mut().append(header::VARY, header::HeaderValue::from_static("Accept"));
    answer
}

fn status(product: &Product) -> HttpResponse {
    secure(&mut HttpResponse::Ok()).insert_header((header::CACHE_CONTROL, "no-store")).json(serde_json::json!({
        "name": product.name,
        "status": "ok",
        "version": product.version,
    }))
}
