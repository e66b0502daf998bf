//! Any text can be read as what somebody said on Discord, and whatever somebody types is read there as it was typed.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| discord::check_words(text));
