use super::view::StatusWord;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, PageQuery, Query};
use plenum_schema::ConferenceId;
use serde::Serialize;

/// A conference in a list.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListedConference)]
pub(crate) struct Listed {
    #[schema(value_type = String, format = Uuid)]
    id: ConferenceId,
    title: String,
    status: StatusWord,
    public_code: String,
}

/// A page of conferences.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConferencePage)]
pub(crate) struct Page {
    items: Vec<Listed>,
    next_cursor: Option<String>,
}

/// The conferences that the caller runs, the newest first
#[utoipa::path(get, path = "/conference", tag = "conferences", params(PageParams),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, page: Query<PageQuery>) -> Answer {
    let found = state.conferences.hosted(caller.user(), page.0.limit()?, page.0.cursor.as_deref()).await?;
    let listed = found.items.into_iter().map(|one| Listed {
        id: one.id,
        title: one.title,
        status: one.status.into(),
        public_code: one.code,
    });
    Ok(HttpResponse::Ok().json(Page { items: listed.collect(), next_cursor: found.next }))
}
