use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, PageQuery, Query};
use plenum_schema::moment::parse;
use plenum_schema::view::MessageView;
use plenum_schema::{ConversationId, Refusal, RefusalCode, UserId};
use plenum_services::conversations::{Hit, Search};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What to look for.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Words, each of which stands somewhere in the message, in any case; 2 to 200 characters.
    q: String,
    /// Only in this conversation.
    conversation: Option<Uuid>,
    /// Only of this person.
    from: Option<Uuid>,
    /// Only from before this moment (RFC 3339).
    before: Option<String>,
}

/// A part of what is found, the newest first. A part may be empty and go on all the same: only so much is read at a time.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FoundMessages)]
pub(crate) struct Found<'h> {
    /// Messages as in `messages` of a conversation's history.
    #[schema(value_type = Vec<Object>)]
    items: Vec<MessageView<'h>>,
    next_cursor: Option<String>,
}

/// Messages by their words, in one's own conversations
#[utoipa::path(get, path = "/search/messages", tag = "conversations", params(PageParams, Wanted),
    responses((status = 200, description = "A part", body = Found<'static>)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    page: Query<PageQuery>,
    wanted: Query<Wanted>,
) -> Answer {
    let Wanted { q: text, conversation, from, before } = wanted.0;
    let wrong = || Refusal::field(RefusalCode::Invalid, "before", "a moment such as 2026-11-21T18:00:00Z is expected");
    let before = before.map(|text| parse(&text).ok_or_else(wrong)).transpose()?;
    let search = Search { text, conversation: conversation.map(ConversationId), from: from.map(UserId), before };
    let cursor = page.0.cursor.as_deref();
    let found = state.conversations.search(caller.user(), &search, page.0.limit()?, cursor).await?;
    let items = found.items.iter().map(Hit::view).collect();
    Ok(HttpResponse::Ok().json(Found { items, next_cursor: found.next }))
}
