//! The native protocol over plain HTTP: server-sent events and long polling.

mod documents;
mod events;
mod poll;
mod poll_end;
mod poller;
mod reading;
mod stream;
mod stream_end;
mod stream_resume;
