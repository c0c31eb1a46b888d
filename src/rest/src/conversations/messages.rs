use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, Problem, Query, checked_limit};
use plenum_schema::conversation::ConversationEvent;
use plenum_schema::view::MessageView;
use plenum_schema::wire::{Event, EventFrame, MessageState};
use plenum_schema::{ConversationId, Offset, Refusal, RefusalCode, Topic, UserId};
use plenum_services::conversations::HistoryPage;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use std::iter::Peekable;
use std::slice;

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
#[derive(utoipa::ToSchema)]
#[schema(as = MessagePage, rename_all = "camelCase")]
pub(crate) struct Messages {
    /// Events as on a socket: `{topic, offset, at, event}`; `at` in milliseconds since 1970.
    #[schema(value_type = Vec<Object>)]
    items: Vec<EventFrame>,
    /// The messages among them as Socket.IO's `new-message` shows them, with what became of each: `{id, conversationId, offset,
    /// number, senderId, content, type, clientRef, createdAt, editedAt, deletedAt, reactions}`; times in RFC 3339.
    #[schema(value_type = Vec<Object>)]
    messages: (),
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

impl Messages {
    fn views(&self) -> Vec<MessageView<'_>> {
        // Both lists are in offset order.
        let mut states = self.states.iter().peekable();
        self.items.iter().filter_map(|item| view(item, &mut states)).collect()
    }
}

fn view<'p>(item: &'p EventFrame, states: &mut Peekable<slice::Iter<'p, MessageState>>) -> Option<MessageView<'p>> {
    let Topic::Conversation(id) = item.topic else { return None };
    let Event::Conversation(ConversationEvent::Message(message)) = &item.event else { return None };
    while states.next_if(|state| state.target < item.offset).is_some() {}
    let view = MessageView::new(id, item.offset, item.at, message);
    Some(match states.next_if(|state| state.target == item.offset) {
        Some(state) => view.with_state(state),
        None => view,
    })
}

impl Serialize for Messages {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { items, messages: (), head, first, states, next_cursor } = self;
        let mut page = serializer.serialize_struct("Messages", 6)?;
        page.serialize_field("items", items)?;
        page.serialize_field("messages", &self.views())?;
        page.serialize_field("head", head)?;
        page.serialize_field("first", first)?;
        page.serialize_field("states", states)?;
        page.serialize_field("nextCursor", next_cursor)?;
        page.end()
    }
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
    Ok(Messages { items, messages: (), head, first, states, next_cursor })
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
