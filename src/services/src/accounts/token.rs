//! Access tokens: JWTs of the profile of RFC 9068, checked as RFC 8725 advises.
//!
//! The algorithm belongs to the key: a token that names another is refused before any key is touched. Keys come from the
//! ring by `kid` only; `jku`, `jwk` and `x5u` are never looked at.

use super::config::TokenConfig;
use super::keyring::KeyRing;
use super::secret::Secret;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use plenum_actors::clock::WallMillis;
use plenum_actors::identity::{AccountKind, ConferenceRole, Identity, Scope};
use plenum_schema::conference::HostRole;
use plenum_schema::{ConferenceId, SessionId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `typ` of access tokens (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";
/// `typ` and `aud` of tokens for one conference: another audience, so that neither kind is ever taken for the other.
const CONFERENCE_TYPE: &str = "conference+jwt";
/// What stands behind the audience of access tokens in that of conferences.
const CONFERENCE_SUFFIX: &str = ":conference";
/// The longest text that can be a token, bytes; ours have about 450.
const MAX_TEXT: usize = 2_048;

/// A token is good on nodes whose clocks are slow by so much against the one that made it, milliseconds.
const NOT_BEFORE_MS: i64 = 600_000;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    /// One word, never a list: a token is for one audience.
    aud: String,
    sub: UserId,
    sid: SessionId,
    role: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: Uuid,
    /// Which conference, in its tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conf: Option<ConferenceId>,
}

/// What a token is issued for.
pub(super) struct Grant<'a> {
    pub user: UserId,
    pub session: SessionId,
    pub role: &'a str,
    /// When the token ends, wall-clock milliseconds.
    pub until: WallMillis,
    pub id: Uuid,
    pub purpose: Purpose,
}

/// What the token opens: its audience.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// What is meant for accounts of a kind.
    Account(AccountKind),
    /// One conference alone.
    Conference(ConferenceId),
}

/// The audience of tokens of a kind: each has its own, so that none is ever taken for another.
fn audience_of(kind: AccountKind, base: &str) -> String {
    if kind == AccountKind::User { base.to_owned() } else { format!("{base}:{}", kind.as_str()) }
}

/// The role in a conference's token.
pub(super) fn role_name(role: ConferenceRole) -> &'static str {
    match role {
        ConferenceRole::Participant => "participant",
        ConferenceRole::Runner(HostRole::Screen) => "screen",
        ConferenceRole::Runner(HostRole::Moderator) => "moderator",
        ConferenceRole::Runner(HostRole::Cohost | HostRole::Host) => "cohost",
    }
}

fn role_of(name: &str) -> Option<ConferenceRole> {
    Some(match name {
        "participant" => ConferenceRole::Participant,
        "screen" => ConferenceRole::Runner(HostRole::Screen),
        "moderator" => ConferenceRole::Runner(HostRole::Moderator),
        "cohost" => ConferenceRole::Runner(HostRole::Cohost),
        _ => return None,
    })
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
    /// The audience of each kind of accounts.
    audiences: Vec<(AccountKind, String)>,
    leeway_ms: i64,
    validation: Validation,
    conference_audience: String,
    conference_validation: Validation,
}

impl Tokens {
    pub fn new(config: &TokenConfig) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&config.issuer]);
        let audiences: Vec<_> =
            AccountKind::ALL.iter().map(|kind| (*kind, audience_of(*kind, &config.audience))).collect();
        validation.set_audience(&audiences.iter().map(|(_, audience)| audience).collect::<Vec<_>>());
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // Time is checked below, by the clock that was passed in.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let conference_audience = format!("{}{CONFERENCE_SUFFIX}", config.audience);
        let mut conference_validation = validation.clone();
        conference_validation.set_audience(&[&conference_audience]);
        Self {
            issuer: config.issuer.clone(),
            audiences,
            leeway_ms: i64::try_from(config.leeway_s).unwrap_or(0).saturating_mul(1_000),
            validation,
            conference_audience,
            conference_validation,
        }
    }

    /// A signed token. `None` when signing fails, which needs a damaged key.
    pub fn issue(&self, ring: &KeyRing, grant: &Grant<'_>, now: WallMillis) -> Option<Secret> {
        let key = ring.signing();
        let (typ, aud, conf) = match grant.purpose {
            Purpose::Account(wanted) => (TYPE, &self.audiences.iter().find(|(kind, _)| *kind == wanted)?.1, None),
            Purpose::Conference(conference) => (CONFERENCE_TYPE, &self.conference_audience, Some(conference)),
        };
        let header = Header { typ: Some(typ.to_owned()), kid: Some(key.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: aud.clone(),
            sub: grant.user,
            sid: grant.session,
            role: grant.role.to_owned(),
            iat: now.div_euclid(1_000),
            nbf: now.saturating_sub(NOT_BEFORE_MS).div_euclid(1_000),
            exp: grant.until.div_euclid(1_000),
            jti: grant.id,
            conf,
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
        let is_typ = |typ: &str| header.typ.as_deref().is_some_and(|given| given.eq_ignore_ascii_case(typ));
        let validation = match () {
            () if header.crit.is_some() => return Err(TokenError::Shape),
            () if is_typ(TYPE) => &self.validation,
            () if is_typ(CONFERENCE_TYPE) => &self.conference_validation,
            () => return Err(TokenError::Shape),
        };
        if header.alg != Algorithm::EdDSA {
            return Err(TokenError::Algorithm);
        }
        let key = header.kid.as_deref().and_then(|kid| ring.verifying(kid, now)).ok_or(TokenError::Key)?;
        let claims = decode::<Claims>(token, key, validation).map_err(|_| TokenError::Claims)?.claims;
        let (start, end) = (claims.nbf.saturating_mul(1_000), claims.exp.saturating_mul(1_000));
        let ends_at = end.saturating_add(self.leeway_ms);
        if now >= ends_at || now < start.saturating_sub(self.leeway_ms) {
            return Err(TokenError::Time);
        }
        let scope = match (is_typ(CONFERENCE_TYPE), claims.conf, role_of(&claims.role)) {
            (false, None, _) => {
                let kind = self.audiences.iter().find(|(_, audience)| *audience == claims.aud);
                Scope::Account(kind.ok_or(TokenError::Claims)?.0)
            }
            (true, Some(conference), Some(role)) => Scope::Conference { conference, role },
            _ => return Err(TokenError::Claims),
        };
        Ok(Identity { user: claims.sub, session: claims.sid, expires_at: end, ends_at, scope })
    }
}
