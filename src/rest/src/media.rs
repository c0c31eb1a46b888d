//! Images: taken in, and shown.

pub(crate) mod get;

use crate::state::RestState;
use actix_web::HttpRequest;
use plenum_http::{Answer, Caller, FileHead, FileUpload, Problem, Wanted};
use plenum_schema::UserId;
use plenum_services::images::{ImageKind, Purpose, TELLING_BYTES, Upload};
use std::time::Duration;

/// The form of an uploaded picture of a person, for the document.
#[derive(utoipa::ToSchema)]
#[schema(as = AvatarForm)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct AvatarForm {
    /// jpeg, png, webp or gif, by content, name and declared type.
    #[schema(value_type = String, format = Binary)]
    avatar: Vec<u8>,
}

/// The form of any other uploaded image, for the document.
#[derive(utoipa::ToSchema)]
#[schema(as = ImageForm)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct ImageForm {
    /// jpeg, png, webp or gif, by content, name and declared type.
    #[schema(value_type = String, format = Binary)]
    image: Vec<u8>,
}

fn proved(head: &FileHead, first: &[u8]) -> Result<ImageKind, Problem> {
    ImageKind::proved(first, &head.name, &head.media_type).map_err(|wrong| Problem::unsupported(wrong.to_string()))
}

/// Counts an upload of this person. To be asked before anything of its body is read.
pub(crate) fn count(state: &RestState, user: UserId, request: &HttpRequest) -> Answer<()> {
    Ok(state.uploads.check_for(request, user, state.clock.mono())?)
}

/// Takes in the one image of a body.
pub(crate) async fn receive(state: &RestState, body: FileUpload, purpose: Purpose) -> Answer<Upload> {
    let config = state.places.images.config();
    let (members, bytes): (&'static [&'static str], usize) = match purpose {
        Purpose::Avatar => (&["avatar"], config.avatar_bytes),
        Purpose::Product => (&["image", "images"], config.image_bytes),
        Purpose::Event | Purpose::Question => (&["image"], config.image_bytes),
    };
    let within = Duration::from_millis(config.receive_within_ms);
    let wanted = Wanted { members, bytes, within, telling: TELLING_BYTES };
    let (kind, file) = body.file(wanted, proved).await?;
    Ok(Upload { kind, file })
}

/// Whether the caller is an admin, for whom everybody's things are open.
pub(crate) async fn is_admin(state: &RestState, caller: &Caller) -> Answer<bool> {
    crate::users::view::is_admin(state, caller).await
}
