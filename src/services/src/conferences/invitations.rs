//! Invitations: codes that let one person join, once. Stored hashed, and told once. Nothing that is stored leads from an invitation to
//! the participant who joined with it.

use super::Conferences;
use super::code::{normalised, random_code};
use super::weights::{check_weight, stored};
use crate::accounts::Identity;
use crate::unavailable::{damaged, unavailable};
use plenum_actors::store::{Conditional, Direction, Mutation};
use plenum_schema::conference::HostRole;
use plenum_schema::entities::Invitation;
use plenum_schema::poll::hex;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{ConferenceId, ParticipantId, Refusal, RefusalCode};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Characters of an invitation: 31 to the tenth, so that nobody finds one by trying.
const CHARS: usize = 10;
/// Most invitations made at a time.
const AT_ONCE: usize = 1_000;
/// Rows written, and read, at a time.
const WRITTEN: usize = 50;
const PAGE: usize = 1_000;
/// How often a row that others write is read again.
const ATTEMPTS: usize = 4;
/// Longest name that a device gives itself, bytes.
const DEVICE_BYTES: usize = 64;

/// How many invitations there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Invitations {
    /// In all.
    pub made: usize,
    /// With which somebody has joined.
    pub used: usize,
}

pub(super) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn code_hash(id: ConferenceId, code: &str) -> String {
    hex(&digest(&[b"plenum.invitation", id.0.as_bytes(), code.as_bytes()]))
}

/// Who joins from a device that calls itself so: only the device knows the name, so only it can tell.
fn participant_of(id: ConferenceId, device: &str) -> ParticipantId {
    let hash = digest(&[b"plenum.invited", id.0.as_bytes(), device.as_bytes()]);
    let first = hash.first_chunk::<16>().copied().unwrap_or_default();
    ParticipantId(Uuid::from_u128(u128::from_be_bytes(first)))
}

fn refused(text: &str) -> Refusal {
    Refusal::field(RefusalCode::Forbidden, "invitation", text)
}

impl Conferences {
    async fn invitation_rows(&self, id: ConferenceId) -> Result<Invitations, Refusal> {
        let (mut found, mut after) = (Invitations::default(), None);
        loop {
            let (store, partition) = (&self.parts.store, vec![id.to_value()]);
            let rows = store.scan(Invitation::TABLE, partition, after, Direction::Forward, PAGE).await;
            let rows = rows.map_err(unavailable)?;
            let is_last = rows.len() < PAGE;
            let mut last = None;
            for row in rows {
                let row = Invitation::from_row(row).map_err(|error| damaged(&error))?;
                found.made += 1;
                found.used += usize::from(row.used_at.is_some());
                last = Some(row.code_hash);
            }
            match last {
                Some(last) if !is_last => after = Some(vec![last.to_value()]),
                _ => return Ok(found),
            }
        }
    }

    /// Makes so many invitations, for people whose votes weigh so. They are told now and never again.
    ///
    /// # Errors
    /// `forbidden` by role, `invalid` naming `count` or `weight`, `limitReached`, `unavailable`.
    pub async fn invite(
        &self,
        by: &Identity,
        id: ConferenceId,
        count: usize,
        weight: u32,
    ) -> Result<Vec<String>, Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        check_weight(weight, "weight")?;
        if !(1..=AT_ONCE).contains(&count) {
            let text = format!("1 to {AT_ONCE} invitations are made at a time");
            return Err(Refusal::field(RefusalCode::Invalid, "count", text));
        }
        if self.invitation_rows(id).await?.made + count > self.config.invitations {
            let text = format!("a conference has at most {} invitations", self.config.invitations);
            return Err(Refusal::field(RefusalCode::LimitReached, "count", text));
        }
        let codes: Vec<String> = (0..count).map(|_| random_code(CHARS)).collect();
        for some in codes.chunks(WRITTEN) {
            let row = |code: &String| Invitation {
                conference_id: id,
                code_hash: code_hash(id, code),
                created_at: self.parts.clock.wall(),
                used_at: None,
                device_hash: None,
                version: 1,
                weight: stored(weight),
            };
            let puts = some.iter().map(|code| Mutation::Put(row(code).to_row())).collect();
            self.parts.store.write(Invitation::TABLE, puts).await.map_err(unavailable)?;
        }
        Ok(codes)
    }

    /// How many invitations were made and used.
    ///
    /// # Errors
    /// `forbidden` by role, `unavailable`.
    pub async fn invitations(&self, by: &Identity, id: ConferenceId) -> Result<Invitations, Refusal> {
        self.authorize(id, by, HostRole::Moderator).await?;
        self.invitation_rows(id).await
    }

    /// Uses an invitation up; answers who joins with it, and what their vote weighs. The same device may repeat it, when it says how it calls itself.
    pub(super) async fn use_invitation(
        &self,
        id: ConferenceId,
        said: Option<&str>,
        device: Option<&str>,
    ) -> Result<(ParticipantId, Option<i64>), Refusal> {
        if device.is_some_and(|device| !(16..=DEVICE_BYTES).contains(&device.len())) {
            return Err(Refusal::field(
                RefusalCode::Invalid,
                "device",
                "a device calls itself by 16 to 64 random bytes",
            ));
        }
        let said = said.ok_or_else(|| refused("this conference is joined with an invitation"))?;
        let code = normalised(said).ok_or_else(|| refused("there is no such invitation"))?;
        let device_hash = device.map(|device| hex(&digest(&[b"plenum.device", id.0.as_bytes(), device.as_bytes()])));
        let participant = match device {
            Some(device) => participant_of(id, device),
            None => ParticipantId(Uuid::from_u128(rand::random())),
        };
        let key = vec![id.to_value(), code_hash(id, &code).to_value()];
        for _ in 0..ATTEMPTS {
            let row = self.parts.store.get(Invitation::TABLE, key.clone()).await.map_err(unavailable)?;
            let row = row.map(Invitation::from_row).transpose().map_err(|error| damaged(&error))?;
            let row = row.ok_or_else(|| refused("there is no such invitation"))?;
            if row.used_at.is_some() {
                let is_same = row.device_hash.is_some() && row.device_hash == device_hash;
                return if is_same {
                    Ok((participant, row.weight))
                } else {
                    Err(refused("somebody has joined with this invitation"))
                };
            }
            let weight = row.weight;
            let used = Invitation {
                used_at: Some(self.parts.clock.wall()),
                device_hash: device_hash.clone(),
                version: row.version + 1,
                ..row
            };
            let column = Invitation::TABLE.column("version").unwrap_or_default();
            let expected = (used.version - 1).to_value();
            let done = self.parts.store.replace(Invitation::TABLE, used.to_row(), column, expected).await;
            if done.map_err(unavailable)? == Conditional::Applied {
                return Ok((participant, weight));
            }
        }
        Err(Refusal::new(RefusalCode::Busy, "others try the same invitation").retry_after(100))
    }
}
