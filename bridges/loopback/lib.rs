//! A network in memory: Echo, and a room of five.
//!
//! Echo is everybody's friend: online, with a picture, typing a moment, then repeating what they were told in kind: texts with
//! their looks and emoticons, nudges, files, pictures, ink and voice clips with the same bytes. They obey some words; `help`
//! names them. They also answer with quotes, put signs on what they hear, change and delete what they said, ask people into the
//! room and show them out. In the room four people beside the account answer what is said there. So a newcomer sees everything move without
//! any other server, and tests have a network that they can play both sides of ([`Loopback::say`] and its neighbours). It is
//! also the shortest complete bridge: read it before you write one.
//!
//! The way of a message: `link` takes the order, `parlour` keeps it as an errand at the account's `desk`, `answering` asks
//! `echo` or the `room` for an answer and hands it in. What was said is kept until it is answered, so that a crash in between
//! neither loses nor doubles an answer.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod answering;
mod deeds;
mod desk;
mod drawings;
mod echo;
mod far_side;
mod gathering;
mod lines;
mod link;
mod linking;
mod network;
mod parlour;
mod pictures;
mod recital;
mod room;
mod seeking;
mod setup;
#[cfg(test)]
mod tests;
mod tone;
mod words;

use std::sync::Arc;

use bridge::{Network, Section, SectionFault};

pub use network::Loopback;
pub use setup::InMemory;

/// The network that `section` sets up. Its only key is `linking`: whether accounts link themselves, by a token of Echo's.
#[expect(clippy::needless_pass_by_value, reason = "the constructors of all networks have one shape")]
pub fn network(section: Section) -> Result<Arc<dyn Network>, SectionFault> {
    Ok(Arc::new(Loopback::new(&section)?))
}
