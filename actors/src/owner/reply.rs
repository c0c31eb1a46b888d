//! The handle a command's answer goes through: used exactly once, never lost.

use plenum_schema::{Refusal, RefusalCode};
use std::fmt;
use tokio::sync::oneshot;

type Callback<T> = Box<dyn FnOnce(Result<T, Refusal>) + Send>;

/// Where the answer to one command goes. Dropped without an answer it answers `unavailable` by itself, so that nobody waits
/// for ever; the command may then have been carried out or not, and a retry with the same client ref is safe.
pub struct Reply<T> {
    callback: Option<Callback<T>>,
}

impl<T: 'static> Reply<T> {
    /// A reply that calls back, on the thread of whoever answers. The callback must be short and must not block.
    pub fn new(callback: impl FnOnce(Result<T, Refusal>) + Send + 'static) -> Self {
        Self { callback: Some(Box::new(callback)) }
    }

    /// A reply and the future of its answer.
    #[must_use]
    pub fn channel() -> (Self, oneshot::Receiver<Result<T, Refusal>>)
    where
        T: Send,
    {
        let (sender, receiver) = oneshot::channel();
        // Nobody waits any longer when sending fails: the answer has no reader.
        (Self::new(move |result| drop(sender.send(result))), receiver)
    }
}

impl<T> Reply<T> {
    /// Answers.
    pub fn answer(mut self, result: Result<T, Refusal>) {
        if let Some(callback) = self.callback.take() {
            callback(result);
        }
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        if let Some(callback) = self.callback.take() {
            callback(Err(lost()));
        }
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("open", &self.callback.is_some()).finish()
    }
}

fn lost() -> Refusal {
    Refusal::new(RefusalCode::Unavailable, "the command was interrupted: retry with the same clientRef")
        .retry_after(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_reply_answers_unavailable() {
        let (reply, mut answer) = Reply::<u8>::channel();
        drop(reply);
        let refusal = answer.try_recv().unwrap().unwrap_err();
        assert_eq!(refusal.code, RefusalCode::Unavailable);
        assert!(refusal.retry_after_ms.is_some());
    }

    #[test]
    fn an_answered_reply_answers_once() {
        let (reply, mut answer) = Reply::channel();
        reply.answer(Ok(7_u8));
        assert_eq!(answer.try_recv().unwrap(), Ok(7));
    }
}
