//! The document of `UUX` and `UBX`: the personal message and what is playing.

use crate::xml;

/// What a contact says under their name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonalMessage {
    /// The text, unescaped.
    pub text: String,
    /// What is playing, unescaped: fields with the two characters `\0` between; empty when nothing is.
    pub current_media: String,
}

impl PersonalMessage {
    /// Reads a document. It needs no root element, further elements do not matter, and a missing one counts as empty.
    #[must_use]
    pub fn parse(document: &[u8]) -> PersonalMessage {
        let document = String::from_utf8_lossy(document);
        PersonalMessage {
            text: element(&document, "<PSM>", "</PSM>"),
            current_media: element(&document, "<CurrentMedia>", "</CurrentMedia>"),
        }
    }

    /// The document: 53 bytes when nothing is said and nothing plays.
    #[must_use]
    pub fn to_document(&self) -> Vec<u8> {
        let (text, media) = (xml::escape(&self.text), xml::escape(&self.current_media));
        format!("<Data><PSM>{text}</PSM><CurrentMedia>{media}</CurrentMedia></Data>").into_bytes()
    }
}

/// What stands between the two tags. An element closed in its own tag has no such start, and so counts as empty.
fn element(document: &str, start: &str, end: &str) -> String {
    let content = document.split_once(start).and_then(|(_, rest)| rest.split_once(end));
    content.map(|(content, _)| xml::unescape(content).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_said_is_53_bytes() {
        let document = PersonalMessage::default().to_document();
        assert_eq!(document, b"<Data><PSM></PSM><CurrentMedia></CurrentMedia></Data>");
        assert_eq!(document.len(), 53);
    }

    #[test]
    fn the_documents_of_real_clients() {
        let text = |document: &str| PersonalMessage::parse(document.as_bytes()).text;
        assert_eq!(text("<Data><PSM>hello &amp; &lt;psm&gt; é</PSM><CurrentMedia/></Data>"), "hello & <psm> é");
        let amsn = "<Data><PSM>amsn psm</PSM><CurrentMedia></CurrentMedia>\
                    <MachineGuid>{175c5a82-2316-f4e2-3157-aa71e6695ef2}</MachineGuid></Data>";
        assert_eq!(text(amsn), "amsn psm");
        assert_eq!(text("<PSM>no root</PSM><CurrentMedia></CurrentMedia>"), "no root");
        assert_eq!(text("<Data><PSM/><CurrentMedia/></Data>"), "");
        assert_eq!(text("<Data><PSM>never ended"), "");
    }

    #[test]
    fn a_song_comes_back() {
        let song = PersonalMessage {
            text: String::new(),
            current_media: r"\0Music\01\0{0} - {1}\0Song & Dance\0Artist\0Album\0{wmid}\0".to_owned(),
        };
        assert_eq!(PersonalMessage::parse(&song.to_document()), song);
    }

    proptest! {
        #[test]
        fn what_is_said_comes_back(text in "[^\\x00-\\x1f\u{fffe}\u{ffff}]*", media in "[^\\x00-\\x1f\u{fffe}\u{ffff}]*") {
            let said = PersonalMessage { text, current_media: media };
            prop_assert_eq!(PersonalMessage::parse(&said.to_document()), said);
        }

        #[test]
        fn anything_can_be_parsed(document in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = PersonalMessage::parse(&document);
        }
    }
}
