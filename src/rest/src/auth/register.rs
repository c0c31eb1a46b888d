use super::answer::{Device, NO_STORE, SignedInAnswer};
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, BodyPair, IdempotencyKey, Problem, client_address};
use plenum_schema::{Refusal, RefusalCode};
use plenum_services::accounts::{AccountKind, Login, ProfileUpdate, Registration, Secret, SignedIn};
use plenum_services::idempotency::{Claim, Request};
use serde::Deserialize;

/// Names and the password of a new account.
#[derive(Deserialize, Clone, utoipa::ToSchema)]
#[schema(as = RegisterCredentials)]
pub(crate) struct Credentials {
    /// E-mail address; this or a telephone number.
    email: Option<String>,
    /// Telephone number with country code.
    phone: Option<String>,
    /// 8 to 128 characters.
    #[schema(value_type = String, format = Password)]
    password: Secret,
    #[schema(value_type = Option<Device>)]
    device: Option<DeviceName>,
}

#[derive(Deserialize, Clone)]
pub(crate) struct DeviceName {
    name: Option<String>,
}

/// A new account: names, password, and any members of the profile.
#[derive(utoipa::ToSchema)]
#[schema(as = RegisterBody)]
#[expect(dead_code, reason = "only the document needs both halves as one")]
pub(crate) struct RegisterBody {
    #[serde(flatten)]
    credentials: Credentials,
    #[serde(flatten)]
    profile: ProfileUpdate,
}

/// Make an account and sign its first device in
///
/// With an `Idempotency-Key`, a repetition with the same body signs in to the account that the first one made: the answer has
/// new tokens, because tokens are not kept on the server.
#[utoipa::path(post, path = "/auth/register", tag = "accounts", request_body = RegisterBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe for 24 h")),
    responses((status = 201, description = "Made and signed in", body = SignedInAnswer),
        (status = 409, description = "The e-mail address, telephone number or user name is taken", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    state: web::Data<RestState>,
    body: BodyPair<Credentials, ProfileUpdate>,
    key: IdempotencyKey,
    request: HttpRequest,
) -> Answer {
    register(&state, AccountKind::User, body, key, &request).await
}

/// Makes an account of a kind.
pub(crate) async fn register(
    state: &RestState,
    kind: AccountKind,
    body: BodyPair<Credentials, ProfileUpdate>,
    key: IdempotencyKey,
    request: &HttpRequest,
) -> Answer {
    let BodyPair { first: credentials, second: profile, raw } = body;
    let registration = Registration {
        email: credentials.email.clone(),
        phone: credentials.phone.clone(),
        password: credentials.password.clone(),
        profile,
        kind,
        device: device(&credentials),
        address: client_address(request),
    };
    let signed_in = match key.0 {
        None => state.codes.register(registration).await?,
        Some(key) => once(state, &fingerprint(&key, kind, &credentials, &raw)?, registration).await?,
    };
    Ok(HttpResponse::Created().insert_header(NO_STORE).json(SignedInAnswer::from(signed_in)))
}

fn device(credentials: &Credentials) -> Option<String> {
    credentials.device.as_ref().and_then(|device| device.name.clone())
}

/// What the key stands for: the body without the password, which must not be kept even as a fast hash. The password is
/// compared by signing in.
fn fingerprint(key: &str, kind: AccountKind, credentials: &Credentials, raw: &[u8]) -> Answer<Request> {
    let unreadable = |_| Problem::from(Refusal::new(RefusalCode::Malformed, "the body is not a JSON object"));
    let mut object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(raw).map_err(unreadable)?;
    object.remove("password");
    let rest = serde_json::Value::Object(object).to_string();
    let name = credentials.email.as_deref().or(credentials.phone.as_deref()).unwrap_or_default();
    let route = match kind {
        AccountKind::User => "POST auth/register".to_owned(),
        kind => format!("POST {}/auth/register", kind.as_str()),
    };
    Ok(Request::new(format!("register:{name}").as_bytes(), key, &route, rest.as_bytes()))
}

async fn once(state: &RestState, request: &Request, registration: Registration) -> Answer<SignedIn> {
    match state.idempotency.claim(request).await? {
        Claim::First(ticket) => match state.codes.register(registration).await {
            Ok(signed_in) => {
                state.idempotency.keep(ticket, 201, Vec::new().into()).await;
                Ok(signed_in)
            }
            Err(refusal) => {
                state.idempotency.release(ticket).await;
                Err(refusal.into())
            }
        },
        Claim::AtWork { retry_after_ms } => Err(Problem::at_work(retry_after_ms)),
        Claim::Repeated { .. } => sign_in_again(state, registration).await,
    }
}

async fn sign_in_again(state: &RestState, registration: Registration) -> Answer<SignedIn> {
    let Registration { email, phone, password, device, address, kind, .. } = registration;
    let door = (kind != AccountKind::User).then_some(kind);
    let login = Login { email, phone, username: None, password, door, device, address };
    state.accounts.login(login).await.map_err(|refusal| match refusal.code {
        RefusalCode::Unauthenticated => {
            Refusal::new(RefusalCode::Conflict, "this idempotency key was used for another request").into()
        }
        _ => refusal.into(),
    })
}
