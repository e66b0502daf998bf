//! What the gateway tells, in order.

use crate::model::{
    Application, Channel, ChannelId, EmojiSign, Guild, GuildEmoji, GuildId, Member, Message, MessageId, Presence, Role,
    RoleId, User, UserId,
};

/// Something that happened on Discord, as one bot saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Happening {
    /// A new session: everything that was known is told anew, a guild at a time.
    Ready {
        /// The bot itself.
        me: User,
        application: Application,
        /// The guilds that it is in; each is told by [`Happening::Guild`] soon.
        guilds: Vec<GuildId>,
    },
    /// The session goes on: what was missed came before this.
    Resumed,
    /// A guild, whole.
    Guild(Box<Guild>),
    /// A guild's name, picture or tier changed; its lists are empty here and stay as they are.
    GuildChanged(Box<Guild>),
    /// The bot is no longer in this guild; or, where it is `unavailable`, Discord has trouble with it.
    GuildGone {
        guild: GuildId,
        unavailable: bool,
    },
    /// A channel or a thread, new or changed.
    Channel(Box<Channel>),
    /// A channel or a thread that is gone.
    ChannelGone {
        guild: Option<GuildId>,
        channel: ChannelId,
    },
    /// The threads of a guild that the bot can see now, beside those that it knows.
    Threads {
        guild: GuildId,
        threads: Vec<Channel>,
    },
    Role {
        guild: GuildId,
        role: Role,
    },
    RoleGone {
        guild: GuildId,
        role: RoleId,
    },
    /// All the custom emojis that a guild has now.
    Emojis {
        guild: GuildId,
        emojis: Vec<GuildEmoji>,
    },
    /// Somebody came into a guild, or changed there.
    Member {
        guild: GuildId,
        member: Box<Member>,
    },
    MemberGone {
        guild: GuildId,
        user: UserId,
    },
    /// Members that were asked for; the last piece of an answer is marked.
    Members {
        guild: GuildId,
        members: Vec<Member>,
        presences: Vec<Presence>,
        last: bool,
    },
    Presence {
        guild: Option<GuildId>,
        presence: Box<Presence>,
    },
    /// The bot itself changed.
    Me(User),
    Message(Box<Message>),
    /// A message changed: perhaps only its previews.
    MessageChanged(Box<Message>),
    MessagesGone {
        guild: Option<GuildId>,
        channel: ChannelId,
        messages: Vec<MessageId>,
    },
    Reaction {
        guild: Option<GuildId>,
        channel: ChannelId,
        message: MessageId,
        user: UserId,
        /// Who it is in the guild, where it is told.
        member: Option<Box<Member>>,
        emoji: EmojiSign,
        /// Put there, or taken back.
        added: bool,
    },
    Typing {
        guild: Option<GuildId>,
        channel: ChannelId,
        user: UserId,
        member: Option<Box<Member>>,
    },
    /// The webhooks of a channel changed: which ones must be asked.
    WebhooksChanged {
        guild: GuildId,
        channel: ChannelId,
    },
}
