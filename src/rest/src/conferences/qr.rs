use crate::state::RestState;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Id, Query, reached_at};
use plenum_schema::{ConferenceId, Refusal, RefusalCode};
use qrcode::render::svg;
use qrcode::types::QrError;
use qrcode::{Color, EcLevel, QrCode};
use serde::Deserialize;

/// Draws a code: its content type and bytes.
type Draw = fn(&QrCode) -> Result<(&'static str, Vec<u8>), Refusal>;

/// Modules of light around the code, as its standard wants (ISO/IEC 18004 §6.3.8).
const QUIET: usize = 4;
/// Pixels of a module in a PNG: a link gives about 300 pixels a side.
const PIXELS: usize = 8;

/// In which form.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Form {
    /// `svg` (default) or `png`.
    format: Option<String>,
}

/// The link with which people join, as a QR code
///
/// It leads to `/join/{code}` on the host by which this request came.
#[utoipa::path(get, path = "/conference/{id}/qr", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference"), Form),
    responses((status = 200, description = "A picture, black on white", content_type = "image/svg+xml", body = String)))]
pub async fn handle(
    request: HttpRequest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    form: Query<Form>,
) -> Answer {
    let draw: Draw = match form.0.format.as_deref() {
        None | Some("svg") => |code| Ok(("image/svg+xml", drawn(code).into_bytes())),
        Some("png") => |code| Ok(("image/png", painted(code).map_err(|error| failed(&error))?)),
        Some(_) => return Err(Refusal::field(RefusalCode::Invalid, "format", "a QR code is svg or png").into()),
    };
    let view = state.conferences.view(id.0, None).await?;
    let host = reached_at(&request).ok_or_else(|| {
        Refusal::field(RefusalCode::Invalid, "host", "the request does not say by which host it came")
    })?;
    let code = encoded(&format!("{host}/join/{}", view.code)).map_err(|error| failed(&error))?;
    let (kind, picture) = draw(&code)?;
    Ok(HttpResponse::Ok()
        .content_type(kind)
        // The code of a conference never changes; the host may.
        .insert_header((header::CACHE_CONTROL, "private, max-age=300"))
        .insert_header((header::VARY, "Host"))
        .body(picture))
}

/// Nothing that a caller can bring about: a host and a code are far below what fits into a QR code.
fn failed(error: &dyn std::error::Error) -> Refusal {
    tracing::error!(%error, "a QR code could not be made");
    Refusal::new(RefusalCode::Internal, "the picture could not be made")
}

/// With 15 % of redundancy: read from a screen, not from a wet parcel.
fn encoded(link: &str) -> Result<QrCode, QrError> {
    QrCode::with_error_correction_level(link, EcLevel::M)
}

fn drawn(code: &QrCode) -> String {
    code.render::<svg::Color<'_>>().min_dimensions(240, 240).build()
}

/// One bit a pixel.
fn painted(code: &QrCode) -> Result<Vec<u8>, png::EncodingError> {
    let modules = code.width();
    let side = (modules + 2 * QUIET) * PIXELS;
    let colors = code.to_colors();
    let is_dark = |x: usize, y: usize| {
        let (column, row) = ((x / PIXELS).checked_sub(QUIET), (y / PIXELS).checked_sub(QUIET));
        let (Some(column), Some(row)) = (column, row) else { return false };
        column < modules && colors.get(row * modules + column) == Some(&Color::Dark)
    };
    // PIXELS is 8, so a row is whole bytes; a set bit is white.
    let byte = |y: usize, first: usize| (0..8).fold(0_u8, |bits, i| (bits << 1) | u8::from(!is_dark(first * 8 + i, y)));
    let pixels: Vec<u8> =
        (0..side).flat_map(|y| (0..side / 8).map(move |first| (y, first))).map(|(y, f)| byte(y, f)).collect();
    let mut picture = Vec::new();
    let length = u32::try_from(side).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut picture, length, length);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::{PIXELS, QUIET, drawn, encoded, painted};
    use qrcode::Color;

    const LINK: &str = "https://chat.example.org/join/K7WQ2P";

    #[test]
    fn a_drawing_is_svg_with_light_around_it() {
        let svg = drawn(&encoded(LINK).unwrap());
        assert!(svg.starts_with("<?xml") && svg.contains("<svg") && svg.contains("#fff"), "{svg}");
    }

    #[test]
    fn a_painting_has_the_modules_of_the_code_and_light_around_them() {
        let code = encoded(LINK).unwrap();
        let painting = painted(&code).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(painting)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.width as usize, (code.width() + 2 * QUIET) * PIXELS);
        let is_dark = |column: usize, row: usize| pixels[row * PIXELS * info.line_size + column] == 0;
        for row in 0..code.width() + 2 * QUIET {
            for column in 0..code.width() + 2 * QUIET {
                let inside = |at: usize| (QUIET..QUIET + code.width()).contains(&at);
                let expected = inside(row) && inside(column) && code[(column - QUIET, row - QUIET)] == Color::Dark;
                assert_eq!(is_dark(column, row), expected, "{column} {row}");
            }
        }
    }
}
