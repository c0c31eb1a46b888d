use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, Problem, Query, checked_limit};
use plenum_schema::wire::{EventFrame, MessageState};
use plenum_schema::{ConversationId, Offset, Refusal, RefusalCode, UserId};
use plenum_services::conversations::HistoryPage;
use serde::{Deserialize, Serialize};

/// Which part of a conversation. Without `before`, `after` and `cursor`: the newest.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// The newest events below this offset.
    before: Option<Offset>,
    /// The oldest events above this offset.
    after: Option<Offset>,
    /// 1 to 100, default 20.
    limit: Option<usize>,
    /// `nextCursor` of the page before; goes on in the same direction.
    cursor: Option<String>,
}

/// A page of a conversation, oldest first.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessagePage)]
pub(crate) struct Messages {
    /// Events as on a socket: `{topic, offset, at, event}`; `at` in milliseconds since 1970.
    #[schema(value_type = Vec<Object>)]
    items: Vec<EventFrame>,
    /// The newest offset of the conversation.
    head: Offset,
    /// The oldest offset that still exists.
    first: Offset,
    /// What became of those messages of the page that were edited, deleted or reacted to: `{target, editedAt, deletedAt,
    /// reactions: [{emoji, count, mine}]}`; times in milliseconds since 1970.
    #[schema(value_type = Vec<Object>)]
    states: Vec<MessageState>,
    /// Goes on in the direction of this page: to older events, or with `after` to newer ones.
    next_cursor: Option<String>,
}

/// Events of a conversation, in both directions
#[utoipa::path(get, path = "/conversations/{id}/messages", tag = "conversations",
    params(("id" = uuid::Uuid, Path, description = "The conversation"), Part),
    responses((status = 200, description = "A page, oldest first", body = Messages)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<ConversationId>, part: Query<Part>) -> Answer {
    Ok(HttpResponse::Ok().json(page(&state, caller.user(), id.0, part.0).await?))
}

/// The page that the query asks for.
pub(crate) async fn page(state: &RestState, caller: UserId, id: ConversationId, part: Part) -> Answer<Messages> {
    let limit = checked_limit(part.limit)?;
    let (before, after) = match part.cursor.as_deref() {
        Some(cursor) => read_cursor(cursor)?,
        None => (part.before, part.after),
    };
    let page = state.conversations.history(caller, id, before, after, limit).await?;
    let next_cursor = next(&page, after.is_some());
    let HistoryPage { items, head, first, states } = page;
    Ok(Messages { items, head, first, states, next_cursor })
}

type Span = (Option<Offset>, Option<Offset>);

fn read_cursor(text: &str) -> Answer<Span> {
    let wrong = || Problem::from(Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list"));
    let (direction, offset) = text.split_at_checked(1).ok_or_else(wrong)?;
    let offset = offset.parse().map_err(|_| wrong())?;
    match direction {
        "b" => Ok((Some(offset), None)),
        "a" => Ok((None, Some(offset))),
        _ => Err(wrong()),
    }
}

fn next(page: &HistoryPage, is_forward: bool) -> Option<String> {
    if is_forward {
        let last = page.items.last()?.offset;
        (last < page.head).then(|| format!("a{last}"))
    } else {
        let oldest = page.items.first()?.offset;
        (oldest > page.first.max(1)).then(|| format!("b{oldest}"))
    }
}
