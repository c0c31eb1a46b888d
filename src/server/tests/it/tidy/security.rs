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

/// The names of all functions: a test among them is one.
fn functions() -> BTreeSet<&'static str> {
    let sources = PROJECT.files.iter().filter(|file| file.path.ends_with(".rs"));
    let names =
        sources.flat_map(|file| file.text.split("fn ").skip(1)).filter_map(|rest| rest.split(['(', '<']).next());
    names.collect()
}

#[test]
fn every_test_that_the_security_document_names_exists() {
    let document = PROJECT.files.iter().find(|file| file.path == DOCUMENT);
    let text = document.map_or("", |file| file.text.as_str());
    assert!(named(text).count() > 40, "the document is read");
    expect_none(&missing(text, &functions()));
}

#[test]
fn a_test_that_does_not_exist_is_reported() {
    let document = "| 1 | `not_this_one_here` | `is_there_in_truth`, `is_not_there` and `Mixed::path_of_code` |";
    let tests = BTreeSet::from(["is_there_in_truth"]);
    let found = missing(document, &tests);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].advice.contains("is_not_there"));
}
