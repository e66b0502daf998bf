//! The double itself, seen by clients that are not the bridge.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod faults;
mod gateway;
mod people;
mod raw;
mod reading;
mod requests;
mod second_client;
mod strictness;
