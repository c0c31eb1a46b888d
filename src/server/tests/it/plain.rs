//! The native protocol over plain HTTP: server-sent events and long polling.

mod documents;
pub mod events;
mod poll;
mod poll_end;
pub mod poller;
mod reading;
mod stream;
mod stream_end;
mod stream_resume;
