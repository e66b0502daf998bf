//! The suite that every bridge passes.
//!
//! A bridge writes a [`Subject`]: its network, and the far side of it, where one person can be made to speak and asked what
//! they heard. [`run`] plays the server over a [`FakeHost`] and checks what the contract promises. It panics at the first
//! broken promise and names it.

mod enclosure;
mod fake_host;
mod orders;
mod promises;
mod subject;

pub use enclosure::{Enclosure, EnclosureKind};
pub use fake_host::{FakeHost, Seen};
pub use promises::run;
pub use subject::{Subject, owner};
