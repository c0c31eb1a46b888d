//! Rules for sources of Rust, of the pages and of the browser tests: length, `unsafe`, tests that wait or are switched off.

use super::code::{code_only, lines_with_word};
use super::{Finding, PROJECT, check_files, expect_none, lines_of};

/// A file longer than this is two files.
const MOST_LINES: usize = 500;

/// Files that may be longer because they are one table: path and reason.
const TABLES: &[(&str, &str)] = &[];

/// Modules that may contain `unsafe`: path and reason. Everything else is safe Rust.
const UNSAFE_MODULES: &[(&str, &str)] = &[];

/// Test files that may sleep: path and reason. All other tests poll a condition through these.
const POLLING_LOOPS: &[(&str, &str)] = &[
    ("actors/tests/it/bomb.rs", "comes back after the time a refusal names"),
    ("actors/tests/it/directory.rs", "comes back after the time a refusal names; paces commands around an idle time"),
    ("actors/tests/it/world.rs", "polls a condition with a deadline"),
    ("src/server/tests/it/cluster/cuts.rs", "comes back after the time a refusal names"),
    ("src/store/tests/it/cql/cluster.rs", "polls a condition with a deadline"),
    ("src/store/tests/it/cql/recorder.rs", "paces what competing clients do"),
    ("src/store/tests/it/place.rs", "polls a condition with a deadline"),
];

fn listed(table: &[(&str, &str)], path: &str) -> bool {
    table.iter().any(|(listed, _)| *listed == path)
}

fn length(path: &str, text: &str) -> Vec<Finding> {
    let lines = text.lines().count();
    if lines <= MOST_LINES || listed(TABLES, path) {
        return Vec::new();
    }
    let advice =
        format!("{lines} lines: split by subject (at most {MOST_LINES}; a pure table is listed in tidy/source.rs)");
    vec![Finding::new(path, MOST_LINES + 1, advice)]
}

fn unlisted_unsafe(path: &str, text: &str) -> Vec<Finding> {
    if listed(UNSAFE_MODULES, path) {
        return Vec::new();
    }
    let advice = "no `unsafe` here: use a safe interface, or list a small module with its reason in tidy/source.rs";
    let code = code_only(text);
    let mut lines = lines_with_word(&code, "unsafe");
    lines.extend(lines_with_word(&code, "unsafe_code"));
    lines.into_iter().map(|n| Finding::new(path, n, advice)).collect()
}

fn switched_off_tests(path: &str, text: &str) -> Vec<Finding> {
    let bare = |line: &str| line.replace(' ', "").contains("#[ignore]");
    let code = code_only(text);
    let lines = code.lines().enumerate().filter(|(_, line)| bare(line));
    lines.map(|(n, _)| Finding::new(path, n + 1, "say why: `#[ignore = \"reason\"]`, or make the test run")).collect()
}

fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

fn sleeping_tests(path: &str, text: &str) -> Vec<Finding> {
    if !is_test_file(path) || listed(POLLING_LOOPS, path) {
        return Vec::new();
    }
    let code = if path.ends_with(".rs") { code_only(text) } else { text.to_owned() };
    let calls = [["thread", "sleep"].join("::"), ["time", "sleep"].join("::"), ["waitFor", "Timeout"].concat()];
    let lines = calls.iter().flat_map(|call| lines_with_word(&code, call));
    lines.map(|n| Finding::new(path, n, "poll the condition with a deadline instead of sleeping")).collect()
}

/// An exception that is no longer needed is removed, so that the lists stay short and true.
fn stale(table: &[(&str, &str)], needed: impl Fn(&str) -> bool) -> Vec<Finding> {
    let stale = table.iter().filter(|(path, _)| !needed(path));
    stale.map(|(path, _)| Finding::new(path, 0, "needs no exception any more: remove it from tidy/source.rs")).collect()
}

fn text_of(path: &str) -> &str {
    PROJECT.files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str())
}

#[test]
fn no_source_file_is_longer_than_a_reader_can_hold() {
    for suffix in [".rs", ".mjs", ".js", ".css"] {
        check_files(suffix, length);
    }
}

#[test]
fn unsafe_code_stays_in_the_listed_modules() {
    check_files(".rs", unlisted_unsafe);
}

#[test]
fn no_test_is_switched_off_without_a_reason() {
    check_files(".rs", switched_off_tests);
}

#[test]
fn no_test_sleeps_to_wait() {
    for suffix in [".rs", ".js", ".mjs"] {
        check_files(suffix, sleeping_tests);
    }
}

#[test]
fn every_exception_is_still_needed() {
    let mut findings = stale(TABLES, |path| text_of(path).lines().count() > MOST_LINES);
    findings.extend(stale(UNSAFE_MODULES, |path| !lines_with_word(&code_only(text_of(path)), "unsafe").is_empty()));
    findings.extend(stale(POLLING_LOOPS, |path| !lines_with_word(&code_only(text_of(path)), "sleep").is_empty()));
    expect_none(&findings);
}

#[test]
fn a_file_that_is_too_long_is_reported() {
    assert!(lines_of(&length("src/a.rs", &"x\n".repeat(500))).is_empty());
    assert_eq!(lines_of(&length("src/a.rs", &"x\n".repeat(501))), [501]);
}

#[test]
fn unsafe_and_its_permission_are_reported_outside_comments() {
    let text = "// unsafe\nlet x = unsafe { y };\n#![allow(unsafe_code)]\nlet s = \"unsafe\";";
    assert_eq!(lines_of(&unlisted_unsafe("src/a.rs", text)), [2, 3]);
}

#[test]
fn a_bare_ignore_is_reported_and_one_with_a_reason_is_not() {
    let text = "#[ignore]\nfn a() {}\n#[ignore = \"needs a real CQL server\"]\nfn b() {}\n";
    assert_eq!(lines_of(&switched_off_tests("src/a.rs", text)), [1]);
}

#[test]
fn a_sleep_is_reported_in_tests_only() {
    let text = ["std::thread", "::sleep(d);\ntokio::time", "::sleep(d).await;\n"].concat();
    assert_eq!(lines_of(&sleeping_tests("src/store/tests/it/crash.rs", &text)), [1, 2]);
    assert!(lines_of(&sleeping_tests("loadtest/src/pace.rs", &text)).is_empty());
    let page = ["await page.waitFor", "Timeout(500)"].concat();
    assert_eq!(lines_of(&sleeping_tests("src/server/tests/browser/chat.test.mjs", &page)), [1]);
}

#[test]
fn an_exception_nobody_needs_is_reported() {
    let found = stale(&[("src/gone.rs", "reason")], |_| false);
    assert_eq!(found.len(), 1);
}
