//! POSTs whose bodies do not come as they should.

use super::peer::{Answer, PATIENCE, Running, patient_config};
use plenum_socketio::engine::{CloseReason, Packet};
use plenum_socketio::server::{Connection, Handler, HostConfig, Protocol};
use std::io::Write;
use std::net::Shutdown;
use std::rc::{Rc, Weak};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

const PATH: &str = "/engine.io/?EIO=4&transport=polling";

/// Sends messages back, and tells why a session has ended.
struct Telling(SyncSender<CloseReason>);

impl Protocol for Telling {
    fn open(&self, connection: &Rc<Connection>) -> Rc<dyn Handler> {
        Rc::new(Told { connection: Rc::downgrade(connection), ended: self.0.clone() })
    }
}

struct Told {
    connection: Weak<Connection>,
    ended: SyncSender<CloseReason>,
}

impl Handler for Told {
    fn text(&self, text: &str) {
        self.connection.upgrade().unwrap().send(Packet::Text(text.into()).frame());
    }

    fn binary(&self, _bytes: &[u8]) {}

    fn closed(&self, reason: CloseReason) {
        self.ended.send(reason).unwrap();
    }
}

fn start(config: HostConfig) -> (Running, Receiver<CloseReason>) {
    let (ended, ends) = sync_channel(8);
    let host = Running::start(config, move |mount| {
        mount.serve("/engine.io/", Rc::new(Telling(ended.clone())));
    });
    (host, ends)
}

fn session(host: &Running) -> String {
    format!("{PATH}&sid={}", host.poll_session("/engine.io/"))
}

#[test]
fn a_post_that_breaks_off_ends_the_session() {
    let (host, ends) = start(patient_config());
    for begun in ["", "4hel"] {
        let path = session(&host);
        let waiting = host.send("GET", &path, &[], "");
        drop(host.begin_post(&path, 10, begun));
        assert_eq!(ends.recv_timeout(PATIENCE), Ok(CloseReason::TransportError), "{begun:?}");
        assert_eq!(Answer::read(waiting).body, "6", "the poll that waits is let go");
        assert_eq!(host.get(&path).status, 400);
    }
}

#[test]
fn a_post_of_which_no_more_comes_is_answered_and_ends_the_session() {
    let (host, ends) = start(patient_config());
    let path = session(&host);
    let post = host.begin_post(&path, 10, "4hel");
    // The client sends nothing more, but listens.
    post.shutdown(Shutdown::Write).unwrap();
    assert_eq!(ends.recv_timeout(PATIENCE), Ok(CloseReason::TransportError));
    assert_eq!(host.get(&path).status, 400);
}

#[test]
fn the_body_of_a_post_has_its_time() {
    let mut config = patient_config();
    config.engine.post_timeout_ms = 50;
    let (host, ends) = start(config);
    let path = session(&host);
    let post = host.begin_post(&path, 10, "4hel");
    assert_eq!(ends.recv_timeout(PATIENCE), Ok(CloseReason::TransportError));
    let answer = Answer::read(post);
    assert_eq!((answer.status, answer.body.as_str()), (400, r#"{"code":3,"message":"Bad request"}"#));
    assert_eq!(host.get(&path).status, 400);
}

#[test]
fn a_body_that_comes_in_parts_is_taken_and_the_session_lives_on() {
    let (host, ends) = start(patient_config());
    let path = session(&host);
    let mut post = host.begin_post(&path, 10, "4hel");
    // Requests of another session are answered behind it on the one thread of the host.
    session(&host);
    post.write_all(b"lo you").unwrap();
    assert_eq!(host.get(&path).body, "4hello you");
    assert_eq!(host.post(&path, "4again").body, "ok");
    assert_eq!(host.get(&path).body, "4again");
    assert!(ends.try_recv().is_err(), "nothing has ended");
}
