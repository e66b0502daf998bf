//! What they ask and answer in MSNSLP, and what they send without asking.

use std::time::{Duration, Instant};

use bytes::Bytes;
use msnp::message;
use msnp::mime::{self, Headers};
use msnp::object::MsnObject;
use msnp::p2p::file_context::FileContext;
use msnp::p2p::guid::Guid;
use msnp::p2p::session_body::{self, Purpose, SessionRequest};
use msnp::p2p::slp::{ContentType, Method, SlpMessage, Start, Status};
use msnp::p2p::transport_body::TransportRequest;

use super::call::{Call, PEOPLE_PATIENCE, Session, Work};
use super::intake::INK_SESSION;
use super::receiving::Receiving;
use super::serving::Serving;
use super::words::{Activity, Failure, Output, TransferId};
use super::{MOST_CALLS, Peer};

/// How long the shell may look for an object.
const SHELL_PATIENCE: Duration = Duration::from_secs(30);

/// The applications of the older kind of invitation (hypothetic.org).
const OLD_APPLICATIONS: [(Guid, Activity); 3] = [
    (Guid(0x02D3_C01F_BF30_4825_A83A_DE7A_F416_48AA), Activity::AudioVideo),
    (Guid(0xF1B1_920C_6A3C_4CE7_B18C_AFAB_305F_D03D), Activity::ApplicationSharing),
    (Guid(0x5D3E_02AB_6190_11D3_BBBB_00C0_4F79_5683), Activity::OldFileTransfer),
];

impl Peer {
    /// They sent a message that belongs to no call, or makes one.
    pub(super) fn message(&mut self, now: Instant, session: u32, content: &[u8], outputs: &mut Vec<Output>) {
        if session == INK_SESSION {
            outputs.extend(ink(content));
            return;
        }
        let Ok(text) = SlpMessage::parse(content) else { return };
        match &text.start {
            Start::Response(status) => self.responded(now, &text, *status, outputs),
            Start::Request(Method::Invite) => self.invited(now, text, outputs),
            // A BYE is acknowledged below, and has no response.
            Start::Request(Method::Bye) => {
                let place = self.place_of(&text.call);
                self.step_at(now, place, outputs, |call, step| call.ended(Failure::Cancelled, step));
            }
            // It is about a direct connection that there is not.
            Start::Request(Method::Ack) => {}
            Start::Request(Method::Other(_)) => self.refuse(now, &text, Status::INTERNAL_ERROR),
        }
    }

    /// They sent an invitation of the older kind.
    pub(super) fn invited_of_old(&mut self, fields: &Headers, outputs: &mut Vec<Output>) {
        let refusal = message::invitation_refusal(fields).filter(|_| !self.line.is_full());
        if let Some(refusal) = refusal {
            self.line.remark(refusal);
            let application = fields.get("Application-GUID").and_then(Guid::parse);
            let known = OLD_APPLICATIONS.into_iter().find(|(guid, _)| Some(*guid) == application);
            let activity = known.map_or(Activity::Other, |(_, activity)| activity);
            outputs.push(Output::InvitationDeclined { activity });
        }
    }

    fn responded(&mut self, now: Instant, response: &SlpMessage, status: Status, outputs: &mut Vec<Output>) {
        // Of what we ask, only sessions are answered.
        if response.content_type != ContentType::TransportResponse {
            let place = self.place_of(&response.call);
            self.step_at(now, place, outputs, |call, step| call.answered(status, step));
        }
    }

    fn invited(&mut self, now: Instant, invitation: SlpMessage, outputs: &mut Vec<Output>) {
        if !invitation.to.eq_ignore_ascii_case(self.line.we()) {
            return self.refuse(now, &invitation, Status::NOT_FOUND);
        }
        let is_known = self.place_of(&invitation.call).is_some();
        match (&invitation.content_type, is_known) {
            (ContentType::SessionRequest, false) => self.session_asked(now, invitation, outputs),
            // A call's INVITE once more, or the address of a listener that we shall not connect to.
            (ContentType::SessionRequest | ContentType::TransportResponse, true) => {}
            (ContentType::TransportRequest, true) => {
                let refusal = TransportRequest::from_fields(&invitation.fields).refusal();
                let response = invitation.response(Status::OK, ContentType::TransportResponse, refusal);
                self.line.say(now, &response);
            }
            (ContentType::TransportRequest | ContentType::TransportResponse, false) => {
                self.refuse(now, &invitation, Status::NO_SUCH_CALL);
            }
            (
                ContentType::SessionClose | ContentType::SessionFailure | ContentType::Null | ContentType::Other(_),
                true | false,
            ) => self.refuse(now, &invitation, Status::INTERNAL_ERROR),
        }
    }

    fn session_asked(&mut self, now: Instant, invitation: SlpMessage, outputs: &mut Vec<Output>) {
        let request = SessionRequest::from_fields(&invitation.fields).filter(|request| request.session != INK_SESSION);
        let Some(request) = request.filter(|_| !invitation.call.is_empty()) else {
            return self.refuse(now, &invitation, Status::INTERNAL_ERROR);
        };
        let activity = match request.purpose {
            Purpose::Object | Purpose::File => None,
            Purpose::SeeWebcam | Purpose::ShowWebcam => Some(Activity::Webcam),
            Purpose::Activity => Some(Activity::Game),
            Purpose::Wink => Some(Activity::Wink),
            Purpose::Photos => Some(Activity::Photos),
            Purpose::SharedFolder => Some(Activity::SharedFolder),
            Purpose::Other(_) => Some(Activity::Other),
        };
        if let Some(activity) = activity {
            outputs.push(Output::InvitationDeclined { activity });
            return self.decline(now, &invitation, request.session);
        }
        let is_taken = self.calls.iter().any(|call| call.session.number == request.session);
        if is_taken || self.calls.len() >= MOST_CALLS {
            return self.decline(now, &invitation, request.session);
        }
        if request.purpose == Purpose::Object {
            self.object_asked(now, invitation, &request, outputs);
        } else {
            self.file_offered(now, invitation, &request, outputs);
        }
    }

    fn object_asked(&mut self, now: Instant, text: SlpMessage, request: &SessionRequest, outputs: &mut Vec<Output>) {
        let Some(object) = MsnObject::from_context(&request.context) else {
            return self.refuse(now, &text, Status::INTERNAL_ERROR);
        };
        let transfer = self.begin_theirs(text, request, Work::Serving(Serving::Asked), now + SHELL_PATIENCE);
        outputs.push(Output::ObjectWanted { transfer, object });
    }

    fn file_offered(&mut self, now: Instant, text: SlpMessage, request: &SessionRequest, outputs: &mut Vec<Output>) {
        let Ok(FileContext { name, size, is_background, preview }) = FileContext::from_context(&request.context) else {
            return self.refuse(now, &text, Status::INTERNAL_ERROR);
        };
        if is_background {
            outputs.push(Output::InvitationDeclined { activity: Activity::Background });
            return self.decline(now, &text, request.session);
        }
        if size > self.limits.file {
            outputs.push(Output::FileTooLarge { name, size });
            return self.decline(now, &text, request.session);
        }
        let work = Work::Receiving(Receiving::new(size));
        let transfer = self.begin_theirs(text, request, work, now + PEOPLE_PATIENCE);
        outputs.push(Output::FileOffered { transfer, name, size, preview });
    }

    fn begin_theirs(
        &mut self,
        mut invitation: SlpMessage,
        request: &SessionRequest,
        work: Work,
        deadline: Instant,
    ) -> TransferId {
        // The context may be long, and is not needed any more.
        invitation.fields = Headers::new();
        let transfer = TransferId(self.next_of_theirs);
        self.next_of_theirs += 1;
        let session = Session { invitation, number: request.session, application: request.application };
        self.calls.push(Call { transfer, session, deadline, work });
        transfer
    }

    fn decline(&mut self, now: Instant, request: &SlpMessage, session: u32) {
        self.line.answer(now, request, Status::DECLINE, session);
    }

    /// Answers with an error: with the session's number where the request has one, as aMSN does, else without a body.
    fn refuse(&mut self, now: Instant, request: &SlpMessage, status: Status) {
        let response = match session_body::session(&request.fields) {
            Some(session) => request.response(status, ContentType::SessionRequest, session_body::answer(session)),
            None => request.response(status, ContentType::Null, Headers::new()),
        };
        self.line.say(now, &response);
    }

    fn place_of(&self, call: &str) -> Option<usize> {
        self.calls.iter().position(|other| other.session.invitation.call.eq_ignore_ascii_case(call))
    }
}

/// Ink without an invitation: in UTF-16LE, headers that end with a NUL, then `base64:` and base64 (aMSN, libpurple).
fn ink(content: &[u8]) -> Option<Output> {
    let units: Vec<u16> = content
        .chunks_exact(2)
        .map(|unit| unit.iter().rev().fold(0, |unit, byte| unit << 8 | u16::from(*byte)))
        .collect();
    let text = String::from_utf16_lossy(&units);
    let (headers, body) = text.split_once('\0')?;
    let (headers, _) = mime::parse(&Bytes::copy_from_slice(headers.as_bytes()))?;
    let data = message::ink_data(body.trim_end_matches('\0').as_bytes())?.into();
    Some(Output::InkReceived { content_type: headers.media_type(), data })
}
