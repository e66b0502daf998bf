//! A Discord in process, for tests: the REST API (version 10), the gateway and the files, on one port of loopback, and people
//! who act from a script. Its shapes follow Discord's developer documentation.
//!
//! Scripted people act at once; what clients do is waited for, with a deadline after which the test fails. What a client must
//! never do is kept as a violation, and [`Double::finish`] fails the test with all of them.
//!
//! ```ignore
//! let double = Double::start().await;
//! let (bot, guild) = (double.bot("bridge"), double.guild("Tea"));
//! bot.joins(&guild);
//! let general = guild.channel("general");
//! let ann = double.person("ann");
//! ann.joins(&guild);
//! // ... a client of `double.api_base()` with `bot.token()` ...
//! ann.says(&general, "hello");
//! let heard = general.wait_for_message(|message| message.author.id() == bot.id()).await;
//! double.finish();
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc, clippy::must_use_candidate)]

mod cdn;
mod constants;
mod double;
mod faults;
mod gateway;
mod id;
mod limits;
mod listener;
mod rest;
mod rules;
mod script;
mod shape;
mod shared;
mod tally;
mod world;

pub use constants::{intents, permissions};
pub use double::Double;
pub use faults::{EventFault, Fault};
pub use id::Id;
pub use rest::Route;
pub use rules::Rules;
pub use script::bot::Bot;
pub use script::channel::Channel;
pub use script::gateway::Gateway;
pub use script::guild::Guild;
pub use script::person::Person;
pub use world::message::{Attachment, Author, Message, MessageKind, Reference, Sticker};
pub use world::presence::{Activity, Device, Presence, Status, StatusEmoji};
pub use world::records::{ChannelKind, ShownPresence};
