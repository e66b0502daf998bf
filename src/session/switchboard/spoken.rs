//! What a conversation says, as payloads that Messenger shows.

use std::time::Instant;

use bytes::Bytes;
use domain::{
    Content, Passport,
    content::{Emoticon, Text, done_by, in_bytes},
    conversation::Body,
    media::{Attachment, Source},
};
use msnp::{
    message::{self, LONGEST_PAYLOAD, MOST_EMOTICONS, Payload},
    object::{MsnObject, ObjectType, friendly_name},
    p2p::guid::Guid,
    status::Capabilities,
    text_format::TextFormat,
};

use super::{late, pace::NudgePace};
use crate::{Settings, text};

/// The longest shortcut of an emoticon that Messenger takes, in characters.
const LONGEST_SHORTCUT: usize = 7;

/// Something said, with what has to be known to show it.
#[derive(Debug)]
pub(super) struct Spoken<'a> {
    /// In whose window: whoever shakes it, and has the pictures that stand for words.
    pub(super) from: &'a Passport,
    /// Under which name it is said.
    pub(super) name: &'a str,
    /// The name of who said it, where that is another one.
    pub(super) speaker: Option<&'a str>,
    /// When it was said, in words, if it comes late; else empty.
    pub(super) time: &'a str,
    /// When it is shown.
    pub(super) now: Instant,
    /// Of these bits an identifier is made.
    pub(super) chance: u128,
    /// What the client can show.
    pub(super) capabilities: Capabilities,
}

impl Spoken<'_> {
    /// The payloads, none longer than Messenger takes. What a Messenger user said stays as it is, but for its time.
    pub(super) fn payloads(&self, body: Body, settings: &Settings, pace: &mut NudgePace) -> Vec<Bytes> {
        match body {
            Body::Payload(payload) if self.time.is_empty() => vec![payload],
            Body::Payload(payload) => self.late_payload(payload, settings),
            Body::Ink(gif) => self.ink(&gif, settings),
            Body::Content(content) => self.content(content, settings, pace),
        }
    }

    fn late_payload(&self, payload: Bytes, settings: &Settings) -> Vec<Bytes> {
        match Payload::parse(&payload) {
            Payload::Text { .. } => match late::preceded(&payload, self.time) {
                Some(timed) => vec![timed],
                None => plain(self.time.trim_end(), settings).into_iter().chain([payload]).collect(),
            },
            Payload::Nudge => plain(&format!("{}sent a nudge", self.time), settings),
            Payload::Typing { .. }
            | Payload::Recording { .. }
            | Payload::Datacast { .. }
            | Payload::Emoticons { .. }
            | Payload::PeerToPeer { .. }
            | Payload::Invitation { .. }
            | Payload::Ink { .. }
            | Payload::ClientCapabilities
            | Payload::KeepAlive
            | Payload::Chunk { .. }
            | Payload::Other { .. } => vec![payload],
        }
    }

    fn content(&self, content: Content, settings: &Settings, pace: &mut NudgePace) -> Vec<Bytes> {
        match content {
            Content::Text(said) => self.text(&said, settings),
            Content::Emote { text } => {
                let who = one_line(self.speaker.unwrap_or(self.name));
                let line = done_by(&who, &text);
                plain(&format!("{}{}", self.time, settings.emoji.inward(&line)), settings)
            }
            // A window that shakes hours later, or all the time, only frightens.
            Content::Nudge if !self.time.is_empty() || !pace.takes(self.from, self.now) => {
                self.line("sent a nudge", settings)
            }
            Content::Nudge if self.speaker.is_some() => {
                let mut payloads = self.line("sent a nudge", settings);
                payloads.push(message::nudge().into());
                payloads
            }
            Content::Nudge => vec![message::nudge().into()],
            Content::File(attachment) => self.attachment("a file", &attachment, settings),
            Content::Image(attachment) => self.attachment("a picture", &attachment, settings),
            Content::Voice(attachment) => self.attachment("a voice clip", &attachment, settings),
            Content::Ink(attachment) => self.attachment("a drawing", &attachment, settings),
            Content::Wink { title, .. } => self.line(&format!("sent the wink \"{}\"", one_line(&title)), settings),
        }
    }

    fn text(&self, said: &Text, settings: &Settings) -> Vec<Bytes> {
        let shown = text::inward(said, settings.emoji, &settings.bridged_font);
        let mut payloads = definitions(self.from, &said.emoticons, &shown.text);
        payloads.extend(texts(&format!("{}{}", self.opening(settings), shown.text), &shown.format));
        payloads
    }

    /// Handwriting, after a line that says from when and whom it is, where that is not clear.
    fn ink(&self, gif: &[u8], settings: &Settings) -> Vec<Bytes> {
        let payloads = message::ink(gif, Guid::random(self.chance));
        let is_chunked = payloads.len() > 1;
        if !self.capabilities.has(Capabilities::INK_GIF) || (is_chunked && !self.capabilities.has(Capabilities::CHUNKS))
        {
            return self.line("sent a drawing, which this client cannot show", settings);
        }
        let is_clear = self.time.is_empty() && self.speaker.is_none();
        let before = if is_clear { Vec::new() } else { self.line("sent a drawing", settings) };
        before.into_iter().chain(payloads.into_iter().map(Bytes::from)).collect()
    }

    /// A file, as a link that a person can click.
    fn attachment(&self, what: &str, attachment: &Attachment, settings: &Settings) -> Vec<Bytes> {
        let (name, size) = (one_line(&attachment.name), in_bytes(attachment.size));
        let link = attachment.link.as_deref().map(|link| format!(" {}/{link}", settings.web)).unwrap_or_default();
        self.line(&format!("sent {what}: {name} ({size}){link}"), settings)
    }

    fn line(&self, words: &str, settings: &Settings) -> Vec<Bytes> {
        plain(&format!("{}{}", self.opening(settings), settings.emoji.inward(words)), settings)
    }

    /// What stands before the words: the time, and who speaks.
    fn opening(&self, settings: &Settings) -> String {
        let speaker = self.speaker.map(|speaker| format!("{}: ", settings.emoji.inward(&one_line(speaker))));
        format!("{}{}", self.time, speaker.unwrap_or_default())
    }
}

/// Words of this server's own.
fn plain(text: &str, settings: &Settings) -> Vec<Bytes> {
    texts(text, &TextFormat { font: settings.bridged_font.to_string(), ..TextFormat::default() })
}

/// A text in as many payloads as it needs.
fn texts(text: &str, format: &TextFormat) -> Vec<Bytes> {
    let room = LONGEST_PAYLOAD.saturating_sub(message::text("", format, None).len());
    let wire = message::wire_text(text);
    message::split_text(&wire, room).into_iter().map(|part| message::text(part, format, None).into()).collect()
}

pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// The definitions of the emoticons that stand in `text`, to be sent before it. One that Messenger would not take is left out, and
/// so is what comes after the first five of a kind: their shortcuts stay words.
fn definitions(creator: &Passport, emoticons: &[Emoticon], text: &str) -> Vec<Bytes> {
    let mut payloads = Vec::new();
    for animated in [false, true] {
        let mut objects: Vec<(String, MsnObject)> = Vec::new();
        for emoticon in emoticons.iter().filter(|emoticon| emoticon.animated == animated) {
            let shortcut = &emoticon.shortcut;
            let is_known = objects.iter().any(|(known, _)| known == shortcut);
            if objects.len() < MOST_EMOTICONS && !is_known && is_shortcut(shortcut) && text.contains(shortcut) {
                objects.extend(object(creator, &emoticon.picture).map(|object| (shortcut.clone(), object)));
            }
        }
        payloads.extend(message::emoticons(&objects, animated).into_iter().map(Bytes::from));
    }
    payloads
}

fn is_shortcut(text: &str) -> bool {
    (1..=LONGEST_SHORTCUT).contains(&text.chars().count())
        && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

/// How Messenger is told of an emoticon's picture; `None` for one that is not kept under the hash that Messenger asks for.
fn object(creator: &Passport, picture: &Attachment) -> Option<MsnObject> {
    let Source::Object(hash) = picture.source else { return None };
    let [first, second, ..] = hash.0;
    let mut object = MsnObject {
        creator: creator.to_string(),
        size: picture.size,
        object_type: ObjectType::CUSTOM_EMOTICON,
        location: format!("TFR{first:02X}{second:02X}.tmp"),
        friendly: friendly_name(""),
        data_hash: hash.to_string(),
        description_hash: None,
        others: Vec::new(),
    };
    object.description_hash = Some(object.computed_description_hash());
    Some(object)
}

#[cfg(test)]
mod tests;
