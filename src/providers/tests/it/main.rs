//! Providers against servers that behave well, badly, slowly, or not at all.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that finds something missing stops, and waits with deadlines"
)]

mod depot;
mod fake;
mod google;
mod mail;
mod sms;
mod stripe;

/// What Stripe would send as the proof of a body.
fn stripe_signature(secret: &str, at: i64, body: &str) -> String {
    use hmac::Mac;
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}
