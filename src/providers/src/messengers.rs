//! Which provider carries which message.

use crate::config::{MailConfig, MailProvider, SmsConfig, SmsProvider};
use crate::http::Client;
use crate::mail::Mail;
use crate::outbox::Outbox;
use crate::sms::{HttpGateway, TwilioVerify};
use plenum_services::accounts::Secret;
use plenum_services::messenger::{Message, Messenger, MessengerFuture, Recipient, SendError, Sent};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// A provider cannot be used as it is set up.
#[derive(Debug, thiserror::Error)]
#[error("{section}: {reason}")]
pub struct OpenError {
    /// The section of the configuration.
    pub section: &'static str,
    /// Why.
    pub reason: String,
}

enum Carrier {
    Outbox(Outbox),
    Mail(Mail),
    Twilio(TwilioVerify),
    Gateway(HttpGateway),
}

/// A carrier, how many messages it may have under way, and how long one may take.
struct Line {
    carrier: Carrier,
    places: Semaphore,
    within: Duration,
}

/// The messenger of a node: one carrier for mails, one for short messages.
pub struct Messengers {
    mail: Option<Arc<Line>>,
    sms: Option<Arc<Line>>,
    outbox: Option<Outbox>,
}

impl std::fmt::Debug for Messengers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Messengers").finish_non_exhaustive()
    }
}

impl Line {
    fn new(carrier: Carrier, at_once: usize, timeout_ms: u64) -> Arc<Self> {
        Arc::new(Self { carrier, places: Semaphore::new(at_once), within: Duration::from_millis(timeout_ms) })
    }

    /// Runs `work` when there is a place, all within the time.
    async fn within<T>(&self, work: impl Future<Output = Result<T, SendError>>) -> Result<T, SendError> {
        let turn = async {
            let _place = self.places.acquire().await.map_err(|_| SendError::Provider("it has ended".to_owned()))?;
            work.await
        };
        timeout(self.within, turn).await.map_err(|_| SendError::Provider("it took too long".to_owned()))?
    }

    async fn send(&self, message: Message) -> Result<Sent, SendError> {
        match &self.carrier {
            Carrier::Outbox(outbox) => {
                outbox.keep(&message);
                Ok(Sent::AsIs)
            }
            Carrier::Mail(mail) => self.within(mail.send(message)).await,
            Carrier::Twilio(twilio) => self.within(twilio.send(message)).await,
            Carrier::Gateway(gateway) => self.within(gateway.send(message)).await,
        }
    }

    async fn check(&self, to: Recipient, reference: String, code: Secret) -> Result<bool, SendError> {
        match &self.carrier {
            Carrier::Twilio(twilio) => self.within(twilio.check(to, reference, code)).await,
            _ => Err(SendError::NotSetUp),
        }
    }
}

impl Messengers {
    /// Sets the providers up; nothing is sent yet. `is_private`: whether nobody but this machine reaches the server. Where others do, the
    /// provider `development` carries nothing, so that codes of real people do not end up in a log.
    ///
    /// # Errors
    /// [`OpenError`] when a provider cannot be used as it is set up.
    pub fn open(mail: &MailConfig, sms: &SmsConfig, is_private: bool) -> Result<Self, OpenError> {
        let outbox = Outbox::default();
        let develop = || is_private.then(|| Carrier::Outbox(outbox.clone()));
        let wrong = |section| move |reason| OpenError { section, reason };
        let mail_carrier = match mail.provider {
            MailProvider::Development => develop(),
            MailProvider::Smtp => Some(Carrier::Mail(Mail::open(mail).map_err(wrong("mail"))?)),
            MailProvider::Off => None,
        };
        let client = || Client::new(Duration::from_millis(sms.timeout_ms)).map_err(wrong("sms"));
        let sms_carrier = match sms.provider {
            SmsProvider::Development => develop(),
            SmsProvider::Twilio => Some(Carrier::Twilio(TwilioVerify::new(client()?, &sms.twilio))),
            SmsProvider::Http => Some(Carrier::Gateway(HttpGateway::new(client()?, &sms.http))),
            SmsProvider::Off => None,
        };
        let has_outbox = [&mail_carrier, &sms_carrier].iter().any(|one| matches!(one, Some(Carrier::Outbox(_))));
        Ok(Self {
            mail: mail_carrier.map(|carrier| Line::new(carrier, mail.at_once, mail.timeout_ms)),
            sms: sms_carrier.map(|carrier| Line::new(carrier, sms.at_once, sms.timeout_ms)),
            outbox: has_outbox.then_some(outbox),
        })
    }

    /// What the provider `development` has kept, where it is one of the two.
    #[must_use]
    pub fn outbox(&self) -> Option<&Outbox> {
        self.outbox.as_ref()
    }

    fn line(&self, to: &Recipient) -> Result<Arc<Line>, SendError> {
        let line = if matches!(to, Recipient::Email(_)) { &self.mail } else { &self.sms };
        line.clone().ok_or(SendError::NotSetUp)
    }
}

impl Messenger for Messengers {
    fn send(&self, message: Message) -> MessengerFuture<Sent> {
        let line = self.line(&message.to);
        Box::pin(async move { line?.send(message).await })
    }

    fn check(&self, to: Recipient, reference: String, code: Secret) -> MessengerFuture<bool> {
        let line = self.line(&to);
        Box::pin(async move { line?.check(to, reference, code).await })
    }
}
