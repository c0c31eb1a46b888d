//! The records of [`Dialect::HttpJson`](plenum_actors::publication::Dialect): a frame's JSON behind a small head, encoded once for
//! everybody who receives over plain HTTP. They never reach a wire: a stream makes server-sent events of them, a polling
//! connection makes answers. The head tells what either needs to know without reading the JSON.
//!
//! ```text
//! length of the whole record, 4 bytes · kind, 1 · length of the topic, 1 · number, 8 · topic as text · JSON
//! ```

use bytes::Bytes;
use plenum_schema::codec::{Codec, encode_into};
use plenum_schema::wire::ServerFrame;
use std::io::Write;

/// Bytes before the topic.
const HEAD: usize = 14;
/// Room that most records fit in.
const USUAL: usize = 700;

/// What a record is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A frame without a number.
    Frame = 0,
    /// The topic's position becomes the number: an event, or a gap up to there.
    Position = 1,
    /// A heartbeat.
    Beat = 2,
    /// Goodbye; the number is the advised delay in milliseconds.
    Goodbye = 3,
    /// The transport's sign of life; no JSON.
    Ping = 4,
    /// Nothing follows; no JSON.
    End = 5,
}

/// A record that has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Record<'a> {
    pub kind: Kind,
    pub number: u64,
    /// Empty where the frame has none.
    pub topic: &'a str,
    pub json: &'a [u8],
}

const fn bare(kind: Kind) -> [u8; HEAD] {
    let mut bytes = [0; HEAD];
    bytes[0] = 14;
    bytes[4] = kind as u8;
    bytes
}

/// The sign of life.
pub(crate) const PING: Bytes = Bytes::from_static(&bare(Kind::Ping));
/// The end.
pub(crate) const END: Bytes = Bytes::from_static(&bare(Kind::End));

/// A frame as a record.
pub(crate) fn encode(frame: &ServerFrame) -> Bytes {
    let (kind, number, topic) = match frame {
        ServerFrame::Event(event) => (Kind::Position, event.offset, Some(event.topic)),
        ServerFrame::Gap(gap) => (Kind::Position, gap.to, Some(gap.topic)),
        ServerFrame::Heartbeat(_) => (Kind::Beat, 0, None),
        ServerFrame::Goodbye(goodbye) => (Kind::Goodbye, goodbye.retry_after_ms.unwrap_or(0), None),
        _ => (Kind::Frame, 0, None),
    };
    let mut out = Vec::with_capacity(USUAL);
    out.extend_from_slice(&[0; HEAD]);
    if let Some(topic) = topic {
        // Writing to memory does not fail.
        let _infallible = write!(out, "{topic}");
    }
    let topic_length = out.len() - HEAD;
    if let Err(error) = encode_into(Codec::Json, frame, &mut out) {
        // Our own types always encode; a bug here must be seen and must not take the worker down.
        tracing::error!(%error, "a frame could not be encoded");
        return PING;
    }
    let (Ok(length), Ok(topic_length)) = (u32::try_from(out.len()), u8::try_from(topic_length)) else {
        tracing::error!(bytes = out.len(), "a frame is too large for a record");
        return PING;
    };
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&length.to_le_bytes());
    head[4] = kind as u8;
    head[5] = topic_length;
    head[6..].copy_from_slice(&number.to_le_bytes());
    out[..HEAD].copy_from_slice(&head);
    out.into()
}

/// The first record of these bytes and how long it is. `None`: there is no whole one.
pub(crate) fn read(bytes: &[u8]) -> Option<(Record<'_>, usize)> {
    let (head, _) = bytes.split_first_chunk::<HEAD>()?;
    let [l0, l1, l2, l3, kind, topic_length, number @ ..] = *head;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    let body = bytes.get(HEAD..length)?;
    let (topic, json) = body.split_at_checked(usize::from(topic_length))?;
    let kind = match kind {
        0 => Kind::Frame,
        1 => Kind::Position,
        2 => Kind::Beat,
        3 => Kind::Goodbye,
        4 => Kind::Ping,
        _ => Kind::End,
    };
    let topic = std::str::from_utf8(topic).ok()?;
    Some((Record { kind, number: u64::from_le_bytes(number), topic, json }, length))
}

/// Walks over whole records and hands each to `take` until it answers `false` or the bytes end; answers how many bytes were taken.
pub(crate) fn walk(bytes: &[u8], mut take: impl FnMut(&Record<'_>) -> bool) -> usize {
    let mut taken = 0;
    while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
        let Some((record, length)) = read(rest) else {
            // The hub hands over whole records and goes on where we stopped: this is a bug, and going on would repeat it for ever.
            tracing::error!(bytes = rest.len(), "something that is no record was passed over");
            return bytes.len();
        };
        if !take(&record) {
            break;
        }
        taken += length;
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::wire::{Gap, GapReason, Goodbye, Heartbeat};
    use plenum_schema::{Topic, UserId};

    fn gap() -> ServerFrame {
        let topic = Topic::User(UserId(uuid::Uuid::from_u128(7)));
        ServerFrame::Gap(Gap { topic, from: 2, to: 30, reason: GapReason::Retention })
    }

    #[test]
    fn a_record_reads_back_what_its_frame_says() {
        let bytes = encode(&gap());
        let (record, length) = read(&bytes).unwrap();
        assert_eq!((record.kind, record.number, length), (Kind::Position, 30, bytes.len()));
        assert_eq!(record.topic, Topic::User(UserId(uuid::Uuid::from_u128(7))).to_string());
        assert_eq!(serde_json::from_slice::<ServerFrame>(record.json).unwrap(), gap());
        let goodbye =
            Goodbye { code: 4000, reason: "r".into(), retry_after_ms: Some(17), positions: Default::default() };
        let bytes = encode(&ServerFrame::Goodbye(goodbye));
        let (record, _) = read(&bytes).unwrap();
        assert_eq!((record.kind, record.number, record.topic), (Kind::Goodbye, 17, ""));
        let beat = encode(&ServerFrame::Heartbeat(Heartbeat { at: 1, tops: Default::default() }));
        assert_eq!(read(&beat).unwrap().0.kind, Kind::Beat);
    }

    #[test]
    fn a_part_of_a_record_is_none() {
        let bytes = encode(&gap());
        for length in 0..bytes.len() {
            assert_eq!(read(&bytes[..length]), None, "{length}");
        }
        assert_eq!((read(&PING).unwrap().0.kind, read(&END).unwrap().0.kind), (Kind::Ping, Kind::End));
    }

    #[test]
    fn a_walk_stops_where_it_is_told_and_counts_whole_records() {
        let one = encode(&gap());
        let three = [&one[..], &PING[..], &one[..]].concat();
        let mut seen = 0;
        let taken = walk(&three, |_| {
            seen += 1;
            seen < 3
        });
        assert_eq!(taken, one.len() + PING.len());
        assert_eq!(walk(&three, |_| true), three.len());
    }
}
