//! Pictures for people and messages, made here, and a look into those that come back.

/// A square PNG in one colour (RFC 2083). Its dots are not compressed.
pub(crate) fn png(side: u16, [red, green, blue]: [u8; 3]) -> Vec<u8> {
    let row: Vec<u8> = [0].into_iter().chain([red, green, blue].repeat(usize::from(side))).collect();
    let dots = row.repeat(usize::from(side));
    let length = u16::try_from(dots.len()).expect("dots that fit into one stored block");
    let [low, high] = length.to_le_bytes();
    // A stream of one stored block (RFC 1950 and 1951), and its checksum.
    let stream = [&[0x78, 0x01, 0x01, low, high, !low, !high], &dots[..], &adler(&dots).to_be_bytes()].concat();
    let side = u32::from(side).to_be_bytes();
    let head = [&side[..], &side, &[8, 2, 0, 0, 0]].concat();
    let chunks = [(b"IHDR", &head[..]), (b"IDAT", &stream), (b"IEND", &[])];
    let chunks = chunks.map(|(kind, data)| {
        let named = [&kind[..], data].concat();
        [&(data.len() as u32).to_be_bytes()[..], &named, &crc(&named).to_be_bytes()].concat()
    });
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat()
}

/// The width and height of a PNG.
pub(crate) fn size_of_png(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && &png[12..16] == b"IHDR", "no PNG: {png:?}");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// A GIF of one dot (`GIF89a`).
pub(crate) const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

fn adler(bytes: &[u8]) -> u32 {
    let (one, two) = bytes.iter().fold((1, 0), |(one, two), byte| {
        let one = (one + u32::from(*byte)) % 65_521;
        (one, (two + one) % 65_521)
    });
    two << 16 | one
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 })
    })
}
