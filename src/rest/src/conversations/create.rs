use super::view::{ConversationView, Kind, one};
use crate::state::RestState;
use actix_web::http::StatusCode;
use actix_web::web;
use plenum_http::{Answer, Body, Caller, IdempotencyKey, Problem, Reply, once};
use plenum_schema::{Refusal, RefusalCode, UserId};
use plenum_services::conversations::{NewGroup, Opened, Other};
use plenum_services::idempotency::Request;
use serde::Deserialize;

/// With whom: one person for a direct conversation, any number for a group.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreateConversationBody)]
pub(crate) struct CreateBody {
    /// When absent: direct with `userId` or `email`, else group.
    kind: Option<Kind>,
    /// The other person of a direct conversation.
    #[schema(value_type = Option<String>, format = Uuid)]
    user_id: Option<UserId>,
    /// The other person of a direct conversation, by exact e-mail address.
    email: Option<String>,
    /// Title of a group.
    title: Option<String>,
    /// The other first members of a group.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    members: Vec<UserId>,
    /// Makes a group once: the same creator and reference give the same group, for ever. 1 to 64 bytes.
    client_ref: Option<String>,
}

/// Start a conversation
///
/// The same two people always have the same direct conversation, also when both ask at once.
#[utoipa::path(post, path = "/conversations", tag = "conversations", request_body = CreateBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe for 24 h")),
    responses((status = 201, description = "Started", body = ConversationView),
        (status = 200, description = "It exists", body = ConversationView),
        (status = 404, description = "There is no such person", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    key: IdempotencyKey,
    body: Body<CreateBody>,
) -> Answer {
    let user = caller.user();
    let request = key.0.map(|key| Request::new(user.0.as_bytes(), &key, "POST conversations", &body.raw));
    let client_ref = request.map(|request| request.client_ref());
    let idempotency = state.idempotency.clone();
    let act = async move {
        let opened = open(&state, user, body.value, client_ref).await?;
        let status = if opened.is_existing { StatusCode::OK } else { StatusCode::CREATED };
        Reply::json(status, &one(&state, user, opened.id).await?)
    };
    once(&idempotency, request, act).await
}

async fn open(state: &RestState, caller: UserId, body: CreateBody, key_ref: Option<String>) -> Answer<Opened> {
    let CreateBody { kind, user_id, email, title, members, client_ref } = body;
    if user_id.is_some() && email.is_some() {
        return Err(wrong("email", "either userId or email names the other person"));
    }
    let is_direct = kind == Some(Kind::Direct) || (kind.is_none() && (user_id.is_some() || email.is_some()));
    if is_direct && title.is_some() {
        return Err(wrong("title", "a direct conversation has no title"));
    }
    if is_direct && !members.is_empty() {
        return Err(wrong("members", "a direct conversation names the other person in userId or email"));
    }
    let other_field = if email.is_some() { "email" } else { "userId" };
    let other = user_id.map(Other::User).or_else(|| email.map(Other::Email));
    match (kind, other) {
        (Some(Kind::Direct) | None, Some(other)) => Ok(state.conversations.create_direct(caller, other).await?),
        (Some(Kind::Room), _) => Err(wrong("kind", "a room is made by POST rooms")),
        (Some(Kind::Group), Some(_)) => Err(wrong(other_field, "a group names its people in members")),
        (Some(Kind::Direct), None) => Err(wrong("userId", "a direct conversation needs userId or email")),
        (None, None) if members.is_empty() && title.is_none() => Err(wrong("userId", "with whom?")),
        (Some(Kind::Group) | None, None) => {
            let group = NewGroup { title, members, client_ref: client_ref.or(key_ref) };
            Ok(state.conversations.create_group(caller, group).await?)
        }
    }
}

fn wrong(field: &str, message: &str) -> Problem {
    Refusal::field(RefusalCode::Invalid, field, message).into()
}
