//! The OpenAPI document, made from the table of routes.

use crate::route::{Access, Route, method_name};
use crate::routes::{ELSEWHERE, TABLE};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::openapi::path::{HttpMethod, Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Ref, RefOr,
    Response, ResponseBuilder, Schema, ServerBuilder,
};
use utoipa::{PartialSchema, ToSchema};

/// Every error answer (RFC 9457).
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// `urn:plenum:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// One sentence for a developer.
    detail: String,
    /// For programs: `malformed`, `invalid`, `unauthenticated`, `notFound`, `rateLimited` and so on.
    code: String,
    /// Always false; for older clients.
    success: bool,
    /// The same as `detail`; for older clients.
    message: String,
    /// Which members are wrong.
    errors: Option<Vec<WrongMember>>,
    /// When to try again, milliseconds; also in `Retry-After`.
    retry_after_ms: Option<u64>,
    /// Quote it in support requests.
    request_id: Option<String>,
}

/// A wrong member of a request.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = FieldError)]
pub(crate) struct WrongMember {
    /// Dotted path.
    field: String,
    /// What is wrong.
    message: String,
}

/// `limit` and `cursor` of a list.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the document's description of plenum_http::PageQuery")]
pub(crate) struct PageParams {
    /// 1 to 100, default 20.
    limit: Option<usize>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

const ABOUT: &str = "Unknown and server-owned members of a body are ignored; the `Ignored-Fields` header of the answer names them. \
     Every error is `application/problem+json`. Creating requests accept `Idempotency-Key`. The same paths stand under `/api/v1` and `/api`. \
     Live events: see the protocol of the WebSocket at `/ws`.";

/// The document of everything in the table.
#[must_use]
pub fn document() -> OpenApi {
    let paths = TABLE
        .iter()
        .chain(ELSEWHERE)
        .flat_map(operations)
        .fold(PathsBuilder::new(), |paths, (method, path, operation)| {
            paths.path(path, PathItem::new(method, operation))
        });
    let tags = [
        ("accounts", "Signing up and in, the own profile, the own devices"),
        ("images", "What people have uploaded"),
        ("people", "Other people"),
        ("conversations", "Direct and group conversations, and what is written in them"),
        ("subjects", "What people learn; rooms are about them"),
        ("rooms", "Conversations that people find and join by themselves"),
        ("conferences", "Audiences that join by code and vote"),
        ("live", "Receiving what happens without a WebSocket"),
        ("status board", "Which domains are blocked: brands, domains, what checkers report"),
        ("events", "Events with seats and a waiting list"),
        ("marketplace", "What is offered, carts, orders"),
        ("payments", "Paying orders, and what was paid"),
        ("administration", "For admins: keys of programs, roles"),
        ("operations", "The server itself"),
    ];
    let tags = tags.map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build());
    let servers = ["/api/v1", "/api"].map(|url| ServerBuilder::new().url(url).build());
    let info = InfoBuilder::new().title("Plenum").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT));
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths.build())
        .components(Some(components()))
        .tags(Some(tags))
        .servers(Some(servers))
        .build()
}

/// A row's operation, once for each of its paths.
fn operations(route: &Route) -> Vec<(HttpMethod, String, Operation)> {
    let main = (route.path)();
    let methods = (route.methods)();
    let own = methods.into_iter().map(|method| (method, main.clone(), operation(route, route.name.to_owned())));
    let aliases = route.aliases.iter().enumerate().filter_map(|(n, (name, path))| {
        let mut operation = operation(route, format!("{}_alias{}", route.name, n + 1));
        operation.description = Some(format!("The same as `{main}`."));
        Some((method_of(name)?, (*path).to_owned(), operation))
    });
    own.chain(aliases).collect()
}

fn method_of(name: &str) -> Option<HttpMethod> {
    use HttpMethod::{Delete, Get, Patch, Post, Put};
    [Get, Post, Put, Patch, Delete].into_iter().find(|method| method_name(method) == name)
}

/// What all operations share: the id from the table, the token, the form of errors.
fn operation(route: &Route, id: String) -> Operation {
    let mut operation = (route.operation)();
    operation.operation_id = Some(id);
    operation.tags = Some((route.tags)().into_iter().map(str::to_owned).collect());
    let problem = |about: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        RefOr::T(ResponseBuilder::new().description(about).content("application/problem+json", content).build())
    };
    let answers = &mut operation.responses.responses;
    as_problems(answers);
    answers.insert("default".to_owned(), problem("Refused"));
    if route.access == Access::Admin {
        answers.insert("403".to_owned(), problem("Not an admin"));
    }
    if route.access == Access::Person {
        answers.insert("403".to_owned(), problem("The token is for another kind of accounts"));
    }
    if route.access == Access::Seller {
        answers.insert("403".to_owned(), problem("Not a seller, or another seller's"));
    }
    if route.access == Access::Key {
        answers.insert("401".to_owned(), problem("No valid API key"));
        let either = ["apiKey", "apiKeyHeader"].map(|name| SecurityRequirement::new::<_, [&str; 0], &str>(name, []));
        operation.security = Some(either.into());
    }
    if matches!(route.access, Access::Bearer | Access::Person | Access::Seller | Access::Admin) {
        answers.insert("401".to_owned(), problem("No valid access token"));
        operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>("bearer", [])]);
    }
    operation
}

/// Errors that a handler describes itself have the media type of every error, too.
fn as_problems(answers: &mut BTreeMap<String, RefOr<Response>>) {
    for (status, answer) in answers.iter_mut() {
        if let RefOr::T(answer) = answer
            && status.starts_with(['4', '5'])
            && let Some(content) = answer.content.shift_remove("application/json")
        {
            answer.content.insert("application/problem+json".to_owned(), content);
        }
    }
}

fn components() -> Components {
    let mut schemas: Vec<(String, RefOr<Schema>)> =
        vec![(ProblemDocument::name().into_owned(), ProblemDocument::schema())];
    ProblemDocument::schemas(&mut schemas);
    for route in TABLE.iter().chain(ELSEWHERE) {
        (route.schemas)(&mut schemas);
    }
    schemas.sort_by(|(a, _), (b, _)| a.cmp(b));
    schemas.dedup_by(|(a, _), (b, _)| a == b);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    // `Authorization: ApiKey …` is no scheme that the document's language has a word for.
    let header =
        |name: &str, about: &str| SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, about)));
    ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .security_scheme("apiKey", header("Authorization", "`ApiKey` and the key"))
        .security_scheme("apiKeyHeader", header("X-Api-Key", "The key"))
        .build()
}
