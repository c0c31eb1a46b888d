use super::changes::{ChangedAnswer, change};
use super::send::ContentBody;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Caller, Id, IdempotencyKey, OffsetInPath};
use plenum_schema::{Content, ConversationId, Refusal, RefusalCode};
use plenum_services::conversations::Change;
use plenum_services::idempotency::Request;
use serde::Deserialize;

/// The new text, in `text` or in `content.text`.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EditMessageBody)]
pub(crate) struct EditBody {
    text: Option<String>,
    content: Option<ContentBody>,
    /// Makes a repetition recognisable for ever. 1 to 64 bytes.
    client_ref: Option<String>,
}

/// Give an own message another text
#[utoipa::path(put, path = "/conversations/{id}/messages/{offset}", tag = "conversations", request_body = EditBody,
    params(("id" = uuid::Uuid, Path, description = "The conversation"),
        ("offset" = u64, Path, description = "The message's offset"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe; stands for an absent clientRef")),
    responses((status = 200, description = "On disk", body = ChangedAnswer)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConversationId>,
    target: OffsetInPath,
    key: IdempotencyKey,
    body: Body<EditBody>,
) -> Answer {
    let operation = format!("PUT conversations/{}/messages/{}", id.0, target.0);
    let request = key.0.map(|key| Request::new(caller.user().0.as_bytes(), &key, &operation, &body.raw));
    let EditBody { text, content, client_ref } = body.value;
    let text = content.map(|content| content.text).or(text);
    let text = text.ok_or_else(|| Refusal::field(RefusalCode::Invalid, "text", "text is required"))?;
    let client_ref = client_ref.or_else(|| request.map(|request| request.client_ref()));
    let edit = Change::Edit { content: Content::text(text) };
    Ok(HttpResponse::Ok().json(change(&state, &caller, (id.0, target.0), client_ref, edit).await?))
}
