//! Other people.

pub(crate) mod lookup;
