//! Reading the whole log back, and holding it against what was acknowledged.

use crate::checker::{Checks, Position};
use crate::clock::{Clock, Nanos};
use crate::connection::{Answer, ConnectionNumber, Plan, Sink};
use crate::names;
use crate::scenario::Failure;
use crate::swarm::Swarm;
use crate::target::Account;
use crate::wire::{self, Dialect};
use plenum_schema::codec::Codec;
use plenum_schema::topic::Topic;
use plenum_schema::wire::{EventFrame, Page};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

const PAGE_LIMIT: Duration = Duration::from_secs(20);
/// A store that has just lost a node may refuse a while. What a long run has found must not be lost with one page.
const PASSING_REFUSALS: u32 = 120;
const AFTER_A_REFUSAL: Duration = Duration::from_millis(500);

/// One acknowledged message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acked {
    /// Its marker.
    pub marker: u64,
    /// Where the server said it is.
    pub offset: u64,
}

#[derive(Default)]
struct Pages {
    page: Option<Page>,
    trouble: Option<String>,
    /// It may go better in a moment.
    is_passing: bool,
}

impl Sink for Pages {
    fn answered(&mut self, _connection: ConnectionNumber, _id: u32, answer: Answer, _at: Nanos) {
        match answer {
            Answer::Page(page) => self.page = Some(page),
            Answer::Refused(refusal) => {
                (self.is_passing, self.trouble) = (refusal.code.is_retryable(), Some(refusal.to_string()));
            }
            Answer::Sent(_) | Answer::Voted(_) => {}
        }
    }

    fn closed(&mut self, _connection: ConnectionNumber, code: Option<u16>) {
        self.trouble = Some(format!("the connection ended, close code {code:?}"));
    }
}

/// Every event of a topic, by pages of history on a fresh connection of a member.
///
/// # Errors
/// When the server does not give a page.
pub fn read(server: SocketAddr, clock: Clock, topic: Topic, member: &Account) -> Result<Vec<EventFrame>, Failure> {
    let (mut swarm, mut pages) = (Swarm::new(server, &[topic], clock)?, Pages::default());
    let codec = Codec::MessagePack;
    let dialect = Dialect::Plenum(codec);
    let socket = crate::net::SocketOptions::default();
    let plan = Plan { dialect, token: member.token.clone(), topics: Vec::new(), socket, deaf: false };
    swarm.open_all(vec![plan], PAGE_LIMIT, &mut pages)?;
    let mut events: Vec<EventFrame> = Vec::new();
    let mut refusals = 0;
    loop {
        let after = events.last().map_or(0, |event| event.offset);
        swarm.command(0, |id| wire::history(codec, id, topic, after, names::PAGE_EVENTS));
        let arrived = |_: &mut Swarm, pages: &mut Pages| pages.page.is_some() || pages.trouble.is_some();
        swarm.turn_until(PAGE_LIMIT, &mut pages, arrived)?;
        let Some(page) = pages.page.take() else {
            if std::mem::take(&mut pages.is_passing) && refusals < PASSING_REFUSALS {
                (refusals, pages.trouble) = (refusals + 1, None);
                std::thread::sleep(AFTER_A_REFUSAL);
                continue;
            }
            let why = pages.trouble.unwrap_or_else(|| "no answer".to_owned());
            return Err(Failure::History(format!("{topic} after {after}: {why}")));
        };
        let done = page.events.is_empty();
        events.extend(page.events);
        if done || events.last().is_some_and(|event| event.offset >= page.head) {
            swarm.cut_all();
            return Ok(events);
        }
    }
}

/// Holds a topic's log against its acknowledgements: no hole, no repeated client ref, everything acked where it was acked.
pub fn judge(events: &[EventFrame], acked: &[Acked], checks: &mut Checks) {
    let mut position = Position::after(0);
    let mut refs = HashSet::new();
    let mut by_offset: HashMap<u64, u64> = HashMap::with_capacity(events.len());
    for event in events {
        let verdict = position.take(event.offset);
        checks.count(verdict, || format!("history of {} at {}", event.topic, event.offset));
        let Some(message) = wire::message_of(event) else { continue };
        if let Some(name) = &message.client_ref
            && !refs.insert((message.author, name))
        {
            checks.duplicates += 1;
            checks.example(|| format!("{name} is twice in {}", event.topic));
        }
        if let Some(marker) = wire::marker_of(&message.content.text) {
            by_offset.insert(event.offset, marker);
        }
    }
    checks.lost += position.lost(events.last().map_or(0, |event| event.offset));
    for one in acked {
        if by_offset.get(&one.offset) != Some(&one.marker) {
            checks.acked_lost += 1;
            checks.example(|| format!("message {:x} acked at {} is not there", one.marker, one.offset));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::content::Content;
    use plenum_schema::conversation::{ConversationEvent, Message};
    use plenum_schema::id::{ConversationId, EntryId, UserId};
    use plenum_schema::wire::Event;
    use uuid::Uuid;

    fn event(offset: u64, marker: u64) -> EventFrame {
        let message = Message {
            id: EntryId(Uuid::from_u128(u128::from(marker))),
            author: UserId(Uuid::from_u128(1)),
            number: offset,
            content: Content::text(wire::text(marker, 32)),
            client_ref: Some(wire::client_ref(marker)),
            direct: false,
        };
        let topic = Topic::Conversation(ConversationId(Uuid::from_u128(1)));
        EventFrame { topic, offset, at: 0, event: Event::Conversation(ConversationEvent::Message(message)) }
    }

    fn judged(events: &[EventFrame], acked: &[(u64, u64)]) -> Checks {
        let mut checks = Checks::default();
        let acked: Vec<Acked> = acked.iter().map(|&(marker, offset)| Acked { marker, offset }).collect();
        judge(events, &acked, &mut checks);
        checks
    }

    #[test]
    fn a_log_with_everything_acked_passes() {
        assert!(judged(&[event(1, 7), event(2, 8)], &[(7, 1), (8, 2)]).passed());
    }

    #[test]
    fn an_acked_message_that_is_not_there_is_found() {
        assert_eq!(judged(&[event(1, 7)], &[(7, 1), (8, 2)]).acked_lost, 1);
        assert_eq!(judged(&[event(1, 7), event(2, 8)], &[(7, 2)]).acked_lost, 1, "elsewhere than acked");
    }

    #[test]
    fn a_client_ref_that_is_twice_in_the_log_is_found() {
        assert_eq!(judged(&[event(1, 7), event(2, 7)], &[(7, 1)]).duplicates, 1);
    }

    #[test]
    fn a_hole_in_the_log_is_found() {
        assert_eq!(judged(&[event(1, 7), event(3, 8)], &[]).lost, 1);
    }
}
