use super::view::MemberRole;
use crate::state::RestState;
use actix_web::http::StatusCode;
use actix_web::web;
use plenum_http::{Answer, Body, Caller, Id, IdempotencyKey, Reply, once};
use plenum_schema::{ConversationId, UserId};
use plenum_services::idempotency::Request;
use serde::{Deserialize, Serialize};

/// Whom to add.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AddMemberBody)]
pub(crate) struct AddBody {
    #[schema(value_type = String, format = Uuid)]
    user_id: UserId,
    /// `member` unless said otherwise; only the owner names admins.
    #[serde(default)]
    role: MemberRole,
}

/// Who is a member now.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MemberChange)]
pub(crate) struct Change {
    #[schema(value_type = String, format = Uuid)]
    user_id: UserId,
    role: MemberRole,
    /// Where the change stands in the conversation.
    offset: u64,
}

/// Add somebody to a group, or change a member's role; for its admins and owner
#[utoipa::path(post, path = "/conversations/{id}/members", tag = "conversations", request_body = AddBody,
    params(("id" = uuid::Uuid, Path, description = "The conversation"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe for 24 h")),
    responses((status = 200, description = "A member now", body = Change)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConversationId>,
    key: IdempotencyKey,
    body: Body<AddBody>,
) -> Answer {
    let (by, id) = (caller.user(), id.0);
    let operation = format!("POST conversations/{id}/members");
    let request = key.0.map(|key| Request::new(by.0.as_bytes(), &key, &operation, &body.raw));
    let AddBody { user_id, role } = body.value;
    let idempotency = state.idempotency.clone();
    let act = async move {
        let offset = state.conversations.add_member(by, id, user_id, role.into()).await?;
        Reply::json(StatusCode::OK, &Change { user_id, role, offset })
    };
    once(&idempotency, request, act).await
}
