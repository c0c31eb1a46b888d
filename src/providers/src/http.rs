//! Calls of other services over HTTP: no redirects, bounded in time and in what is read of the answer.

use plenum_services::messenger::SendError;
use reqwest::{RequestBuilder, redirect};
use std::time::Duration;

/// Most bytes read of an answer.
const ANSWER_BYTES: usize = 64 * 1024;

/// An answer: its status and the JSON document in it, `Null` where there is none.
pub(crate) struct Answer {
    pub status: u16,
    pub json: serde_json::Value,
}

#[derive(Clone)]
pub(crate) struct Client(reqwest::Client);

fn failed(error: &reqwest::Error) -> SendError {
    // Without the address, which may name an account.
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "it cannot be reached"
    } else {
        "the connection broke"
    };
    SendError::Provider(what.to_owned())
}

impl Client {
    pub fn new(within: Duration) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(within)
            .timeout(within)
            .user_agent("plenum")
            .build();
        client.map(Self).map_err(|error| error.to_string())
    }

    pub fn get(&self, url: &str) -> RequestBuilder {
        self.0.get(url)
    }

    pub fn post(&self, url: &str) -> RequestBuilder {
        self.0.post(url)
    }

    /// Sends a request and reads the answer.
    pub async fn ask(&self, request: RequestBuilder) -> Result<Answer, SendError> {
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        let (status, mut body) = (response.status().as_u16(), Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(SendError::Provider("the answer is too long".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, json: serde_json::from_slice(&body).unwrap_or_default() })
    }
}

/// A pair of a form (`application/x-www-form-urlencoded`).
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let escaped = |text: &str| {
        let byte = |b: u8| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        };
        text.bytes().map(byte).collect::<String>()
    };
    pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_form_is_escaped() {
        assert_eq!(form(&[("To", "+49 30&x=1"), ("Channel", "sms")]), "To=%2B49%2030%26x%3D1&Channel=sms");
    }
}
