//! The numbers of Discord's developer documentation that a test names.

/// What a session asks to hear of (Discord's developer documentation, "Gateway Intents").
pub mod intents {
    /// Guilds, their channels, roles and threads.
    pub const GUILDS: u64 = 1;
    /// People who join, leave and change; privileged.
    pub const GUILD_MEMBERS: u64 = 1 << 1;
    /// Emojis and stickers that change.
    pub const GUILD_EXPRESSIONS: u64 = 1 << 3;
    /// Webhooks that change.
    pub const GUILD_WEBHOOKS: u64 = 1 << 5;
    /// Presences; privileged.
    pub const GUILD_PRESENCES: u64 = 1 << 8;
    /// Messages in guilds.
    pub const GUILD_MESSAGES: u64 = 1 << 9;
    /// Reactions in guilds.
    pub const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
    /// Typing in guilds.
    pub const GUILD_MESSAGE_TYPING: u64 = 1 << 11;
    /// Direct messages.
    pub const DIRECT_MESSAGES: u64 = 1 << 12;
    /// Reactions in direct messages.
    pub const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
    /// Typing in direct messages.
    pub const DIRECT_MESSAGE_TYPING: u64 = 1 << 14;
    /// What messages say; privileged.
    pub const MESSAGE_CONTENT: u64 = 1 << 15;
    /// Those that an application has to be allowed.
    pub const PRIVILEGED: u64 = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT;
    /// All that Discord knows: bits 0 to 16, 20, 21, 24 and 25.
    pub const KNOWN: u64 = 0x1_ffff | 3 << 20 | 3 << 24;
}

/// What somebody may do (Discord's developer documentation, "Permissions").
pub mod permissions {
    /// Everything, whatever else is written.
    pub const ADMINISTRATOR: u64 = 1 << 3;
    /// React with an emoji that is not there yet.
    pub const ADD_REACTIONS: u64 = 1 << 6;
    /// See a channel at all.
    pub const VIEW_CHANNEL: u64 = 1 << 10;
    /// Write in a channel.
    pub const SEND_MESSAGES: u64 = 1 << 11;
    /// Delete and pin what others wrote.
    pub const MANAGE_MESSAGES: u64 = 1 << 13;
    /// Links show what is behind them.
    pub const EMBED_LINKS: u64 = 1 << 14;
    /// Send files.
    pub const ATTACH_FILES: u64 = 1 << 15;
    /// Read what was written before.
    pub const READ_MESSAGE_HISTORY: u64 = 1 << 16;
    /// Reach everyone at once.
    pub const MENTION_EVERYONE: u64 = 1 << 17;
    /// Use the emojis of other guilds.
    pub const USE_EXTERNAL_EMOJIS: u64 = 1 << 18;
    /// Change the own nick.
    pub const CHANGE_NICKNAME: u64 = 1 << 26;
    /// Make and see webhooks.
    pub const MANAGE_WEBHOOKS: u64 = 1 << 29;
    /// Open threads.
    pub const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
    /// Write in threads.
    pub const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
    /// What everyone of a new guild may do: all of the above that does not govern others.
    pub const EVERYONE: u64 = ADD_REACTIONS
        | VIEW_CHANNEL
        | SEND_MESSAGES
        | EMBED_LINKS
        | ATTACH_FILES
        | READ_MESSAGE_HISTORY
        | USE_EXTERNAL_EMOJIS
        | CHANGE_NICKNAME
        | CREATE_PUBLIC_THREADS
        | SEND_MESSAGES_IN_THREADS;
    /// What a bot of a bridge is given when it is invited, beside what everyone may: webhooks.
    pub const BRIDGE: u64 = EVERYONE | MANAGE_WEBHOOKS;
    /// All of them.
    pub const ALL: u64 = EVERYONE | ADMINISTRATOR | MANAGE_MESSAGES | MENTION_EVERYONE | MANAGE_WEBHOOKS;
}
