use crate::state::RestState;
use actix_web::http::StatusCode;
use actix_web::web;
use plenum_http::{Answer, Body, Caller, IdempotencyKey, Problem, Reply, once};
use plenum_schema::wire::Sent;
use plenum_schema::{Content, ConversationId, MessageId, Refusal, RefusalCode, Topic, UserId};
use plenum_services::idempotency::Request;
use serde::{Deserialize, Serialize};

/// A message to send. Its text stands in `text` or in `content.text`; where it goes in `conversationId` (or `roomId`), or, to a
/// person, in `recipientId`.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SendMessageBody)]
pub(crate) struct SendBody {
    #[serde(alias = "conversation", alias = "roomId")]
    #[schema(value_type = Option<String>, format = Uuid)]
    conversation_id: Option<ConversationId>,
    /// The other person: into the direct conversation, which is made when there is none.
    #[schema(value_type = Option<String>, format = Uuid)]
    recipient_id: Option<UserId>,
    text: Option<String>,
    content: Option<ContentBody>,
    /// Makes a repetition safe for ever: it is answered with the first offset. 1 to 64 bytes.
    client_ref: Option<String>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = Content)]
pub(crate) struct ContentBody {
    /// At most 16 KiB of UTF-8.
    pub text: String,
}

/// The message is on disk.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SentMessage)]
pub(crate) struct SentAnswer {
    #[schema(value_type = String)]
    topic: Topic,
    /// Its place: the first one, when this was a repetition.
    offset: u64,
    #[schema(value_type = String, format = Uuid)]
    message: MessageId,
    /// Whether this `clientRef` had been sent before.
    duplicate: bool,
}

/// Send a message; the same way and the same acknowledgement as on a socket
#[utoipa::path(post, path = "/chat/message", tag = "conversations", request_body = SendBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe; stands for an absent clientRef")),
    responses((status = 201, description = "On disk", body = SentAnswer),
        (status = 200, description = "It had been sent before", body = SentAnswer)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, key: IdempotencyKey, body: Body<SendBody>) -> Answer {
    let author = caller.user();
    let request = key.0.map(|key| Request::new(author.0.as_bytes(), &key, "POST chat/message", &body.raw));
    let SendBody { conversation_id, recipient_id, text, content, client_ref } = body.value;
    let to = addressee(conversation_id, recipient_id)?;
    let text = content.map(|content| content.text).or(text);
    let text = text.ok_or_else(|| Refusal::field(RefusalCode::Invalid, "text", "text is required"))?;
    let client_ref = client_ref.or_else(|| request.map(|request| request.client_ref()));
    let idempotency = state.idempotency.clone();
    let act = async move {
        let content = Content::text(text);
        let sent = match to {
            To::Conversation(id) => state.conversations.send(author, id, client_ref, content).await?,
            To::Person(person) => state.conversations.send_direct(author, person, client_ref, content).await?,
        };
        let Sent { topic, offset, message, duplicate } = sent;
        let status = if duplicate { StatusCode::OK } else { StatusCode::CREATED };
        Reply::json(status, &SentAnswer { topic, offset, message, duplicate })
    };
    once(&idempotency, request, act).await
}

enum To {
    Conversation(ConversationId),
    Person(UserId),
}

fn addressee(conversation: Option<ConversationId>, person: Option<UserId>) -> Answer<To> {
    let wrong = |text: &str| Problem::from(Refusal::field(RefusalCode::Invalid, "conversationId", text));
    match (conversation, person) {
        (Some(id), None) => Ok(To::Conversation(id)),
        (None, Some(person)) => Ok(To::Person(person)),
        (Some(_), Some(_)) => Err(wrong("conversationId and recipientId exclude each other")),
        (None, None) => Err(wrong("conversationId or recipientId is required")),
    }
}
