//! The XOR mask of client frames (RFC 6455 §5.3).

/// Masks or unmasks `data` in place; the first byte of `data` meets the first byte of `key`.
///
/// Eight bytes at a time, which the compiler widens to vector registers.
pub fn apply(key: [u8; 4], data: &mut [u8]) {
    let [a, b, c, d] = key;
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, tail) = data.as_chunks_mut::<8>();
    for chunk in words {
        *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

/// The key as the byte after `consumed` bytes of payload meets it.
#[must_use]
pub const fn rotate(key: [u8; 4], consumed: usize) -> [u8; 4] {
    // The first payload byte meets the most significant byte, so a left rotation moves the next one to the front.
    u32::from_be_bytes(key).rotate_left(8 * (consumed & 3) as u32).to_be_bytes()
}
