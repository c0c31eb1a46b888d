//! Files below `/assets`.

use crate::headers::{secure, secure_file};
use crate::packed::Packed;
use crate::page::accepts;
use actix_web::http::header::{self, ETag, EntityTag, Header as _, IfNoneMatch};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::fmt::Write as _;

/// All files of `web/`.
#[derive(RustEmbed)]
#[folder = "../../web"]
pub struct Files;

/// A year: what browsers take for "for ever".
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Keep, but ask each time whether it is still the same.
pub const REVALIDATE: &str = "no-cache";

/// `v-` and a digest of every file: the folder that the page's files are addressed in.
///
/// In a release build the file hashes are constants; in a debug build they follow the source tree.
#[must_use]
pub fn version() -> String {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort_unstable();
    let mut folded = [0_u8; 8];
    for file in names.iter().filter_map(|name| Files::get(name)) {
        for (i, byte) in file.metadata.sha256_hash().iter().enumerate() {
            // Each hash is rotated in: the order of files counts. Not a secret, only a name.
            folded[i % 8] = folded[i % 8].rotate_left(3) ^ byte;
        }
    }
    format!("v-{}", hex(&folded))
}

/// `GET /assets/{path}`.
pub async fn answer(request: HttpRequest, path: Path<String>, packed: Data<Packed>) -> HttpResponse {
    let (name, cache) = match path.split_once('/') {
        Some((folder, rest)) if folder == version() => (rest, FOR_EVER),
        // Another version, during an upgrade of several nodes: better the present file than none, but not for ever.
        Some((folder, rest)) if is_version(folder) => (rest, REVALIDATE),
        _ => (path.as_str(), REVALIDATE),
    };
    // A debug build reads the file system, where `..` means something.
    let plain = name.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    match Files::get(&format!("assets/{name}")).filter(|_| plain) {
        Some(file) => file_answer(&request, &packed, name, file, cache),
        None => secure(&mut HttpResponse::NotFound()).insert_header((header::CACHE_CONTROL, "no-store")).finish(),
    }
}

/// `GET /favicon.ico`: what browsers ask for on pages that name no icon, such as JSON.
pub async fn icon(request: HttpRequest, packed: Data<Packed>) -> HttpResponse {
    match Files::get("assets/logo.svg") {
        Some(file) => file_answer(&request, &packed, "logo.svg", file, REVALIDATE),
        // Only a debug build can get here: the source tree has gone.
        None => secure(&mut HttpResponse::NotFound()).finish(),
    }
}

fn is_version(folder: &str) -> bool {
    folder.strip_prefix("v-").is_some_and(|hex| hex.len() == 16 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn file_answer(
    request: &HttpRequest,
    packed: &Packed,
    name: &str,
    file: EmbeddedFile,
    cache: &'static str,
) -> HttpResponse {
    // Half of the hash tells files apart as well, and a page of thirty files is a kilobyte shorter.
    let tag = hex(&file.metadata.sha256_hash()[..16]);
    let body = Bytes::from(file.data.into_owned());
    conditional(request, packed, Content { name, tag, cache, content_type: content_type(name), body })
}

/// What an address shows.
pub struct Content<'a> {
    /// The file.
    pub name: &'a str,
    /// What it contains, in short.
    pub tag: String,
    /// For `Cache-Control`.
    pub cache: &'static str,
    /// For `Content-Type`.
    pub content_type: &'static str,
    /// All of it.
    pub body: Bytes,
}

/// The body with its tag, compressed for whoever takes that, or 304 when the client has it already.
pub fn conditional(request: &HttpRequest, packed: &Packed, content: Content<'_>) -> HttpResponse {
    let Content { name, tag, cache, content_type, body } = content;
    let is_text = content_type != "image/png" && content_type != "application/octet-stream";
    let takes_gzip = is_text && accepts(request, &header::ACCEPT_ENCODING, "gzip");
    let tag = EntityTag::new_strong(if takes_gzip { format!("{tag}-gzip") } else { tag });
    let known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        // If-None-Match compares weakly (RFC 9110 §13.1.2): a proxy that compresses may have weakened the tag.
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|seen| seen.weak_eq(&tag)),
        Err(_) => false,
    };
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    let short = (takes_gzip && !known).then(|| packed.of(name, tag.tag(), &body)).flatten();
    let is_page = content_type.starts_with("text/html");
    let dressed = if is_page { secure(&mut answer) } else { secure_file(&mut answer) };
    dressed.insert_header(ETag(tag)).insert_header((header::CACHE_CONTROL, cache));
    if is_text {
        answer.insert_header((header::VARY, "Accept-Encoding"));
    }
    if known {
        return answer.finish();
    }
    answer.insert_header((header::CONTENT_TYPE, content_type));
    match short {
        Some(short) => answer.insert_header((header::CONTENT_ENCODING, "gzip")).body(short),
        None => answer.body(body),
    }
}

/// By extension; every kind of file that lies in `web/` is listed, which a test checks.
#[must_use]
pub fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
