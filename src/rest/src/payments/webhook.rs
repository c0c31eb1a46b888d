use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, RawBody};
use serde::Serialize;

/// That an event was taken in.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PaymentEventTaken)]
pub(crate) struct Taken {
    received: bool,
}

/// An event of the payment provider, signed over the bytes of the body
///
/// The same event again changes nothing, and events may come in any order. 404 where no provider is set up.
#[utoipa::path(post, path = "/payments/webhook", tag = "payments",
    request_body(content = Object, description = "As Stripe sends it", content_type = "application/json"),
    params(("Stripe-Signature" = Option<String>, Header, description = "Time and signatures: `t=…,v1=…`")),
    responses((status = 200, description = "It was taken in, or is not wanted", body = Taken),
        (status = 400, description = "It does not come from the provider", body = crate::openapi::ProblemDocument),
        (status = 503, description = "Send it again", body = crate::openapi::ProblemDocument)))]
pub async fn handle(request: HttpRequest, state: web::Data<RestState>, body: RawBody) -> Answer {
    let signature = request.headers().get("stripe-signature").and_then(|value| value.to_str().ok());
    state.payments.hear(&body.0, signature.unwrap_or_default()).await?;
    Ok(HttpResponse::Ok().json(Taken { received: true }))
}
