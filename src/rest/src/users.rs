//! Other people.

pub(crate) mod block;
pub(crate) mod blocked;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod leaderboard;
pub(crate) mod list;
pub(crate) mod lookup;
pub(crate) mod presence;
pub(crate) mod profile;
pub(crate) mod set_active;
pub(crate) mod set_role;
pub(crate) mod unblock;
pub(crate) mod update;
pub(crate) mod view;
