//! `X-MMS-IM-Format`, the look of a text message.

use std::fmt;

use crate::percent;

/// A colour. On the wire it is blue, green, red in hexadecimal, without leading zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Colour {
    /// Red, 0 to 255.
    pub red: u8,
    /// Green, 0 to 255.
    pub green: u8,
    /// Blue, 0 to 255.
    pub blue: u8,
}

/// Any of four effects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Four independent letters of the format.
pub struct Effects {
    /// `B`.
    pub bold: bool,
    /// `I`.
    pub italic: bool,
    /// `U`.
    pub underline: bool,
    /// `S`.
    pub strike: bool,
}

/// The look of a whole message. There is no size: the reader chooses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFormat {
    /// The font's name, decoded.
    pub font: String,
    /// Bold and the like.
    pub effects: Effects,
    /// The text's colour.
    pub colour: Colour,
    /// The Windows charset the font was chosen for: 0 ANSI, 1 default, 0x80 Shift-JIS. The text itself stays UTF-8.
    pub character_set: u8,
    /// The font's family in the high four bits, its pitch in the low ones.
    pub pitch_and_family: u8,
    /// Whether the text runs from right to left.
    pub right_to_left: bool,
}

impl Default for TextFormat {
    /// Black, in a font that every Windows XP has.
    fn default() -> TextFormat {
        TextFormat {
            font: "Microsoft Sans Serif".to_owned(),
            effects: Effects::default(),
            colour: Colour::default(),
            character_set: 0,
            pitch_and_family: 0x22,
            right_to_left: false,
        }
    }
}

impl TextFormat {
    /// Reads the header's value; what is missing or cannot be read is plain.
    #[must_use]
    pub fn parse(value: &str) -> TextFormat {
        let mut format = TextFormat { font: String::new(), pitch_and_family: 0, ..TextFormat::default() };
        for (key, value) in value.split(';').filter_map(|field| field.split_once('=')) {
            let value = value.trim();
            match key.trim().to_ascii_uppercase().as_str() {
                "FN" => format.font = percent::decode(value),
                "EF" => format.effects = Effects::parse(value),
                "CO" => format.colour = Colour::parse(value),
                "CS" => format.character_set = u8::from_str_radix(value, 16).unwrap_or_default(),
                "PF" => format.pitch_and_family = u8::from_str_radix(value, 16).unwrap_or_default(),
                "RL" => format.right_to_left = value == "1",
                _ => {}
            }
        }
        format
    }
}

impl Effects {
    fn parse(letters: &str) -> Effects {
        let has = |letter: char| letters.chars().any(|other| other.eq_ignore_ascii_case(&letter));
        Effects { bold: has('B'), italic: has('I'), underline: has('U'), strike: has('S') }
    }
}

impl Colour {
    fn parse(digits: &str) -> Colour {
        let bits = u32::from_str_radix(digits, 16).unwrap_or_default();
        let [_, blue, green, red] = bits.to_be_bytes();
        Colour { red, green, blue }
    }
}

impl fmt::Display for Effects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = [(self.bold, "B"), (self.italic, "I"), (self.underline, "U"), (self.strike, "S")];
        letters.into_iter().filter(|(set, _)| *set).try_for_each(|(_, letter)| formatter.write_str(letter))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:x}", u32::from_be_bytes([0, self.blue, self.green, self.red]))
    }
}

impl fmt::Display for TextFormat {
    /// The header's value, its fields in the order that clients expect.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TextFormat { effects, colour, character_set, pitch_and_family, .. } = self;
        let font = percent::encode_strict(&self.font);
        write!(formatter, "FN={font}; EF={effects}; CO={colour}; CS={character_set:x}; PF={pitch_and_family:x}")?;
        if self.right_to_left { formatter.write_str("; RL=1") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_format_comes_back() {
        let value = "FN=Microsoft%20Sans%20Serif; EF=BI; CO=ff; CS=0; PF=22";
        let format = TextFormat::parse(value);
        assert_eq!(format.font, "Microsoft Sans Serif");
        assert_eq!(format.colour, Colour { red: 255, green: 0, blue: 0 });
        assert!(format.effects.bold && format.effects.italic && !format.effects.strike);
        assert_eq!(format.to_string(), value);
    }

    #[test]
    fn jml_writes_less() {
        let format = TextFormat::parse("FN=;EF=;CO=0;RL=0");
        assert_eq!(format.font, "");
        assert!(!format.right_to_left);
    }

    proptest! {
        #[test]
        fn anything_can_be_read_and_comes_back(value in "(FN|EF|CO|CS|PF|RL|;|=|[ -~]|é|%41){0,20}") {
            let format = TextFormat::parse(&value);
            prop_assert_eq!(TextFormat::parse(&format.to_string()), format);
        }
    }
}
