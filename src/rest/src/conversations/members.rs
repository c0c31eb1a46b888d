use super::view::MemberRole;
use crate::openapi::PageParams;
use crate::people::{People, Person};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, PageQuery, Problem, Query};
use plenum_schema::{ConversationId, Refusal, RefusalCode, UserId};
use serde::Serialize;

/// A member of a conversation.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberView {
    user: Person,
    role: MemberRole,
}

/// A page of members.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MemberPage)]
pub(crate) struct Members {
    items: Vec<MemberView>,
    next_cursor: Option<String>,
}

/// Members of a conversation, in order of their ids
#[utoipa::path(get, path = "/conversations/{id}/members", tag = "conversations",
    params(("id" = uuid::Uuid, Path, description = "The conversation"), PageParams),
    responses((status = 200, description = "A page", body = Members)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConversationId>,
    page: Query<PageQuery>,
) -> Answer {
    Ok(HttpResponse::Ok().json(self::page(&state, caller.user(), id.0, &page.0).await?))
}

/// A page of the members of a conversation.
pub(crate) async fn page(state: &RestState, caller: UserId, id: ConversationId, page: &PageQuery) -> Answer<Members> {
    let (limit, after) = (page.limit()?, after(page)?);
    let members = state.conversations.members(caller, id, after, limit).await?;
    let people = People::read(state, members.iter().map(|member| member.user)).await?;
    let next_cursor = next(members.len(), limit, members.last().map(|member| member.user));
    let view = |member: &plenum_services::conversations::Member| MemberView {
        user: people.person(member.user),
        role: member.role.into(),
    };
    Ok(Members { items: members.iter().map(view).collect(), next_cursor })
}

/// The cursor of lists of people is the last one's id.
pub(crate) fn after(page: &PageQuery) -> Answer<Option<UserId>> {
    let wrong = |_| Problem::from(Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list"));
    page.cursor.as_deref().map(|text| text.parse().map_err(wrong)).transpose()
}

/// Where to go on after a page that was full.
pub(crate) fn next(shown: usize, limit: usize, last: Option<UserId>) -> Option<String> {
    last.filter(|_| shown == limit).map(|last| last.to_string())
}
