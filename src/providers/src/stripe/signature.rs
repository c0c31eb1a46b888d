//! `Stripe-Signature`: `t=1700000000,v1=<hex>,v1=<hex>`, HMAC-SHA256 of `t.body`.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The longest header that is looked at, bytes.
const LONGEST: usize = 2_048;
/// Most signatures that are looked at: Stripe sends one for each secret that is being replaced.
const MOST: usize = 8;

fn bytes_of(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0_u8; 32];
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

fn is_of(secret: &str, time: &str, raw: &[u8], signature: &[u8; 32]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    for part in [time.as_bytes(), b".", raw] {
        mac.update(part);
    }
    // In constant time.
    mac.verify_slice(signature).is_ok()
}

/// Whether one of the secrets has signed this body, at most `tolerance_s` before or after `now`.
pub(super) fn check(
    header: &str,
    raw: &[u8],
    secrets: &[&str],
    now: i64,
    tolerance_s: u64,
) -> Result<(), &'static str> {
    if header.is_empty() {
        return Err("the header Stripe-Signature is missing");
    }
    let pairs = || header.split(',').take(64).filter_map(|pair| pair.trim().split_once('='));
    let mut times = pairs().filter(|(name, _)| *name == "t").map(|(_, value)| value);
    let (Some(time), None, true) = (times.next(), times.next(), header.len() <= LONGEST) else {
        return Err("the signature cannot be read");
    };
    let is_number = !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit());
    let Some(at) = time.parse::<i64>().ok().filter(|_| is_number) else { return Err("the signature cannot be read") };
    let signatures: Vec<[u8; 32]> =
        pairs().filter(|(name, _)| *name == "v1").filter_map(|(_, hex)| bytes_of(hex)).take(MOST).collect();
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    let is_right = secrets.flat_map(|secret| signatures.iter().map(move |one| is_of(secret, time, raw, one)));
    // All of them are looked at, so that the time tells nothing.
    if !is_right.fold(false, |found, one| found | one) {
        return Err("the signature is not right");
    }
    if now.abs_diff(at) > tolerance_s {
        return Err("the signature is too old, or from the future");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "whsec_new_0123456789";
    const OLD: &str = "whsec_old_0123456789";
    const NOW: i64 = 1_800_000_000;

    fn sign(secret: &str, at: i64, raw: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
        mac.update(format!("{at}.{raw}").as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn checked(header: &str, raw: &str) -> Result<(), &'static str> {
        check(header, raw.as_bytes(), &[NEW, OLD, ""], NOW, 300)
    }

    #[test]
    fn either_secret_counts_and_one_right_signature_of_several_is_enough() {
        for secret in [NEW, OLD] {
            assert_eq!(checked(&format!("t={NOW},v1={}", sign(secret, NOW, "{}")), "{}"), Ok(()));
        }
        let several = format!("t={NOW}, v0=x,v1={},v1={}", "0".repeat(64), sign(NEW, NOW, "{}"));
        assert_eq!(checked(&several, "{}"), Ok(()));
    }

    #[test]
    fn what_was_signed_by_others_or_changed_or_is_cut_is_not_believed() {
        let right = sign(NEW, NOW, "{}");
        for (header, raw) in [
            (format!("t={NOW},v1={}", sign("whsec_other_123456789", NOW, "{}")), "{}"),
            // An empty secret is no secret.
            (format!("t={NOW},v1={}", sign("", NOW, "{}")), "{}"),
            (format!("t={NOW},v1={right}"), "{ }"),
            (format!("t={},v1={right}", NOW + 1), "{}"),
            (format!("t={NOW},v0={right}"), "{}"),
            (format!("t={NOW},v1={}", &right[..62]), "{}"),
            (format!("t={NOW},v1={right}0"), "{}"),
            (format!("t={NOW},v1="), "{}"),
            (format!("t=+{NOW},v1={}", sign(NEW, NOW, "{}")), "{}"),
            (format!("t={NOW},t={NOW},v1={right}"), "{}"),
            (format!("v1={right}"), "{}"),
            (format!("t=,v1={right}"), "{}"),
            ("é=ü,t=x".to_owned(), "{}"),
            (String::new(), "{}"),
        ] {
            assert!(checked(&header, raw).is_err(), "{header} {raw}");
        }
        assert_eq!(checked(&format!("t={NOW},v1={}", right.to_uppercase()), "{}"), Ok(()), "hex is hex");
    }

    #[test]
    fn the_window_is_open_to_both_sides_and_no_further() {
        for (at, fine) in [(NOW - 300, true), (NOW - 301, false), (NOW + 300, true), (NOW + 301, false), (0, false)] {
            assert_eq!(checked(&format!("t={at},v1={}", sign(NEW, at, "{}")), "{}").is_ok(), fine, "{at}");
        }
    }
}
