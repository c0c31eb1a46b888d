//! The rules, one by one.

mod changes;
mod rooms;

use super::{Answer, Command, Conversation, ConversationLimits, Member};
use crate::aggregate::{Aggregate, Decision};
use plenum_schema::conversation::{ConversationEvent, ConversationKind, Role};
use plenum_schema::{Attachment, Content, ContentKind, ConversationId, EntryId, Refusal, RefusalCode, UserId};
use uuid::Uuid;

const OWNER: UserId = UserId(Uuid::from_u128(1));
const ADMIN: UserId = UserId(Uuid::from_u128(2));
const MEMBER: UserId = UserId(Uuid::from_u128(3));
const STRANGER: UserId = UserId(Uuid::from_u128(9));

/// Decides and applies, as an owner with an untroubled log would.
struct Table {
    state: Conversation,
    limits: ConversationLimits,
    head: u64,
}

impl Table {
    fn of(id: Uuid) -> Self {
        Self { state: Conversation::empty(id), limits: ConversationLimits::default(), head: 0 }
    }

    /// A group with an owner, an admin and a member.
    fn group() -> Self {
        let mut table = Self::of(Uuid::from_u128(7));
        table.ask(group_of(OWNER, vec![ADMIN, MEMBER])).unwrap();
        table.ask(Command::AddMember { by: OWNER, user: ADMIN, role: Role::Admin }).unwrap();
        table
    }

    fn ask(&mut self, command: impl std::borrow::Borrow<Command>) -> Result<Answer, Refusal> {
        let entry = EntryId(Uuid::from_u128(1_000 + u128::from(self.head)));
        match self.state.decide(&self.limits, command.borrow(), entry, 5) {
            Decision::Refuse(refusal) => Err(refusal),
            Decision::Accept { events, answer } => {
                let is_new = !events.is_empty();
                for event in events {
                    self.head += 1;
                    self.state.apply(self.head, entry, 5, &event);
                }
                Ok(if is_new { Conversation::settle(answer, self.head, entry) } else { answer })
            }
        }
    }

    fn refused(&mut self, command: impl std::borrow::Borrow<Command>) -> RefusalCode {
        let head = self.head;
        let code = self.ask(command).unwrap_err().code;
        assert_eq!(self.head, head);
        code
    }
}

fn group_of(by: UserId, members: Vec<UserId>) -> Command {
    Command::Create { kind: ConversationKind::Group, title: Some("title".into()), by, members }
}

fn direct_of(by: UserId, members: Vec<UserId>) -> Command {
    Command::Create { kind: ConversationKind::Direct, title: None, by, members }
}

fn send(author: UserId, text: &str, client_ref: Option<&str>) -> Command {
    Command::Send { author, client_ref: client_ref.map(str::to_owned), content: Content::text(text) }
}

#[test]
fn what_is_attached_has_an_address_and_its_bounds() {
    let mut table = Table::group();
    let attachment = |url: &str| Attachment { url: url.into(), name: None, mime_type: None, size: None };
    let mut sent = |attachments: Vec<Attachment>| {
        let content = Content { kind: ContentKind::Image, text: String::new(), attachments };
        table.ask(Command::Send { author: MEMBER, client_ref: None, content }).map_err(|refusal| refusal.code)
    };
    assert!(sent(vec![attachment("https://a.example/x"), attachment("/y")]).is_ok());
    assert_eq!(sent(Vec::new()).unwrap_err(), RefusalCode::Invalid);
    for wrong in
        ["", "javascript:alert(1)", "ftp://a.example", "https://a.example/a b", &format!("/{}", "x".repeat(2_048))]
    {
        assert_eq!(sent(vec![attachment(wrong)]).unwrap_err(), RefusalCode::Invalid, "{wrong}");
    }
    let long = Attachment { name: Some("x".repeat(256)), ..attachment("/y") };
    assert_eq!(sent(vec![long]).unwrap_err(), RefusalCode::Invalid);
    assert_eq!(sent(vec![attachment("/y"); 11]).unwrap_err(), RefusalCode::LimitReached);
}

#[test]
fn a_direct_conversation_is_created_once_whoever_asks() {
    let mut table = Table::of(ConversationId::direct(ADMIN, MEMBER).0);
    let first = table.ask(direct_of(ADMIN, vec![MEMBER])).unwrap();
    let second = table.ask(direct_of(MEMBER, vec![ADMIN])).unwrap();
    assert!(matches!(first, Answer::Created { existing: false, .. }));
    assert_eq!(second, Answer::Created { existing: true, members: vec![ADMIN, MEMBER] });
    assert_eq!(table.head, 1);
}

#[test]
fn a_direct_conversation_is_between_exactly_its_pair() {
    let id = ConversationId::direct(ADMIN, MEMBER).0;
    assert_eq!(Table::of(id).refused(direct_of(ADMIN, vec![OWNER])), RefusalCode::Invalid);
    assert_eq!(Table::of(id).refused(direct_of(ADMIN, vec![MEMBER, OWNER])), RefusalCode::Invalid);
    assert_eq!(Table::of(id).refused(direct_of(ADMIN, vec![])), RefusalCode::Invalid);
    let mut alone = Table::of(ConversationId::direct(ADMIN, ADMIN).0);
    assert!(alone.ask(direct_of(ADMIN, vec![ADMIN])).is_ok());
}

#[test]
fn a_direct_conversation_keeps_its_members_and_has_no_title() {
    let mut table = Table::of(ConversationId::direct(ADMIN, MEMBER).0);
    table.ask(direct_of(ADMIN, vec![MEMBER])).unwrap();
    let add = Command::AddMember { by: ADMIN, user: OWNER, role: Role::Member };
    assert_eq!(table.refused(add), RefusalCode::Conflict);
    assert_eq!(table.refused(Command::RemoveMember { by: ADMIN, user: ADMIN }), RefusalCode::Conflict);
    assert_eq!(table.refused(Command::SetTitle { by: ADMIN, title: "t".into() }), RefusalCode::Conflict);
}

#[test]
fn a_stranger_cannot_tell_whether_a_conversation_exists() {
    let (mut present, mut absent) = (Table::group(), Table::of(Uuid::from_u128(8)));
    let commands = [
        send(STRANGER, "hello", Some("r")),
        Command::AddMember { by: STRANGER, user: STRANGER, role: Role::Member },
        Command::RemoveMember { by: STRANGER, user: MEMBER },
        Command::SetTitle { by: STRANGER, title: "t".into() },
        Command::Access { user: STRANGER, known: 0 },
        Command::Members { user: STRANGER, after: None, limit: 10 },
    ];
    for command in commands {
        let refusals = (present.ask(&command).unwrap_err(), absent.ask(&command).unwrap_err());
        assert_eq!(refusals.0, refusals.1, "{command:?}");
        assert_eq!(refusals.0.code, RefusalCode::NotFound);
    }
    assert_eq!(present.refused(group_of(STRANGER, vec![])), RefusalCode::NotFound);
}

#[test]
fn messages_are_numbered_without_counting_other_events() {
    let mut table = Table::group();
    table.ask(send(MEMBER, "one", None)).unwrap();
    table.ask(Command::SetTitle { by: OWNER, title: "new".into() }).unwrap();
    let Answer::Sent(sent) = table.ask(send(OWNER, "two", Some("r"))).unwrap() else { panic!() };
    assert_eq!((sent.offset, sent.duplicate, table.state.messages()), (5, false, 2));
    let Answer::Access(access) = table.ask(Command::Access { user: MEMBER, known: 0 }).unwrap() else { panic!() };
    assert_eq!((access.head, access.messages, access.own_number), (5, 2, 1));
}

#[test]
fn a_text_and_a_client_ref_keep_their_limits() {
    let mut table = Table::group();
    table.limits.text_bytes = 10;
    assert_eq!(table.refused(send(MEMBER, "", None)), RefusalCode::Invalid);
    assert_eq!(table.refused(send(MEMBER, "éééééé", None)), RefusalCode::TooLarge);
    assert!(table.ask(send(MEMBER, "ééééé", None)).is_ok());
    for bad in ["", "a\u{7}b", &"x".repeat(65)] {
        assert_eq!(table.refused(send(MEMBER, "text", Some(bad))), RefusalCode::Invalid);
    }
    assert!(table.ask(send(MEMBER, "text", Some(&"x".repeat(64)))).is_ok());
}

#[test]
fn roles_decide_who_adds_and_removes_whom() {
    let add = |by, user, role| Command::AddMember { by, user, role };
    let remove = |by, user| Command::RemoveMember { by, user };
    let mut table = Table::group();
    assert_eq!(table.refused(add(MEMBER, STRANGER, Role::Member)), RefusalCode::Forbidden);
    assert_eq!(table.refused(add(ADMIN, STRANGER, Role::Admin)), RefusalCode::Forbidden);
    assert_eq!(table.refused(add(OWNER, STRANGER, Role::Owner)), RefusalCode::Invalid);
    assert_eq!(table.refused(add(ADMIN, OWNER, Role::Member)), RefusalCode::Forbidden);
    assert!(table.ask(add(ADMIN, STRANGER, Role::Member)).is_ok());
    assert_eq!(table.refused(remove(MEMBER, STRANGER)), RefusalCode::Forbidden);
    assert_eq!(table.refused(remove(ADMIN, OWNER)), RefusalCode::Forbidden);
    assert_eq!(table.refused(remove(OWNER, OWNER)), RefusalCode::Forbidden);
    assert!(table.ask(remove(ADMIN, STRANGER)).is_ok());
    assert!(table.ask(remove(MEMBER, MEMBER)).is_ok(), "everybody but the owner may leave");
    assert_eq!(table.refused(send(MEMBER, "gone", None)), RefusalCode::NotFound);
}

#[test]
fn a_change_that_changes_nothing_is_not_written() {
    let mut table = Table::group();
    let head = table.head;
    let again = Command::AddMember { by: OWNER, user: ADMIN, role: Role::Admin };
    assert_eq!(table.ask(again), Ok(Answer::Changed { offset: head }));
    let same = Command::SetTitle { by: ADMIN, title: "title".into() };
    assert_eq!(table.ask(same), Ok(Answer::Changed { offset: head }));
    let absent = Command::RemoveMember { by: ADMIN, user: STRANGER };
    assert_eq!(table.ask(absent), Ok(Answer::Changed { offset: head }));
    assert_eq!(table.head, head);
}

#[test]
fn a_group_and_its_title_keep_their_limits() {
    let users = |count: u128| (100..100 + count).map(|number| UserId(Uuid::from_u128(number))).collect::<Vec<_>>();
    let mut table = Table::of(Uuid::from_u128(7));
    table.limits.group_members = 3;
    assert_eq!(table.refused(group_of(OWNER, users(3))), RefusalCode::LimitReached);
    assert!(table.ask(group_of(OWNER, users(2))).is_ok());
    let third = Command::AddMember { by: OWNER, user: STRANGER, role: Role::Member };
    assert_eq!(table.refused(third), RefusalCode::LimitReached);
    for (title, code) in [(" ", RefusalCode::Invalid), ("a\nb", RefusalCode::Invalid)] {
        assert_eq!(table.refused(Command::SetTitle { by: OWNER, title: title.into() }), code);
    }
    assert_eq!(table.refused(Command::SetTitle { by: OWNER, title: "é".repeat(121) }), RefusalCode::TooLarge);
    assert!(table.ask(Command::SetTitle { by: OWNER, title: "é".repeat(120) }).is_ok());
}

#[test]
fn the_largest_group_that_can_be_created_fits_into_one_entry() {
    let members = (0..1_000).map(|number| UserId(Uuid::from_u128(u128::MAX - number))).collect();
    let state = Conversation::empty(Uuid::from_u128(7));
    let command = Command::Create {
        kind: ConversationKind::Group,
        title: Some("é".repeat(120)),
        by: UserId(Uuid::from_u128(u128::MAX)),
        members,
    };
    let decision = state.decide(&ConversationLimits::default(), &command, EntryId(Uuid::nil()), 0);
    let Decision::Accept { events, .. } = decision else { panic!("{decision:?}") };
    let stored = plenum_schema::conversation::Stored { at: i64::MAX, event: events[0].clone() };
    assert!(plenum_schema::codec::store(1, &stored).unwrap().len() < crate::store::MAX_ENTRY_BYTES);
}

#[test]
fn the_largest_message_fits_into_one_entry() {
    let table = Table::group();
    let text = "\u{1}".repeat(plenum_schema::content::MAX_TEXT_BYTES);
    let decision =
        table.state.decide(&table.limits, &send(MEMBER, &text, Some(&"r".repeat(64))), EntryId(Uuid::nil()), 0);
    let Decision::Accept { events, .. } = decision else { panic!("{decision:?}") };
    let stored = plenum_schema::conversation::Stored { at: i64::MAX, event: events[0].clone() };
    assert!(plenum_schema::codec::store(1, &stored).unwrap().len() < crate::store::MAX_ENTRY_BYTES);
}

#[test]
fn who_left_is_not_told_what_a_repetition_did() {
    let mut table = Table::group();
    table.ask(send(MEMBER, "one", Some("r"))).unwrap();
    let again = send(MEMBER, "one", Some("r"));
    let id = table.state.entry_id(&again).unwrap();
    assert!(table.state.repeat(&table.limits, &again, 3, id).is_ok());
    table.ask(Command::RemoveMember { by: OWNER, user: MEMBER }).unwrap();
    assert_eq!(table.state.repeat(&table.limits, &again, 3, id).unwrap_err().code, RefusalCode::NotFound);
}

#[test]
fn members_are_listed_in_pages() {
    let mut table = Table::group();
    let page = |table: &mut Table, after| match table.ask(Command::Members { user: MEMBER, after, limit: 2 }) {
        Ok(Answer::Members(list)) => list,
        other => panic!("{other:?}"),
    };
    let member = |user, role| Member { user, role };
    assert_eq!(page(&mut table, None), vec![member(OWNER, Role::Owner), member(ADMIN, Role::Admin)]);
    assert_eq!(page(&mut table, Some(ADMIN)), vec![member(MEMBER, Role::Member)]);
    assert_eq!(page(&mut table, Some(MEMBER)), vec![]);
}

#[test]
fn an_event_is_published_as_it_is() {
    let mut table = Table::group();
    let decision = table.state.decide(&table.limits, &send(MEMBER, "x", None), EntryId(Uuid::nil()), 0);
    let Decision::Accept { events, .. } = decision else { panic!("{decision:?}") };
    assert!(matches!(&events[0], ConversationEvent::Message(message) if message.number == 1));
    let published = plenum_schema::wire::Event::Conversation(events[0].clone());
    assert_eq!(Conversation::publish(&events[0]), Some(published));
    assert!(table.ask(send(MEMBER, "x", None)).is_ok());
}
