//! The board of a conference: what its audience asks, and how many want it answered. Its log is private, as a poll's is: there are many
//! votes, and everybody wants the first few questions, not each vote.

mod command;
mod decide;
mod fold;
mod item;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use command::{Answered, BoardLimits, Command, Listed, Listing, Order, Speaker};

use crate::aggregate::{Aggregate, Decision};
use crate::clock::WallMillis;
use item::{Crowd, Item};
use plenum_schema::board::{BoardEvent, BoardSignal, ItemId};
use plenum_schema::log::{AggregateKind, LogId, Offset};
use plenum_schema::poll::Number;
use plenum_schema::wire::{self, Signal};
use plenum_schema::{ConferenceId, EntryId, ParticipantId, Refusal, Topic, UserId};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The state of a board after `head`; also its saved form. Stored: only add optional members, or raise the snapshot format.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Board {
    id: ConferenceId,
    head: Offset,
    items: BTreeMap<ItemId, Item>,
    /// Votes on all items.
    votes: u64,
    /// Where each of the audience took part last.
    active: BTreeMap<ParticipantId, Offset>,
    /// Where its people were forgotten; 0: nowhere.
    #[serde(default, skip_serializing_if = "is_none")]
    forgotten: Offset,
}

fn is_none(offset: &Offset) -> bool {
    *offset == 0
}

impl Board {
    /// Items that somebody may see, in an order: pinned ones first.
    fn sorted(&self, order: Order, crowd: Option<&Crowd>, is_seen: impl Fn(&Item) -> bool) -> Vec<(ItemId, &Item)> {
        let seen = self.items.iter().filter(|(_, item)| item.is_listed() && is_seen(item));
        let mut items: Vec<(ItemId, &Item)> = seen.map(|(id, item)| (*id, item)).collect();
        items.sort_by_cached_key(|(id, item)| {
            let first = match order {
                Order::Votes => (item.voters.len() as u64, Number::default()),
                Order::Newest => (u64::from(*id), Number::default()),
                Order::Wilson => (0, crowd.map(|crowd| crowd.score(item)).unwrap_or_default()),
            };
            (Reverse(item.pinned), Reverse(first), *id)
        });
        items
    }

    fn signal(&self, rules: &BoardLimits, crowd: &Crowd, is_seen: impl Fn(&Item) -> bool) -> Signal {
        let items = self.sorted(Order::Votes, Some(crowd), is_seen);
        let total = items.len() as u64;
        let view = |(id, item): (ItemId, &Item)| item.view(id, Some(crowd), rules.shown_replies);
        let items = items.into_iter().take(rules.shown_items).map(view).collect();
        Signal::Board(Box::new(BoardSignal { revision: self.head, total, items }))
    }

    /// The item that is meant: what another one was merged into stands for it.
    fn resolve(&self, id: ItemId) -> ItemId {
        self.items.get(&id).and_then(|item| item.into).unwrap_or(id)
    }
}

impl Aggregate for Board {
    type Command = Command;
    type Event = BoardEvent;
    type Answer = Answered;
    type Saved = Self;
    type Rules = BoardLimits;

    const KIND: AggregateKind = AggregateKind::Board;
    const EVENT_FORMAT: u8 = 1;
    /// 2: with replies, labels, and who took part when.
    const SNAPSHOT_FORMAT: u8 = 2;

    fn empty(id: Uuid) -> Self {
        Self { id: ConferenceId(id), head: 0, items: BTreeMap::new(), votes: 0, active: BTreeMap::new(), forgotten: 0 }
    }

    fn decide(&self, rules: &BoardLimits, command: &Command, _: EntryId, now: WallMillis) -> Decision<Self> {
        match decide::decide(self, rules, command, now) {
            Ok((events, answer)) => Decision::Accept { events, answer },
            Err(refusal) => Decision::Refuse(refusal),
        }
    }

    fn is_query(command: &Command) -> bool {
        matches!(command, Command::List(_) | Command::Ready | Command::Signal { .. })
    }

    fn name(command: &Command) -> &'static str {
        command.name()
    }

    fn weight(command: &Command) -> usize {
        command.weight()
    }

    fn entry_id(&self, command: &Command) -> Option<EntryId> {
        let (by, client_ref) = match command {
            Command::Ask { by, client_ref: Some(client_ref), .. } => (UserId(by.0), client_ref),
            Command::Reply { by, client_ref: Some(client_ref), .. } => (by.user(), client_ref),
            _ => return None,
        };
        Some(EntryId::of_client_ref(LogId { kind: Self::KIND, id: self.id.0 }, by, client_ref))
    }

    fn apply(&mut self, offset: Offset, _: EntryId, at: WallMillis, event: &BoardEvent) {
        self.head = offset;
        self.fold(offset, at, event);
    }

    fn settle(answer: Answered, _: Offset, _: EntryId) -> Answered {
        answer
    }

    fn repeat(&self, _: &BoardLimits, command: &Command, offset: Offset, _: EntryId) -> Result<Answered, Refusal> {
        let is_meant = |item: &Item| item.offset == offset || item.replies.iter().any(|reply| reply.offset == offset);
        let found = match command {
            Command::Upvote { item, .. } | Command::Moderate { item, .. } | Command::DropReply { item, .. } => {
                self.items.get_key_value(&self.resolve(*item))
            }
            Command::Erase { .. } => return Ok(Answered::Ready),
            Command::Merge { into, .. } => self.items.get_key_value(&self.resolve(*into)),
            _ => self.items.iter().find(|(_, item)| is_meant(item)),
        };
        found.map(|(id, item)| Answered::Item(Box::new(item.view(*id, None, usize::MAX)))).ok_or_else(|| {
            let text = "this clientRef was used for something else, or what it was used for is gone";
            Refusal::new(plenum_schema::RefusalCode::Conflict, text)
        })
    }

    fn publish(_: &BoardEvent) -> Option<wire::Event> {
        None
    }

    fn digest(&self) -> Vec<u8> {
        Vec::new()
    }

    fn save(&self) -> Self {
        self.clone()
    }

    fn restore(_: Uuid, saved: Self) -> Self {
        saved
    }

    /// A snapshot holds every vote: see the poll.
    fn snapshot_every(&self, usual: u64) -> u64 {
        usual.max(self.votes)
    }

    fn forgotten(&self) -> Offset {
        self.forgotten
    }

    fn signal_every(rules: &BoardLimits) -> Option<u64> {
        Some(rules.signal_every_ms)
    }

    fn is_urgent(event: &BoardEvent) -> bool {
        !matches!(event, BoardEvent::Asked(_) | BoardEvent::Upvoted(_))
    }

    fn signals(&self, rules: &BoardLimits) -> Vec<(Topic, Signal)> {
        let crowd = Crowd::of(self);
        vec![
            (Topic::Board(self.id), self.signal(rules, &crowd, Item::is_public)),
            (Topic::BoardHost(self.id), self.signal(rules, &crowd, |_| true)),
        ]
    }
}
