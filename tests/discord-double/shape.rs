//! The JSON of everything, as Discord's developer documentation (API v10) has it.

mod guild;
mod message;
mod person;

pub(crate) use guild::{channel, emoji, guild, role, unavailable_guild, webhook, whole_guild};
pub(crate) use message::{message, reaction_emoji};
pub(crate) use person::{application, flags, member, own_user, partial_member, presence, user};
