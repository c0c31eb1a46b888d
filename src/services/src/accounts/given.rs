//! What admins say of accounts: points, stars and the like, and the order of those who have points.
//!
//! A row of that order is written before the account has the points and removed after it has others, so that a crash leaves a row that
//! readers skip, never somebody who is missing.

use super::admin::{AccountFilter, SEARCHED_AT_ONCE};
use super::profile::Profile;
use super::profile_update::{invalid, text};
use super::requests::Given;
use super::service::{Accounts, Inner};
use crate::unavailable::unavailable;
use plenum_actors::store::{Direction, Mutation};
use plenum_schema::entities::Rank;
use plenum_schema::table::{Entity, FieldValue, Key};
use plenum_schema::{Refusal, UserId};

/// More than anybody earns, and exact in every client's numbers.
const MOST: i64 = 1_000_000_000_000;
/// There is one order.
const BOARD: i64 = 0;
/// Rows read at a time.
const READ_AT_ONCE: usize = 100;

/// A page of people in the order of their points, the most first.
#[derive(Clone, PartialEq, Debug)]
pub struct RankedPage {
    /// The people.
    pub items: Vec<Profile>,
    /// Points and id where to go on; `None` at the end.
    pub next: Option<(i64, UserId)>,
}

fn key(points: i64, user: UserId) -> Key {
    vec![BOARD.to_value(), points.to_value(), user.to_value()]
}

fn checked(field: &str, number: Option<i64>) -> Result<(), Refusal> {
    let fine = number.is_none_or(|number| (0..=MOST).contains(&number));
    if fine { Ok(()) } else { Err(invalid(field, format!("must be 0 to {MOST}"))) }
}

impl Inner {
    /// Writes what was given, but for role and whether it is active, which have steps of their own.
    async fn give(&self, user: UserId, given: &Given) -> Result<Profile, Refusal> {
        checked("points", given.points)?;
        checked("stars", given.stars)?;
        if let Some(points) = given.points.filter(|points| *points > 0) {
            let row = Rank { board: BOARD, points, user_id: user, since: self.now() };
            self.store.write(Rank::TABLE, vec![Mutation::Put(row.to_row())]).await.map_err(unavailable)?;
        }
        let mut before = 0;
        let changed = self.edit_account(user, |account| {
            before = account.points.unwrap_or(0);
            account.points = given.points.or(account.points);
            account.stars = given.stars.or(account.stars);
            account.is_bureau = given.is_bureau.or(account.is_bureau);
            account.is_premium = given.is_premium.or(account.is_premium);
            text("subscription", 60, &mut account.subscription, given.subscription.as_ref())
        });
        let account = changed.await?;
        if account.points.unwrap_or(0) != before {
            let gone = vec![Mutation::Delete(key(before, user))];
            self.store.write(Rank::TABLE, gone).await.map_err(unavailable)?;
        }
        Ok(account.into())
    }
}

impl Accounts {
    /// Changes what only admins say of an account. The role and whether it is active change last.
    ///
    /// # Errors
    /// `notFound`, `invalid` naming the member, `conflict` when an admin (`by`) would put themselves out, `unavailable`.
    pub async fn give(&self, user: UserId, given: &Given, by: UserId) -> Result<Profile, Refusal> {
        let mut profile = self.0.give(user, given).await?;
        if let Some(role) = given.role.filter(|role| role.as_str() != profile.role) {
            profile = self.set_role(user, role, Some(by)).await?;
        }
        if let Some(active) = given.is_active.filter(|active| *active != profile.is_active) {
            if by == user && !active {
                return Err(Refusal::field(
                    plenum_schema::RefusalCode::Conflict,
                    "isActive",
                    "ask another admin: nobody switches themselves off",
                ));
            }
            profile = self.set_active(user, active).await?;
        }
        tracing::info!(target: "security", event = "account_given", outcome = "ok", %user, %by);
        Ok(profile)
    }

    /// People with points who fit, the most points first, at most `limit` beyond `after`.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn ranked(
        &self,
        filter: &AccountFilter,
        mut after: Option<(i64, UserId)>,
        limit: usize,
    ) -> Result<RankedPage, Refusal> {
        let (mut items, mut searched) = (Vec::new(), 0);
        while searched < SEARCHED_AT_ONCE {
            let behind = after.map(|(points, user)| vec![points.to_value(), user.to_value()]);
            let partition = vec![BOARD.to_value()];
            let rows = self.0.store.scan(Rank::TABLE, partition, behind, Direction::Backward, READ_AT_ONCE).await;
            let rows = rows.map_err(unavailable)?;
            let is_end = rows.len() < READ_AT_ONCE;
            for row in rows {
                let row: Rank = super::directory::read_row(row)?;
                if items.len() == limit {
                    return Ok(RankedPage { items, next: after });
                }
                after = Some((row.points, row.user_id));
                searched += 1;
                let account = self.0.account(row.user_id).await?;
                let agrees = account.filter(|account| account.points == Some(row.points)).map(Profile::from);
                items.extend(agrees.filter(|account| filter.fits(account)));
            }
            if is_end {
                return Ok(RankedPage { items, next: None });
            }
        }
        Ok(RankedPage { items, next: after })
    }

    /// Takes somebody off the order whose account is deleted, which had these points.
    pub(super) async fn unrank(&self, user: UserId, points: i64) -> Result<(), Refusal> {
        let gone = vec![Mutation::Delete(key(points, user))];
        self.0.store.write(Rank::TABLE, gone).await.map_err(unavailable)
    }
}
