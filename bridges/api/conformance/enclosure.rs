//! What has bytes, as it lies on the far side of a network.

use domain::{Content, media::Attachment};

/// A file, picture, clip or drawing on the far side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosure {
    /// What it is.
    pub kind: EnclosureKind,
    /// Its name, without a path.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What an [`Enclosure`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnclosureKind {
    /// A file.
    File,
    /// A picture.
    Image,
    /// Something said aloud.
    Voice,
    /// Handwriting. A network that has none carries it as a picture.
    Ink,
}

impl EnclosureKind {
    /// The content of this kind.
    #[must_use]
    pub const fn content(self, attachment: Attachment) -> Content {
        match self {
            Self::File => Content::File(attachment),
            Self::Image => Content::Image(attachment),
            Self::Voice => Content::Voice(attachment),
            Self::Ink => Content::Ink(attachment),
        }
    }

    /// The kind and the attachment of a content that is nothing else; `None` for one that is.
    #[must_use]
    pub const fn of(content: &Content) -> Option<(Self, &Attachment)> {
        match content {
            Content::File(attachment) => Some((Self::File, attachment)),
            Content::Image(attachment) => Some((Self::Image, attachment)),
            Content::Voice(attachment) => Some((Self::Voice, attachment)),
            Content::Ink(attachment) => Some((Self::Ink, attachment)),
            Content::Text(_) | Content::Emote { .. } | Content::Nudge | Content::Wink { .. } => None,
        }
    }

    /// Whether what was sent as this kind may arrive as `other`.
    pub(super) fn arrives_as(self, other: Self) -> bool {
        self == other || (self == Self::Ink && other == Self::Image)
    }
}
