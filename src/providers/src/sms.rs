//! Short messages: Twilio Verify, and a plain HTTP gateway.

use crate::config::{Gateway, Twilio};
use crate::http::{Answer, Client};
use plenum_services::accounts::Secret;
use plenum_services::issuer::form;
use plenum_services::messenger::{Message, Recipient, SendError, Sent, Text};
use reqwest::header::CONTENT_TYPE;

/// A message in as few words as a short message has.
pub(crate) fn words(text: &Text) -> String {
    match text {
        Text::Code { code, minutes } => format!("{} is your code. It is valid for {minutes} minutes.", code.expose()),
        Text::PhoneChanged => {
            "The telephone number of your account was changed. If that was not you, change your password.".to_owned()
        }
        Text::EmailChanged => {
            "The e-mail address of your account was changed. If that was not you, change your password.".to_owned()
        }
        Text::GoogleLinked => {
            "A Google account now opens your account. If that was not you, tell those who run this server.".to_owned()
        }
    }
}

/// What a status that is no success means.
fn refused(answer: &Answer) -> SendError {
    SendError::Provider(format!("status {}", answer.status))
}

/// Twilio Verify v2: <https://www.twilio.com/docs/verify/api>.
pub(crate) struct TwilioVerify {
    client: Client,
    config: Twilio,
}

/// Twilio's codes of errors that are about the number: not valid, not mobile, blocked, not allowed, too many for it.
const ABOUT_THE_NUMBER: &[u64] = &[21211, 21214, 21608, 21614, 60200, 60205, 60210, 60410, 60605];

impl TwilioVerify {
    pub fn new(client: Client, config: &Twilio) -> Self {
        Self { client, config: config.clone() }
    }

    async fn call(&self, what: &str, pairs: &[(&str, &str)]) -> Result<Answer, SendError> {
        let Twilio { url, account_sid, auth_token, service_sid, .. } = &self.config;
        let address = format!("{}/v2/Services/{service_sid}/{what}", url.trim_end_matches('/'));
        let request = self
            .client
            .post(&address)
            .basic_auth(account_sid, Some(auth_token.expose()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form(pairs));
        self.client.ask(request).await
    }

    pub async fn send(&self, message: Message) -> Result<Sent, SendError> {
        // Verify carries codes and nothing else.
        let Text::Code { code, .. } = &message.text else { return Err(SendError::NotSetUp) };
        let mut pairs = vec![("To", message.to.text()), ("Channel", "sms")];
        if self.config.custom_codes {
            pairs.push(("CustomCode", code.expose()));
        }
        let answer = self.call("Verifications", &pairs).await?;
        let error = answer.json["code"].as_u64();
        match (answer.status, answer.json["sid"].as_str()) {
            (200..=299, Some(_)) if self.config.custom_codes => Ok(Sent::AsIs),
            (200..=299, Some(sid)) if !sid.is_empty() && sid.len() <= 64 => Ok(Sent::OwnCode(sid.to_owned())),
            (400..=499, _) if error.is_some_and(|code| ABOUT_THE_NUMBER.contains(&code)) => {
                Err(SendError::Recipient(format!("error {}", error.unwrap_or_default())))
            }
            (200..=299, _) => Err(SendError::Provider("the answer names no verification".to_owned())),
            _ => Err(refused(&answer)),
        }
    }

    pub async fn check(&self, to: Recipient, reference: String, code: Secret) -> Result<bool, SendError> {
        let pairs = [("VerificationSid", reference.as_str()), ("Code", code.expose())];
        let answer = self.call("VerificationCheck", &pairs).await?;
        match answer.status {
            // What is approved must be about this number, whoever mixed it up.
            200..=299 => Ok(answer.json["status"] == "approved" && answer.json["to"] == to.text()),
            // It has ended, or was tried too often: wrong for us.
            404 => Ok(false),
            429 if answer.json["code"] == 60202 => Ok(false),
            _ => Err(refused(&answer)),
        }
    }
}

/// A gateway that takes a JSON document.
pub(crate) struct HttpGateway {
    client: Client,
    config: Gateway,
}

impl HttpGateway {
    pub fn new(client: Client, config: &Gateway) -> Self {
        Self { client, config: config.clone() }
    }

    pub async fn send(&self, message: Message) -> Result<Sent, SendError> {
        let text = words(&message.text);
        let body = serde_json::json!({ "to": message.to.text(), "from": self.config.from, "text": text });
        let request =
            self.client.post(&self.config.url).header(CONTENT_TYPE, "application/json").body(body.to_string());
        let token = self.config.token.expose();
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        let answer = self.client.ask(request).await?;
        match answer.status {
            200..=299 => Ok(Sent::AsIs),
            422 => Err(SendError::Recipient("status 422".to_owned())),
            _ => Err(refused(&answer)),
        }
    }
}
