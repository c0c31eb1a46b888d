//! What a client says.

use super::conference::{
    AskQuestion, ConferenceQuestion, ModerateQuestion, ReactLive, ReplyTo, ShowResults, Upvote, Vote, Withdraw,
};
use crate::content::Content;
use crate::id::UserId;
use crate::log::Offset;
use crate::topic::Topic;
use serde::{Deserialize, Serialize};

/// A frame from the client: a command and the number its answer will carry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientFrame {
    /// Chosen by the client, echoed in the one `ack` or `refusal` that answers. Reuse is the client's own affair.
    pub id: u32,
    /// What to do.
    pub command: Command,
}

/// Every command of the protocol.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Command {
    /// Say who you are. First; and again, with a newer token of the same session, to stay beyond the expiry.
    Identify(Identify),
    /// Receive a topic's events, from a position on or from now.
    Subscribe(Subscribe),
    /// Stop receiving a topic.
    Unsubscribe(Unsubscribe),
    /// Write a message.
    Send(Send),
    /// Write a message to a person: into the direct conversation, which is made when there is none.
    SendDirect(SendDirect),
    /// Give an own message another text.
    Edit(Edit),
    /// Delete a message.
    Delete(Delete),
    /// React to a message.
    React(React),
    /// Take a reaction back.
    Unreact(Unreact),
    /// Read a page of past events.
    History(History),
    /// Say that you are typing, or stopped.
    Typing(Typing),
    /// Say how far you have received and read.
    Mark(Mark),
    /// Answer a question of a conference.
    Vote(Vote),
    /// Take a ballot back.
    Withdraw(Withdraw),
    /// Let the audience answer a question (hosts).
    PushQuestion(ConferenceQuestion),
    /// Close a question (hosts).
    CloseQuestion(ConferenceQuestion),
    /// Show a question's results to everybody, or hide them (hosts).
    ShowResults(ShowResults),
    /// Ask the speakers of a conference something.
    Ask(AskQuestion),
    /// Want a question of the audience answered.
    Upvote(Upvote),
    /// Reply to a question of the audience.
    Reply(ReplyTo),
    /// Approve, answer, label, pin or dismiss a question of the audience (moderators).
    Moderate(ModerateQuestion),
    /// Clap, or react otherwise to what happens in a conference.
    ReactLive(ReactLive),
    /// Ask for an answer, to measure the way there and back.
    Ping(Ping),
}

/// Say who you are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Identify {
    /// An access token.
    pub token: String,
    /// What program this is, for the operator's statistics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientInfo>,
}

impl std::fmt::Debug for Identify {
    // The token is a secret: a logged command must not carry it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identify").field("token", &"…").field("client", &self.client).finish()
    }
}

/// What program the client is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientInfo {
    /// Name, at most 64 bytes.
    pub name: String,
    /// Version, at most 64 bytes.
    pub version: String,
}

/// Receive a topic's events.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subscribe {
    /// Which topic.
    pub topic: Topic,
    /// The last offset the client has: everything after it comes, once and in order. Absent: only what happens from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Offset>,
}

/// Stop receiving a topic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Unsubscribe {
    /// Which topic.
    pub topic: Topic,
}

/// Write a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Send {
    /// A conversation's topic.
    pub topic: Topic,
    /// The sender's own reference, 1 to 64 bytes. A repetition, whenever it comes, is answered with the first offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ref: Option<String>,
    /// What it says.
    pub content: Content,
}

/// Write a message to a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendDirect {
    /// To whom.
    pub to: UserId,
    /// As in [`Send`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ref: Option<String>,
    /// What it says.
    pub content: Content,
}

/// Give an own message another text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Edit {
    /// A conversation's topic.
    pub topic: Topic,
    /// The message's offset.
    pub target: Offset,
    /// Makes a repetition recognisable, as in [`Send`]; different from the refs of messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ref: Option<String>,
    /// What it says from now on.
    pub content: Content,
}

/// Delete a message. Deleting again changes nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delete {
    /// A conversation's topic.
    pub topic: Topic,
    /// The message's offset.
    pub target: Offset,
}

/// React to a message. Reacting again with the same changes nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct React {
    /// A conversation's topic.
    pub topic: Topic,
    /// The message's offset.
    pub target: Offset,
    /// With what: 1 to 64 bytes without white space and control characters.
    pub emoji: String,
}

/// Take a reaction back. Without one it changes nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Unreact {
    /// A conversation's topic.
    pub topic: Topic,
    /// The message's offset.
    pub target: Offset,
    /// Which.
    pub emoji: String,
}

/// Read a page of past events. `before` and `after` exclude each other; neither means the newest page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct History {
    /// Which topic.
    pub topic: Topic,
    /// The newest events below this offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Offset>,
    /// The oldest events above this offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Offset>,
    /// At most this many events (1 to `limits.pageEvents`, default 50).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Say that you are typing, or stopped. Repeat every few seconds; it lapses by itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Typing {
    /// Which topic.
    pub topic: Topic,
    /// Typing now, or stopped.
    pub active: bool,
}

/// Say how far you have received and read. Positions only grow; a lower one changes nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mark {
    /// Which topic.
    pub topic: Topic,
    /// Everything up to here has reached a device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Offset>,
    /// Everything up to here has been read (implies delivered).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Offset>,
}

/// Ask for an answer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ping {}
