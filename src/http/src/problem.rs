//! Errors as RFC 9457 problem documents, with the two members that older clients read (`success`, `message`).

use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use plenum_schema::{Refusal, RefusalCode};
use serde::Serialize;
use std::fmt;

/// The media type of every error answer.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// One wrong member of a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FieldError {
    /// The member, as a dotted path.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// An error answer. Made from a [`Refusal`] by that type's own status table, or for the few cases only HTTP knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_ms: Option<u64>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What every handler answers with when it does not answer.
pub type Answer<T = HttpResponse> = Result<T, Problem>;

impl Problem {
    /// A problem that has no refusal code.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), retry_after_ms: None, headers: Vec::new() }
    }

    /// 404 for a path that no route has.
    #[must_use]
    pub fn no_such_path() -> Self {
        Refusal::new(RefusalCode::NotFound, "there is nothing at this path").into()
    }

    /// 405 with the methods that would do.
    #[must_use]
    pub fn method_not_allowed(allowed: &[Method]) -> Self {
        let list = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let problem =
            Self::new(StatusCode::METHOD_NOT_ALLOWED, "methodNotAllowed", "this path does not know the method");
        match HeaderValue::from_str(&list) {
            Ok(value) => problem.with_header(header::ALLOW, value),
            Err(_) => problem,
        }
    }

    /// 412: the row was changed by somebody else since the version in `If-Match`.
    #[must_use]
    pub fn precondition_failed() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "preconditionFailed", "it was changed since the version in If-Match")
    }

    /// 409 that passes: the first request with this idempotency key is still at work. The same request, sent again then, gets
    /// its answer.
    #[must_use]
    pub fn at_work(retry_after_ms: u64) -> Self {
        let busy = RefusalCode::Busy.as_str();
        Self::new(StatusCode::CONFLICT, busy, "the first request with this idempotency key is still at work")
            .retry_after(retry_after_ms)
    }

    /// 426: this path speaks WebSocket and nothing else.
    #[must_use]
    pub fn upgrade_required() -> Self {
        let detail = "this endpoint speaks websocket: send an upgrade request";
        Self::new(StatusCode::UPGRADE_REQUIRED, "upgradeRequired", detail)
            .with_header(header::UPGRADE, HeaderValue::from_static("websocket"))
            .with_header(header::CONNECTION, HeaderValue::from_static("upgrade"))
            .with_header(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
    }

    /// 415 with a sentence.
    #[must_use]
    pub fn unsupported(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupportedMediaType", detail)
    }

    /// Blames one more member.
    #[must_use]
    pub fn with_error(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.into(), message: message.into() });
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Advises when to come back.
    #[must_use]
    pub fn retry_after(mut self, milliseconds: u64) -> Self {
        self.retry_after_ms = Some(milliseconds);
        self
    }

    /// The status it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// When to come back, milliseconds.
    #[must_use]
    pub fn wait(&self) -> Option<u64> {
        self.retry_after_ms
    }

    /// Headers that the answer must carry beside the ordinary ones.
    #[must_use]
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The sentence.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// A problem for an error answer that some library made: its status, none of its words.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => return Self::no_such_path(),
            StatusCode::BAD_REQUEST => ("malformed", "the request cannot be read"),
            StatusCode::UNAUTHORIZED => ("unauthenticated", "this needs an access token"),
            StatusCode::FORBIDDEN => ("forbidden", "this is not allowed"),
            StatusCode::METHOD_NOT_ALLOWED => ("methodNotAllowed", "this path does not know the method"),
            StatusCode::PAYLOAD_TOO_LARGE => ("tooLarge", "the body is larger than allowed"),
            StatusCode::REQUEST_TIMEOUT => ("timeout", "the request took too long to arrive"),
            status if status.is_server_error() => {
                ("internal", "something went wrong in the server; it has been logged")
            }
            _ => ("refused", "the request was refused"),
        };
        Self::new(status, code, detail)
    }

    /// The document's bytes; `request_id` is quoted in it.
    pub(crate) fn body(&self, request_id: Option<&str>) -> Vec<u8> {
        let document = Document {
            kind: format!("urn:plenum:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            success: false,
            message: &self.detail,
            errors: &self.errors,
            retry_after_ms: self.retry_after_ms,
            request_id,
        };
        serde_json::to_vec(&document).unwrap_or_default()
    }

    /// The answer; `request_id` is quoted in the document.
    #[must_use]
    pub fn response(&self, request_id: Option<&str>) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        answer.insert_header((header::CONTENT_TYPE, PROBLEM_JSON));
        // Errors depend on who asks: nothing on the way may keep them.
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(wait) = self.retry_after_ms {
            answer.insert_header((header::RETRY_AFTER, wait.div_ceil(1_000).max(1)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        for (name, value) in &self.headers {
            answer.insert_header((name.clone(), value.clone()));
        }
        answer.body(self.body(request_id))
    }
}

/// The members on the wire.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    success: bool,
    message: &'a str,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut problem = Self::new(status, refusal.code.as_str(), refusal.message.clone());
        problem.retry_after_ms = refusal.retry_after_ms.or_else(|| default_wait(refusal.code));
        match refusal.field {
            Some(field) => problem.with_error(field, refusal.message),
            None => problem,
        }
    }
}

/// 429 and 503 always carry `Retry-After`: a second, where the refusing side gave no advice.
fn default_wait(code: RefusalCode) -> Option<u64> {
    matches!(code.status(), 429 | 503).then_some(1_000)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        // The layer writes the document again with the request's id.
        self.response(None)
    }
}
