//! What signing in answers.

use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use plenum_services::accounts::{Profile, SignedIn};
use serde::{Deserialize, Serialize};

/// Answers with tokens are never kept on the way.
pub(crate) const NO_STORE: (HeaderName, &str) = (CACHE_CONTROL, "no-store");

/// A signed-in device: who, and its tokens.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignedInAnswer {
    /// Always true.
    success: bool,
    /// The own full profile.
    user: Profile,
    /// The same as `accessToken`, for older clients.
    token: String,
    /// For `Authorization: Bearer …` and for identifying a socket.
    access_token: String,
    /// For `auth/refresh`; replaced by each use.
    refresh_token: String,
    /// Life of the access token, seconds.
    expires_in: u64,
}

impl From<SignedIn> for SignedInAnswer {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            success: true,
            user: signed_in.profile,
            token: signed_in.access_token.expose().to_owned(),
            access_token: signed_in.access_token.expose().to_owned(),
            refresh_token: signed_in.refresh_token.expose().to_owned(),
            expires_in: signed_in.expires_in,
        }
    }
}

/// It was done.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Done {
    /// Always true.
    pub success: bool,
}

/// The device that signs in.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct Device {
    /// What it calls itself, shown in the list of devices.
    pub name: Option<String>,
}
