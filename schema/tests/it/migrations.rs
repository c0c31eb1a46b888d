//! The files in `schema/cql` are a schema: numbered, unchanged, and what the entities say.

use plenum_schema::cql::{MIGRATIONS, Migration, Step, create_table};
use plenum_schema::entities::TABLES;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cql")
}

fn updating() -> bool {
    std::env::var_os("UPDATE").is_some()
}

fn files() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(".cql")).collect();
    names.sort();
    names
}

fn file_name(migration: &Migration) -> String {
    format!("{:04}_{}.cql", migration.number, migration.name)
}

/// Column name → type of every table, after all steps.
fn columns() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut tables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for migration in MIGRATIONS {
        let statement = migration.statement().replace('"', "");
        match migration.step().unwrap() {
            Step::AddColumn { table, column } => {
                let kind = statement.split_whitespace().last().unwrap().to_owned();
                assert!(tables.get_mut(&table).unwrap().insert(column, kind).is_none(), "{}", migration.name);
            }
            Step::DropColumn { table, column } => {
                tables.get_mut(&table).unwrap().remove(&column).unwrap();
            }
            Step::Repeatable => {
                let (words, body) = statement.split_once('(').unwrap_or((&statement, ""));
                let table = words.split_whitespace().last().unwrap().to_owned();
                if words.starts_with("DROP") {
                    tables.remove(&table).unwrap();
                    continue;
                }
                let (body, _key) = body.split_once("PRIMARY KEY").unwrap();
                let column = |text: &str| {
                    let (name, kind) = text.trim().split_once(' ')?;
                    Some((name.to_owned(), kind.to_owned()))
                };
                tables.insert(table, body.split(',').filter_map(column).collect());
            }
        }
    }
    tables
}

#[test]
fn every_table_has_a_step_that_makes_it_from_its_definition() {
    let made = columns();
    let mut next = MIGRATIONS.len() + 1;
    let mut missing = Vec::new();
    for table in TABLES {
        if made.contains_key(table.name) {
            continue;
        }
        missing.push(format!("migration!(\"{next:04}\", {next}, \"{}\"),", table.name));
        if updating() {
            let text = format!("{};\n", create_table(table));
            std::fs::write(folder().join(format!("{next:04}_{}.cql", table.name)), text).unwrap();
        }
        next += 1;
    }
    assert!(
        missing.is_empty(),
        "add to MIGRATIONS in src/cql/migrations.rs (UPDATE=1 wrote the files):\n{}",
        missing.join("\n")
    );
}

#[test]
fn the_columns_of_all_steps_together_are_those_of_the_entities() {
    let made = columns();
    for table in TABLES {
        let text = create_table(table).replace('"', "");
        let (_, body) = text.split_once('(').unwrap();
        let (body, key) = body.split_once("PRIMARY KEY").unwrap();
        let wanted: BTreeMap<String, String> = body
            .split(',')
            .filter_map(|column| column.trim().split_once(' '))
            .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
            .collect();
        assert_eq!(made.get(table.name), Some(&wanted), "table {}", table.name);
        let step = MIGRATIONS.iter().find(|step| step.name == table.name).unwrap();
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        assert!(squeezed(&step.statement().replace('"', "")).ends_with(&squeezed(key)), "key of {}", table.name);
    }
}

#[test]
fn the_folder_holds_exactly_the_steps_numbered_from_one_without_holes() {
    let listed: Vec<_> = MIGRATIONS.iter().map(file_name).collect();
    assert_eq!(listed, files());
    assert!(MIGRATIONS.iter().zip(1..).all(|(step, number)| step.number == number));
    let names: BTreeSet<_> = MIGRATIONS.iter().map(|step| step.name).collect();
    assert_eq!(names.len(), MIGRATIONS.len(), "a name is used once");
}

#[test]
fn every_step_is_one_statement_that_can_be_repeated() {
    for step in MIGRATIONS {
        assert!(step.step().is_some(), "{}: see the README beside it", file_name(step));
        assert!(!step.statement().contains(';'), "{}: one statement", file_name(step));
    }
}

#[test]
fn no_step_uses_what_scylladb_and_cassandra_do_not_share() {
    let foreign =
        ["INDEX", "MATERIALIZED", "COUNTER", "COMPRESSION", "TABLETS", "CDC", "TIMEOUT", "VECTOR", "FUNCTION", "TYPE"];
    for step in MIGRATIONS {
        let statement = step.statement().to_ascii_uppercase();
        let words: Vec<_> = statement.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        assert!(!words.iter().any(|word| foreign.contains(word)), "{}", file_name(step));
    }
}

#[test]
fn a_step_that_was_released_has_not_changed() {
    let path = folder().join("CHECKSUMS");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let mut lines: Vec<_> = kept.lines().map(str::to_owned).collect();
    for (place, step) in MIGRATIONS.iter().enumerate() {
        let line = format!("{} {}", step.checksum(), file_name(step));
        match lines.get(place) {
            Some(kept) => assert_eq!(*kept, line, "a released step never changes: add another"),
            None if updating() => lines.push(line),
            None => panic!("UPDATE=1 writes the checksum of {}", file_name(step)),
        }
    }
    assert_eq!(lines.len(), MIGRATIONS.len());
    if updating() {
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
    }
}
