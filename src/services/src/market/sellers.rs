//! Who asks to sell, and who lets them.

use super::{Market, absent, invalid};
use crate::accounts::Role;
use crate::rows::{ATTEMPTS, contended};
use plenum_schema::entities::SellerApplication;
use plenum_schema::table::FieldValue;
use plenum_schema::{Refusal, RefusalCode, UserId};

const SHOP_CHARS: usize = 80;
const TEXT_CHARS: usize = 2_000;

/// Where an application stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApplicationState {
    /// Nobody has decided.
    Pending,
    /// The person sells.
    Approved,
    /// The person may ask again.
    Rejected,
}

impl ApplicationState {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    fn from_word(word: &str) -> Self {
        match word {
            "approved" => Self::Approved,
            "rejected" => Self::Rejected,
            _ => Self::Pending,
        }
    }
}

/// Somebody wants to sell. Its id is the person's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Application {
    /// Who.
    pub user: UserId,
    /// Where it stands.
    pub state: ApplicationState,
    /// The name of the shop.
    pub shop: String,
    /// What the person says about it.
    pub text: Option<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub updated_at: i64,
}

/// A page of applications.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApplicationPage {
    /// In an order that means nothing.
    pub items: Vec<Application>,
    /// Where to go on; `None` at the end.
    pub next: Option<UserId>,
}

impl From<SellerApplication> for Application {
    fn from(row: SellerApplication) -> Self {
        Self {
            user: row.user_id,
            state: ApplicationState::from_word(&row.state),
            shop: row.shop,
            text: row.text,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

fn checked(field: &str, text: &str, most: usize, lines: bool) -> Result<String, Refusal> {
    let text = text.trim();
    let is_fine = |c: char| (lines && c == '\n') || crate::text::is_allowed(c);
    if text.chars().count() <= most && text.chars().all(is_fine) {
        Ok(text.to_owned())
    } else {
        Err(invalid(field, format!("at most {most} characters")))
    }
}

impl Market {
    /// Asks to sell. Asking again changes what was said, until it is decided; after a rejection it is a new try.
    ///
    /// # Errors
    /// `invalid` naming `shop` or `text`, `conflict` when the person sells already, `unavailable`.
    pub async fn apply_to_sell(&self, user: UserId, shop: &str, text: Option<&str>) -> Result<Application, Refusal> {
        let shop = checked("shop", shop, SHOP_CHARS, false)?;
        if shop.is_empty() {
            return Err(invalid("shop", "the name of the shop is required"));
        }
        let text =
            text.map(|text| checked("text", text, TEXT_CHARS, true)).transpose()?.filter(|text| !text.is_empty());
        for _ in 0..ATTEMPTS {
            let before = self.rows.get::<SellerApplication>(vec![user.to_value()]).await?;
            let now = self.clock.wall();
            if before.as_ref().is_some_and(|row| row.state == ApplicationState::Approved.as_str()) {
                return Err(Refusal::new(RefusalCode::Conflict, "it was approved: you may sell"));
            }
            let row = SellerApplication {
                user_id: user,
                state: ApplicationState::Pending.as_str().to_owned(),
                shop: shop.clone(),
                text: text.clone(),
                decided_by: None,
                created_at: before.as_ref().map_or(now, |row| row.created_at),
                updated_at: now,
                version: before.as_ref().map_or(1, |row| row.version + 1),
            };
            let written = match &before {
                None => self.rows.insert(&row).await?,
                Some(before) => self.rows.swap(&row, before.version).await?,
            };
            if written.is_ok() {
                return Ok(row.into());
            }
        }
        Err(contended())
    }

    /// Applications beyond `after`, at most `limit`; `pending_only`: those that wait. For admins.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn applications(
        &self,
        pending_only: bool,
        limit: usize,
        mut after: Option<UserId>,
    ) -> Result<ApplicationPage, Refusal> {
        let mut items = Vec::new();
        loop {
            let rows: Vec<SellerApplication> =
                self.rows.sweep(after.map(|user| vec![user.to_value()]), super::SCAN).await?;
            let is_end = rows.len() < super::SCAN;
            for row in rows {
                if items.len() == limit {
                    return Ok(ApplicationPage { items, next: after });
                }
                after = Some(row.user_id);
                let application = Application::from(row);
                if !pending_only || application.state == ApplicationState::Pending {
                    items.push(application);
                }
            }
            if is_end {
                return Ok(ApplicationPage { items, next: None });
            }
        }
    }

    /// Approves (the person gets the role) or rejects an application. The same again brings a decision to its end that was cut off.
    ///
    /// # Errors
    /// `notFound`, `conflict` naming `status` when it was decided otherwise, `unavailable`.
    pub async fn decide(&self, user: UserId, approve: bool, by: UserId) -> Result<Application, Refusal> {
        let wanted = if approve { ApplicationState::Approved } else { ApplicationState::Rejected };
        for _ in 0..ATTEMPTS {
            let row = self.rows.get::<SellerApplication>(vec![user.to_value()]).await?;
            let row = row.ok_or_else(|| absent("application"))?;
            let stands = ApplicationState::from_word(&row.state);
            if stands != ApplicationState::Pending && stands != wanted {
                let text = format!("it was {} already", stands.as_str());
                return Err(Refusal::field(RefusalCode::Conflict, "status", text));
            }
            let version = row.version;
            let decided = SellerApplication {
                state: wanted.as_str().to_owned(),
                decided_by: Some(by),
                updated_at: self.clock.wall(),
                version: version + 1,
                ..row
            };
            if self.rows.swap(&decided, version).await?.is_err() {
                continue;
            }
            if approve {
                self.let_sell(user, by).await?;
            }
            tracing::info!(target: "security", event = "seller_application", outcome = wanted.as_str(), %user, %by);
            return Ok(decided.into());
        }
        Err(contended())
    }

    /// Gives the role, unless the person has one that means more or something else.
    async fn let_sell(&self, user: UserId, by: UserId) -> Result<(), Refusal> {
        match self.accounts.role_of(user).await? {
            Some(Role::User) => self.accounts.set_role(user, Role::Seller, Some(by)).await.map(drop),
            Some(Role::Seller | Role::Admin) => Ok(()),
            Some(other) => {
                let text = format!("this account is a {other}'s: give it the role seller by hand");
                Err(Refusal::field(RefusalCode::Conflict, "status", text))
            }
            None => Err(absent("account")),
        }
    }
}
