//! What a test does: people who act, guilds and channels that change, bots and their connections.

pub(crate) mod bot;
pub(crate) mod channel;
pub(crate) mod gateway;
pub(crate) mod guild;
pub(crate) mod person;
mod sending;
