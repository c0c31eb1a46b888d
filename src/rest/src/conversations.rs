//! Conversations: start, list, read, write, mark, members.

pub(crate) mod add_member;
pub(crate) mod archive;
pub(crate) mod changes;
pub(crate) mod create;
pub(crate) mod delete_message;
pub(crate) mod direct_messages;
pub(crate) mod edit_message;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod mark;
pub(crate) mod members;
pub(crate) mod messages;
pub(crate) mod mute;
pub(crate) mod presence;
pub(crate) mod react;
pub(crate) mod readers;
pub(crate) mod remove_member;
pub(crate) mod room_messages;
pub(crate) mod search;
pub(crate) mod send;
pub(crate) mod set_title;
pub(crate) mod settings;
pub(crate) mod unarchive;
pub(crate) mod unmute;
pub(crate) mod unreact;
pub(crate) mod view;
