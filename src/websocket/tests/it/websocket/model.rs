//! The slow and obvious reading of RFC 6455, against which the decoder is held: it sees the whole input at once, copies
//! everything, and knows nothing of reads, scratch buffers or memory.

use plenum_websocket::{Limits, Violation, close};

use super::support::{Event, Heard};

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    fn number(&mut self, bytes: usize) -> Option<u64> {
        (0..bytes).try_fold(0, |number, _| Some(number << 8 | u64::from(self.byte()?)))
    }
}

/// What a stream of `bytes` says.
pub fn hear(limits: Limits, bytes: &[u8]) -> Heard {
    let (mut heard, mut message) = (Heard::default(), None);
    let mut cursor = Cursor { bytes, at: 0 };
    loop {
        match frame(limits, &mut cursor, &mut message, &mut heard.events) {
            Ok(true) => {}
            Ok(false) => return heard,
            Err(violation) => {
                heard.violation = Some(violation);
                return heard;
            }
        }
    }
}

type Unfinished = Option<(bool, u32, Vec<u8>)>;

/// Reads one frame; false at the end of the input or of the stream.
fn frame(
    limits: Limits,
    cursor: &mut Cursor<'_>,
    unfinished: &mut Unfinished,
    events: &mut Vec<Event>,
) -> Result<bool, Violation> {
    let Some(first) = cursor.byte() else { return Ok(false) };
    let (fin, opcode) = (first >= 0x80, first & 15);
    let (frames, size) = unfinished.as_ref().map_or((0, 0), |(_, frames, data)| (*frames, data.len()));
    match opcode {
        _ if first & 0x70 != 0 => return Err(Violation::ReservedBit),
        3..=7 | 11.. => return Err(Violation::ReservedOpcode),
        8..=10 if !fin => return Err(Violation::FragmentedControl),
        0 if unfinished.is_none() => return Err(Violation::UnexpectedContinuation),
        1 | 2 if unfinished.is_some() => return Err(Violation::UnfinishedMessage),
        0..=2 if frames >= limits.max_fragments => return Err(Violation::TooManyFragments),
        _ => {}
    }
    let Some(second) = cursor.byte() else { return Ok(false) };
    if second < 0x80 {
        return Err(Violation::NotMasked);
    }
    if opcode >= 8 && second & 127 > 125 {
        return Err(Violation::LongControl);
    }
    let (len, least) = match second & 127 {
        126 => (cursor.number(2), 126),
        127 => (cursor.number(8), 65_536),
        short => (Some(u64::from(short)), 0),
    };
    let Some(len) = len else { return Ok(false) };
    if len < least || len > u64::MAX / 2 {
        return Err(Violation::LengthEncoding);
    }
    if opcode < 8 && len > (limits.max_message_bytes - size) as u64 {
        return Err(Violation::MessageTooBig);
    }
    let Some(key) = cursor.number(4) else { return Ok(false) };
    let key = (key as u32).to_be_bytes();
    let payload: Vec<u8> = (0..len).map_while(|index| Some(cursor.byte()? ^ key[index as usize % 4])).collect();
    let complete = payload.len() as u64 == len;
    if opcode >= 8 {
        return if complete { control(opcode, payload, events) } else { Ok(false) };
    }
    let (text, _, data) = {
        let message = unfinished.get_or_insert((opcode == 1, 0, vec![]));
        message.1 += 1;
        message.2.extend(payload);
        message
    };
    let cut_off = std::str::from_utf8(data).err();
    let end = complete && fin;
    if *text && cut_off.is_some_and(|error| end || error.error_len().is_some()) {
        return Err(Violation::InvalidUtf8);
    }
    if end {
        let (text, _, data) = unfinished.take().unwrap();
        events.push(if text { Event::Text(String::from_utf8(data).unwrap()) } else { Event::Binary(data) });
    }
    Ok(complete)
}

fn control(opcode: u8, payload: Vec<u8>, events: &mut Vec<Event>) -> Result<bool, Violation> {
    events.push(match opcode {
        9 => Event::Ping(payload),
        10 => Event::Pong(payload),
        _ => Event::Close(match payload.as_slice() {
            [] => None,
            [_] => return Err(Violation::MalformedClose),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                if !close::may_be_sent(code) {
                    return Err(Violation::InvalidCloseCode);
                }
                Some((code, String::from_utf8(reason.to_vec()).map_err(|_| Violation::InvalidUtf8)?))
            }
        }),
    });
    Ok(opcode != 8)
}
