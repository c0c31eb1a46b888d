//! An event as a calendar file (iCalendar, RFC 5545).

use super::{EventStatus, EventView, Events};
use plenum_schema::{EventId, Refusal};
use time::OffsetDateTime;
use time::macros::format_description;

/// Longest line before it is folded, bytes (RFC 5545 §3.1).
const LINE: usize = 75;

impl Events {
    /// The calendar file of an event. `host`: the name under which the server was reached, for the event's lasting name.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn calendar(&self, id: EventId, host: &str) -> Result<String, Refusal> {
        let row = self.event_row(id).await?;
        let status = self.status(&row);
        Ok(file(&EventView { row, status }, host))
    }
}

/// A moment in UTC (§3.3.5).
fn moment(milliseconds: i64) -> String {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let moment = OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1_000)).ok();
    moment.and_then(|moment| moment.format(&format).ok()).unwrap_or_else(|| "19700101T000000Z".to_owned())
}

/// A text (§3.3.11).
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A line, folded between characters.
fn push(out: &mut String, line: &str) {
    let mut room = LINE;
    for c in line.chars() {
        if c.len_utf8() > room {
            out.push_str("\r\n ");
            room = LINE - 1;
        }
        out.push(c);
        room -= c.len_utf8();
    }
    out.push_str("\r\n");
}

fn file(event: &EventView, host: &str) -> String {
    let row = &event.row;
    let mut lines = vec![
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Plenum//Events//EN".to_owned(),
        "METHOD:PUBLISH".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@{}", row.event_id, text(host)),
        format!("DTSTAMP:{}", moment(row.updated_at)),
        format!("LAST-MODIFIED:{}", moment(row.updated_at)),
        format!("SEQUENCE:{}", row.version - 1),
        format!("DTSTART:{}", moment(row.starts_at)),
        format!("DTEND:{}", moment(row.ends_at)),
        format!("SUMMARY:{}", text(&row.title)),
    ];
    lines.extend(row.description.as_ref().map(|about| format!("DESCRIPTION:{}", text(about))));
    lines.extend(row.location.as_ref().map(|place| format!("LOCATION:{}", text(place))));
    let status = if event.status == EventStatus::Cancelled { "CANCELLED" } else { "CONFIRMED" };
    lines.push(format!("STATUS:{status}"));
    lines.extend(["END:VEVENT".to_owned(), "END:VCALENDAR".to_owned()]);
    let mut out = String::new();
    lines.iter().for_each(|line| push(&mut out, line));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::UserId;
    use plenum_schema::entities::EventRow;
    use uuid::Uuid;

    #[test]
    fn a_calendar_file_is_folded_escaped_and_in_utc() {
        let row = EventRow {
            event_id: EventId(Uuid::from_u128(7)),
            organizer: UserId(Uuid::nil()),
            title: "Tea, cake; and \u{e9}".to_owned(),
            description: Some(format!("one\ntwo {}", "\u{e9}".repeat(60))),
            starts_at: 1_700_000_000_000,
            ends_at: 1_700_003_600_000,
            location: None,
            image: None,
            is_cancelled: true,
            created_at: 0,
            updated_at: 0,
            version: 3,
        };
        let file = file(&EventView { row, status: EventStatus::Cancelled }, "example.org");
        assert!(file.starts_with("BEGIN:VCALENDAR\r\n") && file.ends_with("END:VCALENDAR\r\n"));
        assert!(file.contains("SUMMARY:Tea\\, cake\\; and \u{e9}\r\n"), "{file}");
        assert!(file.contains("DTSTART:20231114T221320Z\r\nDTEND:20231114T231320Z\r\n"), "{file}");
        assert!(
            file.contains("DESCRIPTION:one\\ntwo") && file.contains("STATUS:CANCELLED") && file.contains("SEQUENCE:2")
        );
        assert!(file.split("\r\n").all(|line| line.len() <= LINE), "{file}");
        let unfolded = file.replace("\r\n ", "");
        assert!(unfolded.contains(&"\u{e9}".repeat(60)));
    }
}
