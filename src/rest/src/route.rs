//! A route: its handler, its document and its aliases in one row of the table.

use actix_web::guard::{self, Guard};
use actix_web::http::Method;
use actix_web::{HttpResponse, Resource, Scope, web};
use plenum_http::{Problem, no_such_path};
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::{RefOr, Schema};

/// Who may use a route.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Access {
    /// Everybody.
    Open,
    /// Whoever has a valid access token.
    Bearer,
    /// Whoever has one of a person: not of a host, a speaker or an institution.
    Person,
    /// Whoever may sell, by their access token.
    Seller,
    /// Admins, by their access token.
    Admin,
    /// Programs with an API key; everybody where the operator allows it.
    Key,
}

/// One row of the table.
pub(crate) struct Route {
    /// `resource_action`: the operation's id in the document.
    pub name: &'static str,
    pub access: Access,
    /// Further methods and paths of the same handler.
    pub aliases: &'static [(&'static str, &'static str)],
    pub methods: fn() -> Vec<HttpMethod>,
    pub path: fn() -> String,
    pub operation: fn() -> Operation,
    pub tags: fn() -> Vec<&'static str>,
    pub schemas: fn(&mut Vec<(String, RefOr<Schema>)>),
    pub handler: fn() -> actix_web::Route,
}

/// A row from a module `resource::action` that has a function `handle` with a `utoipa::path` attribute.
macro_rules! route {
    ($access:ident $resource:ident :: $action:ident $(, $method:ident $alias:literal)*) => {
        $crate::route::Route {
            name: concat!(stringify!($resource), "_", stringify!($action)),
            access: $crate::route::Access::$access,
            aliases: &[$((stringify!($method), $alias)),*],
            methods: <$crate::$resource::$action::__path_handle as utoipa::Path>::methods,
            path: <$crate::$resource::$action::__path_handle as utoipa::Path>::path,
            operation: <$crate::$resource::$action::__path_handle as utoipa::Path>::operation,
            tags: <$crate::$resource::$action::__path_handle as utoipa::__dev::Tags<'static>>::tags,
            schemas: <$crate::$resource::$action::__path_handle as utoipa::__dev::SchemaReferences>::schemas,
            handler: || actix_web::web::route().to($crate::$resource::$action::handle),
        }
    };
}
pub(crate) use route;

/// A method and path that is served, for tests and documents.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Listed {
    /// Below the mount, as in `/conversations/{id}`.
    pub path: String,
    /// In capitals.
    pub method: &'static str,
    /// Who may use it.
    pub access: Access,
    /// Whether it needs an access token or key.
    pub needs_token: bool,
    /// Whether it is a second name of another row.
    pub is_alias: bool,
}

impl Route {
    fn access_needs_token(&self) -> bool {
        self.access != Access::Open
    }

    /// Every method and path of the row.
    pub fn listed(&self) -> Vec<Listed> {
        let listed = |method, path: String, is_alias| Listed {
            path,
            method,
            access: self.access,
            needs_token: self.access_needs_token(),
            is_alias,
        };
        let own = (self.methods)().into_iter().map(|method| listed(method_name(&method), (self.path)(), false));
        let others = self.aliases.iter().map(|(method, path)| listed(method, (*path).to_owned(), true));
        own.chain(others).collect()
    }
}

/// The method's name on the wire.
pub(crate) fn method_name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Head => "HEAD",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Trace => "TRACE",
    }
}

/// All rows under one prefix. Literal paths come before those with parameters, so that `users/me` is never taken for an id.
pub(crate) fn scope(prefix: &str, table: &[Route]) -> Scope {
    let mut served: Vec<(Listed, &Route)> =
        table.iter().flat_map(|route| route.listed().into_iter().map(move |one| (one, route))).collect();
    served.sort_by(|(a, _), (b, _)| (a.path.contains('{'), &a.path).cmp(&(b.path.contains('{'), &b.path)));
    let scope = served
        .chunk_by(|(a, _), (b, _)| a.path == b.path)
        .fold(web::scope(prefix), |scope, same| scope.service(resource(same)));
    scope.default_service(web::to(no_such_path))
}

/// All methods of one path, and 405 for the others.
fn resource(served: &[(Listed, &Route)]) -> Resource {
    let path = served.first().map_or("", |(one, _)| one.path.as_str());
    let mut allowed: Vec<Method> = served.iter().filter_map(|(one, _)| one.method.parse().ok()).collect();
    if allowed.contains(&Method::GET) {
        allowed.push(Method::HEAD);
    }
    let resource = served.iter().fold(web::resource(path), |resource, (one, route)| {
        resource.route((route.handler)().guard(accepting(one.method)))
    });
    resource.default_service(web::to(move || {
        let problem = Problem::method_not_allowed(&allowed);
        async move { Err::<HttpResponse, _>(problem) }
    }))
}

/// GET serves HEAD too: the same head, no body.
fn accepting(method: &'static str) -> impl Guard {
    guard::fn_guard(move |context| {
        let asked = context.head().method.as_str();
        asked == method || (method == "GET" && asked == "HEAD")
    })
}
