//! The web pages of the server, compiled into the binary: the chat page at `/`, the pages of conferences (`/join`, `/host`,
//! `/screen`, `/report`, `/verify`), the status board at `/status`, those of the community (`/events`, `/market`, `/profile`, `/admin`), and their files below `/assets`.
//!
//! In a release build the files of `web/` are part of the binary; in a debug build they are read from the source tree at
//! each request, so that a change shows after a reload.
//!
//! Files are addressed by what they contain: the page names them below `/assets/v-<digest of all files>/`, so a browser
//! may keep them for ever and still never mixes files of two versions. ES modules import each other by relative paths
//! and stay inside that folder. Any other path below `/assets` gives the present file and is revalidated by its `ETag`.

mod assets;
mod config;
mod headers;
mod packed;
mod page;
mod root;
mod saved;

pub use config::PagesConfig;

use crate::packed::Packed;
use crate::page::PAGES;
use actix_web::HttpRequest;
use actix_web::web::{self, Data, ServiceConfig};

/// What the server calls itself to those who do not ask for HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// For example `plenum`.
    pub name: String,
    /// For example `0.1.0`.
    pub version: String,
    /// What may be shown elsewhere.
    pub pages: PagesConfig,
}

/// Adds `/`, `/favicon.ico`, the pages of conferences and `/assets/**` to an app.
///
/// `/` is the page for whoever accepts `text/html`, and `{"name", "status", "version"}` for everyone else. All paths
/// answer GET and HEAD; other methods get 405. Texts are sent compressed to whoever takes gzip.
///
/// ```
/// let product = plenum_pages::Product { name: "plenum".into(), version: "0.1.0".into(), pages: Default::default() };
/// let app = actix_web::App::new().configure(|cfg| plenum_pages::configure(cfg, product));
/// # drop(app);
/// ```
pub fn configure(cfg: &mut ServiceConfig, product: Product) {
    cfg.app_data(Data::new(Packed::default()));
    for (path, file) in PAGES {
        let show = move |request: HttpRequest, packed: Data<Packed>| async move { page::page(&request, &packed, file) };
        cfg.service(web::resource(path).route(web::get().to(show)).route(web::head().to(show)));
    }
    if let Some(policy) =
        headers::framed_policy(&product.pages.framed_by).filter(|_| !product.pages.framed_by.is_empty())
    {
        let show = move |request: HttpRequest, packed: Data<Packed>| {
            let policy = policy.clone();
            async move { page::embedded(&request, &packed, policy) }
        };
        cfg.service(web::resource("/embed/{code}").route(web::get().to(show.clone())).route(web::head().to(show)));
    }
    cfg.service(web::resource(saved::ADDRESS).route(web::get().to(saved::answer)).route(web::head().to(saved::answer)));
    cfg.service(
        web::resource("/")
            .app_data(Data::new(product))
            .route(web::get().to(root::answer))
            .route(web::head().to(root::answer)),
    );
    cfg.service(web::resource("/favicon.ico").route(web::get().to(assets::icon)).route(web::head().to(assets::icon)));
    cfg.service(
        web::resource("/assets/{path:.*}").route(web::get().to(assets::answer)).route(web::head().to(assets::answer)),
    );
}
