//! The texts that Echo knows by heart.

use std::fmt::Write as _;

use domain::{
    content::{Span, Style, Text, in_bytes},
    presence::{OwnPresence, Status},
};

/// How many lines the long text has; some ninety characters each.
const LONG_LINES: usize = 68;

/// What Echo sends as a text file.
pub(crate) const LETTER: &str = "This is a file.\r\n\r\nIt came from Echo, who lives inside the server.\r\n";

/// A text of some 6,000 characters, of many lines, with emoji.
pub(crate) fn long() -> String {
    const EMOJI: [&str; 4] = ["\u{1F98B}", "\u{1F600}", "\u{1F469}\u{200D}\u{1F680}", "\u{2764}\u{FE0F}"];
    let mut text = String::new();
    for (number, emoji) in (1..=LONG_LINES).zip(EMOJI.iter().cycle()) {
        let end = if number == LONG_LINES { "" } else { "\n" };
        let _ = write!(
            text,
            "Line {number} of {LONG_LINES}: what is called into the mountains comes back from them, a little later {emoji}.{end}"
        );
    }
    text
}

/// A text that is bold from end to end.
pub(crate) fn bold() -> Text {
    Text::plain("All of this is bold.").styled(Style::Bold)
}

/// A text of which each part looks otherwise.
pub(crate) fn motley() -> Text {
    let parts = [
        ("bold", Style::Bold),
        ("italic", Style::Italic),
        ("underlined", Style::Underline),
        ("struck out", Style::Strike),
        ("red", Style::Colour([255, 0, 0])),
        ("another font", Style::Font("Georgia".to_owned())),
        ("code", Style::Code),
        ("a link", Style::Link("https://example.org/".to_owned())),
    ];
    let mut text = Text::plain("In parts: ");
    for (words, style) in parts {
        if !text.spans.is_empty() {
            text.text.push_str(", ");
        }
        let start = text.text.len();
        text.text.push_str(words);
        text.spans.push(Span { range: start..text.text.len(), style });
    }
    text
}

/// What Echo sees of an account, one thing a line.
pub(crate) fn likeness(seen: Option<&OwnPresence>) -> String {
    let Some(seen) = seen else { return "I do not see you.".to_owned() };
    let line = if seen.personal_message.text.is_empty() { "no line" } else { &seen.personal_message.text };
    let picture = seen
        .picture
        .as_ref()
        .map_or_else(|| "no picture".to_owned(), |it| format!("{}, {}", it.media_type, in_bytes(it.size)));
    format!("Name: {}\nStatus: {}\nLine: {line}\nPicture: {picture}", seen.name, status(seen.status))
}

const fn status(status: Status) -> &'static str {
    match status {
        Status::Online => "online",
        Status::Busy => "busy",
        Status::Idle => "idle",
        Status::BeRightBack => "back soon",
        Status::Away => "away",
        Status::OnThePhone => "on the phone",
        Status::OutToLunch => "out to lunch",
        Status::Hidden => "hidden",
        Status::Offline => "offline",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{
        PersonalMessage,
        media::{Attachment, BlobId, Source},
    };

    use super::*;

    #[test]
    fn the_long_text_is_long() {
        let text = long();
        assert_eq!(text.lines().count(), LONG_LINES);
        assert!((5_500..6_500).contains(&text.chars().count()), "{}", text.chars().count());
        assert!(text.contains('\u{1F98B}') && !text.ends_with('\n'));
    }

    #[test]
    fn each_look_lies_on_its_words() {
        let text = motley();
        let parts: Vec<_> = text.spans.iter().map(|span| text.text.get(span.range.clone()).unwrap()).collect();
        assert_eq!(parts.first(), Some(&"bold"));
        assert_eq!(parts.last(), Some(&"a link"));
        assert_eq!(parts.join(", "), text.text.strip_prefix("In parts: ").unwrap());
    }

    #[test]
    fn a_likeness_tells_whether_there_is_a_picture() {
        assert_eq!(likeness(None), "I do not see you.");
        let mut seen = OwnPresence {
            status: Status::OutToLunch,
            name: "Carol".to_owned(),
            personal_message: PersonalMessage::default(),
            picture: None,
        };
        assert_eq!(likeness(Some(&seen)), "Name: Carol\nStatus: out to lunch\nLine: no line\nPicture: no picture");
        seen.personal_message = PersonalMessage::of("soup");
        seen.picture = Some(Arc::new(Attachment {
            name: "carol.png".to_owned(),
            media_type: "image/png".to_owned(),
            size: 812,
            source: Source::Blob(BlobId([1; 32])),
            link: None,
        }));
        let likeness = likeness(Some(&seen));
        assert!(likeness.ends_with("Line: soup\nPicture: image/png, 812 bytes"), "{likeness}");
    }
}
