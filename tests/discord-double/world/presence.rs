//! Whether somebody is there, and what they are doing.

use crate::id::Id;

/// What Discord shows of somebody's presence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Here.
    Online,
    /// Away.
    Idle,
    /// Not to be disturbed.
    Busy,
    /// Not here, or hidden.
    #[default]
    Offline,
}

impl Status {
    /// Discord's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Idle => "idle",
            Self::Busy => "dnd",
            Self::Offline => "offline",
        }
    }

    /// From the word of a client; a hidden one is seen as offline.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word {
            "online" => Some(Self::Online),
            "idle" => Some(Self::Idle),
            "dnd" => Some(Self::Busy),
            "invisible" | "offline" => Some(Self::Offline),
            _ => None,
        }
    }
}

/// Where somebody is online.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    /// The program.
    #[default]
    Desktop,
    /// The telephone.
    Mobile,
    /// The browser.
    Web,
}

impl Device {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
            Self::Web => "web",
        }
    }
}

/// The presence of one person, the same in all guilds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// Whether they are here.
    pub status: Status,
    /// What they do; a custom status is one of these.
    pub activities: Vec<Activity>,
    /// Where they are online.
    pub device: Device,
}

/// The small picture before a custom status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEmoji {
    /// The character itself, or the name of a guild's emoji.
    pub name: String,
    /// The guild's emoji.
    pub id: Option<Id>,
    /// Whether that moves.
    pub animated: bool,
}

/// What somebody does (Discord's developer documentation, "Activity Object").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// 0 playing, 1 streaming, 2 listening, 3 watching, 4 custom, 5 competing.
    pub kind: u8,
    /// The game, the player of music, `Custom Status`.
    pub name: String,
    /// The line below; the text of a custom status; who performs the music.
    pub state: Option<String>,
    /// The line in between; the title of the music.
    pub details: Option<String>,
    /// Where a stream is seen.
    pub url: Option<String>,
    /// The picture of a custom status.
    pub emoji: Option<StatusEmoji>,
    /// The album and its picture, of music: `(large_text, large_image)`.
    pub album: Option<(String, String)>,
    /// Which piece of music it is at the player's service.
    pub sync_id: Option<String>,
}

impl Activity {
    /// A custom status of this text.
    pub fn custom(text: &str) -> Self {
        Self { kind: 4, name: "Custom Status".into(), state: Some(text.into()), ..Self::default() }
    }

    /// A custom status that is a picture only.
    pub fn custom_emoji(emoji: &str) -> Self {
        Self { state: None, ..Self::custom("") }.with_emoji(emoji)
    }

    /// With this character before the text.
    #[must_use]
    pub fn with_emoji(self, emoji: &str) -> Self {
        Self { emoji: Some(StatusEmoji { name: emoji.into(), id: None, animated: false }), ..self }
    }

    /// With an emoji of a guild before the text.
    #[must_use]
    pub fn with_guild_emoji(self, name: &str, id: Id, animated: bool) -> Self {
        Self { emoji: Some(StatusEmoji { name: name.into(), id: Some(id), animated }), ..self }
    }

    /// Music by Spotify, as Discord shows it.
    pub fn spotify(title: &str, artist: &str, album: &str) -> Self {
        Self {
            kind: 2,
            name: "Spotify".into(),
            details: Some(title.into()),
            state: Some(artist.into()),
            album: Some((album.into(), "spotify:ab67616d0000b273".into())),
            sync_id: Some("4uLU6hMCjMI75M1A2tKUQC".into()),
            ..Self::default()
        }
    }

    /// A game.
    pub fn playing(game: &str) -> Self {
        Self { kind: 0, name: game.into(), ..Self::default() }
    }

    /// A stream, and where it is seen.
    pub fn streaming(name: &str, url: &str) -> Self {
        Self { kind: 1, name: name.into(), url: Some(url.into()), ..Self::default() }
    }

    /// Something watched.
    pub fn watching(name: &str) -> Self {
        Self { kind: 3, name: name.into(), ..Self::default() }
    }
}
