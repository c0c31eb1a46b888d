//! Making an image anew from its pixels, so that nothing else of the uploaded file is kept: no place and no camera, no text, no archive
//! behind the end.

use super::kind::ImageKind;
use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};
use plenum_actors::clock::SharedClock;
use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

/// Of photographs: a fifth of the size of what can hardly be told from it.
const JPEG_QUALITY: u8 = 85;

/// What an image may be, and what is to become of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shape {
    /// Longest side afterwards.
    pub side: u32,
    /// Most pixels before.
    pub pixels: u64,
    /// Most memory for it.
    pub memory_bytes: u64,
}

/// An image made anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Picture {
    pub kind: ImageKind,
    pub width: u32,
    pub height: u32,
    pub bytes: Bytes,
}

/// Why an image was not made anew.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Unfit {
    /// It has so many pixels that they are not looked at.
    #[error("the image has more than {0} pixels, or takes too much memory")]
    TooManyPixels(u64),
    /// It ends early or is damaged.
    #[error("the image is damaged or incomplete")]
    Damaged,
    /// It took too long.
    #[error("the image took too long")]
    Late,
}

/// A file in memory that cannot be read any more after a moment: what takes it apart ends there.
struct Timed {
    file: Cursor<Bytes>,
    clock: SharedClock,
    until: u64,
}

impl Timed {
    fn check(&self) -> io::Result<()> {
        if self.clock.mono() < self.until { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
    }
}

impl Read for Timed {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.file.read(to)
    }
}

impl BufRead for Timed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.file.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.file.consume(amount);
    }
}

impl Seek for Timed {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn unfit(error: &ImageError, shape: Shape) -> Unfit {
    match error {
        ImageError::Limits(_) => Unfit::TooManyPixels(shape.pixels),
        ImageError::IoError(error) if error.kind() == io::ErrorKind::TimedOut => Unfit::Late,
        _ => Unfit::Damaged,
    }
}

/// The pixels, turned as the camera was held. Sizes are checked before memory is taken.
fn pixels(file: Timed, kind: ImageKind, shape: Shape) -> Result<DynamicImage, Unfit> {
    let failed = |error: ImageError| unfit(&error, shape);
    let mut limits = Limits::default();
    limits.max_alloc = Some(shape.memory_bytes);
    let mut reader = ImageReader::with_format(file, kind.format());
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    let is_small = u64::from(width) * u64::from(height) <= shape.pixels && decoder.total_bytes() <= shape.memory_bytes;
    if !is_small {
        return Err(Unfit::TooManyPixels(shape.pixels));
    }
    // What cannot be read of the metadata is no reason to refuse: it goes anyway.
    let orientation = decoder.orientation().ok();
    let mut image = DynamicImage::from_decoder(decoder).map_err(failed)?;
    if let Some(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    Ok(image)
}

fn fitted(image: DynamicImage, side: u32) -> DynamicImage {
    if image.width().max(image.height()) > side { image.thumbnail(side, side) } else { image }
}

/// Photographs as JPEG, what one can see through as PNG; what came without loss as the smaller of the two.
fn encoded(image: DynamicImage, from: ImageKind) -> Result<(ImageKind, Vec<u8>), ImageError> {
    let colours = image.to_rgba8();
    let as_png = |image: &DynamicImage| {
        let mut bytes = Vec::new();
        image.write_with_encoder(PngEncoder::new(&mut bytes)).map(|()| bytes)
    };
    if image.color().has_alpha() && colours.pixels().any(|pixel| pixel.0[3] < u8::MAX) {
        return Ok((ImageKind::Png, as_png(&DynamicImage::ImageRgba8(colours))?));
    }
    drop(colours);
    let image = DynamicImage::ImageRgb8(image.into_rgb8());
    let mut jpeg = Vec::new();
    image.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY))?;
    if matches!(from, ImageKind::Png | ImageKind::Gif) {
        let png = as_png(&image)?;
        if png.len() <= jpeg.len() {
            return Ok((ImageKind::Png, png));
        }
    }
    Ok((ImageKind::Jpeg, jpeg))
}

/// Takes an image apart and makes another of its pixels, not later than `until` (monotonic milliseconds).
pub(super) fn made_anew(
    file: Bytes,
    kind: ImageKind,
    shape: Shape,
    clock: SharedClock,
    until: u64,
) -> Result<Picture, Unfit> {
    if !kind.is_complete(&file) {
        return Err(Unfit::Damaged);
    }
    let now = clock.clone();
    let file = Timed { file: Cursor::new(file), clock, until };
    let image = fitted(pixels(file, kind, shape)?, shape.side);
    if now.mono() >= until {
        return Err(Unfit::Late);
    }
    let (width, height) = (image.width(), image.height());
    let (kind, bytes) = encoded(image, kind).map_err(|error| unfit(&error, shape))?;
    Ok(Picture { kind, width, height, bytes: bytes.into() })
}
