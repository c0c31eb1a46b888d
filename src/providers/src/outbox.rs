//! Messages that are kept instead of sent, for development.

use crate::sms::words;
use parking_lot::Mutex;
use plenum_services::messenger::Message;
use std::collections::VecDeque;
use std::sync::Arc;

/// Messages kept; older ones are forgotten.
const KEPT: usize = 100;

/// A message that was not sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// To whom.
    pub to: String,
    /// What.
    pub text: String,
}

/// The newest messages that were not sent. Cheap to clone; all clones are one outbox.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Arc<Mutex<VecDeque<Kept>>>);

impl Outbox {
    pub(crate) fn keep(&self, message: &Message) {
        let kept = Kept { to: message.to.text().to_owned(), text: words(&message.text) };
        tracing::info!(target: "development", to = %kept.to, text = %kept.text, "not sent: see /dev/outbox");
        let mut all = self.0.lock();
        if all.len() == KEPT {
            all.pop_back();
        }
        all.push_front(kept);
    }

    /// All of them, the newest first.
    #[must_use]
    pub fn all(&self) -> Vec<Kept> {
        self.0.lock().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_services::messenger::{Recipient, Text};

    #[test]
    fn the_newest_messages_are_kept_and_no_more_than_there_is_room_for() {
        let outbox = Outbox::default();
        for number in 0..KEPT + 5 {
            let text = Text::Code { code: format!("{number:06}").into(), minutes: 5 };
            outbox.keep(&Message { to: Recipient::Phone("+491".to_owned()), text });
        }
        let all = outbox.all();
        assert_eq!(all.len(), KEPT);
        assert!(all[0].text.contains("000104"), "{}", all[0].text);
    }
}
