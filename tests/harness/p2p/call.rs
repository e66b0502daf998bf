//! Sessions: how they are asked for, answered and ended.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    Message, flags,
    slp::{CLOSE, SESSION, Slp, Start, TRANSPORT, TRANSPORT_ANSWER, new_guid},
};
use crate::Room;

/// What a session is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The data of an object: a picture, an emoticon, a wink, a voice clip.
    Object,
    /// A file.
    File,
    /// The inviter wants to see the other's camera.
    WebcamWanted,
    /// The inviter shows its camera.
    WebcamShown,
    /// A game, or another activity.
    Activity,
}

impl Kind {
    const fn guid(self) -> &'static str {
        match self {
            Self::Object => "A4268EEC-FEC5-49E5-95C3-F126696BDBF6",
            Self::File => "5D3E02AB-6190-11D3-BBBB-00C04F795683",
            Self::WebcamWanted => "1C9AA97E-9C05-4583-A3BD-908A196F1E92",
            Self::WebcamShown => "4BD96FC0-AB17-4425-A14A-439185962DC8",
            Self::Activity => "6A13AF9C-5308-4F35-923A-67E8DDA40C2F",
        }
    }

    /// What Messenger 7.5 calls it, and writes below the session's data.
    const fn application(self) -> u32 {
        match self {
            Self::Object => 1,
            Self::File => 2,
            Self::WebcamWanted | Self::WebcamShown => 4,
            Self::Activity => 0,
        }
    }
}

/// What somebody answers to an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 200.
    Accepted,
    /// Another number: 603 is no, 481 is no such session, 404 is nobody of that name, 500 is nonsense.
    Refused(u16),
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The other side.
    pub peer: String,
    pub(super) session: u32,
    pub(super) application: u32,
    /// What the invitation says of its subject.
    pub(super) context: Vec<u8>,
    branch: String,
    id: String,
}

/// How a direct connection is declined: a bridge is chosen, and nobody listens.
pub const DIRECT_REFUSED: [(&str, &str); 3] =
    [("Bridge", "TCPv1"), ("Listening", "false"), ("Nonce", "{00000000-0000-0000-0000-000000000000}")];

impl Room {
    /// Invites somebody, and waits until the invitation has been acknowledged; nothing of the answer may come before.
    pub async fn invite(&mut self, to: &str, kind: Kind, context: &[u8]) -> Call {
        let session = uuid::Uuid::new_v4().as_fields().0 % 2_000_000_000 + 100_000;
        let call = Call {
            peer: to.to_owned(),
            session,
            application: kind.application(),
            context: context.to_vec(),
            branch: new_guid(),
            id: new_guid(),
        };
        let fields = vec![
            ("EUF-GUID".to_owned(), format!("{{{}}}", kind.guid())),
            ("SessionID".to_owned(), session.to_string()),
            ("AppID".to_owned(), kind.application().to_string()),
            ("Context".to_owned(), STANDARD.encode(context)),
        ];
        let text = self.text_of(&call, Start::Invite, (0, SESSION), fields);
        self.ask_peer(&call, &text).await;
        call
    }

    /// Waits for an invitation to such a session, and acknowledges it.
    pub async fn invited(&mut self, by: &str, kind: Kind) -> Call {
        let guid = format!("{{{}}}", kind.guid());
        let waiting = format!("an invitation of {by} to {kind:?}");
        let wanted = |slp: &Slp| slp.start == Start::Invite && slp.field("EUF-GUID") == Some(&guid);
        let (message, slp) = self.slp(&waiting, by, wanted).await;
        assert_eq!((slp.content_type.as_str(), slp.sequence), (SESSION, 0), "{slp:?}");
        let application = slp.needed("AppID").parse().unwrap();
        assert_eq!(application, kind.application(), "what a client of this generation knows: {slp:?}");
        let session = slp.needed("SessionID").parse().unwrap();
        assert!(session != 0 && session != 64, "{slp:?}");
        let context = STANDARD.decode(slp.needed("Context")).expect("a context is base64");
        self.acknowledge(&message).await;
        Call { peer: by.to_owned(), session, application, context, branch: slp.branch, id: slp.call }
    }

    /// Accepts an invitation.
    pub async fn accept(&mut self, call: &Call) {
        self.answer_call(call, 200).await;
    }

    /// Declines an invitation.
    pub async fn decline(&mut self, call: &Call) {
        self.answer_call(call, 603).await;
    }

    /// Waits for the answer to an invitation of ours.
    pub async fn answered(&mut self, call: &Call) -> Answer {
        let slp = self.answer_from(call, &call.branch).await;
        let Start::Answer(code) = slp.start else { panic!("{slp:?}") };
        if code == 200 || code == 603 {
            assert_eq!(slp.content_type, SESSION, "{slp:?}");
            assert_eq!(slp.fields, [("SessionID".to_owned(), call.session.to_string())], "{slp:?}");
        }
        if code == 200 { Answer::Accepted } else { Answer::Refused(code) }
    }

    /// Offers to connect directly within a session, and gives what the answer says.
    pub async fn offer_direct(&mut self, call: &Call, fields: &[(&str, &str)]) -> Vec<(String, String)> {
        let offer = Call { branch: new_guid(), ..call.clone() };
        let text = self.text_of(&offer, Start::Invite, (0, TRANSPORT), owned(fields));
        self.ask_peer(&offer, &text).await;
        let slp = self.answer_from(&offer, &offer.branch).await;
        assert_eq!((slp.start, slp.content_type.as_str()), (Start::Answer(200), TRANSPORT_ANSWER), "{slp:?}");
        slp.fields
    }

    /// Waits for the offer to connect directly within a session, and declines it, with further fields for clients that insist on
    /// them; gives what the offer says.
    pub async fn decline_direct(&mut self, call: &Call, further: &[(&str, &str)]) -> Vec<(String, String)> {
        let wanted = |slp: &Slp| slp.start == Start::Invite && slp.call == call.id;
        let (message, slp) = self.slp("an offer to connect directly", &call.peer, wanted).await;
        assert_eq!(slp.content_type, TRANSPORT, "{slp:?}");
        self.acknowledge(&message).await;
        let answered = Call { branch: slp.branch.clone(), ..call.clone() };
        let fields = owned(&[&DIRECT_REFUSED, further].concat());
        let text = self.text_of(&answered, Start::Answer(200), (1, TRANSPORT_ANSWER), fields);
        self.ask_peer(&answered, &text).await;
        slp.fields
    }

    /// Ends a session, and waits until the other side knows.
    pub async fn end(&mut self, call: &Call) {
        let text = self.text_of(call, Start::Bye, (0, CLOSE), Vec::new());
        self.ask_peer(call, &text).await;
    }

    /// Waits until the other side has ended a session.
    pub async fn ended(&mut self, call: &Call) {
        let wanted = |slp: &Slp| slp.start == Start::Bye && slp.call == call.id;
        let (message, slp) = self.slp("the end of a session", &call.peer, wanted).await;
        assert_eq!((slp.content_type.as_str(), slp.sequence), (CLOSE, 0), "{slp:?}");
        self.acknowledge(&message).await;
    }

    async fn answer_call(&mut self, call: &Call, code: u16) {
        let fields = vec![("SessionID".to_owned(), call.session.to_string())];
        let text = self.text_of(call, Start::Answer(code), (1, SESSION), fields);
        self.ask_peer(call, &text).await;
    }

    /// Sends a text and waits until it is acknowledged. An answer to it may not be there yet: the acknowledgement goes first.
    async fn ask_peer(&mut self, call: &Call, text: &Slp) {
        let identifier = self.send_message(&call.peer, 0, (flags::PLAIN, 0), &text.to_bytes()).await;
        self.acknowledged(identifier).await;
        let early = self.exchange.whole.iter().find(|message| {
            let slp = text_in(message).filter(|slp| slp.branch == text.branch);
            slp.is_some_and(|slp| matches!(slp.start, Start::Answer(_)))
        });
        assert!(early.is_none(), "an answer before the acknowledgement of the question: {early:?}");
    }

    async fn answer_from(&mut self, call: &Call, branch: &str) -> Slp {
        let wanted = |slp: &Slp| matches!(slp.start, Start::Answer(_)) && slp.call == call.id;
        let (message, slp) = self.slp("an answer to an invitation", &call.peer, wanted).await;
        assert_eq!((slp.branch.as_str(), slp.sequence), (branch, 1), "{slp:?}");
        self.acknowledge(&message).await;
        slp
    }

    /// Waits for a text of somebody.
    async fn slp(&mut self, waiting_for: &str, from: &str, wanted: impl Fn(&Slp) -> bool) -> (Message, Slp) {
        let is_wanted = |message: &Message| message.from == from && text_in(message).is_some_and(|slp| wanted(&slp));
        let message = self.message(waiting_for, is_wanted).await;
        let slp = Slp::read(&message.data);
        assert_eq!((slp.from.as_str(), slp.to.as_str()), (from, self.account()), "{slp:?}");
        (message, slp)
    }

    fn text_of(
        &self,
        call: &Call,
        start: Start,
        (sequence, content_type): (u32, &str),
        fields: Vec<(String, String)>,
    ) -> Slp {
        Slp {
            start,
            to: call.peer.clone(),
            from: self.account().to_owned(),
            branch: call.branch.clone(),
            sequence,
            call: call.id.clone(),
            content_type: content_type.to_owned(),
            fields,
        }
    }
}

fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The text that a message is; `None` of data.
fn text_in(message: &Message) -> Option<Slp> {
    (message.packet.session == 0).then(|| Slp::read(&message.data))
}
