//! Winks: animations for Messenger, each a cabinet with the animation, a picture of it, and a description.

use bytes::Bytes;

use crate::{cabinet::Cabinet, drawing};

/// The longest picture of a wink that is taken, in bytes.
const LONGEST_THUMBNAIL: usize = 512 * 1024;

/// The picture of a wink, and its media type; `None` if it has none that can be read.
pub async fn thumbnail(cabinet: Bytes) -> Option<(Bytes, &'static str)> {
    let found = drawing::apart(cabinet, |bytes| {
        let Some(cabinet) = Cabinet::open(bytes) else { return Ok(None) };
        let mut pictures = cabinet.files().filter(|file| file.len() <= LONGEST_THUMBNAIL).filter_map(|file| {
            let media_type = crate::sniff(&file);
            media_type.starts_with("image/").then_some((Bytes::from(file), media_type))
        });
        Ok(pictures.next())
    });
    found.await.ok().flatten()
}
