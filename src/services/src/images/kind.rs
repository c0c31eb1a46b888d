//! What an uploaded file is: said by its first bytes, its name and its sender, who must agree.

use image::ImageFormat;

/// Bytes of a file that are enough to know what it is.
pub const TELLING_BYTES: usize = 16;

/// A kind of image that is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImageKind {
    /// JPEG (ISO/IEC 10918).
    Jpeg,
    /// PNG (ISO/IEC 15948).
    Png,
    /// WebP (RFC 9649).
    Webp,
    /// GIF; of a moving one the first frame.
    Gif,
}

/// Why a file is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WrongKind {
    /// The media type of its part is another or missing.
    #[error("the file is declared as no image that is taken: jpeg, png, webp or gif")]
    Declared,
    /// Its name ends otherwise.
    #[error("the name of the file does not end as one of an image that is taken: jpg, jpeg, png, webp or gif")]
    Name,
    /// Its first bytes are of something else.
    #[error("the file is no image that is taken: jpeg, png, webp or gif")]
    Content,
    /// Content, name and declaration are each of an image, but not of the same kind.
    #[error("content, name and declared type of the file are not of the same kind of image")]
    Mixed,
}

impl ImageKind {
    const ALL: [Self; 4] = [Self::Jpeg, Self::Png, Self::Webp, Self::Gif];

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// The kind of this media type. Older browsers have names of their own for JPEG.
    fn declared(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        if ["image/jpg", "image/pjpeg"].contains(&text.as_str()) {
            return Some(Self::Jpeg);
        }
        Self::ALL.into_iter().find(|kind| kind.media_type() == text)
    }

    /// The kind that a file's name ends with. Nothing else of the name is ever used.
    fn named(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => Some(Self::Jpeg),
            "png" => Some(Self::Png),
            "webp" => Some(Self::Webp),
            "gif" => Some(Self::Gif),
            _ => None,
        }
    }

    /// The kind that a file begins as.
    fn seen(first: &[u8]) -> Option<Self> {
        let is_webp = || first.starts_with(b"RIFF") && first.get(8..12) == Some(b"WEBP");
        if first.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else if first.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if first.starts_with(b"GIF87a") || first.starts_with(b"GIF89a") {
            Some(Self::Gif)
        } else {
            is_webp().then_some(Self::Webp)
        }
    }

    /// What a file is by its first [`TELLING_BYTES`], its name and its declared media type.
    ///
    /// # Errors
    /// [`WrongKind`] when one of them says otherwise.
    pub fn proved(first: &[u8], name: &str, declared: &str) -> Result<Self, WrongKind> {
        let declared = Self::declared(declared).ok_or(WrongKind::Declared)?;
        let named = Self::named(name).ok_or(WrongKind::Name)?;
        let seen = Self::seen(first).ok_or(WrongKind::Content)?;
        if seen == named && named == declared { Ok(seen) } else { Err(WrongKind::Mixed) }
    }

    /// Whether a file of this kind goes on to its end. Readers of JPEG fill what is missing with grey, so it is looked for here: the end
    /// of the image behind the beginning of its first scan (ISO/IEC 10918-1 §B.1.1). Others notice by themselves.
    pub(super) fn is_complete(self, file: &[u8]) -> bool {
        self != Self::Jpeg || scans(file).is_some_and(|scans| scans.windows(2).any(|pair| pair == [0xFF, 0xD9]))
    }

    pub(super) fn format(self) -> ImageFormat {
        match self {
            Self::Jpeg => ImageFormat::Jpeg,
            Self::Png => ImageFormat::Png,
            Self::Webp => ImageFormat::WebP,
            Self::Gif => ImageFormat::Gif,
        }
    }
}

/// What is behind the segments before the first scan of a JPEG: they may hold small images of their own.
fn scans(file: &[u8]) -> Option<&[u8]> {
    let mut rest = file.get(2..)?;
    loop {
        // Any number of 0xFF may stand before a marker.
        let (&0xFF, after) = rest.split_first()? else { return None };
        match after.first()? {
            0xFF => rest = after,
            0xDA => return Some(after),
            // Without a length: restarts, and what means nothing.
            0x01 | 0xD0..=0xD8 => rest = after.get(1..)?,
            _ => {
                let length = u16::from_be_bytes([*after.get(1)?, *after.get(2)?]);
                rest = after.get(1 + usize::from(length)..)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR";

    #[test]
    fn a_file_is_what_its_content_its_name_and_its_sender_say_together() {
        assert_eq!(ImageKind::proved(PNG, "me.PNG", "image/png"), Ok(ImageKind::Png));
        assert_eq!(ImageKind::proved(b"GIF89a", "a.b.gif", "IMAGE/GIF"), Ok(ImageKind::Gif));
        assert_eq!(ImageKind::proved(&[0xFF, 0xD8, 0xFF, 0xE0], "x.jpeg", "image/jpg"), Ok(ImageKind::Jpeg));
        assert_eq!(ImageKind::proved(b"RIFF\x10\0\0\0WEBPVP8 ", "../../x.webp", "image/webp"), Ok(ImageKind::Webp));
    }

    #[test]
    fn a_jpeg_is_complete_when_its_end_comes_behind_its_first_scan() {
        let thumbnail = [0xFF, 0xE1, 0, 6, 0xFF, 0xD8, 0xFF, 0xD9];
        let scan = [0xFF, 0xFF, 0xDA, 0, 2, 1, 2, 3];
        let file = [&[0xFF, 0xD8][..], &thumbnail, &scan].concat();
        assert!(!ImageKind::Jpeg.is_complete(&file), "the end of what is inside is not its own");
        assert!(ImageKind::Jpeg.is_complete(&[&file[..], &[0xFF, 0xD9, 7]].concat()));
        for broken in
            [&[][..], &[0xFF, 0xD8], &[0xFF, 0xD8, 0xFF], &[0xFF, 0xD8, 0xFF, 0xE1, 0, 0], &[0xFF, 0xD8, 1, 2]]
        {
            assert!(!ImageKind::Jpeg.is_complete(broken));
        }
    }

    #[test]
    fn one_that_disagrees_is_enough_to_refuse() {
        for (first, name, declared, wrong) in [
            (PNG, "me.png", "image/jpeg", WrongKind::Mixed),
            (PNG, "me.jpg", "image/png", WrongKind::Mixed),
            (b"GIF89a".as_slice(), "me.png", "image/png", WrongKind::Mixed),
            (PNG, "me.png", "image/svg+xml", WrongKind::Declared),
            (PNG, "me.png", "", WrongKind::Declared),
            (PNG, "me.svg", "image/png", WrongKind::Name),
            (PNG, "me.png.html", "image/png", WrongKind::Name),
            (PNG, "png", "image/png", WrongKind::Name),
            (b"<svg xmlns".as_slice(), "me.png", "image/png", WrongKind::Content),
            (b"\x89PN".as_slice(), "me.png", "image/png", WrongKind::Content),
            (b"".as_slice(), "me.png", "image/png", WrongKind::Content),
        ] {
            assert_eq!(ImageKind::proved(first, name, declared), Err(wrong), "{name} {declared}");
        }
    }
}
