//! Telephone numbers: contacts whom nothing but a telephone reaches.

use std::{fmt, str::FromStr};

/// What stands before the digits.
const SCHEME: &str = "tel:+";

/// The most digits that a number of the world's telephone network has (ITU-T E.164).
const MOST_DIGITS: usize = 15;

/// Fewer digits are nobody's number.
const FEWEST_DIGITS: usize = 3;

/// A telephone number in the form of MSNP: `tel:+` and 3 to 15 digits, the country's code first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Telephone(String);

/// A text is no telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no telephone number: write tel:+ and 3 to 15 digits, the country's code first")]
pub struct TelephoneFault;

impl Telephone {
    /// The digits alone.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Whether `written` is this number, however people have written it: with spaces, brackets, hyphens, a plus sign.
    #[must_use]
    pub fn is_written(&self, written: &str) -> bool {
        written.bytes().filter(u8::is_ascii_digit).eq(self.0.bytes())
    }
}

impl FromStr for Telephone {
    type Err = TelephoneFault;

    fn from_str(text: &str) -> Result<Self, TelephoneFault> {
        let digits = text.strip_prefix(SCHEME).ok_or(TelephoneFault)?;
        let fits = (FEWEST_DIGITS..=MOST_DIGITS).contains(&digits.len());
        if !fits || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TelephoneFault);
        }
        Ok(Self(digits.to_owned()))
    }
}

impl fmt::Display for Telephone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(SCHEME)?;
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_plus_and_digits() {
        let number: Telephone = "tel:+15555551212".parse().unwrap();
        assert_eq!((number.digits(), number.to_string().as_str()), ("15555551212", "tel:+15555551212"));
        let long = format!("tel:+{}", "1".repeat(16));
        for text in
            ["", "tel:", "tel:+", "tel:+12", "tel:15555551212", "+15555551212", "tel:+1%20555", "tel:+1555x", &long]
        {
            assert_eq!(text.parse::<Telephone>(), Err(TelephoneFault), "{text}");
        }
    }

    #[test]
    fn people_write_numbers_in_many_ways() {
        let number: Telephone = "tel:+15555551212".parse().unwrap();
        for written in ["15555551212", "+1 (555) 555-1212", "1 555.555.1212"] {
            assert!(number.is_written(written), "{written}");
        }
        for other in ["", "5555551212", "155555512123", "2 555 555 1212"] {
            assert!(!number.is_written(other), "{other}");
        }
    }
}
