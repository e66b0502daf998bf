//! A network in memory, with one person on it.
//!
//! Echo is everybody's friend: online, typing a moment, then repeating what they were told. The words `away`, `busy`,
//! `online`, `status TEXT` and `nudge` are obeyed. So a newcomer sees everything move without any other server, and tests have
//! a network that they can play both sides of ([`Loopback::say`] and its neighbours). It is also the shortest complete bridge:
//! read it before you write one.
//!
//! What Echo was told is kept until it is answered, so that a crash in between neither loses nor doubles an answer.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod desk;
mod echo;
mod far_side;
mod link;
mod network;
mod parlour;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bridge::{Network, Section, SectionFault};

pub use network::Loopback;

/// The network that `section` sets up. It has no keys of its own.
#[expect(clippy::needless_pass_by_value, reason = "the constructors of all networks have one shape")]
pub fn network(section: Section) -> Result<Arc<dyn Network>, SectionFault> {
    Ok(Arc::new(Loopback::new(&section)?))
}
