//! Who calls: the bearer token of a request, checked.

use crate::layer::HttpLayer;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use plenum_schema::{Refusal, RefusalCode, SessionId, UserId};
use plenum_services::identity::Identity;
use std::sync::Arc;

/// A signed-in caller. As the first argument of a handler it is checked before anything else is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Caller(pub Identity);

impl Caller {
    /// The account.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.0.user
    }

    /// The signed-in device.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.0.session
    }
}

/// A signed-in person of the community: the token is not one of hosts, speakers or institutions. As the first argument of a handler it is
/// checked before anything else is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Person(pub Identity);

impl Person {
    /// The account.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.0.user
    }
}

/// A caller with an access token or a token of a conference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Guest(pub Identity);

/// As [`Guest`], but perhaps without any token. A header that is there must be valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OptionalGuest(pub Option<Identity>);

/// A caller who may be anonymous: no `Authorization` header. A header that is there must be valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OptionalCaller(pub Option<Identity>);

/// The longest token that is looked at, bytes.
const LONGEST_TOKEN: usize = 4_096;

fn unauthenticated(message: &str) -> Refusal {
    Refusal::new(RefusalCode::Unauthenticated, message)
}

/// The token of the one `Authorization: Bearer …` header; `None` when there is no such header.
fn bearer(request: &HttpRequest) -> Result<Option<String>, Refusal> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(unauthenticated("there is more than one Authorization header"));
    }
    let text = value.to_str().map_err(|_| unauthenticated("the Authorization header is not text"))?;
    let token =
        text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    token
        .filter(|token| is_possible(token))
        .map(|token| Some(token.to_owned()))
        .ok_or_else(|| unauthenticated("expected Authorization: Bearer and an access token"))
}

fn is_possible(token: &str) -> bool {
    !token.is_empty() && token.len() <= LONGEST_TOKEN
}

async fn identify(request: &HttpRequest, layer: Arc<HttpLayer>, token: String) -> Result<Identity, Refusal> {
    let identity = layer.authenticator.authenticate(token).await?;
    counted(request, &layer, identity)
}

/// Lets those pass who do not ask too often.
fn counted(request: &HttpRequest, layer: &HttpLayer, identity: Identity) -> Result<Identity, Refusal> {
    layer.callers.check_for(request, identity.user, layer.clock.mono())?;
    Ok(identity)
}

fn layer_of(request: &HttpRequest) -> Result<Arc<HttpLayer>, Refusal> {
    let layer = request.app_data::<web::Data<HttpLayer>>();
    let layer = layer.ok_or_else(|| Refusal::new(RefusalCode::Internal, "the server is not set up to check tokens"))?;
    Ok(layer.clone().into_inner())
}

/// What of a request is needed to check it, taken out before the future is made.
fn parts(request: &HttpRequest) -> Result<Option<(Arc<HttpLayer>, String)>, Refusal> {
    let Some(token) = bearer(request)? else { return Ok(None) };
    Ok(Some((layer_of(request)?, token)))
}

/// Who calls, for surfaces whose clients cannot set headers (`EventSource`) and bring the token `elsewhere`: there it may be
/// whatever [`HttpLayer::reading_addresses_with`] takes. A header wins.
///
/// # Errors
/// `unauthenticated` without a valid token, `rateLimited`, and what checking a token may come to.
pub async fn identity_of(request: &HttpRequest, elsewhere: Option<String>) -> Result<Identity, Refusal> {
    if let Some((layer, token)) = parts(request)? {
        return identify(request, layer, token).await;
    }
    let elsewhere = elsewhere.filter(|token| is_possible(token));
    let token = elsewhere.ok_or_else(|| unauthenticated("this needs an access token"))?;
    let layer = layer_of(request)?;
    let identity = layer.elsewhere.authenticate(token).await?;
    counted(request, &layer, identity)
}

impl FromRequest for OptionalGuest {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (parts, request) = (parts(request), request.clone());
        Box::pin(async move {
            match parts? {
                Some((layer, token)) => Ok(Self(Some(identify(&request, layer, token).await?))),
                None => Ok(Self(None)),
            }
        })
    }
}

impl FromRequest for Guest {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let optional = OptionalGuest::from_request(request, payload);
        Box::pin(async move {
            let identity = optional.await?.0.ok_or_else(|| unauthenticated("this needs a token"))?;
            Ok(Self(identity))
        })
    }
}

impl FromRequest for OptionalCaller {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let optional = OptionalGuest::from_request(request, payload);
        Box::pin(async move {
            let identity = optional.await?.0;
            if identity.is_some_and(|identity| !identity.is_account()) {
                return Err(unauthenticated("this needs an access token, not one of a conference").into());
            }
            Ok(Self(identity))
        })
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let optional = OptionalCaller::from_request(request, payload);
        Box::pin(async move {
            let identity = optional.await?.0.ok_or_else(|| unauthenticated("this needs an access token"))?;
            Ok(Self(identity))
        })
    }
}

impl FromRequest for Person {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        Box::pin(async move {
            let identity = caller.await?.0;
            if identity.is_user() {
                return Ok(Self(identity));
            }
            let message = "this needs a token of a person: this one is for another kind of accounts";
            Err(Refusal::new(RefusalCode::Forbidden, message).into())
        })
    }
}
