//! Answers that are stored bytes: entity tags, `If-None-Match`, one range (RFC 9110 §13, §14).

use crate::problem::Problem;
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use std::ops::Range;

/// What a request for stored bytes asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// Nothing: the client has it.
    Unchanged,
    /// All of it.
    Whole,
    /// These bytes.
    Part(Range<u64>),
}

/// What is asked of `length` bytes (at least one) whose strong entity tag is `"tag"`.
///
/// # Errors
/// 416 for a range that lies behind the end.
pub fn piece(request: &HttpRequest, tag: &str, length: u64) -> Result<Piece, Problem> {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let is_ours = |one: &str| one.trim().trim_start_matches("W/").trim_matches('"') == tag;
    if text(header::IF_NONE_MATCH).is_some_and(|tags| tags.trim() == "*" || tags.split(',').any(is_ours)) {
        return Ok(Piece::Unchanged);
    }
    let Some(range) = text(header::RANGE) else { return Ok(Piece::Whole) };
    // Of another version the part is of no use; a weak tag or a date is no proof of the same bytes.
    if text(header::IF_RANGE).is_some_and(|one| one.trim() != format!("\"{tag}\"")) {
        return Ok(Piece::Whole);
    }
    match parsed(range, length) {
        Some(Ok(part)) => Ok(Piece::Part(part)),
        Some(Err(())) => Err(unsatisfiable(length)),
        None => Ok(Piece::Whole),
    }
}

/// One range of bytes. `None`: not to be understood, or several, which a server may answer with everything.
fn parsed(text: &str, length: u64) -> Option<Result<Range<u64>, ()>> {
    let (first, last) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(first) || !is_number(last) {
        return None;
    }
    // A number that is too large for us is behind every end.
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    let part = match (first, last) {
        ("", "") => return None,
        ("", suffix) => length.saturating_sub(number(suffix))..length,
        (first, "") => number(first)..length,
        (first, last) if number(first) > number(last) => return None,
        (first, last) => number(first)..number(last).saturating_add(1).min(length),
    };
    Some(if part.start < part.end { Ok(part) } else { Err(()) })
}

fn unsatisfiable(length: u64) -> Problem {
    let problem =
        Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "rangeNotSatisfiable", "the range lies behind the end");
    match HeaderValue::from_str(&format!("bytes */{length}")) {
        Ok(value) => problem.with_header(header::CONTENT_RANGE, value),
        Err(_) => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn asked(headers: &[(&'static str, &str)]) -> Result<Piece, Problem> {
        let request = headers.iter().fold(TestRequest::default(), |request, one| request.insert_header(*one));
        piece(&request.to_http_request(), "ab12", 100)
    }

    #[test]
    fn one_range_is_given_as_it_is_asked_for_and_never_beyond_the_end() {
        for (range, part) in [
            ("bytes=0-9", 0..10),
            ("bytes=90-", 90..100),
            ("bytes=-10", 90..100),
            ("bytes=-1000", 0..100),
            ("bytes=95-1000", 95..100),
            ("bytes=0-99999999999999999999999", 0..100),
        ] {
            assert_eq!(asked(&[("range", range)]), Ok(Piece::Part(part)), "{range}");
        }
    }

    #[test]
    fn what_lies_behind_the_end_is_416_and_what_is_no_range_is_everything() {
        for range in ["bytes=100-", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(asked(&[("range", range)]).unwrap_err().status(), 416, "{range}");
        }
        for range in ["bytes=5-1", "bytes=0-1,3-4", "items=0-1", "bytes=-", "bytes=a-b", "bytes=+1-2", ""] {
            assert_eq!(asked(&[("range", range)]), Ok(Piece::Whole), "{range}");
        }
    }

    #[test]
    fn a_known_tag_needs_no_bytes_and_another_one_no_part() {
        for known in ["\"ab12\"", "W/\"ab12\"", "\"x\", \"ab12\"", "*"] {
            assert_eq!(asked(&[("if-none-match", known), ("range", "bytes=0-1")]), Ok(Piece::Unchanged), "{known}");
        }
        assert_eq!(asked(&[("if-none-match", "\"x\"")]), Ok(Piece::Whole));
        assert_eq!(asked(&[("if-range", "\"ab12\""), ("range", "bytes=0-1")]), Ok(Piece::Part(0..2)));
        for other in ["\"x\"", "W/\"ab12\"", "Sat, 22 Nov 2026 00:00:00 GMT"] {
            assert_eq!(asked(&[("if-range", other), ("range", "bytes=0-1")]), Ok(Piece::Whole), "{other}");
        }
    }
}
