//! The tables of `docs/protocol.md` say what the code says.

use crate::documents::protocol;
use plenum_schema::content::MAX_TEXT_BYTES;
use plenum_schema::refusal::RefusalCode;
use plenum_schema::wire::{CloseCode, GapReason, PATH, PROTOCOL, SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK};

/// Table rows as trimmed cells.
fn rows() -> Vec<Vec<String>> {
    let text = protocol();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn yes_or_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

#[test]
fn every_refusal_code_is_listed_with_its_status_and_whether_to_retry() {
    let rows = rows();
    for code in RefusalCode::ALL {
        let wanted = [format!("`{}`", code.as_str()), code.status().to_string(), yes_or_no(code.is_retryable()).into()];
        assert!(rows.iter().any(|row| row.starts_with(&wanted) && row.len() == 4), "{wanted:?}");
    }
    let is_code = |row: &&Vec<String>| row.len() == 4 && row[0].starts_with('`') && row[1].len() == 3;
    assert_eq!(rows.iter().filter(is_code).count(), RefusalCode::ALL.len(), "no code that does not exist");
}

#[test]
fn every_close_code_is_listed_with_its_reason_and_whether_to_come_back() {
    let rows = rows();
    for code in CloseCode::ALL {
        let wanted = [code.code().to_string(), code.reason().to_owned(), yes_or_no(code.is_retryable()).to_owned()];
        assert!(rows.iter().any(|row| row.starts_with(&wanted) && row.len() == 4), "{wanted:?}");
    }
    let is_code = |row: &&Vec<String>| row[0].len() == 4 && row[0].starts_with('4');
    assert_eq!(rows.iter().filter(is_code).count(), CloseCode::ALL.len(), "no code that does not exist");
}

#[test]
fn codes_are_unique_and_stand_in_the_range_that_says_whether_to_come_back() {
    let mut seen = std::collections::BTreeSet::new();
    for code in CloseCode::ALL {
        assert!(seen.insert(code.code()), "{code:?}");
        assert_eq!(code.is_retryable(), (4000..4500).contains(&code.code()), "{code:?}");
        // RFC 6455 §5.5: a control frame has at most 125 bytes, two of them the code.
        assert!((4000..5000).contains(&code.code()) && code.reason().len() <= 123, "{code:?}");
    }
}

#[test]
fn constants_of_the_wire_are_named() {
    let text = protocol();
    let reason = match GapReason::Retention {
        GapReason::Retention => "retention",
    };
    let depth = plenum_schema::codec::MAX_DEPTH.to_string();
    let nesting = format!("| nesting of arrays and maps | {depth} |");
    let bytes = "| `textBytes`: text of a message | 16,384 |";
    assert_eq!(MAX_TEXT_BYTES, 16_384);
    for wanted in [PATH, PROTOCOL, SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK, reason, &nesting, bytes] {
        assert!(text.contains(wanted), "{wanted}");
    }
}
