//! Clients of the services that Plenum uses, behind the ports of `plenum-services`: mail by SMTP, short messages by Twilio Verify or a
//! plain HTTP gateway, and an outbox for development that sends nothing; payments by Stripe; the depot of uploaded files, a directory or
//! S3; Google; webhooks.
//!
//! Only this crate knows an SMTP or HTTP client. Each provider has a time-out and a bound of what is under way; what waits longer than
//! the time-out for its turn is refused like a provider that does not answer.

mod config;
mod depot;
mod google;
mod hooks;
mod http;
mod mail;
mod messengers;
mod outbox;
mod sms;
mod stripe;

pub use config::{
    DepotConfig, DepotProvider, Gateway, MailConfig, MailProvider, MailTls, S3, SmsConfig, SmsProvider, Twilio,
};
pub use depot::Objects;
pub use google::GoogleClient;
pub use hooks::HookClient;
pub use messengers::{Messengers, OpenError};
pub use outbox::{Kept, Outbox};
pub use stripe::{PaymentProvider, PaymentsConfig, Stripe, StripeConfig};
