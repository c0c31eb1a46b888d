//! The body of a stream's answer. Dropping it (the peer has gone, or everything has been sent) is the end of the connection.

use super::pipe::{COMMENT, Pipe};
use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use plenum_actors::connection::{Admitted, Shared, UserPlace};
use plenum_actors::hub::ConnectionKey;
use prometheus::IntGauge;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// Between the two writes of a probe: time for the answer to the first (a reset) to arrive.
const PROBE: Duration = Duration::from_secs(1);

/// The body.
pub(super) struct StreamBody {
    pub pipe: Rc<Pipe>,
    pub key: ConnectionKey,
    pub shared: Rc<Shared>,
    /// Streams open now.
    pub open: IntGauge,
    /// A probe whose second write is to come. A peer that has closed answers the first one with a reset, which fails the second.
    pub probe: Option<Pin<Box<Sleep>>>,
    /// Keep the counts of the node and of the account.
    pub _places: (Admitted, UserPlace),
}

impl MessageBody for StreamBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let pipe = self.pipe.clone();
        pipe.attend(cx);
        let bytes = pipe.take();
        if bytes.is_empty() {
            return if pipe.is_shut() { Poll::Ready(None) } else { self.poll_probe(cx) };
        }
        pipe.expect();
        // A peer that takes what we send is alive; one that does not is not asked for more and is closed as silent. What the kernel
        // holds for a dead one it gives up after `http.stalled_ms`.
        self.shared.hub.with(|core| core.heard(self.key));
        if pipe.made_room() {
            self.shared.hub.writable(self.key);
        }
        Poll::Ready(Some(Ok(bytes)))
    }
}

impl StreamBody {
    /// There is nothing to send. The HTTP layer does not tell a body that its peer has closed, but asks it when something happens.
    fn poll_probe(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let is_asked_out_of_turn = self.pipe.is_asked_out_of_turn();
        match self.probe.as_mut().map(|second| second.as_mut().poll(cx)) {
            Some(Poll::Pending) => return Poll::Pending,
            Some(Poll::Ready(())) => self.probe = None,
            None if is_asked_out_of_turn => self.probe = Some(Box::pin(sleep(PROBE))),
            None => return Poll::Pending,
        }
        self.pipe.expect();
        Poll::Ready(Some(Ok(Bytes::from_static(COMMENT))))
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        self.open.dec();
        self.shared.hub.with(|core| core.leave(self.key));
    }
}
