//! What a Messenger user writes, as other networks see it.

use std::borrow::Cow;

use domain::{
    content::{Style, Text},
    media::Announcement,
};
use msnp::text_format::{Colour, TextFormat};

use super::{Definitions, without_plus_codes};
use crate::emoji::{self, Emoji};

/// Fonts that Messenger and Windows choose by themselves: they say nothing about the text.
const UNCHOSEN_FONTS: [&str; 5] =
    ["Microsoft Sans Serif", "MS Sans Serif", "MS Shell Dlg", "MS Shell Dlg 2", "Segoe UI"];

/// A text as other networks see it, and the objects that it speaks of: codes as emoji, the format as styles of the whole text, the
/// sender's own emoticons where their shortcuts stand, and no codes of Messenger Plus!. With [`Emoji::Unicode`] codes stay as they
/// are written.
#[must_use]
pub fn outward(
    text: &str,
    format: Option<&TextFormat>,
    definitions: &Definitions,
    emoji: Emoji,
) -> (Text, Vec<Announcement>) {
    let without_codes = without_plus_codes(text);
    // A text of nothing but codes is still a text.
    let text = if without_codes.trim().is_empty() { text } else { without_codes.as_ref() };
    let shortcuts = definitions.shortcuts_in(text);
    let (text, used) = match emoji {
        Emoji::Codes => emoji::outward_beside(text, &shortcuts),
        // Exact in both directions: nothing is put into anything else.
        Emoji::Unicode => (Cow::Borrowed(text), (0..shortcuts.len()).collect()),
    };
    let mut outward = Text::plain(text);
    let mut announced: Vec<Announcement> = Vec::new();
    let used = used.into_iter().filter_map(|place| shortcuts.get(place));
    for (emoticon, announcement) in used.filter_map(|shortcut| definitions.emoticon(shortcut)) {
        outward.emoticons.push(emoticon);
        if !announced.contains(&announcement) {
            announced.push(announcement);
        }
    }
    if let Some(format) = format.filter(|_| !outward.text.is_empty()) {
        outward.right_to_left = format.right_to_left;
        outward = styles(format).into_iter().fold(outward, Text::styled);
    }
    (outward, announced)
}

/// A name or a personal message as other networks see it: codes as emoji, and no codes of Messenger Plus!.
#[must_use]
pub fn name_outward(name: &str) -> String {
    let without_codes = without_plus_codes(name);
    let name = if without_codes.trim().is_empty() { name } else { without_codes.as_ref() };
    emoji::outward(name).into_owned()
}

fn styles(format: &TextFormat) -> Vec<Style> {
    let TextFormat { font, effects, colour, .. } = format;
    let is_chosen = !font.trim().is_empty() && !UNCHOSEN_FONTS.iter().any(|known| known.eq_ignore_ascii_case(font));
    [
        effects.bold.then_some(Style::Bold),
        effects.italic.then_some(Style::Italic),
        effects.underline.then_some(Style::Underline),
        effects.strike.then_some(Style::Strike),
        (*colour != Colour::default()).then_some(Style::Colour([colour.red, colour.green, colour.blue])),
        is_chosen.then(|| Style::Font(font.clone())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use domain::content::Span;
    use msnp::object::{MsnObject, ObjectType};

    use super::*;

    fn text_of(text: &str, format: &str) -> Text {
        outward(text, Some(&TextFormat::parse(format)), &Definitions::default(), Emoji::Codes).0
    }

    #[test]
    fn the_format_is_the_style_of_the_whole_text() {
        let text = text_of("hi (y)", "FN=Comic%20Sans%20MS; EF=BS; CO=ff8000; CS=0; PF=22; RL=1");
        assert_eq!(text.text, "hi 👍");
        let styles: Vec<Style> = text.spans.iter().map(|span| span.style.clone()).collect();
        let font = Style::Font("Comic Sans MS".into());
        assert_eq!(styles, [Style::Bold, Style::Strike, Style::Colour([0, 0x80, 0xff]), font]);
        assert!(text.spans.iter().all(|span| span.range == (0..text.text.len())));
        assert!(text.right_to_left);
    }

    #[test]
    fn what_nobody_chose_is_no_style() {
        for format in
            ["FN=Microsoft%20Sans%20Serif; EF=; CO=0; CS=0; PF=22", "FN=MS%20Shell%20Dlg;EF=;CO=0", "", "FN=;CO=x"]
        {
            assert_eq!(text_of("hi", format), Text::plain("hi"), "{format}");
        }
        assert_eq!(text_of("", "EF=B"), Text::plain(""));
        let italic = Span { range: 0..2, style: Style::Italic };
        assert_eq!(text_of("·$4hi·0", "EF=I").spans, [italic]);
    }

    #[test]
    fn only_emoticons_that_stand_in_the_text_go_with_it() {
        let owner = "carol@example.com".parse().unwrap();
        let mut definitions = Definitions::default();
        let describe =
            |data: &[u8]| MsnObject::describe("carol@example.com", ObjectType::CUSTOM_EMOTICON, "a", data).to_xml();
        let body = format!("(cat)\t{}\t:)\t{}\tdog\t{}\t", describe(b"1"), describe(b"2"), describe(b"3"));
        let all = definitions.learn(&owner, false, body.as_bytes());
        let (text, announced) = outward("(cat) (cat) :) :-) http://dog.example", None, &definitions, Emoji::Codes);
        assert_eq!(text.text, "(cat) (cat) :) 🙂 http://dog.example");
        let shortcuts: Vec<&str> = text.emoticons.iter().map(|emoticon| emoticon.shortcut.as_str()).collect();
        assert_eq!(shortcuts, ["(cat)", ":)"]);
        assert_eq!(announced, all[..2]);
    }

    #[test]
    fn nothing_but_codes_is_still_something() {
        assert_eq!(text_of("·$4", "").text, "·$4");
        assert_eq!(name_outward("·$4Carol·0 (f)"), "Carol 🌹");
        assert_eq!(name_outward("·#"), "·#");
    }
}
