//! The digest, kept up with every event at a cost that does not grow with members or messages.

use super::Seat;
use crate::clock::WallMillis;
use plenum_schema::conversation::{
    AuthorNumber, DIGEST_AUTHORS, DIGEST_MEMBERS, DIGEST_TEXT_BYTES, Digest, LastMessage, Message,
};
use plenum_schema::{EntryId, Offset, UserId};
use std::collections::BTreeMap;

pub(super) trait Summary {
    fn joined(&mut self, user: UserId, count: usize);
    fn left(&mut self, user: UserId, rest: &BTreeMap<UserId, Seat>);
    fn wrote(&mut self, offset: Offset, id: EntryId, at: WallMillis, message: &Message);
    fn edited(&mut self, target: Offset, text: &str);
    fn deleted(&mut self, target: Offset);
}

impl Summary for Digest {
    fn joined(&mut self, user: UserId, count: usize) {
        if self.members.len() < DIGEST_MEMBERS && !self.members.contains(&user) {
            self.members.push(user);
        }
        self.member_count = count as u64;
    }

    fn left(&mut self, user: UserId, rest: &BTreeMap<UserId, Seat>) {
        self.member_count = rest.len() as u64;
        let named = self.members.len();
        self.members.retain(|member| *member != user);
        if self.members.len() < named {
            // At most ten of those walked over are named already.
            let next = rest.keys().find(|member| !self.members.contains(member));
            self.members.extend(next.copied());
        }
    }

    fn wrote(&mut self, offset: Offset, id: EntryId, at: WallMillis, message: &Message) {
        self.messages = message.number;
        self.last = Some(LastMessage {
            offset,
            id,
            author: message.author,
            at,
            text: beginning(&message.content.text).to_owned(),
            deleted: false,
        });
        self.authors.retain(|known| known.author != message.author);
        if self.authors.len() >= DIGEST_AUTHORS {
            self.authors.remove(0);
        }
        self.authors.push(AuthorNumber { author: message.author, number: message.number });
    }

    fn edited(&mut self, target: Offset, text: &str) {
        if let Some(last) = self.last.as_mut().filter(|last| last.offset == target && !last.deleted) {
            beginning(text).clone_into(&mut last.text);
        }
    }

    fn deleted(&mut self, target: Offset) {
        if let Some(last) = self.last.as_mut().filter(|last| last.offset == target) {
            last.text.clear();
            last.deleted = true;
        }
    }
}

/// The first bytes of a text, cut at a character.
fn beginning(text: &str) -> &str {
    text.get(..text.floor_char_boundary(DIGEST_TEXT_BYTES)).unwrap_or(text)
}
