//! What is said and shown on Discord, in Messenger's terms, and back. Pure: names are asked for, and what has to be fetched is
//! named.

mod checking;
mod inward;
mod markdown;
mod names;
mod outward;
mod part;
mod presence;
mod quote;
mod shown;
mod split;

pub(crate) use checking::{check, check_message, check_presence};
pub(crate) use inward::inward;
pub(crate) use names::{KnownEmoji, Names, Nobody, People};
pub(crate) use outward::{Outward, outward, outward_emote};
pub(crate) use part::{Inward, Part, WantedEmoji, Wording};
pub(crate) use presence::status;
pub(crate) use quote::{quote, sign};
pub(crate) use shown::shown;
pub(crate) use split::{LONGEST_MESSAGE, split};
