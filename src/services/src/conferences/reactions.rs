//! Reactions: a hall claps, and everybody sees it for a moment. Nothing of them is kept: those of a short while are added up on
//! the node where they came in and told to everybody, and who misses that has missed it.

use super::{Conferences, voter_in};
use crate::accounts::Identity;
use dashmap::DashMap;
use parking_lot::Mutex;
use plenum_actors::publication::{Class, Publication, Publisher};
use plenum_schema::wire::{LiveReaction, LiveReactions, ReactLive, Signal};
use plenum_schema::{ConferenceId, ParticipantId, Refusal, RefusalCode, Topic};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a hall has said since it was told last.
#[derive(Debug, Default)]
struct Burst {
    /// By the place of the reaction among those that are offered.
    counts: Vec<u64>,
    /// How often each participant has reacted.
    by: HashMap<ParticipantId, usize>,
}

/// The reactions of all conferences since the last telling. Cheap to clone. As large as the audiences of a node at the most, and
/// emptied at each telling.
#[derive(Clone, Default)]
pub(super) struct Reactions(Arc<DashMap<ConferenceId, Mutex<Burst>>>);

impl fmt::Debug for Reactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactions").field("bursts", &self.0.len()).finish()
    }
}

impl Reactions {
    /// Counts one; `false` when somebody has reacted `most` times already.
    fn count(&self, conference: ConferenceId, by: ParticipantId, place: usize, most: usize) -> bool {
        let burst = self.0.entry(conference).or_default();
        let mut burst = burst.lock();
        let times = burst.by.entry(by).or_default();
        if *times >= most {
            return false;
        }
        *times += 1;
        if burst.counts.len() <= place {
            burst.counts.resize(place + 1, 0);
        }
        burst.counts.get_mut(place).into_iter().for_each(|count| *count += 1);
        true
    }

    /// Tells what has come since, and forgets it.
    fn tell(&self, offered: &[String], publisher: &dyn Publisher) {
        let halls: Vec<ConferenceId> = self.0.iter().map(|entry| *entry.key()).collect();
        for conference in halls {
            let Some((_, burst)) = self.0.remove(&conference) else { continue };
            let counts = burst.into_inner().counts.into_iter().zip(offered).filter(|(count, _)| *count > 0);
            let counts = counts.map(|(count, emoji)| LiveReaction { emoji: emoji.clone(), count }).collect();
            let topic = Topic::Conference(conference);
            if publisher.is_wanted(topic) {
                // Not conflated: two of them add up, none replaces the other.
                let signal = Signal::Reactions(LiveReactions { counts });
                publisher.publish(vec![Publication::signal(topic, Class::Droppable, signal)]);
            }
        }
    }
}

impl Conferences {
    /// The reactions that conferences offer, in the order in which pages show them.
    #[must_use]
    pub fn offered_reactions(&self) -> &[String] {
        &self.config.reactions
    }

    /// Shows a reaction to everybody who follows the conference; nothing is stored.
    ///
    /// # Errors
    /// `forbidden` without a participant's token of this conference, `invalid` naming `emoji` when it is not offered, `rateLimited`.
    pub fn react(&self, by: &Identity, react: &ReactLive) -> Result<(), Refusal> {
        let Some(voter) = voter_in(react.conference, by) else {
            return Err(Refusal::new(
                RefusalCode::Forbidden,
                "reactions are for those who have joined this conference",
            ));
        };
        let Some(place) = self.config.reactions.iter().position(|offered| *offered == react.emoji) else {
            let text = format!("one of these is wanted: {}", self.config.reactions.join(" "));
            return Err(Refusal::field(RefusalCode::Invalid, "emoji", text));
        };
        let most = self.config.reactions_at_once;
        if !self.reactions.count(react.conference, voter.participant, place, most) {
            let refusal = Refusal::new(RefusalCode::RateLimited, "you react faster than is shown");
            return Err(refusal.retry_after(self.config.reactions_every_ms));
        }
        Ok(())
    }

    /// Tells halls how they react, for as long as it runs.
    pub async fn run_reactions(self) {
        loop {
            tokio::time::sleep(Duration::from_millis(self.config.reactions_every_ms)).await;
            self.reactions.tell(&self.config.reactions, &*self.parts.publisher);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const HALL: ConferenceId = ConferenceId(Uuid::from_u128(1));

    #[derive(Default)]
    struct Told(Mutex<Vec<Arc<Publication>>>);

    impl Publisher for Told {
        fn publish(&self, batch: Vec<Arc<Publication>>) {
            self.0.lock().extend(batch);
        }

        fn announce(&self, _: Topic, _: u64) {}
    }

    #[test]
    fn reactions_of_a_while_are_told_together_and_forgotten() {
        let (reactions, told) = (Reactions::default(), Told::default());
        let offered = ["a", "b", "c"].map(str::to_owned);
        let person = |n| ParticipantId(Uuid::from_u128(n));
        let said =
            [(1, 0), (2, 2), (1, 0), (1, 0), (2, 2)].map(|(by, place)| reactions.count(HALL, person(by), place, 2));
        assert_eq!(said, [true, true, true, false, true], "two for each at a time");
        reactions.tell(&offered, &told);
        reactions.tell(&offered, &told);
        let count = |emoji: &str| LiveReaction { emoji: emoji.to_owned(), count: 2 };
        let signal = Signal::Reactions(LiveReactions { counts: vec![count("a"), count("c")] });
        let told = told.0.into_inner();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].body(), &plenum_actors::publication::Body::Signal(signal));
        assert!(reactions.count(HALL, person(1), 0, 2), "again after a telling");
    }
}
