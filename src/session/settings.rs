//! What all connections of one server share.

use std::sync::Arc;

use domain::network::NetworkIds;

use crate::emoji::Emoji;

/// The usual font of contacts of other networks: one that every Windows XP has.
pub const BRIDGED_FONT: &str = "Microsoft Sans Serif";

/// How the answer to a challenge is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Challenges {
    /// None are sent.
    Off,
    /// Any well-formed answer is taken: the keys of some builds of Messenger 7.5 are not known.
    #[default]
    Lenient,
    /// A wrong or late answer, or one of an unknown product, ends the connection.
    Strict,
}

/// What all connections of one server share; from the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How contacts of other networks are marked in MSNP12.
    pub network_ids: NetworkIds,
    /// How emoji reach a client that has none.
    pub emoji: Emoji,
    /// The font of contacts of other networks, where they choose none; see [`BRIDGED_FONT`].
    pub bridged_font: Arc<str>,
    /// How the answer to a challenge is taken.
    pub challenges: Challenges,
    /// How many calls a minute one switchboard may make; beyond, 713.
    pub calls_per_minute: u32,
    /// How many messages a minute one switchboard may send, what peers hand each other not counted; beyond, they are not taken.
    pub messages_per_minute: u32,
    /// Whether clients show their mail buttons, which open this server's own pages.
    pub mail: bool,
    /// The address of the web pages, without a slash at its end.
    pub web: Arc<str>,
    /// Where clients are told to connect to: `host:port`.
    pub public_address: Arc<str>,
}
