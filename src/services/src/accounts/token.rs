//! Access tokens: JWTs of the profile of RFC 9068, checked as RFC 8725 advises.
//!
//! The algorithm belongs to the key: a token that names another is refused before any key is touched. Keys come from the
//! ring by `kid` only; `jku`, `jwk` and `x5u` are never looked at.

use super::config::TokenConfig;
use super::keyring::KeyRing;
use super::secret::Secret;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use plenum_actors::clock::WallMillis;
use plenum_actors::identity::Identity;
use plenum_schema::{SessionId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `typ` of access tokens (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";
/// The longest text that can be a token, bytes; ours have about 450.
const MAX_TEXT: usize = 2_048;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: SessionId,
    role: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: Uuid,
}

/// What an access token is issued for.
pub(super) struct Grant<'a> {
    pub user: UserId,
    pub session: SessionId,
    pub role: &'a str,
    /// When the token ends, wall-clock milliseconds.
    pub until: WallMillis,
    pub id: Uuid,
}

/// Why a token was refused. For logs at most: callers are told nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum TokenError {
    #[error("not a token of ours: syntax, type, critical headers")]
    Shape,
    #[error("the algorithm is not the key's")]
    Algorithm,
    #[error("unknown or retired key")]
    Key,
    #[error("signature, issuer, audience or claims are wrong")]
    Claims,
    #[error("expired or not valid yet")]
    Time,
}

/// Issues and checks.
pub(super) struct Tokens {
    issuer: String,
    audience: String,
    leeway_ms: i64,
    validation: Validation,
}

impl Tokens {
    pub fn new(config: &TokenConfig) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&config.issuer]);
        validation.set_audience(&[&config.audience]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // Time is checked below, by the clock that was passed in.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            leeway_ms: i64::try_from(config.leeway_s).unwrap_or(0).saturating_mul(1_000),
            validation,
        }
    }

    /// A signed token. `None` when signing fails, which needs a damaged key.
    pub fn issue(&self, ring: &KeyRing, grant: &Grant<'_>, now: WallMillis) -> Option<Secret> {
        let key = ring.signing();
        let header = Header { typ: Some(TYPE.to_owned()), kid: Some(key.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: grant.user,
            sid: grant.session,
            role: grant.role.to_owned(),
            iat: now.div_euclid(1_000),
            nbf: now.div_euclid(1_000),
            exp: grant.until.div_euclid(1_000),
            jti: grant.id,
        };
        encode(&header, &claims, &key.encoding).ok().map(Secret::from)
    }

    /// Who the token belongs to. Whether the session still exists is another question.
    pub fn verify(&self, ring: &KeyRing, token: &str, now: WallMillis) -> Result<Identity, TokenError> {
        if token.len() > MAX_TEXT {
            return Err(TokenError::Shape);
        }
        let header = decode_header(token).map_err(|_| TokenError::Shape)?;
        // A critical header (RFC 7515 §4.1.11) that we do not know must not be ignored, and we know none.
        if header.crit.is_some() || !header.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case(TYPE)) {
            return Err(TokenError::Shape);
        }
        if header.alg != Algorithm::EdDSA {
            return Err(TokenError::Algorithm);
        }
        let key = header.kid.as_deref().and_then(|kid| ring.verifying(kid, now)).ok_or(TokenError::Key)?;
        let claims = decode::<Claims>(token, key, &self.validation).map_err(|_| TokenError::Claims)?.claims;
        let (start, end) = (claims.nbf.saturating_mul(1_000), claims.exp.saturating_mul(1_000));
        if now >= end.saturating_add(self.leeway_ms) || now < start.saturating_sub(self.leeway_ms) {
            return Err(TokenError::Time);
        }
        Ok(Identity { user: claims.sub, session: claims.sid, expires_at: end })
    }
}
