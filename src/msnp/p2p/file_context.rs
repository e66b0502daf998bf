//! The context of an invitation to a file: its name, its size, a small picture.
//!
//! Little-endian: header length, version, size in 64 bits, kind, a name of 260 UTF-16 units, 30 bytes, all ones; in version 3
//! another 64 bytes; then the picture (libpurple, `MSNPSharp`, and recorded clients).

use bytes::{Buf, Bytes};
use thiserror::Error;

use crate::object;

/// The length of the header in version 2, which is written; longer ones are read.
const HEADER_LENGTH: usize = 574;

/// The units of UTF-16 that a name may have; one more must be zero.
const LONGEST_NAME: usize = 259;

const NAME_BYTES: usize = 520;

const PREVIEWED: u32 = 0;
const PLAIN: u32 = 1;
const BACKGROUND: u32 = 4;

/// What is told about an offered file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileContext {
    /// The file's name: no path, no control characters, never empty, at most 259 UTF-16 units.
    pub name: String,
    /// The file's length in bytes.
    pub size: u64,
    /// Whether it is a background for the conversation, not a file to keep.
    pub is_background: bool,
    /// A PNG of at most 96×96; empty when there is none. Not verified to be one.
    pub preview: Bytes,
}

/// Why bytes are no file context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FileContextFault {
    /// It is no base64.
    #[error("the file's context is no base64; answer 500")]
    NotBase64,
    /// There are fewer bytes than the header has.
    #[error("the file's context is cut short; answer 500")]
    CutShort,
}

impl FileContext {
    /// A file, under a name made safe.
    #[must_use]
    pub fn new(name: &str, size: u64, preview: Bytes) -> FileContext {
        FileContext { name: safe_name(name), size, is_background: false, preview }
    }

    /// Reads the base64 of an invitation. The name is made safe.
    pub fn from_context(context: &str) -> Result<FileContext, FileContextFault> {
        let bytes = object::lenient_base64(context).ok_or(FileContextFault::NotBase64)?;
        FileContext::parse(&Bytes::from(bytes))
    }

    /// The base64 of an invitation, in version 2.
    #[must_use]
    pub fn to_context(&self) -> String {
        object::base64(&self.to_bytes())
    }

    /// Reads the bytes. Where the header says nothing sensible about its own length, that of version 2 is taken.
    pub fn parse(bytes: &Bytes) -> Result<FileContext, FileContextFault> {
        if bytes.len() < HEADER_LENGTH {
            return Err(FileContextFault::CutShort);
        }
        let mut rest = bytes.clone();
        let header_length = (rest.get_u32_le() as usize).max(HEADER_LENGTH);
        let _version = rest.get_u32_le();
        let size = rest.get_u64_le();
        let kind = rest.get_u32_le();
        let units = rest.split_to(NAME_BYTES);
        let units =
            units.chunks_exact(2).map(|unit| unit.iter().rev().fold(0, |unit, byte| unit << 8 | u16::from(*byte)));
        let units: Vec<u16> = units.take_while(|&unit| unit != 0).collect();
        // The picture is where the header ends, whatever kind the sender has named: several name the wrong one.
        let preview = if header_length < bytes.len() { bytes.slice(header_length..) } else { Bytes::new() };
        Ok(FileContext {
            name: safe_name(&String::from_utf16_lossy(&units)),
            size,
            is_background: kind == BACKGROUND,
            preview,
        })
    }

    /// The bytes, in version 2.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let kind = match (self.is_background, self.preview.is_empty()) {
            (true, _) => BACKGROUND,
            (false, true) => PLAIN,
            (false, false) => PREVIEWED,
        };
        let mut out = Vec::with_capacity(HEADER_LENGTH + self.preview.len());
        out.extend_from_slice(&(HEADER_LENGTH as u32).to_le_bytes());
        out.extend_from_slice(&2_u32.to_le_bytes());
        out.extend_from_slice(&self.size.to_le_bytes());
        out.extend_from_slice(&kind.to_le_bytes());
        out.extend(safe_name(&self.name).encode_utf16().flat_map(u16::to_le_bytes));
        out.resize(HEADER_LENGTH - 4, 0);
        let ending = if self.is_background { u32::MAX - 1 } else { u32::MAX };
        out.extend_from_slice(&ending.to_le_bytes());
        out.extend_from_slice(&self.preview);
        out
    }
}

/// A name that is safe to keep a file under: the last part of a path, without control characters or marks that turn the direction
/// of writing (which hide what kind of file it is), at most 259 UTF-16 units with its ending kept, and never empty.
#[must_use]
pub fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|&letter| !letter.is_control() && !turns_direction(letter)).collect();
    // Windows drops dots and spaces at the end, and would so find another file.
    let is_dropped = |letter: char| letter == '.' || letter.is_whitespace();
    let kept = kept.trim_start().trim_end_matches(is_dropped);
    let name = shortened(kept);
    let name = name.trim_end_matches(is_dropped);
    if name.is_empty() { "file".to_owned() } else { name.to_owned() }
}

const fn turns_direction(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The name with its middle left out where it is too long, so that the ending stays.
fn shortened(name: &str) -> String {
    let length = |text: &str| text.encode_utf16().count();
    if length(name) <= LONGEST_NAME {
        return name.to_owned();
    }
    let (_, ending) = name.rsplit_once('.').filter(|(_, ending)| length(ending) < 16).unwrap_or((name, ""));
    let ending = if ending.is_empty() { String::new() } else { format!(".{ending}") };
    let mut room = LONGEST_NAME - length(&ending);
    let stem = name.chars().take_while(|letter| {
        let fits = room.checked_sub(letter.len_utf16());
        room = fits.unwrap_or_default();
        fits.is_some()
    });
    stem.collect::<String>() + &ending
}

#[cfg(test)]
mod tests;
