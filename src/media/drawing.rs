//! Reading pictures that strangers made: within bounds of size and memory, and away from the threads that serve connections.

use std::{
    io::Cursor,
    sync::{Arc, LazyLock},
};

use bytes::Bytes;
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, RgbImage, Rgba, RgbaImage,
    codecs::png::{self, CompressionType, PngEncoder},
    imageops::FilterType,
    metadata::Orientation,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// The longest file that is looked into, in bytes.
pub const LONGEST_FILE: usize = 16 * 1024 * 1024;
/// The longest side of a picture, in points.
pub(crate) const LONGEST_SIDE: u32 = 4096;
/// How much memory one picture's points may take, in bytes: four for each point of the largest picture.
const MOST_MEMORY: u64 = 64 * 1024 * 1024;
/// How many pictures are worked on at once; further ones wait. Each takes up to three times [`MOST_MEMORY`].
const MOST_AT_ONCE: usize = 2;

fn places() -> Arc<Semaphore> {
    static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MOST_AT_ONCE)));
    Arc::clone(&PLACES)
}

/// Why nothing could be made of a picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureFault {
    /// The file is longer than is looked into.
    #[error("has more than {LONGEST_FILE} bytes: use a smaller file")]
    TooLong,
    /// It is of no kind that is understood.
    #[error("is no picture that is understood: use PNG, JPEG, GIF, WebP or BMP")]
    UnknownKind,
    /// It has more points than are looked at.
    #[error("is larger than {LONGEST_SIDE} by {LONGEST_SIDE} points: use a smaller picture")]
    TooLarge,
    /// It moves, and is too long for an emoticon even in an emoticon's size.
    #[error("moves too much for an emoticon: use one with fewer frames, or one that stands still")]
    MovesTooMuch,
    /// It breaks off, or breaks the rules of its kind.
    #[error("cannot be read ({0}): save it again or use another picture")]
    Damaged(String),
    /// The program is stopping.
    #[error("was not looked at: the program is stopping")]
    Stopping,
}

impl From<ImageError> for PictureFault {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooLarge,
            ImageError::Unsupported(_) => Self::UnknownKind,
            ImageError::Decoding(_) | ImageError::Encoding(_) | ImageError::Parameter(_) | ImageError::IoError(_) => {
                Self::Damaged(error.to_string())
            }
        }
    }
}

/// Does `work` on a thread that may block, not too many at once.
pub(crate) async fn apart<Out: Send + 'static>(
    bytes: Bytes,
    work: impl FnOnce(&[u8]) -> Result<Out, PictureFault> + Send + 'static,
) -> Result<Out, PictureFault> {
    if bytes.len() > LONGEST_FILE {
        return Err(PictureFault::TooLong);
    }
    let place = places().acquire_owned().await.map_err(|_| PictureFault::Stopping)?;
    let worked = spawn_blocking(move || {
        // Whoever does not wait for the picture any more ends no work: the next one waits for it all the same.
        let _place = place;
        work(&bytes)
    });
    let outcome = worked.await;
    outcome.unwrap_or_else(|fault| {
        let gave_up = PictureFault::Damaged("its decoder gave up".to_owned());
        Err(if fault.is_panic() { gave_up } else { PictureFault::Stopping })
    })
}

/// The bounds that every decoder is given.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    limits
}

/// The picture, upright; of one that moves, the first frame.
pub(crate) fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureFault> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| PictureFault::Damaged(error.to_string()))?;
    if reader.format().is_none() {
        return Err(PictureFault::UnknownKind);
    }
    reader.limits(limits());
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > MOST_MEMORY || width > LONGEST_SIDE || height > LONGEST_SIDE {
        return Err(PictureFault::TooLarge);
    }
    if width == 0 || height == 0 {
        return Err(PictureFault::Damaged("it has no points".to_owned()));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// The picture on white paper.
pub(crate) fn on_white(image: &DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.to_rgb8();
    }
    let image = image.to_rgba8();
    let mut paper = RgbImage::new(image.width(), image.height());
    for (point, Rgba([red, green, blue, alpha])) in paper.pixels_mut().zip(image.pixels()) {
        let mix = |colour: u8| {
            let (colour, alpha) = (u32::from(colour), u32::from(*alpha));
            ((colour * alpha + 255 * (255 - alpha)) / 255) as u8
        };
        point.0 = [mix(*red), mix(*green), mix(*blue)];
    }
    paper
}

/// The picture in another size. What cannot be seen through it does not colour what can be seen.
pub(crate) fn scale(image: &RgbaImage, (width, height): (u32, u32)) -> RgbaImage {
    let mut weighted = image.clone();
    for Rgba([red, green, blue, alpha]) in weighted.pixels_mut() {
        let weigh = |colour: u8| (u32::from(colour) * u32::from(*alpha) / 255) as u8;
        (*red, *green, *blue) = (weigh(*red), weigh(*green), weigh(*blue));
    }
    let mut scaled = DynamicImage::from(weighted).resize_exact(width, height, FilterType::Lanczos3).into_rgba8();
    for Rgba([red, green, blue, alpha]) in scaled.pixels_mut() {
        let unweigh = |colour: u8| match u32::from(*alpha) {
            0 => 0,
            alpha => (u32::from(colour) * 255 / alpha).min(255) as u8,
        };
        (*red, *green, *blue) = (unweigh(*red), unweigh(*green), unweigh(*blue));
    }
    scaled
}

/// The size that has the proportions of `size`, and `longest` as its longer side.
pub(crate) fn with_longest_side((width, height): (u32, u32), longest: u32) -> (u32, u32) {
    let side = |one: u32, other: u32| {
        let scaled = u64::from(one) * u64::from(longest) / u64::from(one.max(other).max(1));
        u32::try_from(scaled).unwrap_or(longest).max(1)
    };
    (side(width, height), side(height, width))
}

/// The picture as PNG, as small as that gets without losing anything.
pub(crate) fn png(image: &DynamicImage) -> Result<Vec<u8>, PictureFault> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, png::FilterType::Adaptive);
    image.write_with_encoder(encoder)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proportions_are_kept_and_no_side_vanishes() {
        assert_eq!(with_longest_side((200, 100), 96), (96, 48));
        assert_eq!(with_longest_side((3, 4000), 50), (1, 50));
        assert_eq!(with_longest_side((10, 5), 20), (20, 10));
    }

    #[test]
    fn what_is_seen_through_becomes_paper_and_colours_nothing() {
        let half = RgbaImage::from_fn(20, 20, |x, _| if x < 10 { Rgba([0, 0, 0, 0]) } else { Rgba([200, 0, 0, 255]) });
        let paper = on_white(&half.clone().into());
        assert_eq!((paper.get_pixel(0, 0).0, paper.get_pixel(19, 0).0), ([255; 3], [200, 0, 0]));
        let small = scale(&half, (5, 5));
        let seen = small.pixels().filter(|point| point.0[3] > 100);
        assert!(seen.clone().count() >= 10 && seen.into_iter().all(|point| point.0[0] > 190), "no dark edge");
    }
}
