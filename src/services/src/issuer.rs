//! The port to a house that vouches for people (OpenID Connect). Its real client is in `plenum-providers`.

use crate::accounts::Secret;
use std::future::Future;
use std::pin::Pin;

/// A pending answer of the issuer.
pub type IssuerFuture<T> = Pin<Box<dyn Future<Output = Result<T, IssuerError>> + Send>>;

/// A public RSA key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKey {
    /// Its name in the heads of tokens.
    pub id: String,
    /// The modulus, without zeros before it.
    pub modulus: Vec<u8>,
    /// The exponent.
    pub exponent: Vec<u8>,
}

/// The keys that tokens may be signed with now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKeys {
    /// Those for RS256 signatures; others are left out.
    pub keys: Vec<PublicKey>,
    /// How long they are good by the issuer's own words (`Cache-Control: max-age`), seconds.
    pub max_age_s: Option<u64>,
}

/// What the redirect flow brought, to be changed into a token of identity.
#[derive(Clone, Debug)]
pub struct CodeGrant {
    /// The code.
    pub code: Secret,
    /// The secret whose hash went with the person (RFC 7636).
    pub verifier: Secret,
}

/// Why the issuer did not answer as it should.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IssuerError {
    /// It says that this code, or the secret with it, is worth nothing.
    #[error("the code was refused: {0}")]
    Code(String),
    /// It is down, slow, answers nonsense, or refuses us.
    #[error("the issuer did not do it: {0}")]
    Provider(String),
}

/// Asks an issuer. Implementations bound their time, what they read, and how many calls are under way.
pub trait Issuer: Send + Sync + 'static {
    /// Its present keys.
    fn keys(&self) -> IssuerFuture<PublicKeys>;

    /// A token of identity for a code.
    fn exchange(&self, grant: CodeGrant) -> IssuerFuture<Secret>;
}

/// Nobody vouches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoIssuer;

impl Issuer for NoIssuer {
    fn keys(&self) -> IssuerFuture<PublicKeys> {
        Box::pin(std::future::ready(Err(IssuerError::Provider("none is set up".to_owned()))))
    }

    fn exchange(&self, _: CodeGrant) -> IssuerFuture<Secret> {
        Box::pin(std::future::ready(Err(IssuerError::Provider("none is set up".to_owned()))))
    }
}

/// Whether a secret may travel to this address: by TLS, or not beyond this machine.
#[must_use]
pub fn is_safe_address(url: &str) -> bool {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let rest =
        |start: &str| url.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']));
    url.starts_with("https://") || local.iter().any(|start| rest(start))
}

/// Pairs as a form or the query of an address (`application/x-www-form-urlencoded`).
#[must_use]
pub fn form(pairs: &[(&str, &str)]) -> String {
    let escaped = |text: &str| {
        let byte = |b: u8| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        };
        text.bytes().map(byte).collect::<String>()
    };
    pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_form_is_escaped() {
        assert_eq!(form(&[("To", "+49 30&x=1"), ("Channel", "sms")]), "To=%2B49%2030%26x%3D1&Channel=sms");
    }
}
