//! Profiles: reading, changing by a list of allowed members, and finding people.

use super::names::{self, Name, given};
use super::profile::{Profile, PublicProfile};
use super::requests::ProfileUpdate;
use super::service::{Accounts, Inner};
use futures_util::future::try_join_all;
use plenum_actors::identity::Identity;
use plenum_schema::entities::Account;
use plenum_schema::{Refusal, RefusalCode, UserId};

/// Longest full name, characters. The page says the same.
pub const FULL_NAME_CHARS: usize = 120;
/// Most people asked for at once.
const MAX_NAMES: usize = 1_000;
const MAX_SKILLS: usize = 50;
const MAX_SKILL: usize = 60;
/// Largest `preferences`, bytes of JSON.
const MAX_PREFERENCES: usize = 8 * 1024;
const MAX_URL: usize = 1_000;

pub(super) fn invalid(field: &str, message: String) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, message)
}

/// One text: trimmed, without control characters (line ends are fine), not too long. An empty one removes the member.
pub(super) fn text(field: &str, most: usize, to: &mut Option<String>, from: Option<&String>) -> Result<(), Refusal> {
    let Some(from) = from else { return Ok(()) };
    let trimmed = from.trim();
    if trimmed.chars().count() > most {
        return Err(invalid(field, format!("at most {most} characters")));
    }
    if trimmed.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(invalid(field, "control characters are not allowed".to_owned()));
    }
    *to = (!trimmed.is_empty()).then(|| trimmed.to_owned());
    Ok(())
}

/// A name: one line in which everything can be seen.
fn name(field: &str, most: usize, to: &mut Option<String>, from: Option<&String>) -> Result<(), Refusal> {
    let clean = from.map(|from| crate::text::name(field, from)).transpose()?;
    text(field, most, to, clean.as_ref())
}

/// A link to a picture: on the web or on this server, never a scheme that a browser would run.
fn link(field: &str, to: &mut Option<String>, from: Option<&String>) -> Result<(), Refusal> {
    text(field, MAX_URL, to, from)?;
    let lower = to.as_deref().unwrap_or("/").to_ascii_lowercase();
    let local = lower.starts_with('/') && !lower.starts_with("//") && !lower.contains('\\');
    let fine = local || lower.starts_with("https://") || lower.starts_with("http://");
    if fine { Ok(()) } else { Err(invalid(field, "an http(s) URL or a path on this server".to_owned())) }
}

fn json<T: serde::Serialize>(field: &str, value: &T) -> Result<String, Refusal> {
    serde_json::to_string(value).map_err(|_| invalid(field, "not JSON".to_owned()))
}

fn skills(to: &mut Option<String>, from: Option<&Vec<String>>) -> Result<(), Refusal> {
    let Some(from) = from else { return Ok(()) };
    let fine = |skill: &str| skill.chars().count() <= MAX_SKILL && !skill.chars().any(char::is_control);
    let kept: Vec<&str> = from.iter().map(|skill| skill.trim()).filter(|skill| !skill.is_empty()).collect();
    if kept.len() > MAX_SKILLS || !kept.iter().all(|skill| fine(skill)) {
        return Err(invalid("skills", format!("at most {MAX_SKILLS} texts of at most {MAX_SKILL} characters")));
    }
    *to = Some(json("skills", &kept)?);
    Ok(())
}

impl Inner {
    /// Writes all members but the user name, which is unique and has steps of its own.
    pub fn apply_profile(&self, account: &mut Account, update: &ProfileUpdate) -> Result<(), Refusal> {
        name("fullName", FULL_NAME_CHARS, &mut account.full_name, update.full_name.as_ref())?;
        name("firstName", 60, &mut account.first_name, update.first_name.as_ref())?;
        name("lastName", 60, &mut account.last_name, update.last_name.as_ref())?;
        link("avatar", &mut account.avatar, update.avatar.as_ref())?;
        link("coverPhoto", &mut account.cover_photo, update.cover_photo.as_ref())?;
        text("gender", 40, &mut account.gender, update.gender.as_ref())?;
        text("bio", 2_000, &mut account.bio, update.bio.as_ref())?;
        text("location", 120, &mut account.location, update.location.as_ref())?;
        text("occupation", 120, &mut account.occupation, update.occupation.as_ref())?;
        text("coordination", 120, &mut account.coordination, update.coordination.as_ref())?;
        text("motivation", 2_000, &mut account.motivation, update.motivation.as_ref())?;
        text("projects", 2_000, &mut account.projects, update.projects.as_ref())?;
        text("educationLevel", 120, &mut account.education_level, update.education_level.as_ref())?;
        text("institution", 120, &mut account.institution, update.institution.as_ref())?;
        skills(&mut account.skills, update.skills.as_ref())?;
        self.apply_enumerations(account, update)?;
        if let Some(preferences) = &update.preferences {
            let stored = json("preferences", preferences)?;
            if stored.len() > MAX_PREFERENCES {
                return Err(invalid("preferences", format!("at most {MAX_PREFERENCES} bytes of JSON")));
            }
            account.preferences = Some(stored);
        }
        if let Some(privacy) = &update.privacy {
            account.is_unlisted = privacy.listed.map(|listed| !listed).or(account.is_unlisted);
            account.is_unfindable = privacy.findable.map(|findable| !findable).or(account.is_unfindable);
        }
        Ok(())
    }

    fn apply_enumerations(&self, account: &mut Account, update: &ProfileUpdate) -> Result<(), Refusal> {
        let (fields, years) = (&self.config.fields, &self.config.years);
        text("field", 60, &mut account.field, update.field.as_ref())?;
        if account
            .field
            .as_ref()
            .is_some_and(|field| update.field.is_some() && !fields.is_empty() && !fields.contains(field))
        {
            return Err(invalid("field", format!("one of {}", fields.join(", "))));
        }
        if let Some(year) = update.year {
            let allowed = if years.is_empty() { (1..=10).contains(&year) } else { years.contains(&year) };
            if !allowed {
                return Err(invalid("year", "not one of the configured years".to_owned()));
            }
            account.year = Some(year);
        }
        Ok(())
    }

    async fn update_profile(
        &self,
        user: UserId,
        update: &ProfileUpdate,
        version: Option<i64>,
    ) -> Result<Account, Refusal> {
        let wanted = match &update.username {
            Some(text) => Some(given(Some(text)).map(names::username).transpose()?),
            None => None,
        };
        let before = self.account(user).await?.ok_or_else(|| Refusal::new(RefusalCode::NotFound, "no such account"))?;
        let held = before.username.clone().map(Name::Username);
        // The same name again is no change: older front ends send the whole object back.
        let wanted = wanted.filter(|wanted| *wanted != held);
        let claim = match wanted.as_ref().and_then(Option::as_ref) {
            Some(name) => Some((self.claim(name, user).await?, name)),
            None => None,
        };
        let edited = self.edit_account(user, |account| {
            if version.is_some_and(|version| version != account.version) {
                return Err(Refusal::field(RefusalCode::Conflict, "version", "the profile has changed meanwhile"));
            }
            self.apply_profile(account, update)?;
            if let Some(wanted) = &wanted {
                account.username = wanted.as_ref().map(|name| name.text().to_owned());
            }
            Ok(())
        });
        let edited = edited.await;
        let Some((claim, name)) = claim else { return edited };
        match edited {
            Err(refusal) => {
                self.release(&claim).await;
                Err(refusal)
            }
            Ok(_) if !self.confirm(&claim).await? => self.drop_username(user, name).await,
            Ok(account) => Ok(account),
        }
    }

    /// The claim was taken over before the account carried the name: the account must not go on showing it.
    async fn drop_username(&self, user: UserId, name: &Name) -> Result<Account, Refusal> {
        let dropped = self.edit_account(user, |account| {
            if account.username.as_deref() == Some(name.text()) {
                account.username = None;
            }
            Ok(())
        });
        dropped.await?;
        Err(name.taken())
    }
}

impl Accounts {
    /// The own full profile.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn me(&self, identity: Identity) -> Result<Profile, Refusal> {
        let missing = || Refusal::new(RefusalCode::NotFound, "no such account");
        let account = self.0.account(identity.user).await?.ok_or_else(missing)?;
        let last_login = self.0.session_rows(identity.user).await?.last().map(|row| row.created_at);
        Ok(Profile { last_login, ..account.into() })
    }

    /// Somebody's full profile: for admins and the person; what others see is made of it.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn profile(&self, user: UserId) -> Result<Profile, Refusal> {
        let missing = || Refusal::new(RefusalCode::NotFound, "there is no such person");
        Ok(self.0.account(user).await?.ok_or_else(missing)?.into())
    }

    /// Changes the profile of anybody, for admins.
    ///
    /// # Errors
    /// As [`Self::update_profile`], `notFound`.
    pub async fn update_profile_of(
        &self,
        user: UserId,
        update: &ProfileUpdate,
        version: Option<i64>,
    ) -> Result<Profile, Refusal> {
        Ok(self.0.update_profile(user, update, version).await?.into())
    }

    /// Changes the own profile. With `version` (from `If-Match`) only when the profile still has it.
    ///
    /// # Errors
    /// `invalid` naming the member; `conflict` naming `username` that is taken, or `version` when that is another by now
    /// (412 over HTTP); `unavailable`.
    pub async fn update_profile(
        &self,
        identity: Identity,
        update: ProfileUpdate,
        version: Option<i64>,
    ) -> Result<Profile, Refusal> {
        Ok(self.0.update_profile(identity.user, &update, version).await?.into())
    }

    /// The person with exactly this e-mail address, telephone number or user name.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn find(&self, name: &str) -> Result<Option<PublicProfile>, Refusal> {
        let Ok(name) = names::any(name) else { return Ok(None) };
        let owner = self.0.owner(&name).await?;
        Ok(owner.filter(|account| account.is_active).as_ref().map(PublicProfile::from))
    }

    /// As [`find`](Self::find), for e-mail addresses only, and only people who want to be found by them.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn find_by_email(&self, email: &str) -> Result<Option<PublicProfile>, Refusal> {
        let Ok(name) = names::email(email) else { return Ok(None) };
        let owner = self.0.owner(&name).await?;
        let found = owner.filter(|account| account.is_active && !account.is_unfindable.unwrap_or(false));
        Ok(found.as_ref().map(PublicProfile::from))
    }

    /// The e-mail address of an account in its one form; `None` without one, and for who is switched off.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn email_of(&self, user: UserId) -> Result<Option<String>, Refusal> {
        let account = self.0.account(user).await?.filter(|account| account.is_active);
        Ok(account.and_then(|account| account.email).and_then(|email| names::normal_email(&email)))
    }

    /// Whether there is such an account and it is not switched off.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn exists(&self, user: UserId) -> Result<bool, Refusal> {
        Ok(self.0.account(user).await?.is_some_and(|account| account.is_active))
    }

    /// What to call these people, in no particular order; those that do not exist are left out. At most 1,000.
    ///
    /// # Errors
    /// `invalid` when more are asked for, `unavailable`.
    pub async fn names(&self, users: Vec<UserId>) -> Result<Vec<PublicProfile>, Refusal> {
        if users.len() > MAX_NAMES {
            return Err(invalid("users", format!("at most {MAX_NAMES} at once")));
        }
        let accounts = try_join_all(users.into_iter().map(|user| self.0.account(user))).await?;
        Ok(accounts.iter().flatten().map(PublicProfile::from).collect())
    }
}
