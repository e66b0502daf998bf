//! Objects in both directions, where something is otherwise than in the examples.

use super::*;

fn theirs() -> MsnObject {
    MsnObject::describe(THEY, ObjectType::CUSTOM_EMOTICON, "e.png", &pattern(2000))
}

/// We have asked for the object of Carol's and she has accepted; the number of the session.
fn fetching(world: &mut World, object: &MsnObject) -> u32 {
    let outputs = world.take(Input::Fetch { transfer: OURS, description: object.to_xml() });
    let invitation = texts(&outputs).remove(0);
    world.acknowledge_all(outputs);
    let session = SessionRequest::from_fields(&invitation.fields).unwrap().session;
    let fields = msnp::p2p::session_body::answer(session);
    world.say(&invitation.response(Status::OK, ContentType::SessionRequest, fields));
    session
}

#[test]
fn newer_applications_are_echoed() {
    let mut world = World::new();
    let mut request = invitation(4711, Purpose::Object, "");
    request.fields = Headers::new()
        .with("EUF-GUID", "{A4268EEC-FEC5-49E5-95C3-F126696BDBF6}")
        .with("SessionID", "4711")
        .with("SChannelState", "0")
        .with("AppID", "12")
        .with("Context", picture().to_context().trim_end_matches('='));
    world.say(&request);
    let outputs = world.take(Input::Provide { transfer: THEIRS, data: pattern(5000) });
    let outputs = world.acknowledge_all(outputs);
    let of_session: Vec<Packet> =
        packets(&outputs).into_iter().filter(|packet| packet.header.session == 4711).collect();
    assert!(of_session.len() == 6 && of_session.iter().all(|packet| packet.application == 12));
    assert_eq!(data(&outputs, 4711), pattern(5000));
    // No BYE comes.
    assert_eq!(world.wait(Duration::from_secs(30)), []);
    assert!(world.peer.is_idle());
}

#[test]
fn an_object_that_is_not_there_is_declined() {
    let mut world = World::new();
    world.invite(4711, Purpose::Object, &picture().to_context());
    assert_eq!(statuses(&world.take(Input::Unavailable { transfer: THEIRS })), [603]);
    assert_eq!(world.take(Input::Provide { transfer: THEIRS, data: pattern(5000) }), []);
    // And so is one that takes too long to be found.
    world.invite(4712, Purpose::Object, &picture().to_context());
    assert_eq!(world.wait(Duration::from_secs(29)), []);
    assert_eq!(statuses(&world.wait(Duration::from_secs(1))), [603]);
    assert!(world.peer.is_idle());
}

#[test]
fn many_objects_go_side_by_side() {
    let mut world = World::new();
    let mut outputs = Vec::new();
    for number in 0..3 {
        let mut request = invitation(100 + number, Purpose::Object, &picture().to_context());
        request.call = format!("{{{number}}}");
        world.say(&request);
        let transfer = TransferId(THEIRS.0 + u64::from(number));
        outputs.extend(world.take(Input::Provide { transfer, data: pattern(5000) }));
    }
    let preparations: Vec<Output> = packets(&outputs).iter().flat_map(|text| world.acknowledge(text)).collect();
    let preparations = packets(&preparations);
    assert_eq!(preparations.len(), 3);
    // All that was said has left, and there is no credit for a while.
    world.take(Input::Ready { packets: 20 });
    world.take(Input::Lost);
    for preparation in &preparations {
        world.acknowledge(preparation);
    }
    let outputs = world.take(Input::Ready { packets: 7 });
    let order: Vec<(u32, u64)> =
        packets(&outputs).iter().map(|packet| (packet.header.session, packet.header.offset)).collect();
    assert_eq!(order, [(100, 0), (101, 0), (102, 0), (100, 1202), (101, 1202), (102, 1202), (100, 2404)]);
    let rest = world.take(Input::Ready { packets: 50 });
    for session in 100..103 {
        let all = [data(&outputs, session), data(&rest, session)].concat();
        assert_eq!(all, pattern(5000));
    }
}

#[test]
fn what_does_not_match_is_not_taken() {
    let mut wrong = World::new();
    let session = fetching(&mut wrong, &theirs());
    let outputs = wrong.message(session, Flags::OBJECT, 1, &[pattern(1999).as_ref(), b"?"].concat());
    assert_eq!(told(&outputs), [Output::Failed { transfer: OURS, why: Failure::Mismatch }]);
    assert!(says_bye(&outputs));

    let mut longer = World::new();
    let session = fetching(&mut longer, &theirs());
    let outputs = longer.message(session, Flags::OBJECT, 1, &pattern(2001));
    assert_eq!(told(&outputs), [Output::Failed { transfer: OURS, why: Failure::Mismatch }]);
    assert_eq!(acknowledgements(&outputs), 0);
}

#[test]
fn sizes_are_bounded_before_memory_is_taken() {
    let mut world = World::new();
    let mut object = theirs();
    object.size = (1 << 20) + 1;
    let outputs = world.take(Input::Fetch { transfer: OURS, description: object.to_xml() });
    assert_eq!(outputs, [Output::Failed { transfer: OURS, why: Failure::TooLarge }]);
    for description in ["", "0", &format!("<msnobj Creator=\"a\" Type=\"3\" SHA1D=\"{}\"/>", "x".repeat(40_000))] {
        let outputs = world.take(Input::Fetch { transfer: OURS, description: description.to_owned() });
        assert_eq!(outputs, [Output::Failed { transfer: OURS, why: Failure::NotAnObject }]);
    }
    // A description without a size does not open the door.
    object.size = 0;
    let session = fetching(&mut world, &object);
    let header = Header { session, identifier: 5, total: u64::MAX, flags: Flags::OBJECT, ..Header::default() };
    let outputs = world.hear(&Packet { header, data: pattern(1202), application: 1 });
    assert_eq!(told(&outputs), [Output::Failed { transfer: OURS, why: Failure::TooLarge }]);
}

#[test]
fn a_description_without_a_size_is_fetched() {
    let mut world = World::new();
    let description = format!("<msnobj Creator=\"{THEY}\" Type=\"2\" SHA1D=\"{}\"/>", theirs().data_hash);
    let session = fetching(&mut world, &MsnObject::parse(&description).unwrap());
    let outputs = world.message(session, Flags(0x0100_0020), 12, &pattern(2000));
    assert_eq!(told(&outputs), [Output::ObjectFetched { transfer: OURS, data: pattern(2000) }]);
}

#[test]
fn a_client_that_does_not_answer_is_given_up() {
    for is_acknowledged in [false, true] {
        let mut world = World::new();
        let outputs = world.take(Input::Fetch { transfer: OURS, description: theirs().to_xml() });
        if is_acknowledged {
            world.now += Duration::from_secs(5);
            world.acknowledge_all(outputs);
        }
        assert_eq!(world.wait(Duration::from_secs(9)), []);
        let outputs = world.wait(Duration::from_secs(1));
        assert_eq!(told(&outputs), [Output::Failed { transfer: OURS, why: Failure::TimedOut }]);
        assert!(says_bye(&outputs));
    }
    // The ten seconds begin when the INVITE leaves.
    let mut world = World::without_switchboard(Limits::default(), 1);
    world.take(Input::Fetch { transfer: OURS, description: theirs().to_xml() });
    assert_eq!(world.wait(Duration::from_secs(59)), []);
    assert_eq!(world.take(Input::Ready { packets: 8 }).len(), 1);
    assert_eq!(world.wait(Duration::from_secs(9)), []);
    assert_eq!(told(&world.wait(Duration::from_secs(1))).len(), 1);
    // A lost switchboard gives it as long as the first.
    let mut world = World::new();
    world.take(Input::Fetch { transfer: OURS, description: theirs().to_xml() });
    world.take(Input::Lost);
    assert_eq!(world.wait(Duration::from_secs(59)), []);
    assert_eq!(world.take(Input::Ready { packets: 8 }).len(), 1);
    // And without a switchboard it ends as well.
    let mut world = World::without_switchboard(Limits::default(), 1);
    world.take(Input::Fetch { transfer: OURS, description: theirs().to_xml() });
    let outputs = world.wait(Duration::from_mins(1));
    assert_eq!(outputs, [Output::Failed { transfer: OURS, why: Failure::TimedOut }]);
}

#[test]
fn answers_say_why_not() {
    for (status, why) in
        [(Status::DECLINE, Failure::Declined), (Status::INTERNAL_ERROR, Failure::Refused { status: 500 })]
    {
        let mut world = World::new();
        let outputs = world.take(Input::Fetch { transfer: OURS, description: theirs().to_xml() });
        let invitation = texts(&outputs).remove(0);
        world.acknowledge_all(outputs);
        let outputs = world.say(&invitation.response(status, ContentType::SessionRequest, Headers::new()));
        assert_eq!(acknowledgements(&outputs), 1);
        assert_eq!(told(&outputs), [Output::Failed { transfer: OURS, why }]);
        assert!(world.peer.is_idle());
    }
}

#[test]
fn a_fetch_can_end_early() {
    let mut world = World::new();
    let session = fetching(&mut world, &theirs());
    let bye = world.take(Input::Cancel { transfer: OURS });
    assert!(says_bye(&bye));
    assert_eq!(told(&bye), []);
    assert_eq!(world.message(session, Flags::OBJECT, 1, &pattern(2000)), [], "late data is not acknowledged");

    let session = fetching(&mut world, &theirs());
    let header = Header { session, flags: Flags::RECEIVER_FAILED, ..Header::default() };
    let outputs = world.hear(&Packet { header, ..Packet::default() });
    assert_eq!(outputs, [Output::Failed { transfer: OURS, why: Failure::Aborted }]);
}
