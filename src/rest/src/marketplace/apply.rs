use super::view::ApplicationAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Person};
use serde::Deserialize;

/// Why one wants to sell.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SellerApplicationBody)]
pub(crate) struct ApplicationBody {
    /// The name of the shop; also read as `shopName`, `businessName`.
    #[serde(alias = "shopName", alias = "businessName")]
    shop: String,
    /// What there is to say about it, at most 2,000 characters; also read as `description`.
    #[serde(alias = "description")]
    text: Option<String>,
}

/// Ask to sell
///
/// One application for each person: asking again replaces it until it is approved.
#[utoipa::path(post, path = "/marketplace/seller-applications", tag = "marketplace", request_body = ApplicationBody,
    responses((status = 201, description = "It waits for an admin", body = ApplicationAnswer),
        (status = 409, description = "It was approved", body = crate::openapi::ProblemDocument)))]
pub async fn handle(caller: Person, state: web::Data<RestState>, body: Body<ApplicationBody>) -> Answer {
    let ApplicationBody { shop, text } = body.value;
    let application = state.market.apply_to_sell(caller.user(), &shop, text.as_deref()).await?;
    Ok(HttpResponse::Created().json(ApplicationAnswer::from(application)))
}
