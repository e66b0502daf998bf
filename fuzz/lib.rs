//! What several fuzz targets check.

use msnp::frame::{Decoder, Frame, Limits, Side};

/// Reads bytes as commands and checks that each, written anew, is one command: nothing within it can end its line.
///
/// `rewrite` understands a command and writes it, or gives `None` for one that need not come back.
pub fn commands_stay_whole(side: Side, limits: Limits, bytes: &[u8], rewrite: impl Fn(Frame) -> Option<Vec<u8>>) {
    let mut heard = Decoder::new(side, limits);
    heard.push(bytes);
    while let Ok(Some(frame)) = heard.next_frame() {
        let Some(written) = rewrite(frame) else { continue };
        let mut again = Decoder::new(side, limits);
        again.push(&written);
        // Written anew, a name may be longer than a line may be; but never two lines.
        if let Ok(frame) = again.next_frame() {
            assert!(frame.is_some(), "{:?} is not whole", String::from_utf8_lossy(&written));
            assert!(!again.is_amid_frame(), "{:?} is more than one command", String::from_utf8_lossy(&written));
        }
    }
}
