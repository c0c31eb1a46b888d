//! The rules of rooms.

use super::Conversation;
use super::command::{Answer, ConversationLimits, RoomView};
use super::decide::{Decided, Turn, changed, check_title, now, seat_of, unchanged, with_role};
use plenum_schema::conversation::{ConversationEvent, ConversationKind, Created, MemberAdded, Role};
use plenum_schema::room::{ROOM_DESCRIPTION_CHARS, ROOM_LINK_BYTES, RoomChanged, RoomClosed, RoomInfo};
use plenum_schema::{Offset, Refusal, RefusalCode, UserId};
use serde::{Deserialize, Serialize};

/// The state of a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Room {
    pub info: RoomInfo,
    /// 1 when it was made, one more with each change.
    pub version: u64,
    pub closed: bool,
    /// Where the newest change stands.
    pub revision: Offset,
}

impl Room {
    pub(super) fn new(info: RoomInfo, revision: Offset) -> Self {
        Self { info, version: 1, closed: false, revision }
    }

    pub(super) fn change(&mut self, info: &RoomInfo, at: Offset) {
        self.info.clone_from(info);
        self.version += 1;
        self.revision = at;
    }

    pub(super) fn close(&mut self, at: Offset) {
        self.closed = true;
        self.version += 1;
        self.revision = at;
    }
}

/// Refuses what nobody may do in a room that is closed or not active. Nothing to say about other conversations.
pub(super) fn expect_open(state: &Conversation) -> Result<(), Refusal> {
    match &state.room {
        Some(room) if room.closed => Err(closed()),
        Some(room) if !room.info.active => Err(Refusal::new(RefusalCode::Conflict, "the room is not active")),
        _ => Ok(()),
    }
}

/// Most members that the conversation may have.
pub(super) fn most_members(state: &Conversation, limits: &ConversationLimits) -> usize {
    let own = state.room.as_ref().and_then(|room| usize::try_from(room.info.max_participants).ok());
    own.unwrap_or(limits.group_members)
}

pub(super) fn create(
    state: &Conversation,
    limits: &ConversationLimits,
    by: UserId,
    title: &str,
    info: &RoomInfo,
) -> Decided {
    if let Some(present) = state.kind() {
        seat_of(state, by)?;
        if present != ConversationKind::Room {
            return Err(Refusal::field(RefusalCode::Conflict, "kind", "the conversation exists with another kind"));
        }
        return Ok((Vec::new(), Answer::Created { existing: true, members: state.digest.members.clone() }));
    }
    check(limits, title, info)?;
    let created = Created {
        kind: ConversationKind::Room,
        title: Some(title.to_owned()),
        by,
        members: vec![by],
        room: Some(info.clone()),
    };
    Ok((vec![ConversationEvent::Created(created)], Answer::Created { existing: false, members: vec![by] }))
}

pub(super) fn change(
    state: &Conversation,
    limits: &ConversationLimits,
    by: UserId,
    title: &str,
    info: &RoomInfo,
    expected: Option<u64>,
) -> Decided {
    with_role(state, by, Role::Admin)?;
    let room = room_of(state)?;
    if room.closed {
        return Err(closed());
    }
    if expected.is_some_and(|expected| expected != room.version) {
        return Err(Refusal::field(RefusalCode::Conflict, "version", "the room was changed since"));
    }
    check(limits, title, info)?;
    if (info.max_participants as usize) < state.members.len() {
        let text = format!("{} people are in the room", state.members.len());
        return Err(Refusal::field(RefusalCode::Conflict, "maxParticipants", text));
    }
    if room.info == *info && state.digest.title.as_deref() == Some(title) {
        return unchanged(state);
    }
    let now = now(state, Turn::Title(title));
    changed(ConversationEvent::RoomChanged(RoomChanged { title: title.to_owned(), room: info.clone(), by, now }))
}

pub(super) fn close(state: &Conversation, by: UserId) -> Decided {
    with_role(state, by, Role::Owner)?;
    if room_of(state)?.closed {
        return unchanged(state);
    }
    changed(ConversationEvent::RoomClosed(RoomClosed { by }))
}

/// Joining by oneself: only public rooms, never more than there is room for.
pub(super) fn join(state: &Conversation, user: UserId) -> Decided {
    let room = room_of(state)?;
    if state.members.contains_key(&user) {
        return unchanged(state);
    }
    if !room.info.public {
        return Err(nowhere());
    }
    expect_open(state)?;
    if state.members.len() >= room.info.max_participants as usize {
        return Err(Refusal::field(RefusalCode::Conflict, "maxParticipants", "the room is full"));
    }
    changed(ConversationEvent::MemberAdded(MemberAdded {
        user,
        role: Role::Member,
        by: user,
        known: false,
        now: now(state, Turn::Comes(user)),
    }))
}

/// What a room is: for its members, and for everybody when it is public.
pub(super) fn view(state: &Conversation, user: Option<UserId>) -> Decided {
    let room = room_of(state)?;
    let role = user.and_then(|user| state.members.get(&user)).map(|seat| seat.role);
    if role.is_none() && !room.info.public {
        return Err(nowhere());
    }
    Ok((
        Vec::new(),
        Answer::Room(Box::new(RoomView {
            title: state.digest.title.clone().unwrap_or_default(),
            info: room.info.clone(),
            version: room.version,
            is_closed: room.closed,
            revision: room.revision,
            role,
            member_count: state.digest.member_count,
        })),
    ))
}

fn check(limits: &ConversationLimits, title: &str, info: &RoomInfo) -> Result<(), Refusal> {
    check_title(limits, title).map_err(|refusal| Refusal { field: Some("name".into()), ..refusal })?;
    let too_long = |field: &str, text: String| Refusal::field(RefusalCode::TooLarge, field, text);
    if info.description.as_ref().is_some_and(|text| text.chars().count() > ROOM_DESCRIPTION_CHARS) {
        let text = format!("a description has at most {ROOM_DESCRIPTION_CHARS} characters");
        return Err(too_long("description", text));
    }
    for (field, value) in [("subjectId", &info.subject), ("logoUrl", &info.logo)] {
        if value.as_ref().is_some_and(|text| text.len() > ROOM_LINK_BYTES) {
            return Err(too_long(field, format!("at most {ROOM_LINK_BYTES} bytes")));
        }
        if value.as_ref().is_some_and(|text| text.chars().any(char::is_control)) {
            return Err(Refusal::field(RefusalCode::Invalid, field, "no control characters"));
        }
    }
    if !(1..=limits.group_members).contains(&(info.max_participants as usize)) {
        let text = format!("a room has 1 to {} places", limits.group_members);
        return Err(Refusal::field(RefusalCode::Invalid, "maxParticipants", text));
    }
    Ok(())
}

fn room_of(state: &Conversation) -> Result<&Room, Refusal> {
    state.room.as_ref().ok_or_else(nowhere)
}

fn nowhere() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such room")
}

fn closed() -> Refusal {
    Refusal::new(RefusalCode::Gone, "the room was closed")
}
