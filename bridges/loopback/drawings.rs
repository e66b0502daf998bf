//! What is drawn on this network: pictures of people, emoticons, ink. There are two figures, so that no picture lies in the
//! repository.

use std::{f64::consts::TAU, io::Cursor};

use bridge::HostFault;
use image::{
    Delay, Frame, ImageFormat, ImageResult, Rgba, RgbaImage,
    codecs::gif::{GifEncoder, Repeat},
};

/// The side of a display picture in pixels: what Messenger shows.
pub(crate) const PICTURE: u32 = 96;
/// The side of an emoticon in pixels.
pub(crate) const EMOTICON: u32 = 19;

const BLACK: [u8; 3] = [0, 0, 0];
const WHITE: [u8; 3] = [255, 255, 255];

/// A figure of one colour on a ground of another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drawing {
    figure: Figure,
    ink: [u8; 3],
    paper: [u8; 3],
}

#[derive(Debug, Clone, Copy)]
enum Figure {
    /// Rings around the middle, as of a call that comes back. The phase moves them outwards; from 0 to 1 they come to lie where
    /// they were.
    Rings { phase: f64 },
    /// A square that stands on one corner.
    Diamond,
}

impl Figure {
    /// Whether it covers a point; the middle is (0, 0), and the nearer edges are at distance 1.
    fn covers(self, across: f64, down: f64) -> bool {
        match self {
            Self::Rings { phase } => (across.hypot(down) * 2.5 - phase).rem_euclid(1.0) < 0.5,
            Self::Diamond => across.abs() + down.abs() < 0.8,
        }
    }
}

impl Drawing {
    pub(crate) const fn rings(ink: [u8; 3], paper: [u8; 3]) -> Self {
        Self { figure: Figure::Rings { phase: 0.0 }, ink, paper }
    }

    pub(crate) const fn diamond(ink: [u8; 3], paper: [u8; 3]) -> Self {
        Self { figure: Figure::Diamond, ink, paper }
    }

    /// As a PNG of this many pixels.
    pub(crate) fn png(self, width: u32, height: u32) -> Result<Vec<u8>, HostFault> {
        let mut bytes = Vec::new();
        encoded(self.drawn(width, height).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png))?;
        Ok(bytes)
    }

    fn drawn(self, width: u32, height: u32) -> RgbaImage {
        let radius = f64::from(width.min(height)) / 2.0;
        let from_middle = |at: u32, side: u32| (f64::from(at) + 0.5 - f64::from(side) / 2.0) / radius;
        RgbaImage::from_fn(width, height, |x, y| {
            let covered = self.figure.covers(from_middle(x, width), from_middle(y, height));
            opaque(if covered { self.ink } else { self.paper })
        })
    }
}

/// An emoticon whose rings move outwards: an animated GIF.
pub(crate) fn moving_emoticon() -> Result<Vec<u8>, HostFault> {
    const FRAMES: u32 = 6;
    const EACH_MILLISECONDS: u32 = 120;
    let frames = (0..FRAMES).map(|frame| {
        let figure = Figure::Rings { phase: f64::from(frame) / f64::from(FRAMES) };
        let drawing = Drawing { figure, ink: [200, 60, 30], paper: WHITE };
        let delay = Delay::from_numer_denom_ms(EACH_MILLISECONDS, 1);
        Frame::from_parts(drawing.drawn(EMOTICON, EMOTICON), 0, 0, delay)
    });
    gif(frames)
}

/// A stroke of a pen, as a GIF.
pub(crate) fn ink() -> Result<Vec<u8>, HostFault> {
    const WIDTH: u32 = 200;
    const HEIGHT: u32 = 60;
    let stroke = RgbaImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let along = f64::from(x) / f64::from(WIDTH);
        // A wave that grows calmer.
        let height = 0.5 + 0.4 * (1.0 - along) * (3.0 * TAU * along).sin();
        let distance = (f64::from(y) - height * f64::from(HEIGHT)).abs();
        opaque(if distance < 2.5 { BLACK } else { WHITE })
    });
    gif([Frame::new(stroke)])
}

fn gif(frames: impl IntoIterator<Item = Frame>) -> Result<Vec<u8>, HostFault> {
    let mut bytes = Vec::new();
    {
        let mut encoder = GifEncoder::new(&mut bytes);
        encoded(encoder.set_repeat(Repeat::Infinite))?;
        encoded(encoder.encode_frames(frames))?;
    }
    Ok(bytes)
}

const fn opaque([red, green, blue]: [u8; 3]) -> Rgba<u8> {
    Rgba([red, green, blue, 255])
}

fn encoded(outcome: ImageResult<()>) -> Result<(), HostFault> {
    outcome.map_err(|fault| HostFault::Media(format!("a drawing could not be made: {fault}")))
}

#[cfg(test)]
mod tests {
    use image::{AnimationDecoder, codecs::gif::GifDecoder};

    use super::*;

    #[test]
    fn a_drawing_is_a_png_of_two_colours() {
        let bytes = Drawing::diamond([1, 2, 3], [4, 5, 6]).png(30, 20).unwrap();
        let drawn = image::load_from_memory_with_format(&bytes, ImageFormat::Png).unwrap().to_rgb8();
        assert_eq!(drawn.dimensions(), (30, 20));
        assert_eq!((drawn.get_pixel(15, 10).0, drawn.get_pixel(0, 0).0), ([1, 2, 3], [4, 5, 6]));
    }

    #[test]
    fn the_moving_emoticon_moves() {
        let bytes = moving_emoticon().unwrap();
        let frames = GifDecoder::new(Cursor::new(bytes)).unwrap().into_frames().collect_frames().unwrap();
        assert_eq!(frames.len(), 6);
        assert_ne!(frames[0].buffer(), frames[3].buffer());
        assert_eq!(frames[0].buffer().dimensions(), (EMOTICON, EMOTICON));
    }

    #[test]
    fn ink_fits_into_few_chunks() {
        let bytes = ink().unwrap();
        assert!(bytes.starts_with(b"GIF89a") && bytes.len() < 4096, "{} bytes", bytes.len());
    }
}
