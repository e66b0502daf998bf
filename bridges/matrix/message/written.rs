//! What we say on Matrix, ready to be sent.

use std::time::Duration;

use ruma::{OwnedMxcUri, OwnedUserId};
use serde_json::Value;

use super::FileKey;

/// Marks an event with the order it carries out, so that it is found again when an answer was lost.
pub(crate) const ORDER: &str = "im.chrysalis.order";
/// Marks an event that carries out only a part of its order: a number from 1 on. The first part has no such mark.
pub(crate) const PART: &str = "im.chrysalis.part";

/// Names the ghosts whose users know already what an event says, as Messenger has given it to them.
pub(crate) const HEARD: &str = "im.chrysalis.heard";

/// What of a message stands in clear beside what is encrypted of it, in an encrypted room: an event that was sent before its answer was
/// lost is found without its key, and who has heard it needs none. None of it says anything of the message.
pub(crate) const IN_CLEAR: [&str; 4] = [ORDER, PART, HEARD, "m.relates_to"];

/// An event to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// Its type.
    pub(crate) kind: &'static str,
    /// Its content.
    pub(crate) content: Value,
}

impl Written {
    /// The same, marked with the ghosts whose users know it already.
    pub(crate) fn heard_by(mut self, ghosts: &[OwnedUserId]) -> Self {
        if let Some(content) = self.content.as_object_mut().filter(|_| !ghosts.is_empty()) {
            content.insert(HEARD.to_owned(), ghosts.iter().map(|ghost| Value::from(ghost.as_str())).collect());
        }
        self
    }
}

/// An attachment's bytes, as they are on the homeserver now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uploaded {
    /// Where.
    pub(crate) uri: OwnedMxcUri,
    /// How wide, of a picture or a film, in pixels.
    pub(crate) width: Option<u32>,
    /// How high, likewise.
    pub(crate) height: Option<u32>,
    /// How long, of a clip or a film.
    pub(crate) duration: Option<Duration>,
    /// Their key, where they stand there encrypted.
    pub(crate) key: Option<Box<FileKey>>,
}
