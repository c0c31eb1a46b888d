//! The API key of a request, as it stands there.

use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest};
use plenum_schema::{Refusal, RefusalCode};
use plenum_services::accounts::Secret;
use std::future::{Ready, ready};

/// The key of `Authorization: ApiKey …` or `X-Api-Key`; `None` where there is neither. Whoever takes it checks it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiKeyText(pub Option<Secret>);

/// The longest key that is looked at, bytes.
const LONGEST: usize = 512;

/// The answer to a missing or wrong key.
#[must_use]
pub fn needs_api_key(refusal: Refusal) -> Problem {
    let is_unauthenticated = refusal.code == RefusalCode::Unauthenticated;
    let problem = Problem::from(refusal);
    if is_unauthenticated {
        return problem.with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("ApiKey"));
    }
    problem
}

fn refused(message: &str) -> Problem {
    needs_api_key(Refusal::new(RefusalCode::Unauthenticated, message))
}

fn read(request: &HttpRequest) -> Result<Option<Secret>, Problem> {
    let of = |name: &str| {
        let mut values = request.headers().get_all(name);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| refused("the API key is not text")),
            _ => Err(refused("there is more than one API key")),
        }
    };
    let authorization = of("authorization")?.map(|text| {
        let scheme = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("apikey"));
        scheme.map(|(_, key)| key).ok_or_else(|| refused("expected Authorization: ApiKey and a key"))
    });
    let key = match (authorization.transpose()?, of("x-api-key")?) {
        (Some(_), Some(_)) => return Err(refused("there is more than one API key")),
        (key, other) => key.or(other).map(str::trim),
    };
    match key {
        Some(key) if key.is_empty() || key.len() > LONGEST => Err(refused("the API key is not valid")),
        key => Ok(key.map(Secret::from)),
    }
}

impl FromRequest for ApiKeyText {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request).map(Self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn of(headers: &[(&'static str, &'static str)]) -> Result<Option<Secret>, Problem> {
        let request = headers
            .iter()
            .fold(TestRequest::default(), |request, (name, value)| request.append_header((*name, *value)));
        read(&request.to_http_request())
    }

    #[test]
    fn a_key_stands_in_either_header() {
        let key = Some(Secret::from("plk_a_b"));
        assert_eq!(of(&[("Authorization", "ApiKey plk_a_b")]).expect("a key"), key);
        assert_eq!(of(&[("Authorization", "apikey  plk_a_b ")]).expect("a key"), key);
        assert_eq!(of(&[("X-Api-Key", "plk_a_b")]).expect("a key"), key);
        assert_eq!(of(&[]).expect("no key"), None);
    }

    #[test]
    fn two_keys_an_empty_one_and_another_scheme_are_refused() {
        for headers in [
            &[("Authorization", "ApiKey a"), ("X-Api-Key", "a")][..],
            &[("X-Api-Key", "a"), ("X-Api-Key", "b")],
            &[("Authorization", "Bearer a")],
            &[("Authorization", "ApiKey")],
            &[("X-Api-Key", " ")],
        ] {
            let problem = of(headers).expect_err("a problem");
            assert_eq!(problem.status(), 401, "{headers:?}");
            assert_eq!(problem.response(None).headers().get("www-authenticate").expect("a header"), "ApiKey");
        }
    }
}
