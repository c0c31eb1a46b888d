//! What is forgotten of somebody whose account is deleted.

use super::Events;
use super::write::EventStatus;
use plenum_schema::{Refusal, RefusalCode, UserId};

impl Events {
    /// Gives back the seats and places in line that somebody has at events that are not over; the lines move up. Events that are over
    /// and those they organise stay as they are. Can be repeated.
    ///
    /// # Errors
    /// `unavailable`, `busy`: what is left is done by the next call.
    pub(crate) async fn forget(&self, user: UserId) -> Result<(), Refusal> {
        // Another node may have put one there.
        let all = self.board.read_now().await?;
        let is_ahead = |status| matches!(status, EventStatus::Upcoming | EventStatus::Ongoing);
        for row in all.iter().map(|item| &item.row).filter(|row| is_ahead(self.status(row))) {
            let left = match self.seats(row.event_id).await {
                Ok(seats) if seats.place(user).is_some() => self.leave(row.event_id, user).await,
                Ok(_) => Ok(()),
                Err(refusal) => Err(refusal),
            };
            match left {
                Err(refusal) if refusal.code != RefusalCode::NotFound => return Err(refusal),
                // Removed in this moment, with its seats.
                _ => {}
            }
        }
        Ok(())
    }
}
