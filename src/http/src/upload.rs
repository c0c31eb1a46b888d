//! One file in a `multipart/form-data` body (RFC 7578), taken piece by piece and refused as soon as it cannot become right.

use crate::problem::Problem;
use actix_multipart::{Field, Multipart};
use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::rt::time::timeout;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use plenum_schema::{Refusal, RefusalCode};
use std::future::{Ready, ready};
use std::time::Duration;

/// Parts of a body that are looked at.
const MOST_PARTS: usize = 16;
/// Bytes of parts that nobody asked for, and of what stands between parts.
const MOST_ELSE: usize = 64 * 1024;
/// The longest name of a file, bytes.
const LONGEST_NAME: usize = 1_024;

/// A body that should hold a file. Nothing is looked at, so that who may not send one is told so first, until [`Self::file`] is called.
pub struct FileUpload {
    parts: Multipart,
    declared: Option<usize>,
    is_form: bool,
}

/// What is wanted of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Names its part may have.
    pub members: &'static [&'static str],
    /// Largest file, bytes.
    pub bytes: usize,
    /// How long all of the body may take.
    pub within: Duration,
    /// Bytes of the beginning that are enough to refuse it.
    pub telling: usize,
}

/// What a part says of its file. Nothing of it can be believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileHead {
    /// Its name, as the client has it.
    pub name: String,
    /// Its media type, without parameters; empty when there is none.
    pub media_type: String,
}

impl std::fmt::Debug for FileUpload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileUpload").field("declared", &self.declared).finish_non_exhaustive()
    }
}

impl FromRequest for FileUpload {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request.mime_type().ok().flatten();
        let is_form = kind.is_some_and(|kind| kind.essence_str() == "multipart/form-data");
        let length = request.headers().get(header::CONTENT_LENGTH);
        let declared = length.and_then(|length| length.to_str().ok()?.parse().ok());
        ready(Ok(Self { parts: Multipart::new(request.headers(), payload.take()), declared, is_form }))
    }
}

fn malformed(message: &'static str) -> Problem {
    Refusal::new(RefusalCode::Malformed, message).into()
}

fn unreadable<E>(_: E) -> Problem {
    malformed("the body is no multipart/form-data, or ends early")
}

/// What a part says of its file; `None` when it holds none.
fn head(field: &Field) -> Option<FileHead> {
    let disposition = field.content_disposition()?;
    let extended = disposition.get_filename_ext().and_then(|name| std::str::from_utf8(&name.value).ok());
    let name = extended.or_else(|| disposition.get_filename())?;
    let media_type = field.content_type().map(|kind| kind.essence_str().to_owned());
    let name = name.get(name.len().saturating_sub(LONGEST_NAME)..).unwrap_or_default();
    Some(FileHead { name: name.to_owned(), media_type: media_type.unwrap_or_default() })
}

impl FileUpload {
    /// Takes the file in. `check` is asked once, as soon as enough of its beginning is there, and may refuse it.
    ///
    /// # Errors
    /// 400 for what is no such body, 408, 413, 415 for another kind of body, 422 without a file in the part, and what `check` refuses with.
    pub async fn file<T>(
        self,
        wanted: Wanted,
        check: impl FnOnce(&FileHead, &[u8]) -> Result<T, Problem>,
    ) -> Result<(T, Bytes), Problem> {
        if !self.is_form {
            return Err(Problem::unsupported("expected multipart/form-data"));
        }
        if self.declared.is_some_and(|length| length > wanted.bytes + MOST_ELSE) {
            return Err(too_large(wanted));
        }
        let late = || Problem::of_status(StatusCode::REQUEST_TIMEOUT);
        timeout(wanted.within, take(self.parts, wanted, check)).await.map_err(|_| late())?
    }
}

fn member(wanted: Wanted) -> &'static str {
    wanted.members.first().copied().unwrap_or("file")
}

fn too_large(wanted: Wanted) -> Problem {
    let message = format!("the file is larger than {} bytes", wanted.bytes);
    Refusal::field(RefusalCode::TooLarge, member(wanted), message).into()
}

async fn take<T>(
    mut parts: Multipart,
    wanted: Wanted,
    check: impl FnOnce(&FileHead, &[u8]) -> Result<T, Problem>,
) -> Result<(T, Bytes), Problem> {
    let (mut taken, mut check, mut seen, mut elsewhere) = (None, Some(check), 0, 0);
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(unreadable)?;
        seen += 1;
        if seen > MOST_PARTS {
            return Err(malformed("the body has too many parts"));
        }
        let is_it = part.name().is_some_and(|name| wanted.members.contains(&name));
        if !is_it {
            skip(&mut part, &mut elsewhere).await?;
            continue;
        }
        let check = check.take().ok_or_else(|| malformed("the body has more than one file"))?;
        taken = Some(whole(&mut part, wanted, check).await?);
    }
    let nothing = || {
        let name = member(wanted);
        Refusal::field(RefusalCode::Invalid, name, format!("a file in the part {name} is required"))
    };
    taken.ok_or_else(|| nothing().into())
}

async fn skip(part: &mut Field, so_far: &mut usize) -> Result<(), Problem> {
    while let Some(chunk) = part.next().await {
        *so_far += chunk.map_err(unreadable)?.len();
        if *so_far > MOST_ELSE {
            return Err(Refusal::new(RefusalCode::TooLarge, "the body has too much besides the file").into());
        }
    }
    Ok(())
}

async fn whole<T>(
    part: &mut Field,
    wanted: Wanted,
    check: impl FnOnce(&FileHead, &[u8]) -> Result<T, Problem>,
) -> Result<(T, Bytes), Problem> {
    let no_file = || Refusal::field(RefusalCode::Invalid, member(wanted), "a file with a name is required");
    let head = head(part).ok_or_else(no_file)?;
    let (mut check, mut told, mut bytes) = (Some(check), None, BytesMut::new());
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(unreadable)?;
        if bytes.len() + chunk.len() > wanted.bytes {
            return Err(too_large(wanted));
        }
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= wanted.telling
            && let Some(check) = check.take()
        {
            told = Some(check(&head, &bytes)?);
        }
    }
    if let Some(check) = check.take() {
        told = Some(check(&head, &bytes)?);
    }
    told.map(|told| (told, bytes.freeze())).ok_or_else(|| malformed("the file is empty"))
}
