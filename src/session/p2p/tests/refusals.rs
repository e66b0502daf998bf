//! What we do not do, and what makes no sense.

use super::*;

#[test]
fn a_webcam_is_declined_at_once() {
    for (purpose, activity) in [
        (Purpose::SeeWebcam, Activity::Webcam),
        (Purpose::ShowWebcam, Activity::Webcam),
        (Purpose::Activity, Activity::Game),
        (Purpose::SharedFolder, Activity::SharedFolder),
        (Purpose::Photos, Activity::Photos),
        (Purpose::Wink, Activity::Wink),
        (Purpose::Other(msnp::p2p::guid::Guid(9)), Activity::Other),
    ] {
        let mut world = World::new();
        let outputs = world.invite(4711, purpose, "");
        assert_eq!((acknowledgements(&outputs), statuses(&outputs)), (1, vec![603]), "{purpose:?}");
        assert_eq!(told(&outputs), [Output::InvitationDeclined { activity }]);
        assert_eq!(packets(&outputs)[0].header.flags, Flags::ACKNOWLEDGEMENT, "the acknowledgement comes first");
        assert!(world.peer.is_idle());
    }
}

#[test]
fn an_old_invitation_is_cancelled() {
    let mut world = World::new();
    let fields = Headers::new()
        .with("Application-GUID", "{02D3C01F-BF30-4825-A83A-DE7AF41648AA}")
        .with("Invitation-Command", "INVITE")
        .with("Invitation-Cookie", "126868552");
    let outputs = world.take(Input::Invitation(&fields));
    assert_eq!(told(&outputs), [Output::InvitationDeclined { activity: Activity::AudioVideo }]);
    let [refusal] = sent(&outputs).try_into().unwrap();
    let Payload::Invitation { fields } = Payload::parse(&refusal) else { panic!("{refusal:?}") };
    assert_eq!(fields.get("Cancel-Code"), Some("REJECT_NOT_INSTALLED"));
    assert_eq!(fields.get("Invitation-Cookie"), Some("126868552"));
    assert_eq!(world.take(Input::Invitation(&fields)), []);
}

#[test]
fn a_request_to_somebody_else_is_not_found() {
    let mut world = World::new();
    let mut request = invitation(4711, Purpose::Object, &picture().to_context());
    request.to = "eve@example.net".to_owned();
    assert_eq!(statuses(&world.say(&request)), [404]);
    request.to = WE.to_uppercase();
    assert_eq!(statuses(&world.say(&request)), [0; 0]);
    assert!(!world.peer.is_idle());
}

#[test]
fn a_request_without_sense_is_an_error() {
    let mut world = World::new();
    for (purpose, context) in
        [(Purpose::Object, ""), (Purpose::Object, "*"), (Purpose::File, "PgI="), (Purpose::File, "")]
    {
        let outputs = world.invite(4711, purpose, context);
        assert_eq!((acknowledgements(&outputs), statuses(&outputs)), (1, vec![500]), "{purpose:?} {context}");
    }
    for session in [0, 64] {
        assert_eq!(statuses(&world.invite(session, Purpose::Object, &picture().to_context())), [500]);
    }
    let mut bare = invitation(4711, Purpose::Object, "");
    bare.fields = Headers::new();
    let outputs = world.say(&bare);
    assert_eq!(texts(&outputs)[0].content_type, ContentType::Null);
    bare.start = Start::Request(Method::Other("OPTIONS".to_owned()));
    assert_eq!(statuses(&world.say(&bare)), [500]);
    // Something that is no MSNSLP at all is acknowledged like everything, and nothing else.
    let outputs = world.message(0, Flags::NONE, 0, b"hello");
    assert_eq!((acknowledgements(&outputs), outputs.len()), (1, 1));
    assert!(world.peer.is_idle());
}

#[test]
fn an_unknown_call_is_not_known() {
    let mut world = World::new();
    let mut offer = SlpMessage::request(Method::Invite, WE, THEY, BRANCH, CALL, ContentType::TransportRequest);
    offer.fields = Headers::new().with("Bridges", "TCPv1");
    let outputs = world.say(&offer);
    assert_eq!((acknowledgements(&outputs), statuses(&outputs)), (1, vec![481]));
    // These have no response.
    for outputs in [
        world.hang_up(CALL),
        world.say(&offer.response(Status::OK, ContentType::SessionRequest, Headers::new())),
        world.say(&SlpMessage::request(Method::Ack, WE, THEY, BRANCH, CALL, ContentType::Other("x/y".to_owned()))),
    ] {
        assert_eq!((acknowledgements(&outputs), outputs.len()), (1, 1));
    }
}

#[test]
fn direct_connections_are_refused_in_every_call() {
    let mut world = World::new();
    world.invite(4711, Purpose::Object, &picture().to_context());
    let mut offer = SlpMessage::request(Method::Invite, WE, THEY, "{2}", CALL, ContentType::TransportRequest);
    offer.fields = Headers::new().with("Bridges", "TRUDPv1 TCPv1").with("Hashed-Nonce", "{5}");
    let outputs = world.say(&offer);
    let response = texts(&outputs).remove(0);
    assert_eq!((statuses(&outputs), response.branch.as_str()), (vec![200], "{2}"));
    assert_eq!(response.content_type, ContentType::TransportResponse);
    assert_eq!(response.fields.get("Listening"), Some("false"));
    assert_eq!(response.fields.get("Hashed-Nonce"), Some("{00000000-0000-0000-0000-000000000000}"));
    // Then they offer their own listener: acknowledged, and not connected to.
    offer.content_type = ContentType::TransportResponse;
    let outputs = world.say(&offer);
    assert_eq!((acknowledgements(&outputs), outputs.len()), (1, 1));
    assert!(!world.peer.is_idle());
}

#[test]
fn ink_needs_no_invitation() {
    let mut world = World::new();
    let text = format!("Content-Type: image/gif\r\n\0base64:{}\0", "R0lGODlh".repeat(400));
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let outputs = world.message(64, Flags::NONE, 3, &units);
    let expected = Output::InkReceived { content_type: "image/gif".to_owned(), data: b"GIF89a".repeat(400).into() };
    assert_eq!((acknowledgements(&outputs), told(&outputs)), (1, vec![expected]));
    assert_eq!(told(&world.message(64, Flags::NONE, 3, b"odd")), []);
    // The same message again, as after a lost switchboard, is acknowledged again and not told again.
    world.identifier -= 2;
    let outputs = world.message(64, Flags::NONE, 3, &units);
    assert_eq!((acknowledgements(&outputs), outputs.len()), (1, 1));
    assert!(world.peer.is_idle());
}

#[test]
fn there_are_at_most_32_calls() {
    let mut world = World::new();
    let mut request = invitation(0, Purpose::Object, &picture().to_context());
    for number in 1..=33 {
        request.call = format!("{{{number}}}");
        request.fields = SessionRequest {
            purpose: Purpose::Object,
            session: 100 + number,
            application: 1,
            context: picture().to_context(),
        }
        .to_fields();
        let outputs = world.say(&request);
        assert_eq!(statuses(&outputs), if number == 33 { vec![603] } else { vec![] });
    }
    let outputs = world.take(Input::Fetch { transfer: OURS, description: picture().to_xml() });
    assert_eq!(outputs, [Output::Failed { transfer: OURS, why: Failure::TooMany }]);
}

#[test]
fn a_session_cannot_be_asked_for_twice() {
    let mut world = World::new();
    world.invite(4711, Purpose::Object, &picture().to_context());
    // The same INVITE again, as after a lost switchboard.
    let outputs = world.invite(4711, Purpose::Object, &picture().to_context());
    assert_eq!((acknowledgements(&outputs), outputs.len()), (1, 1));
    let mut other = invitation(4711, Purpose::Object, &picture().to_context());
    other.call = "{OTHER}".to_owned();
    assert_eq!(statuses(&world.say(&other)), [603]);
}

#[test]
fn long_texts_are_bounded() {
    let mut world = World::new();
    let outputs = world.message(0, Flags::NONE, 0, &vec![b'a'; (64 << 10) + 1]);
    assert_eq!(outputs, []);
    // Twenty texts that never end, of which sixteen are held; the first of them is gone.
    let mut starts = Vec::new();
    for number in 0..20 {
        let header = Header { identifier: 900 + number, total: 40, acknowledgement: 1, ..Header::default() };
        starts.push(Packet { header, data: Bytes::from_static(&[b'x'; 20]), application: 0 });
        world.hear(starts.last().unwrap());
    }
    let mut rest = |number: usize| {
        let mut rest = starts[number].clone();
        rest.header.offset = 20;
        world.hear(&rest).len()
    };
    assert_eq!((rest(0), rest(4), rest(19)), (0, 1, 1));
}
