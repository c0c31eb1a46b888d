use super::members::{after, next};
use super::view::MemberRole;
use crate::openapi::PageParams;
use crate::people::{People, Person};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, PageQuery, Query};
use plenum_schema::{ConversationId, Offset};
use plenum_services::conversations::MemberMarks;
use serde::Serialize;

/// How far a member has come.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Reader)]
pub(crate) struct Reader {
    user: Person,
    role: MemberRole,
    /// Everything up to this offset has reached a device.
    delivered: Offset,
    /// Everything up to this offset has been read, by saying so.
    read: Offset,
}

/// A page of readers.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReaderPage)]
pub(crate) struct Readers {
    items: Vec<Reader>,
    next_cursor: Option<String>,
}

/// How far each member has received and read
#[utoipa::path(get, path = "/conversations/{id}/readers", tag = "conversations",
    params(("id" = uuid::Uuid, Path, description = "The conversation"), PageParams),
    responses((status = 200, description = "A page, in order of the members' ids", body = Readers)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConversationId>,
    page: Query<PageQuery>,
) -> Answer {
    let (limit, after) = (page.0.limit()?, after(&page.0)?);
    let marks = state.conversations.marks(caller.user(), id.0, after, limit).await?;
    let people = People::read(&state, marks.iter().map(|one| one.user)).await?;
    let next_cursor = next(marks.len(), limit, marks.last().map(|one| one.user));
    let reader = |one: MemberMarks| Reader {
        user: people.person(one.user),
        role: one.role.into(),
        delivered: one.delivered,
        read: one.read,
    };
    Ok(HttpResponse::Ok().json(Readers { items: marks.into_iter().map(reader).collect(), next_cursor }))
}
