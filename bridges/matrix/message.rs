//! Contents of messages, in Matrix's form and in the domain's.

use domain::Content;
use serde_json::{Value, json};

/// Marks an emote as a nudge, in both directions.
const NUDGE: &str = "im.chrysalis.nudge";
/// Marks an event with the order it carries out, so that it is found again when an answer was lost.
pub(crate) const ORDER: &str = "im.chrysalis.order";

/// What `content` looks like as the content of an `m.room.message`, marked with its order.
pub(crate) fn write(content: &Content, order: &str) -> Value {
    let mut written = match content {
        Content::Text(text) => json!({ "msgtype": "m.text", "body": text.text }),
        Content::Emote { text } => json!({ "msgtype": "m.emote", "body": text }),
        Content::Nudge => json!({ "msgtype": "m.emote", "body": "sends a nudge", NUDGE: true }),
        // The features say that there are no files: these have become texts with links.
        Content::File(attachment)
        | Content::Image(attachment)
        | Content::Voice(attachment)
        | Content::Ink(attachment) => {
            json!({ "msgtype": "m.notice", "body": attachment.name })
        }
        Content::Wink { title, .. } => json!({ "msgtype": "m.emote", "body": format!("sends the wink \"{title}\"") }),
    };
    if let Some(fields) = written.as_object_mut() {
        fields.insert(ORDER.to_owned(), order.into());
    }
    written
}

/// What an event of this type and content says; `None` for what is no message. What has no form of its own yet becomes a
/// line that tells of it, so that nothing is passed over in silence.
pub(crate) fn read(kind: &str, content: &Value) -> Option<Content> {
    match kind {
        "m.room.message" => read_message(content),
        "m.sticker" => Some(placeholder("sticker", content)),
        "m.room.encrypted" => Some(Content::text("[an encrypted message, which Chrysalis cannot read]")),
        _ => None,
    }
}

fn read_message(content: &Value) -> Option<Content> {
    let relation = content.get("m.relates_to");
    if relation.and_then(|relation| relation.get("rel_type")).and_then(Value::as_str) == Some("m.replace") {
        let changed = content.get("m.new_content").unwrap_or(content);
        return Some(match read_plain(changed)? {
            Content::Text(text) => Content::Text(text.preceded_by("* ")),
            other @ (Content::Emote { .. }
            | Content::Nudge
            | Content::File(_)
            | Content::Image(_)
            | Content::Voice(_)
            | Content::Ink(_)
            | Content::Wink { .. }) => other,
        });
    }
    read_plain(content)
}

fn read_plain(content: &Value) -> Option<Content> {
    // A redacted event has no content left, and says nothing.
    let kind = content.get("msgtype")?.as_str()?;
    let body = || content.get("body").and_then(Value::as_str).map(str::to_owned);
    Some(match kind {
        "m.emote" if content.get(NUDGE) == Some(&Value::Bool(true)) => Content::Nudge,
        "m.emote" => Content::Emote { text: body()? },
        "m.image" => placeholder("image", content),
        "m.video" => placeholder("video", content),
        "m.audio" => placeholder("audio", content),
        "m.file" => placeholder("file", content),
        "m.location" => placeholder("location", content),
        // Texts, notices, and whatever else can be read as one.
        _ => Content::text(body()?),
    })
}

/// `[image: name.png]`, and the caption below it where the body is one.
fn placeholder(kind: &str, content: &Value) -> Content {
    let field = |name: &str| content.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    Content::text(match (field("filename"), field("body")) {
        (Some(file), Some(caption)) if file != caption => format!("[{kind}: {file}]\n{caption}"),
        (Some(name), _) | (None, Some(name)) => format!("[{kind}: {name}]"),
        (None, None) => format!("[{kind}]"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(content: &Value) -> Option<Content> {
        read("m.room.message", content)
    }

    #[test]
    fn what_is_written_is_read_back() {
        for content in [Content::text("a\n  <b> \u{1f600}\t"), Content::Emote { text: "waves".into() }, Content::Nudge]
        {
            let written = write(&content, "o1");
            assert_eq!(written[ORDER], "o1");
            assert_eq!(message(&written), Some(content));
        }
    }

    #[test]
    fn what_has_no_form_of_its_own_is_told() {
        let say = |content: Value| message(&content).unwrap();
        assert_eq!(say(json!({"msgtype": "m.image", "body": "cat.png"})), Content::text("[image: cat.png]"));
        let captioned = json!({"msgtype": "m.image", "body": "my cat", "filename": "cat.png"});
        assert_eq!(say(captioned), Content::text("[image: cat.png]\nmy cat"));
        assert_eq!(say(json!({"msgtype": "m.notice", "body": "beep"})), Content::text("beep"));
        assert_eq!(say(json!({"msgtype": "org.example.odd", "body": "odd"})), Content::text("odd"));
        assert_eq!(read("m.sticker", &json!({"body": "hello"})), Some(Content::text("[sticker: hello]")));
        assert!(read("m.room.encrypted", &json!({})).is_some());
    }

    #[test]
    fn what_says_nothing_is_nothing() {
        assert_eq!(message(&json!({})), None, "redacted");
        assert_eq!(message(&json!({"msgtype": "m.text"})), None);
        assert_eq!(message(&json!({"msgtype": 3, "body": []})), None);
        assert_eq!(read("m.reaction", &json!({"msgtype": "m.text", "body": "x"})), None);
    }

    #[test]
    fn an_edit_shows_the_new_text_once() {
        let edit = json!({
            "msgtype": "m.text", "body": " * fixed", "m.new_content": {"msgtype": "m.text", "body": "fixed"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$x"},
        });
        assert_eq!(message(&edit), Some(Content::text("* fixed")));
    }
}
