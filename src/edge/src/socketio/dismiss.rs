//! A WebSocket that was opened for a session and is of no use to it ends as the reference ends it: by a close frame without a code. The
//! session goes on as it is.

use crate::native::link::{Link, Room};
use crate::native::{READS_A_TURN, with_scratch};
use plenum_actors::hub::Socket;
use plenum_websocket::encode::close_reply;
use std::future::poll_fn;
use std::io::IoSlice;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Says so to the peer, and gives it this long to answer.
pub(super) fn dismiss(link: Rc<Link>, within: Duration) {
    actix::spawn(async move {
        let farewell = close_reply(None);
        if link.try_write(&[IoSlice::new(&farewell)]).is_err() {
            // It does not even take two bytes: it is broken, or its peer does not read.
            return;
        }
        let mut is_ended = false;
        // Whoever does not answer is cut off.
        let _late = tokio::time::timeout(within, poll_fn(|cx| until_gone(&link, &mut is_ended, cx))).await;
    });
}

/// Reads what still comes, so that the close frame is not lost with it.
fn until_gone(link: &Link, is_ended: &mut bool, cx: &mut Context<'_>) -> Poll<()> {
    link.attend(cx);
    if link.poll_room(cx) == Room::Broken {
        return Poll::Ready(());
    }
    if !*is_ended {
        *is_ended = link.end_output();
    }
    for _ in 0..READS_A_TURN {
        match with_scratch(|scratch| link.poll_read(cx, scratch)) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(_) | Ok(0)) => return Poll::Ready(()),
            Poll::Ready(Ok(_)) => {}
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}
