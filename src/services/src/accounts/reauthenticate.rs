//! Asking again who it is, before what a stolen token alone must not do.

use super::audit;
use super::password::Checked;
use super::secret::Secret;
use super::service::{Inner, millis, unauthenticated};
use plenum_actors::identity::Identity;
use plenum_schema::{Refusal, RefusalCode};
use std::net::IpAddr;

impl Inner {
    /// Lets a session pass that signed in a moment ago.
    pub async fn check_fresh(&self, identity: Identity) -> Result<(), Refusal> {
        let session = self.session(identity.user, identity.session).await?.ok_or_else(unauthenticated)?;
        let fresh_s = self.config.codes.reauth_s;
        if fresh_s == 0 || self.now() < session.created_at.saturating_add(millis(fresh_s)) {
            return Ok(());
        }
        let message = "the current password is needed, or a new sign-in";
        Err(Refusal::field(RefusalCode::Invalid, "currentPassword", message))
    }

    /// Lets those pass who signed in a moment ago or know the password. Wrong ones are tries like others, audited under `event`.
    ///
    /// # Errors
    /// `invalid` naming `currentPassword`, `unauthenticated`, `rateLimited`, `busy`, `unavailable`.
    pub async fn authenticate_again(
        &self,
        identity: Identity,
        event: &'static str,
        password: Option<Secret>,
        address: Option<IpAddr>,
    ) -> Result<(), Refusal> {
        let Some(password) = password else { return self.check_fresh(identity).await };
        let tried = self.try_once(event, Some(&identity.user.to_string()), address).await?;
        let account = self.account(identity.user).await?.ok_or_else(unauthenticated)?;
        if self.pool.check(password, account.password_hash).await? == Checked::Wrong {
            audit::denied(event, Some(identity.user), address, RefusalCode::Invalid);
            return Err(Refusal::field(RefusalCode::Invalid, "currentPassword", "the current password is wrong"));
        }
        tried.forgive();
        Ok(())
    }
}
