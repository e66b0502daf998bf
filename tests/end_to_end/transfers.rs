//! Files between Messenger users: whatever their clients say to each other passes untouched, and to nobody else.

use chrysalis_test_harness::{Answer, DIRECT_REFUSED, Messenger, Room, Server, pattern, text};
use msnp::{dialect::Dialect, switchboard::server::ServerCommand};
use tokio::join;

use crate::{ALICE, BOB, CAROL, server};

/// What a real client offers before it falls back to the switchboard.
const DIRECT: [(&str, &str); 6] = [
    ("Bridges", "TRUDPv1 TCPv1"),
    ("NetID", "-873796291"),
    ("Conn-Type", "IP-Restrict-NAT"),
    ("UPnPNat", "false"),
    ("ICF", "false"),
    ("Hashed-Nonce", "{FE2F9A7B-2B02-4D7C-8A4C-2B0B0F3B2C11}"),
];

struct Two {
    server: Server,
    alice: Messenger,
    bob: Messenger,
    hers: Room,
    his: Room,
}

/// Alice and Bob in a conversation, of which he speaks the older dialect.
async fn two() -> Two {
    let server = server(&[ALICE, BOB, CAROL]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp11).await;
    let (hers, his) = alice.meet(&mut bob).await;
    Two { server, alice, bob, hers, his }
}

#[tokio::test]
async fn files_of_every_size_arrive_whole_in_both_directions() {
    let Two { server: _server, alice: _alice, bob: _bob, mut hers, mut his } = two().await;
    for (name, size) in [
        ("holiday \u{e9}\u{4e2d} photos.zip", 1_200_000),
        ("one byte.txt", 1),
        ("empty", 0),
        ("a chunk", 1202),
        ("and one", 1203),
    ] {
        let file = pattern(size);
        let (answer, (offer, taken)) = join!(hers.send_file(BOB, name, &file), his.receive_file(ALICE));
        assert_eq!(answer, Answer::Accepted);
        assert_eq!((offer.name.as_str(), offer.size, offer.preview), (name, size, None));
        assert!(taken == file, "{name} came changed");
    }
    let file = pattern(50_000);
    let (answer, (_, taken)) = join!(his.send_file(ALICE, "back.bin", &file), hers.receive_file(BOB));
    assert_eq!(answer, Answer::Accepted);
    assert!(taken == file);
    for room in [hers, his] {
        let rest: Vec<_> = room.leave().await.into_iter().filter(|told| !is_goodbye(told)).collect();
        assert_eq!(rest, [], "nothing was left over");
    }
}

fn is_goodbye(told: &ServerCommand) -> bool {
    matches!(told, ServerCommand::Bye { .. })
}

#[tokio::test]
async fn an_offer_shows_its_preview_and_may_be_declined() {
    let Two { server: _server, alice: _alice, bob: _bob, mut hers, mut his } = two().await;
    let preview = pattern(3000);
    let (call, offer) = join!(hers.offer_file(BOB, "photo.jpg", 77, &preview), his.file_offered(ALICE));
    assert_eq!(offer.preview.as_deref(), Some(preview.as_slice()));
    let (answer, ()) = join!(hers.answered(&call), his.decline(&offer.call));
    assert_eq!(answer, Answer::Refused(603));
    // Nothing of it is left over for the next.
    let file = pattern(10);
    let (answer, (_, taken)) = join!(hers.send_file(BOB, "again.jpg", &file), his.receive_file(ALICE));
    assert_eq!((answer, taken), (Answer::Accepted, file));
}

#[tokio::test]
async fn either_side_may_cancel_at_any_time() {
    let Two { server: _server, alice: _alice, bob: _bob, mut hers, mut his } = two().await;
    let file = pattern(30_000);
    let (call, offer) = join!(hers.offer_file(BOB, "withdrawn", file.len(), &[]), his.file_offered(ALICE));
    join!(hers.end(&call), his.ended(&offer.call));

    let (call, offer) = join!(hers.offer_file(BOB, "broken off", file.len(), &[]), his.file_offered(ALICE));
    join!(hers.answered(&call), his.accept(&offer.call));
    let mut sending = hers.begin_file(&call, &file);
    join!(hers.send_until(&mut sending, 12_020), his.take_some(&offer, 12_020));
    join!(hers.end(&call), his.ended(&offer.call));

    let (call, offer) = join!(hers.offer_file(BOB, "no longer wanted", file.len(), &[]), his.file_offered(ALICE));
    join!(hers.answered(&call), his.accept(&offer.call));
    let mut sending = hers.begin_file(&call, &file);
    join!(hers.send_until(&mut sending, 12_020), his.take_some(&offer, 12_020));
    join!(his.end(&offer.call), hers.ended(&call));

    hers.tell(text("never mind")).await;
    assert_eq!(his.hear_text(ALICE).await, "never mind");
}

#[tokio::test]
async fn talk_goes_on_while_a_big_file_flows() {
    let Two { server: _server, alice: _alice, bob: _bob, mut hers, mut his } = two().await;
    let file = pattern(600_000);
    let (call, offer) = join!(hers.offer_file(BOB, "big", file.len(), &[]), his.file_offered(ALICE));
    join!(hers.answered(&call), his.accept(&offer.call));
    let mut sending = hers.begin_file(&call, &file);
    for tenth in 1..=5 {
        let place = tenth * 60_100;
        join!(hers.send_until(&mut sending, place), his.take_some(&offer, place));
        hers.tell(text(&format!("{tenth} tenths"))).await;
        assert_eq!(his.hear_text(ALICE).await, format!("{tenth} tenths"));
        his.tell(text("I see")).await;
        assert_eq!(hers.hear_text(BOB).await, "I see");
    }
    // The rest flows without a pause, and he talks all the time.
    let talk = async {
        for line in 0..20 {
            his.tell(text(&format!("line {line}"))).await;
        }
        his.take_file(&offer).await
    };
    let ((), taken) = join!(hers.finish_file(sending), talk);
    assert!(taken == file);
    for line in 0..20 {
        assert_eq!(hers.hear_text(BOB).await, format!("line {line}"));
    }
}

#[tokio::test]
async fn clients_agree_among_themselves_how_to_connect() {
    let Two { server: _server, alice: _alice, bob: _bob, mut hers, mut his } = two().await;
    let (call, offer) = join!(hers.offer_file(BOB, "f", 5, &[]), his.file_offered(ALICE));
    join!(hers.answered(&call), his.accept(&offer.call));
    let (answer, asked) = join!(hers.offer_direct(&call, &DIRECT), his.decline_direct(&offer.call, &[]));
    let plain = |fields: &[(String, String)]| {
        fields.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
    };
    let expected = |fields: &[(&str, &str)]| {
        fields.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(plain(&asked), expected(&DIRECT));
    assert_eq!(plain(&answer), expected(&DIRECT_REFUSED));
    let ((), taken) = join!(hers.give_file(&call, b"12345"), his.take_file(&offer));
    assert_eq!(taken, b"12345");
}

#[tokio::test]
async fn of_three_only_the_one_addressed_gets_packets() {
    let Two { server, alice: _alice, bob: _bob, mut hers, mut his } = two().await;
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    hers.call(CAROL).await;
    let mut third = carol.answer(ALICE).await;
    hers.joined(CAROL).await;
    his.joined(CAROL).await;
    let file = pattern(20_000);
    // A packet for another would be noticed by any of the three: every room minds whom a packet is for.
    let (answer, (_, taken)) = join!(hers.send_file(BOB, "for Bob", &file), his.receive_file(ALICE));
    assert_eq!((answer, taken == file), (Answer::Accepted, true));
    let (answer, (_, taken)) = join!(third.send_file(ALICE, "for Alice", &file), hers.receive_file(CAROL));
    assert_eq!((answer, taken == file), (Answer::Accepted, true));
    his.tell(text("done?")).await;
    assert_eq!(third.hear(BOB).await, text("done?"), "the first thing that Carol hears");
}

/// A packet of nothing but a header, for somebody spelled like that.
fn packet_for(account: &str) -> String {
    let zeros = "\0".repeat(52);
    format!("MIME-Version: 1.0\r\nContent-Type: application/x-msnmsgrp2p\r\nP2P-Dest: {account}\r\n\r\n{zeros}")
}

#[tokio::test]
async fn packets_find_whom_they_are_for_in_any_case_or_are_refused() {
    let Two { server: _server, alice: _alice, bob: _bob, mut hers, mut his } = two().await;
    let packet = packet_for("BOB@Example.Com");
    let transaction = hers.say("D", &packet).await;
    assert_eq!(hers.reply("MSG", transaction).await, ServerCommand::Ack { transaction });
    assert_eq!(his.hear(ALICE).await, packet);
    for nobody in [CAROL, "nobody", ALICE] {
        let transaction = hers.say("D", packet_for(nobody)).await;
        let refused = ServerCommand::Nak { transaction };
        assert_eq!(hers.reply("MSG", transaction).await, refused, "for {nobody}, who is not there");
    }
    his.leave().await;
    hers.left(BOB).await;
    let transaction = hers.say("D", packet_for(BOB)).await;
    assert_eq!(hers.reply("MSG", transaction).await, ServerCommand::Nak { transaction }, "he has left");
}
