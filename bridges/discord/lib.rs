//! Discord for Chrysalis: guilds, channels and direct messages as Messenger contacts.
//!
//! Each account speaks through a bot of its own, or all through one relay. `gateway` hears, `rest` asks and says; both know
//! Discord only as `model` has it. `words` puts what is said from Discord's form into ours and back, without any IO.
//!
//! In: `inward` listens to the gateway; who and what is there goes to `people`, what is said waits in the lane of its place, is worded and
//! committed; `catching_up` fetches what was missed. Out: `link` takes an order, `outward` says it once, as the account's own bot, through
//! one of the `webhooks` under a name of `stage_names`, or as the relay. `bots` knows which bot is whose, `linking` links one, `direct`
//! knows direct chats and who talks in them with whom, `echoes` who of this server said something, `departures` who does not hear
//! it any more.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod bots;
mod catching_up;
mod check;
mod configuration;
mod contacts;
mod departures;
mod direct;
mod echoes;
mod event;
mod gateway;
mod inward;
mod link;
mod linking;
mod model;
mod network;
mod outward;
mod people;
mod pictures;
mod presences;
mod remote_ids;
mod rest;
mod roster;
mod running;
mod setup;
mod stage_names;
mod typing;
mod webhooks;
mod words;

use std::sync::Arc;

use bridge::{Network, Section, SectionFault};

pub use setup::ByBots;

/// The network of a section of kind `discord`. Nothing is asked of Discord yet.
pub fn network(section: &Section) -> Result<Arc<dyn Network>, SectionFault> {
    Ok(Arc::new(network::Discord::new(section)?))
}

/// Whether a section of kind `discord` can be taken; nothing is made.
pub fn examine(section: &Section) -> Result<(), SectionFault> {
    network(section).map(drop)
}

/// A door for the fuzz target alone: reads any text as what somebody said on Discord, and as what somebody typed, and panics where what was
/// typed would not be read as it was.
#[doc(hidden)]
pub fn check_words(text: &str) {
    words::check(text);
}

/// A door for the fuzz target alone: reads any text as an event of the gateway, which is its name, a line break and its data, and panics where
/// a promise of that is broken. Says whether it was understood.
#[doc(hidden)]
#[must_use]
pub fn check_event(text: &str) -> bool {
    gateway::check_event(text)
}
