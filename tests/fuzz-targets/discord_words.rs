//! Any text can be read as what somebody said on Discord, and whatever somebody types is read there as it was typed.

/// A text of Discord.
pub fn discord_words(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    discord::check_words(text);
    true
}
