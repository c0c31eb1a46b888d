//! JSON bodies, read within limits, with the names of members that nobody asked for.

use crate::layer::HttpLayer;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::rt::time::timeout;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use plenum_schema::codec::Strict;
use plenum_schema::{Refusal, RefusalCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::time::Duration;

/// A JSON body as a `T`. Unknown members are ignored; the layer names them in `Ignored-Fields`.
#[derive(Debug)]
pub struct Body<T> {
    /// What it says.
    pub value: T,
    /// The bytes it was read from: the fingerprint of an idempotent request.
    pub raw: Bytes,
}

/// As [`Body`], but no body at all stands for the default.
#[derive(Debug)]
pub struct MaybeBody<T>(pub T);

/// A body as it came, for what is signed over its bytes. Bounded as every body, and of any type.
#[derive(Debug)]
pub struct RawBody(pub Bytes);

impl FromRequest for RawBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (limits, declared, payload) = (BodyLimits::of(request), declared_length(request), payload.take());
        Box::pin(async move { read(payload, limits, declared).await.map(Self) })
    }
}

/// One JSON object read as two types, for bodies made of parts that are defined apart. What neither wants is ignored and named.
#[derive(Debug)]
pub struct BodyPair<A, B> {
    /// The first part.
    pub first: A,
    /// The second part.
    pub second: B,
    /// The bytes it was read from.
    pub raw: Bytes,
}

/// Names of ignored members, kept in the request until its answer is written.
#[derive(Clone, Debug)]
pub(crate) struct IgnoredFields(Vec<String>);

/// Whether the body of this request named members that nobody asked for: what was meant is not known then.
#[must_use]
pub fn has_ignored_members(request: &HttpRequest) -> bool {
    request.extensions().get::<IgnoredFields>().is_some_and(|ignored| !ignored.0.is_empty())
}

/// Takes members off the list of ignored ones that the handler has read from the raw body after all.
pub fn was_read(request: &HttpRequest, members: &[&str]) {
    if let Some(ignored) = request.extensions_mut().get_mut::<IgnoredFields>() {
        ignored.0.retain(|name| !members.contains(&name.as_str()));
    }
}

/// How many names are remembered, and how many of them told.
const MOST_NAMES: usize = 128;
const MOST_TOLD: usize = 32;
const LONGEST_NAME: usize = 64;

impl IgnoredFields {
    /// What both ignored; where one ignored a whole member and the other something inside it, the latter.
    fn and(&self, other: &Self) -> Self {
        let covers = |names: &[String], name: &str| {
            names
                .iter()
                .any(|one| name.strip_prefix(one.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
        };
        let of_first = self.0.iter().filter(|name| covers(&other.0, name));
        let of_second = other.0.iter().filter(|name| covers(&self.0, name) && !self.0.contains(name));
        Self(of_first.chain(of_second).cloned().collect())
    }

    /// As a header value: names joined by commas, letters outside `A-Za-z0-9_.-` as `?`.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') { c } else { '?' };
        let names: Vec<String> =
            self.0.iter().take(MOST_TOLD).map(|name| name.chars().take(LONGEST_NAME).map(plain).collect()).collect();
        (!names.is_empty()).then(|| HeaderValue::from_str(&names.join(", ")).ok()).flatten()
    }
}

#[derive(Clone, Copy)]
struct BodyLimits {
    bytes: usize,
    within: Duration,
    depth: usize,
}

impl BodyLimits {
    fn of(request: &HttpRequest) -> Self {
        let default = crate::HttpConfig::default();
        let config = request.app_data::<web::Data<HttpLayer>>().map_or(&default, |layer| &layer.config);
        Self {
            bytes: config.body_bytes,
            within: Duration::from_millis(config.body_within_ms),
            depth: config.json_depth,
        }
    }
}

fn too_large(limit: usize) -> Problem {
    Refusal::new(RefusalCode::TooLarge, format!("the body is larger than {limit} bytes")).into()
}

fn malformed(message: impl Into<String>) -> Problem {
    Refusal::new(RefusalCode::Malformed, message).into()
}

/// Only plain JSON in UTF-8: anything else would be read by guessing.
fn check_type(request: &HttpRequest) -> Result<(), Problem> {
    let is_encoded = request.headers().get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    if is_encoded {
        return Err(Problem::unsupported("compressed bodies are not accepted"));
    }
    let mime = request.mime_type().ok().flatten().ok_or_else(|| Problem::unsupported("expected application/json"))?;
    let is_json = mime.subtype() == "json" || mime.suffix().is_some_and(|suffix| suffix == "json");
    let is_utf8 = mime.get_param("charset").is_none_or(|charset| charset == "utf-8");
    if is_json && is_utf8 { Ok(()) } else { Err(Problem::unsupported("expected application/json in UTF-8")) }
}

fn declared_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(payload: Payload, limits: BodyLimits, declared: Option<usize>) -> Result<Bytes, Problem> {
    if declared.is_some_and(|length| length > limits.bytes) {
        return Err(too_large(limits.bytes));
    }
    let late = || Problem::of_status(StatusCode::REQUEST_TIMEOUT);
    timeout(limits.within, gather(payload, limits.bytes)).await.map_err(|_| late())?
}

async fn gather(mut payload: Payload, most: usize) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| malformed("the body ended early or is not framed as the head says"))?;
        if body.len() + chunk.len() > most {
            return Err(too_large(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Counts brackets outside strings, before any recursion happens.
fn check_depth(bytes: &[u8], most: usize) -> Result<(), Problem> {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > most {
            return Err(malformed(format!("the body nests deeper than {most} levels")));
        }
    }
    Ok(())
}

fn parse<T: DeserializeOwned>(bytes: &[u8], most_depth: usize) -> Result<(T, IgnoredFields), Problem> {
    check_depth(bytes, most_depth)?;
    // Serde would also take an array of the members in their order: a form that nothing documents and that changes silently.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(malformed("the body is an object with named members, not an array"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut track = serde_path_to_error::Track::new();
    let mut ignored = Vec::new();
    // As above, for the objects inside.
    let tracked = serde_path_to_error::Deserializer::new(Strict(&mut json), &mut track);
    let parsed = serde_ignored::deserialize(tracked, |path| {
        if ignored.len() < MOST_NAMES {
            ignored.push(path.to_string().replace(".?", ""));
        }
    });
    let value = parsed.map_err(|error| of_json(&error, &track.path().to_string()))?;
    json.end().map_err(|error| of_json(&error, "."))?;
    Ok((value, IgnoredFields(ignored)))
}

/// A syntax error is malformed; a missing member breaks a rule; a member of a wrong type is malformed and named.
fn of_json(error: &serde_json::Error, path: &str) -> Problem {
    let text: String = error.to_string().chars().take(200).collect();
    if error.classify() != Category::Data {
        return malformed(format!("the body is not valid JSON: {text}"));
    }
    let inside = |name: &str| if path == "." { name.to_owned() } else { format!("{path}.{name}") };
    let missing =
        text.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')).map(|(name, _)| inside(name));
    match missing {
        Some(field) => {
            let message = format!("{field} is required");
            Refusal::field(RefusalCode::Invalid, field, message).into()
        }
        None if path == "." => malformed(text),
        None => Refusal::field(RefusalCode::Malformed, path, text).into(),
    }
}

/// The bytes of a JSON body and how deep they may nest.
fn receive(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<(Bytes, usize), Problem>> + use<> {
    let (checked, limits, declared) = (check_type(request), BodyLimits::of(request), declared_length(request));
    let payload = payload.take();
    async move {
        checked?;
        Ok((read(payload, limits, declared).await?, limits.depth))
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (received, request) = (receive(request, payload), request.clone());
        Box::pin(async move {
            let (raw, depth) = received.await?;
            let (value, ignored) = parse(&raw, depth)?;
            request.extensions_mut().insert(ignored);
            Ok(Self { value, raw })
        })
    }
}

impl<A: DeserializeOwned + 'static, B: DeserializeOwned + 'static> FromRequest for BodyPair<A, B> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (received, request) = (receive(request, payload), request.clone());
        Box::pin(async move {
            let (raw, depth) = received.await?;
            let (first, by_first) = parse(&raw, depth)?;
            let (second, by_second) = parse(&raw, depth)?;
            request.extensions_mut().insert(by_first.and(&by_second));
            Ok(Self { first, second, raw })
        })
    }
}

impl<T: DeserializeOwned + Default + 'static> FromRequest for MaybeBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_absent =
            declared_length(request).unwrap_or(0) == 0 && !request.headers().contains_key(header::TRANSFER_ENCODING);
        let body = (!is_absent).then(|| Body::from_request(request, payload));
        Box::pin(async move {
            match body {
                Some(body) => Ok(Self(body.await?.value)),
                None => Ok(Self(T::default())),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only whether they are read matters")]
    struct Wanted {
        name: String,
        device: Option<Inner>,
    }

    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only whether it is read matters")]
    struct Inner {
        os: String,
    }

    fn problem(text: &str) -> String {
        parse::<Wanted>(text.as_bytes(), 32).expect_err("a problem").to_string()
    }

    #[test]
    fn unknown_members_are_ignored_and_named_at_any_depth() {
        let text = br#"{"name":"a","role":"admin","device":{"os":"x","colour":{"r":1}}}"#;
        let (_, ignored) = parse::<Wanted>(text, 32).expect("it reads");
        assert_eq!(ignored.header().expect("a header"), "role, device.colour");
    }

    #[test]
    fn a_hostile_member_name_cannot_break_the_header() {
        let (_, ignored) = parse::<Wanted>(b"{\"name\":\"a\",\"x\\r\\nSet-Cookie: y\":1}", 32).expect("it reads");
        assert_eq!(ignored.header().expect("a header"), "x??Set-Cookie??y");
    }

    #[test]
    fn two_readers_of_one_object_ignore_only_what_neither_wants() {
        let names = |list: &[&str]| IgnoredFields(list.iter().map(|name| (*name).to_owned()).collect());
        let both = names(&["bio", "role", "device.colour"]).and(&names(&["name", "device", "role", "bio.x"]));
        assert_eq!(both.0, ["role", "device.colour", "bio.x"]);
    }

    #[test]
    fn a_missing_member_is_named() {
        assert_eq!(problem("{}"), "invalid: name is required");
        assert_eq!(problem(r#"{"name":"a","device":{}}"#), "invalid: device.os is required");
    }

    #[test]
    fn a_wrong_type_and_bad_syntax_are_malformed() {
        for bad in [r#"{"name":1}"#, "{", "[]", r#"{"name":"a"} {}"#, "", r#"{"name":"a","name":"b"}"#] {
            assert!(problem(bad).starts_with("malformed: "), "{bad}: {}", problem(bad));
        }
    }

    #[test]
    fn an_array_in_the_order_of_the_members_is_no_object_at_any_depth() {
        for bad in [r#"["a",{"os":"x"}]"#, r#"{"name":"a","device":["x"]}"#] {
            assert!(problem(bad).starts_with("malformed: "), "{bad}: {}", problem(bad));
        }
    }

    #[test]
    fn deep_nesting_is_refused_before_parsing() {
        let deep = format!("{{\"name\":\"a\",\"x\":{}{}}}", "[".repeat(40), "]".repeat(40));
        assert_eq!(problem(&deep), "malformed: the body nests deeper than 32 levels");
        let brackets_in_text = format!("{{\"name\":\"{}\"}}", "[".repeat(40));
        assert!(parse::<Wanted>(brackets_in_text.as_bytes(), 32).is_ok());
    }
}
