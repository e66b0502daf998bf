//! Any event of Discord's gateway can be read, whatever Discord adds to it one day, and what it says or shows can be told.

/// The name of an event, a line break, and its data.
pub fn discord_event(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(discord::check_event)
}
