//! What is shown of an account: to its owner, and to everybody else.

use plenum_schema::UserId;
use plenum_schema::entities::Account;
use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since 1970 as RFC 3339 text.
pub(super) fn rfc3339<S: Serializer>(milliseconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(*milliseconds) * 1_000_000);
    let text = moment.ok().and_then(|moment| moment.format(&Rfc3339).ok());
    serializer.serialize_str(text.as_deref().unwrap_or("1970-01-01T00:00:00Z"))
}

/// An account as its owner sees it.
#[derive(Clone, PartialEq, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The account's id.
    #[schema(value_type = String, format = Uuid)]
    pub id: UserId,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// User name.
    pub username: Option<String>,
    /// What others see: full name, first and last name, user name, or "user" with a part of the id.
    pub name: String,
    /// Full name.
    pub full_name: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// URL of the picture.
    pub avatar: Option<String>,
    /// URL of the wide picture.
    pub cover_photo: Option<String>,
    /// Gender.
    pub gender: Option<String>,
    /// About the person.
    pub bio: Option<String>,
    /// Where the person is.
    pub location: Option<String>,
    /// What the person does.
    pub occupation: Option<String>,
    /// Field of study.
    pub field: Option<String>,
    /// Year of study.
    pub year: Option<i64>,
    /// Role in a student body.
    pub coordination: Option<String>,
    /// Why the person takes part.
    pub motivation: Option<String>,
    /// What the person has made.
    pub projects: Option<String>,
    /// Skills.
    pub skills: Vec<String>,
    /// Level of education.
    pub education_level: Option<String>,
    /// School or employer.
    pub institution: Option<String>,
    /// The client's own settings.
    #[schema(value_type = Object)]
    pub preferences: serde_json::Map<String, serde_json::Value>,
    /// `user` or `admin`.
    pub role: String,
    /// Whether a code has proved the e-mail address or the telephone number.
    pub is_verified: bool,
    /// Whether the account may sign in.
    pub is_active: bool,
    /// When it was made.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: i64,
    /// When it last changed.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: i64,
    /// For `If-Match`.
    pub version: i64,
}

/// An account as others see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublicProfile {
    /// The account's id.
    #[schema(value_type = String, format = Uuid)]
    pub id: UserId,
    /// What to call the person.
    pub name: String,
    /// URL of the picture.
    pub avatar: Option<String>,
}

fn display_name(account: &Account) -> String {
    let full = account.full_name.clone();
    let both = || {
        let parts: Vec<&str> =
            [&account.first_name, &account.last_name].into_iter().flatten().map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let nameless = || format!("user {}", &account.user_id.0.simple().to_string()[24..]);
    full.or_else(both).or_else(|| account.username.clone()).unwrap_or_else(nameless)
}

impl From<&Account> for PublicProfile {
    fn from(account: &Account) -> Self {
        Self { id: account.user_id, name: display_name(account), avatar: account.avatar.clone() }
    }
}

impl From<Account> for Profile {
    fn from(account: Account) -> Self {
        let name = display_name(&account);
        let skills = account.skills.as_deref().and_then(|json| serde_json::from_str(json).ok());
        let preferences = account.preferences.as_deref().and_then(|json| serde_json::from_str(json).ok());
        Self {
            id: account.user_id,
            email: account.email,
            phone: account.phone,
            username: account.username,
            name,
            full_name: account.full_name,
            first_name: account.first_name,
            last_name: account.last_name,
            avatar: account.avatar,
            cover_photo: account.cover_photo,
            gender: account.gender,
            bio: account.bio,
            location: account.location,
            occupation: account.occupation,
            field: account.field,
            year: account.year,
            coordination: account.coordination,
            motivation: account.motivation,
            projects: account.projects,
            skills: skills.unwrap_or_default(),
            education_level: account.education_level,
            institution: account.institution,
            preferences: preferences.unwrap_or_default(),
            role: account.role,
            is_verified: account.email_verified_at.or(account.phone_verified_at).is_some(),
            is_active: account.is_active,
            created_at: account.created_at,
            updated_at: account.updated_at,
            version: account.version,
        }
    }
}
