//! The rules of a conversation.

use super::command::{Access, Answer, Command, ConversationLimits, Member};
use super::{Conversation, Seat, room};
use plenum_schema::content::{ATTACHMENT_NAME_BYTES, ATTACHMENT_URL_BYTES, Attachment, MAX_ATTACHMENTS};
use plenum_schema::conversation::{
    BlockChanged, ConversationEvent, ConversationKind, ConversationNow, Created, DIGEST_MEMBERS, MemberAdded,
    MemberRemoved, Message, Role, TitleChanged,
};
use plenum_schema::wire::Sent;
use plenum_schema::{Content, ContentKind, ConversationId, EntryId, Refusal, RefusalCode, UserId};
use std::collections::BTreeSet;
use std::ops::Bound;

/// Longest client ref, bytes.
const CLIENT_REF_BYTES: usize = 64;
/// Most members named in one `Created`, which must fit into one log entry. More are added one by one.
const CREATED_MEMBERS: usize = 1_000;
/// Most members one `Members` answers.
const MEMBERS_PAGE: usize = 1_000;

pub(super) type Decided = Result<(Vec<ConversationEvent>, Answer), Refusal>;

pub(super) fn decide(state: &Conversation, limits: &ConversationLimits, command: &Command, entry: EntryId) -> Decided {
    match command {
        Command::Create { kind, title, by, members } => create(state, limits, *kind, title.as_deref(), *by, members),
        Command::Send { author, client_ref, content } => {
            send(state, limits, *author, client_ref.as_deref(), content, entry)
        }
        Command::Change { by, client_ref, change, target } => {
            super::change::change(state, limits, *by, client_ref.as_deref(), change, target)
        }
        Command::CreateRoom { by, title, info } => room::create(state, limits, *by, title, info),
        Command::ChangeRoom { by, title, info, expected } => room::change(state, limits, *by, title, info, *expected),
        Command::CloseRoom { by } => room::close(state, *by),
        Command::SetBlocked { by, blocked } => set_blocked(state, *by, *blocked),
        Command::Join { user } => room::join(state, *user),
        Command::Room { user } => room::view(state, *user),
        Command::AddMember { by, user, role } => add(state, limits, *by, *user, *role),
        Command::RemoveMember { by, user } => remove(state, *by, *user),
        Command::SetTitle { by, title } => set_title(state, limits, *by, title),
        Command::Access { user, .. } => access(state, *user),
        Command::Digest => Ok((Vec::new(), Answer::Digest(Box::new(state.digest.clone())))),
        Command::Members { user, after, limit } => members(state, *user, *after, *limit),
    }
}

/// The caller's seat, or `notFound`: a stranger must not learn whether the conversation exists.
pub(super) fn seat_of(state: &Conversation, user: UserId) -> Result<&Seat, Refusal> {
    state.members.get(&user).ok_or_else(|| Refusal::new(RefusalCode::NotFound, "there is no such conversation"))
}

fn create(
    state: &Conversation,
    limits: &ConversationLimits,
    kind: ConversationKind,
    title: Option<&str>,
    by: UserId,
    members: &[UserId],
) -> Decided {
    if let Some(present) = state.kind() {
        seat_of(state, by)?;
        if present != kind {
            return Err(Refusal::field(RefusalCode::Conflict, "kind", "the conversation exists with another kind"));
        }
        return Ok((Vec::new(), Answer::Created { existing: true, members: state.digest.members.clone() }));
    }
    let all: BTreeSet<UserId> = members.iter().copied().chain([by]).collect();
    match kind {
        ConversationKind::Direct => check_direct(state.id, title, by, &all)?,
        ConversationKind::Group => check_group(limits, title, all.len())?,
        ConversationKind::Room => return Err(Refusal::field(RefusalCode::Invalid, "kind", "a room is made as a room")),
    }
    let members: Vec<UserId> = all.into_iter().collect();
    let shown = members.iter().copied().take(plenum_schema::conversation::DIGEST_MEMBERS).collect();
    let created = Created { kind, title: title.map(str::to_owned), by, members, room: None };
    Ok((vec![ConversationEvent::Created(created)], Answer::Created { existing: false, members: shown }))
}

fn check_direct(id: ConversationId, title: Option<&str>, by: UserId, all: &BTreeSet<UserId>) -> Result<(), Refusal> {
    if title.is_some() {
        return Err(Refusal::field(RefusalCode::Invalid, "title", "a direct conversation has no title"));
    }
    let other = all.iter().copied().find(|user| *user != by).unwrap_or(by);
    if all.len() > 2 || id != ConversationId::direct(by, other) {
        return Err(Refusal::field(
            RefusalCode::Invalid,
            "members",
            "a direct conversation is between exactly its pair",
        ));
    }
    Ok(())
}

fn check_group(limits: &ConversationLimits, title: Option<&str>, members: usize) -> Result<(), Refusal> {
    if let Some(title) = title {
        check_title(limits, title)?;
    }
    let most = limits.group_members.min(CREATED_MEMBERS);
    if members > most {
        let text = format!("a group starts with at most {most} members");
        return Err(Refusal::field(RefusalCode::LimitReached, "members", text));
    }
    Ok(())
}

pub(super) fn check_title(limits: &ConversationLimits, title: &str) -> Result<(), Refusal> {
    if title.trim().is_empty() {
        return Err(Refusal::field(RefusalCode::Invalid, "title", "a title must not be empty"));
    }
    if title.chars().any(char::is_control) {
        return Err(Refusal::field(RefusalCode::Invalid, "title", "a title has no control characters"));
    }
    if title.chars().count() > limits.title_chars {
        let text = format!("a title has at most {} characters", limits.title_chars);
        return Err(Refusal::field(RefusalCode::TooLarge, "title", text));
    }
    Ok(())
}

fn send(
    state: &Conversation,
    limits: &ConversationLimits,
    author: UserId,
    client_ref: Option<&str>,
    content: &Content,
    entry: EntryId,
) -> Decided {
    seat_of(state, author)?;
    room::expect_open(state)?;
    expect_unblocked(state)?;
    if let Some(client_ref) = client_ref {
        check_client_ref(client_ref)?;
    }
    check_content(limits, content)?;
    let number = state.messages() + 1;
    let client_ref = client_ref.map(str::to_owned);
    let direct = state.digest.kind == Some(ConversationKind::Direct);
    let message = Message { id: entry, author, number, content: content.clone(), client_ref, direct };
    // The offset is known when the append is done: `settle` fills it in.
    let sent = Sent { topic: state.topic(), offset: 0, message: entry, duplicate: false };
    Ok((vec![ConversationEvent::Message(message)], Answer::Sent(sent)))
}

pub(super) fn check_content(limits: &ConversationLimits, content: &Content) -> Result<(), Refusal> {
    if content.kind == ContentKind::Deleted {
        return Err(Refusal::field(RefusalCode::Invalid, "content.kind", "only the server writes this kind"));
    }
    check_attachments(&content.attachments)?;
    // White space alone shows as nothing.
    if content.text.trim().is_empty() && content.attachments.is_empty() {
        return Err(Refusal::field(RefusalCode::Invalid, "content.text", "a message must not be empty"));
    }
    if content.text.len() > limits.text_bytes {
        let text = format!("a message has at most {} bytes of text", limits.text_bytes);
        return Err(Refusal::field(RefusalCode::TooLarge, "content.text", text));
    }
    Ok(())
}

fn check_attachments(attachments: &[Attachment]) -> Result<(), Refusal> {
    if attachments.len() > MAX_ATTACHMENTS {
        let text = format!("a message has at most {MAX_ATTACHMENTS} attachments");
        return Err(Refusal::field(RefusalCode::LimitReached, "content.attachments", text));
    }
    for (at, Attachment { url, name, mime_type, .. }) in attachments.iter().enumerate() {
        let wrong = |member: &str, text: String| {
            Err(Refusal::field(RefusalCode::Invalid, format!("content.attachments[{at}].{member}"), text))
        };
        let is_address = ["https://", "http://", "/"].iter().any(|start| url.starts_with(start));
        if !is_address
            || url.len() > ATTACHMENT_URL_BYTES
            || url.chars().any(|one| one.is_whitespace() || one.is_control())
        {
            let text =
                format!("an address begins with https://, http:// or / and has at most {ATTACHMENT_URL_BYTES} bytes");
            return wrong("url", text);
        }
        for (member, text) in [("name", name), ("mimeType", mime_type)] {
            if text.as_ref().is_some_and(|text| text.len() > ATTACHMENT_NAME_BYTES) {
                return wrong(member, format!("it has at most {ATTACHMENT_NAME_BYTES} bytes"));
            }
        }
    }
    Ok(())
}

pub(super) fn check_client_ref(client_ref: &str) -> Result<(), Refusal> {
    if client_ref.is_empty() || client_ref.len() > CLIENT_REF_BYTES {
        let text = format!("a client ref has 1 to {CLIENT_REF_BYTES} bytes");
        return Err(Refusal::field(RefusalCode::Invalid, "clientRef", text));
    }
    if client_ref.chars().any(char::is_control) {
        return Err(Refusal::field(RefusalCode::Invalid, "clientRef", "a client ref has no control characters"));
    }
    Ok(())
}

/// The seat of a group's or room's member with at least this role.
pub(super) fn with_role(state: &Conversation, user: UserId, least: Role) -> Result<Seat, Refusal> {
    let seat = *seat_of(state, user)?;
    if state.kind() == Some(ConversationKind::Direct) {
        return Err(Refusal::new(RefusalCode::Conflict, "a direct conversation keeps its members and has no title"));
    }
    if seat.role < least {
        return Err(Refusal::new(RefusalCode::Forbidden, "your role does not allow this"));
    }
    Ok(seat)
}

pub(super) fn unchanged(state: &Conversation) -> Decided {
    Ok((Vec::new(), Answer::Changed { offset: state.head }))
}

pub(super) fn changed(event: ConversationEvent) -> Decided {
    Ok((vec![event], Answer::Changed { offset: 0 }))
}

/// What is about to change.
#[derive(Clone, Copy)]
pub(super) enum Turn<'t> {
    Comes(UserId),
    Goes(UserId),
    Title(&'t str),
}

/// How the conversation stands after that.
pub(super) fn now(state: &Conversation, turn: Turn<'_>) -> Option<Box<ConversationNow>> {
    let (comes, goes, title) = match turn {
        Turn::Comes(user) => (Some(user).filter(|user| !state.members.contains_key(user)), None, None),
        Turn::Goes(user) => (None, Some(user).filter(|user| state.members.contains_key(user)), None),
        Turn::Title(title) => (None, None, Some(title)),
    };
    let count = state.members.len() + usize::from(comes.is_some()) - usize::from(goes.is_some());
    let members = if count <= DIGEST_MEMBERS {
        state.members.keys().copied().filter(|member| Some(*member) != goes).chain(comes).collect()
    } else {
        Vec::new()
    };
    let title = title.or(state.digest.title.as_deref()).map(str::to_owned);
    Some(Box::new(ConversationNow { kind: state.kind()?, title, members, member_count: count as u64 }))
}

fn add(state: &Conversation, limits: &ConversationLimits, by: UserId, user: UserId, role: Role) -> Decided {
    let adder = with_role(state, by, Role::Admin)?;
    room::expect_open(state)?;
    if role == Role::Owner {
        return Err(Refusal::field(RefusalCode::Invalid, "role", "a group has one owner"));
    }
    if role == Role::Admin && adder.role < Role::Owner {
        return Err(Refusal::field(RefusalCode::Forbidden, "role", "only the owner names admins"));
    }
    match state.members.get(&user) {
        Some(seat) if seat.role == role => return unchanged(state),
        Some(seat) if seat.role >= adder.role => {
            return Err(Refusal::new(RefusalCode::Forbidden, "your role does not allow this"));
        }
        Some(_) => {}
        None if state.members.len() >= room::most_members(state, limits) => {
            let text = format!("there may be at most {} members", room::most_members(state, limits));
            return Err(Refusal::field(RefusalCode::LimitReached, "user", text));
        }
        None => {}
    }
    let known = state.members.contains_key(&user);
    changed(ConversationEvent::MemberAdded(MemberAdded { user, role, by, known, now: now(state, Turn::Comes(user)) }))
}

fn remove(state: &Conversation, by: UserId, user: UserId) -> Decided {
    let remover = with_role(state, by, if by == user { Role::Member } else { Role::Admin })?;
    let Some(seat) = state.members.get(&user) else { return unchanged(state) };
    if seat.role == Role::Owner {
        return Err(Refusal::new(RefusalCode::Forbidden, "the owner cannot be removed"));
    }
    if by != user && seat.role >= remover.role {
        return Err(Refusal::new(RefusalCode::Forbidden, "your role does not allow this"));
    }
    changed(ConversationEvent::MemberRemoved(MemberRemoved { user, by, now: now(state, Turn::Goes(user)) }))
}

/// Refuses what nobody does in a direct conversation while one of the two blocks the other.
pub(super) fn expect_unblocked(state: &Conversation) -> Result<(), Refusal> {
    if state.blocked_by.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::Forbidden, "one of you has blocked the other"))
}

fn set_blocked(state: &Conversation, by: UserId, blocked: bool) -> Decided {
    seat_of(state, by)?;
    if state.kind() != Some(ConversationKind::Direct) {
        return Err(Refusal::new(RefusalCode::Conflict, "people are blocked in direct conversations"));
    }
    if state.blocked_by.contains(&by) == blocked {
        return unchanged(state);
    }
    changed(ConversationEvent::BlockChanged(BlockChanged { by, blocked }))
}

fn set_title(state: &Conversation, limits: &ConversationLimits, by: UserId, title: &str) -> Decided {
    with_role(state, by, Role::Admin)?;
    if state.room.is_some() {
        return Err(Refusal::new(RefusalCode::Conflict, "a room's name is changed with the room"));
    }
    check_title(limits, title)?;
    if state.digest.title.as_deref() == Some(title) {
        return unchanged(state);
    }
    changed(ConversationEvent::TitleChanged(TitleChanged {
        title: title.to_owned(),
        by,
        now: now(state, Turn::Title(title)),
    }))
}

fn access(state: &Conversation, user: UserId) -> Decided {
    let seat = seat_of(state, user)?;
    let access = Access {
        kind: state.kind().unwrap_or(ConversationKind::Direct),
        title: state.digest.title.clone(),
        role: seat.role,
        member_count: state.digest.member_count,
        head: state.head,
        messages: state.messages(),
        own_number: seat.last_number,
        changed: state.digest.changed,
        last: state.digest.last.as_ref().map(|last| (last.offset, last.id)),
    };
    Ok((Vec::new(), Answer::Access(access)))
}

fn members(state: &Conversation, user: UserId, after: Option<UserId>, limit: usize) -> Decided {
    seat_of(state, user)?;
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let listed = state.members.range((from, Bound::Unbounded)).take(limit.min(MEMBERS_PAGE));
    Ok((Vec::new(), Answer::Members(listed.map(|(user, seat)| Member { user: *user, role: seat.role }).collect())))
}
