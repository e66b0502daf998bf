//! What a client says, as the conversation takes it.

use domain::{
    Content, Passport,
    conversation::{Saying, Wish},
};
use msnp::{
    message::Payload,
    switchboard::client::{Acknowledgement, Msg},
};

use super::{Phase, Request, Switchboard};
use crate::Action;

impl Switchboard {
    pub(super) fn said(&self, msg: &Msg, actions: &mut Vec<Action>) {
        let Phase::Seated(admission) = &self.phase else { return };
        let wish = match msg.acknowledgement {
            Acknowledgement::None => Wish::Nothing,
            Acknowledgement::NegativeOnly => Wish::Failure,
            Acknowledgement::PositiveOnly => Wish::Success,
            Acknowledgement::Always | Acknowledgement::Data => Wish::Either,
        };
        let saying = saying(msg, &admission.passport);
        actions.push(Action::Switchboard(Request::Say { tag: msg.transaction, wish, saying }));
    }
}

fn saying(msg: &Msg, author: &Passport) -> Saying {
    let payload = msg.payload.clone();
    let lasting = |content| Saying::Lasting { payload: payload.clone(), content };
    let passing = |to, matters| Saying::Passing { payload: payload.clone(), to, matters };
    match Payload::parse(&msg.payload) {
        Payload::Text { text, .. } => lasting(Some(Content::Text { text })),
        Payload::Nudge => lasting(Some(Content::Nudge)),
        Payload::Typing { user } if user.eq_ignore_ascii_case(author.as_str()) => Saying::Typing { payload },
        Payload::Ink { .. } | Payload::Datacast { .. } | Payload::Chunk { .. } => lasting(None),
        Payload::PeerToPeer { destination, .. } => match destination.parse() {
            Ok(destination) => passing(Some(destination), true),
            Err(_) => passing(None, true),
        },
        // Nobody misses these: what a picture is called is worth nothing without the text that follows.
        Payload::Emoticons { .. }
        | Payload::ClientCapabilities
        | Payload::KeepAlive
        | Payload::Typing { .. }
        | Payload::Recording { .. } => passing(None, false),
        Payload::Invitation { .. } | Payload::Other { .. } => passing(None, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(payload: &'static str) -> Saying {
        let msg = Msg { transaction: 1, acknowledgement: Acknowledgement::None, payload: payload.into() };
        saying(&msg, &"carol@example.com".parse().unwrap())
    }

    #[test]
    fn text_lasts_and_is_understood() {
        let text = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nhi\r\nthere";
        assert_eq!(said(text), Saying::Lasting { payload: text.into(), content: Some(Content::text("hi\nthere")) });
    }

    #[test]
    fn only_the_authors_own_typing_counts() {
        let own =
            "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: Carol@Example.com\r\n\r\n\r\n";
        assert_eq!(said(own), Saying::Typing { payload: own.into() });
        let other = "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: x@example.com\r\n\r\n\r\n";
        assert_eq!(said(other), Saying::Passing { payload: other.into(), to: None, matters: false });
    }

    #[test]
    fn what_is_not_understood_is_passed_on_untouched() {
        let odd = "MIME-Version: 1.0\r\nContent-Type: application/x-odd\r\n\r\n\0\u{1}";
        assert_eq!(said(odd), Saying::Passing { payload: odd.into(), to: None, matters: true });
    }
}
