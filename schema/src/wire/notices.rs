//! Signals that are not of a conversation's topic: who is there, and what a person's own devices hear.

use crate::conversation::LastMessage;
use crate::id::UserId;
use crate::topic::Topic;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// On `presence:<id>`: whether somebody is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PresenceSignal {
    /// Who.
    pub user: UserId,
    /// Whether one of their devices is connected, or was within the grace.
    pub online: bool,
    /// Online: since when without an interruption longer than the grace, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// Offline: when the last device left, milliseconds since 1970. Absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<i64>,
}

/// On `user:<id>`: a conversation of yours is no longer what your list says. Its log has the details.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConversationUpdated {
    /// Its topic.
    pub conversation: Topic,
    /// What changed.
    pub change: ConversationChange,
}

/// What changed about a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConversationChange {
    /// Its title.
    Title,
    /// Who is in it, or with which role.
    Members,
    /// You are in it no longer.
    Removed,
}

/// On `user:<id>`: how much of a conversation you have not read. A hint: the list has the number too.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnreadSignal {
    /// Its topic.
    pub conversation: Topic,
    /// Messages you have not read.
    pub unread: u64,
    /// Who is in it, at most ten; empty when only the number has changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<UserId>,
    /// Its last message, shortened; absent when only the number has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Box<LastMessage>>,
}

/// On `user:<id>`: something that is worth telling, from whichever part of the server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Notification {
    /// What it is about, for programs: letters, digits and `.`, 1 to 64 bytes. Pass over kinds that you do not know.
    pub kind: String,
    /// One line for people, at most 256 bytes.
    pub title: String,
    /// More for people, at most 4,096 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What programs need: at most 16 texts, together at most 4,096 bytes. What is in it depends on the kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
}
