//! What the events of a room say.

use domain::content::Text;
use ruma::UserId;
use serde_json::Value;

use super::{
    Body, MediaKind, Mentions, NUDGE, Relation, Said, fields, media, mention, place, poll, relation,
    wording::{self, Wording},
};

/// The longest sign of a reaction, in characters: flags and families have about ten.
pub(super) const LONGEST_KEY: usize = 64;

/// What an event says, whole as a homeserver gives it; `None` when there is nothing to show: for a state event, one that was
/// deleted, and whatever is no message. What cannot be shown as it is becomes a line that tells of it, so that nothing is
/// passed over in silence.
pub(crate) fn read(event: &Value) -> Option<Said> {
    let is_deleted = event.get("unsigned").is_some_and(|unsigned| unsigned.get("redacted_because").is_some());
    if is_deleted || event.get("state_key").is_some() {
        return None;
    }
    let content = event.get("content")?;
    match event.get("type")?.as_str()? {
        "m.reaction" => read_reaction(content),
        // Up to room version 10 it stands beside the content, from 11 on within it.
        "m.room.redaction" => {
            let of = fields::event_id(content, "redacts").or_else(|| fields::event_id(event, "redacts"))?;
            Some(Said::Removal { of })
        }
        kind => read_message(kind, content),
    }
}

/// What is told in place of so many messages by `author`, one after another, that could not be decrypted, and will not be as far as is
/// known.
pub(crate) fn lost(author: &UserId, count: usize) -> Said {
    let name = author.localpart();
    told(if count == 1 {
        format!("[a message that could not be decrypted; ask {name} to write it again]")
    } else {
        format!("[{count} messages that could not be decrypted; ask {name} to write them again]")
    })
}

/// What is told in place of so many encrypted messages, one after another, where encryption is switched off.
pub(crate) fn unread(count: usize) -> Said {
    told(if count == 1 {
        "[an encrypted message, which Chrysalis does not read here: its administrator has switched that off]".to_owned()
    } else {
        format!(
            "[{count} encrypted messages, which Chrysalis does not read here: its administrator has switched that off]"
        )
    })
}

fn told(words: String) -> Said {
    Said::Message { body: line(words), relation: None, mentions: Mentions::Nobody }
}

fn read_reaction(content: &Value) -> Option<Said> {
    let relation = content.get("m.relates_to")?;
    let to = fields::event_id(relation, "event_id")?;
    let key = fields::text(relation, "key")?;
    let key = if key.starts_with("mxc://") {
        let names = ["shortcode", "com.beeper.reaction.shortcode"];
        let name = fields::field(content, &names).and_then(Value::as_str).unwrap_or("emoji");
        let name: String = name.trim_matches([':', ' ']).chars().take(LONGEST_KEY).collect();
        format!(":{name}:")
    } else {
        key.chars().take(LONGEST_KEY).collect()
    };
    Some(Said::Reaction { to, key })
}

fn read_message(kind: &str, content: &Value) -> Option<Said> {
    let mut relation = relation::of(content);
    let is_edit = matches!(relation, Some(Relation::Edit { .. }));
    let changed = content.get("m.new_content").filter(|_| is_edit);
    let shown = changed.unwrap_or(content);
    let is_reply = matches!(relation, Some(Relation::Reply { .. }));
    let mut wording = wording::of(shown, is_reply);
    let (people, quoted) = wording
        .as_mut()
        .map_or_else(Default::default, |wording| (std::mem::take(&mut wording.people), wording.quoted.take()));
    if is_edit && changed.is_none() {
        wording = wording.map(without_star).filter(|wording| !wording.text.text.trim().is_empty());
    }
    if let Some(Relation::Reply { fallback, .. }) = &mut relation
        && relation::repeats_what_it_answers(content)
    {
        *fallback = quoted;
    }
    let body = read_body(kind, shown, wording)?;
    let named = if content.get("m.mentions").is_some() { content } else { shown };
    Some(Said::Message { body, relation, mentions: mention::of(named, people) })
}

fn read_body(kind: &str, content: &Value, wording: Option<Wording>) -> Option<Body> {
    let media = |kind: MediaKind, wording: Option<Wording>| Some(media::read(kind, content, wording));
    match kind {
        "m.room.message" => read_msgtype(content, wording),
        "m.sticker" => media(MediaKind::Sticker, None),
        "m.call.invite" => Some(line("[a call, which Chrysalis cannot take]")),
        "m.poll.start" | "org.matrix.msc3381.poll.start" | "org.matrix.msc3381.v2.poll.start" => {
            poll::read_start(content).map(line).or_else(|| text(wording))
        }
        "m.poll.end" | "org.matrix.msc3381.poll.end" | "org.matrix.msc3381.v2.poll.end" => {
            Some(line(poll::read_end(content)))
        }
        // Each step of somebody who shows where they go, and each vote, would be a line of its own; what is encrypted has to be opened.
        "m.room.encrypted"
        | "m.beacon"
        | "org.matrix.msc3672.beacon"
        | "m.poll.response"
        | "org.matrix.msc3381.poll.response"
        | "org.matrix.msc3381.v2.poll.response" => None,
        "m.location" | "org.matrix.msc3488.location" => place::read(content).map(line).or_else(|| text(wording)),
        "m.emote" | "org.matrix.msc1767.emote" => emote(wording),
        "m.image" | "org.matrix.msc1767.image" => media(MediaKind::Image, wording),
        "m.video" | "org.matrix.msc1767.video" => media(MediaKind::Video, wording),
        "m.audio" | "org.matrix.msc1767.audio" => media(media::audio(content), wording),
        "m.voice" | "org.matrix.msc3245.voice" | "org.matrix.msc3245.voice.v2" => media(MediaKind::Voice, wording),
        "m.file" | "org.matrix.msc1767.file" => media(MediaKind::File, wording),
        // Whatever else has words for clients that do not know it (MSC1767): `body` alone is no sign of a message.
        _ if fields::extensible(content).is_some() => text(wording),
        _ => None,
    }
}

fn read_msgtype(content: &Value, wording: Option<Wording>) -> Option<Body> {
    let media = |kind: MediaKind, wording: Option<Wording>| Some(media::read(kind, content, wording));
    match fields::text(content, "msgtype")? {
        "m.emote" if content.get(NUDGE) == Some(&Value::Bool(true)) => Some(Body::Nudge),
        "m.emote" => emote(wording),
        "m.image" => media(MediaKind::Image, wording),
        "m.video" => media(MediaKind::Video, wording),
        "m.audio" => media(media::audio(content), wording),
        "m.file" => media(MediaKind::File, wording),
        "m.location" => place::read(content).map(line).or_else(|| text(wording)),
        // Its body says only that the client cannot do it.
        "m.key.verification.request" => None,
        // Texts, notices, the server's own notices, and whatever else can be read as one.
        _ => text(wording),
    }
}

fn text(wording: Option<Wording>) -> Option<Body> {
    wording.map(|wording| Body::Text { text: wording.text, emoticons: wording.emoticons })
}

fn emote(wording: Option<Wording>) -> Option<Body> {
    wording.map(|wording| Body::Emote { text: wording::spelled(&wording.text) })
}

fn line(words: impl Into<String>) -> Body {
    Body::Text { text: Text::plain(words), emoticons: Vec::new() }
}

/// The mark of a change, where a client has sent only what is for clients that know none.
fn without_star(wording: Wording) -> Wording {
    let bare = wording.text.text.trim_start().strip_prefix("* ").map(str::to_owned);
    bare.map_or(wording, |bare| Wording { text: Text::plain(bare), ..Wording::default() })
}
