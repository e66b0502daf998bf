//! Files, in both directions.

use chrysalis_test_harness::{Answer, DIRECT_REFUSED, Kind, pattern, text};

use super::{ECHO, WithEcho, check_png, line, linked, still_talks, with_echo};

#[tokio::test]
async fn a_contacts_file_is_offered_and_a_link_gives_the_same() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    room.tell(text("file")).await;
    let (offer, file) = room.receive_file(ECHO).await;
    assert!(!offer.name.is_empty() && offer.size > 0, "{offer:?}");
    assert!(linked(&mut room).await == file, "the link leads to something else");
    still_talks(&mut room).await;
}

#[tokio::test]
async fn a_contacts_file_may_be_declined_and_fetched_by_its_link_all_the_same() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    room.tell(text("file")).await;
    let offer = room.file_offered(ECHO).await;
    room.decline(&offer.call).await;
    assert_eq!(linked(&mut room).await.len(), offer.size);
    still_talks(&mut room).await;
}

#[tokio::test]
async fn a_contacts_file_may_be_cancelled_after_it_was_accepted() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    room.tell(text("file")).await;
    let offer = room.file_offered(ECHO).await;
    room.accept(&offer.call).await;
    room.end(&offer.call).await;
    assert_eq!(linked(&mut room).await.len(), offer.size);
    // The next one is not disturbed by what is left of it.
    room.tell(text("file")).await;
    let (next, file) = room.receive_file(ECHO).await;
    assert_eq!((next.size, file.len()), (offer.size, offer.size));
}

#[tokio::test]
async fn a_contacts_image_comes_with_a_preview() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    room.tell(text("image")).await;
    let offer = room.file_offered(ECHO).await;
    let (width, height) = check_png(offer.preview.as_deref().expect("a preview"));
    assert!(width <= 96 && height <= 96, "{width} by {height}");
    room.accept(&offer.call).await;
    let image = room.take_file(&offer).await;
    assert!(linked(&mut room).await == image);
}

#[tokio::test]
async fn a_file_for_a_contact_is_accepted_and_comes_back() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    for (name, size) in [("notes \u{e9}.txt", 3000), ("big.bin", 1_200_000), ("one", 1), ("empty", 0)] {
        let file = pattern(size);
        assert_eq!(room.send_file(ECHO, name, &file).await, Answer::Accepted, "{name}");
        let (offer, back) = room.receive_file(ECHO).await;
        assert_eq!((offer.name.as_str(), offer.size), (name, size));
        assert!(back == file, "{name} came back changed");
    }
}

#[tokio::test]
async fn a_file_for_a_contact_may_be_cancelled() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    let file = pattern(100_000);
    let call = room.offer_file(ECHO, "never mind", file.len(), &[]).await;
    assert_eq!(room.answered(&call).await, Answer::Accepted);
    let mut sending = room.begin_file(&call, &file);
    room.send_until(&mut sending, 12_020).await;
    room.end(&call).await;
    still_talks(&mut room).await;
}

#[tokio::test]
async fn a_name_cannot_lead_out_of_its_folder() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    let file = pattern(20);
    assert_eq!(room.send_file(ECHO, "..\\..\\win/..\u{7}.ini", &file).await, Answer::Accepted);
    let (offer, back) = room.receive_file(ECHO).await;
    assert!(!offer.name.contains(['/', '\\', '\u{7}']) && !offer.name.is_empty(), "{:?}", offer.name);
    assert_eq!(back, file);
}

#[tokio::test]
async fn a_direct_connection_is_declined_politely() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    let zeros = DIRECT_REFUSED[2].1;
    let offered: [(&str, &str); 4] =
        [("Bridges", "TRUDPv1 TCPv1"), ("NetID", "0"), ("Conn-Type", "Firewall"), ("UPnPNat", "false")];
    let nonce = ("Nonce", "{FE2F9A7B-2B02-4D7C-8A4C-2B0B0F3B2C11}");
    let hashed = ("Hashed-Nonce", "{FE2F9A7B-2B02-4D7C-8A4C-2B0B0F3B2C11}");
    // Messenger's own forms, and that of msnp11-sdk.
    for (further, answered) in [(None, "Nonce"), (Some(hashed), "Hashed-Nonce"), (Some(nonce), "Nonce")] {
        let file = pattern(5000);
        let call = room.offer_file(ECHO, "direct", file.len(), &[]).await;
        assert_eq!(room.answered(&call).await, Answer::Accepted);
        let fields: Vec<(&str, &str)> = offered.into_iter().chain(further).collect();
        let answer = room.offer_direct(&call, &fields).await;
        let value = |name: &str| answer.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
        assert_eq!((value("Bridge"), value("Listening")), (Some("TCPv1"), Some("false")), "{answer:?}");
        assert_eq!(value(answered), Some(zeros), "{answer:?}");
        if further == Some(nonce) {
            // Without an address msnp11-sdk does not know this for an answer, and asks for ever.
            assert!(value("IPv4Internal-Addrs").is_some(), "{answer:?}");
            assert!(value("IPv4Internal-Port").is_some_and(|port| port.parse::<u16>().is_ok()), "{answer:?}");
        }
        room.give_file(&call, &file).await;
        let (_, back) = room.receive_file(ECHO).await;
        assert_eq!(back, file);
    }
}

#[tokio::test]
async fn talk_goes_on_while_files_flow() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    let file = pattern(2_000_000);
    let call = room.offer_file(ECHO, "big", file.len(), &[]).await;
    assert_eq!(room.answered(&call).await, Answer::Accepted);
    let mut sending = room.begin_file(&call, &file);
    room.send_until(&mut sending, 601_000).await;
    room.tell(text("on its way")).await;
    line(&mut room, |said| (said == "on its way").then_some(())).await;
    room.finish_file(sending).await;
    // And in the other direction: that Echo heard and is about to answer is seen long before the end of the file.
    let offer = room.file_offered(ECHO).await;
    room.accept(&offer.call).await;
    room.take_some(&offer, 12_020).await;
    room.tell(text("coming")).await;
    room.hear_of(ECHO, "text/x-msmsgscontrol").await;
    assert!(room.take_some(&offer, 0).await < file.len(), "what is said had to wait for the file");
    assert!(room.take_file(&offer).await == file);
    line(&mut room, |said| (said == "coming").then_some(())).await;
}

#[tokio::test]
async fn webcams_and_games_are_declined_at_once() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    for kind in [Kind::WebcamShown, Kind::WebcamWanted, Kind::Activity] {
        let call = room.invite(ECHO, kind, b"whatever").await;
        assert_eq!(room.answered(&call).await, Answer::Refused(603), "{kind:?}");
    }
    still_talks(&mut room).await;
}
