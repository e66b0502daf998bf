//! The pages for people, as a browser without scripts sees them.

mod admins;
mod doors;
mod lives;
mod signing_in;
