//! Seats: taken and given back, each change one compare-and-set of the event's row.

use super::write::EventStatus;
use super::{Events, absent};
use crate::rows::contended;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use plenum_schema::entities::EventSeats;
use plenum_schema::table::FieldValue;
use plenum_schema::wire::Notification;
use plenum_schema::{EventId, Refusal, RefusalCode, UserId};
use std::sync::Arc;
use tokio::sync::Mutex;
use uuid::Uuid;

/// How often a race that other nodes have won is run again.
const ATTEMPTS: usize = 32;
/// Events whose lines are kept when nobody stands in them.
const LINES: usize = 10_000;

/// Where somebody stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// With a seat.
    Seated,
    /// In line: 1 is the next.
    Waiting(usize),
}

/// Who has a seat and who waits, each in the order of coming.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Seats {
    /// Most people with a seat.
    pub most: usize,
    /// Who has one.
    pub seated: Vec<UserId>,
    /// Who waits.
    pub waiting: Vec<UserId>,
}

fn read(mut bytes: &[u8]) -> Vec<UserId> {
    let mut all = Vec::with_capacity(bytes.len() / 16);
    while bytes.len() >= 16 {
        all.push(UserId(Uuid::from_u128(bytes.get_u128())));
    }
    all
}

fn write(users: &[UserId]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(users.len() * 16);
    users.iter().for_each(|user| bytes.put_u128(user.0.as_u128()));
    bytes.freeze()
}

impl Seats {
    fn of(row: &EventSeats) -> Self {
        let most = usize::try_from(row.most).unwrap_or(0);
        Self { most, seated: read(&row.seated), waiting: read(&row.waiting) }
    }

    /// Where somebody stands.
    #[must_use]
    pub fn place(&self, user: UserId) -> Option<Place> {
        if self.seated.contains(&user) {
            return Some(Place::Seated);
        }
        self.waiting.iter().position(|one| *one == user).map(|place| Place::Waiting(place + 1))
    }

    /// Gives free seats to those who wait, in their order; answers who got one.
    fn move_up(&mut self) -> Vec<UserId> {
        let free = self.most.saturating_sub(self.seated.len()).min(self.waiting.len());
        let lucky: Vec<UserId> = self.waiting.drain(..free).collect();
        self.seated.extend(&lucky);
        lucky
    }

    fn join(&mut self, user: UserId, most_waiting: usize) -> Result<(), Refusal> {
        if self.place(user).is_some() {
            return Ok(());
        }
        if self.seated.len() >= self.most && self.waiting.len() >= most_waiting {
            return Err(Refusal::new(RefusalCode::Conflict, "all seats are taken and the waiting list is full"));
        }
        self.waiting.push(user);
        self.move_up();
        Ok(())
    }

    fn leave(&mut self, user: UserId) -> Vec<UserId> {
        self.seated.retain(|one| *one != user);
        self.waiting.retain(|one| *one != user);
        self.move_up()
    }
}

impl Events {
    fn line(&self, event: EventId) -> Arc<Mutex<()>> {
        if self.lines.len() > LINES {
            self.lines.retain(|_, line| Arc::strong_count(line) > 1);
        }
        self.lines.entry(event).or_default().clone()
    }

    /// Changes an event's seats by compare-and-set; `change` sees the newest state each time. What it answers is told.
    async fn edit_seats(
        &self,
        event: EventId,
        mut change: impl FnMut(&mut Seats) -> Result<Vec<UserId>, Refusal>,
    ) -> Result<(Seats, Vec<UserId>), Refusal> {
        let line = self.line(event);
        let _turn = line.lock().await;
        for _ in 0..ATTEMPTS {
            let row = self.rows.get::<EventSeats>(vec![event.to_value()]).await?.ok_or_else(absent)?;
            let mut seats = Seats::of(&row);
            let before = seats.clone();
            let lucky = change(&mut seats)?;
            if seats == before {
                return Ok((seats, lucky));
            }
            let new = EventSeats {
                event_id: event,
                most: i64::try_from(seats.most).unwrap_or(i64::MAX),
                seated: write(&seats.seated),
                waiting: write(&seats.waiting),
                version: row.version + 1,
            };
            if self.rows.swap(&new, row.version).await?.is_ok() {
                return Ok((seats, lucky));
            }
        }
        Err(contended())
    }

    /// Those who got a seat hear of it, when one of their devices is connected.
    fn congratulate(&self, event: EventId, title: &str, lucky: &[UserId]) {
        for user in lucky {
            let notification = Notification {
                kind: "event.seat".to_owned(),
                title: "You have a seat now".to_owned(),
                body: Some(title.to_owned()),
                data: [("event".to_owned(), event.to_string())].into(),
            };
            if let Err(refusal) = self.notices.notify(*user, notification) {
                tracing::warn!(%refusal, "somebody was not told of a seat");
            }
        }
    }

    /// Takes a seat, or a place in the waiting list. The same again changes nothing.
    ///
    /// # Errors
    /// `notFound`, `conflict` when the event is over or called off, or the waiting list is full, `unavailable`.
    pub async fn join(&self, event: EventId, user: UserId) -> Result<Place, Refusal> {
        let row = self.event_row(event).await?;
        if matches!(self.status(&row), EventStatus::Cancelled | EventStatus::Completed) {
            return Err(Refusal::new(RefusalCode::Conflict, "this event is over or was called off"));
        }
        let most_waiting = self.config.waiting;
        let joined = self.edit_seats(event, |seats| seats.join(user, most_waiting).map(|()| Vec::new())).await?;
        joined.0.place(user).ok_or_else(contended)
    }

    /// Gives a seat or a place in line back; the first in line gets the seat in the same step. The same again changes nothing.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn leave(&self, event: EventId, user: UserId) -> Result<(), Refusal> {
        let row = self.event_row(event).await?;
        let (_, lucky) = self.edit_seats(event, |seats| Ok(seats.leave(user))).await?;
        self.congratulate(event, &row.title, &lucky);
        Ok(())
    }

    /// More or fewer seats. Nobody who has one loses it: with fewer, nobody moves up until there is room.
    pub(super) async fn set_most(&self, event: EventId, title: &str, most: usize) -> Result<(), Refusal> {
        let changed = self.edit_seats(event, |seats| {
            seats.most = most;
            Ok(seats.move_up())
        });
        let (_, lucky) = changed.await?;
        self.congratulate(event, title, &lucky);
        Ok(())
    }

    /// Who has a seat and who waits.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn seats(&self, event: EventId) -> Result<Seats, Refusal> {
        let row = self.rows.get::<EventSeats>(vec![event.to_value()]).await?.ok_or_else(absent)?;
        Ok(Seats::of(&row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: u128) -> UserId {
        UserId(Uuid::from_u128(number))
    }

    #[test]
    fn the_line_moves_up_in_the_order_of_coming() {
        let mut seats = Seats { most: 2, ..Seats::default() };
        for number in 1..=5 {
            seats.join(user(number), 3).unwrap();
        }
        assert_eq!(seats.seated, [user(1), user(2)]);
        assert_eq!(seats.place(user(5)), Some(Place::Waiting(3)));
        assert!(seats.join(user(6), 3).is_err(), "the list is full");
        seats.join(user(5), 3).unwrap();
        assert_eq!(seats.leave(user(1)), [user(3)]);
        assert_eq!(seats.leave(user(4)), []);
        seats.most = 4;
        assert_eq!(seats.move_up(), [user(5)]);
        assert_eq!((seats.seated.len(), seats.waiting.len()), (3, 0));
        seats.most = 1;
        assert_eq!(seats.leave(user(9)), []);
        assert_eq!(seats.seated.len(), 3, "nobody loses a seat");
    }

    #[test]
    fn lists_are_read_back_as_they_were_written() {
        let all = [user(1), user(u128::MAX)];
        assert_eq!(read(&write(&all)), all);
    }
}
