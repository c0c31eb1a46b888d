//! The rules of the house that the compiler cannot keep: layers, sizes, names, links, licences.
//!
//! Every check is a pure function over one file's path and text, so that each can be shown to bite on a bad sample.
//! A failure prints `file:line: what to do`, one line a finding.

mod code;
mod layers;
mod licences;
mod links;
mod promises;
mod security;
mod source;
mod text;
mod tree;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// One text file of the project, its path relative to the root and written with `/`.
struct File {
    path: String,
    text: String,
}

/// A broken rule: where, and what to do about it. Line 0 means the file or folder as a whole.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    advice: String,
}

impl Finding {
    fn new(path: &str, line: usize, advice: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line.max(1), self.advice)
    }
}

/// Everything in the tree that is not ignored, read once for all checks.
struct Project {
    /// All files, binary ones too.
    paths: BTreeSet<String>,
    /// All folders.
    folders: BTreeSet<String>,
    /// Those files that are UTF-8.
    files: Vec<File>,
}

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let mut project = Project { paths: BTreeSet::new(), folders: BTreeSet::new(), files: Vec::new() };
    read_folder(&root(), "", &mut project);
    project
});

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace root exists")
}

/// What `.gitignore` leaves out, repeated here because the sources may be unpacked without git.
fn is_ignored(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let at_top = !path.contains('/');
    name == "node_modules"
        || name.ends_with(".log")
        || at_top
            && (matches!(name, ".git" | "target" | "data" | "load-report" | "reports") || name.starts_with("target-"))
}

fn read_folder(root: &Path, folder: &str, project: &mut Project) {
    for entry in std::fs::read_dir(root.join(folder)).expect("the folder is readable") {
        let entry = entry.expect("the folder entry is readable");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if is_ignored(&path) {
            continue;
        }
        if entry.path().is_dir() {
            project.folders.insert(path.clone());
            read_folder(root, &path, project);
        } else {
            // A file that is not text, or that an editor removed between the listing and now, has no lines to check.
            if let Ok(text) = std::fs::read_to_string(entry.path()) {
                project.files.push(File { path: path.clone(), text });
            }
            project.paths.insert(path);
        }
    }
}

/// Runs one check over all files whose name ends as given.
fn check_files(suffix: &str, check: impl Fn(&str, &str) -> Vec<Finding>) {
    let files = PROJECT.files.iter().filter(|file| file.path.ends_with(suffix));
    expect_none(&files.flat_map(|file| check(&file.path, &file.text)).collect::<Vec<_>>());
}

fn expect_none(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(lines.is_empty(), "{} finding(s)\n{}\n", lines.len(), lines.join("\n"));
}

/// For the tests of the checks: the lines on which a check spoke.
fn lines_of(findings: &[Finding]) -> Vec<usize> {
    findings.iter().map(|finding| finding.line).collect()
}

#[test]
fn a_finding_prints_the_file_the_line_and_what_to_do() {
    let finding = Finding::new("src/a.rs", 3, "do this instead");
    assert_eq!(finding.to_string(), "src/a.rs:3: do this instead");
}

#[test]
fn build_output_and_installed_packages_are_not_part_of_the_project() {
    for path in ["target", "target-edge", ".git", "data", "web/node_modules", "docs/x.log"] {
        assert!(is_ignored(path), "{path}");
    }
    for path in ["src/server", "src/store/data", "docs/target.md", "benches/reports"] {
        assert!(!is_ignored(path), "{path}");
    }
}

#[test]
fn the_whole_tree_is_read() {
    for path in ["Cargo.toml", "schema/src/lib.rs", "src/server/tests/it/tidy.rs", "scripts/test"] {
        assert!(PROJECT.files.iter().any(|file| file.path == path), "{path}");
    }
}
