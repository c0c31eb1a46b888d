//! A walk over MessagePack bytes before anything is built from them: depth, lengths, extension types, trailing bytes.
//! (Format: the MessagePack specification, "Formats".)

use super::{DecodeError, MAX_DEPTH};

/// Checks that `bytes` is exactly one value within the limits.
pub(super) fn check(bytes: &[u8]) -> Result<(), DecodeError> {
    let mut scan = Scan { bytes, at: 0 };
    scan.values()?;
    if scan.at == bytes.len() { Ok(()) } else { Err(DecodeError::Trailing) }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    /// Walks one value with an explicit stack of "values still to come", so that depth costs no recursion.
    fn values(&mut self) -> Result<(), DecodeError> {
        let mut open = [0_u64; MAX_DEPTH + 1];
        let mut depth = 0;
        open[0] = 1;
        loop {
            while open[depth] == 0 {
                if depth == 0 {
                    return Ok(());
                }
                depth -= 1;
            }
            open[depth] -= 1;
            let inside = self.header()?;
            if inside > 0 {
                // Each inner value needs a byte at least: a declared length beyond the input is refused before it is used.
                if inside > (self.bytes.len() - self.at) as u64 {
                    return Err(DecodeError::Truncated);
                }
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(DecodeError::TooDeep);
                }
                open[depth] = inside;
            }
        }
    }

    /// Steps over one header and its payload; answers how many values are inside (maps: keys and values).
    fn header(&mut self) -> Result<u64, DecodeError> {
        let marker = *self.take(1)?.first().ok_or(DecodeError::Truncated)?;
        match marker {
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => Ok(0),
            0x80..=0x8f => Ok(u64::from(marker & 0x0f) * 2),
            0x90..=0x9f => Ok(u64::from(marker & 0x0f)),
            0xa0..=0xbf => self.skip(u64::from(marker & 0x1f)),
            0xc4 | 0xd9 => self.length(1).and_then(|n| self.skip(n)),
            0xc5 | 0xda => self.length(2).and_then(|n| self.skip(n)),
            0xc6 | 0xdb => self.length(4).and_then(|n| self.skip(n)),
            0xca | 0xce | 0xd2 => self.skip(4),
            0xcb | 0xcf | 0xd3 => self.skip(8),
            0xcc | 0xd0 => self.skip(1),
            0xcd | 0xd1 => self.skip(2),
            0xdc => self.length(2),
            0xdd => self.length(4),
            0xde => self.length(2).map(|n| n * 2),
            0xdf => self.length(4).map(|n| n * 2),
            0xc1 => Err(DecodeError::Shape("byte 0xc1 is never used in MessagePack".into())),
            0xc7..=0xc9 | 0xd4..=0xd8 => Err(DecodeError::Extension),
        }
    }

    fn length(&mut self, width: usize) -> Result<u64, DecodeError> {
        Ok(self.take(width)?.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    fn skip(&mut self, count: u64) -> Result<u64, DecodeError> {
        let count = usize::try_from(count).map_err(|_| DecodeError::Truncated)?;
        self.take(count).map(|_| 0)
    }

    fn take(&mut self, count: usize) -> Result<&[u8], DecodeError> {
        let end = self.at.checked_add(count).ok_or(DecodeError::Truncated)?;
        let taken = self.bytes.get(self.at..end).ok_or(DecodeError::Truncated)?;
        self.at = end;
        Ok(taken)
    }
}
