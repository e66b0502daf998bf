//! What programs of the people who run the server see and do: all that the pages for them show and the command line does to a running
//! server, in JSON over HTTP, on a listener of its own.
//!
//! Whoever shows the [`Token`] may do all of it, so the listener is off unless the configuration asks for it, and on loopback unless that
//! says otherwise. `/openapi.json` describes every route, and is made of the routes themselves. Faults are `application/problem+json`
//! (RFC 9457), each with what to do. No password, token or message is in an answer, an invite code that was just made apart.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod accounts;
mod announcements;
mod bodies;
mod desk;
mod document;
mod guard;
mod invites;
mod links;
mod listener;
mod networks;
mod orders;
mod problem;
mod program;
mod routes;
mod sessions;
mod token;
mod upkeep;

pub use listener::serve;
pub use program::{Program, Refusal, Reloaded};
pub use token::{Token, TokenFault};
