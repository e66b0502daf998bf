//! What the store promises, seen from outside.

#![allow(clippy::unwrap_used, clippy::expect_used)]

// The name under which the workspace uses the crate.
extern crate chrysalis_store as store;

mod accounts;
mod accounts_abroad;
mod arrivals;
mod attention;
mod bench;
mod figures;
mod files;
mod gathering;
mod grouping;
mod inbox;
mod lists;
mod losing;
mod media;
mod merging;
mod messages;
mod migrating;
mod moving;
mod networks;
mod odd_texts;
mod opening;
mod outbox;
mod pages;
mod quoting;
mod reactions;
mod relations;
mod remote;
mod rooms;
mod secrets;
mod servers;
