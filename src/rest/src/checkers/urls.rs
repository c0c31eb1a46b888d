use crate::program::{Program, StatusRead};
use crate::state::RestState;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use plenum_http::Answer;
use plenum_schema::DomainId;
use plenum_services::status_board::ToCheck;
use serde::Serialize;

/// A domain to be checked, in the spelling that checkers know.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = UrlToCheck)]
pub(crate) struct UrlAnswer {
    #[schema(value_type = String, format = Uuid)]
    id: DomainId,
    /// The name of its brand.
    brand: Option<String>,
    /// With a capital, as checkers read it.
    #[serde(rename = "Domain")]
    domain: String,
    noto: Option<String>,
}

impl From<ToCheck> for UrlAnswer {
    fn from(one: ToCheck) -> Self {
        let ToCheck { id, domain, brand, noto } = one;
        Self { id, brand, domain, noto }
    }
}

/// Every domain that checkers look at; needs a key with the scope `status:read`
#[utoipa::path(get, path = "/urls", tag = "status board",
    responses((status = 200, description = "All of them", body = Vec<UrlAnswer>)))]
pub async fn handle(_: Program<StatusRead>, state: web::Data<RestState>) -> Answer {
    let found = state.status_board.to_check().await?;
    let urls: Vec<UrlAnswer> = found.into_iter().map(UrlAnswer::from).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(urls))
}
