//! Commands of the notification server: sign-in, contact list, presence.

pub mod alert;
pub mod client;
pub mod server;
