//! The words that Echo obeys.

/// A word that Echo obeys, said alone, in upper or lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word<'a> {
    Away,
    Busy,
    Online,
    /// With the new line under the name.
    Status(&'a str),
    Me,
    Nudge,
    Picture,
    File,
    Image,
    Emoticon,
    Ink,
    Voice,
    Wink,
    Bold,
    Long,
    Reply,
    React,
    Unreact,
    Edit,
    Delete,
    Read,
    Room,
    Invite,
    Bring,
    ShowOut,
    Help,
}

const STATUS: &str = "status";

/// The words that stand alone, and what they do.
const ALONE: [(&str, Word<'_>, &str); 25] = [
    ("away", Word::Away, "I am away"),
    ("busy", Word::Busy, "I am busy"),
    ("online", Word::Online, "I am back"),
    ("me", Word::Me, "what I see of you"),
    ("nudge", Word::Nudge, "a nudge"),
    ("picture", Word::Picture, "another picture of me"),
    ("file", Word::File, "a small file"),
    ("image", Word::Image, "a picture as a file"),
    ("emoticon", Word::Emoticon, "emoticons of mine"),
    ("ink", Word::Ink, "a drawing"),
    ("voice", Word::Voice, "a voice clip"),
    ("wink", Word::Wink, "a wink"),
    ("bold", Word::Bold, "formatted texts"),
    ("long", Word::Long, "a long text"),
    ("reply", Word::Reply, "an answer that quotes you"),
    ("react", Word::React, "two signs on what you say"),
    ("unreact", Word::Unreact, "the signs are taken back"),
    ("edit", Word::Edit, "something that I change"),
    ("delete", Word::Delete, "something that I delete"),
    ("read", Word::Read, "what you have seen of what I said"),
    ("room", Word::Room, "where the room of five is"),
    ("invite", Word::Invite, "I ask you into the room of five"),
    ("bring", Word::Bring, "I take you into the room of five"),
    ("out", Word::ShowOut, "I show you out of the room of five"),
    ("help", Word::Help, "these words"),
];

impl<'a> Word<'a> {
    /// The word that `text` consists of.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        if word.eq_ignore_ascii_case(STATUS) {
            return Some(Self::Status(rest.trim_start()));
        }
        ALONE.iter().find(|(name, ..)| text.eq_ignore_ascii_case(name)).map(|(_, word, _)| *word)
    }
}

/// All words, one a line.
pub(crate) fn help() -> String {
    let mut lines = vec!["I repeat what I am told, and obey these words:".to_owned()];
    lines.extend(ALONE.iter().map(|(name, _, what)| format!("{name}: {what}")));
    lines.push(format!("{STATUS} TEXT: the line under my name"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_obeyed_alone_and_in_any_case() {
        assert_eq!(Word::of(" NuDGe\n"), Some(Word::Nudge));
        assert_eq!(Word::of("Status  in the  garden "), Some(Word::Status("in the  garden")));
        assert_eq!(Word::of("status"), Some(Word::Status("")));
        for text in ["", "nudge me", "a nudge", "nudge!", "statusquo"] {
            assert_eq!(Word::of(text), None, "{text:?}");
        }
    }

    #[test]
    fn help_names_every_word() {
        let help = help();
        let named: Vec<_> = help.lines().skip(1).map(|line| Word::of(line.split_once([':', ' ']).unwrap().0)).collect();
        assert_eq!(named.len(), ALONE.len() + 1);
        assert!(named.iter().all(Option::is_some), "{help}");
    }
}
