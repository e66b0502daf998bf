//! Custom emoticons: pictures as small as a word.

use std::io::Cursor;

use bytes::Bytes;
use image::{
    AnimationDecoder, DynamicImage, Frame, ImageDecoder,
    codecs::gif::{GifDecoder, GifEncoder, Repeat},
};

use crate::drawing::{self, PictureFault};

/// The longest side of an emoticon, in points.
pub const LONGEST_SIDE: u32 = 50;
/// The side of Messenger's own emoticons, in points: smaller ones are enlarged to it.
pub const SHORTEST_SIDE: u32 = 19;
/// The longest emoticon that moves, in bytes: clients hand it on to each other in packets of 1202 bytes.
pub const LONGEST_GIF: usize = 100 * 1024;
/// How many frames of one that moves are kept.
const MOST_FRAMES: usize = 60;
/// How many points all frames together may have before they are scaled: what one large picture may have.
const MOST_POINTS: u64 = 4096 * 4096;
/// How thoroughly a frame's colours are chosen, from 1 (thoroughly) to 30.
const SPEED: i32 = 10;

/// Makes an emoticon of any picture, with the picture's proportions: the longer side has 19 to 50 points. A GIF that moves goes on
/// moving, with the same delays, for its first 60 frames; one that fits already, with at most 100 kB, is left as it is. Says whether
/// it moves: then it is a GIF, else a PNG.
///
/// # Errors
///
/// Besides what is no picture within the bounds, one that moves and still has more than 100 kB is refused.
pub async fn shrink(bytes: Bytes) -> Result<(Bytes, bool), PictureFault> {
    let original = bytes.clone();
    drawing::apart(bytes, move |bytes| {
        if crate::sniff(bytes) == "image/gif" {
            match shrink_moving(bytes)? {
                Moving::Fits => return Ok((original, true)),
                Moving::Scaled(gif) => return Ok((gif.into(), true)),
                Moving::Still => {}
            }
        }
        let image = drawing::decode(bytes)?.to_rgba8();
        let size = fitting(image.dimensions());
        let image = if size == image.dimensions() { image } else { drawing::scale(&image, size) };
        Ok((drawing::png(&DynamicImage::from(image))?.into(), false))
    })
    .await
}

/// What becomes of a GIF.
enum Moving {
    /// It does not move.
    Still,
    /// It moves, and fits as it is.
    Fits,
    /// It moves, and was made to fit.
    Scaled(Vec<u8>),
}

fn shrink_moving(bytes: &[u8]) -> Result<Moving, PictureFault> {
    let mut decoder = GifDecoder::new(Cursor::new(bytes))?;
    decoder.set_limits(drawing::limits())?;
    let given = decoder.dimensions();
    let size = fitting(given);
    let mut frames = Vec::new();
    let mut rest = decoder.into_frames();
    for frame in rest.by_ref().take(most_frames(given)) {
        let frame = frame?;
        let delay = frame.delay();
        let image = if size == given { frame.into_buffer() } else { drawing::scale(frame.buffer(), size) };
        frames.push(Frame::from_parts(image, 0, 0, delay));
    }
    if frames.len() < 2 {
        return Ok(Moving::Still);
    }
    if size == given && bytes.len() <= LONGEST_GIF && rest.next().is_none() {
        return Ok(Moving::Fits);
    }
    let mut gif = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut gif, SPEED);
    encoder.set_repeat(Repeat::Infinite)?;
    encoder.encode_frames(frames)?;
    drop(encoder);
    if gif.len() > LONGEST_GIF {
        return Err(PictureFault::MovesTooMuch);
    }
    Ok(Moving::Scaled(gif))
}

/// How many frames of this size are looked at: a GIF of a few bytes may say that it has any number of them, of any size.
fn most_frames((width, height): (u32, u32)) -> usize {
    let points = (u64::from(width) * u64::from(height)).max(1);
    usize::try_from(MOST_POINTS / points).unwrap_or(MOST_FRAMES).clamp(1, MOST_FRAMES)
}

/// The size that a picture of this size is shown in.
fn fitting(size: (u32, u32)) -> (u32, u32) {
    match size.0.max(size.1) {
        longest if longest > LONGEST_SIDE => drawing::with_longest_side(size, LONGEST_SIDE),
        longest if longest < SHORTEST_SIDE => drawing::with_longest_side(size, SHORTEST_SIDE),
        _ => size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_frames_together_are_no_more_than_one_large_picture() {
        assert_eq!([(50, 50), (512, 512), (2048, 2048), (4096, 4096)].map(most_frames), [60, 60, 4, 1]);
    }
}
