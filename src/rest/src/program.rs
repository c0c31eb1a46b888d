//! Programs that call with an API key.

use crate::state::RestState;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use plenum_http::{Answer, ApiKeyText, Problem, needs_api_key};
use plenum_schema::{Refusal, RefusalCode};
use plenum_services::accounts::Secret;
use plenum_services::api_keys::KeyScope;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

/// What a route asks of a key.
pub(crate) trait Needs: 'static {
    /// The scope.
    const SCOPE: KeyScope;
}

/// `status:read`
#[derive(Debug)]
pub(crate) enum StatusRead {}

/// `status:write`
#[derive(Debug)]
pub(crate) enum StatusWrite {}

impl Needs for StatusRead {
    const SCOPE: KeyScope = KeyScope::StatusRead;
}

impl Needs for StatusWrite {
    const SCOPE: KeyScope = KeyScope::StatusWrite;
}

/// A program with a key of a scope, or any where `status_board.public_checker` is on. As the first argument of a handler it is
/// checked before the body is read.
#[derive(Debug)]
pub(crate) struct Program<S>(PhantomData<S>);

async fn enter(request: &HttpRequest, state: &RestState, key: Option<Secret>, scope: KeyScope) -> Answer<()> {
    let Some(key) = key else {
        if state.status_board.is_public() {
            return Ok(());
        }
        return Err(needs_api_key(Refusal::new(RefusalCode::Unauthenticated, "this needs an API key")));
    };
    let id = state.api_keys.check(key.expose(), scope).await.map_err(needs_api_key)?;
    Ok(state.key_uses.check_for(request, id, state.clock.mono())?)
}

impl<S: Needs> FromRequest for Program<S> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let key = ApiKeyText::from_request(request, payload);
        let state = request.app_data::<web::Data<RestState>>().cloned();
        let request = request.clone();
        Box::pin(async move {
            let key = key.await?.0;
            let state =
                state.ok_or_else(|| Refusal::new(RefusalCode::Internal, "the server is not set up for this"))?;
            enter(&request, &state, key, S::SCOPE).await?;
            Ok(Self(PhantomData))
        })
    }
}
