//! What holds for whatever people say on Matrix, and for whatever is typed here: used by the fuzz targets.

use std::collections::BTreeSet;

use domain::{
    Content,
    content::{Style, Text},
};
use serde_json::{Value, json};

use super::{Body, Mentions, RemoteEmoticon, Said, Written, html::MOST_PEOPLE, read, reading::LONGEST_KEY, write};

/// The longest event that is written, as JSON, in bytes: the homeserver adds to it, and takes 64 KiB.
const LONGEST_EVENT: usize = 50 * 1024;
/// The longest text of which the looks come back in any case, in bytes: of a longer one the HTML may be longer than is read.
const LONGEST_WITH_LOOKS: usize = 1024;
/// The longest name of a file, in characters, with what is put before one that Windows keeps for itself.
const LONGEST_FILE_NAME: usize = 101;

/// Looks at what an event says.
///
/// # Panics
/// Where looks do not stand on words, where somebody or something is named twice or too much is named, or where a file's name is not safe.
pub(crate) fn check_said(said: &Said) {
    match said {
        Said::Message { body, mentions, .. } => {
            check_body(body);
            if let Mentions::People(people) = mentions {
                let different: BTreeSet<_> = people.iter().collect();
                assert_eq!(different.len(), people.len(), "somebody is mentioned twice");
                assert!((1..=MOST_PEOPLE).contains(&people.len()), "{} people", people.len());
            }
        }
        // Colons stand around the name of a picture.
        Said::Reaction { key, .. } => assert!((1..=LONGEST_KEY + 2).contains(&key.chars().count()), "{key:?}"),
        Said::Removal { .. } => {}
    }
}

fn check_body(body: &Body) {
    match body {
        Body::Text { text, emoticons } => {
            check_text(text);
            check_emoticons(emoticons);
        }
        Body::Emote { text } => assert!(!text.trim().is_empty(), "nothing is done"),
        Body::Nudge => {}
        Body::Media { media, caption, .. } => {
            let name = &media.name;
            assert!((1..=LONGEST_FILE_NAME).contains(&name.chars().count()), "{name:?}");
            let is_unsafe = |letter: char| letter.is_control() || "/\\<>:\"|?*".contains(letter);
            assert!(!name.contains(is_unsafe) && !name.starts_with('.') && !name.ends_with(['.', ' ']), "{name:?}");
            assert!(media.uri.is_valid(), "{}", media.uri);
            if let Some(caption) = caption {
                check_text(caption);
            }
        }
    }
}

fn check_text(Text { text, spans, emoticons, .. }: &Text) {
    assert!(!text.trim().is_empty() && emoticons.is_empty(), "{text:?} with {emoticons:?}");
    for span in spans {
        assert!(text.get(span.range.clone()).is_some_and(|words| !words.is_empty()), "{span:?} of {text:?}");
    }
}

fn check_emoticons(emoticons: &[RemoteEmoticon]) {
    let different: BTreeSet<&str> = emoticons.iter().map(|emoticon| emoticon.shortcut.as_str()).collect();
    assert_eq!(different.len(), emoticons.len(), "a word stands for two pictures");
    assert!(emoticons.iter().all(|emoticon| emoticon.uri.is_valid() && !emoticon.shortcut.is_empty()));
}

/// Reads `text` as the HTML of somebody's message, and writes it as something typed.
///
/// # Panics
/// Where a promise of [`check_said`] is broken, where what was typed is not read as it was, or where an event is too long.
pub(crate) fn check(text: &str) {
    let content =
        json!({ "msgtype": "m.text", "body": "-", "format": "org.matrix.custom.html", "formatted_body": text });
    let said = read(&json!({ "type": "m.room.message", "content": content }));
    if let Some(said) = &said {
        check_said(said);
    }

    let styled = Text::plain(text).styled(Style::Bold).styled(Style::Italic);
    for typed in [Content::text(text), Content::Text(styled), Content::Emote { text: text.to_owned() }] {
        let events = write(&typed, "order", &|_| None, None);
        assert!(!events.is_empty(), "nothing is written");
        for Written { content, .. } in &events {
            let length = content.to_string().len();
            assert!(length <= LONGEST_EVENT, "an event of {length} bytes");
        }
        // Of what is cut, line breaks and blanks may be left out.
        if let [only] = events.as_slice()
            && only.content.get("body").and_then(Value::as_str) == Some(text)
        {
            check_heard(&typed, text, only);
        }
    }
}

fn check_heard(typed: &Content, text: &str, written: &Written) {
    let Some(said) = read(&event(written)) else {
        assert!(text.trim().is_empty(), "{text:?} is not heard");
        return;
    };
    check_said(&said);
    let Said::Message { body, relation: None, mentions: Mentions::Nobody } = said else {
        panic!("{text:?} is heard as something else")
    };
    let wanted = text.replace("\r\n", "\n");
    match (typed, body) {
        (Content::Emote { .. }, Body::Emote { text: heard }) => assert_eq!(heard, wanted, "what is done"),
        (Content::Text(typed), Body::Text { text: heard, .. }) => {
            assert_eq!(heard.text, wanted, "typed and heard");
            let looks = if typed.spans.is_empty() { Vec::new() } else { vec![Style::Bold, Style::Italic] };
            for look in looks.iter().filter(|_| text.len() <= LONGEST_WITH_LOOKS) {
                let unlike = unlike(&heard, look);
                assert_eq!(unlike, None, "{look:?} is lost in {html:?}", html = written.content.get("formatted_body"));
            }
        }
        (_, body) => panic!("{text:?} is heard as {body:?}"),
    }
}

/// The first character that can be seen and has not this look.
fn unlike(text: &Text, look: &Style) -> Option<char> {
    let has_look = |at: usize| text.spans.iter().any(|span| span.style == *look && span.range.contains(&at));
    let mut letters = text.text.char_indices().filter(|(_, letter)| !letter.is_whitespace() && !letter.is_control());
    letters.find(|(at, _)| !has_look(*at)).map(|(_, letter)| letter)
}

fn event(Written { kind, content }: &Written) -> Value {
    json!({ "type": kind, "content": content })
}
