//! What a client says, as the conversation takes it.

use bytes::Bytes;
use domain::{
    Content, Moment, Passport,
    conversation::{Saying, Wish},
    media::Announcement,
};
use msnp::{
    message::{Payload, Reassembled, Reassembly},
    mime::Headers,
    switchboard::{
        client::{Acknowledgement, Msg},
        server::ServerCommand,
    },
    text_format::TextFormat,
};

use super::{Pace, Phase, Request, Switchboard, audience::Audience, enclosed, pace::NudgePace};
use crate::{
    Action,
    emoji::Emoji,
    text::{self, Definitions},
};

/// What is remembered of what a client said in a conversation, to understand what it says next.
#[derive(Debug, Default)]
pub(super) struct Speech {
    /// Who hears it.
    pub(super) audience: Audience,
    /// How emoji are written on both sides.
    emoji: Emoji,
    definitions: Definitions,
    chunks: Reassembly,
    nudges: NudgePace,
}

impl Switchboard {
    pub(super) fn said(&mut self, moment: &Moment, msg: &Msg, actions: &mut Vec<Action>) {
        let Phase::Seated(admission) = &self.phase else { return };
        let wish = match msg.acknowledgement {
            Acknowledgement::None => Wish::Nothing,
            Acknowledgement::NegativeOnly => Wish::Failure,
            Acknowledgement::PositiveOnly => Wish::Success,
            Acknowledgement::Always | Acknowledgement::Data => Wish::Either,
        };
        // A peer waits for the answer to each packet, and so paces itself.
        if msg.acknowledgement != Acknowledgement::Data && !self.messages.take(moment.instant) {
            actions.push(Action::Switchboard(Request::Overran(Pace::Messages)));
            if matches!(wish, Wish::Failure | Wish::Either) {
                self.send(&ServerCommand::Nak { transaction: msg.transaction }, actions);
            }
            return;
        }
        let saying = self.speech.saying(moment, &admission.passport, &msg.payload);
        if matches!((&saying, wish), (Saying::Passing { to: Some(_), .. }, Wish::Either)) {
            self.packets.insert(msg.transaction);
        }
        actions.push(Action::Switchboard(Request::Say { tag: msg.transaction, wish, saying }));
    }
}

/// What other networks get of something said.
#[derive(Debug, Default)]
struct Understood {
    /// `None` for what only Messenger understands.
    content: Option<Content>,
    announced: Vec<Announcement>,
    enclosed: Option<Bytes>,
}

impl Speech {
    pub(super) fn new(emoji: Emoji) -> Self {
        Self { emoji, ..Self::default() }
    }

    /// What is done with a payload. Whatever it is, Messenger users are given these very bytes.
    fn saying(&mut self, moment: &Moment, author: &Passport, payload: &Bytes) -> Saying {
        let passing = |to, matters| passing(payload, to, matters, Vec::new());
        match Payload::parse(payload) {
            Payload::Text { text, format, .. } => lasting(payload, self.text(&text, format.as_ref())),
            Payload::Nudge => self.nudge(moment, author, payload),
            Payload::Datacast { id, data } => lasting(payload, datacast(author, id, data.as_deref())),
            Payload::Ink { content_type, body } => lasting(payload, ink(&content_type, &body)),
            Payload::Chunk { message_id, place, headers, body } => {
                match self.chunks.take(moment.instant, &message_id, place, &headers, &body) {
                    Reassembled::Whole(headers, body) => lasting(payload, self.whole(author, &headers, &body)),
                    Reassembled::Waiting => self.for_messenger(payload),
                    // Where only other networks hear it, its author must hear that it is lost.
                    Reassembled::Refused => lasting(payload, Understood::default()),
                }
            }
            Payload::Typing { user } if user.eq_ignore_ascii_case(author.as_str()) => {
                Saying::Typing { payload: payload.clone() }
            }
            // What is for nobody reaches nobody; its author hears so.
            Payload::PeerToPeer { destination, .. } => {
                passing(Some(destination.parse().unwrap_or_else(|_| author.clone())), true)
            }
            // The text that follows makes no sense without them, to whoever reads it and whenever.
            Payload::Emoticons { animated, body } => {
                let announced = self.definitions.learn(author, animated, &body);
                if self.audience.is_of_networks_only() {
                    return self::passing(payload, None, false, announced);
                }
                lasting(payload, Understood { announced, ..Understood::default() })
            }
            // Nobody misses these.
            Payload::ClientCapabilities | Payload::KeepAlive | Payload::Typing { .. } | Payload::Recording { .. } => {
                passing(None, false)
            }
            Payload::Invitation { .. } | Payload::Other { .. } => passing(None, true),
        }
    }

    /// A message that its last chunk has made whole; the chunks themselves go to Messenger users one by one.
    fn whole(&mut self, author: &Passport, headers: &Headers, body: &Bytes) -> Understood {
        match Payload::from_parts(headers, body) {
            Payload::Text { text, format, .. } => self.text(&text, format.as_ref()),
            Payload::Datacast { id, data } => datacast(author, id, data.as_deref()),
            Payload::Ink { content_type, body } => ink(&content_type, &body),
            Payload::Emoticons { animated, body } => {
                let announced = self.definitions.learn(author, animated, &body);
                Understood { announced, ..Understood::default() }
            }
            Payload::Nudge
            | Payload::Typing { .. }
            | Payload::Recording { .. }
            | Payload::PeerToPeer { .. }
            | Payload::Invitation { .. }
            | Payload::ClientCapabilities
            | Payload::KeepAlive
            | Payload::Chunk { .. }
            | Payload::Other { .. } => Understood::default(),
        }
    }

    fn text(&self, text: &str, format: Option<&TextFormat>) -> Understood {
        let (text, announced) = text::outward(text, format, &self.definitions, self.emoji);
        Understood { content: Some(Content::Text(text)), announced, enclosed: None }
    }

    fn nudge(&mut self, moment: &Moment, author: &Passport, payload: &Bytes) -> Saying {
        if !self.nudges.takes(author, moment.instant) {
            return self.for_messenger(payload);
        }
        lasting(payload, Understood { content: Some(Content::Nudge), ..Understood::default() })
    }

    /// What says nothing to other networks by itself, but must not look lost to its author because only they hear it.
    fn for_messenger(&self, payload: &Bytes) -> Saying {
        if self.audience.is_of_networks_only() {
            return passing(payload, None, false, Vec::new());
        }
        lasting(payload, Understood::default())
    }
}

/// The datacasts, by their numbers (`MSNPiki`).
const WINK: u32 = 2;
const VOICE_CLIP: u32 = 3;
const ACTION: u32 = 4;

fn datacast(author: &Passport, id: u32, data: Option<&str>) -> Understood {
    match (id, data) {
        (WINK, Some(description)) => enclosed::wink(author, description).into(),
        (VOICE_CLIP, Some(description)) => enclosed::voice_clip(author, description).into(),
        (ACTION, Some(action)) => {
            let (text, _) = text::outward(action, None, &Definitions::default(), Emoji::Codes);
            Understood { content: Some(Content::Emote { text: text.text }), ..Understood::default() }
        }
        (_, _) => Understood::default(),
    }
}

/// Only the GIF form of ink is a picture to others.
fn ink(content_type: &str, body: &[u8]) -> Understood {
    let ink = (content_type == "image/gif").then(|| enclosed::ink(body)).flatten();
    ink.map_or_else(Understood::default, |(content, gif)| Understood {
        content: Some(content),
        announced: Vec::new(),
        enclosed: Some(gif),
    })
}

fn lasting(payload: &Bytes, understood: Understood) -> Saying {
    let Understood { content, announced, enclosed } = understood;
    Saying::Lasting { payload: payload.clone(), content, announced, enclosed }
}

fn passing(payload: &Bytes, to: Option<Passport>, matters: bool, announced: Vec<Announcement>) -> Saying {
    Saying::Passing { payload: payload.clone(), to, matters, announced }
}

impl From<Option<(Content, Announcement)>> for Understood {
    fn from(said: Option<(Content, Announcement)>) -> Self {
        let (content, announced) = said.unzip();
        Self { content, announced: announced.into_iter().collect(), enclosed: None }
    }
}

#[cfg(test)]
mod tests;
