//! `[networks.matrix.encryption]`.

use serde::Deserialize;

/// Whether rooms that we make are encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MadeRooms {
    /// As whoever asks for one wants it; not, where nobody says.
    #[default]
    AsAsked,
    /// All of them.
    Always,
}

/// How our own users, ghosts and the bot, take part in encrypted rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EncryptionKeys {
    /// Whether they do at all.
    pub(crate) ghosts: bool,
    /// Whether direct chats and rooms that we make are encrypted.
    pub(crate) rooms: MadeRooms,
}

impl Default for EncryptionKeys {
    fn default() -> Self {
        Self { ghosts: true, rooms: MadeRooms::AsAsked }
    }
}
