//! Other people.

pub(crate) mod block;
pub(crate) mod lookup;
pub(crate) mod unblock;
