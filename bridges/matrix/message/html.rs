//! HTML of messages, as plain text with styles.
//!
//! It is read tag by tag and no tree is made of it: by the rules of browsers a tree of 60 KiB of hostile HTML can have
//! millions of nodes (each paragraph opens anew what the one before left open), and one nested 20,000 deep overflows the stack
//! when it is dropped. Read this way, time and memory grow with the length of the HTML alone.

mod address;
mod colour;
mod element;
mod page;
mod picture;
mod reader;
#[cfg(test)]
mod tests;

use domain::content::Span;
use ruma::OwnedUserId;

use super::{Quoted, RemoteEmoticon};

pub(super) use address::may_be_followed;
pub(super) use reader::MOST_PEOPLE;

/// The longest HTML that is read, in bytes. Beside the same text as `body`, more hardly fits into an event.
const LONGEST: usize = 32 * 1024;

/// What HTML says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Shown {
    /// The characters, lines parted by `\n`.
    pub(super) text: String,
    /// How parts of them look.
    pub(super) spans: Vec<Span>,
    /// The emoticons that stand among them.
    pub(super) emoticons: Vec<RemoteEmoticon>,
    /// Who is mentioned, each once.
    pub(super) people: Vec<OwnedUserId>,
    /// What it repeats of the message that it answers (`mx-reply`), which is no part of the text.
    pub(super) quoted: Option<Quoted>,
}

/// Reads HTML; `None` when it is too long or nested too deep, or when too much would come of it: then the plain `body` has to do.
pub(super) fn read(html: &str) -> Option<Shown> {
    if html.len() > LONGEST { None } else { reader::read(html) }
}
