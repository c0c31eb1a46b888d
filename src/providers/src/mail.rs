//! Mail by SMTP (RFC 5321), over connections that are kept.

use crate::config::{MailConfig, MailTls};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use plenum_services::messenger::{Message, SendError, Sent, Text};
use std::time::Duration;

/// Connections kept open, and for how long.
const KEPT: u32 = 4;
const IDLE: Duration = Duration::from_secs(30);

pub(crate) struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mail {
    pub fn open(config: &MailConfig) -> Result<Self, String> {
        let from = config.from.parse::<Mailbox>().map_err(|error| error.to_string())?;
        let tls = |wrap: fn(TlsParameters) -> Tls| {
            TlsParameters::new(config.host.clone()).map(wrap).map_err(|error| error.to_string())
        };
        let (tls, port) = match config.tls {
            MailTls::Starttls => (tls(Tls::Required)?, 587),
            MailTls::Tls => (tls(Tls::Wrapper)?, 465),
            MailTls::None => (Tls::None, 25),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(config.host.as_str())
            .port(if config.port == 0 { port } else { config.port })
            .tls(tls)
            .timeout(Some(Duration::from_millis(config.timeout_ms)))
            .pool_config(PoolConfig::new().max_size(KEPT).idle_timeout(IDLE));
        if !config.user.is_empty() {
            let password = config.password.expose().to_owned();
            builder = builder.credentials(Credentials::new(config.user.clone(), password));
        }
        Ok(Self { transport: builder.build(), from })
    }

    pub async fn send(&self, message: Message) -> Result<Sent, SendError> {
        let refused = |error: &dyn std::fmt::Display| SendError::Recipient(error.to_string());
        let to = message.to.text().parse().map_err(|error| refused(&error))?;
        let (subject, body) = letter(&message.text);
        let mail = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(body)
            .map_err(|error| refused(&error))?;
        match self.transport.send(mail).await {
            Ok(_) => Ok(Sent::AsIs),
            // 5xx to this message: nobody takes mail for this address. What concerns us (535 and the like) is the provider's.
            Err(error) if is_about_recipient(&error) => Err(refused(&error)),
            Err(error) => Err(SendError::Provider(error.to_string())),
        }
    }
}

/// RFC 3463: X.1.X is about the address of the recipient.
fn is_about_recipient(error: &lettre::transport::smtp::Error) -> bool {
    let code = error.status().map(u16::from);
    error.is_permanent() && matches!(code, Some(550 | 551 | 553))
}

fn letter(text: &Text) -> (String, String) {
    match text {
        // No digits in the subject: it shows on locked screens.
        Text::Code { code, minutes } => (
            "Your code".to_owned(),
            format!(
                "Your code is {}\n\nIt is valid for {minutes} minutes. Nobody of us will ever ask you for it.\n\
                 If you did not ask for a code, you need not do anything.\n",
                code.expose()
            ),
        ),
        Text::PhoneChanged => (
            "Your telephone number was changed".to_owned(),
            "The telephone number of your account was changed.\n\
             If that was not you, change your password and sign the other devices out.\n"
                .to_owned(),
        ),
        Text::EmailChanged => (
            "Your e-mail address was changed".to_owned(),
            "Your account has another e-mail address now, and this one signs in no more.\n\
             If that was not you, sign in with your telephone number or user name, change your password, or ask those\n\
             who run this server.\n"
                .to_owned(),
        ),
        Text::GoogleLinked => (
            "Signing in with Google".to_owned(),
            "The Google account with this e-mail address opens your account from now on.\n\
             If that was not you, secure your Google account and tell those who run this server.\n"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_stands_in_the_letter_and_not_in_its_subject() {
        let (subject, body) = letter(&Text::Code { code: "123456".into(), minutes: 5 });
        assert!(body.contains("123456") && !subject.contains("123456"));
    }
}
