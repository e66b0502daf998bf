//! Events of rooms as arrivals for an account: who hears what, from whom, and what it says. Pure.

use std::{borrow::Cow, collections::HashMap};

use bridge::{Arrival, RemoteProfile, Reply};
use domain::{
    Content, Passport, RemoteMessage, RemoteRoom, RemoteUser,
    contact::RemoteTarget,
    content::{Emoticon, Quote},
    conversation::is_gathering,
    media::Attachment,
};
use ruma::{EventId, OwnedMxcUri, OwnedUserId, RoomId, UserId};

use crate::{
    bot::Bot,
    chat::{Pair, profile},
    event::{Event, What},
    message::{Body, MediaKind, Mentions, Quoted, Relation, RemoteMedia, Said},
    names::Names,
    own::OwnAccounts,
    permissions::Permissions,
    portal::Place,
    speakers::Speakers,
};

/// How many emoticons of one message are fetched; further ones stay words.
const MOST_EMOTICONS: usize = 16;
/// The shortest name that counts as a mention when it stands in a text, in characters: shorter ones are words, too.
const SHORTEST_MENTION: usize = 3;
/// What stands behind the id of a picture or file whose caption has the event's own id.
const MEDIA: &str = "/media";

/// Where an account hears what is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seat {
    /// The account.
    pub(crate) owner: Passport,
    /// Its ghost.
    pub(crate) ghost: OwnedUserId,
    /// What kind of room it is for the account.
    pub(crate) kind: SeatKind,
}

/// What kind of room a seat is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SeatKind {
    /// A chat with one person.
    Direct {
        /// Who.
        user: OwnedUserId,
        /// The name they show; empty if none.
        name: String,
        /// Whether the account added them, or let them in.
        welcomed: bool,
    },
    /// A room of several people.
    Portal {
        /// Which.
        place: Place,
        /// The id by which the account knows it: that of a gathering, if it is one.
        known_as: RemoteRoom,
        /// What the account is called: a text that names it speaks to it.
        called: String,
    },
}

/// What an event is to an account.
#[allow(clippy::large_enum_variant, reason = "it lives for a moment")]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard<'event> {
    /// This is said to it.
    Line(Cow<'event, Said>),
    /// Something is said to it that has to be decrypted first.
    Sealed,
    /// Its sender may not speak to accounts of this server.
    Unwanted,
    /// Nothing.
    Nothing,
}

/// Whom and what is let in.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// Who is who.
    pub(crate) names: &'a Names,
    /// Who may do what.
    pub(crate) permissions: &'a Permissions,
    /// Whether it is shown who comes to rooms and goes.
    pub(crate) show_joins: bool,
    /// The bot, where there is one: what is for it is said to nobody else.
    pub(crate) bot: Option<&'a Bot>,
    /// The linked accounts: where one of them hears by itself, nothing comes by its ghost as well.
    pub(crate) own: Option<&'a OwnAccounts>,
}

impl Rules<'_> {
    /// Whether these words are for the bot.
    pub(crate) fn is_for_bot(&self, event: &Event, words: &str) -> bool {
        let is_ours = self.names.is_ours(&event.sender);
        !is_ours && self.bot.is_some_and(|bot| bot.hears(&event.room, &event.sender, words))
    }

    /// Whether this may be for the bot, which cannot be seen as long as it is not decrypted.
    pub(crate) fn may_be_for_bot(&self, event: &Event) -> bool {
        let is_closed = matches!(event.what, What::Sealed(_) | What::Unread(_));
        is_closed && !self.names.is_ours(&event.sender) && self.bot.is_some_and(|bot| bot.is_in(&event.room))
    }

    /// Whether an account has linked another one, which hears in this room by itself.
    pub(crate) fn is_heard_otherwise(&self, owner: &Passport, room: &RoomId) -> bool {
        self.own.is_some_and(|own| own.hears_in(owner, room))
    }

    /// Whether an account has linked another one, which has a chat with this person by itself.
    pub(crate) fn is_met_otherwise(&self, pair: &Pair) -> bool {
        self.own.is_some_and(|own| own.meets(pair))
    }

    /// What an event is to whoever sits here.
    pub(crate) fn hear<'event>(&self, seat: &Seat, event: &'event Event) -> Heard<'event> {
        let is_known = event.sender == seat.ghost || event.heard.contains(&seat.ghost);
        if is_known || event.sender == self.names.bot() || self.is_heard_otherwise(&seat.owner, &event.room) {
            return Heard::Nothing;
        }
        let said = event.line(self.show_joins && seat.shows_comings());
        if said.is_none() && !event.is_sealed() {
            return Heard::Nothing;
        }
        if event.words().is_some_and(|words| self.is_for_bot(event, words)) {
            return Heard::Nothing;
        }
        let is_ours = self.names.account(&event.sender).is_some();
        if let SeatKind::Direct { welcomed, .. } = &seat.kind
            && !is_ours
            && !self.permissions.admits(&event.sender, *welcomed)
        {
            return Heard::Unwanted;
        }
        said.map_or(Heard::Sealed, Heard::Line)
    }
}

impl Seat {
    /// Where the account is spoken to.
    pub(crate) fn target(&self) -> RemoteTarget {
        match &self.kind {
            SeatKind::Direct { user, .. } => RemoteTarget::Person(RemoteUser(user.to_string())),
            SeatKind::Portal { known_as, .. } => RemoteTarget::Room(known_as.clone()),
        }
    }

    /// Whether who comes and goes may be shown here: in a gathering Messenger itself tells of those whom it knows.
    fn shows_comings(&self) -> bool {
        matches!(&self.kind, SeatKind::Portal { known_as, .. } if !is_gathering(known_as))
    }

    /// The pair of a direct chat.
    pub(crate) fn pair(&self) -> Option<Pair> {
        match &self.kind {
            SeatKind::Direct { user, .. } => Some(Pair { owner: self.owner.clone(), user: user.clone() }),
            SeatKind::Portal { .. } => None,
        }
    }

    /// Whether this is a chat with this person.
    pub(crate) fn is_with(&self, person: &UserId) -> bool {
        matches!(&self.kind, SeatKind::Direct { user, .. } if user == person)
    }

    /// Whoever says something here; `None` when their name has to be looked up.
    pub(crate) fn author(&self, event: &Event, names: &Names, speakers: &mut Speakers) -> Option<RemoteProfile> {
        Some(match &self.kind {
            // Everything is the other person's: nobody else has a contact here that could show it.
            SeatKind::Direct { user, name, .. } => profile(user, name),
            SeatKind::Portal { place, .. } => names.profile(&event.sender, &speakers.name(&place.room, &event.sender)?),
        })
    }

    /// Whether what is said speaks to the account in particular.
    pub(crate) fn is_addressed(&self, event: &Event, said: &Said, speakers: &Speakers) -> bool {
        let SeatKind::Portal { called, .. } = &self.kind else { return true };
        let Said::Message { body, relation, mentions } = said else { return false };
        let is_mentioned = match mentions {
            Mentions::Nobody => false,
            Mentions::People(people) => people.contains(&self.ghost),
        };
        let is_answered = match relation {
            Some(Relation::Reply { to, fallback }) => {
                let author = fallback.as_ref().and_then(|quoted| quoted.author.as_deref());
                author == Some(self.ghost.as_str()) || speakers.is_by(&event.room, to, &self.ghost)
            }
            Some(Relation::Edit { .. }) | None => false,
        };
        is_mentioned || is_answered || words(body).is_some_and(|words| names(words, called))
    }

    /// What arrives, as `author` says it: one arrival mostly, two for a picture with a caption, and for a removal. `fetched` holds what
    /// [`wanted`] named, or why it could not be fetched.
    pub(crate) fn arrivals(
        &self,
        author: &RemoteProfile,
        event: &Event,
        said: &Said,
        addressed: bool,
        fetched: &Fetched,
    ) -> Vec<Arrival> {
        let (owner, place, author) = (self.owner.clone(), self.target(), author.clone());
        let (id, sent) = (RemoteMessage(event.id.to_string()), event.sent);
        match said {
            Said::Reaction { to, key } => {
                vec![Arrival::Reaction {
                    owner,
                    place,
                    author,
                    id,
                    to: RemoteMessage(to.to_string()),
                    sent,
                    sign: key.clone(),
                }]
            }
            // Of a picture with a caption both are taken back; nobody knows here whether it was one.
            Said::Removal { of } => [(id, RemoteMessage(of.to_string())), (media_id(&event.id), media_id(of))]
                .into_iter()
                .map(|(id, of)| Arrival::Removal {
                    owner: owner.clone(),
                    place: place.clone(),
                    author: author.clone(),
                    id,
                    of,
                    sent,
                })
                .collect(),
            Said::Message { body, relation: Some(Relation::Edit { of }), .. } => {
                let (first, caption) = contents(body, fetched);
                let content = self.told(event, caption.unwrap_or(first));
                vec![Arrival::Edit { owner, place, author, id, of: RemoteMessage(of.to_string()), sent, content }]
            }
            Said::Message { body, relation, .. } => {
                let reply = match relation {
                    Some(Relation::Reply { to, fallback }) => Some(Reply {
                        to: RemoteMessage(to.to_string()),
                        quoted: fallback.as_ref().map(|quoted| self.quote(quoted)),
                    }),
                    Some(Relation::Edit { .. }) | None => None,
                };
                let message = |id, content, reply| Arrival::Message {
                    owner: owner.clone(),
                    place: place.clone(),
                    author: author.clone(),
                    id,
                    sent,
                    content: self.told(event, content),
                    reply,
                    addressed,
                };
                match contents(body, fetched) {
                    (only, None) => vec![message(id, only, reply)],
                    (media, Some(caption)) => {
                        vec![message(media_id(&event.id), media, None), message(id, caption, reply)]
                    }
                }
            }
        }
    }

    /// What a third person said in a direct room, in words that show whose they are.
    fn told(&self, event: &Event, content: Content) -> Content {
        let is_theirs = match &self.kind {
            SeatKind::Direct { user, .. } => *user == event.sender,
            SeatKind::Portal { .. } => true,
        };
        if is_theirs {
            return content;
        }
        // A linked account hears by itself what it says elsewhere.
        let name = if event.sender == self.ghost { "you" } else { event.sender.localpart() };
        match content {
            Content::Text(text) => Content::Text(text.preceded_by(&format!("{name}: "))),
            Content::Emote { text } => Content::text(format!("* {name} {text}")),
            Content::Nudge => Content::text(format!("* {name} sends a nudge")),
            file @ (Content::File(_)
            | Content::Image(_)
            | Content::Voice(_)
            | Content::Ink(_)
            | Content::Wink { .. }) => file,
        }
    }

    /// What a message that is answered said, where it is not known here.
    fn quote(&self, quoted: &Quoted) -> Quote {
        let author = match &self.kind {
            SeatKind::Direct { .. } => String::new(),
            SeatKind::Portal { .. } => {
                let author = quoted.author.as_deref().unwrap_or_default();
                UserId::parse(author).map_or_else(|_| author.to_owned(), |user| user.localpart().to_owned())
            }
        };
        Quote { author, words: quoted.words.clone() }
    }
}

/// The id of a picture or file that comes with a caption.
fn media_id(event: &EventId) -> RemoteMessage {
    RemoteMessage(format!("{event}{MEDIA}"))
}

/// What was fetched, or why it could not be.
pub(crate) type Fetched = HashMap<OwnedMxcUri, Result<Attachment, String>>;

/// What has to be fetched before something that is said can be shown.
pub(crate) fn wanted(said: &Said) -> Vec<RemoteMedia> {
    let Said::Message { body, .. } = said else { return Vec::new() };
    match body {
        Body::Media { media, .. } => vec![media.clone()],
        Body::Text { emoticons, .. } => emoticons
            .iter()
            .take(MOST_EMOTICONS)
            .map(|emoticon| RemoteMedia { uri: emoticon.uri.clone(), name: "emoticon".into(), size: None, key: None })
            .collect(),
        Body::Emote { .. } | Body::Nudge => Vec::new(),
    }
}

/// A body as contents: a picture's caption follows it as a text of its own.
fn contents(body: &Body, fetched: &Fetched) -> (Content, Option<Content>) {
    match body {
        Body::Text { text, emoticons } => {
            let mut text = text.clone();
            for emoticon in emoticons {
                if let Some(Ok(picture)) = fetched.get(&emoticon.uri) {
                    let (shortcut, picture) = (emoticon.shortcut.clone(), picture.clone());
                    text.emoticons.push(Emoticon { shortcut, animated: picture.media_type == "image/gif", picture });
                }
            }
            (Content::Text(text), None)
        }
        Body::Emote { text } => (Content::Emote { text: text.clone() }, None),
        Body::Nudge => (Content::Nudge, None),
        Body::Media { kind, media, caption } => {
            let content = match fetched.get(&media.uri) {
                Some(Ok(file)) => of_kind(*kind, file.clone()),
                Some(Err(reason)) => missing(*kind, media, reason),
                None => missing(*kind, media, "it was not asked for"),
            };
            (content, caption.clone().map(Content::Text))
        }
    }
}

/// A file as what it was sent, where its bytes are of that kind.
fn of_kind(kind: MediaKind, file: Attachment) -> Content {
    match kind {
        MediaKind::Image | MediaKind::Sticker if file.media_type.starts_with("image/") => Content::Image(file),
        MediaKind::Voice if file.media_type.starts_with("audio/") => Content::Voice(file),
        MediaKind::Image
        | MediaKind::Sticker
        | MediaKind::Voice
        | MediaKind::Audio
        | MediaKind::Video
        | MediaKind::File => Content::File(file),
    }
}

fn missing(kind: MediaKind, media: &RemoteMedia, reason: &str) -> Content {
    let word = match kind {
        MediaKind::Image => "image",
        MediaKind::Sticker => "sticker",
        MediaKind::Voice => "voice message",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
        MediaKind::File => "file",
    };
    Content::text(format!("[{word}: {}, which could not be fetched: {reason}]", media.name))
}

fn words(body: &Body) -> Option<&str> {
    match body {
        Body::Text { text, .. } => Some(&text.text),
        Body::Emote { text } => Some(text),
        Body::Media { caption, .. } => caption.as_ref().map(|caption| caption.text.as_str()),
        Body::Nudge => None,
    }
}

/// Whether a text names somebody, as a word of its own.
fn names(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.trim().to_lowercase());
    let is_apart = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    name.chars().count() >= SHORTEST_MENTION
        && text.match_indices(&name).any(|(at, found)| {
            let (before, after) = (text.get(..at), text.get(at + found.len()..));
            is_apart(before.and_then(|before| before.chars().next_back()))
                && is_apart(after.and_then(|after| after.chars().next()))
        })
}

#[cfg(test)]
mod tests;
