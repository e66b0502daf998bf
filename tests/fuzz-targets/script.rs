//! Bytes as a script of steps: numbers are little-endian, and what is cut short ends it.

/// What is left of a script.
pub(crate) struct Script<'a>(pub(crate) &'a [u8]);

impl<'a> Script<'a> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn short(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn word(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A length in two bytes, and so many bytes, or those that are left.
    pub(crate) fn portion(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.short()?).min(self.0.len());
        let (portion, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(portion)
    }

    fn array<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }
}
