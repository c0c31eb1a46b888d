//! What the audience of a conference asks.

pub(crate) mod ask;
pub(crate) mod list;
pub(crate) mod moderate;
pub(crate) mod unvote;
pub(crate) mod upvote;
pub(crate) mod view;
