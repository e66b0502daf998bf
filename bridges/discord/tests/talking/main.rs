//! What is said on both sides of the bridge, with a Discord in process: through the relay and through own bots, with answers that get
//! lost, and after outages.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod beginnings;
mod losses;
mod outages;
mod own;
mod relay;
mod stage;
mod storms;
