//! Credit, and switchboards that are lost.

use super::*;

#[test]
fn nothing_is_sent_without_credit() {
    let mut world = World::without_switchboard(Limits::default(), 1);
    world.invite(4711, Purpose::Object, &picture().to_context());
    let outputs = world.take(Input::Provide { transfer: THEIRS, data: pattern(5000) });
    assert_eq!(outputs, []);
    let outputs = world.take(Input::Ready { packets: 1 });
    assert_eq!((acknowledgements(&outputs), outputs.len()), (1, 1));
    let outputs = world.take(Input::Ready { packets: 2 });
    assert_eq!(statuses(&outputs), [200]);
    let preparation = world.acknowledge(&packets(&outputs)[0]);
    assert_eq!(preparation.len(), 1);
    assert_eq!(world.acknowledge(&packets(&preparation)[0]), []);
    assert_eq!(world.take(Input::Ready { packets: 3 }).len(), 3);
}

#[test]
fn words_go_before_data() {
    let mut world = World::without_switchboard(Limits::default(), 1);
    world.take(Input::Ready { packets: 4 });
    world.invite(4711, Purpose::Object, &picture().to_context());
    let outputs = world.take(Input::Provide { transfer: THEIRS, data: pattern(50_000) });
    world.acknowledge_all(outputs);
    let mut webcam = invitation(4712, Purpose::SeeWebcam, "");
    webcam.call = "{OTHER}".to_owned();
    world.say(&webcam);
    let outputs = world.take(Input::Ready { packets: 3 });
    assert_eq!((acknowledgements(&outputs[..1]), statuses(&outputs)), (1, vec![603]));
    assert_eq!(packets(&outputs)[2].header.session, 4711);
}

#[test]
fn what_had_not_left_goes_again() {
    let mut world = World::without_switchboard(Limits::default(), 1);
    world.take(Input::Ready { packets: 4 });
    world.invite(4711, Purpose::Object, &picture().to_context());
    let outputs = world.take(Input::Provide { transfer: THEIRS, data: pattern(5000) });
    let [acceptance] = packets(&outputs).try_into().unwrap();
    let acceptance: Packet = acceptance;
    // The acknowledgement and the acceptance are gone.
    assert_eq!(world.take(Input::Lost), []);
    let outputs = world.take(Input::Ready { packets: 8 });
    let again = packets(&outputs);
    assert_eq!((acknowledgements(&outputs), again.len()), (1, 2));
    assert_eq!((again[1].header.identifier, &again[1].data), (acceptance.header.identifier, &acceptance.data));

    // They have left; but nobody acknowledges the acceptance.
    world.take(Input::Ready { packets: 2 });
    world.take(Input::Lost);
    let outputs = world.take(Input::Ready { packets: 8 });
    assert_eq!((acknowledgements(&outputs), statuses(&outputs)), (0, vec![200]));
    let preparation = packets(&world.acknowledge(&packets(&outputs)[0])).remove(0);
    world.take(Input::Lost);
    // Acknowledged, though the switchboard was lost right after.
    world.acknowledge(&preparation);
    let outputs = world.take(Input::Ready { packets: 3 });
    let offsets = |outputs: &[Output]| packets(outputs).iter().map(|packet| packet.header.offset).collect::<Vec<_>>();
    assert_eq!(offsets(&outputs), [0, 1202, 2404]);
    // One of the three has left, and may not have been read.
    world.take(Input::Ready { packets: 1 });
    let sent_last = world.take(Input::Lost);
    assert_eq!(sent_last, []);
    let outputs = world.take(Input::Ready { packets: 9 });
    assert_eq!(offsets(&outputs), [0, 1202, 2404, 3606, 4808]);
    // All has left, and no acknowledgement comes.
    world.take(Input::Ready { packets: 9 });
    world.take(Input::Lost);
    let outputs = world.take(Input::Ready { packets: 9 });
    assert_eq!(offsets(&outputs), [0, 1202, 2404, 3606, 4808]);
    world.acknowledge(&packets(&outputs)[0]);
    world.hang_up(CALL);
    assert!(world.peer.is_idle());
}

#[test]
fn the_last_64_kib_that_left_go_again() {
    let mut world = World::without_switchboard(Limits::default(), 1);
    world.take(Input::Ready { packets: 3 });
    world.invite(4711, Purpose::Object, &picture().to_context());
    let outputs = world.take(Input::Provide { transfer: THEIRS, data: pattern(150_250) });
    world.acknowledge_all(outputs);
    let offsets = |outputs: &[Output]| packets(outputs).iter().map(|packet| packet.header.offset).collect::<Vec<_>>();
    // A hundred packets have left, and 25 have not.
    assert_eq!(world.take(Input::Ready { packets: 100 }).len(), 100);
    assert_eq!(world.take(Input::Ready { packets: 100 }).len(), 25);
    world.take(Input::Lost);
    let first = world.take(Input::Ready { packets: 1 });
    let left = 100 * 1202;
    assert!(offsets(&first)[0] <= left - (64 << 10) && offsets(&first)[0] > left - (66 << 10), "{first:?}");
    let rest = world.take(Input::Ready { packets: 200 });
    assert_eq!([data(&first, 4711), data(&rest, 4711)].concat(), pattern(150_250)[offsets(&first)[0] as usize..]);
}

#[test]
fn a_text_of_many_packets_goes_again_as_a_whole() {
    let mut world = World::without_switchboard(Limits::default(), 1);
    world.take(Input::Ready { packets: 2 });
    let preview = pattern(6000);
    world.take(Input::OfferFile { transfer: OURS, name: "a.png".to_owned(), size: 9, preview });
    world.take(Input::Lost);
    let outputs = world.take(Input::Ready { packets: 50 });
    assert_eq!(texts(&outputs).len(), 1);
    let sent = packets(&outputs);
    assert_eq!(sent.iter().map(|packet| packet.data.len() as u64).sum::<u64>(), sent[0].header.total);
    // They lack the rest of it.
    let outputs = world.hear(&sent[0].resumed(5, 2404));
    assert_eq!(packets(&outputs).first().map(|packet| packet.header.offset), Some(2404));
    assert_eq!(packets(&outputs).len(), sent.len() - 2);
    world.acknowledge(&sent[0]);
    assert_eq!(world.hear(&sent[0].resumed(5, 2404)), []);
}

#[test]
fn somebody_who_does_not_read_is_not_heard() {
    let mut world = World::without_switchboard(Limits::default(), 1);
    for _ in 0..1000 {
        world.hang_up(CALL);
    }
    let outputs = world.take(Input::Ready { packets: 10_000 });
    assert_eq!(outputs.len(), 256);
    assert_eq!(acknowledgements(&world.hang_up(CALL)), 1);
}

#[test]
fn numbers_are_never_0() {
    let mut world = World::without_switchboard(Limits::default(), u64::MAX - 1);
    world.take(Input::Ready { packets: 9 });
    let outputs: Vec<Output> = (0..3).flat_map(|_| world.invite(5, Purpose::SeeWebcam, "")).collect();
    let identifiers: Vec<u32> = packets(&outputs).iter().map(|packet| packet.header.identifier).collect();
    assert_eq!(identifiers, [u32::MAX, 1, 2, 3, 4, 5]);
    assert!(packets(&outputs).iter().all(|packet| packet.header.acknowledgement != 0));
}
