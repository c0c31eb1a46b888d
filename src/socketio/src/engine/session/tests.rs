use super::*;
use crate::engine::EngineConfig;

fn polling() -> Session {
    Session::new(Transport::Polling)
}

#[test]
fn a_poll_waits_until_there_is_output() {
    let mut session = polling();
    assert_eq!(session.poll(false), PollAnswer::Wait);
    assert!(session.output());
    assert!(!session.output(), "a poll is answered once");
    assert_eq!(session.poll(true), PollAnswer::Output);
}

#[test]
fn a_second_poll_ends_the_session() {
    let mut session = polling();
    assert_eq!(session.poll(false), PollAnswer::Wait);
    assert_eq!(session.poll(false), PollAnswer::Overlap);
    assert!(session.take_poll(), "the first poll is to be answered with a close packet");
    assert_eq!(session.poll(false), PollAnswer::Refused(Refusal::SessionUnknown));
}

#[test]
fn a_second_post_ends_the_session_and_a_binary_one_too() {
    let mut session = polling();
    assert_eq!(session.post(false), Ok(()));
    assert_eq!(session.post(false), Err(PostRefused { refusal: None, closes: true }));
    assert!(session.is_closed());
    assert_eq!(polling().post(true), Err(PostRefused { refusal: None, closes: true }));
}

#[test]
fn a_post_that_breaks_off_ends_the_session_unless_it_has_been_read_or_the_session_has_moved_on() {
    let mut session = polling();
    assert!(!session.post_gone(), "there is none");
    assert_eq!(session.post(false), Ok(()));
    assert!(session.post_gone());
    assert!(session.is_closed());
    let mut session = polling();
    assert_eq!(session.post(false), Ok(()));
    session.post_ended();
    assert!(!session.post_gone());
    assert_eq!(session.post(false), Ok(()));
    assert_eq!(session.probe(true, 10), ProbeAnswer::Probe);
    assert_eq!(session.probe_packet(Some(&Packet::Upgrade)), ProbeStep::Upgraded { noop: false });
    assert!(!session.post_gone(), "the reference throws away what a discarded transport says");
    assert!(session.is_open());
}

#[test]
fn an_upgrade_takes_the_waiting_poll_with_it() {
    let mut session = polling();
    assert_eq!(session.poll(false), PollAnswer::Wait);
    assert_eq!(session.probe(true, 10), ProbeAnswer::Probe);
    assert_eq!(session.probe_packet(Some(&Packet::Ping(PROBE.into()))), ProbeStep::Pong { noop: true });
    assert_eq!(session.poll(false), PollAnswer::Noop, "no poll waits while the client probes");
    assert_eq!(session.poll(true), PollAnswer::Output, "polling is still in use");
    assert_eq!(session.probe_packet(Some(&Packet::Upgrade)), ProbeStep::Upgraded { noop: false });
    assert_eq!(session.transport(), Transport::WebSocket);
    assert_eq!(session.poll(false), PollAnswer::Refused(Refusal::BadRequest));
    assert_eq!(session.probe(true, 20), ProbeAnswer::Close, "an upgraded session does not upgrade again");
}

#[test]
fn a_probe_that_says_something_else_is_dropped_and_polling_goes_on() {
    for packet in [Some(Packet::Text("early".into())), Some(Packet::Ping("".into())), None] {
        let mut session = polling();
        assert_eq!(session.probe(true, 10), ProbeAnswer::Probe);
        assert_eq!(session.probe(true, 10), ProbeAnswer::Close, "one probe at a time");
        assert_eq!(session.probe_packet(packet.as_ref()), ProbeStep::Drop);
        assert_eq!(session.probe_deadline(), None);
        assert_eq!(session.poll(true), PollAnswer::Output);
    }
}

#[test]
fn a_client_that_skips_the_probe_upgrades_all_the_same() {
    let mut session = polling();
    assert_eq!(session.poll(false), PollAnswer::Wait);
    assert_eq!(session.probe(true, 10), ProbeAnswer::Probe);
    assert_eq!(session.probe_packet(Some(&Packet::Upgrade)), ProbeStep::Upgraded { noop: true });
}

#[test]
fn closing_a_polling_session_reaches_the_waiting_poll_or_the_next_one() {
    let mut session = polling();
    assert_eq!(session.poll(false), PollAnswer::Wait);
    assert_eq!(session.close(), CloseStep::Now);
    let mut session = polling();
    assert_eq!(session.close(), CloseStep::AtNextPoll);
    assert_eq!(session.close(), CloseStep::Already);
    assert_eq!(session.poll(false), PollAnswer::Last);
    assert!(session.is_closed());
}

#[test]
fn a_poll_whose_connection_breaks_ends_the_session() {
    let mut session = polling();
    assert!(!session.poll_gone());
    assert_eq!(session.poll(false), PollAnswer::Wait);
    assert!(session.poll_gone());
    assert!(session.is_closed());
}

#[test]
fn packets_mean_what_revision_4_says() {
    let mut session = polling();
    assert_eq!(session.packet(Packet::Text("a".into())), Step::Text("a".into()));
    assert_eq!(session.packet(Packet::Pong("".into())), Step::Pong);
    assert_eq!(session.packet(Packet::Noop), Step::Nothing);
    assert_eq!(session.packet(Packet::Close), Step::Close(CloseReason::TransportClose));
    assert_eq!(session.packet(Packet::Text("late".into())), Step::Nothing);
    assert_eq!(polling().packet(Packet::Ping("".into())), Step::Close(CloseReason::TransportError));
    assert_eq!(polling().malformed(), Step::Close(CloseReason::ParseError));
}

#[test]
fn the_open_packet_has_exactly_its_five_fields() {
    let config = EngineConfig::default();
    let mut out = Vec::new();
    open_packet("abc", Transport::Polling, &config).put(&mut out);
    let expected =
        r#"0{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    let Packet::Open(direct) = open_packet("abc", Transport::WebSocket, &config) else { panic!("an open packet") };
    assert!(direct.contains(r#""upgrades":[]"#));
}
