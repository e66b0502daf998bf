//! What Discord's gateway and API tell, as far as it is of use here.
//!
//! Read loosely: a field that is missing or of another form takes its default, an element of a list that cannot be read is left
//! out, and only an object without its id is none at all. So a new kind of something on Discord costs that something, not the
//! guild that it is in. (Forms: Discord's developer documentation, API version 10.)

mod channel;
mod guild;
mod id;
mod message;
mod person;

pub(crate) use channel::{Channel, ChannelKind, Overwrite, OverwriteKind};
pub(crate) use guild::{Guild, GuildEmoji, Permissions, Role};
pub(crate) use id::{
    ApplicationId, AttachmentId, ChannelId, EmojiId, GuildId, MessageId, RoleId, StickerId, UserId, WebhookId,
};
pub(crate) use message::{
    Component, Embed, File, Message, MessageKind, Poll, PollWords, ReferenceKind, Snapshot, Sticker, StickerFormat,
    Webhook,
};
pub(crate) use person::{Activity, ActivityKind, Application, EmojiSign, Member, Presence, PresenceStatus, User};
