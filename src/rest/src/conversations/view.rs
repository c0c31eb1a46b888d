//! Conversations as REST shows them.

use crate::moment::{rfc3339, rfc3339_option};
use crate::people::{People, Person};
use crate::state::RestState;
use plenum_http::Answer;
use plenum_schema::conversation::{ConversationKind, LastMessage, Role};
use plenum_schema::{ConversationId, MessageId, Topic, UserId};
use plenum_services::conversations::Overview;
use serde::{Deserialize, Serialize};

/// Direct or group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationKind)]
pub(crate) enum Kind {
    /// Two people.
    Direct,
    /// Any number.
    Group,
    /// A room; made by `POST /rooms`.
    Room,
}

impl From<ConversationKind> for Kind {
    fn from(kind: ConversationKind) -> Self {
        match kind {
            ConversationKind::Direct => Self::Direct,
            ConversationKind::Group => Self::Group,
            ConversationKind::Room => Self::Room,
        }
    }
}

/// What a member may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MemberRole)]
pub(crate) enum MemberRole {
    /// Reads and writes.
    #[default]
    Member,
    /// Adds and removes members, changes the title.
    Admin,
    /// As admin; cannot be removed.
    Owner,
}

impl From<Role> for MemberRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Admin => Self::Admin,
            Role::Owner => Self::Owner,
        }
    }
}

impl From<MemberRole> for Role {
    fn from(role: MemberRole) -> Self {
        match role {
            MemberRole::Member => Self::Member,
            MemberRole::Admin => Self::Admin,
            MemberRole::Owner => Self::Owner,
        }
    }
}

/// The last message, shortened.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LastMessage)]
pub(crate) struct LastMessageView {
    /// Its place in the conversation.
    offset: u64,
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    id: MessageId,
    /// Who wrote it.
    #[schema(value_type = String, format = Uuid)]
    author: UserId,
    /// When.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: i64,
    /// The beginning of its text; empty when it was deleted.
    text: String,
    /// Whether it was deleted.
    deleted: bool,
}

impl From<LastMessage> for LastMessageView {
    fn from(last: LastMessage) -> Self {
        Self {
            offset: last.offset,
            id: last.id,
            author: last.author,
            at: last.at,
            text: last.text,
            deleted: last.deleted,
        }
    }
}

/// A conversation as its member sees it.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Conversation)]
pub(crate) struct ConversationView {
    #[schema(value_type = String, format = Uuid)]
    id: ConversationId,
    /// What to subscribe to on a socket.
    #[schema(value_type = String)]
    topic: Topic,
    kind: Kind,
    /// Only groups have one.
    title: Option<String>,
    /// Ten members at most.
    participants: Vec<Person>,
    /// How many there are.
    participant_count: u64,
    last_message: Option<LastMessageView>,
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_message_at: Option<i64>,
    /// Messages of others that the caller has not seen.
    unread_count: u64,
    /// How far the caller has read, by saying so.
    read_position: u64,
    /// How far the conversation has reached the caller's devices.
    delivered_position: u64,
    /// The newest offset.
    head: u64,
    /// The caller does not want to be notified.
    is_muted: bool,
    /// It stands in the caller's archive.
    is_archived: bool,
}

/// Overviews with the names of their members.
pub(crate) async fn views(state: &RestState, overviews: Vec<Overview>) -> Answer<Vec<ConversationView>> {
    let people = People::read(state, overviews.iter().flat_map(|one| one.members.iter().copied())).await?;
    Ok(overviews.into_iter().map(|overview| view(overview, &people)).collect())
}

/// One conversation as the caller sees it.
pub(crate) async fn one(state: &RestState, caller: UserId, id: ConversationId) -> Answer<ConversationView> {
    let overview = state.conversations.get(caller, id).await?;
    let people = People::read(state, overview.members.iter().copied()).await?;
    Ok(view(overview, &people))
}

fn view(overview: Overview, people: &People) -> ConversationView {
    ConversationView {
        id: overview.id,
        topic: Topic::Conversation(overview.id),
        kind: overview.kind.into(),
        title: overview.title,
        participants: overview.members.iter().map(|id| people.person(*id)).collect(),
        participant_count: overview.member_count,
        last_message_at: overview.last.as_ref().map(|last| last.at),
        last_message: overview.last.map(LastMessageView::from),
        unread_count: overview.unread,
        read_position: overview.read,
        delivered_position: overview.delivered,
        head: overview.head,
        is_muted: overview.settings.is_muted,
        is_archived: overview.settings.is_archived,
    }
}
