//! `Idempotency-Key`: a creating request that is repeated gives the first answer again.

use crate::problem::{Answer, Problem};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse, rt};
use plenum_schema::{Refusal, RefusalCode};
use plenum_services::idempotency::{Claim, Idempotency, Request};
use serde::Serialize;
use std::future::{Future, Ready, ready};
use std::sync::Arc;

/// The key of a request; `None` where the caller gave none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdempotencyKey(pub Option<String>);

/// The longest key, bytes.
const LONGEST: usize = 255;

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut values = request.headers().get_all("idempotency-key");
        let (first, second) = (values.next(), values.next());
        let key = match (first.map(HeaderValue::to_str), second) {
            (None, _) => Ok(None),
            (Some(Ok(key)), None) if (1..=LONGEST).contains(&key.len()) => Ok(Some(key.to_owned())),
            _ => {
                Err(Refusal::new(RefusalCode::Malformed, "Idempotency-Key must be one text of 1 to 255 characters")
                    .into())
            }
        };
        ready(key.map(Self))
    }
}

/// A successful answer that can be kept and given again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    status: StatusCode,
    body: Vec<u8>,
}

impl Reply {
    /// A status and a JSON document.
    ///
    /// # Errors
    /// 500 when the document cannot be written: a bug.
    pub fn json(status: StatusCode, document: &impl Serialize) -> Answer<Self> {
        let body = serde_json::to_vec(document);
        let body = body.map_err(|_| Refusal::new(RefusalCode::Internal, "the answer cannot be written"))?;
        Ok(Self { status, body })
    }

    fn response(self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        answer.insert_header((header::CONTENT_TYPE, "application/json"));
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        answer.body(self.body)
    }
}

/// Carries `act` out once for a caller, key and body; a repetition gets the kept answer. Without a key it is just carried out.
/// `act` runs to its end also when the caller hangs up. Refusals are not kept: the same request may be tried again.
///
/// # Errors
/// What `act` refuses with; 409 `conflict` when the key was used for another request, 409 `busy` with a time to come back while
/// its first one is still at work.
pub async fn once<F>(idempotency: &Arc<Idempotency>, request: Option<Request>, act: F) -> Answer
where
    F: Future<Output = Answer<Reply>> + 'static,
{
    let Some(request) = request else { return act.await.map(Reply::response) };
    let ticket = match idempotency.claim(&request).await? {
        Claim::Repeated { status, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            return Ok(Reply { status, body: body.to_vec() }.response());
        }
        Claim::AtWork { retry_after_ms } => return Err(Problem::at_work(retry_after_ms)),
        Claim::First(ticket) => ticket,
    };
    let idempotency = Arc::clone(idempotency);
    let work = rt::spawn(async move {
        let outcome = act.await;
        match &outcome {
            Ok(reply) => idempotency.keep(ticket, reply.status.as_u16(), reply.body.clone().into()).await,
            Err(_) => idempotency.release(ticket).await,
        }
        outcome
    });
    let stopped = |_| Problem::from(Refusal::new(RefusalCode::Internal, "the request was not finished"));
    work.await.map_err(stopped)?.map(Reply::response)
}
