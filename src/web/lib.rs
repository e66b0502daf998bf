//! HTTP: how Messenger signs in, before it speaks MSNP.
//!
//! A client proves its password here and is given a ticket, which it then shows on its notification connection. It does so in
//! one of three dialects: Passport 1.4 (`passport`: Messenger 5 to 7.0 and most third-party clients), RST (`rst`: the
//! SOAP of Messenger 7.5), and the header pair of patched clients (`patched`). All three ask one [`Authority`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod authority;
mod body;
mod listener;
mod page;
mod passport;
mod patched;
mod routes;
mod rst;
mod server;
mod spelling;

pub use authority::{Authority, Refusal, Ticket};
pub use listener::{Settings, serve};
