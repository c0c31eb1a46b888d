//! Tokens of identity (OpenID Connect Core §2, §3.1.3.7), checked as RFC 8725 advises: RS256 only, by keys of the issuer that are
//! chosen by `kid` alone; what a token says of keys itself (`jku`, `jwk`, `x5u`) is never looked at.

use super::config::GoogleConfig;
use super::keys::Keys;
use crate::accounts::names::normal_email;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use plenum_actors::clock::WallMillis;
use plenum_schema::Refusal;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// The longest text that can be a token, bytes; Google's have about 1,200.
const MAX_TEXT: usize = 8_192;
/// The longest subject, bytes (OpenID Connect Core §2).
const MAX_SUBJECT: usize = 255;

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: Value,
    /// The organisation that Google keeps the account for.
    hd: Option<String>,
    name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
}

/// Why a token was refused. For logs at most: callers are told nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("not a token of identity: syntax, type, critical headers")]
    Shape,
    #[error("another algorithm than RS256")]
    Algorithm,
    #[error("the issuer has no such key")]
    Key,
    #[error("the signature is wrong, or a claim is missing")]
    Signature,
    #[error("of another issuer")]
    Issuer,
    #[error("for another client")]
    Audience,
    #[error("expired or not valid yet")]
    Time,
    #[error("the nonce is another one")]
    Nonce,
    #[error("the subject is none")]
    Subject,
}

/// A token that was not accepted.
pub(super) enum Rejected {
    /// It is worth nothing.
    Fault(Fault),
    /// It could not be looked at.
    Refusal(Refusal),
}

impl From<Fault> for Rejected {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// For whom a token must have been made.
pub(super) enum Wanted<'a> {
    /// For any of our clients. `nonce`: what the client has sent with its question, where it says so.
    AnyClient { nonce: Option<&'a str> },
    /// For this server, in answer to this question.
    ThisServer { nonce: &'a str },
}

/// Who somebody is, by the word of the issuer.
pub(super) struct Proof {
    /// Issuer and subject: what a person is known by.
    pub id: String,
    /// The e-mail address in its one form, where the issuer says that it was verified.
    pub email: Option<String>,
    /// Whether the issuer keeps that address itself, so that nobody else can receive mail there.
    pub is_authority: bool,
    pub full_name: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
}

pub(super) struct Verifier {
    config: Arc<GoogleConfig>,
    keys: Arc<Keys>,
    validation: Validation,
}

impl Verifier {
    pub fn new(config: Arc<GoogleConfig>, keys: Arc<Keys>) -> Self {
        let mut validation = Validation::new(Algorithm::RS256);
        // All that is checked below, by the clock that was passed in and with several clients.
        validation.set_required_spec_claims::<&str>(&[]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        Self { config, keys, validation }
    }

    /// Who the token is about.
    pub async fn verify(&self, token: &str, wanted: &Wanted<'_>, now: WallMillis) -> Result<Proof, Rejected> {
        if token.len() > MAX_TEXT {
            return Err(Fault::Shape.into());
        }
        let header = decode_header(token).map_err(|_| Fault::Shape)?;
        // A critical header (RFC 7515 §4.1.11) that we do not know must not be ignored, and we know none.
        if header.crit.is_some() || header.typ.as_deref().is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
            return Err(Fault::Shape.into());
        }
        if header.alg != Algorithm::RS256 {
            return Err(Fault::Algorithm.into());
        }
        let key = self.keys.find(header.kid.as_deref().unwrap_or_default()).await.map_err(Rejected::Refusal)?;
        let key = key.ok_or(Fault::Key)?;
        let claims = decode::<Claims>(token, &key, &self.validation).map_err(|_| Fault::Signature)?.claims;
        self.check(&claims, wanted, now)?;
        Ok(self.proof(claims))
    }

    fn check(&self, claims: &Claims, wanted: &Wanted<'_>, now: WallMillis) -> Result<(), Fault> {
        let issuer = self.config.issuer.as_str();
        // Google writes its own name in both ways.
        if claims.iss != issuer && Some(claims.iss.as_str()) != issuer.strip_prefix("https://") {
            return Err(Fault::Issuer);
        }
        let is_wanted = |client: &str| match wanted {
            Wanted::AnyClient { .. } => self.config.is_ours(client),
            Wanted::ThisServer { .. } => !client.is_empty() && client == self.config.client_id,
        };
        let (audience, is_several) = match &claims.aud {
            Audience::One(client) => (std::slice::from_ref(client), false),
            Audience::Several(clients) => (clients.as_slice(), clients.len() > 1),
        };
        // Every audience must be ours, and with several one of ours must have asked (OpenID Connect Core §3.1.3.7, 3 to 5). An app
        // asks in its own name for a token of this server: then `azp` is the app's.
        let asked = claims.azp.as_deref();
        let fine = !audience.is_empty()
            && audience.iter().all(|client| is_wanted(client))
            && asked.map_or(!is_several, is_wanted);
        if !fine {
            return Err(Fault::Audience);
        }
        let leeway = i64::try_from(self.config.leeway_s).unwrap_or(0).saturating_mul(1_000);
        let at = |seconds: i64| seconds.saturating_mul(1_000);
        let starts = claims.nbf.map_or(claims.iat, |nbf| nbf.max(claims.iat));
        if now >= at(claims.exp).saturating_add(leeway) || now < at(starts).saturating_sub(leeway) {
            return Err(Fault::Time);
        }
        let given = claims.nonce.as_deref();
        let fine = match wanted {
            Wanted::AnyClient { nonce } => nonce.is_none_or(|nonce| given == Some(nonce)),
            Wanted::ThisServer { nonce } => given == Some(*nonce),
        };
        if !fine {
            return Err(Fault::Nonce);
        }
        let subject = claims.sub.as_str();
        let fine = !subject.is_empty() && subject.len() <= MAX_SUBJECT && subject.bytes().all(|b| b.is_ascii_graphic());
        if fine { Ok(()) } else { Err(Fault::Subject) }
    }

    fn proof(&self, claims: Claims) -> Proof {
        // Some libraries write it as a text.
        let is_verified = claims.email_verified == true || claims.email_verified == "true";
        let email = claims.email.filter(|_| is_verified).and_then(|email| normal_email(&email));
        // Google's own rule: addresses of other houses may have changed hands since it verified them.
        let is_kept = email.as_deref().is_some_and(|email| email.ends_with("@gmail.com"))
            || claims.hd.is_some_and(|house| !house.is_empty());
        Proof {
            id: format!("{} {}", self.config.issuer, claims.sub),
            is_authority: email.is_some() && is_kept,
            email,
            full_name: claims.name,
            first_name: claims.given_name,
            last_name: claims.family_name,
        }
    }
}
