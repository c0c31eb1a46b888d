//! A small application behind the layer, with an authenticator that knows two tokens.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, Error, HttpResponse, web};
use plenum_http::{Body, Caller, HttpConfig, HttpLayer, Id, OptionalCaller, Problem, cors, envelope, no_such_path};
use plenum_schema::{Refusal, RefusalCode, SessionId, UserId};
use plenum_services::clock::SystemClock;
use plenum_services::identity::{Authenticator, Identity, Scope};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use uuid::Uuid;

/// Knows `ann` and `ben`.
struct TwoTokens;

impl Authenticator for TwoTokens {
    fn authenticate(&self, token: String) -> Pin<Box<dyn Future<Output = Result<Identity, Refusal>> + Send>> {
        let user = match token.as_str() {
            "ann" => Some(1),
            "ben" => Some(2),
            _ => None,
        };
        let identity = user.map(|n| Identity {
            user: UserId(Uuid::from_u128(n)),
            session: SessionId(Uuid::from_u128(n)),
            expires_at: i64::MAX,
            ends_at: i64::MAX,
            scope: Scope::default(),
        });
        Box::pin(
            async move { identity.ok_or_else(|| Refusal::new(RefusalCode::Unauthenticated, "the token is not valid")) },
        )
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Note {
    pub text: String,
    #[serde(default)]
    pub tags: Vec<String>,
}

/// The layer that both tokens open.
pub fn layer(config: HttpConfig) -> web::Data<HttpLayer> {
    web::Data::new(HttpLayer::new(config, Arc::new(TwoTokens), Arc::new(SystemClock::new()), None).expect("a layer"))
}

async fn note(body: Body<Note>) -> HttpResponse {
    HttpResponse::Ok().json(body.value)
}

async fn me(caller: Caller) -> String {
    caller.user().to_string()
}

async fn who(caller: OptionalCaller) -> String {
    if caller.0.is_some() { "somebody".to_owned() } else { "nobody".to_owned() }
}

async fn thing(id: Id<UserId>) -> String {
    id.0.to_string()
}

async fn plain_failure() -> Result<String, Error> {
    Err(actix_web::error::ErrorInternalServerError("secret: /etc/plenum at line 7"))
}

async fn grumble() -> HttpResponse {
    tracing::error!("something is wrong");
    HttpResponse::NoContent().finish()
}

async fn bug() -> Result<String, Problem> {
    Err(Refusal::new(RefusalCode::Internal, "a bug in the server").into())
}

async fn busy() -> Result<String, Problem> {
    Err(Refusal::new(RefusalCode::Busy, "too much to do").retry_after(1_500).into())
}

pub fn app(
    config: HttpConfig,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let cors = cors(&config);
    App::new()
        .app_data(layer(config))
        .wrap(cors)
        .wrap(from_fn(envelope))
        .route("/note", web::post().to(note))
        .route("/me", web::get().to(me))
        .route("/who", web::get().to(who))
        .route("/thing/{id}", web::get().to(thing))
        .route("/failure", web::get().to(plain_failure))
        .route("/grumble", web::route().to(grumble))
        .route("/bug", web::get().to(bug))
        .route("/busy", web::get().to(busy))
        .default_service(web::to(no_such_path))
}

/// What came back.
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Checks that it is a problem document and gives its code.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let json = self.json();
        assert_eq!((&json["success"], json["status"].as_u64()), (&serde_json::json!(false), Some(self.status.into())));
        assert_eq!(json["message"], json["detail"]);
        assert_eq!(json["requestId"], self.header("x-request-id"));
        json["code"].as_str().expect("a code").to_owned()
    }
}

pub async fn ask(config: HttpConfig, request: TestRequest) -> Seen {
    let service = init_service(app(config)).await;
    let response = call_service(&service, request.to_request()).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Seen { status, headers, body: read_body(response).await.to_vec() }
}
