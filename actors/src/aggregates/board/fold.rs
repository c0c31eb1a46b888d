//! What each entry of the log makes of a board.

use super::Board;
use super::item::{Item, Reply};
use crate::clock::WallMillis;
use plenum_schema::board::{Asked, BoardEvent, ItemStatus, Merged, Moderated, Replied, Upvoted};
use plenum_schema::{Offset, ParticipantId};
use std::collections::BTreeSet;
use uuid::Uuid;

impl Board {
    pub(super) fn fold(&mut self, offset: Offset, at: WallMillis, event: &BoardEvent) {
        match event {
            BoardEvent::Asked(asked) => self.add(offset, at, asked),
            BoardEvent::Upvoted(vote) => self.vote(offset, vote),
            BoardEvent::Moderated(moderated) => self.moderate(moderated),
            BoardEvent::Merged(merged) => self.merge(*merged),
            BoardEvent::Replied(replied) => self.reply(offset, at, replied),
            BoardEvent::ReplyDropped(dropped) => {
                let Some(item) = self.items.get_mut(&dropped.item) else { return };
                item.replies.retain(|reply| reply.id != dropped.reply);
            }
            BoardEvent::Erased(erased) => {
                self.forgotten = offset;
                if erased.texts {
                    self.items.clear();
                    self.active.clear();
                } else {
                    self.forget_people();
                }
            }
        }
    }

    /// Everybody gets a number in place of who they are, another one in each question: how many there were stays.
    fn forget_people(&mut self) {
        let number = |place: usize| ParticipantId(Uuid::from_u128(place as u128 + 1));
        let offsets: Vec<Offset> = self.active.values().copied().collect();
        self.active = offsets.into_iter().enumerate().map(|(place, offset)| (number(place), offset)).collect();
        for item in self.items.values_mut() {
            item.by = ParticipantId(Uuid::nil());
            item.author = None;
            item.also = vec![item.by; item.also.len()];
            item.voters = (0..item.voters.len()).map(number).collect();
            for reply in &mut item.replies {
                reply.author = None;
                reply.by = reply.by.map(|_| ParticipantId(Uuid::nil()));
            }
        }
    }

    fn took_part(&mut self, who: ParticipantId, offset: Offset) {
        self.active.insert(who, offset);
    }

    fn add(&mut self, offset: Offset, at: WallMillis, asked: &Asked) {
        let item = Item {
            by: asked.by,
            author: asked.author.clone(),
            text: asked.text.clone(),
            status: asked.status,
            pinned: false,
            answer: None,
            at,
            offset,
            voters: BTreeSet::new(),
            labels: Vec::new(),
            replies: Vec::new(),
            last_reply: 0,
            also: Vec::new(),
            into: None,
        };
        self.items.insert(asked.item, item);
        self.took_part(asked.by, offset);
    }

    fn vote(&mut self, offset: Offset, vote: &Upvoted) {
        self.took_part(vote.by, offset);
        let Some(item) = self.items.get_mut(&vote.item) else { return };
        if vote.up {
            self.votes += u64::from(item.voters.insert(vote.by));
        } else {
            self.votes -= u64::from(item.voters.remove(&vote.by));
        }
    }

    fn moderate(&mut self, moderated: &Moderated) {
        let Some(item) = self.items.get_mut(&moderated.item) else { return };
        item.status = moderated.status.unwrap_or(item.status);
        item.pinned = moderated.pinned.unwrap_or(item.pinned);
        if let Some(answer) = &moderated.answer {
            item.answer = Some(answer.clone()).filter(|answer| !answer.is_empty());
        }
        if let Some(labels) = &moderated.labels {
            item.labels.clone_from(labels);
        }
    }

    /// The votes of both, one of each voter; the replies of both, in the order they were given.
    fn merge(&mut self, Merged { item: id, into }: Merged) {
        if id == into || !self.items.contains_key(&into) {
            return;
        }
        let Some(gone) = self.items.get_mut(&id) else { return };
        gone.status = ItemStatus::Merged;
        gone.pinned = false;
        gone.into = Some(into);
        let (voters, replies) = (std::mem::take(&mut gone.voters), std::mem::take(&mut gone.replies));
        let mut also = std::mem::take(&mut gone.also);
        also.push(gone.by);
        // What was merged before goes along.
        self.items.values_mut().filter(|item| item.into == Some(id)).for_each(|item| item.into = Some(into));
        let Some(kept) = self.items.get_mut(&into) else { return };
        let all = (kept.voters.len() + voters.len()) as u64;
        kept.voters.extend(voters);
        self.votes -= all - kept.voters.len() as u64;
        kept.also.extend(also);
        let mine = kept.replies.len();
        kept.replies.extend(replies);
        // Numbers are an item's own.
        for reply in kept.replies.iter_mut().skip(mine) {
            kept.last_reply += 1;
            reply.id = kept.last_reply;
        }
        kept.replies.sort_by_key(|reply| reply.offset);
    }

    fn reply(&mut self, offset: Offset, at: WallMillis, replied: &Replied) {
        if let Some(by) = replied.by {
            self.took_part(by, offset);
        }
        let Some(item) = self.items.get_mut(&replied.item) else { return };
        item.last_reply = item.last_reply.max(replied.reply);
        item.replies.push(Reply {
            id: replied.reply,
            by: replied.by,
            author: replied.author.clone(),
            text: replied.text.clone(),
            at,
            offset,
        });
    }
}
