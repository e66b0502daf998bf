//! What people of other networks write, as Messenger shows it.

use std::cmp::Reverse;

use domain::content::{Style, Text};
use msnp::text_format::{Colour, Effects, TextFormat};

use super::marks::{is_whole, marked, parts};
use crate::emoji::Emoji;

/// The longest name of a font, in characters: what Windows takes.
const LONGEST_FONT: usize = 31;

/// A colour whose every part is at least this is lost on a white window.
const TOO_LIGHT: u8 = 0xe0;

/// A text in Messenger's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The characters, lines parted by `\n`, of any length.
    pub text: String,
    /// How all of it looks.
    pub format: TextFormat,
}

/// A text as Messenger shows it, in `font` if it has chosen none. Messenger has one format for a message: a style that covers the
/// whole text goes into it, any other is put in marks, or left out where no mark is usual (colour, font, underline). Never white,
/// since that is the colour of the window.
#[must_use]
pub fn inward(text: &Text, emoji: Emoji, font: &str) -> Shown {
    let covers = |style: Style| is_whole(&text.text, &parts(text, |other| *other == style));
    let effects = Effects {
        bold: covers(Style::Bold),
        italic: covers(Style::Italic),
        underline: covers(Style::Underline),
        strike: covers(Style::Strike),
    };
    let colour = style_of_whole(text, |style| matches!(style, Style::Colour(_)));
    let colour = colour.and_then(|style| if let Style::Colour(colour) = style { Some(*colour) } else { None });
    let chosen = style_of_whole(text, |style| matches!(style, Style::Font(_)));
    let chosen = chosen.and_then(|style| if let Style::Font(font) = style { Some(font.trim()) } else { None });
    let is_font =
        |name: &&str| !name.is_empty() && name.chars().count() <= LONGEST_FONT && !name.contains(char::is_control);
    let colour = colour.filter(|parts| parts.iter().any(|part| *part < TOO_LIGHT)).unwrap_or_default();
    let [red, green, blue] = colour;
    let format = TextFormat {
        font: chosen.filter(is_font).unwrap_or(font).to_owned(),
        effects,
        colour: Colour { red, green, blue },
        right_to_left: text.right_to_left,
        ..TextFormat::default()
    };
    let marked = marked(text);
    Shown { text: emoji.inward(&marked).into_owned(), format }
}

/// The style of this kind that covers the whole text: the outermost, where several do.
fn style_of_whole(text: &Text, is_kind: impl Fn(&Style) -> bool) -> Option<&Style> {
    let spans = text.spans.iter().filter(|span| is_kind(&span.style));
    let first = spans.min_by_key(|span| (span.range.start, Reverse(span.range.end)))?;
    is_whole(&text.text, &parts(text, |other| *other == first.style)).then_some(&first.style)
}

#[cfg(test)]
mod tests {
    use domain::content::Span;
    use proptest::prelude::*;

    use super::super::{Definitions, outward};
    use super::*;

    fn shown(text: &Text) -> (String, String) {
        let Shown { text, format } = inward(text, Emoji::Codes, "Tahoma");
        (text, format.to_string())
    }

    #[test]
    fn a_plain_text_is_black_in_the_font_of_bridged_contacts() {
        assert_eq!(shown(&Text::plain("hi 👍")), ("hi (Y)".into(), "FN=Tahoma; EF=; CO=0; CS=0; PF=22".into()));
    }

    #[test]
    fn what_covers_the_whole_text_is_its_format() {
        let text = Text::plain("hi\nthere")
            .styled(Style::Bold)
            .styled(Style::Underline)
            .styled(Style::Colour([255, 128, 0]))
            .styled(Style::Font("Comic Sans MS".into()));
        let text = Text { right_to_left: true, ..text };
        let format = "FN=Comic%20Sans%20MS; EF=BU; CO=80ff; CS=0; PF=22; RL=1";
        assert_eq!(shown(&text), ("hi\nthere".into(), format.into()));
    }

    #[test]
    fn what_covers_a_part_is_marked_or_left_out() {
        let part = |style: Style| Text { spans: vec![Span { range: 0..2, style }], ..Text::plain("hi there 🚀") };
        let plain = "FN=Tahoma; EF=; CO=0; CS=0; PF=22".to_owned();
        assert_eq!(shown(&part(Style::Bold)), ("*hi* there :rocket:".into(), plain.clone()));
        assert_eq!(shown(&part(Style::Colour([255, 0, 0]))), ("hi there :rocket:".into(), plain));
    }

    #[test]
    fn no_text_is_white_and_no_font_is_a_novel() {
        for style in [Style::Colour([255, 255, 255]), Style::Colour([0xf0, 0xe0, 0xff]), Style::Font("x".repeat(32))] {
            assert_eq!(shown(&Text::plain("hi").styled(style)).1, "FN=Tahoma; EF=; CO=0; CS=0; PF=22");
        }
    }

    #[test]
    fn nothing_is_exchanged_in_code_and_addresses() {
        let code = Text { spans: vec![Span { range: 0..4, style: Style::Code }], ..Text::plain("👍 👍") };
        assert_eq!(shown(&code).0, "`👍` (Y)");
        let link = Text::plain("🚀").styled(Style::Link("http://x.example/🚀".into()));
        assert_eq!(shown(&link).0, ":rocket: (http://x.example/🚀)");
        assert_eq!(inward(&Text::plain("👍🏽"), Emoji::Unicode, "Tahoma").text, "👍🏽");
    }

    proptest! {
        #[test]
        fn a_format_comes_back(bold: bool, italic: bool, underline: bool, strike: bool, colour: [u8; 3], right_to_left: bool) {
            prop_assume!(colour.iter().any(|part| *part < TOO_LIGHT));
            let [red, green, blue] = colour;
            let format = TextFormat {
                font: "Comic Sans MS".into(),
                effects: Effects { bold, italic, underline, strike },
                colour: Colour { red, green, blue },
                right_to_left,
                ..TextFormat::default()
            };
            let (text, _) = outward("hi there", Some(&format), &Definitions::default(), Emoji::Codes);
            prop_assert_eq!(inward(&text, Emoji::Codes, "Tahoma"), Shown { text: "hi there".into(), format });
        }
    }
}
