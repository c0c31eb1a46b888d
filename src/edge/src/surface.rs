//! Receiving over plain HTTP: the routes that the `App` of each worker takes from the edge, beside REST and pages.

use crate::native::{Edge, Worker};
use crate::{poll, stream};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use plenum_actors::connection::Shared;
use plenum_http::{Body, Problem, Query};
use prometheus::{IntGauge, Registry};
use serde::de::IgnoredAny;
use std::rc::Rc;
use std::sync::Arc;

/// What streams and polling connections count; the hub counts them among its connections too.
#[derive(Clone, Debug)]
pub struct PlainMetrics {
    /// Streams of server-sent events open now.
    pub streams: IntGauge,
    /// Polling connections open now.
    pub polls: IntGauge,
}

impl PlainMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When one of the names is taken in the registry.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let streams = IntGauge::new("plenum_streams", "open streams of server-sent events")?;
        let polls = IntGauge::new("plenum_polls", "open polling connections")?;
        registry.register(Box::new(streams.clone()))?;
        registry.register(Box::new(polls.clone()))?;
        Ok(Self { streams, polls })
    }
}

/// A worker's routes. Cheap to clone.
#[derive(Clone)]
pub struct Surface {
    worker: Rc<Worker>,
}

impl Surface {
    pub(crate) fn new(worker: Rc<Worker>) -> Self {
        Self { worker }
    }

    pub(crate) fn edge(&self) -> &Arc<Edge> {
        &self.worker.edge
    }

    pub(crate) fn shared(&self) -> &Rc<Shared> {
        &self.worker.shared
    }

    pub(crate) fn metrics(&self) -> &PlainMetrics {
        &self.worker.edge.plain_metrics
    }

    /// Mounts everything below `/api/v1` and `/api`. Call it before a scope of these names is mounted.
    pub fn configure(&self, config: &mut ServiceConfig) {
        for prefix in ["/api/v1", "/api"] {
            config.service(self.streams(&format!("{prefix}/stream")));
            config.service(self.polls(&format!("{prefix}/poll")));
            config.service(self.commands(&format!("{prefix}/poll/commands")));
        }
    }

    fn streams(&self, path: &str) -> actix_web::Resource {
        let surface = self.clone();
        let open =
            move |request: HttpRequest, query: Query<stream::Asked>| stream::handle(surface.clone(), request, query.0);
        web::resource(path).route(web::get().to(open)).default_service(only("GET"))
    }

    fn polls(&self, path: &str) -> actix_web::Resource {
        let (one, two, three) = (self.clone(), self.clone(), self.clone());
        let open = move |request: HttpRequest| {
            let surface = one.clone();
            async move { poll::open(&surface, &request) }
        };
        let fetch = move |request: HttpRequest, query: Query<poll::Asked>| poll::fetch(two.clone(), request, query.0);
        let leave = move |request: HttpRequest| poll::leave(three.clone(), request);
        web::resource(path)
            .route(web::post().to(open))
            .route(web::get().to(fetch))
            .route(web::delete().to(leave))
            .default_service(only("GET, POST, DELETE"))
    }

    fn commands(&self, path: &str) -> actix_web::Resource {
        let surface = self.clone();
        let give = move |request: HttpRequest, body: Body<IgnoredAny>| poll::give(surface.clone(), request, body);
        web::resource(path).route(web::post().to(give)).default_service(only("POST"))
    }
}

/// 405 with the methods that would do.
fn only(methods: &'static str) -> actix_web::Route {
    web::to(move || async move {
        let known: Vec<_> = methods.split(", ").filter_map(|method| method.parse().ok()).collect();
        Err::<HttpResponse, _>(Problem::method_not_allowed(&known))
    })
}
