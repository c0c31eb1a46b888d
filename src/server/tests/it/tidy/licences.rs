//! Every package in the lock file has a licence that `deny.toml` allows. Needs nothing installed and no network.

use super::{Finding, expect_none, root};
use std::process::Command;

/// What `deny.toml` allows: for everyone, and for single packages.
struct Policy {
    allow: Vec<String>,
    exceptions: Vec<(String, Vec<String>)>,
}

impl Policy {
    fn parse(text: &str) -> Result<Self, String> {
        let table: toml::Table = text.parse().map_err(|error| format!("not valid TOML: {error}"))?;
        let licences = table.get("licenses").ok_or("no [licenses]")?;
        let exceptions = licences.get("exceptions").and_then(|list| list.as_array());
        let exception = |one: &toml::Value| {
            let name = one.get("crate").or_else(|| one.get("name"))?.as_str()?;
            Some((name.to_owned(), names(one.get("allow"))))
        };
        let exceptions = exceptions.into_iter().flatten().filter_map(exception).collect();
        Ok(Self { allow: names(licences.get("allow")), exceptions })
    }

    fn allows(&self, package: &str, licence: &str) -> bool {
        let for_it = self.exceptions.iter().filter(|(name, _)| name == package).flat_map(|(_, allow)| allow);
        self.allow.iter().chain(for_it).any(|allowed| allowed == licence)
    }
}

fn names(list: Option<&toml::Value>) -> Vec<String> {
    let list = list.and_then(|list| list.as_array()).into_iter().flatten();
    list.filter_map(|name| Some(name.as_str()?.to_owned())).collect()
}

/// An SPDX expression: `OR` of `AND`s of licences (with exceptions) or brackets; an old `/` means `OR`.
struct Expression<'a, F> {
    tokens: Vec<&'a str>,
    at: usize,
    allowed: F,
}

impl<'a, F: Fn(&str) -> bool> Expression<'a, F> {
    fn holds(text: &'a str, allowed: F) -> bool {
        let mut expression = Self { tokens: tokens(text), at: 0, allowed };
        let holds = expression.any();
        holds && expression.at == expression.tokens.len()
    }

    fn takes(&mut self, token: &str) -> bool {
        let found = self.tokens.get(self.at) == Some(&token);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> bool {
        let mut holds = self.all();
        while self.takes("OR") || self.takes("/") {
            holds |= self.all();
        }
        holds
    }

    fn all(&mut self) -> bool {
        let mut holds = self.one();
        while self.takes("AND") {
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.takes("(") {
            let holds = self.any();
            return self.takes(")") && holds;
        }
        let Some(&name) = self.tokens.get(self.at) else { return false };
        self.at += 1;
        let full = match (self.takes("WITH"), self.tokens.get(self.at)) {
            (true, Some(exception)) => {
                self.at += 1;
                format!("{name} WITH {exception}")
            }
            _ => name.to_owned(),
        };
        (self.allowed)(&full)
    }
}

fn tokens(text: &str) -> Vec<&str> {
    let marked = text.split_inclusive(|c: char| c.is_whitespace() || "()/".contains(c));
    let split = |piece: &'_ str| -> (usize, bool) {
        let mark = piece.chars().next_back().is_some_and(|c| "()/".contains(c));
        (piece.len() - usize::from(mark), mark)
    };
    let pieces = marked.flat_map(|piece| {
        let (cut, mark) = split(piece);
        [piece[..cut].trim(), if mark { &piece[cut..] } else { "" }]
    });
    pieces.filter(|piece| !piece.is_empty()).collect()
}

/// One finding for each package whose licence is missing or not allowed.
fn licences<'a>(packages: impl Iterator<Item = (&'a str, Option<&'a str>)>, policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (package, licence) in packages {
        let holds = licence.is_some_and(|text| Expression::holds(text, |name| policy.allows(package, name)));
        if !holds {
            let licence = licence.unwrap_or("no licence stated");
            let advice = format!("{package} is under {licence}: replace it, or allow the licence after reading it");
            findings.push(Finding::new("deny.toml", 0, advice));
        }
    }
    findings
}

/// This machine's target, as the compiler names it.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}

/// `cargo metadata` for this machine; offline first, because after a build everything it needs is there.
fn metadata() -> serde_json::Value {
    let host = host();
    let run = |offline: &[&str]| {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(root()).args(["metadata", "--format-version", "1", "--locked"]).args(offline);
        cargo.args(["--filter-platform", &host]).output().expect("cargo starts")
    };
    let mut output = run(&["--offline"]);
    if !output.status.success() {
        output = run(&[]);
    }
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

#[test]
fn every_package_has_a_licence_that_deny_toml_allows() {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml is there");
    let policy = Policy::parse(&text).expect("deny.toml is readable");
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("metadata lists packages");
    let packages = packages.iter().map(|p| (p["name"].as_str().unwrap_or("?"), p["license"].as_str()));
    expect_none(&licences(packages, &policy));
}

#[test]
fn a_licence_that_is_missing_or_not_allowed_is_reported() {
    let policy = Policy::parse(
        "[licenses]\nallow = [\"MIT\", \"Apache-2.0\"]\nexceptions = [{ crate = \"roots\", allow = [\"MPL-2.0\"] }]\n",
    );
    let policy = policy.expect("the sample is valid");
    let good = [("a", Some("MIT/GPL-3.0")), ("b", Some("(MIT OR ISC) AND Apache-2.0")), ("roots", Some("MPL-2.0"))];
    assert!(licences(good.into_iter(), &policy).is_empty());
    let bad = [("a", Some("GPL-3.0")), ("b", None), ("c", Some("MIT AND ISC")), ("d", Some("Apache-2.0 WITH X"))];
    assert_eq!(licences(bad.into_iter(), &policy).len(), 4);
}
