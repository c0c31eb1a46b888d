//! The rules of rooms.

use super::super::{Answer, Command};
use super::{ADMIN, MEMBER, OWNER, STRANGER, Table, send};
use plenum_schema::conversation::Role;
use plenum_schema::room::RoomInfo;
use plenum_schema::{RefusalCode, UserId};
use uuid::Uuid;

fn info() -> RoomInfo {
    RoomInfo { public: true, description: None, subject: None, logo: None, max_participants: 3, active: true }
}

fn room(info: RoomInfo) -> Table {
    let mut table = Table::of(Uuid::from_u128(7));
    table.ask(Command::CreateRoom { by: OWNER, title: "room".into(), info }).unwrap();
    table
}

fn join(user: UserId) -> Command {
    Command::Join { user }
}

fn change(by: UserId, info: RoomInfo, expected: Option<u64>) -> Command {
    Command::ChangeRoom { by, title: "room".into(), info, expected }
}

#[test]
fn a_public_room_is_joined_until_it_is_full_and_a_place_that_becomes_free_is_taken() {
    let mut table = room(info());
    table.ask(join(ADMIN)).unwrap();
    assert_eq!(table.ask(join(ADMIN)), Ok(Answer::Changed { offset: 2 }), "joining again changes nothing");
    table.ask(join(MEMBER)).unwrap();
    assert_eq!(table.refused(join(STRANGER)), RefusalCode::Conflict);
    table.ask(Command::RemoveMember { by: MEMBER, user: MEMBER }).unwrap();
    table.ask(join(STRANGER)).unwrap();
    assert_eq!(table.refused(join(MEMBER)), RefusalCode::Conflict);
    let add = Command::AddMember { by: OWNER, user: MEMBER, role: Role::Member };
    assert_eq!(table.refused(add), RefusalCode::LimitReached);
}

#[test]
fn a_private_room_is_hidden_from_strangers_and_its_admins_add_people() {
    let mut table = room(RoomInfo { public: false, ..info() });
    assert_eq!(table.refused(join(STRANGER)), RefusalCode::NotFound);
    assert_eq!(table.refused(Command::Room { user: None }), RefusalCode::NotFound);
    table.ask(Command::AddMember { by: OWNER, user: MEMBER, role: Role::Member }).unwrap();
    let Ok(Answer::Room(view)) = table.ask(Command::Room { user: Some(MEMBER) }) else { panic!() };
    assert_eq!((view.role, view.member_count, view.version), (Some(Role::Member), 2, 1));
}

#[test]
fn a_room_that_is_not_active_or_closed_takes_nobody_and_no_message() {
    let mut table = room(info());
    table.ask(join(MEMBER)).unwrap();
    table.ask(change(OWNER, RoomInfo { active: false, ..info() }, Some(1))).unwrap();
    assert_eq!(table.refused(join(STRANGER)), RefusalCode::Conflict);
    assert_eq!(table.refused(send(MEMBER, "x", None)), RefusalCode::Conflict);
    table.ask(change(OWNER, info(), Some(2))).unwrap();
    assert_eq!(table.refused(Command::CloseRoom { by: MEMBER }), RefusalCode::Forbidden);
    table.ask(Command::CloseRoom { by: OWNER }).unwrap();
    assert_eq!(table.ask(Command::CloseRoom { by: OWNER }), Ok(Answer::Changed { offset: 5 }));
    assert_eq!(table.refused(join(STRANGER)), RefusalCode::Gone);
    assert_eq!(table.refused(send(MEMBER, "x", None)), RefusalCode::Gone);
    assert!(table.ask(Command::Access { user: MEMBER, known: 0 }).is_ok(), "members still read");
}

#[test]
fn a_change_of_a_room_names_the_version_that_it_saw() {
    let mut table = room(info());
    table.ask(join(MEMBER)).unwrap();
    let wider = || RoomInfo { max_participants: 5, ..info() };
    assert_eq!(table.refused(change(MEMBER, wider(), None)), RefusalCode::Forbidden);
    table.ask(change(OWNER, wider(), Some(1))).unwrap();
    let lost = table.ask(change(OWNER, info(), Some(1))).unwrap_err();
    assert_eq!((lost.code, lost.field.as_deref()), (RefusalCode::Conflict, Some("version")));
    assert_eq!(table.ask(change(OWNER, wider(), Some(2))), Ok(Answer::Changed { offset: 3 }), "nothing to change");
    let narrow = RoomInfo { max_participants: 1, ..info() };
    assert_eq!(table.refused(change(OWNER, narrow, None)), RefusalCode::Conflict);
}

#[test]
fn what_is_said_about_a_room_keeps_its_limits() {
    let create = |title: &str, info| Command::CreateRoom { by: OWNER, title: title.into(), info };
    let refused = |command| Table::of(Uuid::from_u128(7)).refused(command);
    assert_eq!(refused(create("", info())), RefusalCode::Invalid);
    for places in [0, 1_001, u32::MAX] {
        assert_eq!(refused(create("r", RoomInfo { max_participants: places, ..info() })), RefusalCode::Invalid);
    }
    let long = RoomInfo { description: Some("é".repeat(2_001)), ..info() };
    assert_eq!(refused(create("r", long)), RefusalCode::TooLarge);
    let bad = RoomInfo { logo: Some("http://x\u{7}".into()), ..info() };
    assert_eq!(refused(create("r", bad)), RefusalCode::Invalid);
}

#[test]
fn a_room_is_made_once_and_is_no_group() {
    let mut table = room(info());
    let again = Command::CreateRoom { by: OWNER, title: "other".into(), info: info() };
    assert!(matches!(table.ask(again), Ok(Answer::Created { existing: true, .. })));
    assert_eq!(table.refused(Command::SetTitle { by: OWNER, title: "x".into() }), RefusalCode::Conflict);
    let mut group = Table::group();
    for command in [join(STRANGER), Command::Room { user: Some(OWNER) }] {
        assert_eq!(group.refused(command), RefusalCode::NotFound);
    }
}
