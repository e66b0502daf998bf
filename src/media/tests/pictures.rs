//! What is made of pictures, and what is not made of what strangers may send instead.

#![allow(clippy::unwrap_used, clippy::expect_used)]

// The name under which the workspace uses the crate.
extern crate chrysalis_media as media;

use std::io::Cursor;

use bytes::Bytes;
use image::{
    AnimationDecoder, Delay, DynamicImage, Frame, GenericImageView, ImageFormat, Rgba, RgbaImage,
    codecs::gif::{GifDecoder, GifEncoder},
};
use media::{PictureFault, emoticon, ink, picture, wink};

/// A picture in which no two neighbouring points are alike: nothing compresses worse.
fn noise(width: u32, height: u32) -> DynamicImage {
    let mut state = 1_u32;
    RgbaImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [one, two, three, _] = state.to_be_bytes();
        Rgba([one, two, three, 255])
    })
    .into()
}

fn halves(width: u32, height: u32) -> DynamicImage {
    let colour = |x| if x < width / 2 { [255, 0, 0, 255] } else { [0, 0, 0, 0] };
    RgbaImage::from_fn(width, height, |x, _| Rgba(colour(x))).into()
}

fn written(picture: &DynamicImage, format: ImageFormat) -> Bytes {
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes.into()
}

fn moving(width: u32, height: u32, frames: u32) -> Bytes {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 30);
    for number in 0..frames {
        let shade = (number * 4) as u8;
        let image = RgbaImage::from_pixel(width, height, Rgba([shade, 255 - shade, 9, 255]));
        encoder.encode_frame(Frame::from_parts(image, 0, 0, Delay::from_numer_denom_ms(70, 1))).unwrap();
    }
    drop(encoder);
    bytes.into()
}

fn frames(gif: &[u8]) -> Vec<Frame> {
    GifDecoder::new(Cursor::new(gif)).unwrap().into_frames().collect_frames().unwrap()
}

fn size(picture: &[u8]) -> (u32, u32) {
    image::load_from_memory(picture).unwrap().dimensions()
}

/// The first lines of a PNG of this size, whose points would follow.
fn png_of_size(width: u32, height: u32) -> Bytes {
    let mut bytes = written(&noise(2, 2), ImageFormat::Png).to_vec();
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes.into()
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

#[tokio::test]
async fn any_picture_becomes_a_small_square_png() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Bmp] {
        for (width, height) in [(150, 100), (10, 40), (1, 1)] {
            let rgb = DynamicImage::from(noise(width, height).to_rgb8());
            let made = picture::normalise(written(&rgb, format)).await.unwrap().png;
            assert_eq!(media::sniff(&made), "image/png");
            assert_eq!(size(&made), (picture::SIDE, picture::SIDE), "{format:?}");
            assert!(made.len() < 50_000, "{}", made.len());
        }
    }
}

#[tokio::test]
async fn the_middle_is_kept_on_white_paper_and_the_same_bytes_give_the_same_picture() {
    let wide = written(&halves(300, 100), ImageFormat::Png);
    let made = picture::normalise(wide.clone()).await.unwrap();
    let drawn = image::load_from_memory(&made.png).unwrap().to_rgb8();
    assert_eq!((drawn.get_pixel(4, 48).0, drawn.get_pixel(91, 48).0), ([255, 0, 0], [255, 255, 255]));
    assert_eq!(picture::normalise(wide).await.unwrap(), made);
}

#[tokio::test]
async fn a_preview_keeps_the_proportions_and_never_grows() {
    let preview = |picture: DynamicImage| picture::preview(written(&picture, ImageFormat::Png));
    assert_eq!(size(&preview(noise(400, 100)).await.unwrap()), (96, 24));
    assert_eq!(size(&preview(noise(20, 30)).await.unwrap()), (20, 30));
    assert_eq!(picture::preview(Bytes::from_static(b"just words")).await, None);
}

#[tokio::test]
async fn a_still_emoticon_becomes_a_png_as_small_as_a_word() {
    for (given, made) in [((300, 200), (50, 33)), ((30, 20), (30, 20)), ((8, 4), (19, 9)), ((4000, 2), (50, 1))] {
        let (image, animated) = emoticon::shrink(written(&noise(given.0, given.1), ImageFormat::Png)).await.unwrap();
        assert_eq!((media::sniff(&image), size(&image), animated), ("image/png", made, false));
    }
    let (image, animated) = emoticon::shrink(moving(60, 60, 1)).await.unwrap();
    assert_eq!((media::sniff(&image), animated), ("image/png", false), "one frame does not move");
    let (image, _) = emoticon::shrink(written(&halves(200, 200), ImageFormat::Png)).await.unwrap();
    let drawn = image::load_from_memory(&image).unwrap().to_rgba8();
    assert_eq!((drawn.get_pixel(2, 2).0, drawn.get_pixel(48, 2).0[3]), ([255, 0, 0, 255], 0), "it stays see-through");
}

#[tokio::test]
async fn an_emoticon_that_moves_goes_on_moving() {
    let (image, animated) = emoticon::shrink(moving(100, 60, 5)).await.unwrap();
    assert!(animated);
    let made = frames(&image);
    assert_eq!(made.len(), 5);
    for frame in &made {
        assert_eq!((frame.buffer().dimensions(), frame.delay().numer_denom_ms()), ((50, 30), (70, 1)));
    }
    assert_ne!(made[0].buffer(), made[4].buffer());
    let small = moving(40, 40, 3);
    assert_eq!(emoticon::shrink(small.clone()).await.unwrap(), (small, true), "what fits is left as it is");
    let (image, _) = emoticon::shrink(moving(40, 40, 70)).await.unwrap();
    assert_eq!(frames(&image).len(), 60);
}

#[tokio::test]
async fn an_emoticon_that_moves_is_short() {
    let small = moving(40, 40, 3);
    let mut padded = small[..small.len() - 1].to_vec();
    padded.extend(b"\x21\xfe");
    for _ in 0..1000 {
        padded.push(200);
        padded.extend([b'x'; 200]);
    }
    padded.extend(b"\0;");
    let (image, animated) = emoticon::shrink(padded.into()).await.unwrap();
    assert!(animated && image.len() <= small.len() * 2, "{} bytes, without the remarks", image.len());
    assert_eq!(frames(&image).len(), 3);

    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 30);
    let restless = (0..60).map(|_| Frame::new(noise(50, 50).into_rgba8()));
    encoder.encode_frames(restless).unwrap();
    drop(encoder);
    assert!(bytes.len() > emoticon::LONGEST_GIF, "{} bytes", bytes.len());
    assert_eq!(emoticon::shrink(bytes.into()).await, Err(PictureFault::MovesTooMuch));
}

#[tokio::test]
async fn ink_gets_smaller_until_it_fits() {
    for picture in [noise(600, 400), noise(97, 97), halves(2000, 30)] {
        let gif = ink::to_gif(written(&picture, ImageFormat::Png)).await.unwrap();
        let (width, height) = size(&gif);
        assert_eq!(media::sniff(&gif), "image/gif");
        assert!(gif.len() <= ink::LONGEST_GIF && width.max(height) <= ink::LONGEST_SIDE, "{} {width}", gif.len());
        assert!(width.max(height) >= 90, "no smaller than it must be: {width} by {height}");
    }
    let drawing = written(&halves(500, 300), ImageFormat::Png);
    assert_eq!(size(&ink::to_gif(drawing).await.unwrap()), (500, 300), "a drawing fits as it is");
    let gif = written(&halves(100, 100), ImageFormat::Gif);
    assert_eq!(ink::to_gif(gif.clone()).await.unwrap(), gif);
}

#[tokio::test]
async fn the_picture_of_a_wink_is_found_in_its_cabinet() {
    let picture = written(&noise(30, 30), ImageFormat::Png);
    let cabinet = |files: Vec<(&str, Bytes)>| {
        let mut builder = cab::CabinetBuilder::new();
        let folder = builder.add_folder(cab::CompressionType::MsZip);
        for (name, _) in &files {
            folder.add_file(*name);
        }
        let mut writer = builder.build(Cursor::new(Vec::new())).unwrap();
        let mut rest = files.iter();
        while let Some(mut file) = writer.next_file().unwrap() {
            std::io::Write::write_all(&mut file, &rest.next().unwrap().1).unwrap();
        }
        Bytes::from(writer.finish().unwrap().into_inner())
    };
    let description = ("content.xml", Bytes::from_static(b"<package/>"));
    let animation = ("wink.swf", Bytes::from_static(b"FWS\x06 and so on"));
    let whole = cabinet(vec![description.clone(), animation.clone(), ("small.png", picture.clone())]);
    assert_eq!(wink::thumbnail(whole).await, Some((picture, "image/png")));
    assert_eq!(wink::thumbnail(cabinet(vec![description, animation])).await, None);
    assert_eq!(wink::thumbnail(Bytes::from_static(b"MSCF")).await, None);
}

#[tokio::test]
async fn what_is_no_picture_gives_a_fault() {
    let faults = |bytes: Bytes| async move {
        let of_picture = picture::normalise(bytes.clone()).await.unwrap_err();
        assert_eq!(picture::preview(bytes.clone()).await, None);
        assert_eq!(emoticon::shrink(bytes.clone()).await.unwrap_err(), of_picture);
        assert_eq!(ink::to_gif(bytes).await.unwrap_err(), of_picture);
        of_picture
    };
    assert_eq!(faults(Bytes::new()).await, PictureFault::UnknownKind);
    assert_eq!(faults(Bytes::from_static(b"<svg/> and other words")).await, PictureFault::UnknownKind);
    assert_eq!(faults(Bytes::from(vec![0; media::LONGEST_FILE + 1])).await, PictureFault::TooLong);
    // Four bytes a point would be 16 gigabytes.
    assert_eq!(faults(png_of_size(65_000, 65_000)).await, PictureFault::TooLarge);
    assert_eq!(faults(png_of_size(4097, 1)).await, PictureFault::TooLarge);
    assert!(matches!(faults(png_of_size(4096, 4096)).await, PictureFault::Damaged(_)), "the points are missing");
}

#[tokio::test]
async fn pictures_that_break_off_or_lie_give_a_fault_or_a_picture_and_never_a_panic() {
    let picture = DynamicImage::from(noise(40, 40).to_rgb8());
    let formats = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Bmp];
    let mut all: Vec<Bytes> = formats.iter().map(|format| written(&picture, *format)).collect();
    all.push(moving(30, 30, 3));
    for whole in all {
        for end in (0..whole.len()).step_by(whole.len() / 12 + 1) {
            let cut = whole.slice(..end);
            for outcome in [picture::normalise(cut.clone()).await.err(), emoticon::shrink(cut.clone()).await.err()] {
                assert_ne!(outcome, Some(PictureFault::Stopping));
            }
        }
        for at in (0..whole.len()).step_by(whole.len() / 40 + 1) {
            let mut broken = whole.to_vec();
            broken[at] ^= 0xff;
            let gave_up = PictureFault::Damaged("its decoder gave up".to_owned());
            assert_ne!(emoticon::shrink(broken.into()).await.err(), Some(gave_up));
        }
    }
}

#[tokio::test]
async fn frames_that_only_say_they_are_large_are_drawn_within_bounds() {
    let frame = |left: u8| {
        [b"\x21\xf9\x04\0\x07\0\0\0,".as_slice(), &[left], b"\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"].concat()
    };
    let mut bytes = b"GIF89a\x64\0\x64\0\x80\0\0\xff\0\0\0\0\xff".to_vec();
    for number in 0..200 {
        bytes.extend(frame(number));
    }
    bytes.push(b';');
    let (image, animated) = emoticon::shrink(bytes.into()).await.unwrap();
    assert!(animated);
    assert_eq!((frames(&image).len(), size(&image)), (60, (50, 50)));
}
