//! What is shown of an account: to its owner, and to everybody else.

use super::register::ROLE_USER;
use plenum_actors::identity::AccountKind;
use plenum_schema::UserId;
use plenum_schema::entities::Account;
use plenum_schema::moment::rfc3339_option;
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
    /// `user`, `host`, `speaker`, `seller`, `university` or `admin`.
    pub role: String,
    /// What the account is for: `user`, `host`, `speaker` or `university`.
    pub kind: String,
    /// Whether the person is of the board of the house.
    pub is_bureau: bool,
    /// What the person has earned.
    pub points: i64,
    /// As `points`.
    pub stars: i64,
    /// Whether the person has paid for more.
    pub is_premium: bool,
    /// Word for what the person has paid for.
    pub subscription: Option<String>,
    /// What others may find.
    pub privacy: Privacy,
    /// Whether a code has proved the e-mail address or the telephone number.
    pub is_verified: bool,
    /// Whether the account may sign in.
    pub is_active: bool,
    /// `active` or `inactive`: the same in a word.
    pub status: &'static str,
    /// When the newest of the signed-in devices signed in; told to its person only.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_login: Option<i64>,
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

/// What others may find of somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Privacy {
    /// Whether the person stands in lists of people, and what is said there is shown to everybody who is signed in.
    pub listed: bool,
    /// Whether who knows the e-mail address finds the person by it.
    pub findable: bool,
}

/// An account as everybody sees it who is signed in. Of somebody who does not want to be listed only name and picture are there.
#[derive(Clone, PartialEq, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SeenProfile)]
pub struct Member {
    /// The account's id.
    #[schema(value_type = String, format = Uuid)]
    pub id: UserId,
    /// What to call the person.
    pub name: String,
    /// The same, for older clients.
    pub full_name: Option<String>,
    /// User name.
    pub username: Option<String>,
    /// URL of the picture.
    pub avatar: Option<String>,
    /// URL of the wide picture.
    pub cover_photo: Option<String>,
    /// About the person.
    pub bio: Option<String>,
    /// Where the person is.
    pub location: Option<String>,
    /// What the person does.
    pub occupation: Option<String>,
    /// School or employer.
    pub institution: Option<String>,
    /// Field of study.
    pub field: Option<String>,
    /// Year of study.
    pub year: Option<i64>,
    /// Role in a student body.
    pub coordination: Option<String>,
    /// Skills.
    pub skills: Vec<String>,
    /// `user`, `host`, `speaker`, `seller`, `university` or `admin`.
    pub role: String,
    /// Whether the person is of the board of the house.
    pub is_bureau: bool,
    /// What the person has earned.
    pub points: i64,
    /// As `points`.
    pub stars: i64,
}

impl From<Profile> for Member {
    fn from(profile: Profile) -> Self {
        let shown = profile.privacy.listed;
        let told = |text: Option<String>| text.filter(|_| shown);
        Self {
            id: profile.id,
            full_name: Some(profile.name.clone()),
            name: profile.name,
            username: told(profile.username),
            avatar: profile.avatar,
            cover_photo: told(profile.cover_photo),
            bio: told(profile.bio),
            location: told(profile.location),
            occupation: told(profile.occupation),
            institution: told(profile.institution),
            field: told(profile.field),
            year: profile.year.filter(|_| shown),
            coordination: told(profile.coordination),
            skills: if shown { profile.skills } else { Vec::new() },
            role: if shown { profile.role } else { ROLE_USER.to_owned() },
            is_bureau: shown && profile.is_bureau,
            points: if shown { profile.points } else { 0 },
            stars: if shown { profile.stars } else { 0 },
        }
    }
}

/// An account as it is shown beside what its person does.
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
            kind: account.kind.unwrap_or_else(|| AccountKind::User.as_str().to_owned()),
            is_bureau: account.is_bureau.unwrap_or(false),
            points: account.points.unwrap_or(0),
            stars: account.stars.unwrap_or(0),
            is_premium: account.is_premium.unwrap_or(false),
            subscription: account.subscription,
            privacy: Privacy {
                listed: !account.is_unlisted.unwrap_or(false),
                findable: !account.is_unfindable.unwrap_or(false),
            },
            status: if account.is_active { "active" } else { "inactive" },
            last_login: None,
            is_verified: account.email_verified_at.or(account.phone_verified_at).is_some(),
            is_active: account.is_active,
            created_at: account.created_at,
            updated_at: account.updated_at,
            version: account.version,
        }
    }
}
