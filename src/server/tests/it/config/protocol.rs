//! The figures in the tables of `docs/protocol.md` are the defaults.

use plenum_schema::codec::MAX_DEPTH;
use plenum_server::config::Config;
use std::path::Path;

fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").map(str::trim).collect()).collect()
}

/// A number as the document writes it.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut written = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

#[test]
fn the_limits_in_the_protocols_document_are_the_defaults() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.md")).unwrap();
    let section = text.split("\n## Limits\n").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let config = Config::default();
    let (limits, hub) = (&config.limits, &config.hub);
    let expected = [
        ("`messageBytes`", u64::from(limits.message_bytes)),
        ("fragments of one message", config.websocket.fragments as u64),
        ("`textBytes`", config.conversations.text_bytes as u64),
        ("`topics` of a connection", u64::from(limits.topics_per_connection)),
        ("`commandsInFlight`", u64::from(limits.commands_in_flight)),
        ("`commandsPerSecond`", u64::from(limits.commands_per_second)),
        (
            "commands a second of all connections of a person together",
            u64::from(limits.commands_per_second * limits.user_commands_factor),
        ),
        ("`pageEvents`", hub.page_events as u64),
        ("`identifyWithinMs`", hub.identify_within_ms),
        ("bytes of answers that wait", limits.answer_bytes as u64),
        ("WebSocket pings and pongs a second", u64::from(limits.control_frames_per_second)),
        ("connections of a node that have not identified", limits.unidentified as u64),
        (
            "of these, connections from one address",
            (limits.unidentified * limits.unidentified_per_address_percent / 100) as u64,
        ),
        ("unreadable frames of a connection", u64::from(limits.unreadable_frames)),
        ("connections of an account on a node", limits.connections_per_user as u64),
        ("nesting of arrays and maps", MAX_DEPTH as u64),
    ];
    let rows: Vec<_> = rows(section).into_iter().filter(|row| row[0] != "limit").collect();
    assert_eq!(rows.len(), expected.len() + 1, "every limit of the table is compared");
    let rate = config.websocket.handshake_rate;
    let handshakes = format!("handshakes of an address {} a second in the long run", rate.per_second);
    let row = rows
        .iter()
        .find(|row| row[0].replace(',', "") == handshakes)
        .unwrap_or_else(|| panic!("{handshakes} is missing"));
    assert_eq!(row[1].replace(',', ""), format!("{} at once", rate.burst));
    for (name, value) in expected {
        let row = rows.iter().find(|row| row[0].starts_with(name)).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(row[1], grouped(value), "{name}");
    }
    let flood = format!("{} more of these than accepted commands", grouped(limits.flood_refusals.into()));
    assert!(rows.iter().any(|row| row[2].contains(&flood)), "{flood}");
    let close =
        format!("{} more commands were refused as `rateLimited` than accepted", grouped(limits.flood_refusals.into()));
    assert!(text.contains(&close), "{close}");
}

#[test]
fn the_outboxes_in_the_protocols_document_are_the_defaults() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.md")).unwrap();
    let section = text.split("\n## Slow consumers\n").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let Config { hub, limits, .. } = Config::default();
    let answers = format!("{} KiB of answers", limits.answer_bytes >> 10);
    let (soft, hard) = (format!("{} KiB", hub.outbox_soft_bytes >> 10), format!("{} MiB", hub.outbox_bytes >> 20));
    let waiting: Vec<_> = rows(section).into_iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(waiting, ["waiting".to_owned(), "nothing".to_owned(), soft, answers, hard]);
}
