//! What people on Matrix say, in words of ours: bytes are still on the homeserver, and other events are named, not known.

use domain::content::Text;
use ruma::{OwnedEventId, OwnedMxcUri, OwnedUserId};

use super::FileKey;

/// What an event of a room says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// Something of its own.
    Message {
        /// What.
        body: Body,
        /// To which event it belongs; `None` when it stands alone.
        relation: Option<Relation>,
        /// Whose attention it asks for.
        mentions: Mentions,
    },
    /// A word, mostly an emoji, put on another message (`m.reaction`).
    Reaction {
        /// On which.
        to: OwnedEventId,
        /// The word: an emoji as it was sent, U+FE0F included; `:name:` for a picture (MSC4027).
        key: String,
    },
    /// An event is taken back: a message, a reaction, or anything else (`m.room.redaction`).
    Removal {
        /// Which.
        of: OwnedEventId,
    },
}

/// What a message consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// A text.
    Text {
        /// The characters and their looks. Its own list of emoticons is empty: their pictures have yet to be fetched.
        text: Text,
        /// The emoticons whose shortcuts stand in the text, each shortcut once.
        emoticons: Vec<RemoteEmoticon>,
    },
    /// What the sender does.
    Emote {
        /// In words, without the sender's name.
        text: String,
    },
    /// A nudge that was sent by a ghost of ours.
    Nudge,
    /// A picture, a clip or a file.
    Media {
        /// As what it was sent.
        kind: MediaKind,
        /// Where it is.
        media: RemoteMedia,
        /// What its sender wrote about it.
        caption: Option<Text>,
    },
}

/// As what a file was sent. Its bytes may say something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaKind {
    /// `m.image`.
    Image,
    /// `m.sticker`.
    Sticker,
    /// `m.audio` that was spoken for this message (MSC3245).
    Voice,
    /// `m.audio`.
    Audio,
    /// `m.video`.
    Video,
    /// `m.file`.
    File,
}

/// A file on a homeserver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteMedia {
    /// Where: always a server and an id.
    pub(crate) uri: OwnedMxcUri,
    /// A file name: never empty, no path, at most 100 characters, with none that Windows does not take in one.
    pub(crate) name: String,
    /// In bytes, as its sender says.
    pub(crate) size: Option<u64>,
    /// Its key, where it stands there encrypted.
    pub(crate) key: Option<Box<FileKey>>,
}

/// An emoticon of the sender's own (MSC2545), on a homeserver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteEmoticon {
    /// The word that it stands for, as it stands in the text: mostly `:name:`.
    pub(crate) shortcut: String,
    /// Where the picture is.
    pub(crate) uri: OwnedMxcUri,
}

/// How a message belongs to another event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Relation {
    /// It answers one. What is said in a thread without answering anything in it answers the thread's first message.
    Reply {
        /// Which.
        to: OwnedEventId,
        /// What the answered event said, where older clients repeat it. Anybody can put any words into it, so it is only
        /// for an event that is not known here.
        fallback: Option<Quoted>,
    },
    /// It takes the place of one: the body is the new one.
    Edit {
        /// Which.
        of: OwnedEventId,
    },
}

/// What a reply repeats of the message that it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quoted {
    /// Who is said to have said it, mostly a user id.
    pub(crate) author: Option<String>,
    /// The words, of any number of lines.
    pub(crate) words: String,
}

/// Whose attention a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mentions {
    /// Nobody's in particular.
    Nobody,
    /// Of these people, each once.
    People(Vec<OwnedUserId>),
}
