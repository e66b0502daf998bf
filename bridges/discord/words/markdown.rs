//! Discord's markdown, read as plain text with looks.
//!
//! There are two rooms: `blocks` parts a source into quotes, headings, code and running text, `inline` finds the looks within
//! running text. Both go through their source once. A quote holds no other quote and no look holds itself, so that nothing nests
//! deeper than a handful. What the forms are follows Discord's article "Markdown Text 101" and the message formatting of its
//! developer documentation; where those are silent, what its clients do.

mod address;
mod angle;
mod blocks;
mod inline;
mod moment;
mod page;
#[cfg(test)]
mod tests;

pub(super) use address::address_at;
pub(super) use inline::open_at_end;
pub(super) use page::Page;

/// The longest source that is read, in bytes; the rest is left out. A message has 4,000 characters, a block 6,000.
pub(super) const LONGEST: usize = 32 * 1024;

/// Writes what a source says to the page.
pub(super) fn read(source: &str, page: &mut Page<'_>) {
    let end = source.floor_char_boundary(LONGEST);
    blocks::read(source.get(..end).unwrap_or_default(), page);
}
