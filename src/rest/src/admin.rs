//! Who looks after the house.

use crate::state::RestState;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use plenum_http::{Caller, Problem};
use plenum_schema::{Refusal, RefusalCode, UserId};
use plenum_services::accounts::Role;
use std::future::Future;
use std::pin::Pin;

/// A signed-in admin. As the first argument of a handler the role is checked before the body is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admin(pub UserId);

/// Somebody who may sell, admins among them. As the first argument of a handler the role is checked before the body is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seller {
    /// Who.
    pub user: UserId,
    /// Whether it is an admin, for whom every seller's things are open.
    pub is_admin: bool,
}

impl FromRequest for Seller {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        let state = request.app_data::<web::Data<RestState>>().cloned();
        Box::pin(async move {
            let caller = caller.await?;
            let state =
                state.ok_or_else(|| Refusal::new(RefusalCode::Internal, "the server is not set up for this"))?;
            state.accounts.require(caller.0, Role::Seller).await?;
            let is_admin = state.accounts.is_admin(caller.0).await?;
            Ok(Self { user: caller.user(), is_admin })
        })
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        let state = request.app_data::<web::Data<RestState>>().cloned();
        Box::pin(async move {
            let caller = caller.await?;
            let state =
                state.ok_or_else(|| Refusal::new(RefusalCode::Internal, "the server is not set up for this"))?;
            state.accounts.require(caller.0, Role::Admin).await?;
            Ok(Self(caller.user()))
        })
    }
}
