//! Times as people read them: RFC 3339 in UTC, to the millisecond.

use serde::Serializer;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since 1970 as text. What no calendar has becomes the beginning of 1970.
#[must_use]
pub fn text(milliseconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000);
    moment.ok().and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned())
}

/// A time as people write it (RFC 3339, any offset), as milliseconds since 1970.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok()
}

/// For `#[serde(serialize_with)]`.
///
/// # Errors
/// What the serializer says.
pub fn rfc3339<S: Serializer>(milliseconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*milliseconds))
}

/// For `#[serde(serialize_with)]` of something that may not have happened.
///
/// # Errors
/// What the serializer says.
pub fn rfc3339_option<S: Serializer>(milliseconds: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    match milliseconds {
        Some(milliseconds) => rfc3339(milliseconds, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, text};

    #[test]
    fn a_time_is_written_in_utc() {
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(1_700_000_000_120), "2023-11-14T22:13:20.12Z");
        assert_eq!(text(i64::MAX), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_time_is_read_with_any_offset() {
        assert_eq!(parse("2023-11-14T22:13:20.12Z"), Some(1_700_000_000_120));
        assert_eq!(parse("2023-11-14T23:13:20.12+01:00"), Some(1_700_000_000_120));
        assert_eq!(parse("yesterday"), None);
    }
}
