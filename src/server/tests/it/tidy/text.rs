//! Rules for every text file: no notes for later, no package host by name, a changelog with an open section.

use super::code::lines_with_word;
use super::{Finding, check_files, expect_none, lines_of};

/// Put together here, so that this file does not name what it forbids.
fn later_marks() -> [String; 4] {
    [["TO", "DO"], ["FIX", "ME"], ["to", "do!"], ["unimple", "mented!"]].map(|parts| parts.concat())
}

fn package_hosts() -> [String; 6] {
    [["crates", ".io"], ["npm", "js"], ["pypi", ".org"], ["maven", ".org"], ["proxy", ".golang"], ["python", "hosted"]]
        .map(|parts| parts.concat())
}

fn notes_for_later(path: &str, text: &str) -> Vec<Finding> {
    let lines = later_marks().into_iter().flat_map(|mark| lines_with_word(text, &mark));
    lines.map(|n| Finding::new(path, n, "finish it, or say in plain words what the code does not do")).collect()
}

/// Package clients know their hosts; a name of one in the project ties it to a mirror. A lock file is the client's own.
fn hosts(path: &str, text: &str) -> Vec<Finding> {
    if path == "Cargo.lock" || path.ends_with("/Cargo.lock") {
        return Vec::new();
    }
    let hosts = package_hosts();
    let names = |line: &str| hosts.iter().any(|host| line.contains(host.as_str()));
    let lines = text.lines().enumerate().filter(|(_, line)| names(line));
    lines.map(|(n, _)| Finding::new(path, n + 1, "name the package, not the host it comes from")).collect()
}

fn changelog(path: &str, text: &str) -> Vec<Finding> {
    if text.lines().any(|line| line.trim_end() == "## [Unreleased]") {
        return Vec::new();
    }
    vec![Finding::new(path, 0, "needs a section `## [Unreleased]` for what comes next")]
}

#[test]
fn nothing_is_left_for_later() {
    check_files("", notes_for_later);
}

#[test]
fn no_package_host_is_named() {
    check_files("", hosts);
}

#[test]
fn the_changelog_has_an_open_section() {
    let file = super::PROJECT.files.iter().find(|file| file.path == "CHANGELOG.md");
    expect_none(&file.map_or_else(|| changelog("CHANGELOG.md", ""), |file| changelog(&file.path, &file.text)));
}

#[test]
fn a_note_for_later_is_reported() {
    let text = format!("fine\n// {} later\n{}()\nmethods\n", later_marks()[0], later_marks()[2]);
    assert_eq!(lines_of(&notes_for_later("src/a.rs", &text)), [2, 3]);
}

#[test]
fn a_package_host_is_reported_everywhere_but_in_the_lock_file() {
    let text = format!("see https://{}/x\n", package_hosts()[0]);
    assert_eq!(lines_of(&hosts("docs/a.md", &text)), [1]);
    assert!(lines_of(&hosts("Cargo.lock", &text)).is_empty());
}

#[test]
fn a_changelog_without_an_open_section_is_reported() {
    assert_eq!(lines_of(&changelog("CHANGELOG.md", "# Changelog\n\n## [1.0.0]\n")), [0]);
    assert!(changelog("CHANGELOG.md", "## [Unreleased]\n").is_empty());
}
