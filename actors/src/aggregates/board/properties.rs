//! What a board shows is what a naive count of everything that was accepted gives, after any commands in any order.

use super::tests::person;
use super::{Answered, Board, BoardLimits, Command, Listing, Speaker};
use crate::aggregate::{Aggregate, Decision};
use plenum_schema::board::ItemStatus;
use plenum_schema::{EntryId, codec};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

fn any_command() -> impl Strategy<Value = Command> {
    let item = || 1_u32..6;
    let who = || 0_u128..5;
    let status = prop::sample::select(vec![ItemStatus::Approved, ItemStatus::Answered, ItemStatus::Dismissed]);
    prop_oneof![
        3 => (who(), any::<bool>()).prop_map(|(by, moderated)| Command::Ask {
            by: person(by), author: None, text: "a".into(), client_ref: None, moderated,
        }),
        12 => (who(), item(), any::<bool>()).prop_map(|(by, item, up)| Command::Upvote { by: person(by), item, up }),
        2 => (item(), status).prop_map(|(item, status)| Command::Moderate {
            item, status: Some(status), pinned: None, answer: None, labels: None,
        }),
        2 => (item(), item()).prop_map(|(item, into)| Command::Merge { item, into }),
        2 => (who(), item()).prop_map(|(by, item)| Command::Reply {
            by: Speaker::Audience(person(by)), author: None, item, text: "b".into(), client_ref: None,
        }),
        1 => (item(), 1_u32..4).prop_map(|(item, reply)| Command::DropReply { item, reply }),
    ]
}

/// The naive count: groups of items that were merged, and who wants each group.
#[derive(Default)]
struct Model {
    into: BTreeMap<u32, u32>,
    votes: BTreeMap<u32, BTreeSet<u128>>,
}

impl Model {
    fn place(&self, mut item: u32) -> u32 {
        while let Some(into) = self.into.get(&item) {
            item = *into;
        }
        item
    }

    fn note(&mut self, command: &Command, id: u32) {
        match command {
            Command::Ask { .. } => drop(self.votes.insert(id, BTreeSet::new())),
            Command::Upvote { by, up, .. } => {
                let voters = self.votes.get_mut(&id).unwrap();
                if *up {
                    voters.insert(by.0.as_u128())
                } else {
                    voters.remove(&by.0.as_u128())
                };
            }
            Command::Merge { item, .. } if !self.into.contains_key(item) => {
                let moved = self.votes.remove(item).unwrap();
                self.into.insert(*item, id);
                self.votes.get_mut(&id).unwrap().extend(moved);
            }
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn votes_are_a_naive_count_and_the_log_and_a_snapshot_make_the_same_board(
        commands in prop::collection::vec(any_command(), 0..120),
    ) {
        let rules = BoardLimits::default();
        let (mut state, mut folded) = (Board::empty(Uuid::from_u128(7)), Board::empty(Uuid::from_u128(7)));
        let (mut model, mut head) = (Model::default(), 0);
        for command in &commands {
            let entry = EntryId(Uuid::from_u128(head.into()));
            let Decision::Accept { events, answer } = state.decide(&rules, command, entry, 5) else { continue };
            for event in &events {
                head += 1;
                state.apply(head, entry, 5, event);
                folded.apply(head, entry, 5, event);
            }
            let Answered::Item(told) = answer else { continue };
            model.note(command, told.id);
            // What was answered is how the item stands.
            let listed = match state.decide(&rules, &Command::List(Listing { limit: 100, ..Listing::default() }), entry, 5) {
                Decision::Accept { answer: Answered::Items(listed, _), .. } => listed,
                _ => unreachable!("a list is a list"),
            };
            let now = listed.into_iter().find(|listed| listed.item.id == told.id);
            prop_assert_eq!(now.map(|listed| listed.item), Some(*told));
        }
        for (id, item) in &state.items {
            prop_assert_eq!(state.resolve(*id), model.place(*id));
            let voters: BTreeSet<u128> = item.voters.iter().map(|voter| voter.0.as_u128()).collect();
            prop_assert_eq!(voters, model.votes.get(id).cloned().unwrap_or_default());
        }
        let all: usize = state.items.values().map(|item| item.voters.len()).sum();
        prop_assert_eq!(state.votes, all as u64);
        prop_assert_eq!(&folded, &state);
        let saved = codec::store(2, &state.save()).unwrap();
        prop_assert_eq!(Board::restore(Uuid::from_u128(7), codec::restore(&[2], &saved).unwrap()), state);
    }
}
