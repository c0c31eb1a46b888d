//! Layers, checks and the reference of the configuration.

mod complete;
mod protocol;

use plenum_server::config::{Config, DEFAULT_TOML, Loaded, Sources, effective, load, markdown, reference};
use std::io::Write;
use std::path::Path;

fn sources(file: Option<&Path>, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Sources {
    let owned = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Sources { file: file.map(Path::to_owned), environment: owned(environment), flags: owned(flags) }
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn with_file(text: &str) -> Loaded {
    load(&sources(Some(file(text).path()), &[], &[]))
}

fn keys(loaded: &Loaded) -> Vec<&str> {
    loaded.problems.iter().map(|problem| problem.key.as_str()).collect()
}

#[test]
fn the_defaults_in_the_file_are_the_defaults_in_the_code() {
    let loaded = load(&Sources::default());
    assert_eq!(loaded.problems, []);
    assert_eq!(format!("{:#?}", loaded.config), format!("{:#?}", Config::default()));
}

#[test]
fn every_key_is_explained() {
    for section in &reference().sections {
        assert!(!section.doc.is_empty(), "[{}]", section.path);
        for key in &section.keys {
            assert!(key.doc.ends_with('.') || key.doc.ends_with(')'), "{}: {}", key.path, key.doc);
        }
    }
    let lines = DEFAULT_TOML.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')).count();
    assert_eq!(reference().keys().count(), lines);
}

#[test]
fn later_layers_win() {
    let file = file("[http]\nlisten = \"127.0.0.1:1\"\n[server]\nworkers = 2\n[limits]\ntopics_per_connection = 7\n");
    let environment = [("PLENUM__HTTP__LISTEN", "127.0.0.1:2"), ("PLENUM__SERVER__WORKERS", "3"), ("OTHER", "x")];
    let loaded = load(&sources(Some(file.path()), &environment, &[("server.workers", "4")]));
    assert_eq!(loaded.problems, []);
    assert_eq!(loaded.config.limits.topics_per_connection, 7);
    assert_eq!(loaded.config.http.listen.port(), 2);
    assert_eq!(loaded.config.server.workers, 4);
}

#[test]
fn a_full_page_must_fit_into_an_outbox_beside_the_answers_that_wait() {
    let loaded = with_file("[hub]\noutbox_bytes = 600_000\n[history]\nunavailable_retry_ms = 0\n");
    assert_eq!(keys(&loaded), ["history.unavailable_retry_ms", "hub.outbox_bytes"]);
    let loaded = with_file("[conversations]\npage_bytes = 1_048_576\n");
    assert_eq!(keys(&loaded), ["hub.outbox_bytes", "limits.answer_bytes"]);
    let fine = "[conversations]\npage_bytes = 1_048_576\n[limits]\nanswer_bytes = 1_100_000\n[hub]\noutbox_bytes = 2_200_000\n";
    assert_eq!(keys(&with_file(fine)), [""; 0]);
    assert_eq!(keys(&with_file("[websocket.handshake_rate]\nburst = 0.0\n")), ["websocket.handshake_rate.burst"]);
}

#[test]
fn an_unknown_key_is_refused_with_the_one_that_was_probably_meant() {
    let loaded = with_file("[limits]\nconections = 5\n[htpp]\nlisten = \"x\"\n[hub]\nworkers = 1\n");
    let texts: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    assert_eq!(keys(&loaded), ["htpp", "hub.workers", "limits.conections"]);
    assert!(texts[0].contains("did you mean `http`?"), "{}", texts[0]);
    assert!(texts[1].contains("did you mean `server.workers`?"), "{}", texts[1]);
    assert!(texts[2].contains("did you mean `limits.connections`?"), "{}", texts[2]);
}

#[test]
fn all_problems_of_all_layers_are_reported_at_once_with_key_and_origin() {
    let file = file(
        "http = 1\n[server]\nworkers = \"many\"\n[hub]\nheartbeat_timeout_ms = 1000\nring_events = 1.5\n\
         [store]\nengine = \"paper\"\njournal_bytes = 1\n[tls]\nprivate_key_path = \"key.pem\"\n",
    );
    let environment = [("PLENUM__LIMITS__CONNECTIONS", "-4"), ("PLENUM__ACCOUNTS__PASSWORD__MIN_CHARS", "3")];
    let loaded = load(&sources(Some(file.path()), &environment, &[("log.level", "a=b=c"), ("nonsense", "")]));
    let expected = [
        "accounts.password.min_chars",
        "http",
        "hub.heartbeat_timeout_ms",
        "hub.ring_events",
        "limits.connections",
        "log.level",
        "nonsense",
        "poll.wait_ms",
        "server.workers",
        "store.engine",
        "store.journal_bytes",
        "tls.certificate_path",
    ];
    assert_eq!(keys(&loaded), expected);
    let limit = loaded.problems.iter().find(|problem| problem.key == "limits.connections").unwrap().to_string();
    assert!(
        limit.contains("a whole number, 0 or more") && limit.ends_with("(from PLENUM__LIMITS__CONNECTIONS)"),
        "{limit}"
    );
    let all = loaded.into_config().unwrap_err().to_string();
    assert!(all.starts_with("the configuration has 12 problem(s)\n"), "{all}");
}

#[test]
fn settings_that_contradict_each_other_are_reported() {
    let cases = [
        ("operations.listen", "127.0.0.1:8080", "operations.listen"),
        ("http.listen", "0.0.0.0:9090", "operations.listen"),
        ("tls.certificate_path", "c.pem", "tls.private_key_path"),
        ("limits.message_bytes", "2048", "limits.message_bytes"),
        ("hub.outbox_soft_bytes", "99999999", "hub.outbox_soft_bytes"),
        ("limits.reconnect_max_delay_ms", "10", "limits.reconnect_max_delay_ms"),
        ("http.address_rate.burst", "0", "http.address_rate.burst"),
        ("http.caller_rate.per_second", "-1", "http.caller_rate.per_second"),
        ("rest.lookup_rate.per_second", "inf", "rest.lookup_rate.per_second"),
        ("rest.guess_rate.per_second", "nan", "rest.guess_rate.per_second"),
        ("conversations.max_members", "20000", "conversations.max_members"),
        ("websocket.origin.allowed", "*", "websocket.origin.allowed"),
        ("socketio.told_positions", "64", "socketio.told_positions"),
        ("socketio.followed_conversations", "300", "socketio.told_positions"),
        ("socketio.depth", "101", "socketio.depth"),
        ("socketio.arguments", "0", "socketio.arguments"),
        ("socketio.namespace_bytes", "0", "socketio.namespace_bytes"),
        ("socketio.recovery_topics", "1001", "socketio.recovery_topics"),
        ("socketio.recovery_topics", "199", "socketio.recovery_topics"),
        ("socketio.kept_hints", "0", "socketio.kept_hints"),
        ("socketio.follow_retry_most_ms", "199", "socketio.follow_retry_most_ms"),
        ("hub.ladder.presence_percent", "24", "hub.ladder.presence_percent"),
        ("hub.ladder.joins_percent", "86", "hub.ladder.sends_percent"),
        ("hub.ladder.sends_percent", "101", "hub.ladder.sends_percent"),
        ("hub.ladder.relax_percent", "25", "hub.ladder.relax_percent"),
        ("limits.unidentified_per_address_percent", "0", "limits.unidentified_per_address_percent"),
    ];
    for (key, value, blamed) in cases {
        let loaded = load(&sources(None, &[], &[(key, value)]));
        assert_eq!(keys(&loaded), [blamed], "{key} = {value}");
    }
}

#[test]
fn nodes_that_tell_too_seldom_to_count_as_alive_are_reported() {
    let cluster = [("cluster.bus", "nats"), ("store.engine", "scylla"), ("cluster.presence_every_ms", "1000")];
    assert_eq!(keys(&load(&sources(None, &[], &cluster))), ["presence.node_silent_ms"]);
    let longer = [&cluster[..], &[("presence.node_silent_ms", "16000")]].concat();
    assert_eq!(keys(&load(&sources(None, &[], &longer))), Vec::<String>::new());
}

#[test]
fn files_for_tls_that_cannot_be_used_are_reported_before_anything_starts() {
    let directory = tempfile::tempdir().unwrap();
    let broken = directory.path().join("broken.pem");
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let empty = directory.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    let missing = directory.path().join("missing.pem");
    for file in [missing, empty, broken] {
        let file = file.to_str().unwrap();
        let nats = [("cluster.bus", "nats"), ("store.engine", "scylla"), ("cluster.nats.ca_path", file)];
        assert_eq!(keys(&load(&sources(None, &[], &nats))), ["cluster.nats.ca_path"], "{file}");
        let cql =
            [("store.engine", "scylla"), ("store.scylla.tls.enabled", "true"), ("store.scylla.tls.ca_path", file)];
        assert_eq!(keys(&load(&sources(None, &[], &cql))), ["store.scylla.tls.ca_path"], "{file}");
    }
}

#[test]
fn what_is_allowed_but_risky_is_a_warning() {
    let loaded = load(&sources(None, &[], &[("operations.listen", "0.0.0.0:9090"), ("http.listen", "0.0.0.0:80")]));
    let warned: Vec<&str> = loaded.warnings.iter().map(|warning| warning.key.as_str()).collect();
    assert_eq!(warned, ["operations.token", "tls.certificate_path"]);
    assert_eq!(loaded.problems, []);
}

#[test]
fn texts_of_the_environment_become_values_of_the_right_kind() {
    let environment = [
        ("PLENUM__WEBSOCKET__ECHO", "true"),
        ("PLENUM__ACCOUNTS__YEARS", "1, 4"),
        ("PLENUM__HTTP__CORS_ORIGINS", "[\"https://a.example\", \"https://b.example\"]"),
        ("PLENUM__HTTP__ADDRESS_RATE__PER_SECOND", "7.5"),
        ("PLENUM__LIMITS__COMMANDS_PER_SECOND", "1_000"),
        ("PLENUM__STORE__PATH", "/var/lib/plenum"),
    ];
    let config = load(&sources(None, &environment, &[])).into_config().unwrap();
    assert!(config.websocket.echo);
    assert_eq!(config.accounts.years, [1, 4]);
    assert_eq!(config.http.surface.cors_origins, ["https://a.example", "https://b.example"]);
    assert!((config.http.surface.address_rate.per_second - 7.5).abs() < f64::EPSILON);
    assert_eq!(config.limits.commands_per_second, 1_000);
    assert_eq!(config.store.embedded().path, Path::new("/var/lib/plenum/store"));
}

#[test]
fn a_value_may_lie_in_a_file_of_its_own() {
    let secret = file("s3cret\n");
    let path = secret.path().to_str().unwrap();
    let by_environment = load(&sources(None, &[("PLENUM__OPERATIONS__TOKEN_FILE", path)], &[]));
    assert_eq!(by_environment.into_config().unwrap().operations.token.expose(), "s3cret");
    let by_file = with_file(&format!("[operations]\ntoken_file = \"{path}\"\n"));
    assert_eq!(by_file.into_config().unwrap().operations.token.expose(), "s3cret");
    let missing = load(&sources(None, &[("PLENUM__OPERATIONS__TOKEN_FILE", "/nowhere/token")], &[]));
    assert_eq!(keys(&missing), ["operations.token"]);
    let both = [("PLENUM__OPERATIONS__TOKEN_FILE", path), ("PLENUM__OPERATIONS__TOKEN", "other")];
    assert_eq!(keys(&load(&sources(None, &both, &[]))), ["operations.token"]);
}

#[test]
fn a_secret_appears_in_no_dump_and_in_no_problem() {
    let loaded = load(&sources(None, &[("PLENUM__OPERATIONS__TOKEN", "hunter2")], &[]));
    let dump = effective(&loaded);
    assert!(dump.contains("token = \"<redacted>\" # from PLENUM__OPERATIONS__TOKEN"), "{dump}");
    assert!(!dump.contains("hunter2") && !format!("{:?}", loaded.config).contains("hunter2"));
    let wrong = with_file("[operations]\ntoken = 424242\n");
    assert_eq!(keys(&wrong), ["operations.token"]);
    assert!(!wrong.problems[0].to_string().contains("424242"));
}

#[test]
fn what_is_in_force_reads_back_as_a_configuration() {
    let first = load(&sources(None, &[], &[("limits.topics_per_connection", "9")]));
    let again = with_file(&effective(&first));
    assert_eq!(again.problems, []);
    assert_eq!(format!("{:?}", again.config), format!("{:?}", first.config));
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_a_problem_and_not_a_panic() {
    let missing = load(&sources(Some(Path::new("/nowhere/plenum.toml")), &[], &[]));
    assert!(missing.problems[0].to_string().starts_with("/nowhere/plenum.toml: cannot be read"));
    assert!(with_file("[http\n").problems[0].to_string().contains("is not valid TOML"));
}

#[test]
fn the_reference_in_the_documentation_is_the_one_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text == markdown(), "run `cargo run -- config-doc > docs/configuration.md`");
}

#[test]
fn the_page_has_the_limits_of_the_api() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/assets/limits.js");
    let text = std::fs::read_to_string(path).unwrap();
    let limit = |name: &str| -> usize {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("export const {name} = ")));
        line.and_then(|line| line.strip_suffix(';')).and_then(|number| number.parse().ok()).expect(name)
    };
    assert_eq!(limit("FULL_NAME_CHARS"), plenum_services::accounts::FULL_NAME_CHARS);
    assert_eq!(limit("TITLE_CHARS"), Config::default().conversations.title_chars);
}
