//! Payloads of HTTP long-polling: packets as text, with U+001E between them.

use super::packet::{Packet, PacketError, put_base64};

/// Stands between two records.
pub const SEPARATOR: u8 = 0x1e;

/// A payload that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The body is not UTF-8.
    #[error("the payload is not utf-8")]
    Utf8,
    /// More packets than [`super::EngineConfig::max_payload_packets`].
    #[error("a payload has at most {0} packets")]
    TooManyPackets(usize),
    /// One record is no packet.
    #[error("record {index}: {why}")]
    Packet {
        /// Which record, from 0.
        index: usize,
        /// What is wrong with it.
        why: PacketError,
    },
}

/// The packets of a payload, in order. Reading ends with the first error.
///
/// # Errors
/// [`PayloadError`] at once for text that is not UTF-8 or has too many packets, so that nothing of such a payload is acted on.
pub fn decode(
    body: &[u8],
    max_packets: usize,
) -> Result<impl Iterator<Item = Result<Packet<'_>, PayloadError>>, PayloadError> {
    let text = std::str::from_utf8(body).map_err(|_| PayloadError::Utf8)?;
    let separators = body.iter().filter(|byte| **byte == SEPARATOR).take(max_packets).count();
    if separators >= max_packets {
        return Err(PayloadError::TooManyPackets(max_packets));
    }
    let mut failed = false;
    let records = text.split(char::from(SEPARATOR)).enumerate();
    Ok(records.map_while(move |(index, record)| {
        if failed {
            return None;
        }
        let packet = Packet::decode(record).map_err(|why| PayloadError::Packet { index, why });
        failed = packet.is_err();
        Some(packet)
    }))
}

/// Builds a payload.
#[derive(Debug, Default)]
pub struct PayloadBuilder {
    out: Vec<u8>,
    records: usize,
}

impl PayloadBuilder {
    /// An empty payload with room for `bytes`.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes), records: 0 }
    }

    /// Appends a packet.
    pub fn push(&mut self, packet: &Packet<'_>) {
        self.separate();
        packet.put(&mut self.out);
    }

    /// Appends a packet that is text already (the content of a WebSocket text frame).
    pub fn push_text(&mut self, packet: &[u8]) {
        self.separate();
        self.out.extend_from_slice(packet);
    }

    /// Appends a binary message.
    pub fn push_binary(&mut self, bytes: &[u8]) {
        self.separate();
        put_base64(&mut self.out, bytes);
    }

    /// Packets so far.
    #[must_use]
    pub const fn records(&self) -> usize {
        self.records
    }

    /// Bytes so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether there are no packets.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// The body of the answer.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    fn separate(&mut self) {
        if self.records > 0 {
            self.out.push(SEPARATOR);
        }
        self.records = self.records.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(body: &[u8]) -> Result<Vec<Packet<'_>>, PayloadError> {
        decode(body, 4)?.collect()
    }

    #[test]
    fn a_payload_of_text_and_binary_packets_is_read_and_written() {
        let body = "4hello\u{1e}bAQIDBA==\u{1e}3".as_bytes();
        let packets = all(body).unwrap();
        assert_eq!(packets.len(), 3);
        let mut builder = PayloadBuilder::default();
        packets.iter().for_each(|packet| builder.push(packet));
        assert_eq!(builder.finish(), body);
    }

    #[test]
    fn a_wrong_record_is_named_after_the_ones_before_it() {
        let mut packets = decode(b"4a\x1eabc\x1e4b", 4).unwrap();
        assert_eq!(packets.next(), Some(Ok(Packet::Text("a".into()))));
        let why = PacketError::UnknownType;
        assert_eq!(packets.next(), Some(Err(PayloadError::Packet { index: 1, why })));
        assert_eq!(packets.next(), None);
    }

    #[test]
    fn nothing_of_a_payload_with_too_many_packets_is_read() {
        assert!(all(b"4\x1e4\x1e4\x1e4").is_ok());
        assert_eq!(all(b"4\x1e4\x1e4\x1e4\x1e4").unwrap_err(), PayloadError::TooManyPackets(4));
        assert_eq!(all(b"4\xff").unwrap_err(), PayloadError::Utf8);
        assert_eq!(all(b"").unwrap_err(), PayloadError::Packet { index: 0, why: PacketError::Empty });
    }
}
