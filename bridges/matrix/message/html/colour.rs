//! Colours as Matrix writes them.

/// The sixteen names that HTML has always had, and two that people write.
const NAMES: [(&str, [u8; 3]); 18] = [
    ("aqua", [0, 255, 255]),
    ("black", [0, 0, 0]),
    ("blue", [0, 0, 255]),
    ("fuchsia", [255, 0, 255]),
    ("gray", [128, 128, 128]),
    ("green", [0, 128, 0]),
    ("lime", [0, 255, 0]),
    ("maroon", [128, 0, 0]),
    ("navy", [0, 0, 128]),
    ("olive", [128, 128, 0]),
    ("orange", [255, 165, 0]),
    ("pink", [255, 192, 203]),
    ("purple", [128, 0, 128]),
    ("red", [255, 0, 0]),
    ("silver", [192, 192, 192]),
    ("teal", [0, 128, 128]),
    ("white", [255, 255, 255]),
    ("yellow", [255, 255, 0]),
];

/// Reads `#rrggbb`, `#rgb` or a name: red, green, blue.
pub(super) fn parse(colour: &str) -> Option<[u8; 3]> {
    let colour = colour.trim();
    let Some(digits) = colour.strip_prefix('#') else {
        return NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(colour)).map(|(_, colour)| *colour);
    };
    // A sign is no digit, though numbers may have one.
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
    match digits.len() {
        6 => {
            let [_, red, green, blue] = number.to_be_bytes();
            Some([red, green, blue])
        }
        3 => Some([number >> 8, number >> 4 & 0xf, number & 0xf].map(|digit| digit as u8 * 0x11)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn colours_are_read_and_what_is_none_is_not() {
        assert_eq!(parse("#FF8000"), Some([255, 128, 0]));
        assert_eq!(parse("#f80"), Some([255, 136, 0]));
        assert_eq!(parse(" Teal "), Some([0, 128, 128]));
        for bad in ["", "#", "#ff", "#ff80001", "#+f8000", "#gggggg", "#ééé", "chartreusish", "rgb(1,2,3)"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
