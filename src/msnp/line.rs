//! Writing of lines.

use std::io::Write;

use crate::percent;

/// A line being written; it is ended by [`Line::end`] or [`Line::payload`].
///
/// No argument can break the line: what would is percent-encoded, whatever the caller passes.
pub(crate) struct Line<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, command: &str) -> Line<'a> {
        out.extend_from_slice(command.as_bytes());
        Line { out }
    }

    /// An argument in its wire form.
    pub(crate) fn word(self, word: &str) -> Line<'a> {
        self.prefixed("", word)
    }

    /// An argument in its wire form behind its prefix (`N=`, `C=`).
    pub(crate) fn prefixed(self, prefix: &str, word: &str) -> Line<'a> {
        self.out.push(b' ');
        self.out.extend_from_slice(prefix.as_bytes());
        for &byte in word.as_bytes() {
            if byte <= b' ' || byte == 0x7f {
                self.out.extend_from_slice(&[b'%', hexadecimal(byte >> 4), hexadecimal(byte & 0xf)]);
            } else {
                self.out.push(byte);
            }
        }
        self
    }

    /// An argument that may be missing.
    pub(crate) fn optional(self, word: Option<&str>) -> Line<'a> {
        match word {
            Some(word) => self.word(word),
            None => self,
        }
    }

    pub(crate) fn number(self, number: impl std::fmt::Display) -> Line<'a> {
        // Writing to a vector cannot fail.
        let _ = write!(self.out, " {number}");
        self
    }

    /// A decoded name, encoded as far as needed. An empty name becomes a space, since an empty argument would vanish.
    pub(crate) fn name(self, name: &str) -> Line<'a> {
        self.prefixed_name("", name)
    }

    /// As [`Line::name`], behind its prefix (`F=`).
    pub(crate) fn prefixed_name(self, prefix: &str, name: &str) -> Line<'a> {
        self.out.push(b' ');
        self.out.extend_from_slice(prefix.as_bytes());
        percent::write_name(if name.is_empty() { " " } else { name }, self.out);
        self
    }

    /// A decoded value in the strict form, for replies that a client compares with what it sent (msnp11-sdk does).
    pub(crate) fn strict(self, value: &str) -> Line<'a> {
        self.out.push(b' ');
        percent::write_strict(if value.is_empty() { " " } else { value }, self.out);
        self
    }

    pub(crate) fn end(self) {
        self.out.extend_from_slice(b"\r\n");
    }

    pub(crate) fn payload(self, payload: &[u8]) {
        let line = self.number(payload.len());
        line.out.extend_from_slice(b"\r\n");
        line.out.extend_from_slice(payload);
    }
}

fn hexadecimal(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'A' + digit - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_argument_breaks_the_line() {
        let mut out = Vec::new();
        Line::new(&mut out, "NLN").word("a b\r\nOUT").name("").name("x y").end();
        assert_eq!(out, b"NLN a%20b%0D%0AOUT %20 x%20y\r\n");
    }
}
