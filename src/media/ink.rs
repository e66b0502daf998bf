//! Ink: handwriting, which Messenger clients send each other as a GIF within a message.

use bytes::Bytes;
use image::{DynamicImage, codecs::gif::GifEncoder, imageops::FilterType};

use crate::drawing::{self, PictureFault};

/// The longest side of ink, in points.
pub const LONGEST_SIDE: u32 = 512;
/// The longest ink, in bytes.
pub const LONGEST_GIF: usize = 20 * 1024;
/// Up to this side a GIF is short enough, whatever it shows: a point takes at most 12 bits, a colour 3 bytes.
const ALWAYS_FITS: u32 = 96;
/// How thoroughly the colours are chosen, from 1 (thoroughly) to 30.
const SPEED: i32 = 10;

/// Makes a GIF of at most 512 by 512 points and 20 kB of any picture, which gets smaller until it fits. What moves stands still.
pub async fn to_gif(bytes: Bytes) -> Result<Bytes, PictureFault> {
    let original = bytes.clone();
    drawing::apart(bytes, move |bytes| {
        let paper = DynamicImage::from(drawing::on_white(&drawing::decode(bytes)?));
        let longest = paper.width().max(paper.height());
        if original.len() <= LONGEST_GIF && longest <= LONGEST_SIDE && crate::sniff(bytes) == "image/gif" {
            return Ok(original);
        }
        let mut side = longest.min(LONGEST_SIDE);
        loop {
            let gif = draw(&paper, side)?;
            if gif.len() <= LONGEST_GIF || side <= ALWAYS_FITS {
                return Ok(gif.into());
            }
            // The bytes grow with the area; a little less than that, so that a few rounds are enough.
            let fit = f64::from(side) * (LONGEST_GIF as f64 / gif.len() as f64).sqrt() * 0.95;
            side = (fit as u32).max(ALWAYS_FITS);
        }
    })
    .await
}

fn draw(paper: &DynamicImage, side: u32) -> Result<Vec<u8>, PictureFault> {
    let smaller = side < paper.width().max(paper.height());
    let scaled = if smaller { paper.resize(side, side, FilterType::Lanczos3).to_rgb8() } else { paper.to_rgb8() };
    let mut gif = Vec::new();
    GifEncoder::new_with_speed(&mut gif, SPEED).encode(
        scaled.as_raw(),
        scaled.width(),
        scaled.height(),
        image::ExtendedColorType::Rgb8,
    )?;
    Ok(gif)
}
