//! Coming in: what the client asks for, its conversations, and what it missed.

use super::asks::Listed;
use super::chat::{Around, Chat, Deed, Errand, Stage, is_online};
use super::packet;
use super::positions::{Base, read_trail, read_vocabulary};
use super::vocabulary::outgoing::{authenticated, online_users};
use actix::Recipient;
use plenum_actors::connection::{Followed, Following, Outcome};
use plenum_actors::hub::Place;
use plenum_actors::publication::Vocabulary;
use plenum_schema::conversation::{ConversationEvent, ConversationKind};
use plenum_schema::wire::{Event, Gap, GapReason, Page, ServerFrame};
use plenum_schema::{Offset, Topic, UserId};
use plenum_socketio::args::Data;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// So many bytes of the largest message make room for one conversation in a pid: four times what it takes there (`docs/socketio.md`,
/// "Recovery": a quarter of `socketio.max_payload_bytes`).
const PAYLOAD_FOR_A_PLACE: usize = 128;

/// The `auth` of a CONNECT packet, as far as it means something here. What is not text asks for nothing, and takes nothing away from
/// the others.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    #[serde(deserialize_with = "text")]
    pub token: Option<String>,
    #[serde(deserialize_with = "text")]
    pid: Option<String>,
    #[serde(deserialize_with = "text")]
    offset: Option<String>,
}

fn text<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Maybe {
        Text(String),
        Other(IgnoredAny),
    }
    Ok(match Maybe::deserialize(value)? {
        Maybe::Text(text) => Some(text),
        Maybe::Other(IgnoredAny) => None,
    })
}

impl Wanted {
    /// Reads it; what is no such object asks for nothing.
    pub(super) fn of(data: Option<&Data<'_>>) -> Self {
        data.and_then(|data| data.parse().ok()).unwrap_or_default()
    }
}

/// Asks for the conversations of whoever has just been identified.
pub(super) fn list(chat: &mut Chat, around: &Around<'_>) {
    let Some(identity) = chat.connection.identity() else { return };
    let listed = around.listed.clone();
    let reply = Box::new(move |outcome| send(&listed, Listed(outcome)));
    around.shared.backend.following(identity, around.config.followed_conversations, reply);
}

#[expect(clippy::disallowed_methods, reason = "one for each connection that is being let in")]
fn send(listed: &Recipient<Listed>, list: Listed) {
    listed.do_send(list);
}

/// Where a client goes on.
struct Resume {
    pid: String,
    /// What it knows of each topic.
    positions: BTreeMap<Topic, Option<Offset>>,
    /// What its trail says beyond the base.
    moved: Vec<Place>,
    /// Where conversations stood that it did not follow.
    others: BTreeMap<Topic, Offset>,
    /// What it heard, when it was one vocabulary.
    vocabulary: Option<Vocabulary>,
}

impl Resume {
    /// From what the client kept; `None` when it kept nothing of ours.
    fn of(wanted: &Wanted, user: UserId, most_topics: usize) -> Option<Self> {
        let pid = wanted.pid.clone()?;
        let base = Base::decode(&pid, most_topics).filter(|base| base.user == user)?;
        let trail = match wanted.offset.as_deref() {
            // Nothing came before the connection ended.
            None | Some("") => BTreeMap::new(),
            Some(offset) => read_trail(offset, most_topics)?,
        };
        let moved = trail.iter().map(|(topic, place)| (*topic, *place)).collect();
        let mut positions: BTreeMap<_, _> =
            base.positions.into_iter().map(|(topic, offset)| (topic, Some(offset))).collect();
        positions.extend(trail);
        let vocabulary = wanted.offset.as_deref().and_then(read_vocabulary);
        Some(Self { pid, positions, moved, others: base.others, vocabulary })
    }
}

/// Lets the client in: CONNECT answer, greeting, subscriptions.
pub(super) fn listed(chat: &mut Chat, around: &Around<'_>, outcome: Outcome<Following>) {
    let Stage::Entering(wanted) = std::mem::replace(&mut chat.stage, Stage::Outside) else { return };
    let Some(identity) = chat.connection.identity() else { return };
    let following = match outcome {
        Ok(following) => following,
        // Identified already, and still outside: the next CONNECT lists again.
        Err(refusal) => return chat.keep_out(around, &refusal),
    };
    let resume =
        around.config.recovery.then(|| Resume::of(&wanted, identity.user, around.config.recovery_topics)).flatten();
    chat.stage = Stage::Inside;
    let sid = around.shared.clock.new_id().simple().to_string();
    let pid = match &resume {
        Some(resume) => Some(resume.pid.clone()),
        None if around.config.recovery => Some(base(around, identity.user, &following).encode()),
        None => None,
    };
    chat.push(around, packet::connect(chat.parser(), &sid, pid.as_deref()));
    // Before anything else is said: whoever is known to speak underscores is not greeted with hyphens.
    chat.heard_before(around, resume.as_ref().and_then(|resume| resume.vocabulary));
    chat.greet(around, authenticated(chat.parser(), identity.user, following.me.as_ref()));
    match resume {
        Some(resume) => {
            around.metrics.recovered.inc();
            go_on(chat, around, identity.user, &following, resume);
        }
        None => begin(chat, around, identity.user, &following),
    }
    around.shared.backend.looks_around(&identity);
}

fn base(around: &Around<'_>, user: UserId, following: &Following) -> Base {
    let positions: BTreeMap<_, _> = following.conversations.iter().map(|one| (one.topic, one.head)).collect();
    // The client sends it back with its next CONNECT, which has to fit into a message beside trail and token.
    let room = (around.config.max_payload_bytes / PAYLOAD_FOR_A_PLACE)
        .min(around.config.recovery_topics)
        .saturating_sub(positions.len());
    let others: BTreeMap<_, _> = following.others.iter().take(room).copied().collect();
    let is_complete = others.len() == following.others.len();
    let (_, low) = around.shared.clock.new_id().as_u64_pair();
    let nonce = u32::try_from(low & u64::from(u32::MAX)).unwrap_or_default();
    Base { user, nonce, is_complete, positions, others }
}

fn begin(chat: &mut Chat, around: &Around<'_>, user: UserId, following: &Following) {
    trail(chat, around, Vec::new());
    people(chat, around, user, following);
    for one in &following.conversations {
        subscribe(chat, around, one, one.head);
    }
}

/// The same from where the client stood.
fn go_on(chat: &mut Chat, around: &Around<'_>, user: UserId, following: &Following, resume: Resume) {
    let Resume { mut positions, moved, others, .. } = resume;
    trail(chat, around, moved);
    people(chat, around, user, following);
    let mut paced = Vec::new();
    for one in &following.conversations {
        match positions.remove(&one.topic) {
            Some(Some(position)) => paced.extend(go_on_with(chat, around, one, position)),
            // It has left it, and does not hear it until it joins again.
            Some(None) => {}
            None => match others.get(&one.topic) {
                // It was quiet when the client came in and is not any more.
                Some(stood) => paced.extend(go_on_with(chat, around, one, *stood)),
                // The person came into it meanwhile (or it is one of more than a base can name).
                None => paced.push(Errand::new(Deed::Look, one.topic, None)),
            },
        }
    }
    // Rooms that the client had joined by itself; or so it says.
    let joined = positions.into_iter().filter_map(|(topic, place)| Some((topic, place?)));
    paced.extend(joined.map(|(topic, place)| Errand::new(Deed::Resume, topic, Some(place))));
    chat.pace(around, paced);
}

/// Follows a conversation of the list from where the client stood. When it has missed something and all that may be done at once is
/// done, that is left for later: the list does not vouch for it so long.
fn go_on_with(chat: &mut Chat, around: &Around<'_>, one: &Followed, position: Offset) -> Option<Errand> {
    if position < one.head && !chat.may_do_more(around) {
        return Some(Errand::new(Deed::Resume, one.topic, Some(position)));
    }
    subscribe(chat, around, one, position.min(one.head));
    if position < one.head {
        chat.arrives(around, one.topic, one.head);
    }
    None
}

/// What is told to the client's own devices, and who of its direct conversations is there.
fn people(chat: &mut Chat, around: &Around<'_>, user: UserId, following: &Following) {
    listen(chat, around, Topic::User(user));
    let is_account = chat.connection.identity().is_some_and(|identity| identity.is_account());
    if around.config.status_board && is_account {
        // Front ends of status boards connect and listen: they never ask.
        listen(chat, around, Topic::Status);
    }
    let mut online = Vec::new();
    let peers = following.conversations.iter().filter_map(|one| one.peer);
    chat.followed_people = 0;
    for peer in peers.take(around.config.followed_people) {
        chat.followed_people += 1;
        let topic = Topic::Presence(peer);
        listen(chat, around, topic);
        if is_online(around, peer) {
            online.push(peer);
        }
    }
    chat.push(around, online_users(chat.parser(), chat.vocabulary(), &online));
}

/// Subscribes to a topic without a log.
fn listen(chat: &Chat, around: &Around<'_>, topic: Topic) {
    subscribe(chat, around, &Followed { topic, head: 0, peer: None }, 0);
}

fn trail(chat: &Chat, around: &Around<'_>, moved: Vec<Place>) {
    if around.config.recovery {
        let limit = around.config.told_positions;
        around.shared.hub.with(|core| core.trail(chat.key(), moved, limit));
    }
}

/// Subscribes to what the list vouches for. Interest first: what was published since the head was learnt is read from the log.
fn subscribe(chat: &Chat, around: &Around<'_>, one: &Followed, since: Offset) {
    let hub = &around.shared.hub;
    hub.expect(one.topic);
    hub.with(|core| {
        core.subscribe(chat.key(), one.topic, since, one.head);
        core.settle(one.topic);
    });
}

/// From which offset on a conversation concerns the client: where it was created or the person added. When that is older than the page,
/// what lies before the page is told as a gap: it stays in the history.
pub(super) fn concerned_since(chat: &mut Chat, around: &Around<'_>, page: &Page) -> Offset {
    let user = chat.connection.identity().map(|identity| identity.user);
    let mut peer = None;
    let mut since = page.events.first().map_or(page.head, |first| first.offset.saturating_sub(1));
    let mut has_begun = false;
    for frame in &page.events {
        let Event::Conversation(event) = &frame.event else { continue };
        let begins = match event {
            ConversationEvent::Created(created) => {
                if created.kind == ConversationKind::Direct {
                    peer = created.members.iter().copied().find(|member| Some(*member) != user);
                }
                true
            }
            ConversationEvent::MemberAdded(added) => Some(added.user) == user,
            ConversationEvent::Message(_)
            | ConversationEvent::MemberRemoved(_)
            | ConversationEvent::TitleChanged(_)
            | ConversationEvent::MessageEdited(_)
            | ConversationEvent::MessageDeleted(_)
            | ConversationEvent::ReactionAdded(_)
            | ConversationEvent::ReactionRemoved(_)
            | ConversationEvent::RoomChanged(_)
            | ConversationEvent::RoomClosed(_)
            | ConversationEvent::BlockChanged(_) => false,
        };
        if begins {
            has_begun = true;
            since = frame.offset - 1;
        }
    }
    let from = page.first.max(1);
    if !has_begun && from <= since {
        let gap = Gap { topic: page.topic, from, to: since, reason: GapReason::Retention };
        around.shared.hub.with(|core| core.push(chat.key(), &ServerFrame::Gap(gap)));
    }
    if let Some(peer) = peer {
        look_out_for(chat, around, peer);
    }
    since
}

/// Somebody whom the client has a direct conversation with from now on: whether they are there is told at once.
fn look_out_for(chat: &mut Chat, around: &Around<'_>, peer: UserId) {
    if chat.followed_people < around.config.followed_people {
        chat.followed_people += 1;
        chat.follow(around, Topic::Presence(peer), None);
    }
}
