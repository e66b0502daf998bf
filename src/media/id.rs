//! The name of a blob.

use std::{fmt, str::FromStr};

/// The SHA-256 of a blob's bytes; as text, 64 lower case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId([u8; 32]);

/// A text names no blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no blob id: use 64 lower case hexadecimal digits")]
pub struct BlobIdFault;

impl BlobId {
    pub(crate) const fn of_hash(hash: [u8; 32]) -> Self {
        Self(hash)
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl FromStr for BlobId {
    type Err = BlobIdFault;

    fn from_str(text: &str) -> Result<Self, BlobIdFault> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(BlobIdFault),
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(BlobIdFault);
        }
        let mut hash = [0; 32];
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_and_nothing_else_is_one() {
        let id = BlobId::of_hash(std::array::from_fn(|at| at as u8 * 8));
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in
            ["", "00", &"0".repeat(63), &"0".repeat(66), &"A".repeat(64), "../../../../etc/passwd", &"é".repeat(32)]
        {
            assert_eq!(text.parse::<BlobId>(), Err(BlobIdFault), "{text}");
        }
    }
}
