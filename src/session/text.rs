//! Text between Messenger and other networks: its look, its emoticons, and what third-party clients put into it.

mod definitions;
mod inward;
mod marks;
mod outward;
mod plus;

pub use definitions::Definitions;
pub use inward::{Shown, inward};
pub use outward::{name_outward, outward};
pub use plus::without_plus_codes;
