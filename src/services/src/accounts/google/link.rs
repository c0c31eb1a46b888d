//! Which account a Google account opens.
//!
//! A Google account is known by issuer and subject, never by its e-mail address. The first time, the address decides:
//!
//! | an account here has the address | Google keeps the address itself | and then |
//! |---|---|---|
//! | none | yes | a new account, its address proved |
//! | none | no | a new account, its address not proved: the first code sent there takes the Google account away again |
//! | and proved it by a code | yes | they are linked, and a mail to the address says so |
//! | all others | | refused: one of the two may be somebody else's |

use super::Google;
use super::token::Proof;
use crate::accounts::audit;
use crate::accounts::directory::contended;
use crate::accounts::names::Name;
use crate::accounts::register::Names;
use crate::accounts::requests::ProfileUpdate;
use crate::messenger::{Message, Recipient, Text};
use plenum_actors::identity::AccountKind;
use plenum_schema::entities::Account;
use plenum_schema::{Refusal, RefusalCode};
use std::time::Duration;

/// How often it is begun again while the same person's account is being made or linked elsewhere.
const ROUNDS: u32 = 8;
/// How long that is waited for at first; a little longer each time.
const PAUSE: Duration = Duration::from_millis(10);

fn not_linked() -> Refusal {
    let message = "an account with this e-mail address exists: sign in to it with its password or a code";
    Refusal::field(RefusalCode::Conflict, "email", message)
}

/// Whether the account is surely the same person's.
fn is_same_person(account: &Account, proof: &Proof) -> bool {
    proof.is_authority
        && account.email_verified_at.is_some()
        && account.google_id.is_none()
        && account.email.is_some()
        && account.email == proof.email
}

impl Google {
    /// The account that the proved person has, made or linked where there is none yet.
    pub(super) async fn account_of(&self, proof: &Proof) -> Result<Account, Refusal> {
        let inner = &self.accounts.0;
        let name = Name::Google(proof.id.clone());
        for round in 1..=ROUNDS {
            if let Some(account) = inner.owner(&name).await? {
                return self.active(account);
            }
            let unverified = || {
                let message = "the Google account has no e-mail address that Google has verified";
                Refusal::field(RefusalCode::Invalid, "email", message)
            };
            let email = proof.email.clone().map(Name::Email).ok_or_else(unverified)?;
            let outcome = match inner.owner(&email).await? {
                // Made in this moment: it is found by its name from here on.
                Some(account) if account.google_id.as_ref() == Some(&proof.id) => continue,
                Some(account) if is_same_person(&account, proof) => {
                    self.link(self.active(account)?, proof, &name).await
                }
                Some(account) => {
                    audit::denied("google_link", Some(account.user_id), None, RefusalCode::Conflict);
                    return Err(not_linked());
                }
                None => self.found(proof, email, name.clone()).await,
            };
            match outcome {
                Err(refusal) if refusal.code == RefusalCode::Conflict => tokio::time::sleep(PAUSE * round).await,
                other => return other,
            }
        }
        Err(contended())
    }

    fn active(&self, account: Account) -> Result<Account, Refusal> {
        if account.is_active {
            return Ok(account);
        }
        audit::denied("login_by_google", Some(account.user_id), None, RefusalCode::Forbidden);
        Err(Refusal::new(RefusalCode::Forbidden, "this account is switched off"))
    }

    /// A new account.
    async fn found(&self, proof: &Proof, email: Name, name: Name) -> Result<Account, Refusal> {
        let inner = &self.accounts.0;
        let names = Names { email: Some(email), google: Some(name), ..Names::default() };
        let profile = ProfileUpdate {
            full_name: proof.full_name.clone(),
            first_name: proof.first_name.clone(),
            last_name: proof.last_name.clone(),
            ..ProfileUpdate::default()
        };
        // Names that are none here are left out: nobody can change them on the way.
        let account = inner.new_account(&names, &profile, AccountKind::User);
        let mut account =
            account.or_else(|_| inner.new_account(&names, &ProfileUpdate::default(), AccountKind::User))?;
        account.email_verified_at = proof.is_authority.then(|| inner.now());
        inner.create_account(&account, &names.all()).await?;
        audit::done("register", account.user_id, None);
        Ok(account)
    }

    /// Claims the Google account, writes it, confirms the claim.
    async fn link(&self, account: Account, proof: &Proof, name: &Name) -> Result<Account, Refusal> {
        let inner = &self.accounts.0;
        let claim = inner.claim(name, account.user_id).await?;
        let changed = inner.edit_account(account.user_id, |account| {
            if !is_same_person(account, proof) {
                return Err(not_linked());
            }
            account.google_id = Some(proof.id.clone());
            Ok(())
        });
        let account = match changed.await {
            Ok(account) => account,
            Err(refusal) => {
                inner.release(&claim).await;
                return Err(refusal);
            }
        };
        if !inner.confirm(&claim).await? {
            // The claim was taken over before the account carried the name: it must not go on showing it.
            let undone = inner.edit_account(account.user_id, |account| {
                if account.google_id.as_ref() == Some(&proof.id) {
                    account.google_id = None;
                }
                Ok(())
            });
            undone.await?;
            return Err(name.taken());
        }
        audit::done("google_linked", account.user_id, None);
        self.tell(&account).await;
        Ok(account)
    }

    /// The address hears of it: whoever did not want this finds out.
    async fn tell(&self, account: &Account) {
        let Some(to) = account.email.clone().map(Recipient::Email) else { return };
        if let Err(error) = self.messenger.send(Message { to, text: Text::GoogleLinked }).await {
            tracing::warn!(%error, "the person was not told that a Google account opens theirs");
        }
    }
}
