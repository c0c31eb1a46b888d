//! The body of a stream's answer. Dropping it (the peer has gone, or everything has been sent) is the end of the connection.

use super::pipe::Pipe;
use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use plenum_actors::connection::{Admitted, Shared, UserPlace};
use plenum_actors::hub::ConnectionKey;
use prometheus::IntGauge;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// The body.
pub(super) struct StreamBody {
    pub pipe: Rc<Pipe>,
    pub key: ConnectionKey,
    pub shared: Rc<Shared>,
    /// Streams open now.
    pub open: IntGauge,
    /// Keep the counts of the node and of the account.
    pub _places: (Admitted, UserPlace),
}

impl MessageBody for StreamBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let Self { pipe, key, shared, .. } = &*self;
        pipe.attend(cx);
        let bytes = pipe.take();
        if bytes.is_empty() {
            return if pipe.is_shut() { Poll::Ready(None) } else { Poll::Pending };
        }
        // A peer that takes what we send is alive; one that does not is not asked for more and is closed as silent. What the kernel
        // holds for a dead one it gives up after `http.stalled_ms`.
        shared.hub.with(|core| core.heard(*key));
        if pipe.made_room() {
            shared.hub.writable(*key);
        }
        Poll::Ready(Some(Ok(bytes)))
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        self.open.dec();
        self.shared.hub.with(|core| core.leave(self.key));
    }
}
