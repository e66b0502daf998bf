//! The decoder gives the same frames however the bytes are portioned, and holds nothing between two frames.

use msnp::frame::{Decoder, Direction, Frame, FrameFault, Limits, Side};

fn decode<'a>(
    side: Side,
    direction: Direction,
    portions: impl Iterator<Item = &'a [u8]>,
) -> (Vec<Frame>, Option<FrameFault>) {
    let limits = match side {
        Side::Notification => Limits::default(),
        Side::Switchboard => Limits::switchboard(),
    };
    let mut decoder = Decoder::with_direction(side, direction, limits);
    let mut frames = Vec::new();
    for portion in portions {
        decoder.push(portion);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(fault) => return (frames, Some(fault)),
            }
        }
        assert!(decoder.is_amid_frame() || decoder.held() == 0, "memory is held between two frames");
    }
    (frames, None)
}

/// Bytes of a connection: a first one that says how many, less one, come at a time, and then the connection's own.
pub fn frame_decoder(bytes: &[u8]) -> bool {
    let Some((&portion, bytes)) = bytes.split_first() else { return false };
    let mut understood = false;
    for side in [Side::Notification, Side::Switchboard] {
        for direction in [Direction::FromClient, Direction::FromServer] {
            let whole = decode(side, direction, std::iter::once(bytes));
            let portioned = decode(side, direction, bytes.chunks(usize::from(portion) + 1));
            assert_eq!(whole, portioned);
            understood |= !whole.0.is_empty();
        }
    }
    understood
}
