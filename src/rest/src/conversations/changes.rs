//! What the answers to changes of messages have in common.

use plenum_http::{Answer, Caller, Problem};
use plenum_schema::wire::Changed;
use plenum_schema::{ConversationId, Offset, Refusal, RefusalCode, Topic};
use plenum_services::conversations::Change;
use serde::{Deserialize, Serialize};

use crate::state::RestState;

/// The change is on disk.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChangedMessage)]
pub(crate) struct ChangedAnswer {
    #[schema(value_type = String)]
    topic: Topic,
    /// The message's offset.
    target: Offset,
    /// Where the change stands; when there was nothing to change, the message's newest change or the message itself.
    offset: Offset,
    /// Whether it had been done before, or was so already.
    duplicate: bool,
}

/// A reaction, in the body or as a query parameter.
#[derive(Deserialize, Default, utoipa::ToSchema, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[schema(as = ReactionBody)]
pub(crate) struct Reaction {
    /// 1 to 64 bytes without white space.
    pub emoji: Option<String>,
}

impl Reaction {
    pub fn required(self) -> Answer<String> {
        let missing = || Refusal::field(RefusalCode::Invalid, "emoji", "emoji is required");
        self.emoji.ok_or_else(|| Problem::from(missing()))
    }
}

/// Carries the change out.
pub(crate) async fn change(
    state: &RestState,
    caller: &Caller,
    (id, target): (ConversationId, Offset),
    client_ref: Option<String>,
    change: Change,
) -> Answer<ChangedAnswer> {
    let changed = state.conversations.change_message(caller.user(), id, target, client_ref, change).await?;
    let Changed { topic, target, offset, duplicate } = changed;
    Ok(ChangedAnswer { topic, target, offset, duplicate })
}
