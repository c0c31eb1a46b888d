//! The port through which webhooks leave the house. Its real client is in `plenum-providers`.

use std::future::Future;
use std::pin::Pin;

/// A pending delivery.
pub type HookFuture = Pin<Box<dyn Future<Output = Result<(), HookError>> + Send>>;

/// One delivery, ready to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HookCall {
    /// Where to.
    pub url: String,
    /// `webhook-id`: the same for every try of one event.
    pub id: String,
    /// `webhook-timestamp`: seconds since 1970, of this try.
    pub at_s: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// JSON.
    pub body: String,
}

/// Why a delivery failed, in words that its host may read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HookError {
    /// The address is none that is called, or leads to such.
    #[error("{0}")]
    Address(String),
    /// Another answer than 2xx.
    #[error("the answer was {0}")]
    Status(u16),
    /// No answer.
    #[error("{0}")]
    Failed(String),
}

/// Delivers. Implementations bound their time, what they read, and how many calls are under way; they follow no redirects.
pub trait HookCarrier: Send + Sync + 'static {
    /// Why this address is never called, as far as that can be told without asking anybody.
    ///
    /// # Errors
    /// The reason.
    fn check(&self, url: &str) -> Result<(), String>;

    /// Sends it; every 2xx means that it was taken.
    fn deliver(&self, call: HookCall) -> HookFuture;
}

/// Calls nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl HookCarrier for NoHooks {
    fn check(&self, _url: &str) -> Result<(), String> {
        Err("this server calls no addresses".to_owned())
    }

    fn deliver(&self, _call: HookCall) -> HookFuture {
        Box::pin(async { Err(HookError::Failed("this server calls no addresses".to_owned())) })
    }
}
