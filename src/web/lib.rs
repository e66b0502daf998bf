//! HTTP: how Messenger signs in before it speaks MSNP, how it speaks MSNP where nothing but HTTP is let through, and what it
//! fetches or opens in a browser beside.
//!
//! A client proves its password here and is given a ticket, which it then shows on its notification connection. It does so in
//! one of three dialects: Passport 1.4 (`passport`: Messenger 5 to 7.0 and most third-party clients), RST (`rst`: the
//! SOAP of Messenger 7.5), and the header pair of patched clients (`patched`). All three ask one [`Authority`].
//!
//! The [gateway] carries MSNP in requests; [services] are what Messenger fetches for itself, [pages] what it opens for its user,
//! and [media] the files that other networks' people send. On a page of [linking] an account makes its own link to a network; the
//! [portal] is all that its people do with their accounts in a browser of today. In the [mirror] a server shows that it is the one that is
//! asked; [examinations] are those that it makes of itself.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod again;
mod authority;
mod body;
#[doc(hidden)]
pub mod checking;
mod cookies;
mod crowd;
mod examinations;
mod foreign;
mod form;
mod gateway;
mod guard;
mod linking;
mod listener;
mod media;
mod mirror;
mod page;
mod pages;
mod passport;
mod patched;
mod portal;
mod routes;
mod rst;
mod server;
mod services;
mod spelling;
mod visit;

pub use ::server::{GatewaySession, LinkFault, LinkPage, MediaFile, Onward, PasswordFault, Refusal, Ticket};
pub use authority::{Authority, Backend, Carrier, Library, Linker, Porter};
pub use listener::{Settings, serve};
