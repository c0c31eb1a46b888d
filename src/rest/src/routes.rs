//! The table of routes: all of REST.

use crate::route::{Listed, Route, route, scope};
use crate::state::RestState;
use crate::{codes, operations};
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use plenum_http::{Answer, Problem, readable};

/// Every route. A new one stands here and in its own file, nowhere else.
pub(crate) const TABLE: &[Route] = &[
    route!(Open auth::register, POST "/auth/signup"),
    route!(Open auth::login),
    route!(Open auth::refresh, POST "/auth/refresh-token"),
    route!(Bearer auth::me, GET "/auth/profile", GET "/users/me"),
    route!(Bearer auth::update_profile, PUT "/users/me", PUT "/user/profile", PATCH "/users/profile"),
    route!(Bearer auth::upload_avatar),
    route!(Bearer auth::drop_avatar),
    route!(Open media::get),
    route!(Bearer auth::change_password),
    route!(Bearer auth::logout),
    route!(Bearer auth::devices),
    route!(Bearer auth::ticket),
    route!(Bearer auth::end_device),
    route!(Open codes::send, POST "/auth/send-otp-signup", POST "/auth/send-phone-otp-signup", POST "/auth/phone/send-otp"),
    route!(Open codes::sign_in, POST "/auth/verify-otp-signup", POST "/auth/verify-phone-otp-signup", POST "/auth/phone/verify"),
    route!(Open codes::send_check),
    route!(Open codes::check),
    route!(Bearer codes::email_send),
    route!(Bearer codes::email_verify),
    route!(Bearer codes::phone_send),
    route!(Bearer codes::phone_verify),
    route!(Open google::verify),
    route!(Open google::start),
    route!(Open google::callback),
    route!(Open kinds::host_register),
    route!(Open kinds::host_login),
    route!(Open kinds::speaker_register),
    route!(Open kinds::speaker_login),
    route!(Open kinds::university_register),
    route!(Open kinds::university_login),
    route!(Open kinds::university_verify),
    route!(Bearer users::list),
    route!(Bearer users::leaderboard),
    route!(Bearer users::profile),
    route!(Bearer users::get),
    route!(Bearer users::update),
    route!(Bearer users::lookup),
    route!(Open subjects::list),
    route!(Bearer subjects::create),
    route!(Bearer subjects::remove),
    route!(Bearer users::presence),
    route!(Bearer users::blocked),
    route!(Bearer users::block),
    route!(Bearer users::unblock),
    route!(Bearer users::delete),
    route!(Bearer conversations::list, GET "/chat/conversations", GET "/conversations"),
    route!(Bearer conversations::create),
    route!(Bearer conversations::get),
    route!(Bearer conversations::set_title),
    route!(Bearer conversations::members),
    route!(Bearer conversations::add_member),
    route!(Bearer conversations::remove_member),
    route!(Bearer conversations::messages),
    route!(Bearer conversations::direct_messages),
    route!(Bearer conversations::room_messages),
    route!(Bearer conversations::search),
    route!(Bearer conversations::send),
    route!(Bearer conversations::edit_message),
    route!(Bearer conversations::delete_message),
    route!(Bearer conversations::react),
    route!(Bearer conversations::unreact),
    route!(Bearer conversations::mute),
    route!(Bearer conversations::unmute),
    route!(Bearer conversations::archive),
    route!(Bearer conversations::unarchive),
    route!(Open rooms::list),
    route!(Open rooms::get),
    route!(Bearer rooms::create),
    route!(Bearer rooms::update),
    route!(Bearer rooms::close),
    route!(Bearer rooms::join),
    route!(Bearer rooms::leave),
    route!(Bearer rooms::members),
    route!(Bearer conversations::mark),
    route!(Bearer conversations::readers),
    route!(Bearer conversations::presence),
    route!(Bearer conferences::list),
    route!(Bearer conferences::create),
    route!(Open conferences::get),
    route!(Open conferences::by_code),
    route!(Open conferences::qr),
    route!(Bearer conferences::update),
    route!(Bearer conferences::start),
    route!(Bearer conferences::end),
    route!(Bearer conferences::anonymise),
    route!(Bearer conferences::delete),
    route!(Open conferences::join),
    route!(Bearer conferences::add_speaker),
    route!(Bearer conferences::add_host),
    route!(Bearer conferences::token),
    route!(Bearer conferences::invitations),
    route!(Bearer conferences::invite),
    route!(Bearer conferences::roster),
    route!(Bearer conferences::roster_add),
    route!(Bearer conferences::roster_drop),
    route!(Bearer conferences::hooks),
    route!(Bearer conferences::hook_add),
    route!(Bearer conferences::hook_drop),
    route!(Bearer conferences::participants),
    route!(Bearer conferences::weigh),
    route!(Open conferences::questions),
    route!(Bearer conferences::add_question),
    route!(Bearer conferences::add_image),
    route!(Bearer conferences::order),
    route!(Open conferences::question),
    route!(Bearer conferences::change_question),
    route!(Bearer conferences::drop_question),
    route!(Bearer conferences::live),
    route!(Bearer conferences::close),
    route!(Bearer conferences::show),
    route!(Bearer conferences::freeze),
    route!(Bearer conferences::hide_word),
    route!(Open conferences::survey),
    route!(Bearer conferences::survey_live),
    route!(Bearer conferences::survey_close),
    route!(Bearer conferences::vote),
    route!(Bearer conferences::withdraw),
    route!(Bearer conferences::react),
    route!(Open conferences::results),
    route!(Open conferences::all_results),
    route!(Open conferences::sheet),
    route!(Bearer conferences::report),
    route!(Bearer board::list),
    route!(Bearer board::ask),
    route!(Bearer board::upvote),
    route!(Bearer board::unvote),
    route!(Bearer board::moderate),
    route!(Bearer brands::list),
    route!(Admin brands::create),
    route!(Bearer brands::get),
    route!(Admin brands::update),
    route!(Admin brands::remove),
    route!(Bearer domains::list),
    route!(Admin domains::create),
    route!(Bearer domains::get),
    route!(Admin domains::update),
    route!(Admin domains::remove),
    route!(Bearer domains::history),
    route!(Bearer domains::uptime),
    route!(Key checkers::urls),
    route!(Key checkers::update),
    route!(Open events::list),
    route!(Open events::get),
    route!(Bearer events::create),
    route!(Bearer events::change),
    route!(Bearer events::remove),
    route!(Bearer events::set_image),
    route!(Bearer events::join),
    route!(Bearer events::leave),
    route!(Bearer events::participants),
    route!(Open events::calendar),
    route!(Open marketplace::products, GET "/products"),
    route!(Open marketplace::product, GET "/products/{id}"),
    route!(Seller marketplace::offer, POST "/products"),
    route!(Seller marketplace::change_product, PUT "/products/{id}"),
    route!(Seller marketplace::withdraw, DELETE "/products/{id}"),
    route!(Seller marketplace::add_image, POST "/products/{id}/images"),
    route!(Seller marketplace::inventory, GET "/inventory/{productId}"),
    route!(Seller marketplace::set_inventory, PUT "/inventory/{productId}"),
    route!(Person marketplace::cart, GET "/cart"),
    route!(Person marketplace::put_in_cart, POST "/cart", PUT "/marketplace/cart"),
    route!(Person marketplace::clear_cart, DELETE "/cart"),
    route!(Person marketplace::take_from_cart, DELETE "/cart/{productId}"),
    route!(Person marketplace::order, POST "/orders"),
    route!(Person marketplace::orders, GET "/orders"),
    route!(Person marketplace::one_order, GET "/orders/{id}"),
    route!(Person marketplace::cancel, POST "/orders/{id}/cancel"),
    route!(Seller marketplace::set_status, PUT "/orders/{id}/status"),
    route!(Person marketplace::apply, POST "/seller-applications"),
    route!(Admin marketplace::applications, GET "/seller-applications"),
    route!(Admin marketplace::decide, PUT "/seller-applications/{id}"),
    route!(Person payments::create_intent),
    route!(Open payments::webhook),
    route!(Person payments::history),
    route!(Admin api_keys::list),
    route!(Admin api_keys::create),
    route!(Admin api_keys::rotate),
    route!(Admin api_keys::revoke),
    route!(Admin users::set_role),
    route!(Admin users::set_active),
    route!(Bearer board::merge),
    route!(Bearer board::reply),
    route!(Bearer board::drop_reply),
    route!(Open operations::summary),
    route!(Open operations::openapi),
    route!(Open operations::docs),
];

/// What the edge answers below the same prefixes: in the document, not mounted here.
pub(crate) const ELSEWHERE: &[Route] = &[
    route!(Bearer live::stream),
    route!(Open live::open),
    route!(Open live::fetch),
    route!(Open live::commands),
    route!(Open live::leave),
];

/// Mounts everything: the table under `/api/v1` and `/api`, the documentation's assets, `/docs` and the public keys.
pub fn configure(config: &mut ServiceConfig, state: RestState) {
    config.app_data(web::Data::new(state));
    for prefix in ["/api/v1", "/api"] {
        config.service(scope(prefix, TABLE).service(operations::docs::assets()));
    }
    // Older clients ask for these at the root.
    config.service(
        web::resource("/send-otp").route(web::post().to(codes::send_check::handle)).default_service(web::to(only_post)),
    );
    config.service(
        web::resource("/verify-otp").route(web::post().to(codes::check::handle)).default_service(web::to(only_post)),
    );
    config.service(readable("/docs", operations::docs::redirect));
    config.service(readable("/.well-known/jwks.json", operations::jwks::handle));
}

async fn only_post() -> Answer {
    Err(Problem::method_not_allowed(&[Method::POST]))
}

/// Every method and path below a mount, sorted.
#[must_use]
pub fn listed() -> Vec<Listed> {
    let mut all: Vec<Listed> = TABLE.iter().flat_map(Route::listed).collect();
    all.sort();
    all
}

/// Every method and path that the document describes and the edge answers, sorted.
#[must_use]
pub fn listed_elsewhere() -> Vec<Listed> {
    let mut all: Vec<Listed> = ELSEWHERE.iter().flat_map(Route::listed).collect();
    all.sort();
    all
}
