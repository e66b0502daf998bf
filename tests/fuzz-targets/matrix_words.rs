//! Any text can be read as HTML of somebody on Matrix, and whatever somebody types is read there as it was typed, with its looks.

/// A text, or HTML.
pub fn matrix_words(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    matrix::check_words(text);
    true
}
