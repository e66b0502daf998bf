//! How things look: formatted texts, and people's pictures.

use std::sync::Arc;

use domain::{
    Content, PersonalMessage, Status,
    contact::RemoteTarget,
    content::{Span, Style, Text},
    presence::OwnPresence,
};

use super::{Stage, done, within};
use crate::{Action, Host, conformance::orders::order};

/// One black pixel, as a GIF.
pub(super) const DOT: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// One white pixel, as a GIF.
const OTHER_DOT: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

impl Stage<'_> {
    pub(super) async fn formatted_texts_go_both_ways(&self) {
        let text = formatted("f\u{fc}t and slanted", [("f\u{fc}t", Style::Bold), ("slanted", Style::Italic)]);
        let before = self.heard(0).await.len();
        let action =
            Action::Say { content: Content::Text(text.clone()), sent: self.host.now(), reply: None, heard: Vec::new() };
        done("deliver", self.link.deliver(&order("suite-formatted", &self.person, action))).await;
        let heard = self.heard(before + 1).await;
        assert_eq!(heard.get(before..), Some([Content::Text(text)].as_slice()), "a formatted text keeps its looks");

        let text = formatted("slanted & <fat>", [("slanted", Style::Italic), ("<fat>", Style::Bold)]);
        within("the network to be told that a formatted text was received", self.subject.say_formatted(&text)).await;
        let expected = Content::Text(text);
        let count = self.said().iter().filter(|content| **content == expected).count();
        assert_eq!(count, 1, "{expected:?} is accepted with its looks; said was {:?}", self.said().last());
    }

    pub(super) async fn pictures_go_both_ways(&self) {
        let whose = RemoteTarget::Person(self.person.user.clone());
        for picture in [Some(DOT), Some(OTHER_DOT), None] {
            within("the person to change their picture", self.subject.wear(picture)).await;
            self.host
                .wait_for(&format!("the person's picture: {picture:?}"), |_| {
                    (self.host.picture_of(&whose).as_deref() == picture).then_some(())
                })
                .await;
        }
        for picture in [Some(DOT), Some(OTHER_DOT), None] {
            let kept = picture.map(|bytes| Arc::new(self.host.keep("picture.gif", bytes.to_vec())));
            self.link.show(OwnPresence {
                status: Status::Online,
                name: "Carol".to_owned(),
                personal_message: PersonalMessage::default(),
                picture: kept,
            });
            within(
                &format!("the account to be seen with its picture: {picture:?}"),
                self.subject.sees_picture(picture),
            )
            .await;
        }
    }
}

/// A text of which these parts, in their order, look otherwise.
fn formatted<const COUNT: usize>(text: &str, parts: [(&str, Style); COUNT]) -> Text {
    let spans = parts.into_iter().filter_map(|(part, style)| {
        let start = text.find(part)?;
        Some(Span { range: start..start + part.len(), style })
    });
    Text { spans: spans.collect(), ..Text::plain(text) }
}
