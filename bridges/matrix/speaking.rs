//! The one door by which our users say something in a room: whatever goes out by it is encrypted where the room is.

use bridge::Failure;
use domain::Timestamp;
use ruma::{OwnedEventId, RoomId, UserId};
use serde_json::Value;

use crate::{appservice::Appservice, homeserver::Trouble, message::Written};

/// An event as it may be sent in its room: encrypted, where the room is. Nothing makes one but [`Appservice::speak`], and nothing else
/// than one can be sent: what stands in clear in an encrypted room can never be taken back.
#[derive(Debug)]
pub(crate) struct Sealed {
    written: Written,
}

impl Sealed {
    /// Its type.
    pub(crate) const fn kind(&self) -> &'static str {
        self.written.kind
    }

    /// Its content.
    pub(crate) const fn content(&self) -> &Value {
        &self.written.content
    }
}

/// Why something was not said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unsaid {
    /// The homeserver did not take it.
    #[error(transparent)]
    Untaken(#[from] Trouble),
    /// It could not be encrypted, and must not go otherwise.
    #[error("{0}")]
    Unsealed(Failure),
}

impl Unsaid {
    /// Whether the homeserver refused for good.
    pub(crate) const fn is_final(&self) -> bool {
        match self {
            Self::Untaken(trouble) => trouble.is_final(),
            Self::Unsealed(failure) => !failure.is_passing(),
        }
    }

    /// Whether it was too large.
    pub(crate) fn is_too_large(&self) -> bool {
        matches!(self, Self::Untaken(trouble) if trouble.is("M_TOO_LARGE"))
    }
}

impl From<Unsaid> for Failure {
    fn from(unsaid: Unsaid) -> Self {
        match unsaid {
            Unsaid::Untaken(trouble) => trouble.into(),
            Unsaid::Unsealed(failure) => failure,
        }
    }
}

impl Appservice {
    /// Says something as a user of ours, who is in the room. `transaction` is the same at every attempt; `sent` is when it was said,
    /// where that is not now. `None` when the homeserver took it without our being able to read its id.
    pub(crate) async fn speak(
        &self,
        user: &UserId,
        room: &RoomId,
        transaction: &str,
        written: &Written,
        sent: Option<Timestamp>,
    ) -> Result<Option<OwnedEventId>, Unsaid> {
        let written = self.encryption.seal(user, room, written.clone()).await.map_err(Unsaid::Unsealed)?;
        Ok(self.homeserver.acting_as(user).send(room, transaction, &Sealed { written }, sent).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }

    /// The files, apart from the tests, in which this stands, by their paths.
    fn files_with(words: &str) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        sources(root, &mut files);
        let mut found: Vec<String> = files
            .iter()
            .filter(|file| !file.starts_with(root.join("tests")) && !file.ends_with("speaking.rs"))
            .filter(|file| fs::read_to_string(file).unwrap().contains(words))
            .map(|file| file.strip_prefix(root).unwrap().display().to_string())
            .collect();
        found.sort();
        found
    }

    #[test]
    fn there_is_no_other_door() {
        // The homeserver's call that puts an event into a room, and its address.
        assert_eq!(files_with("send_message_event"), ["intent/messages.rs"]);
        assert_eq!(files_with("/send/m."), [""; 0]);
        // It takes nothing but what came through here, and nobody else asks it to.
        let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("intent/messages.rs")).unwrap();
        assert_eq!(source.matches("send_message_event::v3::Request").count(), 1);
        assert!(source.contains("sealed: &Sealed"));
        assert_eq!(files_with(".encryption.seal("), [""; 0]);
    }
}
