//! A crate is a layer: which crates of ours each may name, and which drivers belong to whom.

use super::code::{code_only, lines_with_word};
use super::{Finding, check_files, lines_of};

/// Folder of the crate, and the crates of ours it may depend on (without `plenum-`). The order is from the bottom up.
const LAYERS: &[(&str, &[&str])] = &[
    ("schema", &[]),
    ("actors", &["schema"]),
    ("actors/sim", &["actors", "schema"]),
    ("src/store", &["actors", "schema"]),
    ("src/cluster", &["actors", "schema"]),
    ("src/services", &["actors", "schema"]),
    ("src/providers", &["services", "schema"]),
    ("src/http", &["services", "schema"]),
    ("src/websocket", &[]),
    ("src/socketio", &["websocket"]),
    ("src/edge", &["http", "services", "actors", "schema", "websocket", "socketio"]),
    ("src/rest", &["http", "services", "schema"]),
    ("src/pages", &["http"]),
    ("src/server", EVERY_LAYER),
    ("benches", EVERY_LAYER),
    ("loadtest", &["schema"]),
];

/// What the tests of a crate may name beyond its layer, so that they run on a real store and with real clients.
const IN_TESTS: &[(&str, &[&str])] = &[("src/rest", &["actors", "cluster", "store", "providers"])];

const EVERY_LAYER: &[&str] = &[
    "schema",
    "actors",
    "sim",
    "store",
    "cluster",
    "services",
    "providers",
    "http",
    "websocket",
    "socketio",
    "edge",
    "rest",
    "pages",
    "server",
];

/// Libraries that only some layers may name, in a manifest or in code.
const DRIVERS: &[(&[&str], &[&str])] = &[
    (
        &["actix-web", "actix-http", "actix-server", "actix-files", "actix-multipart", "actix-cors"],
        &["src/websocket", "src/socketio", "src/edge", "src/rest", "src/pages", "src/http", "src/server", "benches"],
    ),
    (&["actix-ws", "actix-web-actors"], &["benches"]),
    (&["fjall", "scylla"], &["src/store"]),
    (&["async-nats"], &["src/cluster"]),
    (&["lettre", "reqwest"], &["src/providers"]),
];

/// Words that pure code has no business with: runtimes, clocks, threads, the outside.
const IMPURE: &[&str] =
    &["actix", "actix_rt", "tokio", "Clock", "Instant", "SystemTime", "std::thread", "std::fs", "std::net", "rand"];

/// The crate a path belongs to: the deepest layer folder above it.
fn layer_of(path: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    let above = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    LAYERS.iter().filter(|(folder, _)| above(folder)).max_by_key(|(folder, _)| folder.len())
}

/// Whether a folder is a crate's.
pub(super) fn is_layer(folder: &str) -> bool {
    LAYERS.iter().any(|(layer, _)| *layer == folder)
}

fn line_of(text: &str, word: &str) -> usize {
    lines_with_word(text, word).first().copied().unwrap_or(0)
}

/// Names of all packages a manifest depends on in one of these ways, for any target.
fn dependencies(manifest: &toml::Table, kinds: &[&str]) -> Vec<String> {
    let targets = manifest.get("target").and_then(|t| t.as_table()).into_iter().flat_map(|t| t.values());
    let holders = std::iter::once(manifest).chain(targets.filter_map(|target| target.as_table()));
    let tables = holders.flat_map(|holder| kinds.iter().filter_map(|kind| holder.get(*kind)?.as_table()));
    let renamed = |value: &toml::Value| Some(value.get("package")?.as_str()?.to_owned());
    tables.flat_map(|t| t.iter().map(|(name, value)| renamed(value).unwrap_or_else(|| name.clone()))).collect()
}

/// One crate's manifest: known layer, allowed dependencies, the workspace's lints.
fn manifest(path: &str, text: &str) -> Vec<Finding> {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return vec![Finding::new(path, 0, format!("is not valid TOML: {error}"))],
    };
    if table.contains_key("workspace") {
        return Vec::new();
    }
    let Some((folder, ours)) = layer_of(path) else {
        return vec![Finding::new(path, 0, "this crate has no layer: add it to LAYERS in tidy/layers.rs")];
    };
    let mut findings = Vec::new();
    let in_tests = IN_TESTS.iter().find(|(layer, _)| layer == folder).map_or(&[][..], |(_, more)| more);
    let with_tests = [ours, in_tests].concat();
    for (kinds, ours) in [(&["dependencies", "build-dependencies"][..], *ours), (&["dev-dependencies"], &with_tests)] {
        for name in dependencies(&table, kinds) {
            if let Some(advice) = forbidden(folder, ours, &name) {
                findings.push(Finding::new(path, line_of(text, &name), advice));
            }
        }
    }
    if table.get("lints").and_then(|lints| lints.get("workspace")?.as_bool()) != Some(true) {
        findings.push(Finding::new(path, 0, "add `[lints]` with `workspace = true`"));
    }
    findings
}

fn forbidden(folder: &str, ours: &[&str], name: &str) -> Option<String> {
    if let Some(layer) = name.strip_prefix("plenum-") {
        let advice =
            || format!("{folder} may depend on {ours:?} of ours only, not on {layer}: move the code or invert it");
        return (!ours.contains(&layer)).then(advice);
    }
    let (_, homes) = DRIVERS.iter().find(|(names, _)| names.contains(&name))?;
    let advice = || format!("only {homes:?} may name {name}: put an interface of ours between");
    (!homes.contains(&folder)).then(advice)
}

/// One source file: names no driver that its layer may not know.
fn drivers_in_source(path: &str, text: &str) -> Vec<Finding> {
    let Some((folder, ours)) = layer_of(path) else { return Vec::new() };
    let code = code_only(text);
    let names = DRIVERS.iter().flat_map(|(names, _)| names.iter());
    let wrong = names.filter_map(|name| Some((name, forbidden(folder, ours, name)?)));
    let lines = |name: &str| lines_with_word(&code, &name.replace('-', "_"));
    wrong
        .flat_map(|(name, advice)| lines(name).into_iter().map(move |n| Finding::new(path, n, advice.clone())))
        .collect()
}

/// Decisions are pure: aggregates and the owner's core take time and ids as arguments and ask for effects.
fn purity(path: &str, text: &str) -> Vec<Finding> {
    let pure = ["actors/src/aggregates", "actors/src/owner/core"];
    if !pure.iter().any(|start| path.starts_with(start)) {
        return Vec::new();
    }
    let code = code_only(text);
    let advice = |word: &str| format!("pure code names no `{word}`: take the value as an argument, return a wish");
    let lines = |word: &'static str| lines_with_word(&code, word).into_iter().map(move |n| (n, word));
    IMPURE.iter().flat_map(|word| lines(word)).map(|(n, word)| Finding::new(path, n, advice(word))).collect()
}

#[test]
fn every_manifest_keeps_the_layers_and_the_lints() {
    check_files("Cargo.toml", manifest);
}

#[test]
fn every_source_names_only_the_drivers_of_its_layer() {
    check_files(".rs", drivers_in_source);
}

#[test]
fn aggregates_and_the_owner_core_are_pure() {
    check_files(".rs", purity);
}

#[test]
fn a_dependency_upwards_is_reported() {
    let text =
        "[lints]\nworkspace = true\n[dev-dependencies]\nplenum-schema.workspace = true\nplenum-http.workspace = true\n";
    assert_eq!(lines_of(&manifest("actors/Cargo.toml", text)), [5]);
    assert!(lines_of(&manifest("src/edge/Cargo.toml", text)).is_empty());
    assert_eq!(lines_of(&manifest("actors/sim/Cargo.toml", text)), [5]);
}

#[test]
fn a_real_store_is_allowed_in_the_tests_of_rest_only() {
    let text = |kind: &str| format!("[lints]\nworkspace = true\n[{kind}]\nplenum-store.workspace = true\n");
    assert!(lines_of(&manifest("src/rest/Cargo.toml", &text("dev-dependencies"))).is_empty());
    assert_eq!(lines_of(&manifest("src/rest/Cargo.toml", &text("dependencies"))), [4]);
    assert_eq!(lines_of(&manifest("src/http/Cargo.toml", &text("dev-dependencies"))), [4]);
}

#[test]
fn a_driver_in_the_wrong_layer_is_reported_under_any_name() {
    let text =
        "[lints]\nworkspace = true\n[target.'cfg(unix)'.dependencies]\ndb = { package = \"fjall\", version = \"3\" }\n";
    assert_eq!(lines_of(&manifest("src/services/Cargo.toml", text)), [4]);
    assert!(lines_of(&manifest("src/store/Cargo.toml", text)).is_empty());
    let code = "// actix_web is fine in a comment\nuse actix_web::web;\n";
    assert_eq!(lines_of(&drivers_in_source("src/services/src/lib.rs", code)), [2]);
    assert!(lines_of(&drivers_in_source("src/rest/src/lib.rs", code)).is_empty());
}

#[test]
fn a_crate_without_lints_or_without_a_layer_is_reported() {
    assert_eq!(lines_of(&manifest("schema/Cargo.toml", "[package]\nname = \"plenum-schema\"\n")), [0]);
    assert_eq!(lines_of(&manifest("src/extra/Cargo.toml", "[lints]\nworkspace = true\n")), [0]);
    assert_eq!(lines_of(&manifest("schema/Cargo.toml", "not toml")), [0]);
}

#[test]
fn a_runtime_or_a_clock_in_an_aggregate_is_reported() {
    let text = "use std::time::Instant;\nlet at = Instant::now();\n// tokio\ntokio::spawn(x);";
    let lines = lines_of(&purity("actors/src/aggregates/poll.rs", text));
    assert_eq!(lines, [4, 1, 2]);
    assert_eq!(lines_of(&purity("actors/src/owner/core/append.rs", text)), lines);
    assert!(lines_of(&purity("actors/src/owner/shell.rs", text)).is_empty());
}
