//! Identifiers: UUIDs with a type each, so that a user id cannot be passed where a conversation id is wanted.
//!
//! New ids are UUIDv7 (RFC 9562 §5.7: time-ordered). Derived ids are UUIDv8 (RFC 9562 §5.8) made of a SHA-256 hash,
//! so that the same inputs give the same id on every node and for ever.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

ids! {
    /// A person's account.
    UserId;
    /// A signed-in device; it ends with logout, eviction or expiry.
    SessionId;
    /// One socket, from handshake to close. Appears in logs; never reused.
    ConnectionId;
    /// One run of a server process; a restart is another node.
    NodeId;
    /// A direct or group conversation.
    ConversationId;
    /// A conference.
    ConferenceId;
    /// A question of a conference, and the poll that is held about it.
    QuestionId;
    /// Somebody in a conference's audience: made for that conference alone.
    ParticipantId;
    /// A brand on the status board.
    BrandId;
    /// A domain on the status board.
    DomainId;
    /// An API key of a program.
    ApiKeyId;
    /// Something offered on the marketplace.
    ProductId;
    /// An order of the marketplace.
    OrderId;
    /// A payment of something.
    PaymentId;
    /// An event that people meet at.
    EventId;
    /// Something that people learn.
    SubjectId;
    /// An image that somebody has uploaded.
    ImageId;
    /// A log entry's own id: the idempotency key of the write that made it.
    EntryId;
}

/// The id of a message is the id of the log entry that carries it.
pub type MessageId = EntryId;

/// A UUIDv8 from a domain word and parts; each part is length-prefixed, so that no two part lists collide.
#[must_use]
pub fn derived(domain: &str, parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    for part in std::iter::once(domain.as_bytes()).chain(parts.iter().copied()) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

impl ConversationId {
    /// The one direct conversation of two people: the same pair in either order gives the same id.
    #[must_use]
    pub fn direct(a: UserId, b: UserId) -> Self {
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        Self(derived("plenum.direct", &[low.0.as_bytes(), high.0.as_bytes()]))
    }

    /// A group created with a client ref: a retried creation finds the first one.
    #[must_use]
    pub fn group(creator: UserId, client_ref: &str) -> Self {
        Self(derived("plenum.group", &[creator.0.as_bytes(), client_ref.as_bytes()]))
    }

    /// A room created with a client ref, in the same way.
    #[must_use]
    pub fn room(creator: UserId, client_ref: &str) -> Self {
        Self(derived("plenum.room", &[creator.0.as_bytes(), client_ref.as_bytes()]))
    }
}

impl ConferenceId {
    /// A conference made with a client ref: a retried creation finds the first one.
    #[must_use]
    pub fn of_client_ref(creator: UserId, client_ref: &str) -> Self {
        Self(derived("plenum.conference", &[creator.0.as_bytes(), client_ref.as_bytes()]))
    }

    /// The conversation that belongs to it.
    #[must_use]
    pub fn chat(self) -> ConversationId {
        ConversationId(derived("plenum.conference.chat", &[self.0.as_bytes()]))
    }
}

impl OrderId {
    /// An order made with a client ref: a retried one finds the first.
    #[must_use]
    pub fn of_client_ref(buyer: UserId, client_ref: &str) -> Self {
        Self(derived("plenum.order", &[buyer.0.as_bytes(), client_ref.as_bytes()]))
    }
}

impl PaymentId {
    /// The payment of an order: there is one, however often somebody begins to pay.
    #[must_use]
    pub fn of_order(order: OrderId) -> Self {
        Self(derived("plenum.payment.order", &[order.0.as_bytes()]))
    }
}

impl ParticipantId {
    /// A signed-in person in a conference's audience: one participant on all their devices.
    #[must_use]
    pub fn of_user(conference: ConferenceId, user: UserId) -> Self {
        Self(derived("plenum.participant", &[conference.0.as_bytes(), user.0.as_bytes()]))
    }
}

impl EntryId {
    /// The id of what `author` sent under `client_ref` into the log `log`: a retry, whenever and wherever, has the same.
    #[must_use]
    pub fn of_client_ref(log: crate::LogId, author: UserId, client_ref: &str) -> Self {
        let kind = [log.kind.code()];
        Self(derived("plenum.entry", &[&kind, log.id.as_bytes(), author.0.as_bytes(), client_ref.as_bytes()]))
    }

    /// The id of the edit that `author` made of the entry at `target` under `client_ref`. Refs of edits and of messages never
    /// collide.
    #[must_use]
    pub fn of_edit(log: crate::LogId, author: UserId, target: crate::Offset, client_ref: &str) -> Self {
        let (kind, target) = ([log.kind.code()], target.to_be_bytes());
        let parts: [&[u8]; 5] =
            [&kind, log.id.as_bytes(), author.0.as_bytes(), target.as_slice(), client_ref.as_bytes()];
        Self(derived("plenum.entry.edit", &parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_one_direct_conversation_in_either_order() {
        let (a, b) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        assert_eq!(ConversationId::direct(a, b), ConversationId::direct(b, a));
        assert_ne!(ConversationId::direct(a, b), ConversationId::direct(a, a));
    }

    #[test]
    fn parts_are_length_prefixed_so_shifted_bytes_do_not_collide() {
        assert_ne!(derived("d", &[b"ab", b"c"]), derived("d", &[b"a", b"bc"]));
    }

    #[test]
    fn derived_ids_are_version_8() {
        assert_eq!(derived("d", &[b"x"]).get_version_num(), 8);
    }
}
