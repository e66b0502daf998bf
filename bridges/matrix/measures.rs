//! How large a picture is and how long a clip lasts, read from the first bytes of the file. Pure; a guess at worst.

use std::time::Duration;

/// What the beginning of a file says of its whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Measures {
    /// Width and height of a picture, in pixels.
    pub(crate) size: Option<(u32, u32)>,
    /// How long a sound lasts.
    pub(crate) duration: Option<Duration>,
}

impl Measures {
    /// Reads the beginning of a file.
    pub(crate) fn of(head: &[u8]) -> Self {
        let size = png(head).or_else(|| gif(head)).or_else(|| jpeg(head)).or_else(|| webp(head)).or_else(|| bmp(head));
        Self { size: size.filter(|(width, height)| *width > 0 && *height > 0), duration: wave(head) }
    }
}

fn bytes<const COUNT: usize>(head: &[u8], at: usize) -> Option<[u8; COUNT]> {
    head.get(at..)?.first_chunk().copied()
}

fn png(head: &[u8]) -> Option<(u32, u32)> {
    if !head.starts_with(b"\x89PNG\r\n\x1a\n") || head.get(12..16)? != b"IHDR" {
        return None;
    }
    Some((u32::from_be_bytes(bytes(head, 16)?), u32::from_be_bytes(bytes(head, 20)?)))
}

fn gif(head: &[u8]) -> Option<(u32, u32)> {
    if !head.starts_with(b"GIF8") {
        return None;
    }
    let side = |at| bytes(head, at).map(|side| u32::from(u16::from_le_bytes(side)));
    Some((side(6)?, side(8)?))
}

fn bmp(head: &[u8]) -> Option<(u32, u32)> {
    if !head.starts_with(b"BM") {
        return None;
    }
    let side = |at| bytes(head, at).map(|side| i32::from_le_bytes(side).unsigned_abs());
    Some((side(18)?, side(22)?))
}

/// A JPEG is a row of segments: a marker, and a length that counts itself. The frame's header is the one that has the size.
fn jpeg(head: &[u8]) -> Option<(u32, u32)> {
    if !head.starts_with(b"\xff\xd8") {
        return None;
    }
    let mut at = 2;
    loop {
        let [0xff, marker] = bytes(head, at)? else { return None };
        match marker {
            // Padding, and markers that stand alone.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            // Frames, but not the tables whose numbers lie between them.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let side = |at| bytes(head, at).map(|side| u32::from(u16::from_be_bytes(side)));
                return Some((side(at + 7)?, side(at + 5)?));
            }
            _ => at += 2 + usize::from(u16::from_be_bytes(bytes(head, at + 2)?)),
        }
    }
}

fn webp(head: &[u8]) -> Option<(u32, u32)> {
    if !head.starts_with(b"RIFF") || head.get(8..12)? != b"WEBP" {
        return None;
    }
    match head.get(12..16)? {
        b"VP8 " => {
            let side = |at| bytes(head, at).map(|side| u32::from(u16::from_le_bytes(side) & 0x3fff));
            Some((side(26)?, side(28)?))
        }
        b"VP8L" => {
            let bits = u32::from_le_bytes(bytes(head, 21)?);
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8X" => {
            let side = |at| {
                let [low, middle, high] = bytes(head, at)?;
                Some(u32::from_le_bytes([low, middle, high, 0]) + 1)
            };
            Some((side(24)?, side(27)?))
        }
        _ => None,
    }
}

fn wave(head: &[u8]) -> Option<Duration> {
    if !head.starts_with(b"RIFF") || head.get(8..12)? != b"WAVE" {
        return None;
    }
    let (mut at, mut rate) = (12_usize, None);
    loop {
        let length = u32::from_le_bytes(bytes(head, at + 4)?);
        match head.get(at..at + 4)? {
            b"fmt " => rate = Some(u64::from(u32::from_le_bytes(bytes(head, at + 16)?))),
            b"data" => return Some(Duration::from_millis((u64::from(length) * 1000).checked_div(rate?)?)),
            _ => {}
        }
        // Chunks begin at even places.
        at = at.checked_add(8)?.checked_add(usize::try_from(length).ok()?.checked_next_multiple_of(2)?)?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(head: &[u8]) -> Option<(u32, u32)> {
        Measures::of(head).size
    }

    #[test]
    fn pictures_are_measured() {
        assert_eq!(size(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\0\0\0\0\x60"), Some((256, 96)));
        assert_eq!(size(b"GIF89a\x40\x01\xf0\0rest"), Some((320, 240)));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc4\0\x03a\xff\xc2\0\x11\x08\0\x60\0\x80\x03";
        assert_eq!(size(jpeg), Some((128, 96)));
        assert_eq!(size(b"BM0000\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0\xf0\xff\xff\xff"), Some((16, 16)), "upside down");
        assert_eq!(size(b"RIFF0000WEBPVP8X0000\0\0\0\0\x5f\0\0\x3f\0\0"), Some((96, 64)));
        assert_eq!(size(b"RIFF0000WEBPVP8L0000\x2f\x5f\xc0\x0f\0"), Some((96, 64)));
        assert_eq!(size(b"GIF89a\0\0\0\0"), None);
        assert_eq!(size(b"%PDF-1.7"), None);
    }

    #[test]
    fn a_clip_is_measured() {
        let wave = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0LIST\x03\0\0\0abc\0data\x80\x3e\0\0";
        assert_eq!(Measures::of(wave).duration, Some(Duration::from_secs(1)));
        let still = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\x02\0\x10\0data\x80\x3e\0\0";
        assert_eq!(Measures::of(still).duration, None);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(kind in 0..6_usize, rest in proptest::collection::vec(any::<u8>(), 0..200)) {
            let kinds: [&[u8]; 6] =
                [b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"RIFF\0\0\0\0WAVE"];
            let _ = Measures::of(&[kinds[kind], &rest].concat());
        }
    }
}
