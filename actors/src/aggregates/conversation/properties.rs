//! What holds after any commands in any order.

use super::{Answer, Command, Conversation, ConversationLimits, read_digest};
use crate::aggregate::{Aggregate, Decision};
use plenum_schema::conversation::{ConversationEvent, ConversationKind, DIGEST_AUTHORS, DIGEST_MEMBERS, Role};
use plenum_schema::{Content, EntryId, UserId};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

fn user(number: u8) -> UserId {
    UserId(Uuid::from_u128(u128::from(number)))
}

fn anybody() -> impl Strategy<Value = UserId> {
    (0_u8..14).prop_map(user)
}

fn any_command() -> impl Strategy<Value = Command> {
    let role = prop_oneof![Just(Role::Member), Just(Role::Admin), Just(Role::Owner)];
    let client_ref = proptest::option::of("[a-c]");
    prop_oneof![
        6 => (anybody(), client_ref, "[a-zé👋]{1,80}").prop_map(|(author, client_ref, text)| Command::Send {
            author,
            client_ref,
            content: Content::text(text)
        }),
        3 => (anybody(), anybody(), role).prop_map(|(by, user, role)| Command::AddMember { by, user, role }),
        2 => (anybody(), anybody()).prop_map(|(by, user)| Command::RemoveMember { by, user }),
        1 => (anybody(), "[a-z]{1,5}").prop_map(|(by, title)| Command::SetTitle { by, title }),
        1 => (anybody(), prop::collection::vec(anybody(), 0..12)).prop_map(|(by, members)| Command::Create {
            kind: ConversationKind::Group,
            title: None,
            by,
            members
        }),
    ]
}

/// Carries commands out as an owner does: repetitions by entry id, everything else decided.
#[derive(Debug, Default)]
struct Run {
    log: Vec<(EntryId, ConversationEvent)>,
    sent: BTreeMap<(UserId, String), u64>,
}

impl Run {
    fn carry_out(&mut self, state: &mut Conversation, command: &Command) {
        let derived = state.entry_id(command);
        let entry = derived.unwrap_or(EntryId(Uuid::from_u128(0xffff_0000 + self.log.len() as u128)));
        if let Some(at) = self.log.iter().position(|(id, _)| derived == Some(*id)) {
            if let Ok(Answer::Sent(sent)) = state.repeat(command, at as u64 + 1, entry) {
                self.acked(command, sent.offset);
            }
            return;
        }
        let decision = state.decide(&ConversationLimits::default(), command, entry, self.log.len() as i64);
        let Decision::Accept { events, answer } = decision else { return };
        for event in events {
            self.log.push((entry, event.clone()));
            state.apply(self.log.len() as u64, entry, self.log.len() as i64, &event);
        }
        if let Answer::Sent(sent) = Conversation::settle(answer, self.log.len() as u64, entry) {
            self.acked(command, sent.offset);
        }
    }

    fn acked(&mut self, command: &Command, offset: u64) {
        if let Command::Send { author, client_ref: Some(client_ref), .. } = command {
            let first = *self.sent.entry((*author, client_ref.clone())).or_insert(offset);
            assert_eq!(first, offset, "a client ref has two offsets");
        }
    }

    fn messages(&self) -> impl Iterator<Item = &plenum_schema::conversation::Message> {
        self.log.iter().filter_map(|(_, event)| match event {
            ConversationEvent::Message(message) => Some(message),
            _ => None,
        })
    }
}

fn carried_out(commands: &[Command]) -> (Conversation, Run) {
    let mut state = Conversation::empty(Uuid::from_u128(7));
    let mut run = Run::default();
    let members = (1..6).map(user).collect();
    let create = Command::Create { kind: ConversationKind::Group, title: None, by: user(0), members };
    run.carry_out(&mut state, &create);
    for command in commands {
        run.carry_out(&mut state, command);
    }
    (state, run)
}

proptest! {
    #[test]
    fn numbers_of_messages_are_dense(commands in prop::collection::vec(any_command(), 0..120)) {
        let (state, run) = carried_out(&commands);
        let numbers: Vec<u64> = run.messages().map(|message| message.number).collect();
        prop_assert_eq!(&numbers, &(1..=numbers.len() as u64).collect::<Vec<_>>());
        prop_assert_eq!(state.messages(), numbers.len() as u64);
    }

    #[test]
    fn unread_by_digest_or_access_is_what_a_recount_of_the_log_gives(
        commands in prop::collection::vec(any_command(), 0..120), read in 0_u64..60
    ) {
        let (state, run) = carried_out(&commands);
        let digest = read_digest(&state.digest()).unwrap();
        for (member, seat) in &state.members {
            // Since they joined last: an own number is forgotten when somebody leaves.
            let joined = run.log.iter().rposition(|(_, event)| matches!(event,
                ConversationEvent::MemberRemoved(removed) if removed.user == *member)).unwrap_or(0);
            let own = run.log[joined..].iter().filter_map(|(_, event)| match event {
                ConversationEvent::Message(message) if message.author == *member => Some(message.number),
                _ => None,
            }).max().unwrap_or(0);
            prop_assert_eq!(seat.last_number, own);
            let read = read.min(state.messages());
            let unread = run.messages().filter(|message| message.number > read.max(own)).count() as u64;
            prop_assert_eq!(digest.messages - read.max(seat.last_number), unread);
        }
        // The digest's authors are the last different ones, latest last.
        let mut authors = Vec::new();
        for message in run.messages() {
            authors.retain(|known: &(UserId, u64)| known.0 != message.author);
            authors.push((message.author, message.number));
        }
        let last = authors.split_off(authors.len().saturating_sub(DIGEST_AUTHORS));
        prop_assert_eq!(digest.authors.iter().map(|one| (one.author, one.number)).collect::<Vec<_>>(), last);
    }

    #[test]
    fn the_digest_names_members_and_counts_them_all(commands in prop::collection::vec(any_command(), 0..120)) {
        let (state, _) = carried_out(&commands);
        let digest = read_digest(&state.digest()).unwrap();
        prop_assert_eq!(digest.member_count, state.members.len() as u64);
        prop_assert_eq!(digest.members.len(), state.members.len().min(DIGEST_MEMBERS));
        let named: BTreeSet<_> = digest.members.iter().collect();
        prop_assert_eq!(named.len(), digest.members.len());
        prop_assert!(named.iter().all(|user| state.members.contains_key(user)));
        prop_assert!(state.digest().len() < 1_500);
    }

    #[test]
    fn there_is_one_owner_always(commands in prop::collection::vec(any_command(), 0..120)) {
        let (state, _) = carried_out(&commands);
        let owners: Vec<_> = state.members.iter().filter(|(_, seat)| seat.role == Role::Owner).collect();
        prop_assert_eq!(owners.len(), 1);
        prop_assert_eq!(*owners[0].0, user(0));
    }

    #[test]
    fn folding_the_log_or_a_snapshot_and_the_rest_gives_the_same_state(
        commands in prop::collection::vec(any_command(), 0..80), cut in 0_usize..80
    ) {
        let (state, run) = carried_out(&commands);
        let mut folded = Conversation::empty(Uuid::from_u128(7));
        for (index, (id, event)) in run.log.iter().enumerate() {
            if index == cut {
                folded = Conversation::restore(Uuid::from_u128(7), folded.save());
            }
            folded.apply(index as u64 + 1, *id, index as i64 + 1, event);
        }
        prop_assert_eq!(folded, state);
    }
}
