//! The program as a process: its command line, its exit codes, its signals.

mod google;
mod seed;

use super::http;
use super::tls::pem;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The program with nothing from our own environment.
fn plenum(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plenum"));
    command.env_clear().args(arguments).stdin(Stdio::null());
    command
}

/// The output of the program, which ends by itself.
pub fn run(arguments: &[&str]) -> Output {
    plenum(arguments).output().unwrap()
}

fn with_input(arguments: &[&str], input: &str) -> Output {
    let mut command = plenum(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", err(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A server that is killed when a test fails.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(data: &Path) -> Self {
        Self::start_with(data, "warn")
    }

    fn start_with(data: &Path, level: &str) -> Self {
        Self::start_on(data, level, 0)
    }

    fn start_on(data: &Path, level: &str, operations: u16) -> Self {
        let (data, level) = (data.to_str().unwrap(), format!("log.level={level}"));
        let operations = format!("operations.listen=127.0.0.1:{operations}");
        let ports = ["--listen", "127.0.0.1:0", "--set", &operations, "--set", &level];
        let mut command = plenum(&["serve", "--workers", "1", "--data", data]);
        let mut child = command.args(ports).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("Plenum is ready: open http://").expect("the line that says where it is");
        let address = url.trim_end_matches('/').parse().unwrap();
        Self { child, address }
    }

    fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Its exit code, and what it wrote to its standard error output.
    fn end(&mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the server does not end");
            std::thread::yield_now();
        }
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (self.child.wait().unwrap().code(), text)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn data() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn without_arguments_the_program_explains_itself() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("Usage: plenum"));
    assert!(out(&run(&["--version"])).starts_with("plenum "));
}

#[test]
fn check_config_reports_all_problems_and_fails() {
    let output = run(&["check-config", "--set", "limits.conections=1", "--set", "server.workers=x"]);
    assert_eq!(output.status.code(), Some(1));
    let text = err(&output);
    assert!(
        text.contains("2 problem(s)") && text.contains("limits.connections") && text.contains("server.workers"),
        "{text}"
    );
    let (_folder, data) = data();
    let fine = out(&run(&["check-config", "--data", &data]));
    assert!(fine.starts_with("the configuration is fine\nstore.path: there is no store at "), "{fine}");
    assert!(!Path::new(&data).exists());
    let shown = plenum(&["check-config", "--show"]).env("PLENUM__SERVER__WORKERS", "3").output().unwrap();
    assert!(out(&shown).contains("workers = 3 # from PLENUM__SERVER__WORKERS"));
}

#[test]
fn check_config_opens_the_files_and_looks_at_the_data_directory() {
    let (folder, data) = data();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = file("certificate.pem", &pem("CERTIFICATE", made.cert.der()));
    let key = file("key.pem", &pem("PRIVATE KEY", &made.signing_key.serialize_der()));
    let (wrong_key, garbage) =
        (file("other.pem", &pem("PRIVATE KEY", &other.signing_key.serialize_der())), file("garbage.pem", "x"));
    let missing = folder.path().join("missing.pem").to_str().unwrap().to_owned();
    let check = |data: &str, certificate: &str, key: &str| {
        let set = [format!("tls.certificate_path={certificate}"), format!("tls.private_key_path={key}")];
        run(&["check-config", "--data", data, "--set", &set[0], "--set", &set[1]])
    };
    let fine = check(&data, &certificate, &key);
    assert!(out(&fine).contains("store.path: there is no store at "));
    assert!(err(&fine).contains("warning: tls.private_key_path: can be read by other users"), "{}", err(&fine));
    for (certificate, key, blamed) in [
        (&missing, &key, "tls.certificate_path: cannot be read from "),
        (&garbage, &key, "tls.certificate_path: cannot be read from "),
        (&certificate, &garbage, "tls.private_key_path: cannot be read from "),
        (&certificate, &wrong_key, "tls.certificate_path: cannot be used together with tls.private_key_path"),
    ] {
        let output = check(&data, certificate, key);
        assert!(!output.status.success() && err(&output).contains(blamed), "{blamed}: {}", err(&output));
    }
    let output = check(&certificate, &certificate, &key);
    assert!(err(&output).contains("store.path: ") && err(&output).contains("is not a directory"), "{}", err(&output));
    let _server = Server::start(Path::new(&data));
    let used = out(&run(&["check-config", "--data", &data]));
    assert!(used.contains("is in use by process "), "{used}");
}

#[test]
fn a_command_that_expects_a_store_makes_none_where_the_path_is_mistyped() {
    let (_folder, data) = data();
    let conversation = "0192f0c4-0003-7000-8000-00000000000c";
    for command in [
        &["user", "list"][..],
        &["user", "add", "--username", "ann", "--no-password"],
        &["user", "set-password", "ann"],
        &["token", "--user", "ann"],
        &["token", "--new"],
        &["keys", "rotate"],
        &["export", conversation],
    ] {
        let output = run(&[&["--data", &data][..], command].concat());
        let text = err(&output);
        assert!(!output.status.success() && text.contains("there is no store in "), "{command:?}: {text}");
        assert!(!Path::new(&data).exists(), "{command:?}");
    }
}

#[test]
fn a_server_says_that_it_made_a_new_store_and_where() {
    let (_folder, data) = data();
    for is_new in [true, false] {
        let mut server = Server::start_with(Path::new(&data), "info");
        server.signal(Signal::TERM);
        let (_, text) = server.end();
        assert_eq!(text.contains(&format!("new store created at {data}")), is_new, "{text}");
    }
}

#[test]
fn what_is_no_http_is_counted_and_not_logged_as_an_error() {
    let (_folder, data) = data();
    // Free a moment ago.
    let operations = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut server = Server::start_on(Path::new(&data), "info", operations.port());
    for garbage in
        ["\u{16}\u{3}\u{1} hello\r\n\r\n", "GET  / HTTP/9\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
    {
        let mut stream = std::net::TcpStream::connect(server.address).unwrap();
        stream.write_all(garbage.as_bytes()).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while !http::get(operations, "/metrics").body.contains("\nplenum_http_unreadable_total 3\n") {
        assert!(Instant::now() < deadline, "{}", http::get(operations, "/metrics").body);
        std::thread::yield_now();
    }
    server.signal(Signal::TERM);
    let (_, text) = server.end();
    assert!(!text.contains("ERROR") && !text.contains("actix_http"), "{text}");
}

#[test]
fn a_wrong_configuration_does_not_start_a_server() {
    let (_folder, data) = data();
    let output = run(&["serve", "--data", &data, "--listen", "somewhere"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("http.listen"));
    assert!(!Path::new(&data).exists());
}

#[test]
fn accounts_are_made_listed_and_signed_in_from_the_command_line() {
    let (_folder, data) = data();
    let add = ["--data", &data, "user", "add", "--create", "--username", "ann", "--email", "ann@example.org"];
    let id = out(&with_input(&add, "correct horse battery 9\n")).trim().to_owned();
    let listed = out(&run(&["--data", &data, "user", "list"]));
    assert!(listed.starts_with(&format!("{id}\tann\tann@example.org\t-\t")), "{listed}");
    let twice = with_input(&add, "correct horse battery 9\n");
    assert!(!twice.status.success() && err(&twice).starts_with("plenum: "));
    let weak = with_input(&["--data", &data, "user", "set-password", "ann"], "short\n");
    assert!(!weak.status.success() && err(&weak).contains("password"));
    out(&with_input(&["--data", &data, "user", "set-password", "ann"], "another long pass phrase 7\n"));
    let token = out(&run(&["--data", &data, "token", "--user", "ann"]));
    let parts: Vec<&str> = token.trim().split('\t').collect();
    assert_eq!((parts.len(), parts[0]), (3, id.as_str()));
    out(&run(&["--data", &data, "keys", "rotate"]));
    let role = out(&run(&["--data", &data, "user", "set-role", "ann", "admin"]));
    assert!(role.starts_with(&format!("{id}\tann\tann@example.org\t-\tadmin\t")), "{role}");
    assert!(!run(&["--data", &data, "user", "set-role", "ann", "emperor"]).status.success());
}

#[test]
fn keys_of_programs_are_made_listed_rotated_and_revoked_from_the_command_line() {
    let (_folder, data) = data();
    out(&run(&["--data", &data, "user", "add", "--create", "--username", "ann", "--no-password"]));
    let add = ["--data", &data, "key", "add", "--name", "checker", "--scope", "status:read", "--scope", "status:write"];
    let key = out(&run(&add)).trim().to_owned();
    let listed = out(&run(&["--data", &data, "key", "list"]));
    let id = listed.split('\t').next().unwrap();
    assert!(listed.contains("status:read status:write") && !listed.contains(&key[40..]), "{listed}");
    assert_ne!(out(&run(&["--data", &data, "key", "rotate", id])).trim(), key);
    out(&run(&["--data", &data, "key", "revoke", id]));
    assert_eq!(out(&run(&["--data", &data, "key", "list"])), "");
    assert!(!run(&["--data", &data, "key", "revoke", id]).status.success());
}

#[test]
fn tokens_of_new_accounts_come_as_json_lines() {
    let (_folder, data) = data();
    let lines = out(&run(&["--data", &data, "token", "--new", "--create", "--count", "25", "--json"]));
    let people: std::collections::HashSet<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| {
            (line["token"].as_str().unwrap().len() > 50).then(|| line["userId"].as_str().unwrap().to_owned()).unwrap()
        })
        .collect();
    assert_eq!(people.len(), 25);
}

#[test]
fn a_data_directory_in_use_and_a_port_in_use_are_said_in_one_sentence() {
    let (_folder, data) = data();
    let server = Server::start(Path::new(&data));
    let output = run(&["--data", &data, "user", "list"]);
    assert!(err(&output).contains("is in use by"), "{}", err(&output));
    let (_other, elsewhere) = self::data();
    let output = run(&["serve", "--data", &elsewhere, "--listen", &server.address.to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let text = err(&output);
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("plenum: cannot listen on") && last.contains("(http.listen)"), "{text}");
    assert!(!Path::new(&elsewhere).exists());
}

#[test]
fn sigterm_drains_and_ends_with_success() {
    let (_folder, data) = data();
    let mut server = Server::start(Path::new(&data));
    server.signal(Signal::TERM);
    let (code, text) = server.end();
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn log_lines_for_machines_are_json_objects() {
    let (_folder, data) = data();
    let listen = ["--listen", "127.0.0.1:0", "--set", "operations.listen=127.0.0.1:0", "--set", "log.format=json"];
    let mut command = plenum(&["serve", "--data", &data]);
    let mut child = command.args(listen).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["message"] == "ready" && line["public"].is_string()), "{text}");
    assert!(lines.iter().any(|line| line["signal"] == "SIGINT"), "{text}");
}

#[test]
fn a_second_signal_ends_at_once() {
    let (_folder, data) = data();
    let mut server = Server::start(Path::new(&data));
    // A client that never reads holds the drain up: it does not answer the close.
    let mut silent = std::net::TcpStream::connect(server.address).unwrap();
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13";
    let protocol = "Sec-WebSocket-Protocol: plenum.v1.json";
    write!(silent, "GET /ws HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n{key}\r\n{protocol}\r\n\r\n").unwrap();
    let mut first = [0; 512];
    assert!(silent.read(&mut first).unwrap() > 0);
    server.signal(Signal::TERM);
    let deadline = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(server.address).is_ok_and(|mut probe| {
        let _reset = probe.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        probe.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        probe.read(&mut first).is_ok_and(|count| count > 0)
    }) {
        assert!(Instant::now() < deadline, "it goes on accepting");
    }
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(1));
}

#[test]
fn messages_are_published_tailed_and_exported_from_the_command_line() {
    let (folder, data) = data();
    let minted = out(&run(&["--data", &data, "token", "--new", "--create", "--count", "2", "--json"]));
    let people: Vec<Value> = minted.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let token = people[0]["token"].as_str().unwrap().to_owned();
    let mut server = Server::start(Path::new(&data));
    let bearer = format!("Bearer {token}");
    let body = format!("{{\"userId\": {}}}", people[1]["userId"]);
    let made = http::ask(server.address, "POST", "/api/v1/conversations", &[("Authorization", &bearer)], &body);
    assert_eq!(made.status, 201, "{}", made.body);
    let made: Value = serde_json::from_str(&made.body).unwrap();
    let topic = format!("conversation:{}", made["id"].as_str().unwrap());

    let url = server.url();
    let publish = |text: &str, client_ref: &str| {
        let arguments = ["publish", &topic, text, "--url", &url, "--client-ref", client_ref];
        let output = plenum(&arguments).env("PLENUM_TOKEN", &token).output().unwrap();
        serde_json::from_str::<Value>(&out(&output)).unwrap()["sent"].clone()
    };
    let first = publish("one", "a");
    let again = publish("one", "a");
    assert_eq!((&first["offset"], &again["duplicate"]), (&again["offset"], &Value::Bool(true)));

    let mut tail = plenum(&["tail", &topic, "--since", "0", "--url", &url]);
    let mut tail = tail.env("PLENUM_TOKEN", &token).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut offsets = Vec::new();
    while offsets.last() != first["offset"].as_u64().as_ref() {
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        offsets.push(line["event"]["offset"].as_u64().unwrap());
    }
    let second = publish("two", "b");
    let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(line["event"]["offset"], second["offset"]);
    assert_eq!(offsets, (1..=first["offset"].as_u64().unwrap()).collect::<Vec<_>>());
    tail.kill().unwrap();
    tail.wait().unwrap();

    let online = out(&run(&["export", &topic, "--url", &url, "--token", &token]));
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
    let file = folder.path().join("export.jsonl");
    out(&run(&["--data", &data, "export", &topic, "-o", file.to_str().unwrap()]));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), online);
    assert_eq!(online.lines().count() as u64, second["offset"].as_u64().unwrap());
    let existing = run(&["--data", &data, "export", &topic, "-o", file.to_str().unwrap()]);
    assert!(!existing.status.success());
    let nowhere = folder.path().join("nothing.jsonl");
    let mistyped = topic.replace(|digit: char| digit.is_ascii_digit(), "7");
    let unknown = run(&["--data", &data, "export", &mistyped, "-o", nowhere.to_str().unwrap()]);
    assert!(!unknown.status.success());
    let left = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<std::collections::BTreeSet<_>>(), ["data".into(), "export.jsonl".into()].into());
}
