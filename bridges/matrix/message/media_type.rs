//! What kind of file it is: by its bytes where they tell, else by the ending of its name.

use domain::media::Attachment;

/// The type of bytes that do not tell what they are.
const UNKNOWN: &str = "application/octet-stream";

/// The media type of a file of ours. An ending counts only for what is words and nothing else: a name must never make a page or
/// a program of a file.
pub(crate) fn of(attachment: &Attachment) -> &str {
    if attachment.media_type != UNKNOWN {
        return &attachment.media_type;
    }
    let ending = attachment.name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("txt" | "log" | "ini") => "text/plain",
        Some("csv") => "text/csv",
        Some("md") => "text/markdown",
        Some("json") => "application/json",
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use domain::media::{BlobId, Source};

    use super::*;

    #[test]
    fn an_ending_tells_what_bytes_do_not() {
        let kind = |name: &str, media_type: &str| {
            let source = Source::Blob(BlobId([0; 32]));
            let attachment =
                Attachment { name: name.into(), media_type: media_type.into(), size: 1, source, link: None };
            of(&attachment).to_owned()
        };
        assert_eq!(kind("notes.TXT", UNKNOWN), "text/plain");
        assert_eq!(kind("table.csv", UNKNOWN), "text/csv");
        assert_eq!(kind("notes.txt", "image/png"), "image/png", "the bytes say what it is");
        for name in ["page.html", "drawing.svg", "run.exe", "txt", ""] {
            assert_eq!(kind(name, UNKNOWN), UNKNOWN, "{name}");
        }
    }
}
