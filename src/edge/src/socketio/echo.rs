//! `echo`: the arguments back in the callback, binary data too. For testing a connection end to end.

use super::packet::ROOT;
use bytes::Bytes;
use plenum_socketio::Args;
use plenum_socketio::encode::{self, Arguments};

/// The answer to an `echo` with a callback.
pub(super) fn answer(id: u64, args: &Args<'_>) -> Bytes {
    encode::ack(args.parser(), ROOT, id, &Arguments::new().with_args(args))
}
