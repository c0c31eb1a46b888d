//! The board of a conference: what its audience asks, and how many want it answered. Its log is private, as a poll's is: there are many
//! votes, and everybody wants the first few questions, not each vote.

mod command;
mod decide;

#[cfg(test)]
mod tests;

pub use command::{Answered, BoardLimits, Command, Listed, Order};

use crate::aggregate::{Aggregate, Decision};
use crate::clock::WallMillis;
use plenum_schema::board::{BoardEvent, BoardItem, BoardSignal, ItemId, ItemStatus};
use plenum_schema::log::{AggregateKind, LogId, Offset};
use plenum_schema::wire::{self, Signal};
use plenum_schema::{ConferenceId, EntryId, ParticipantId, Refusal, Topic, UserId};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
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
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Item {
    by: ParticipantId,
    author: Option<String>,
    text: String,
    status: ItemStatus,
    pinned: bool,
    answer: Option<String>,
    at: WallMillis,
    /// Where it was asked.
    offset: Offset,
    voters: BTreeSet<ParticipantId>,
}

impl Item {
    fn is_public(&self) -> bool {
        matches!(self.status, ItemStatus::Approved | ItemStatus::Answered)
    }

    /// The item, when everybody sees it.
    fn seen(&self) -> Option<&Self> {
        self.is_public().then_some(self)
    }

    fn view(&self, id: ItemId) -> BoardItem {
        BoardItem {
            id,
            text: self.text.clone(),
            author: self.author.clone(),
            status: self.status,
            pinned: self.pinned,
            votes: self.voters.len() as u64,
            answer: self.answer.clone(),
            at: self.at,
        }
    }
}

impl Board {
    /// Items that somebody may see, in an order: pinned ones first.
    fn sorted(&self, order: Order, is_seen: impl Fn(&Item) -> bool) -> Vec<(ItemId, &Item)> {
        let seen = self.items.iter().filter(|(_, item)| is_seen(item));
        let mut items: Vec<(ItemId, &Item)> = seen.map(|(id, item)| (*id, item)).collect();
        items.sort_by_key(|(id, item)| {
            let votes = if order == Order::Votes { item.voters.len() } else { 0 };
            let newest = if order == Order::Newest { *id } else { 0 };
            (Reverse(item.pinned), Reverse(votes), Reverse(newest), *id)
        });
        items
    }

    fn signal(&self, rules: &BoardLimits, is_seen: impl Fn(&Item) -> bool) -> Signal {
        let items = self.sorted(Order::Votes, is_seen);
        let total = items.len() as u64;
        let items = items.into_iter().take(rules.shown_items).map(|(id, item)| item.view(id)).collect();
        Signal::Board(Box::new(BoardSignal { revision: self.head, total, items }))
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
    const SNAPSHOT_FORMAT: u8 = 1;

    fn empty(id: Uuid) -> Self {
        Self { id: ConferenceId(id), head: 0, items: BTreeMap::new(), votes: 0 }
    }

    fn decide(&self, rules: &BoardLimits, command: &Command, _: EntryId, now: WallMillis) -> Decision<Self> {
        match decide::decide(self, rules, command, now) {
            Ok((events, answer)) => Decision::Accept { events, answer },
            Err(refusal) => Decision::Refuse(refusal),
        }
    }

    fn is_query(command: &Command) -> bool {
        matches!(command, Command::List { .. } | Command::Ready | Command::Signal { .. })
    }

    fn name(command: &Command) -> &'static str {
        command.name()
    }

    fn weight(command: &Command) -> usize {
        command.weight()
    }

    fn entry_id(&self, command: &Command) -> Option<EntryId> {
        match command {
            Command::Ask { by, client_ref: Some(client_ref), .. } => {
                let log = LogId { kind: Self::KIND, id: self.id.0 };
                Some(EntryId::of_client_ref(log, UserId(by.0), client_ref))
            }
            _ => None,
        }
    }

    fn apply(&mut self, offset: Offset, _: EntryId, at: WallMillis, event: &BoardEvent) {
        self.head = offset;
        match event {
            BoardEvent::Asked(asked) => {
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
                };
                self.items.insert(asked.item, item);
            }
            BoardEvent::Upvoted(vote) => {
                let Some(item) = self.items.get_mut(&vote.item) else { return };
                if vote.up {
                    self.votes += u64::from(item.voters.insert(vote.by));
                } else {
                    self.votes -= u64::from(item.voters.remove(&vote.by));
                }
            }
            BoardEvent::Moderated(moderated) => {
                let Some(item) = self.items.get_mut(&moderated.item) else { return };
                item.status = moderated.status.unwrap_or(item.status);
                item.pinned = moderated.pinned.unwrap_or(item.pinned);
                if let Some(answer) = &moderated.answer {
                    item.answer = Some(answer.clone()).filter(|answer| !answer.is_empty());
                }
            }
        }
    }

    fn settle(answer: Answered, _: Offset, _: EntryId) -> Answered {
        answer
    }

    fn repeat(&self, _: &BoardLimits, command: &Command, offset: Offset, _: EntryId) -> Result<Answered, Refusal> {
        let asked = match command {
            Command::Upvote { item, .. } | Command::Moderate { item, .. } => self.items.get_key_value(item),
            _ => self.items.iter().find(|(_, item)| item.offset == offset),
        };
        asked.map(|(id, item)| Answered::Item(Box::new(item.view(*id)))).ok_or_else(|| {
            Refusal::new(plenum_schema::RefusalCode::Conflict, "this clientRef was used for something else")
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

    fn signal_every(rules: &BoardLimits) -> Option<u64> {
        Some(rules.signal_every_ms)
    }

    fn is_urgent(event: &BoardEvent) -> bool {
        matches!(event, BoardEvent::Moderated(_))
    }

    fn signals(&self, rules: &BoardLimits) -> Vec<(Topic, Signal)> {
        vec![
            (Topic::Board(self.id), self.signal(rules, Item::is_public)),
            (Topic::BoardHost(self.id), self.signal(rules, |_| true)),
        ]
    }
}
