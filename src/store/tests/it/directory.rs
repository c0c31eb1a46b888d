//! A data directory that cannot be used gives one clear error.

use crate::child;
use crate::place::{Place, append, entry, log, quick, run, whole};
use plenum_actors::store::{Appended, Store};
use plenum_store::{Embedded, EmbeddedConfig, Found, OpenError, inspect};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The error, which must name the path.
fn refused(config: EmbeddedConfig) -> OpenError {
    let path = config.path.display().to_string();
    let error = Embedded::open(config).map(drop).expect_err("must not open");
    assert!(error.to_string().contains(&path), "{error}");
    error
}

#[test]
fn a_path_that_is_a_file_is_refused() {
    let place = Place::new();
    let config = place.config();
    std::fs::write(&config.path, "x").unwrap();
    assert!(matches!(refused(config.clone()), OpenError::NotADirectory { .. }));
    assert!(matches!(refused(quick(config.path.join("below"))), OpenError::NotADirectory { .. }));
}

#[test]
fn a_directory_with_other_things_is_refused_and_left_alone() {
    let place = Place::new();
    let config = place.config();
    std::fs::create_dir(&config.path).unwrap();
    std::fs::write(config.path.join("letter.txt"), "dear").unwrap();
    assert!(matches!(refused(config.clone()), OpenError::Foreign { .. }));
    assert_eq!(std::fs::read_dir(&config.path).unwrap().count(), 1);
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let place = Place::new();
    let config = place.config();
    drop(place.open());
    std::fs::write(config.path.join("format"), "plenum-store 2\n").unwrap();
    let error = refused(config.clone());
    assert!(matches!(error, OpenError::Newer { found: 2, known: 1, .. }), "{error}");
    std::fs::write(config.path.join("format"), "nonsense").unwrap();
    assert!(matches!(refused(config), OpenError::Damaged { .. }));
}

#[test]
fn a_first_start_that_was_killed_early_is_repeated() {
    let place = Place::new();
    let config = place.config();
    std::fs::create_dir(&config.path).unwrap();
    std::fs::write(config.path.join("lock"), "123\n").unwrap();
    std::fs::write(config.path.join("format.new"), "plen").unwrap();
    assert_eq!(append(&place.open(), log(), 0, entry("a")), Ok(Appended::Done(1)));
}

#[test]
fn a_directory_in_use_is_refused_until_it_is_free() {
    let place = Place::new();
    let store = place.open();
    let error = refused(place.config());
    let own = format!("process {}", std::process::id());
    assert!(matches!(&error, OpenError::Locked { holder, .. } if *holder == own), "{error}");
    drop(store);
    place.open();
}

#[test]
#[ignore = "the child process of the lock test"]
fn child_finds_the_directory_in_use() {
    let Some(directory) = child::directory() else { return };
    println!("SAYS {}", refused(quick(directory)));
}

#[test]
fn a_directory_in_use_by_another_process_is_refused_with_its_number() {
    let place = Place::new();
    let _store = place.open();
    let output = child::command("directory::child_finds_the_directory_in_use", &place.config().path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let wanted = format!("is in use by process {}: stop that server first", std::process::id());
    assert!(text.contains(&wanted), "{text}");
}

#[test]
#[ignore = "the child process of the read-only test"]
fn child_finds_the_directory_read_only() {
    let Some(directory) = child::directory() else { return };
    child::mount(&["-t", "tmpfs", "-o", "size=32m", "tmpfs"], &directory);
    let config = quick(directory.join("store"));
    let log = log();
    append(&Embedded::open(config.clone()).unwrap(), log, 0, entry("a")).unwrap();
    child::mount(&["-o", "remount,ro"], &directory);
    let error = refused(config.clone());
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error}");
    let error = refused(quick(directory.join("missing")));
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error}");
    child::mount(&["-o", "remount,rw"], &directory);
    assert_eq!(whole(&Embedded::open(config).unwrap(), log).len(), 1);
}

/// Takes the right to write from everything in a directory and from itself, or gives it back.
fn permit(path: &Path, writing: bool) {
    let is_directory = path.is_dir();
    let set = |mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    set(match (is_directory, writing) {
        (true, true) => 0o755,
        (true, false) => 0o555,
        (false, true) => 0o644,
        (false, false) => 0o444,
    });
    if is_directory {
        std::fs::read_dir(path).unwrap().for_each(|item| permit(&item.unwrap().path(), writing));
    }
}

#[test]
#[ignore = "the child process of the read-only test"]
fn child_finds_the_directory_of_somebody_else() {
    let Some(directory) = child::directory() else { return };
    let config = quick(directory.join("store"));
    let log = log();
    append(&Embedded::open(config.clone()).unwrap(), log, 0, entry("a")).unwrap();
    permit(&directory, false);
    let error = refused(config.clone());
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error}");
    let error = refused(quick(directory.join("missing")));
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error}");
    permit(&directory, true);
    assert_eq!(whole(&Embedded::open(config).unwrap(), log).len(), 1);
}

#[test]
fn a_read_only_directory_is_refused_and_left_alone() {
    child::run_without_override("directory::child_finds_the_directory_of_somebody_else");
    child::run_where_mounting_is_allowed("directory::child_finds_the_directory_read_only");
}

#[test]
fn looking_tells_what_opening_would_find_and_changes_nothing() {
    let place = Place::new();
    let path = place.config().path;
    assert_eq!(inspect(&path).unwrap(), Found::Nothing);
    assert_eq!(inspect(&path.join("deeper/still")).unwrap(), Found::Nothing);
    assert!(!path.exists());
    let store = place.open();
    assert_eq!(inspect(&path).unwrap(), Found::InUse { by: format!("process {}", std::process::id()) });
    drop(store);
    assert_eq!(inspect(&path).unwrap(), Found::Store);
    std::fs::write(path.join("format"), "plenum-store 2\n").unwrap();
    assert!(matches!(inspect(&path), Err(OpenError::Newer { .. })));
    assert!(matches!(inspect(&path.join("format")), Err(OpenError::NotADirectory { .. })));
    assert!(matches!(inspect(&path.join("format/below")), Err(OpenError::NotADirectory { .. })));
    let foreign = path.parent().unwrap();
    assert!(matches!(inspect(foreign), Err(OpenError::Foreign { .. })));
}

#[test]
fn a_configuration_that_cannot_work_names_each_key() {
    let place = Place::new();
    let config = EmbeddedConfig { batch_writes: 0, journal_bytes: 1, ..place.config() };
    let error = Embedded::open(config).map(drop).expect_err("must not open").to_string();
    assert!(error.contains("batch_writes is 0") && error.contains("journal_bytes is 1"), "{error}");
}

#[test]
fn unknown_keys_and_defaults_are_read_from_toml() {
    let config: EmbeddedConfig = toml::from_str("path = \"/somewhere\"\ncache_bytes = 1048576").unwrap();
    assert_eq!((config.path.to_str(), config.cache_bytes, config.batch_writes), (Some("/somewhere"), 1 << 20, 4_096));
    assert!(toml::from_str::<EmbeddedConfig>("cash_bytes = 1").is_err());
    assert!(EmbeddedConfig::default().problems().is_empty());
}

#[test]
fn a_closed_store_refuses_and_gives_its_directory_back() {
    let place = Place::new();
    let store = place.open();
    let head = store.head(log());
    drop(store);
    assert!(run(head).is_err(), "a read that outlives the store is refused");
    place.open();
}
