//! Alerts: the lines that a client shows for a moment at the edge of its screen (`NOT`).

use crate::xml;

/// The longest `BODY` element that the original service let through, in bytes (MSN Alerts, as kept by the yellows111 wiki).
const LONGEST_BODY: usize = 1024;

/// An alert of the server itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The account's number, as in the profile.
    pub member_id: u64,
    /// The account.
    pub passport: String,
    /// The page that a click opens.
    pub page: String,
    /// The line. What does not fit is cut.
    pub text: String,
}

impl Alert {
    /// The document.
    #[must_use]
    pub fn to_document(&self) -> String {
        let (high, low) = (self.member_id >> 32, self.member_id & 0xffff_ffff);
        let (passport, page) = (xml::escape(&self.passport), xml::escape(&self.page));
        format!(
            "<NOTIFICATION ver=\"1\" id=\"1\" siteid=\"1\" siteurl=\"{page}\"><TO pid=\"0x{low:08x}:0x{high:08x}\" \
             name=\"{passport}\"><VIA agent=\"messenger\"/></TO><MSG id=\"1\"><ACTION url=\"\"/><SUBSCR url=\"\"/>{}</MSG>\
             </NOTIFICATION>",
            self.body()
        )
    }

    fn body(&self) -> String {
        let body = |text: &str| format!("<BODY lang=\"1033\" icon=\"\"><TEXT>{}</TEXT></BODY>", xml::escape(text));
        let mut text = self.text.as_str();
        loop {
            let written = body(text);
            if written.len() <= LONGEST_BODY {
                return written;
            }
            // What escapes take away is not known before they are written.
            let excess = (written.len() - LONGEST_BODY).div_ceil(6);
            text = &text[..text.floor_char_boundary(text.len().saturating_sub(excess))];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn alert(text: &str) -> Alert {
        let (passport, page) = ("carol@example.com".to_owned(), "http://localhost/?a=1&b=2".to_owned());
        Alert { member_id: (1 << 32) + 2, passport, page, text: text.to_owned() }
    }

    #[test]
    fn an_alert_is_one_document() {
        assert_eq!(
            alert("Tea & cake").to_document(),
            "<NOTIFICATION ver=\"1\" id=\"1\" siteid=\"1\" siteurl=\"http://localhost/?a=1&amp;b=2\">\
             <TO pid=\"0x00000002:0x00000001\" name=\"carol@example.com\"><VIA agent=\"messenger\"/></TO>\
             <MSG id=\"1\"><ACTION url=\"\"/><SUBSCR url=\"\"/>\
             <BODY lang=\"1033\" icon=\"\"><TEXT>Tea &amp; cake</TEXT></BODY></MSG></NOTIFICATION>"
        );
    }

    proptest! {
        #[test]
        fn a_body_is_never_too_long(text in "[é&<a]{0,2000}") {
            prop_assert!(alert(&text).body().len() <= LONGEST_BODY);
        }
    }
}
