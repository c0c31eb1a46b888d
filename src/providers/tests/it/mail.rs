//! Mail: a scripted server for what goes wrong, and a real one (aiosmtpd, where it is installed) for what goes well.

use plenum_providers::{MailConfig, MailProvider, MailTls, Messengers, SmsConfig};
use plenum_services::messenger::{Message, Messenger, Recipient, SendError, Sent, Text};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

fn code() -> Message {
    let text = Text::Code { code: "123456".into(), minutes: 5 };
    Message { to: Recipient::Email("ann@example.org".to_owned()), text }
}

fn config(port: u16) -> MailConfig {
    MailConfig {
        provider: MailProvider::Smtp,
        host: "127.0.0.1".to_owned(),
        port,
        tls: MailTls::None,
        from: "House <house@example.org>".to_owned(),
        timeout_ms: 2_000,
        ..MailConfig::default()
    }
}

fn open(config: &MailConfig) -> Messengers {
    Messengers::open(config, &SmsConfig::default(), false).unwrap()
}

/// A mail server of few words: says `greeting`, then answers every command whose word is in `answers` with that, others with 250. What
/// it is told comes out of the receiver.
fn scripted(greeting: &'static str, answers: &'static [(&'static str, &'static str)]) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, told) = sync_channel(256);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let reader = BufReader::new(stream.try_clone().unwrap());
            stream.write_all(greeting.as_bytes()).ok();
            let mut in_letter = false;
            for line in reader.lines() {
                let Ok(line) = line else { break };
                if sender.send(line.clone()).is_err() {
                    return;
                }
                in_letter = in_letter && line != ".";
                if in_letter {
                    continue;
                }
                let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
                let answer =
                    answers.iter().find(|(name, _)| *name == word).map_or("250 fine\r\n", |(_, answer)| answer);
                in_letter = word == "DATA" && answer.starts_with("354");
                stream.write_all(answer.as_bytes()).ok();
            }
        }
    });
    (port, told)
}

#[tokio::test]
async fn a_server_without_tls_gets_nothing_where_tls_is_wanted() {
    let (port, told) = scripted("220 here\r\n", &[]);
    let outcome = open(&MailConfig { tls: MailTls::Starttls, ..config(port) }).send(code()).await;
    assert!(matches!(outcome, Err(SendError::Provider(_))), "{outcome:?}");
    assert!(told.try_iter().all(|line| !line.contains("MAIL FROM") && !line.contains("AUTH")));
}

#[tokio::test]
async fn an_unknown_recipient_is_told_from_a_server_that_refuses_us() {
    let (port, _told) = scripted("220 here\r\n", &[("RCPT", "550 5.1.1 no such mailbox\r\n")]);
    assert!(matches!(open(&config(port)).send(code()).await, Err(SendError::Recipient(_))));
    for (greeting, answers) in [
        ("554 go away\r\n", &[] as &'static [(&'static str, &'static str)]),
        ("220 here\r\n", &[("RCPT", "451 later\r\n")]),
        ("220 here\r\n", &[("MAIL", "530 sign in first\r\n")]),
        ("220 here\r\n", &[("DATA", "452 full\r\n")]),
        ("what is this\r\n", &[]),
    ] {
        let (port, _told) = scripted(greeting, answers);
        let outcome = open(&config(port)).send(code()).await;
        assert!(matches!(outcome, Err(SendError::Provider(_))), "{greeting} {answers:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_or_is_not_there_is_a_failure_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let outcome = open(&MailConfig { timeout_ms: 300, ..config(port) }).send(code()).await;
    assert!(matches!(outcome, Err(SendError::Provider(_))), "{outcome:?}");
    drop(silent);
    assert!(matches!(open(&config(port)).send(code()).await, Err(SendError::Provider(_))));
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The program `aiosmtpd` of the Python package of that name, where `PLENUM_TEST_SMTP` says it is.
fn program(port: u16, mails: &Path) -> Server {
    let program = std::env::var_os("PLENUM_TEST_SMTP").expect("PLENUM_TEST_SMTP is not set: run `scripts/test mail`");
    let listen = format!("127.0.0.1:{port}");
    let mut command = Command::new(program);
    command.args(["-n", "-l", &listen, "-c", "aiosmtpd.handlers.Mailbox"]).arg(mails);
    Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

/// A real mail server.
fn real(mails: &Path) -> (Server, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = program(port, mails);
    let deadline = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "the mail server did not start");
        std::thread::yield_now();
    }
    (server, port)
}

#[tokio::test]
#[ignore = "needs a mail server: scripts/test mail"]
async fn a_real_mail_server_gets_letters_over_connections_that_are_used_again() {
    let directory = tempfile::tempdir().unwrap();
    let mails = directory.path().join("mails");
    let (server, port) = real(&mails);
    let mail = open(&config(port));
    for _ in 0..3 {
        assert_eq!(mail.send(code()).await, Ok(Sent::AsIs));
    }
    let new = mails.join("new");
    let texts: Vec<String> =
        std::fs::read_dir(new).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(texts.len(), 3);
    for text in &texts {
        assert!(text.contains("To: ann@example.org") && text.contains("From: House <house@example.org>"), "{text}");
        assert!(text.contains("Your code is 123456"), "{text}");
    }
    drop(server);
    let outcome = mail.send(code()).await;
    assert!(matches!(outcome, Err(SendError::Provider(_))), "an outage: {outcome:?}");
    let _server = program(port, &mails);
    let deadline = Instant::now() + Duration::from_secs(20);
    while mail.send(code()).await.is_err() {
        assert!(Instant::now() < deadline, "no mail after the outage");
    }
}
