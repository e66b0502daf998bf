//! What accounts say, as events of a room.

use domain::{
    Content,
    content::{Text, in_bytes},
    media::Attachment,
};
use ruma::EventId;
use serde_json::{Map, Value, json};

use super::{
    NUDGE, ORDER, PART, Uploaded, Written,
    markup::{self, Placed},
    media_type,
    parts::{self, length_as_json},
};

/// The longest words of an event with their HTML, as JSON, in bytes. An event has 65,536, of which the homeserver needs some
/// for what it adds: the ids of other events, hashes and signatures. What is encrypted becomes longer by a third.
const LONGEST_AS_JSON: usize = 44 * 1024;

/// Where the bytes of an attachment are on the homeserver; `None` when they could not be brought there.
type Enclosed<'a> = &'a dyn Fn(&Attachment) -> Option<Uploaded>;

/// `content` as events of a room: one, or several where a text is longer than 16 KiB; never none. They are sent in this order.
///
/// Each is marked with its order (`im.chrysalis.order`), and from the second on with its part (`im.chrysalis.part`, a number
/// from 1 on), so that one that was sent before its answer was lost is found again: the same content is always cut in the same
/// way, so part N of an order is sent already when an event of the same sender has both marks (for part 0 the first and
/// not the second). The transaction id of a part is made of both marks as well.
///
/// `reply` is the event that is answered: the first event says so.
pub(crate) fn write(content: &Content, order: &str, enclosed: Enclosed<'_>, reply: Option<&EventId>) -> Vec<Written> {
    let mut contents = contents(content, enclosed);
    if let (Some(first), Some(reply)) = (contents.first_mut(), reply) {
        first.insert("m.relates_to".to_owned(), json!({ "m.in_reply_to": { "event_id": reply } }));
    }
    let mark = |(part, mut content): (usize, Map<String, Value>)| {
        content.insert(ORDER.to_owned(), order.into());
        if part > 0 {
            content.insert(PART.to_owned(), part.into());
        }
        Written { kind: "m.room.message", content: Value::Object(content) }
    };
    contents.into_iter().enumerate().map(mark).collect()
}

fn contents(content: &Content, enclosed: Enclosed<'_>) -> Vec<Map<String, Value>> {
    match content {
        Content::Text(text) => words("m.text", text, enclosed),
        Content::Emote { text } => words("m.emote", &Text::plain(text), enclosed),
        Content::Nudge => {
            let mut nudge = message("m.emote", "sends a nudge");
            nudge.insert(NUDGE.to_owned(), true.into());
            vec![nudge]
        }
        Content::File(attachment) => vec![file(msgtype(media_type::of(attachment)), "a file", attachment, enclosed)],
        Content::Image(attachment) => {
            vec![file(msgtype(media_type::of(attachment)), "a picture", attachment, enclosed)]
        }
        Content::Ink(attachment) => vec![file(msgtype(media_type::of(attachment)), "a drawing", attachment, enclosed)],
        Content::Voice(attachment) => vec![file("voice", "a voice clip", attachment, enclosed)],
        Content::Wink { title, thumbnail } => vec![wink(title, thumbnail.as_ref(), enclosed)],
    }
}

fn words(kind: &str, text: &Text, enclosed: Enclosed<'_>) -> Vec<Map<String, Value>> {
    let emoticons: Vec<Placed> = text
        .emoticons
        .iter()
        .filter_map(|emoticon| {
            let uri = enclosed(&emoticon.picture)?.uri;
            Some(Placed { shortcut: emoticon.shortcut.clone(), uri })
        })
        .collect();
    parts::cut(text.clone())
        .into_iter()
        .map(|part| {
            let mut content = message(kind, &part.text);
            let room = LONGEST_AS_JSON.saturating_sub(length_as_json(&part.text));
            let html = markup::write(&part, &emoticons).filter(|html| length_as_json(html) <= room);
            if let Some(html) = html {
                content.insert("format".to_owned(), "org.matrix.custom.html".into());
                content.insert("formatted_body".to_owned(), html.into());
            }
            content
        })
        .collect()
}

/// As what a file is shown, by its type. Drawings made of commands are no pictures that clients show.
fn msgtype(media_type: &str) -> &'static str {
    match media_type.split_once('/') {
        Some(("image", kind)) if !kind.starts_with("svg") => "m.image",
        Some(("video", _)) => "m.video",
        Some(("audio", _)) => "m.audio",
        Some(_) | None => "m.file",
    }
}

fn wink(title: &str, thumbnail: Option<&Attachment>, enclosed: Enclosed<'_>) -> Map<String, Value> {
    let words = format!("sends the wink \"{title}\"");
    match thumbnail.and_then(|thumbnail| Some((thumbnail, enclosed(thumbnail)?))) {
        Some((thumbnail, uploaded)) => {
            let mut content = uploaded_file("m.image", thumbnail, &uploaded);
            content.insert("body".to_owned(), words.into());
            content
        }
        None => message("m.emote", &words),
    }
}

/// A file, or a line that tells of it where it could not be brought to the homeserver.
fn file(kind: &str, what: &str, attachment: &Attachment, enclosed: Enclosed<'_>) -> Map<String, Value> {
    let Some(uploaded) = enclosed(attachment) else {
        let size = in_bytes(attachment.size);
        return message("m.text", &format!("sent {what} that cannot be passed on: {} ({size})", attachment.name));
    };
    if kind != "voice" {
        return uploaded_file(kind, attachment, &uploaded);
    }
    let mut content = uploaded_file("m.audio", attachment, &uploaded);
    content.insert("org.matrix.msc3245.voice".to_owned(), json!({}));
    let length = uploaded.duration.map_or_else(|| json!({}), |length| json!({ "duration": length.as_millis() as u64 }));
    content.insert("org.matrix.msc1767.audio".to_owned(), length);
    content
}

fn uploaded_file(kind: &str, attachment: &Attachment, uploaded: &Uploaded) -> Map<String, Value> {
    let mut info = Map::new();
    info.insert("mimetype".to_owned(), media_type::of(attachment).into());
    info.insert("size".to_owned(), attachment.size.into());
    let sides = [("w", uploaded.width), ("h", uploaded.height)];
    info.extend(sides.into_iter().filter_map(|(name, pixels)| Some((name.to_owned(), pixels?.into()))));
    if let Some(length) = uploaded.duration {
        info.insert("duration".to_owned(), (length.as_millis() as u64).into());
    }
    let mut content = message(kind, &attachment.name);
    content.insert("filename".to_owned(), attachment.name.as_str().into());
    match &uploaded.key {
        Some(key) => content.insert("file".to_owned(), key.write(&uploaded.uri)),
        None => content.insert("url".to_owned(), uploaded.uri.as_str().into()),
    };
    content.insert("info".to_owned(), info.into());
    content
}

fn message(kind: &str, body: &str) -> Map<String, Value> {
    Map::from_iter([("msgtype".to_owned(), kind.into()), ("body".to_owned(), body.into())])
}
