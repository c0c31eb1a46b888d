use super::view::IntentAnswer;
use crate::state::RestState;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, IdempotencyKey, Person, Reply, once};
use plenum_schema::{OrderId, Refusal, RefusalCode};
use plenum_services::idempotency::Request;
use serde::Deserialize;

/// What is to be paid. What is owed is what the server knows: an amount here is ignored.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PaymentIntentBody)]
pub(crate) struct IntentBody {
    /// `order`, also when absent. Lectures and subscriptions are not sold here.
    #[serde(rename = "type")]
    purpose: Option<String>,
    /// The own order.
    #[schema(value_type = String, format = Uuid)]
    order_id: Option<OrderId>,
}

fn ordered(body: &IntentBody) -> Result<OrderId, Refusal> {
    let invalid = |field, text| Refusal::field(RefusalCode::Invalid, field, text);
    if body.purpose.as_deref().is_some_and(|purpose| purpose != "order") {
        return Err(invalid("type", "order is expected: lectures and subscriptions are not sold here"));
    }
    body.order_id.ok_or_else(|| invalid("orderId", "orderId is required"))
}

/// Begin to pay an own order, or go on
///
/// There is one payment for an order: asked again, the same one is answered. The order becomes `paid` when the provider says so, not before.
#[utoipa::path(post, path = "/payments/create-intent", tag = "payments", request_body = IntentBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Another body under the same key is refused")),
    responses((status = 201, description = "The payment", body = IntentAnswer),
        (status = 409, description = "It is not to be paid", body = crate::openapi::ProblemDocument),
        (status = 503, description = "The provider is away", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Person,
    state: web::Data<RestState>,
    key: IdempotencyKey,
    body: Body<IntentBody>,
) -> Answer {
    let (payer, order) = (caller.user(), ordered(&body.value)?);
    if let Some(key) = key.0 {
        // The payment is the order's own, so that the answer, which has a secret in it, need not be kept to be given again.
        let request = Request::new(payer.0.as_bytes(), &key, "POST payments/create-intent", &body.raw);
        once(&state.idempotency, Some(request), async { Reply::json(StatusCode::CREATED, &()) }).await?;
    }
    let paying = state.payments.begin(order, payer).await?;
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(IntentAnswer::from(paying)))
}
