//! Signing up.

use super::audit;
use super::kinds;
use super::login::context;
use super::names::{self, Name, given};
use super::password;
use super::requests::{ProfileUpdate, Registration, SignedIn};
use super::secret::Secret;
use super::service::{Accounts, Inner};
use plenum_actors::identity::AccountKind;
use plenum_schema::entities::Account;
use plenum_schema::{Refusal, RefusalCode, UserId};

/// The role of everybody who signs up.
pub(super) const ROLE_USER: &str = "user";

/// The names of a new account.
#[derive(Default)]
pub(super) struct Names {
    pub email: Option<Name>,
    pub phone: Option<Name>,
    pub username: Option<Name>,
    pub google: Option<Name>,
}

impl Names {
    pub fn read(email: Option<&String>, phone: Option<&String>, username: Option<&String>) -> Result<Self, Refusal> {
        Ok(Self {
            email: given(email).map(names::email).transpose()?,
            phone: given(phone).map(names::phone).transpose()?,
            username: given(username).map(names::username).transpose()?,
            google: None,
        })
    }

    pub fn all(&self) -> Vec<Name> {
        [&self.email, &self.phone, &self.username, &self.google].into_iter().flatten().cloned().collect()
    }
}

impl Inner {
    /// An account that is not stored yet.
    pub fn new_account(&self, names: &Names, profile: &ProfileUpdate, kind: AccountKind) -> Result<Account, Refusal> {
        let text = |name: &Option<Name>| name.as_ref().map(|name| name.text().to_owned());
        let now = self.now();
        let mut account = Account {
            user_id: UserId(self.clock.new_id()),
            email: text(&names.email),
            phone: text(&names.phone),
            username: None,
            password_hash: None,
            credential: 1,
            full_name: None,
            first_name: None,
            last_name: None,
            avatar: None,
            cover_photo: None,
            gender: None,
            bio: None,
            location: None,
            occupation: None,
            field: None,
            year: None,
            coordination: None,
            motivation: None,
            projects: None,
            skills: None,
            education_level: None,
            institution: None,
            preferences: None,
            role: kinds::first_role(kind).as_str().to_owned(),
            is_active: true,
            created_at: now,
            updated_at: now,
            version: 1,
            email_verified_at: None,
            phone_verified_at: None,
            erased_at: None,
            points: None,
            stars: None,
            is_bureau: None,
            is_premium: None,
            subscription: None,
            is_unlisted: None,
            is_unfindable: None,
            google_id: text(&names.google),
            kind: kinds::stored(kind),
        };
        self.apply_profile(&mut account, profile)?;
        account.username = text(&names.username);
        Ok(account)
    }

    /// Everything about a sign-up that can be refused before anything is written.
    pub async fn prepare(
        &self,
        names: &Names,
        profile: &ProfileUpdate,
        password: Option<&Secret>,
        kind: AccountKind,
    ) -> Result<Account, Refusal> {
        let account = self.new_account(names, profile, kind)?;
        if let Some(password) = password {
            password::check(&self.config.password, "password", password, &context(&account))?;
        }
        for name in names.all() {
            self.check_free(&name).await?;
        }
        Ok(account)
    }
}

impl Accounts {
    /// Makes an account and signs its first device in.
    ///
    /// # Errors
    /// `invalid` naming the member, `conflict` naming `email`, `phone` or `username` that is taken, `rateLimited`, `busy`,
    /// `forbidden` for a kind that is not open to everybody, `unavailable` (the account may exist then: sign in).
    pub async fn register(&self, registration: Registration) -> Result<SignedIn, Refusal> {
        let (profile, kind) = (&registration.profile, registration.kind);
        self.0.expect_open(kind)?;
        let names = Names::read(registration.email.as_ref(), registration.phone.as_ref(), profile.username.as_ref())?;
        if names.email.is_none() && names.phone.is_none() {
            let message = "an e-mail address or a telephone number is needed";
            return Err(Refusal::field(RefusalCode::Invalid, "email", message));
        }
        if kind == AccountKind::University && names.email.is_none() {
            return Err(Refusal::field(RefusalCode::Invalid, "email", "an institution proves an e-mail address"));
        }
        drop(self.0.try_once("register", None, registration.address).await?);
        let mut account = self.0.prepare(&names, profile, Some(&registration.password), kind).await?;
        account.password_hash = Some(self.0.pool.hash(registration.password).await?);
        self.0.create_account(&account, &names.all()).await?;
        audit::done("register", account.user_id, None);
        self.0.start_session(account, registration.device.as_deref(), None).await
    }
}
