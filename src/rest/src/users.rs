//! Other people.

pub(crate) mod block;
pub(crate) mod list;
pub(crate) mod lookup;
pub(crate) mod presence;
pub(crate) mod set_active;
pub(crate) mod set_role;
pub(crate) mod unblock;
