//! Names that are one brand's or domain's alone.
//!
//! A name is claimed, then the row that carries it is written, then the claim is confirmed; each step is one conditional write, so a
//! crash between two leaves a claim that the next one who wants the name takes over: at once when it was confirmed and is not carried
//! any more, else after a grace. The clock decides only how long one waits.

use super::StatusBoard;
use crate::rows::{ATTEMPTS, contended};
use plenum_schema::entities::{Brand, StatusDomain, StatusName};
use plenum_schema::table::FieldValue;
use plenum_schema::{BrandId, DomainId, Refusal, RefusalCode};
use uuid::Uuid;

/// A name in the form in which it is unique.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Unique {
    /// A brand's name, folded.
    Brand(String),
    /// A brand's code.
    Code(String),
    /// A domain.
    Domain(String),
}

impl Unique {
    /// The unique form of a brand's name.
    pub fn brand(name: &str) -> Self {
        Self::Brand(crate::text::folded(name))
    }

    fn key(&self) -> String {
        match self {
            Self::Brand(text) => format!("brand:{text}"),
            Self::Code(text) => format!("code:{text}"),
            Self::Domain(text) => format!("domain:{text}"),
        }
    }

    fn taken(&self) -> Refusal {
        let (field, message) = match self {
            Self::Brand(_) => ("name", "a brand with this name exists"),
            Self::Code(_) => ("code", "a brand with this code exists"),
            Self::Domain(_) => ("domain", "this domain is on the board already"),
        };
        Refusal::field(RefusalCode::Conflict, field, message)
    }
}

impl StatusBoard {
    async fn is_carried(&self, name: &Unique, owner: Uuid) -> Result<bool, Refusal> {
        if let Unique::Domain(text) = name {
            let row = self.rows.get::<StatusDomain>(vec![DomainId(owner).to_value()]).await?;
            return Ok(row.is_some_and(|row| row.domain == *text));
        }
        let row = self.rows.get::<Brand>(vec![BrandId(owner).to_value()]).await?;
        Ok(row.is_some_and(|row| [Unique::brand(&row.name), Unique::Code(row.code)].contains(name)))
    }

    /// Claims a name for a row that is written next.
    pub(super) async fn claim(&self, name: &Unique, owner: Uuid) -> Result<StatusName, Refusal> {
        let now = self.clock.wall();
        let mut claim = StatusName { key: name.key(), owner, confirmed: false, claimed_at: now, version: 1 };
        let grace = i64::try_from(self.config.claim_grace_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
        for _ in 0..ATTEMPTS {
            claim.version = 1;
            let Err(stands) = self.rows.insert(&claim).await? else { return Ok(claim) };
            let Some(stands) = stands else { continue };
            if !stands.owner.is_nil() && stands.owner != owner {
                let is_over = stands.confirmed || now >= stands.claimed_at.saturating_add(grace);
                if self.is_carried(name, stands.owner).await? || !is_over {
                    return Err(name.taken());
                }
            }
            claim.version = stands.version + 1;
            if self.rows.swap(&claim, stands.version).await?.is_ok() {
                return Ok(claim);
            }
        }
        Err(contended())
    }

    /// Claims all of them, or none.
    pub(super) async fn claim_all(&self, names: &[Unique], owner: Uuid) -> Result<Vec<StatusName>, Refusal> {
        let mut claims = Vec::with_capacity(names.len());
        for name in names {
            match self.claim(name, owner).await {
                Ok(claim) => claims.push(claim),
                Err(refusal) => {
                    self.release(&claims).await;
                    return Err(refusal);
                }
            }
        }
        Ok(claims)
    }

    /// Confirms claims whose row is written. `false`: one was taken over meanwhile.
    pub(super) async fn confirm(&self, claims: &[StatusName]) -> Result<bool, Refusal> {
        for claim in claims {
            let confirmed = StatusName { confirmed: true, version: claim.version + 1, ..claim.clone() };
            if self.rows.swap(&confirmed, claim.version).await?.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives claims back that are still as they were. Best effort: what stays behind is taken over later.
    pub(super) async fn release(&self, claims: &[StatusName]) {
        for claim in claims {
            let free = StatusName { owner: Uuid::nil(), confirmed: false, version: claim.version + 1, ..claim.clone() };
            let _taken_over = self.rows.swap(&free, claim.version).await;
        }
    }

    /// Gives names back that a row carries no more.
    pub(super) async fn give_up(&self, names: &[Unique], owner: Uuid) {
        for name in names {
            if let Ok(Some(row)) = self.rows.get::<StatusName>(vec![name.key().to_value()]).await
                && row.owner == owner
            {
                self.release(&[row]).await;
            }
        }
    }
}
