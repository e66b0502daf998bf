//! The web in raw bytes over loopback TCP, before a server that a test plays.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod doctor;
mod every_route;
mod gateway;
mod house;
mod linking;
mod media;
mod pages;
mod portal;
mod server;
mod services;
mod sign_in;
