//! Names of files that are safe to be saved under on Windows.

use super::MediaKind;

/// The longest name, in characters.
const LONGEST: usize = 100;
/// What an extension may have, in characters.
const LONGEST_EXTENSION: usize = 8;

/// Names that Windows keeps for devices, with any extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// A safe name: without a path and without characters that Windows does not take, never empty, and with an extension that
/// fits where it has none and one is known.
pub(super) fn safe(name: &str, kind: MediaKind, media_type: Option<&str>) -> String {
    let is_unsafe = |letter: char| {
        // Marks of direction can make `gpj.exe` look like `exe.jpg`.
        letter.is_control()
            || "<>:\"|?*".contains(letter)
            || matches!(letter, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|letter| !is_unsafe(*letter)).collect();
    let name = name.trim_matches(is_edge);
    let name = if name.is_empty() { default_name(kind) } else { name };
    let (stem, extension) = match name.rsplit_once('.').filter(|(stem, extension)| is_extension(stem, extension)) {
        Some((stem, extension)) => (stem, Some(extension)),
        None => (name, extension_of(kind, media_type)),
    };
    let room = LONGEST - extension.map_or(0, |extension| extension.len() + 1);
    let mut safe: String = stem.chars().take(room).collect();
    safe.truncate(safe.trim_end_matches(is_edge).len());
    if is_device(&safe) {
        safe.insert(0, '_');
    }
    if let Some(extension) = extension {
        safe.push('.');
        safe.push_str(extension);
    }
    safe
}

/// What Windows drops at the end of a name, and hides a file for at its beginning elsewhere.
fn is_edge(letter: char) -> bool {
    letter == '.' || letter.is_whitespace()
}

fn is_extension(stem: &str, extension: &str) -> bool {
    !stem.trim().is_empty()
        && (1..=LONGEST_EXTENSION).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_device(stem: &str) -> bool {
    let first = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let bare = first.trim_end_matches(|letter: char| letter.is_ascii_digit());
    DEVICES.contains(&bare) && if matches!(bare, "com" | "lpt") { first.len() == 4 } else { first.len() == 3 }
}

const fn default_name(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image",
        MediaKind::Sticker => "sticker",
        MediaKind::Voice => "voice message",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
        MediaKind::File => "file",
    }
}

/// What files of this type are mostly called; of a file of no known type, nothing is said.
fn extension_of(kind: MediaKind, media_type: Option<&str>) -> Option<&'static str> {
    let media_type = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let known = match media_type.as_str() {
        "image/png" | "image/apng" => "png",
        "image/jpeg" | "image/jpg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/bmp" => "bmp",
        "image/svg+xml" => "svg",
        "image/avif" => "avif",
        "image/heic" | "image/heif" => "heic",
        "image/tiff" => "tif",
        "audio/ogg" | "audio/opus" => "ogg",
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/mp4" | "audio/m4a" | "audio/x-m4a" | "audio/aac" => "m4a",
        "audio/wav" | "audio/x-wav" | "audio/wave" => "wav",
        "audio/webm" | "video/webm" => "webm",
        "audio/flac" => "flac",
        "video/mp4" => "mp4",
        "video/quicktime" => "mov",
        "video/x-matroska" => "mkv",
        "video/x-msvideo" => "avi",
        "text/plain" => "txt",
        "text/html" => "html",
        "text/csv" => "csv",
        "text/markdown" => "md",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        "application/json" => "json",
        "application/rtf" => "rtf",
        _ => return default_extension(kind),
    };
    Some(known)
}

const fn default_extension(kind: MediaKind) -> Option<&'static str> {
    match kind {
        MediaKind::Image | MediaKind::Sticker => Some("png"),
        MediaKind::Voice => Some("ogg"),
        MediaKind::Audio => Some("mp3"),
        MediaKind::Video => Some("mp4"),
        MediaKind::File => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_kept_where_it_is_safe() {
        let image = |name: &str| safe(name, MediaKind::Image, Some("image/jpeg"));
        assert_eq!(image("my cat.png"), "my cat.png");
        assert_eq!(image("Müller.JPEG"), "Müller.JPEG");
        assert_eq!(image("../../etc/cat.gif"), "cat.gif");
        assert_eq!(image("C:\\x\\cat.gif"), "cat.gif");
        assert_eq!(image("a<b>:c?.png"), "abc.png");
        assert_eq!(image("nul.png"), "_nul.png");
        assert_eq!(image("com1"), "_com1.jpg");
        assert_eq!(image("company.png"), "company.png");
        assert_eq!(image("photo\u{202e}gpj.exe"), "photogpj.exe");
    }

    #[test]
    fn an_extension_comes_from_the_type() {
        assert_eq!(safe("a cat. A big one", MediaKind::Sticker, Some("image/webp")), "a cat. A big one.webp");
        assert_eq!(safe("", MediaKind::Image, None), "image.png");
        assert_eq!(safe("...", MediaKind::Voice, Some("audio/ogg; codecs=opus")), "voice message.ogg");
        assert_eq!(safe("Makefile", MediaKind::File, None), "Makefile");
        assert_eq!(safe("notes", MediaKind::File, Some("text/plain")), "notes.txt");
        let long = safe(&format!("{}.png", "é".repeat(300)), MediaKind::Image, None);
        assert_eq!(long.chars().count(), LONGEST);
        assert_eq!(long.rsplit_once('.').unwrap().1, "png");
    }

    proptest! {
        #[test]
        fn any_name_becomes_a_safe_one(name in any::<String>(), media_type in any::<Option<String>>()) {
            let safe = safe(&name, MediaKind::File, media_type.as_deref());
            prop_assert!(!safe.is_empty() && safe.chars().count() <= LONGEST + 1, "{safe}");
            prop_assert!(!safe.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']));
            prop_assert!(!safe.contains(char::is_control) && !safe.ends_with(['.', ' ']) && !safe.starts_with('.'));
        }
    }
}
