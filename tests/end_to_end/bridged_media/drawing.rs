//! Pictures that a network can show, made here.

/// How many colours they have.
const COLOURS: u8 = 128;

/// So many dots may follow a clear code before the codes get wider.
const RUN: usize = 100;

/// A square GIF with so many frames, all different. Its dots are not compressed: a dot is a byte (`GIF89a`).
pub(super) fn gif(side: u16, frames: u8) -> Vec<u8> {
    let [low, high] = side.to_le_bytes();
    let mut gif = b"GIF89a".to_vec();
    // The colours follow, of which there are 2 to the 7th.
    gif.extend([low, high, low, high, 0x80 | 0x70 | 6, 0, 0]);
    gif.extend((0..COLOURS).flat_map(|colour| [colour * 2, 255 - colour, colour]));
    for frame in 0..frames {
        // A tenth of a second each.
        gif.extend([0x21, 0xF9, 4, 0, 10, 0, 0, 0]);
        gif.extend([0x2C, 0, 0, 0, 0, low, high, low, high, 0, 7]);
        let dots = usize::from(side) * usize::from(side);
        let dots: Vec<u8> = (0..dots).map(|place| (place * 5 + usize::from(frame) * 40) as u8 % COLOURS).collect();
        let mut codes: Vec<u8> = dots.chunks(RUN).flat_map(|run| [&[COLOURS], run].concat()).collect();
        codes.push(COLOURS + 1);
        for block in codes.chunks(255) {
            gif.push(block.len() as u8);
            gif.extend(block);
        }
        gif.push(0);
    }
    gif.push(0x3B);
    gif
}
