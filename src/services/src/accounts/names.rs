//! The names people sign in with, brought into the one form under which they are unique.

use plenum_schema::{Refusal, RefusalCode};
use std::fmt;

/// Longest e-mail address, bytes (RFC 5321 §4.5.3.1.3).
const MAX_EMAIL: usize = 254;
/// Longest part before the `@`, bytes (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// A normalised e-mail address, telephone number or user name, or what stands for one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Email(String),
    Phone(String),
    Username(String),
    /// Issuer and subject of a Google account. Nobody types it.
    Google(String),
}

impl Name {
    /// The key of its row.
    pub fn key(&self) -> String {
        format!("{}:{}", self.member(), self.text())
    }

    /// The member of a request that carries it.
    pub fn member(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Phone(_) => "phone",
            Self::Username(_) => "username",
            Self::Google(_) => "google",
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Email(text) | Self::Phone(text) | Self::Username(text) | Self::Google(text) => text,
        }
    }

    pub fn taken(&self) -> Refusal {
        let what = match self {
            Self::Email(_) => "an account with this e-mail address exists",
            Self::Phone(_) => "an account with this telephone number exists",
            Self::Username(_) => "this user name is taken",
            Self::Google(_) => "this Google account opens another account",
        };
        Refusal::field(RefusalCode::Conflict, self.member(), what)
    }
}

/// Names are personal data: logs show the kind only.
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:…", self.member())
    }
}

fn invalid(field: &str, message: &str) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, message)
}

/// An e-mail address in its one form; `None` for what is none.
#[must_use]
pub fn normal_email(text: &str) -> Option<String> {
    match email(text) {
        Ok(Name::Email(address)) => Some(address),
        _ => None,
    }
}

/// An e-mail address: trimmed, lower case, one `@` with something plausible on both sides. Whether it works only a
/// message to it can tell.
pub(super) fn email(text: &str) -> Result<Name, Refusal> {
    let address = crate::text::folded(text.trim());
    let wrong = || invalid("email", "not an e-mail address");
    let (local, domain) = address.rsplit_once('@').ok_or_else(wrong)?;
    let strange =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '<' | '>' | '(' | ')' | ',' | ';' | '"');
    let domain_fine = domain
        .split('.')
        .all(|label| !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_alphanumeric() || c == '-'));
    let seen = crate::text::name("email", &address)? == address;
    let fine =
        seen && !local.is_empty() && local.len() <= MAX_LOCAL && address.len() <= MAX_EMAIL && !local.contains(strange);
    if fine && domain_fine { Ok(Name::Email(address)) } else { Err(wrong()) }
}

/// A telephone number: `+`, then 7 to 15 digits (ITU-T E.164). Spaces, dots, dashes, brackets are dropped, a leading `00` is `+`.
pub(super) fn phone(text: &str) -> Result<Name, Refusal> {
    let kept: String =
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '(' | ')' | '/')).collect();
    let digits = kept.strip_prefix('+').or_else(|| kept.strip_prefix("00")).unwrap_or(&kept);
    let fine =
        (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if fine {
        Ok(Name::Phone(format!("+{digits}")))
    } else {
        Err(invalid("phone", "not a telephone number with country code, such as +49 30 1234567"))
    }
}

/// A user name: 3 to 32 ASCII letters, digits, `.`, `_`, `-`, with a letter among them. ASCII only, so that no two
/// look alike; other forms of those characters (full-width ones, say) are taken for them.
pub(super) fn username(text: &str) -> Result<Name, Refusal> {
    let name = crate::text::compatible(text.trim()).to_ascii_lowercase();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let fine =
        (3..=32).contains(&name.len()) && name.bytes().all(allowed) && name.bytes().any(|b| b.is_ascii_alphabetic());
    if fine {
        Ok(Name::Username(name))
    } else {
        Err(invalid(
            "username",
            "a user name has 3 to 32 letters, digits, dots, dashes or underscores, and a letter among them",
        ))
    }
}

/// What somebody typed to sign in or to be found: an e-mail address, a telephone number or a user name.
pub(super) fn any(text: &str) -> Result<Name, Refusal> {
    let trimmed = text.trim();
    match trimmed {
        _ if trimmed.contains('@') => email(trimmed),
        _ if trimmed.starts_with('+') => phone(trimmed),
        _ => username(trimmed),
    }
}

/// An absent or blank text is no name.
pub(super) fn given(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}
