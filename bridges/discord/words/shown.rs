//! What an account shows of itself on Discord, through its bot.

use domain::{
    Status,
    content::bounded_topic,
    presence::{OwnPresence, PersonalMessage},
};

use super::split::shortened;
use crate::gateway::{Shown, ShownStatus};

/// The longest custom status and the longest activity, in UTF-16 units.
const LONGEST: usize = 128;

/// What a Messenger user shows, on Discord. The personal message is the custom status; music is listened to, and anything else that
/// Messenger tells of (a game, a document) is the custom status of whoever has no personal message.
pub(crate) fn shown(own: &OwnPresence) -> Shown {
    let status = match own.status {
        Status::Online => ShownStatus::Online,
        Status::Busy | Status::OnThePhone => ShownStatus::DoNotDisturb,
        Status::Idle | Status::BeRightBack | Status::Away | Status::OutToLunch => ShownStatus::Idle,
        Status::Hidden | Status::Offline => ShownStatus::Invisible,
    };
    if !own.status.is_visible() {
        return Shown { status, line: None, listening: None };
    }
    let PersonalMessage { text, current_media } = &own.personal_message;
    let (listening, other) = match playing(current_media) {
        Some(Playing { is_music: true, words }) => (line(&words), None),
        Some(Playing { is_music: false, words }) => (None, line(&words)),
        None => (None, None),
    };
    Shown { status, line: line(text).or(other), listening }
}

fn line(words: &str) -> Option<String> {
    let words = bounded_topic(words);
    let words = shortened(words.trim(), LONGEST).trim_end();
    (!words.is_empty()).then(|| words.to_owned())
}

struct Playing {
    is_music: bool,
    words: String,
}

/// Reads Messenger's `CurrentMedia`: application, kind, whether it is on, a form with `{0}` for its first part, and the parts, with
/// `\0` (two characters) between them. Of music in the usual form the artist comes first, as Discord shows it.
fn playing(current_media: &str) -> Option<Playing> {
    let mut fields = current_media.split("\\0").skip(1);
    let kind = fields.next()?;
    let is_on = fields.next()? == "1";
    let form = fields.next().filter(|_| is_on)?;
    let parts: Vec<&str> = fields.collect();
    let is_music = kind == "Music";
    let words = match parts.as_slice() {
        [title, artist, ..] if is_music && form == "{0} - {1}" && !title.is_empty() && !artist.is_empty() => {
            format!("{artist} - {title}")
        }
        _ => filled(form, &parts),
    };
    let words = words.trim().trim_start_matches("- ").trim_end_matches(" -").trim();
    (!words.is_empty()).then(|| Playing { is_music, words: words.to_owned() })
}

/// The form with its parts; what is no part of it stays as it is.
fn filled(form: &str, parts: &[&str]) -> String {
    let mut words = String::with_capacity(form.len());
    let mut rest = form;
    while let Some((before, after)) = rest.split_once('{') {
        words.push_str(before);
        let part =
            after.split_once('}').and_then(|(number, tail)| Some((parts.get(number.parse::<usize>().ok()?)?, tail)));
        if let Some((part, tail)) = part {
            words.push_str(part);
            rest = tail;
        } else {
            words.push('{');
            rest = after;
        }
    }
    words.push_str(rest);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_of(status: Status, text: &str, current_media: &str) -> Shown {
        let personal_message = PersonalMessage { text: text.into(), current_media: current_media.into() };
        shown(&OwnPresence { status, name: "Carol".into(), personal_message, picture: None })
    }

    #[test]
    fn every_status_has_one_on_discord() {
        use ShownStatus::{DoNotDisturb, Idle, Invisible, Online};
        let table = [
            (Status::Online, Online),
            (Status::Busy, DoNotDisturb),
            (Status::OnThePhone, DoNotDisturb),
            (Status::Idle, Idle),
            (Status::BeRightBack, Idle),
            (Status::Away, Idle),
            (Status::OutToLunch, Idle),
            (Status::Hidden, Invisible),
            (Status::Offline, Invisible),
        ];
        for (status, expected) in table {
            assert_eq!(shown_of(status, "", "").status, expected, "{status:?}");
        }
    }

    #[test]
    fn the_personal_message_is_the_custom_status_and_music_is_listened_to() {
        let both = shown_of(Status::Online, " at\nwork ", r"\0Music\01\0{0} - {1}\0Song {1}\0The Band\0Album\0\0");
        assert_eq!((both.line.as_deref(), both.listening.as_deref()), (Some("at work"), Some("The Band - Song {1}")));
        let title = shown_of(Status::Away, "", r"iTunes\0Music\01\0{0} - {1}\0Song\0\0\0");
        assert_eq!((title.line, title.listening.as_deref()), (None, Some("Song")));
        let game = |text: &str| shown_of(Status::Online, text, r"\0Games\01\0Playing {0}\0Chess\0");
        assert_eq!((game("").line.as_deref(), game("").listening), (Some("Playing Chess"), None));
        assert_eq!(game("hi").line.as_deref(), Some("hi"));
        assert_eq!(shown_of(Status::Online, "", r"\0Music\00\0{0}\0x\0").listening, None);
    }

    #[test]
    fn who_hides_says_nothing_and_nobody_says_too_much() {
        let hidden = shown_of(Status::Hidden, "secret", r"\0Music\01\0{0}\0x\0");
        assert_eq!((hidden.line, hidden.listening), (None, None));
        assert_eq!(shown_of(Status::Online, &"é".repeat(300), "").line, Some("é".repeat(128)));
        assert_eq!(shown_of(Status::Online, &"🦋".repeat(300), "").line, Some("🦋".repeat(64)));
    }
}
