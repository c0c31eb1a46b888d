//! The port through which mails and short messages leave the house. Its real clients are in `plenum-providers`.

use crate::accounts::Secret;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// A pending answer of a provider.
pub type MessengerFuture<T> = Pin<Box<dyn Future<Output = Result<T, SendError>> + Send>>;

/// Where a message goes. `Debug` shows the kind only: addresses are personal data.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// An e-mail address in its normal form.
    Email(String),
    /// A telephone number: `+` and digits.
    Phone(String),
}

impl Recipient {
    /// The address or number itself.
    #[must_use]
    pub fn text(&self) -> &str {
        let (Self::Email(text) | Self::Phone(text)) = self;
        text
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email(_) => "Email(…)",
            Self::Phone(_) => "Phone(…)",
        })
    }
}

/// What is to be said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Text {
    /// A code, and how many minutes it is valid.
    Code {
        /// The digits.
        code: Secret,
        /// Its life in whole minutes.
        minutes: u64,
    },
    /// The account's telephone number was changed.
    PhoneChanged,
    /// The account's e-mail address was changed: this is the one before.
    EmailChanged,
    /// A Google account opens the account from now on.
    GoogleLinked,
}

/// A message to one recipient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// To whom.
    pub to: Recipient,
    /// What.
    pub text: Text,
}

/// What the provider did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// It took the message as it is.
    AsIs,
    /// It sent a code of its own in its place: ask [`Messenger::check`] under this name.
    OwnCode(String),
}

/// Why a message was not sent or a code not checked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SendError {
    /// No provider is set up for this kind of recipient or message.
    #[error("no provider is set up for this")]
    NotSetUp,
    /// The provider says that this recipient cannot be reached.
    #[error("the recipient was refused: {0}")]
    Recipient(String),
    /// The provider is down, slow, answers nonsense, or refuses us.
    #[error("the provider did not do it: {0}")]
    Provider(String),
}

/// Sends messages. Implementations bound their time and how many they send at once.
pub trait Messenger: Send + Sync + 'static {
    /// Sends one message.
    fn send(&self, message: Message) -> MessengerFuture<Sent>;

    /// Whether a code that the provider made itself is right.
    fn check(&self, to: Recipient, reference: String, code: Secret) -> MessengerFuture<bool>;
}

/// No provider at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMessenger;

impl Messenger for NoMessenger {
    fn send(&self, _: Message) -> MessengerFuture<Sent> {
        Box::pin(std::future::ready(Err(SendError::NotSetUp)))
    }

    fn check(&self, _: Recipient, _: String, _: Secret) -> MessengerFuture<bool> {
        Box::pin(std::future::ready(Err(SendError::NotSetUp)))
    }
}
