//! Pictures, clips and files that people send.

use domain::content::Text;
use ruma::OwnedMxcUri;
use serde_json::Value;

use super::{Body, FileKey, MediaKind, RemoteMedia, fields, file_name, wording::Wording};

/// Something that was sent with a file, in the words of its sender's client.
struct Enclosed<'event> {
    uri: Option<OwnedMxcUri>,
    lock: Lock,
    name: &'event str,
    media_type: Option<&'event str>,
    size: Option<u64>,
    /// Whether the words of the message are a caption: else they name the file, or describe it to clients that know none.
    is_captioned: bool,
}

/// How a file stands on its homeserver.
enum Lock {
    /// Everybody who has it can read it.
    None,
    /// Encrypted, and this is its key.
    Key(FileKey),
    /// Encrypted in a way that is not known.
    Odd,
}

impl Lock {
    /// Reads what stands beside the file's address.
    fn of(file: &Value) -> Self {
        FileKey::read(file).map_or(Self::Odd, Self::Key)
    }
}

/// A message with a file, and its words.
pub(super) fn read(kind: MediaKind, content: &Value, wording: Option<Wording>) -> Body {
    let locked = content.get("file").filter(|file| file.is_object());
    // A file of an extensible event (MSC3551) has what others have beside each other within one block.
    let enclosed = match fields::field(content, &["m.file", "org.matrix.msc1767.file"]) {
        Some(block) if content.get("url").or_else(|| content.get("file")).is_none() => Enclosed {
            uri: fields::mxc(block, "url"),
            lock: if block.get("key").is_some() { Lock::of(block) } else { Lock::None },
            name: fields::text(block, "name").unwrap_or_default(),
            media_type: fields::text(block, "mimetype"),
            size: block.get("size").and_then(Value::as_u64),
            is_captioned: false,
        },
        Some(_) | None => Enclosed {
            uri: fields::mxc(locked.unwrap_or(content), "url"),
            lock: locked.map_or(Lock::None, Lock::of),
            name: fields::text(content, "filename").or_else(|| fields::text(content, "body")).unwrap_or_default(),
            media_type: content.get("info").and_then(|info| fields::text(info, "mimetype")),
            size: content.get("info").and_then(|info| info.get("size")).and_then(Value::as_u64),
            is_captioned: fields::text(content, "filename")
                .is_some_and(|name| fields::text(content, "body") != Some(name)),
        },
    };
    let caption = wording.map(|wording| wording.text).filter(|_| enclosed.is_captioned);
    let name = file_name::safe(enclosed.name, kind, enclosed.media_type);
    let (kept, why) = match (enclosed.uri, enclosed.lock) {
        (Some(uri), Lock::None) => (Some((uri, None)), ""),
        (Some(uri), Lock::Key(key)) => (Some((uri, Some(Box::new(key)))), ""),
        (Some(_), Lock::Odd) => (None, "encrypted in a way that Chrysalis does not know"),
        (None, _) => (None, "which came without an address to fetch it from"),
    };
    if let Some((uri, key)) = kept {
        return Body::Media { kind, media: RemoteMedia { uri, name, size: enclosed.size, key }, caption };
    }
    let line = format!("[{}: {name}, {why}]", noun(kind));
    let text = match caption {
        Some(caption) => caption.preceded_by(&format!("{line}\n")),
        None => Text::plain(line),
    };
    Body::Text { text, emoticons: Vec::new() }
}

const fn noun(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image",
        MediaKind::Sticker => "sticker",
        MediaKind::Voice => "voice message",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
        MediaKind::File => "file",
    }
}

/// As what an `m.audio` was sent: spoken for this message, or not (MSC3245).
pub(super) fn audio(content: &Value) -> MediaKind {
    let marks = ["m.voice", "org.matrix.msc3245.voice", "org.matrix.msc3245.voice.v2", "org.matrix.msc2516.voice"];
    if fields::field(content, &marks).is_some() { MediaKind::Voice } else { MediaKind::Audio }
}
