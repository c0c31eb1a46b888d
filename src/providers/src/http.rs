//! Calls of other services over HTTP: no redirects, bounded in time and in what is read of the answer.

use plenum_services::messenger::SendError;
use reqwest::header::{AGE, CACHE_CONTROL, HeaderMap};
use reqwest::{RequestBuilder, redirect};
use std::time::Duration;

/// Most bytes read of an answer.
const ANSWER_BYTES: usize = 64 * 1024;

/// An answer: its status and the JSON document in it, `Null` where there is none.
pub(crate) struct Answer {
    pub status: u16,
    pub json: serde_json::Value,
    /// How long it is good by its own words (RFC 9111), seconds; `None` where it has none.
    pub max_age_s: Option<u64>,
}

#[derive(Clone)]
pub(crate) struct Client(reqwest::Client);

/// `max-age`, less what has passed of it on the way. What must not be kept is good for no time.
fn max_age(headers: &HeaderMap) -> Option<u64> {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let words: Vec<String> =
        values.flat_map(|value| value.split(',')).map(|word| word.trim().to_ascii_lowercase()).collect();
    if words.iter().any(|word| word == "no-store" || word == "no-cache") {
        return Some(0);
    }
    let age = words.iter().find_map(|word| word.strip_prefix("max-age=")?.trim_matches('"').parse::<u64>().ok())?;
    let passed = headers.get(AGE).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    Some(age.saturating_sub(passed.unwrap_or(0)))
}

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
        let (status, max_age_s, mut body) = (response.status().as_u16(), max_age(response.headers()), Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(SendError::Provider("the answer is too long".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, json: serde_json::from_slice(&body).unwrap_or_default(), max_age_s })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_good_for_what_is_left_of_its_age() {
        let age = |pairs: &[(&'static str, &'static str)]| {
            let pair = |(name, value): &(&'static str, &'static str)| Some((name.parse().ok()?, value.parse().ok()?));
            max_age(&pairs.iter().filter_map(pair).collect())
        };
        assert_eq!(age(&[("cache-control", "public, max-age=20003, must-revalidate"), ("age", "3")]), Some(20_000));
        assert_eq!(age(&[("cache-control", "Max-Age=5"), ("age", "9")]), Some(0));
        assert_eq!(age(&[("cache-control", "no-store, max-age=5")]), Some(0));
        assert_eq!(age(&[("cache-control", "max-age=soon")]), None);
        assert_eq!(age(&[]), None);
    }
}
