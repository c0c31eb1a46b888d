use crate::state::RestState;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use plenum_http::{Answer, Id, Piece, Query, piece};
use plenum_schema::{ImageId, UserId};
use plenum_services::images::{Shown, Ticket};
use serde::Deserialize;

/// Opens an image that not everybody may see; addresses that need it are given out with it.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TicketParams {
    /// For whom the address was made.
    user: Option<String>,
    /// Until when it is good, seconds since 1970.
    expires: Option<u64>,
    /// Hexadecimal digits.
    signature: Option<String>,
}

impl TicketParams {
    fn ticket(self) -> Option<Ticket> {
        let user: UserId = self.user?.parse().ok()?;
        Some(Ticket { user, expires: self.expires?, signature: self.signature? })
    }
}

/// An image
///
/// Known by `ETag` and in parts by `Range`. Its bytes never change.
#[utoipa::path(get, path = "/media/{id}", tag = "images",
    params(("id" = uuid::Uuid, Path, description = "The image"), TicketParams,
        ("Range" = Option<String>, Header, description = "One range of bytes"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` that is known")),
    responses((status = 200, description = "Its bytes: JPEG or PNG", content_type = "image/*", body = String),
        (status = 206, description = "Some of them", content_type = "image/*", body = String),
        (status = 304, description = "The client has it"),
        (status = 403, description = "The address is not valid any more", body = crate::openapi::ProblemDocument),
        (status = 404, description = "There is none", body = crate::openapi::ProblemDocument),
        (status = 416, description = "The range lies behind the end", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    request: HttpRequest,
    state: web::Data<RestState>,
    id: Id<ImageId>,
    params: Query<TicketParams>,
) -> Answer {
    let images = &state.places.images;
    let shown = images.image(id.0, params.0.ticket().as_ref()).await?;
    let (tag, length) = (shown.tag(), shown.length());
    let (status, part) = match piece(&request, &tag, length)? {
        Piece::Unchanged => (StatusCode::NOT_MODIFIED, None),
        Piece::Whole => (StatusCode::OK, Some(0..length)),
        Piece::Part(part) => (StatusCode::PARTIAL_CONTENT, Some(part)),
    };
    let mut answer = dressed(status, &shown, images.config().max_age_s);
    answer.insert_header((header::ETAG, format!("\"{tag}\"")));
    let Some(part) = part else { return Ok(answer.finish()) };
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {}-{}/{length}", part.start, part.end.saturating_sub(1));
        answer.insert_header((header::CONTENT_RANGE, range));
    }
    let bytes = images.bytes(&shown, part).await?;
    Ok(answer.insert_header((header::CONTENT_TYPE, shown.media_type())).body(bytes))
}

/// What all answers say: how long it may be kept and by whom, that it is an image and nothing else, and that pages of other sites may
/// show what everybody may see.
fn dressed(status: StatusCode, shown: &Shown, max_age_s: u64) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    let (keep, site) = if shown.is_public {
        (format!("public, max-age={max_age_s}, immutable"), "cross-origin")
    } else {
        ("private, no-store".to_owned(), "same-site")
    };
    answer.insert_header((header::CACHE_CONTROL, keep));
    answer.insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, site));
    answer.insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'"));
    answer.insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    answer.insert_header((header::ACCEPT_RANGES, "bytes"));
    let ending = if shown.media_type() == "image/png" { "png" } else { "jpg" };
    let name = HeaderName::from_static("content-disposition");
    answer.insert_header((name, format!("inline; filename=\"image.{ending}\"")));
    answer
}
