use super::view::ApplicationAnswer;
use crate::admin::Admin;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Id};
use plenum_schema::{Refusal, RefusalCode, UserId};
use serde::Deserialize;

/// What an admin has decided.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = SellerDecisionBody)]
pub(crate) struct DecisionBody {
    /// `approved` or `rejected`.
    status: String,
}

/// Let somebody sell, or not
#[utoipa::path(put, path = "/marketplace/seller-applications/{id}", tag = "marketplace", request_body = DecisionBody,
    params(("id" = uuid::Uuid, Path, description = "The application: its person's id")),
    responses((status = 200, description = "Decided", body = ApplicationAnswer),
        (status = 409, description = "It was decided otherwise", body = crate::openapi::ProblemDocument)))]
pub async fn handle(admin: Admin, state: web::Data<RestState>, id: Id<UserId>, body: Body<DecisionBody>) -> Answer {
    let approve = match body.value.status.to_ascii_lowercase().as_str() {
        "approved" | "approve" => true,
        "rejected" | "reject" => false,
        _ => {
            let text = "approved or rejected is expected";
            return Err(Refusal::field(RefusalCode::Invalid, "status", text).into());
        }
    };
    let application = state.market.decide(id.0, approve, admin.0).await?;
    Ok(HttpResponse::Ok().json(ApplicationAnswer::from(application)))
}
