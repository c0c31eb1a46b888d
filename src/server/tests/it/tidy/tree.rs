//! What may lie where: the fixed top level, and names that say nothing.

use super::layers::is_layer;
use super::{Finding, PROJECT, expect_none, lines_of};

const REQUIRED: &[&str] = &["Cargo.toml", "src", "actors", "schema", "benches", "loadtest", "config", "README.md"];

const ALLOWED: &[&str] = &[
    ".cargo",
    ".ci",
    ".editorconfig",
    ".gitattributes",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "LICENSE",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "clients",
    "clippy.toml",
    "deny.toml",
    "deploy",
    "docs",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "scripts",
    "web",
];

/// The names in the root: all required ones, and nothing beside the allowed ones.
fn top_level(names: &[&str]) -> Vec<Finding> {
    let missing = REQUIRED.iter().filter(|name| !names.contains(name));
    let strange = names.iter().filter(|name| !REQUIRED.contains(name) && !ALLOWED.contains(name));
    let missing = missing.map(|name| Finding::new(name, 0, "is missing from the top level: create it"));
    let strange = strange.map(|name| {
        Finding::new(
            name,
            0,
            "the top level is fixed: move it into a folder that is there, or allow it in tidy/tree.rs",
        )
    });
    missing.chain(strange).collect()
}

/// A name that says what is inside: no `mod.rs`, no drawer for everything.
fn naming(path: &str) -> Vec<Finding> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    if name == "mod.rs" {
        return vec![Finding::new(path, 0, "name the file after its module: `area.rs` beside the folder `area/`")];
    }
    if name.ends_with(".rs") && path.strip_suffix(name).and_then(|p| p.strip_suffix("/tests/")).is_some_and(is_layer) {
        return vec![Finding::new(
            path,
            0,
            "one test binary a crate: move it to `tests/it/` as a module of its main.rs",
        )];
    }
    if matches!(stem, "util" | "utils" | "helper" | "helpers" | "misc" | "common") {
        return vec![Finding::new(path, 0, "says nothing: name it after what is inside")];
    }
    Vec::new()
}

#[test]
fn the_top_level_is_the_fixed_one() {
    let all = PROJECT.paths.iter().chain(&PROJECT.folders);
    let names: Vec<&str> = all.map(String::as_str).filter(|path| !path.contains('/')).collect();
    expect_none(&top_level(&names));
}

#[test]
fn every_file_and_folder_is_named_after_what_is_inside() {
    expect_none(&PROJECT.paths.iter().chain(&PROJECT.folders).flat_map(|path| naming(path)).collect::<Vec<_>>());
}

#[test]
fn a_missing_and_a_strange_top_level_name_are_reported() {
    let mut names = REQUIRED.to_vec();
    assert!(top_level(&names).is_empty());
    names.retain(|name| *name != "loadtest");
    names.push("stuff");
    let found: Vec<String> = top_level(&names).into_iter().map(|finding| finding.path).collect();
    assert_eq!(found, ["loadtest", "stuff"]);
}

#[test]
fn names_that_say_nothing_are_reported() {
    for path in [
        "src/edge/tests/frames.rs",
        "src/edge/src/mod.rs",
        "actors/src/utils.rs",
        "web/util",
        "src/x/helpers/a.rs/helpers.js",
    ] {
        assert_eq!(lines_of(&naming(path)), [0], "{path}");
    }
    for path in ["src/edge/src/utility_bill.rs", "src/edge/src/frame/tests/masks.rs", "src/edge/tests/it/frames.rs"] {
        assert!(naming(path).is_empty(), "{path}");
    }
}
