//! Any bytes are a picture, an emoticon, ink or a wink, or are refused; what is made of them keeps the promises of its size.

use std::sync::LazyLock;

use bytes::Bytes;
use media::{PictureFault, emoticon, ink, picture as display, wink};
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

/// A picture of any kind.
pub fn picture(bytes: &[u8]) -> bool {
    RUNTIME.block_on(look(Bytes::copy_from_slice(bytes)))
}

async fn look(bytes: Bytes) -> bool {
    let shown = survived(display::normalise(bytes.clone()).await);
    let small = survived(emoticon::shrink(bytes.clone()).await);
    let ink = survived(ink::to_gif(bytes.clone()).await);
    if let Some(shown) = &shown {
        assert_eq!(media::sniff(&shown.png), "image/png");
        assert!(shown.png.len() < 50_000, "clients take no longer one");
    }
    if let Some((small, moves)) = &small {
        assert_eq!(media::sniff(small), if *moves { "image/gif" } else { "image/png" });
        assert!(!moves || small.len() <= emoticon::LONGEST_GIF);
    }
    if let Some(ink) = &ink {
        assert!(ink.len() <= ink::LONGEST_GIF);
    }
    let preview = display::preview(bytes.clone()).await;
    assert_eq!(preview.is_some(), shown.is_some(), "a preview is made of what is a picture");
    let wink = wink::thumbnail(bytes).await;
    shown.is_some() || wink.is_some()
}

/// What was made; that a decoder panicked is survived by the program, and a fault here.
fn survived<Made>(made: Result<Made, PictureFault>) -> Option<Made> {
    assert!(!matches!(&made, Err(PictureFault::Damaged(why)) if why.contains("gave up")), "a decoder panicked");
    made.ok()
}
