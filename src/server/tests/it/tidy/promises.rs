//! `docs/promises.md` says which tests show each promise: all promises are there, each is shown by tests that exist, by one at least
//! where nothing fails and by one where something does.

use super::security::tests_of_the_project;
use super::{Finding, PROJECT, expect_none};
use std::collections::BTreeSet;

const DOCUMENT: &str = "docs/promises.md";
/// As many as the design has.
const PROMISES: usize = 11;

/// A row of the table: its line, the promise's number, and the names of tests in the cells behind the promise.
type Row<'d> = (usize, usize, Vec<Vec<&'d str>>);

fn rows(document: &str) -> Vec<Row<'_>> {
    document.lines().enumerate().filter_map(row).collect()
}

fn row((line, text): (usize, &str)) -> Option<Row<'_>> {
    let cells: Vec<&str> = text.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
    let number = cells.first()?.parse().ok()?;
    Some((line + 1, number, cells.into_iter().skip(2).map(names).collect()))
}

/// What stands in backquotes and can be the name of a function.
fn names(cell: &str) -> Vec<&str> {
    let is_name = |word: &&str| word.contains('_') && !word.contains([' ', '-', '.']);
    cell.split('`').skip(1).step_by(2).filter(is_name).collect()
}

fn missing(document: &str, tests: &BTreeSet<&str>) -> Vec<Finding> {
    let mut found = Vec::new();
    let rows = rows(document);
    for number in (1..=PROMISES).filter(|number| rows.iter().filter(|(_, seen, _)| seen == number).count() != 1) {
        found.push(Finding::new(DOCUMENT, 0, format!("promise {number} has no row, or several")));
    }
    for (line, number, cells) in rows {
        if cells.len() != 2 || cells.iter().any(Vec::is_empty) {
            found.push(Finding::new(DOCUMENT, line, format!("promise {number} needs a test, and one under fault")));
        }
        for name in cells.into_iter().flatten().filter(|name| !tests.contains(name)) {
            found.push(Finding::new(DOCUMENT, line, format!("there is no test {name}: name another or write it")));
        }
    }
    found
}

#[test]
fn every_promise_is_shown_by_tests_that_exist() {
    let document = PROJECT.files.iter().find(|file| file.path == DOCUMENT);
    expect_none(&missing(document.map_or("", |file| file.text.as_str()), &tests_of_the_project()));
}

#[test]
fn a_promise_without_a_test_or_with_one_that_does_not_exist_is_reported() {
    let row = |number: usize| format!("| {number} | what | `it_is_there` | `it_is_there`, see `--nodes 3` |\n");
    let tests = BTreeSet::from(["it_is_there"]);
    let whole: String = (1..=PROMISES).map(row).collect();
    assert_eq!(missing(&whole, &tests), []);
    let without = whole.replace(&row(4), "| 4 | what | `it_is_not_there` | by reading |\n").replace(&row(7), "");
    let advice: Vec<String> = missing(&without, &tests).into_iter().map(|finding| finding.advice).collect();
    assert_eq!(advice.len(), 3, "{advice:?}");
    assert!(
        advice[0].contains("promise 7") && advice[1].contains("promise 4") && advice[2].contains("it_is_not_there")
    );
}
