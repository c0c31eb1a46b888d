//! What a polling connection has been sent and has not yet said that it has. The hub writes, the actor answers requests from it.

use crate::record::{self, Kind};
use bytes::{Buf, Bytes, BytesMut};
use plenum_actors::hub::{Shut, Socket};
use plenum_schema::{Refusal, RefusalCode};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::rc::Rc;
use std::task::{Context, Waker};

/// The frames of one connection, used on one thread only.
pub(super) struct Frames {
    kept: RefCell<Kept>,
    limit: usize,
    /// The hub was told `WouldBlock`.
    blocked: Cell<bool>,
    shut: Cell<Option<Shut>>,
    waker: RefCell<Option<Waker>>,
}

/// Frames as JSON, each with a comma behind it, and how long they are.
struct Kept {
    text: BytesMut,
    lengths: VecDeque<usize>,
    /// Number of the first one kept.
    first: u64,
    /// The last one has come.
    ended: bool,
}

impl Frames {
    pub(super) fn new(limit: usize) -> Rc<Self> {
        let kept = Kept { text: BytesMut::new(), lengths: VecDeque::new(), first: 1, ended: false };
        Rc::new(Self {
            kept: RefCell::new(kept),
            limit,
            blocked: Cell::new(false),
            shut: Cell::new(None),
            waker: RefCell::new(None),
        })
    }

    /// The client has everything up to this number. Answers whether the hub waits for the room that this made.
    ///
    /// # Errors
    /// `invalid` (`after`) when nothing with that number has been sent.
    pub(super) fn release(&self, after: u64) -> Result<bool, Refusal> {
        let mut kept = self.kept.borrow_mut();
        let last = kept.last();
        if after > last {
            let why = format!("the last frame sent has the number {last}");
            return Err(Refusal::field(RefusalCode::Invalid, "after", why));
        }
        while kept.first <= after {
            let Some(length) = kept.lengths.pop_front() else { break };
            kept.text.advance(length);
            kept.first += 1;
        }
        if kept.lengths.is_empty() {
            // An idle connection keeps no memory.
            (kept.text, kept.lengths) = (BytesMut::new(), VecDeque::new());
        }
        let has_room = kept.text.len() < self.limit;
        Ok(has_room && self.blocked.replace(false))
    }

    /// Everything kept, as the body of an answer.
    pub(super) fn page(&self) -> Bytes {
        let kept = self.kept.borrow();
        let frames = kept.text.split_last().map_or(&[][..], |(_comma, frames)| frames);
        let mut body = BytesMut::with_capacity(frames.len() + 48);
        body.extend_from_slice(format!(r#"{{"first":{},"frames":["#, kept.first).as_bytes());
        body.extend_from_slice(frames);
        body.extend_from_slice(b"]}");
        body.freeze()
    }

    /// Whether a request need not wait.
    pub(super) fn has_any(&self) -> bool {
        !self.kept.borrow().lengths.is_empty()
    }

    /// Whether there is nothing left to do: everything has been sent and taken, or the hub wants no more of it.
    pub(super) fn is_over(&self) -> bool {
        let kept = self.kept.borrow();
        matches!(self.shut.get(), Some(Shut::Now | Shut::Linger)) || (kept.ended && kept.lengths.is_empty())
    }

    /// Remembers whom to wake.
    pub(super) fn attend(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        match waker.as_mut() {
            Some(known) => known.clone_from(cx.waker()),
            None => *waker = Some(cx.waker().clone()),
        }
    }

    pub(super) fn wake(&self) {
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }
}

impl Kept {
    fn last(&self) -> u64 {
        self.first - 1 + self.lengths.len() as u64
    }

    fn put(&mut self, kind: Kind, json: &[u8]) {
        match kind {
            Kind::Ping => {}
            Kind::End => self.ended = true,
            Kind::Frame | Kind::Position | Kind::Beat | Kind::Goodbye => {
                self.text.reserve(json.len() + 1);
                self.text.extend_from_slice(json);
                self.text.extend_from_slice(b",");
                self.lengths.push_back(json.len() + 1);
            }
        }
    }
}

/// The hub's end.
pub(super) struct HubEnd(pub(super) Rc<Frames>);

impl Socket for HubEnd {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let frames = &*self.0;
        if frames.shut.get() == Some(Shut::Now) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let mut kept = frames.kept.borrow_mut();
        let mut taken = 0;
        for piece in pieces {
            let here = record::walk(piece, |record| {
                let has_room = kept.text.len() < frames.limit;
                if has_room {
                    kept.put(record.kind, record.json);
                }
                has_room
            });
            taken += here;
            if here < piece.len() {
                break;
            }
        }
        drop(kept);
        if taken == 0 {
            frames.blocked.set(true);
            return Err(ErrorKind::WouldBlock.into());
        }
        frames.wake();
        Ok(taken)
    }

    fn shut(&self, how: Shut) {
        let frames = &*self.0;
        frames.shut.set(Some(frames.shut.get().map_or(how, |before| before.max(how))));
        frames.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::wire::{CaughtUp, ServerFrame};
    use plenum_schema::{Topic, UserId};
    use serde_json::Value;

    fn frame(position: u64) -> Bytes {
        let topic = Topic::User(UserId(uuid::Uuid::from_u128(1)));
        record::encode(&ServerFrame::CaughtUp(CaughtUp { topic, position }))
    }

    fn write(frames: &Rc<Frames>, bytes: &[u8]) -> io::Result<usize> {
        HubEnd(frames.clone()).try_write(&[IoSlice::new(bytes)])
    }

    fn page(frames: &Frames) -> (u64, Vec<u64>) {
        let page: Value = serde_json::from_slice(&frames.page()).unwrap();
        let positions =
            page["frames"].as_array().unwrap().iter().map(|frame| frame["caughtUp"]["position"].as_u64().unwrap());
        (page["first"].as_u64().unwrap(), positions.collect())
    }

    #[test]
    fn frames_are_sent_again_until_they_are_taken() {
        let frames = Frames::new(10_000);
        write(&frames, &[frame(10), frame(11), frame(12)].concat()).unwrap();
        assert_eq!(page(&frames), (1, vec![10, 11, 12]));
        assert_eq!(frames.release(0), Ok(false));
        assert_eq!(page(&frames), (1, vec![10, 11, 12]));
        assert_eq!(frames.release(2), Ok(false));
        assert_eq!(page(&frames), (3, vec![12]));
        assert_eq!(frames.release(1), Ok(false), "an old request that comes late changes nothing");
        assert_eq!(frames.release(3), Ok(false));
        assert_eq!(page(&frames), (4, vec![]));
        assert_eq!(frames.release(4).unwrap_err().field.as_deref(), Some("after"));
        assert_eq!(frames.kept.borrow().text.capacity(), 0);
    }

    #[test]
    fn what_has_no_room_is_left_to_the_hub_at_a_whole_frame_and_asked_for_when_there_is_room() {
        let frames = Frames::new(1);
        let two = [frame(1), frame(2)].concat();
        let taken = write(&frames, &two).unwrap();
        assert_eq!(taken, frame(1).len());
        assert_eq!(write(&frames, &two[taken..]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(frames.release(1), Ok(true));
        assert_eq!(write(&frames, &two[taken..]).unwrap(), frame(2).len());
        assert_eq!(page(&frames), (2, vec![2]));
    }

    #[test]
    fn the_end_comes_when_the_last_frame_is_taken() {
        let frames = Frames::new(10_000);
        write(&frames, &[frame(1), record::PING, record::END].concat()).unwrap();
        HubEnd(frames.clone()).shut(Shut::AwaitPeer);
        assert!(!frames.is_over());
        frames.release(1).unwrap();
        assert!(frames.is_over());
        assert_eq!(page(&frames), (2, vec![]));
    }
}
