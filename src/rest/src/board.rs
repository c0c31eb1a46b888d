//! What the audience of a conference asks.

pub(crate) mod ask;
pub(crate) mod drop_reply;
pub(crate) mod list;
pub(crate) mod merge;
pub(crate) mod moderate;
pub(crate) mod order;
pub(crate) mod reply;
pub(crate) mod unvote;
pub(crate) mod upvote;
pub(crate) mod view;
