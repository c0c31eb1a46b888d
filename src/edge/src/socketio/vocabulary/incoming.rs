//! What clients say.

pub use super::argument::Argument;
use super::conference;
use super::names::spoken;
use plenum_actors::publication::Vocabulary;
use plenum_schema::log::MAX_OFFSET;
use plenum_schema::wire::{
    Command, Delete, Edit, Mark, React, Send, SendDirect, Subscribe, Typing, Unreact, Unsubscribe,
};
use plenum_schema::{
    Attachment, ConferenceId, Content, ContentKind, ConversationId, MessageId, Offset, Refusal, RefusalCode, Topic,
    UserId,
};
use serde::Deserialize;

/// What an event asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// A command of the native protocol.
    Native(Command),
    /// A change of a message that is known by its id, and perhaps by its conversation: where it stands is to be found out first.
    Change(MessageId, Option<Topic>, Change),
    /// A conference that is known by its code alone: which one it is is to be found out first; then everything after an offset.
    Join(String, Offset),
    /// The arguments back, for testing a connection.
    Echo,
}

/// What is to become of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Another text.
    Edit(Content),
    /// Nothing.
    Delete,
    /// A reaction more.
    React(String),
    /// A reaction less.
    Unreact(String),
    /// It and everything before it has been read.
    Read,
}

impl Change {
    /// As a command about the message at a place.
    #[must_use]
    pub fn at(self, topic: Topic, target: Offset) -> Command {
        match self {
            Self::Edit(content) => Command::Edit(Edit { topic, target, client_ref: None, content }),
            Self::Delete => Command::Delete(Delete { topic, target }),
            Self::React(emoji) => Command::React(React { topic, target, emoji }),
            Self::Unreact(emoji) => Command::Unreact(Unreact { topic, target, emoji }),
            Self::Read => Command::Mark(Mark { topic, delivered: None, read: Some(target) }),
        }
    }
}

/// The events by which a command is given. Without a wildcard: a command that is added needs words, or a reason to have none.
#[must_use]
pub fn words(command: &Command) -> &'static [&'static str] {
    match command {
        // CONNECT does both; Engine.IO has its own heart-beats; history is REST's.
        Command::Identify(_) | Command::Ping(_) | Command::History(_) => &[],
        Command::Subscribe(_) => &["join-conversation", "join_room", "join_conference"],
        Command::Unsubscribe(_) => &["leave-conversation", "leave_room", "leave_conference"],
        Command::Send(_) => &["send-message", "send_message"],
        Command::SendDirect(_) => &["send-message", "send_direct_message"],
        Command::Edit(_) => &["edit_message"],
        Command::Delete(_) => &["delete_message"],
        Command::React(_) => &["add_reaction"],
        Command::Unreact(_) => &["remove_reaction"],
        Command::Typing(_) => &["typing", "stop-typing"],
        Command::Mark(_) => &["mark-as-read"],
        Command::Vote(_) => &["submit_answer"],
        Command::Withdraw(_) => &["withdraw_answer"],
        Command::PushQuestion(_) => &["push_question"],
        Command::CloseQuestion(_) => &["close_question"],
        Command::ShowResults(_) => &["show_results"],
        Command::Ask(_) => &["ask_question"],
        Command::Upvote(_) => &["upvote_question"],
        Command::Reply(_) => &["reply_question"],
        Command::Moderate(_) => &["moderate_question"],
        Command::ReactLive(_) => &["react"],
    }
}

/// An event understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heard {
    /// What it asks for.
    pub request: Request,
    /// Which vocabulary it shows, if it shows one.
    pub vocabulary: Option<Vocabulary>,
    /// The member by which the client named what has several names: what is wrong with it is told by that name.
    pub by: Option<&'static str>,
}

/// Where something happens: a conversation under either of its names, or the bare id.
fn place(argument: Argument<'_>) -> Result<Place, Refusal> {
    match argument.read::<Place>() {
        Ok(place) => Ok(place),
        // Some front ends pass the id itself.
        Err(refusal) => match argument.read::<ConversationId>() {
            Ok(id) => Ok(Place { conversation_id: Some(id), is_bare: true, ..Place::default() }),
            Err(_) => Err(argument.neither(refusal, "an id")),
        },
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Place {
    conversation_id: Option<ConversationId>,
    room_id: Option<ConversationId>,
    since: Option<Offset>,
    up_to: Option<UpTo>,
    message_id: Option<MessageId>,
    /// Of study rooms: `false` is the end of it.
    is_typing: Option<bool>,
    /// It was the bare id.
    #[serde(skip)]
    is_bare: bool,
}

/// A message by its place or by its id.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum UpTo {
    Offset(Offset),
    Message(MessageId),
}

impl Place {
    fn name(&self) -> &'static str {
        if self.conversation_id.is_some() { "conversationId" } else { "roomId" }
    }

    fn topic(&self, field: &str) -> Result<Topic, Refusal> {
        if let (Some(one), Some(other)) = (self.conversation_id, self.room_id)
            && one != other
        {
            return Err(two_places());
        }
        self.conversation_id.or(self.room_id).map(Topic::Conversation).ok_or_else(|| required(field))
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Message {
    conversation_id: Option<ConversationId>,
    room_id: Option<ConversationId>,
    recipient_id: Option<UserId>,
    user_id: Option<UserId>,
    content: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    message_type: Option<String>,
    client_ref: Option<String>,
    attachments: Option<Vec<Attached>>,
}

/// Something attached: its address, or a description of it. Front ends describe more than is kept.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Attached {
    Url(String),
    #[serde(rename_all = "camelCase")]
    Described {
        url: String,
        name: Option<String>,
        #[serde(alias = "type")]
        mime_type: Option<String>,
        size: Option<u64>,
    },
}

impl From<Attached> for Attachment {
    fn from(attached: Attached) -> Self {
        match attached {
            Attached::Url(url) => Self { url, name: None, mime_type: None, size: None },
            Attached::Described { url, name, mime_type, size } => Self { url, name, mime_type, size },
        }
    }
}

/// Which message, and what of it. Front ends that know its place may say it; the others know its id.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Changed {
    message_id: Option<MessageId>,
    conversation_id: Option<ConversationId>,
    room_id: Option<ConversationId>,
    offset: Option<Offset>,
    content: Option<String>,
    emoji: Option<String>,
}

impl Changed {
    fn to(self, change: impl FnOnce(&mut Self) -> Result<Change, Refusal>) -> Result<Named, Refusal> {
        let mut this = self;
        let (place, offset, message) = (this.conversation_id.or(this.room_id), this.offset, this.message_id);
        // Which message comes first: whoever names none has more to learn from that.
        if message.is_none() && (place.is_none() || offset.is_none()) {
            return Err(required("messageId"));
        }
        let change = change(&mut this)?;
        match (place, offset, message) {
            // The id decides, whatever place is named beside it: another message must not be hit.
            (id, _, Some(message)) => Ok((Request::Change(message, id.map(Topic::Conversation), change), None)),
            (Some(id), Some(offset), None) => {
                Ok((Request::Native(change.at(Topic::Conversation(id), offset)), Some("offset")))
            }
            (_, _, None) => Err(required("messageId")),
        }
    }

    fn text(&mut self) -> Result<Change, Refusal> {
        self.content.take().map(|text| Change::Edit(Content::text(text))).ok_or_else(|| required("content"))
    }

    fn emoji(&mut self) -> Result<String, Refusal> {
        self.emoji.take().ok_or_else(|| required("emoji"))
    }
}

impl Message {
    fn expect_one_place(&self) -> Result<(), Refusal> {
        match (self.conversation_id, self.room_id) {
            (Some(one), Some(other)) if one != other => Err(two_places()),
            _ => Ok(()),
        }
    }

    fn content(&self) -> Result<Content, Refusal> {
        let (field, kind) = match (&self.kind, &self.message_type) {
            (Some(kind), _) => ("type", Some(kind)),
            (None, kind) => ("messageType", kind.as_ref()),
        };
        let kind = match kind.map(String::as_str) {
            None | Some("text") => ContentKind::Text,
            Some("image") => ContentKind::Image,
            Some("file") => ContentKind::File,
            Some("audio") => ContentKind::Audio,
            Some(_) => return Err(Refusal::field(RefusalCode::Invalid, field, "it is text, image, file or audio")),
        };
        let attachments: Vec<Attachment> =
            self.attachments.iter().flatten().map(|attached| attached.clone().into()).collect();
        let text = match &self.content {
            Some(text) => text.clone(),
            None if attachments.is_empty() => return Err(required("content")),
            None => String::new(),
        };
        Ok(Content { kind, text, attachments })
    }

    fn to_conversation(&self, id: ConversationId) -> Result<Request, Refusal> {
        let (topic, client_ref) = (Topic::Conversation(id), self.client_ref.clone());
        Ok(Request::Native(Command::Send(Send { topic, client_ref, content: self.content()? })))
    }

    fn to_person(&self, to: UserId) -> Result<Request, Refusal> {
        let client_ref = self.client_ref.clone();
        Ok(Request::Native(Command::SendDirect(SendDirect { to, client_ref, content: self.content()? })))
    }
}

fn required(field: &str) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, format!("{field} is required"))
}

/// Reads an event by its name and first argument; `here` tells the conference that the client is in, for events that name none.
///
/// # Errors
/// `notFound` for an event that does not exist, `malformed` and `invalid` (naming the member) for arguments that are wrong.
pub fn read(name: &str, argument: Argument<'_>, here: &dyn Fn() -> Option<ConferenceId>) -> Result<Heard, Refusal> {
    let (request, by) = match name {
        "join-conversation" => placed(argument, "conversationId", join)?,
        "join_room" => placed(argument, "roomId", join)?,
        "leave-conversation" => placed(argument, "conversationId", leave)?,
        "leave_room" => placed(argument, "roomId", leave)?,
        "typing" => {
            let place = place(argument)?;
            return typing(&place, place.is_typing.unwrap_or(true));
        }
        "stop-typing" => return typing(&place(argument)?, false),
        "mark-as-read" => mark(&place(argument)?)?,
        "send-message" => send(&argument.read()?)?,
        "send_message" => send_to_room(&argument.read()?)?,
        "send_direct_message" => send_direct(&argument.read()?)?,
        "echo" => (Request::Echo, None),
        "edit_message" => changed(argument)?.to(Changed::text)?,
        "delete_message" => changed(argument)?.to(|_| Ok(Change::Delete))?,
        "add_reaction" => changed(argument)?.to(|this| this.emoji().map(Change::React))?,
        "remove_reaction" => changed(argument)?.to(|this| this.emoji().map(Change::Unreact))?,
        "join_conference" | "leave_conference" | "submit_answer" | "withdraw_answer" | "push_question"
        | "close_question" | "show_results" | "ask_question" | "upvote_question" | "reply_question"
        | "moderate_question" | "react" => return conference::read(name, argument, here),
        _ => return Err(conference::unknown()),
    };
    Ok(Heard { request, vocabulary: spoken(name), by })
}

/// A request, and the member by which the client named what has several names.
type Named = (Request, Option<&'static str>);

/// A request about a place; `field` is what is missing where none is named.
fn placed(
    argument: Argument<'_>,
    field: &'static str,
    request: fn(&Place, &str) -> Result<Request, Refusal>,
) -> Result<Named, Refusal> {
    let place = place(argument)?;
    let by = if place.is_bare { field } else { place.name() };
    Ok((request(&place, field)?, Some(by)))
}

/// A message and what of it, or the bare id of the message.
fn changed(argument: Argument<'_>) -> Result<Changed, Refusal> {
    argument.read::<Changed>().or_else(|refusal| match argument.read::<MessageId>() {
        Ok(id) => Ok(Changed { message_id: Some(id), ..Changed::default() }),
        Err(_) => Err(argument.neither(refusal, "an id")),
    })
}

fn join(place: &Place, field: &str) -> Result<Request, Refusal> {
    Ok(Request::Native(Command::Subscribe(Subscribe { topic: place.topic(field)?, since: place.since })))
}

fn leave(place: &Place, field: &str) -> Result<Request, Refusal> {
    Ok(Request::Native(Command::Unsubscribe(Unsubscribe { topic: place.topic(field)? })))
}

/// Spelt alike in both vocabularies; the name of the place tells them apart.
fn typing(place: &Place, active: bool) -> Result<Heard, Refusal> {
    let topic = place.topic("conversationId")?;
    let vocabulary = match place {
        Place { conversation_id: Some(_), .. } => Vocabulary::Hyphen,
        Place { conversation_id: None, .. } => Vocabulary::Underscore,
    };
    let request = Request::Native(Command::Typing(Typing { topic, active }));
    Ok(Heard { request, vocabulary: Some(vocabulary), by: Some(place.name()) })
}

/// Without `upTo`: everything. A position beyond the head is taken as the head.
fn mark(place: &Place) -> Result<Named, Refusal> {
    let by = if place.up_to.is_some() { "upTo" } else { "messageId" };
    let read = match place.up_to.or(place.message_id.map(UpTo::Message)) {
        Some(UpTo::Message(message)) => {
            let place = place.conversation_id.or(place.room_id).map(Topic::Conversation);
            return Ok((Request::Change(message, place, Change::Read), Some(by)));
        }
        Some(UpTo::Offset(offset)) => Some(offset),
        None => Some(MAX_OFFSET),
    };
    let topic = place.topic("conversationId")?;
    Ok((Request::Native(Command::Mark(Mark { topic, delivered: None, read })), None))
}

/// Both names of a place, and not the same one.
fn two_places() -> Refusal {
    Refusal::field(RefusalCode::Invalid, "roomId", "conversationId and roomId name two places")
}

fn send(message: &Message) -> Result<Named, Refusal> {
    message.expect_one_place()?;
    let person = if message.recipient_id.is_some() { "recipientId" } else { "userId" };
    match (message.conversation_id.or(message.room_id), message.recipient_id.or(message.user_id)) {
        (Some(_), Some(_)) => {
            let text = format!("conversationId and {person} exclude each other");
            Err(Refusal::field(RefusalCode::Invalid, person, text))
        }
        (Some(id), None) => {
            let by = if message.conversation_id.is_some() { "conversationId" } else { "roomId" };
            Ok((message.to_conversation(id)?, Some(by)))
        }
        (None, Some(to)) => Ok((message.to_person(to)?, Some(person))),
        (None, None) => Err(required("conversationId")),
    }
}

fn send_to_room(message: &Message) -> Result<Named, Refusal> {
    message.expect_one_place()?;
    let id = message.room_id.or(message.conversation_id).ok_or_else(|| required("roomId"))?;
    let by = if message.room_id.is_some() { "roomId" } else { "conversationId" };
    Ok((message.to_conversation(id)?, Some(by)))
}

fn send_direct(message: &Message) -> Result<Named, Refusal> {
    let to = message.user_id.or(message.recipient_id).ok_or_else(|| required("userId"))?;
    let by = if message.user_id.is_some() { "userId" } else { "recipientId" };
    Ok((message.to_person(to)?, Some(by)))
}

#[cfg(test)]
mod tests;
