//! Paths that are only read.

use crate::problem::{Answer, Problem};
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, web};

/// A path that answers GET and HEAD (the same head, no body), and other methods with 405 that says so.
pub fn readable<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
        .default_service(web::to(other_method))
}

async fn other_method() -> Answer<HttpResponse> {
    Err(Problem::method_not_allowed(&[Method::GET, Method::HEAD]))
}
