//! The roster of a conference: the accounts that may join it, by e-mail address, and what their votes weigh. Addresses are stored
//! hashed, and nobody learns from a roster who has an account.

use super::weights::{check_weight, stored};
use super::{Conferences, invitations};
use crate::accounts::{Identity, normal_email};
use crate::unavailable::{damaged, unavailable};
use plenum_actors::store::{Direction, Mutation};
use plenum_schema::conference::HostRole;
use plenum_schema::entities::RosterEntry;
use plenum_schema::poll::hex;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{ConferenceId, ParticipantId, Refusal, RefusalCode, UserId};

/// Most entries at a time.
const AT_ONCE: usize = 1_000;
/// Rows written, and read, at a time.
const WRITTEN: usize = 50;
const PAGE: usize = 1_000;

/// Somebody who may join.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rostered {
    /// The e-mail address of their account.
    pub email: String,
    /// What their vote weighs where that counts.
    pub weight: u32,
}

fn email_hash(id: ConferenceId, email: &str) -> String {
    hex(&invitations::digest(&[b"plenum.roster", id.0.as_bytes(), email.as_bytes()]))
}

impl Conferences {
    /// Puts people on the roster, or changes what they weigh; answers how many are on it.
    ///
    /// # Errors
    /// `forbidden` by role, `invalid` naming `entries.N.email` or `entries.N.weight`, `limitReached`, `unavailable`.
    pub async fn add_to_roster(
        &self,
        by: &Identity,
        id: ConferenceId,
        entries: Vec<Rostered>,
    ) -> Result<usize, Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        if !(1..=AT_ONCE).contains(&entries.len()) {
            let text = format!("1 to {AT_ONCE} people are put on the roster at a time");
            return Err(Refusal::field(RefusalCode::Invalid, "entries", text));
        }
        let mut people = Vec::new();
        for (place, entry) in entries.into_iter().enumerate() {
            let field = |name: &str| format!("entries.{place}.{name}");
            let wrong = || Refusal::field(RefusalCode::Invalid, field("email"), "this is no e-mail address");
            let email = normal_email(&entry.email).ok_or_else(wrong)?;
            check_weight(entry.weight, &field("weight"))?;
            people.push((email, entry.weight));
        }
        if self.roster_size(id).await? + people.len() > self.config.roster {
            let text = format!("a roster has at most {} people", self.config.roster);
            return Err(Refusal::field(RefusalCode::LimitReached, "entries", text));
        }
        for some in people.chunks(WRITTEN) {
            let row = |(email, weight): &(String, u32)| {
                let row = RosterEntry {
                    conference_id: id,
                    email_hash: email_hash(id, email),
                    weight: stored(*weight),
                    added_at: self.parts.clock.wall(),
                };
                Mutation::Put(row.to_row())
            };
            let puts = some.iter().map(row).collect();
            self.parts.store.write(RosterEntry::TABLE, puts).await.map_err(unavailable)?;
        }
        // Who has joined already weighs so from now on.
        for (email, weight) in people {
            if let Some(person) = self.parts.accounts.find_by_email(&email).await? {
                self.change_weight(id, ParticipantId::of_user(id, person.id), weight).await?;
            }
        }
        self.roster_size(id).await
    }

    /// Takes somebody off the roster. Who has joined stays.
    ///
    /// # Errors
    /// `forbidden` by role, `invalid` naming `email`, `unavailable`.
    pub async fn drop_from_roster(&self, by: &Identity, id: ConferenceId, email: &str) -> Result<(), Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        let wrong = || Refusal::field(RefusalCode::Invalid, "email", "this is no e-mail address");
        let email = normal_email(email).ok_or_else(wrong)?;
        let gone = vec![Mutation::Delete(vec![id.to_value(), email_hash(id, &email).to_value()])];
        self.parts.store.write(RosterEntry::TABLE, gone).await.map_err(unavailable)
    }

    /// How many are on the roster.
    ///
    /// # Errors
    /// `forbidden` by role, `unavailable`.
    pub async fn roster(&self, by: &Identity, id: ConferenceId) -> Result<usize, Refusal> {
        self.authorize(id, by, HostRole::Moderator).await?;
        self.roster_size(id).await
    }

    async fn roster_size(&self, id: ConferenceId) -> Result<usize, Refusal> {
        let (mut size, mut after) = (0, None);
        loop {
            let (store, partition) = (&self.parts.store, vec![id.to_value()]);
            let rows = store.scan(RosterEntry::TABLE, partition, after, Direction::Forward, PAGE).await;
            let rows = rows.map_err(unavailable)?;
            size += rows.len();
            let is_last = rows.len() < PAGE;
            let last = rows.into_iter().last().map(RosterEntry::from_row).transpose();
            match last.map_err(|error| damaged(&error))? {
                Some(last) if !is_last => after = Some(vec![last.email_hash.to_value()]),
                _ => return Ok(size),
            }
        }
    }

    /// What somebody's vote weighs by the roster.
    ///
    /// # Errors
    /// `forbidden` naming `roster` for who is not on it.
    pub(super) async fn rostered(&self, id: ConferenceId, user: UserId) -> Result<Option<i64>, Refusal> {
        let missing = || Refusal::field(RefusalCode::Forbidden, "roster", "you are not on the list of this conference");
        let email = self.parts.accounts.email_of(user).await?.ok_or_else(missing)?;
        let key = vec![id.to_value(), email_hash(id, &email).to_value()];
        let row = self.parts.store.get(RosterEntry::TABLE, key).await.map_err(unavailable)?;
        let row = row.map(RosterEntry::from_row).transpose().map_err(|error| damaged(&error))?;
        row.map(|row| row.weight).ok_or_else(missing)
    }
}
