//! Files in both directions, where something is otherwise than in the examples.

use super::*;

const SESSION: u32 = 4711;

/// Carol offers a file, and we want it.
fn receiving(size: u64) -> World {
    let mut world = World::new();
    world.invite(SESSION, Purpose::File, &file_context(size));
    let outputs = world.take(Input::AcceptFile { transfer: THEIRS });
    world.acknowledge_all(outputs);
    world
}

/// We offer a file, and Carol takes it; the call, the session, and what was told.
fn sending(world: &mut World, size: u64) -> (String, u32, Vec<Output>) {
    let offer = Input::OfferFile { transfer: OURS, name: "a.bin".to_owned(), size, preview: Bytes::new() };
    let outputs = world.take(offer);
    let invitation = texts(&outputs).remove(0);
    world.acknowledge_all(outputs);
    let session = SessionRequest::from_fields(&invitation.fields).unwrap().session;
    let fields = msnp::p2p::session_body::answer(session);
    let outputs = world.say(&invitation.response(Status::OK, ContentType::SessionRequest, fields));
    (invitation.call, session, outputs)
}

#[test]
fn an_empty_file_is_complete_at_once() {
    let mut world = World::new();
    world.invite(SESSION, Purpose::File, &file_context(0));
    let outputs = world.take(Input::AcceptFile { transfer: THEIRS });
    assert_eq!(told(&outputs), [Output::FileReceived { transfer: THEIRS }]);
    assert_eq!(statuses(&outputs), [200]);
    assert_eq!(world.hang_up(CALL).len(), 1);
    assert!(world.peer.is_idle());

    let (call, _, outputs) = sending(&mut world, 0);
    let expected = [Output::FileAccepted { transfer: OURS }, Output::FileSent { transfer: OURS }];
    assert_eq!(told(&outputs), expected);
    let outputs = world.wait(Duration::from_millis(300));
    assert_eq!((says_bye(&outputs), &texts(&outputs)[0].call), (true, &call));
}

#[test]
fn a_preparation_is_tolerated() {
    let mut world = receiving(4);
    let outputs = world.message(SESSION, Flags::NONE, 2, &[0; 4]);
    assert_eq!((acknowledgements(&outputs), outputs.len()), (1, 1));
    let outputs = world.message(SESSION, Flags::FILE_DATA, 2, &[0; 4]);
    let expected = [
        Output::FileData { transfer: THEIRS, data: Bytes::from_static(&[0; 4]) },
        Output::FileReceived { transfer: THEIRS },
    ];
    assert_eq!(told(&outputs), expected);
}

#[test]
fn a_missing_piece_is_asked_for() {
    let mut world = receiving(5000);
    let file = pattern(5000);
    let piece = |number: usize| {
        let offset = number * LONGEST_DATA;
        let header = Header {
            session: SESSION,
            identifier: 77,
            offset: offset as u64,
            total: 5000,
            flags: Flags::FILE_DATA,
            acknowledgement: 100 + number as u32,
            ..Header::default()
        };
        Packet { header, data: file.slice(offset..file.len().min(offset + LONGEST_DATA)), application: 2 }
    };
    let mut outputs = world.hear(&piece(0));
    let asked = world.hear(&piece(2));
    let [request] = packets(&asked).try_into().unwrap();
    let request: Packet = request;
    assert_eq!((request.header.flags, request.header.acknowledgement), (Flags::OUT_OF_ORDER, 77));
    assert_eq!((request.header.session, request.header.acknowledged_size), (SESSION, 1202));
    assert_eq!(world.hear(&piece(3)), [], "asked once");
    // What comes again fails again, and is asked for again.
    assert_eq!(packets(&world.hear(&piece(2))).len(), 1);
    for number in [0, 1, 1, 2, 3, 4] {
        outputs.extend(world.hear(&piece(number)));
    }
    let received: Vec<u8> = outputs
        .iter()
        .flat_map(|output| if let Output::FileData { data, .. } = output { data.to_vec() } else { Vec::new() })
        .collect();
    assert_eq!(received, file);
    assert_eq!(acknowledgements(&outputs), 1);
    // The last once more, as if our acknowledgement had been lost.
    assert_eq!(acknowledgements(&world.hear(&piece(4))), 1);
    // No BYE comes.
    assert_eq!(world.wait(Duration::from_secs(30)), []);
    assert!(world.peer.is_idle());
    assert_eq!(world.hear(&piece(4)), []);
}

#[test]
fn a_file_is_fed_piece_by_piece() {
    let mut world = World::new();
    let file = pattern(200_000);
    let (_, session, outputs) = sending(&mut world, 200_000);
    let mut all = outputs.clone();
    let mut wants = told(&outputs);
    let mut fed = 0;
    while let Some(want) = wants.pop() {
        let Output::Want { offset, length, .. } = want else { continue };
        assert!(length <= 40_000 && offset as usize == fed);
        let data = file.slice(fed..fed + length);
        fed += length;
        let outputs = world.take(Input::Feed { transfer: OURS, offset, data });
        wants.extend(told(&outputs));
        all.extend(outputs);
    }
    assert_eq!(data(&all, session), file);
}

#[test]
fn a_resumption_keeps_the_identifier() {
    let mut world = World::new();
    let (_, session, _) = sending(&mut world, 3000);
    let outputs = world.take(Input::Feed { transfer: OURS, offset: 0, data: pattern(3000) });
    let first = packets(&outputs).remove(0);
    let outputs = world.hear(&first.resumed(9, 2404));
    assert_eq!(outputs, [Output::Want { transfer: OURS, offset: 2404, length: 596 }]);
    // An answer to an earlier question is not it.
    assert_eq!(world.take(Input::Feed { transfer: OURS, offset: 0, data: pattern(3000) }), []);
    let outputs = world.take(Input::Feed { transfer: OURS, offset: 2404, data: pattern(3000).slice(2404..) });
    let [last] = packets(&outputs).try_into().unwrap();
    let last: Packet = last;
    assert_eq!((last.header.identifier, last.header.offset), (first.header.identifier, 2404));
    assert_eq!(data(&outputs, session).len(), 596);
    assert_eq!(world.acknowledge(&last), [Output::FileSent { transfer: OURS }]);
}

#[test]
fn offers_are_answered_or_not() {
    let offer =
        || Input::OfferFile { transfer: OURS, name: "a.bin".to_owned(), size: 9, preview: Bytes::from_static(b"PNG") };
    let mut world = World::new();
    let outputs = world.take(offer());
    let invitation = texts(&outputs).remove(0);
    let context = SessionRequest::from_fields(&invitation.fields).unwrap().context;
    assert_eq!(FileContext::from_context(&context).unwrap().preview, b"PNG".as_slice());
    assert_eq!(world.take(offer()), [Output::Failed { transfer: OURS, why: Failure::TooMany }], "in use");
    world.acknowledge_all(outputs);
    let outputs = world.say(&invitation.response(Status::DECLINE, ContentType::SessionRequest, Headers::new()));
    assert_eq!(told(&outputs), [Output::FileDeclined { transfer: OURS }]);
    assert!(world.peer.is_idle());

    // Ten minutes to think about it.
    let mut world = World::new();
    let outputs = world.take(offer());
    world.acknowledge_all(outputs);
    assert_eq!(world.wait(Duration::from_secs(599)), []);
    let outputs = world.wait(Duration::from_secs(1));
    assert_eq!(told(&outputs), [Output::Failed { transfer: OURS, why: Failure::TimedOut }]);
    assert!(says_bye(&outputs));

    // Taken back.
    let mut world = World::new();
    world.take(offer());
    assert!(says_bye(&world.take(Input::Cancel { transfer: OURS })));
    assert!(world.peer.is_idle());
}

#[test]
fn a_transfer_can_be_cancelled_by_either_side() {
    // They take the offer back, or end it in the midst.
    for size in [1, 3] {
        let mut world = if size == 1 { World::new() } else { receiving(3) };
        if size == 1 {
            world.invite(SESSION, Purpose::File, &file_context(1));
        }
        let outputs = world.hang_up(CALL);
        assert_eq!(told(&outputs), [Output::Failed { transfer: THEIRS, why: Failure::Cancelled }]);
        assert_eq!(acknowledgements(&outputs), 1);
        assert!(world.peer.is_idle());
    }
    // They close the session as the one who sends.
    let mut world = receiving(3);
    let header = Header { session: SESSION, flags: Flags::CLOSED, ..Header::default() };
    let outputs = world.hear(&Packet { header, ..Packet::default() });
    assert_eq!(outputs, [Output::Failed { transfer: THEIRS, why: Failure::Cancelled }]);
    // We end it.
    let mut world = receiving(3);
    assert!(says_bye(&world.take(Input::Cancel { transfer: THEIRS })));
    assert_eq!(world.message(SESSION, Flags::FILE_DATA, 2, b"abc"), []);
    // They do not want the rest of ours.
    let mut world = World::new();
    let (call, _, _) = sending(&mut world, 3);
    assert_eq!(told(&world.hang_up(&call)), [Output::Failed { transfer: OURS, why: Failure::Cancelled }]);
    assert_eq!(world.take(Input::Feed { transfer: OURS, offset: 0, data: pattern(3) }), []);
    // The shell has lost the file.
    let mut world = World::new();
    sending(&mut world, 3);
    let outputs = world.take(Input::Feed { transfer: OURS, offset: 0, data: Bytes::new() });
    assert_eq!(told(&outputs), [Output::Failed { transfer: OURS, why: Failure::Truncated }]);
    assert!(says_bye(&outputs));
}

#[test]
fn a_close_after_the_data_does_not_take_our_farewell() {
    let mut world = World::new();
    let (_, session, _) = sending(&mut world, 3);
    let outputs = world.take(Input::Feed { transfer: OURS, offset: 0, data: pattern(3) });
    world.acknowledge_all(outputs);
    let header = Header { session, flags: Flags::CLOSED, ..Header::default() };
    assert_eq!(world.hear(&Packet { header, ..Packet::default() }), []);
    assert!(says_bye(&world.wait(Duration::from_millis(300))));
}

#[test]
fn files_over_the_limit_are_declined() {
    let mut world = World::without_switchboard(Limits { object: 10, file: 2999 }, 1);
    world.take(Input::Ready { packets: 9 });
    let outputs = world.invite(SESSION, Purpose::File, &file_context(3000));
    assert_eq!(told(&outputs), [Output::FileTooLarge { name: "notes.txt".to_owned(), size: 3000 }]);
    assert_eq!(statuses(&outputs), [603]);
    // One that is longer than it said is not taken either.
    world.invite(SESSION, Purpose::File, &file_context(2000));
    let transfer = TransferId(THEIRS.0);
    world.take(Input::AcceptFile { transfer });
    let outputs = world.message(SESSION, Flags::FILE_DATA, 2, &pattern(2001));
    assert_eq!(told(&outputs), [Output::Failed { transfer, why: Failure::Mismatch }]);
}

#[test]
fn a_background_is_declined() {
    let mut world = World::new();
    let context = FileContext { is_background: true, ..FileContext::new("sky.jpg", 9, Bytes::new()) }.to_context();
    let outputs = world.invite(SESSION, Purpose::File, &context);
    assert_eq!(told(&outputs), [Output::InvitationDeclined { activity: Activity::Background }]);
    assert_eq!(statuses(&outputs), [603]);
}

#[test]
fn nothing_comes_for_ever() {
    let mut world = receiving(3000);
    assert_eq!(world.wait(Duration::from_secs(179)), []);
    let outputs = world.wait(Duration::from_secs(1));
    assert_eq!(told(&outputs), [Output::Failed { transfer: THEIRS, why: Failure::TimedOut }]);
    assert!(says_bye(&outputs));
    // An offer that nobody answers is declined.
    let mut world = World::new();
    world.invite(SESSION, Purpose::File, &file_context(3));
    let outputs = world.wait(Duration::from_mins(10));
    assert_eq!(told(&outputs), [Output::Failed { transfer: THEIRS, why: Failure::TimedOut }]);
    assert_eq!(statuses(&outputs), [603]);
    // Somebody who wants the same again and again makes no progress.
    let mut world = World::new();
    let (_, _, _) = sending(&mut world, 3);
    let outputs = world.take(Input::Feed { transfer: OURS, offset: 0, data: pattern(3) });
    let packet = packets(&outputs).remove(0);
    for _ in 0..17 {
        world.now += Duration::from_secs(10);
        world.hear(&packet.resumed(1, 0));
        world.take(Input::Feed { transfer: OURS, offset: 0, data: pattern(3) });
    }
    let outputs = world.wait(Duration::from_secs(10));
    assert_eq!(told(&outputs), [Output::Failed { transfer: OURS, why: Failure::TimedOut }]);
}
