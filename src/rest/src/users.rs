//! Other people.

pub(crate) mod lookup;
pub(crate) mod presence;
