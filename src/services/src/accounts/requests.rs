//! What is asked of the service and what it answers.

use super::profile::Profile;
use super::roles::Role;
use super::secret::Secret;
use plenum_actors::identity::AccountKind;
use plenum_schema::SessionId;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A new account: an e-mail address or a telephone number at least, and a password.
#[derive(Clone, Debug)]
pub struct Registration {
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number with country code.
    pub phone: Option<String>,
    /// The password: 8 to 128 characters by default.
    pub password: Secret,
    /// First profile, the user name among it.
    pub profile: ProfileUpdate,
    /// What the account is for.
    pub kind: AccountKind,
    /// What the device calls itself.
    pub device: Option<String>,
    /// Where the request comes from, when known; decides how fast it may try.
    pub address: Option<IpAddr>,
}

/// Signing in by password. The first name that is there counts: e-mail, telephone number, user name.
#[derive(Clone, Debug)]
pub struct Login {
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// User name; a text with `@` is taken for an e-mail address, one that begins with `+` for a telephone number.
    pub username: Option<String>,
    /// The password.
    pub password: Secret,
    /// The kind whose door it is: nobody else comes in. Without one everybody does, each with tokens of the own kind.
    pub door: Option<AccountKind>,
    /// What the device calls itself.
    pub device: Option<String>,
    /// Where the request comes from, when known; decides how fast it may try.
    pub address: Option<IpAddr>,
}

/// Which sessions a logout ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Logout {
    /// The one that asks.
    This,
    /// All of the account.
    All,
}

/// A new password for the old one.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// The password until now.
    pub current: Secret,
    /// The password from now on.
    pub new: Secret,
    /// Where the request comes from, when known.
    pub address: Option<IpAddr>,
}

/// A signed-in device and its tokens.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The own full profile.
    pub profile: Profile,
    /// The session.
    pub session: SessionId,
    /// JWT for `Authorization: Bearer` and for identifying a socket.
    pub access_token: Secret,
    /// For [`refresh`](super::Accounts::refresh); replaced by each use.
    pub refresh_token: Secret,
    /// Life of the access token, seconds.
    pub expires_in: u64,
}

/// One of the own signed-in devices.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// The session's id.
    #[schema(value_type = String, format = Uuid)]
    pub id: SessionId,
    /// What the device calls itself.
    pub name: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// What its tokens are for: `user`, `host`, `speaker` or `university`.
    pub audience: &'static str,
    /// When it signed in.
    #[serde(serialize_with = "super::profile::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: i64,
    /// When it last signed in or refreshed.
    #[serde(serialize_with = "super::profile::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub last_used_at: i64,
    /// When it ends at the latest.
    #[serde(serialize_with = "super::profile::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: i64,
}

/// The members of a profile that its owner may set: the whole list. An absent one stays as it is, an empty text
/// removes it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProfileUpdate {
    /// 3 to 32 characters: letters, digits, `.`, `_`, `-`; unique whatever the case.
    pub username: Option<String>,
    /// Full name, at most 120 characters.
    pub full_name: Option<String>,
    /// First name, at most 60 characters.
    pub first_name: Option<String>,
    /// Last name, at most 60 characters.
    pub last_name: Option<String>,
    /// URL of the picture, at most 1,000 characters, `https:`, `http:` or a path on this server.
    pub avatar: Option<String>,
    /// URL of the wide picture, as `avatar`.
    pub cover_photo: Option<String>,
    /// At most 40 characters.
    pub gender: Option<String>,
    /// At most 2,000 characters.
    pub bio: Option<String>,
    /// At most 120 characters.
    pub location: Option<String>,
    /// At most 120 characters.
    pub occupation: Option<String>,
    /// One of the configured values.
    pub field: Option<String>,
    /// One of the configured values.
    pub year: Option<i64>,
    /// At most 120 characters.
    #[serde(alias = "coordonation")]
    pub coordination: Option<String>,
    /// At most 2,000 characters.
    pub motivation: Option<String>,
    /// At most 2,000 characters.
    pub projects: Option<String>,
    /// At most 50 of 60 characters each.
    pub skills: Option<Vec<String>>,
    /// At most 120 characters.
    pub education_level: Option<String>,
    /// At most 120 characters.
    pub institution: Option<String>,
    /// A JSON object that belongs to the client, at most 8 KiB.
    #[schema(value_type = Option<Object>)]
    pub preferences: Option<serde_json::Map<String, serde_json::Value>>,
    /// What others may find.
    pub privacy: Option<PrivacyUpdate>,
}

/// What others may find from now on; absent members stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PrivacyUpdate {
    /// Whether the person stands in lists of people, and what is said there is shown.
    pub listed: Option<bool>,
    /// Whether who knows the e-mail address finds the person by it.
    pub findable: Option<bool>,
}

/// What admins say of an account; absent members stay.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Given {
    /// `user`, `host`, `speaker`, `seller`, `university` or `admin`.
    pub role: Option<Role>,
    /// Whether the account may sign in.
    pub is_active: Option<bool>,
    /// 0 to 1,000,000,000,000.
    pub points: Option<i64>,
    /// As `points`.
    pub stars: Option<i64>,
    /// Whether the person is of the board of the house.
    pub is_bureau: Option<bool>,
    /// Whether the person has paid for more.
    pub is_premium: Option<bool>,
    /// At most 60 characters; empty: nothing.
    pub subscription: Option<String>,
}

impl ProfileUpdate {
    /// The names of the members on the wire, for naming the ignored ones.
    pub const MEMBERS: &'static [&'static str] = &[
        "username",
        "fullName",
        "firstName",
        "lastName",
        "avatar",
        "coverPhoto",
        "gender",
        "bio",
        "location",
        "occupation",
        "field",
        "year",
        "coordination",
        "coordonation",
        "motivation",
        "projects",
        "skills",
        "educationLevel",
        "institution",
        "preferences",
        "privacy",
    ];
}

impl Given {
    /// The names of the members on the wire that are there.
    #[must_use]
    pub fn members(&self) -> Vec<&'static str> {
        let there = [
            (self.role.is_some(), "role"),
            (self.is_active.is_some(), "isActive"),
            (self.points.is_some(), "points"),
            (self.stars.is_some(), "stars"),
            (self.is_bureau.is_some(), "isBureau"),
            (self.is_premium.is_some(), "isPremium"),
            (self.subscription.is_some(), "subscription"),
        ];
        there.into_iter().filter(|(is_there, _)| *is_there).map(|(_, name)| name).collect()
    }
}
