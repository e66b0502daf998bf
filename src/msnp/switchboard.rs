//! Commands of the switchboard: one conversation.

pub mod client;
pub mod server;
