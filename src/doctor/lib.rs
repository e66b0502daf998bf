//! The sign-in doctor: why a Messenger does not sign in here, named in words.
//!
//! A [`Doctor`] does what a Messenger 7.5 does when it signs in, step by step, against what a [`Subject`] says: it asks for the names, speaks
//! MSNP, meets the TLS of the sign-in server as Windows XP would, and asks the nexus, the login and RST with an account that nobody has. Each
//! step ends in a [`Finding`]: it is well, it could not be tested, or there is a fault, with its [`Cause`], what was seen, what mends it, and
//! the errors of Messenger that it is behind. What only fails because something before it did is never blamed.
//!
//! Nothing here has a secret to send: certificates are looked at, and not trusted. A running server shows by a [`Mirror`] that it is
//! the one that is asked. What has to be done to a Messenger for this very server is in [`pointing`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod cause;
mod certificate;
mod checking;
mod examination;
mod finding;
mod greeting;
mod mirror;
mod old_client;
mod place;
pub mod pointing;
mod request;
mod resolver;
mod secure;
mod services;
mod subject;

pub use cause::Cause;
pub use examination::Doctor;
pub use finding::{Check, Finding, Verdict};
pub use mirror::{MIRROR_PATH, Mirror, Passage, is_nobody};
pub use place::Place;
pub use resolver::{Resolver, SystemResolver};
pub use services::{SERVICES, Service};
pub use subject::{Local, Subject};

/// A door for the fuzz target alone: reads any bytes as what another server answers, and panics where a promise of that is broken. Says
/// whether they were understood.
#[doc(hidden)]
#[must_use]
pub fn check_answer(bytes: &[u8]) -> bool {
    checking::check(bytes)
}
