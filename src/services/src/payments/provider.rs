//! The port through which money comes and goes. Its real client is in `plenum-providers`.

use crate::accounts::Secret;
use plenum_schema::{OrderId, PaymentId};
use std::future::Future;
use std::pin::Pin;

/// A pending answer of a provider.
pub type ProviderFuture<T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send>>;

/// Why a provider did not do something.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be reached, is too slow, has too much to do, or does not know us: whether it did something is not known. The same request
    /// again is safe.
    #[error("the payment provider did not answer: {0}")]
    Away(String),
    /// It answered that something broke inside it, or with nonsense: the same request would get the same answer.
    #[error("the payment provider failed: {0}")]
    Broken(String),
    /// It does not do this, for this reason (one word of its own).
    #[error("the payment provider refuses: {0}")]
    Refused(String),
}

/// Where an intent stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntentState {
    /// The payer has something to do.
    Waiting,
    /// The provider is at it; this may take days, and cannot be called off.
    Processing,
    /// The money has come.
    Succeeded,
    /// It was called off and can never succeed.
    Canceled,
}

/// Which payment something of the provider's belongs to, as we told it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Belongs {
    /// The payment.
    pub payment: PaymentId,
    /// Which try of it.
    pub attempt: i64,
}

/// An intent that is to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewIntent {
    /// Whose; the same again makes no second one.
    pub belongs: Belongs,
    /// The order that is paid, for the operator's eyes.
    pub order: Option<OrderId>,
    /// In the currency's minor unit.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
}

/// An intent as the provider has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Intent {
    /// The provider's id.
    pub id: String,
    /// Whose; `None` for one that we have not made.
    pub belongs: Option<Belongs>,
    /// Where it stands.
    pub state: IntentState,
    /// What has come, in the currency's minor unit.
    pub received: i64,
    /// ISO 4217.
    pub currency: String,
    /// With what the payer's page goes on; nobody else may see it.
    pub client_secret: Option<Secret>,
    /// Why the last try to pay did not succeed, one word of the provider's.
    pub failure: Option<String>,
}

/// Money that is to be given back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewRefund {
    /// Of which payment, for the operator's eyes.
    pub payment: PaymentId,
    /// Of which intent.
    pub intent: String,
    /// Our name for it; the same again gives nothing back a second time.
    pub key: String,
    /// In the currency's minor unit.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
}

/// Where a refund stands. A later one of these never becomes an earlier one again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RefundState {
    /// It is on its way.
    Pending,
    /// It was given back.
    Succeeded,
    /// It came to nothing, also after it had seemed to succeed.
    Failed,
}

/// A refund as the provider has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refund {
    /// The provider's id.
    pub id: String,
    /// Our name for it; `None` for one that was made with the provider.
    pub key: Option<String>,
    /// Of which payment, where the provider was told.
    pub payment: Option<PaymentId>,
    /// Of which intent.
    pub intent: String,
    /// In the currency's minor unit.
    pub amount: i64,
    /// Where it stands.
    pub state: RefundState,
}

/// What an event is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Happened {
    /// An intent, as it was at that moment.
    Intent(Intent),
    /// A refund, as it was at that moment.
    Refund(Refund),
    /// Something of this intent was given back: ask what.
    GivenBack {
        /// The intent.
        intent: String,
    },
    /// Nothing that matters here.
    Other,
}

/// Something has happened at the provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// The provider's id of it: the same one may come several times.
    pub id: String,
    /// The provider's word for it.
    pub kind: String,
    /// What.
    pub what: Happened,
}

/// Takes payments. Implementations bound their time, what they read, and how much they do at once, and repeat what may be repeated.
pub trait Provider: Send + Sync + 'static {
    /// The word for it in rows and answers.
    fn name(&self) -> &'static str;

    /// What the payer's page needs to speak with the provider; nothing secret.
    fn public_key(&self) -> &str;

    /// Makes an intent. The same again answers the same one.
    fn create(&self, new: NewIntent) -> ProviderFuture<Intent>;

    /// An intent as it stands.
    fn intent(&self, id: String) -> ProviderFuture<Intent>;

    /// Calls an intent off, if that is still possible; answers how it stands then.
    fn cancel(&self, id: String) -> ProviderFuture<Intent>;

    /// Gives money back. The same again gives nothing more back.
    fn refund(&self, new: NewRefund) -> ProviderFuture<Refund>;

    /// All refunds of an intent.
    fn refunds(&self, intent: String) -> ProviderFuture<Vec<Refund>>;

    /// Reads an event that claims to come from the provider; `now` is seconds since 1970.
    ///
    /// # Errors
    /// Why it is not believed or cannot be read, without anything of its content.
    fn event(&self, raw: &[u8], signature: &str, now: i64) -> Result<Event, &'static str>;
}
