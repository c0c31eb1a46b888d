//! What holds after any commands in any order.

use super::{Answer, Change, Command, Conversation, ConversationLimits, Target, read_digest};
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
            if let Ok(Answer::Sent(sent)) = state.repeat(&ConversationLimits::default(), command, at as u64 + 1, entry)
            {
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

/// A change of the nth message with facts as of some events ago.
fn any_change() -> impl Strategy<Value = (u8, usize, usize, u8)> {
    (0_u8..14, 0_usize..40, 0_usize..8, 0_u8..8)
}

/// The change with what the log said about its message `ago` events ago, as a service would have read it.
fn change_of(run: &Run, (by, nth, ago, what): (u8, usize, usize, u8)) -> Option<Command> {
    let messages: Vec<usize> =
        (0..run.log.len()).filter(|at| matches!(run.log[*at].1, ConversationEvent::Message(_))).collect();
    let at = *messages.get(nth % messages.len().max(1))?;
    let ConversationEvent::Message(message) = &run.log[at].1 else { return None };
    let (offset, as_of) = (at as u64 + 1, run.log.len().saturating_sub(ago).max(at + 1));
    let mut facts = Target {
        offset,
        id: message.id,
        author: message.author,
        at: 0,
        kind: plenum_schema::ContentKind::Text,
        as_of: as_of as u64,
        revision: 0,
        is_deleted: false,
        is_so: false,
        kinds: 0,
        has_kind: false,
        reactions: 0,
    };
    let emoji = format!("e{}", what % 5);
    let mut reactions = BTreeSet::new();
    for (place, (_, event)) in run.log[..as_of].iter().enumerate().filter(|(_, (_, e))| e.target() == Some(offset)) {
        facts.revision = place as u64 + 1;
        match event {
            ConversationEvent::MessageDeleted(_) => facts.is_deleted = true,
            ConversationEvent::ReactionAdded(added) => drop(reactions.insert((added.emoji.clone(), added.by))),
            ConversationEvent::ReactionRemoved(gone) => drop(reactions.remove(&(gone.emoji.clone(), gone.by))),
            _ => {}
        }
    }
    let kinds: BTreeSet<&String> = reactions.iter().map(|(emoji, _)| emoji).collect();
    (facts.kinds, facts.has_kind, facts.reactions) = (kinds.len(), kinds.contains(&emoji), reactions.len());
    let has = reactions.contains(&(emoji.clone(), user(by)));
    let (change, is_so) = match what {
        0 => (Change::Delete, facts.is_deleted),
        1 | 2 => (Change::Edit { content: Content::text(format!("edit {as_of}")) }, false),
        3 => (Change::Unreact { emoji }, !has),
        _ => (Change::React { emoji }, has),
    };
    facts.is_so = is_so;
    let by = if matches!(change, Change::Edit { .. }) { message.author } else { user(by) };
    Some(Command::Change { by, client_ref: None, change, target: facts })
}

proptest! {
    #[test]
    fn outdated_facts_never_change_a_deleted_message_nor_pass_the_limit_of_kinds(
        commands in prop::collection::vec(any_command(), 5..40), changes in prop::collection::vec(any_change(), 0..120)
    ) {
        let (mut state, mut run) = carried_out(&commands);
        let limits = ConversationLimits { reaction_kinds: 3, ..ConversationLimits::default() };
        for change in changes {
            let Some(command) = change_of(&run, change) else { continue };
            let entry = EntryId(Uuid::from_u128(0xeeee_0000 + run.log.len() as u128));
            let decision = state.decide(&limits, &command, entry, run.log.len() as i64);
            let Decision::Accept { events, .. } = decision else { continue };
            for event in events {
                run.log.push((entry, event.clone()));
                state.apply(run.log.len() as u64, entry, run.log.len() as i64, &event);
            }
        }
        let mut deleted = BTreeSet::new();
        let mut reactions: BTreeMap<u64, BTreeSet<(String, UserId)>> = BTreeMap::new();
        for (_, event) in &run.log {
            let Some(target) = event.target() else { continue };
            prop_assert!(!deleted.contains(&target), "{event:?} after the deletion");
            let on = reactions.entry(target).or_default();
            match event {
                ConversationEvent::MessageDeleted(_) => drop(deleted.insert(target)),
                ConversationEvent::ReactionAdded(added) => drop(on.insert((added.emoji.clone(), added.by))),
                ConversationEvent::ReactionRemoved(gone) => drop(on.remove(&(gone.emoji.clone(), gone.by))),
                _ => {}
            }
            let kinds: BTreeSet<&String> = on.iter().map(|(emoji, _)| emoji).collect();
            prop_assert!(kinds.len() <= 3, "{kinds:?}");
        }
        let mut folded = Conversation::restore(Uuid::from_u128(7), state.save());
        prop_assert_eq!(&folded, &state);
        folded = Conversation::empty(Uuid::from_u128(7));
        for (index, (id, event)) in run.log.iter().enumerate() {
            folded.apply(index as u64 + 1, *id, index as i64 + 1, event);
        }
        prop_assert_eq!(folded, state);
    }

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
