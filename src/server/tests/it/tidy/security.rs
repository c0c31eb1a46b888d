//! `docs/security.md` names tests: each of them exists.

use super::{Finding, PROJECT, expect_none};
use std::collections::BTreeSet;

const DOCUMENT: &str = "docs/security.md";

/// What stands in backquotes in the last cell of a row and is a sentence in snake case: the name of a test. With its line.
fn named(document: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_sentence = |word: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        word.matches('_').count() >= 2 && word.bytes().all(is_plain)
    };
    document.lines().enumerate().flat_map(move |(number, line)| {
        let cell = line.strip_suffix(" |").and_then(|row| row.rsplit_once(" | ")).map_or("", |(_, cell)| cell);
        cell.split('`').skip(1).step_by(2).filter(is_sentence).map(move |word| (number + 1, word))
    })
}

fn missing(document: &str, tests: &BTreeSet<&str>) -> Vec<Finding> {
    let absent = named(document).filter(|(_, name)| !tests.contains(name));
    absent
        .map(|(line, name)| Finding::new(DOCUMENT, line, format!("there is no test {name}: name another or write it")))
        .collect()
}

/// The names of all tests: functions with an attribute above them that says so, also inside `proptest!`.
pub(super) fn tests_of_the_project() -> BTreeSet<&'static str> {
    let sources = PROJECT.files.iter().filter(|file| file.path.ends_with(".rs"));
    sources.flat_map(|file| tests_in(&file.text)).collect()
}

fn tests_in(text: &str) -> Vec<&str> {
    let (mut is_test, mut names) = (false, Vec::new());
    for line in text.lines().map(str::trim) {
        let declared = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.contains("::test]") || line.contains("::test(");
        } else if let Some(rest) = declared.filter(|_| is_test) {
            names.extend(rest.split(['(', '<']).next());
        }
        // Attributes may stand over several lines, and comments between them and the function.
        is_test &= !(line.is_empty() || declared.is_some());
    }
    names
}

#[test]
fn every_test_that_the_security_document_names_exists() {
    let document = PROJECT.files.iter().find(|file| file.path == DOCUMENT);
    let text = document.map_or("", |file| file.text.as_str());
    assert!(named(text).count() > 40, "the document is read");
    expect_none(&missing(text, &tests_of_the_project()));
}

#[test]
fn a_test_that_does_not_exist_is_reported() {
    let document = "| 1 | `not_this_one_here` | `is_there_in_truth`, `is_not_there` and `Mixed::path_of_code` |";
    let tests = BTreeSet::from(["is_there_in_truth"]);
    let found = missing(document, &tests);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].advice.contains("is_not_there"));
}

#[test]
fn a_function_is_a_test_when_it_says_so() {
    let text = "#[test]\nfn one() {}\n\nfn two() {}\n#[tokio::test(flavor = \"x\")]\n#[ignore = \"y\"]\nasync fn three() {}\n#[must_use]\nfn four() {}\n";
    assert_eq!(tests_in(text), ["one", "three"]);
}
