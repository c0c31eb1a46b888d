//! Notifications: something for a person, from any part of the server, told to their devices that are connected.

use plenum_actors::publication::{Class, Publication, Publisher};
use plenum_schema::wire::{Notification, Signal};
use plenum_schema::{Refusal, RefusalCode, Topic, UserId};
use std::sync::Arc;

const KIND_BYTES: usize = 64;
const TITLE_BYTES: usize = 256;
const BODY_BYTES: usize = 4_096;
const DATA_BYTES: usize = 4_096;
const DATA_ITEMS: usize = 16;

/// Tells people's devices. Nothing is stored: whoever is not connected does not hear of it.
#[derive(Clone)]
pub struct Notices {
    publisher: Arc<dyn Publisher>,
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notices").finish_non_exhaustive()
    }
}

impl Notices {
    /// Through these hubs.
    #[must_use]
    pub fn new(publisher: Arc<dyn Publisher>) -> Self {
        Self { publisher }
    }

    /// Tells somebody's devices.
    ///
    /// # Errors
    /// `invalid` or `tooLarge`, naming the member that breaks its limit.
    pub fn notify(&self, user: UserId, notification: Notification) -> Result<(), Refusal> {
        check(&notification)?;
        let signal = Signal::Notification(notification);
        // Dropped by a receiver that does not keep up: it is no message.
        self.publisher.publish(vec![Publication::signal(Topic::User(user), Class::Droppable, signal)]);
        Ok(())
    }
}

fn check(notification: &Notification) -> Result<(), Refusal> {
    let Notification { kind, title, body, data } = notification;
    let is_kind = kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    if kind.is_empty() || kind.len() > KIND_BYTES || !is_kind {
        let text = "a kind is 1 to 64 letters, digits and dots";
        return Err(Refusal::field(RefusalCode::Invalid, "kind", text));
    }
    if title.is_empty() || title.len() > TITLE_BYTES || title.chars().any(char::is_control) {
        return Err(Refusal::field(RefusalCode::Invalid, "title", "a title is one line of 1 to 256 bytes"));
    }
    if body.as_ref().is_some_and(|body| body.len() > BODY_BYTES) {
        return Err(Refusal::field(RefusalCode::TooLarge, "body", "a body has at most 4096 bytes"));
    }
    let bytes: usize = data.iter().map(|(name, value)| name.len() + value.len()).sum();
    if data.len() > DATA_ITEMS || bytes > DATA_BYTES {
        return Err(Refusal::field(RefusalCode::TooLarge, "data", "data has at most 16 texts and 4096 bytes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification() -> Notification {
        let data = [("order".to_owned(), "7".to_owned())].into();
        Notification { kind: "order.shipped".to_owned(), title: "It is on its way".to_owned(), body: None, data }
    }

    #[test]
    fn a_notification_within_its_limits_is_told() {
        assert_eq!(check(&notification()), Ok(()));
    }

    #[test]
    fn each_limit_is_refused_by_name() {
        let wrong = [
            ("kind", Notification { kind: "Order shipped!".to_owned(), ..notification() }),
            ("kind", Notification { kind: String::new(), ..notification() }),
            ("title", Notification { title: "two\nlines".to_owned(), ..notification() }),
            ("title", Notification { title: "x".repeat(257), ..notification() }),
            ("body", Notification { body: Some("x".repeat(4_097)), ..notification() }),
            (
                "data",
                Notification { data: (0..17).map(|n| (n.to_string(), String::new())).collect(), ..notification() },
            ),
            ("data", Notification { data: [("a".to_owned(), "x".repeat(4_096))].into(), ..notification() }),
        ];
        for (field, notification) in wrong {
            assert_eq!(check(&notification).unwrap_err().field.as_deref(), Some(field));
        }
    }
}
