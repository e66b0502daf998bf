//! The wire grammar of MSNP10, MSNP11 and MSNP12, the protocol of MSN Messenger 6 to 7.5.
//!
//! Everything here is a pure function of its arguments: bytes become frames ([`frame`]), frames become typed commands
//! ([`notification`], [`switchboard`]), and payloads become typed bodies ([`message`], [`personal_message`], [`object`]).
//! Reading is tolerant, because clients differ; writing is exact.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod challenge;
pub mod code;
pub mod dialect;
pub mod frame;
pub mod list;
pub mod message;
pub mod mime;
pub mod notification;
pub mod object;
pub mod p2p;
pub mod percent;
pub mod personal_message;
pub mod profile;
pub mod status;
pub mod switchboard;
pub mod text_format;

mod argument;
mod line;
mod xml;
