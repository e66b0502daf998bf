//! The pages for people, as a browser without scripts sees them.

mod doors;
mod lives;
mod signing_in;
