//! Display pictures, and small pictures of what a file shows.

use bytes::Bytes;
use image::{DynamicImage, imageops::FilterType};

use crate::drawing::{self, PictureFault};

/// The side of a display picture, in points: what Messenger 7.5 itself makes of a user's picture.
pub const SIDE: u32 = 96;

/// A display picture as Messenger shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// A PNG of 96 by 96 points, without anything to see through. Three bytes for each point are less than 28 kB, so that it is
    /// below the 50 kB that clients take in any case.
    pub png: Bytes,
}

/// Makes a display picture of any picture: the largest square in its middle. The same bytes give the same picture.
pub async fn normalise(bytes: Bytes) -> Result<Picture, PictureFault> {
    drawing::apart(bytes, |bytes| {
        let paper = DynamicImage::from(drawing::on_white(&drawing::decode(bytes)?));
        let square = paper.resize_to_fill(SIDE, SIDE, FilterType::Lanczos3);
        Ok(Picture { png: drawing::png(&square)?.into() })
    })
    .await
}

/// A PNG of at most 96 by 96 points with the proportions of the picture, to be shown with the offer of a file; `None` for what is
/// no picture.
pub async fn preview(bytes: Bytes) -> Option<Bytes> {
    let drawn = drawing::apart(bytes, |bytes| {
        let paper = DynamicImage::from(drawing::on_white(&drawing::decode(bytes)?));
        let fits = paper.width() <= SIDE && paper.height() <= SIDE;
        let small = if fits { paper } else { paper.resize(SIDE, SIDE, FilterType::Lanczos3) };
        drawing::png(&small)
    });
    drawn.await.ok().map(Bytes::from)
}
