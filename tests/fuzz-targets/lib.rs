//! What the fuzz targets check: one function for each, which takes any bytes and must not panic.
//!
//! `fuzz/` hands them bytes that a fuzzer makes, which needs a nightly compiler and time; `tests/replay.rs` hands them the seeds of
//! `seeds/`, which needs neither. Each says whether it understood the bytes, so that a seed that a change of the target has left
//! behind is noticed.

// Each promise is a panic when it is broken: that is what a fuzzer looks for.
#![allow(clippy::expect_used, clippy::missing_panics_doc, clippy::must_use_candidate)]

mod chunk_reassembly;
mod commands;
mod connection;
mod discord_event;
mod discord_words;
mod doctor_answer;
mod emoticon_message;
mod file_context;
mod frame_decoder;
mod matrix_transaction;
mod matrix_words;
mod message_payload;
mod msn_object;
mod over_http;
mod p2p_peer;
mod personal_message;
mod picture;
mod script;
mod slp_message;
mod tlp_packet;

pub use chunk_reassembly::chunk_reassembly;
pub use commands::{notification_command, switchboard_command};
pub use connection::connection;
pub use discord_event::discord_event;
pub use discord_words::discord_words;
pub use doctor_answer::doctor_answer;
pub use emoticon_message::emoticon_message;
pub use file_context::file_context;
pub use frame_decoder::frame_decoder;
pub use matrix_transaction::matrix_transaction;
pub use matrix_words::matrix_words;
pub use message_payload::message_payload;
pub use msn_object::msn_object;
pub use over_http::{http_answers, passport_claim, posted_form, token_request};
pub use p2p_peer::p2p_peer;
pub use personal_message::personal_message;
pub use picture::picture;
pub use slp_message::slp_message;
pub use tlp_packet::tlp_packet;

/// A target takes any bytes, and says whether it understood them.
pub type Target = fn(&[u8]) -> bool;

/// All of them, by the names of their programs in `fuzz/fuzz_targets` and of their folders in `seeds`.
pub const TARGETS: &[(&str, Target)] = &[
    ("chunk_reassembly", chunk_reassembly),
    ("connection", connection),
    ("discord_event", discord_event),
    ("discord_words", discord_words),
    ("doctor_answer", doctor_answer),
    ("emoticon_message", emoticon_message),
    ("file_context", file_context),
    ("frame_decoder", frame_decoder),
    ("http_answers", http_answers),
    ("matrix_transaction", matrix_transaction),
    ("matrix_words", matrix_words),
    ("message_payload", message_payload),
    ("msn_object", msn_object),
    ("notification_command", notification_command),
    ("p2p_peer", p2p_peer),
    ("passport_claim", passport_claim),
    ("personal_message", personal_message),
    ("picture", picture),
    ("posted_form", posted_form),
    ("slp_message", slp_message),
    ("switchboard_command", switchboard_command),
    ("tlp_packet", tlp_packet),
    ("token_request", token_request),
];
