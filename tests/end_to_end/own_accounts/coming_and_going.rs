//! Restarts, logout, unlinking, and what was said meanwhile.

use chrysalis_test_harness::{Homeserver, Messenger, text};
use msnp::dialect::Dialect;
use serde_json::json;

use super::{CAROLS_ID, SERVICE, Setup, direct_chat, hears, online, signs_out, user, window};
use crate::matrix::{ALICE, CAROL};

#[tokio::test]
async fn own_accounts_go_on_after_restarts_without_a_login() {
    let mut setup = Setup::start(&[CAROL]).await;
    let mut alice = user(&setup, "alice", "Alice L.").await;
    let phone = user(&setup, "carol", "Carol").await;
    let direct = direct_chat(&alice, &phone).await;
    let before = setup.devices(&phone, &[]).await;
    setup.link();
    let device = setup.devices(&phone, &before).await;
    let mut carol = online(&setup, &[ALICE]).await;
    alice.say(&direct, "before").await;
    let mut talk = carol.answer(ALICE).await;
    assert_eq!(hears(&mut talk, ALICE).await, "before");

    for (round, is_killed) in [(0, true), (1, false)] {
        signs_out(&setup, carol, talk).await;
        if is_killed {
            setup.server.kill();
        } else {
            assert!(setup.server.stop().success());
        }
        for number in 0..20 {
            alice.say(&direct, &format!("round {round} number {number}")).await;
        }
        setup.server.run();
        carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
        talk = carol.answer(ALICE).await;
        for number in 0..20 {
            assert_eq!(hears(&mut talk, ALICE).await, format!("round {round} number {number}"));
        }
        talk.tell(text("I am back")).await;
        alice.until_said(&direct, CAROLS_ID, "I am back").await;
    }
    assert_eq!(setup.devices(&phone, &before).await, device, "no new login");

    // The homeserver is away while she speaks.
    setup.homeserver.kill();
    for number in 0..5 {
        talk.tell(text(&format!("line {number}"))).await;
    }
    setup.homeserver.run().await;
    alice.until_said(&direct, CAROLS_ID, "line 4").await;
    let said = alice.said_by(&direct, CAROLS_ID).await;
    let lines: Vec<String> = (0..5).map(|number| format!("line {number}")).collect();
    assert_eq!(said[said.len() - 5..], lines);
    assert_eq!(said.len(), 2 + 5, "{said:?}");
    alice.say(&direct, "and I hear you").await;
    assert_eq!(hears(&mut talk, ALICE).await, "and I hear you");
}

#[tokio::test]
async fn own_accounts_that_are_signed_out_elsewhere_say_so_and_can_be_linked_again() {
    let setup = Setup::start(&[CAROL]).await;
    let mut alice = user(&setup, "alice", "Alice L.").await;
    let simple = user(&setup, "carol", "Carol").await;
    let direct = direct_chat(&alice, &simple).await;
    let phone = setup.homeserver.client("carol").await;
    let before = setup.devices(&simple, &[]).await;
    setup.link();
    let [device] = &setup.devices(&simple, &before).await[..] else { panic!("one device") };
    let mut carol = online(&setup, &[ALICE]).await;
    phone.sign_out(device).await;
    let mut service = carol.answer(SERVICE).await;
    let told = service.hear_text(SERVICE).await;
    assert!(told.contains(CAROLS_ID) && told.contains("Link it again"), "{told}");
    let link = &setup.links()[0];
    assert_eq!((&link["identity"], &link["state"]), (&json!(CAROLS_ID), &json!("failed")), "{link}");
    let listed = setup.server.command(&["link", "list", CAROL], "");
    let reason = "failed: the homeserver has signed this device out";
    assert_eq!(listed.out, format!("matrix\t{CAROLS_ID}\t{reason}\n"));

    // What she says meanwhile is not said by anybody else in her name.
    let mut talk = window(&mut carol, ALICE).await;
    talk.tell(text("can you hear me?")).await;
    let report = hears(&mut talk, ALICE).await;
    assert!(report.starts_with("(not delivered: \"can you hear me?\""), "{report}");

    alice.say(&direct, "said meanwhile").await;
    setup.link();
    assert_eq!(hears(&mut talk, ALICE).await, "said meanwhile");
    talk.tell(text("here I am again")).await;
    alice.until_said(&direct, CAROLS_ID, "here I am again").await;
    assert_eq!(setup.links()[0]["state"], "connected");

    // And what was linked can be taken back: nothing of it stays.
    let [device] = &setup.devices(&simple, &before).await[..] else { panic!("one device") };
    let removed = setup.server.command(&["link", "remove", CAROL, "matrix"], "");
    assert_eq!(removed.code, 0, "{removed:?}");
    assert!(!setup.devices(&simple, &before).await.contains(device), "the device is signed out");
    assert_eq!(setup.links(), json!([]));
    let kept = std::fs::read_dir(setup.server.data().join("own")).map(Iterator::count).unwrap_or_default();
    assert_eq!(kept, 0, "nothing is kept of it");
}

#[tokio::test]
async fn own_accounts_are_refused_with_a_reason() {
    let setup = Setup::start(&[CAROL, "dave@msn.example"]).await;
    setup.homeserver.user("carol");
    for (user, password, reason) in [
        (CAROLS_ID, "wrong", "password"),
        ("@nobody:example.org", Homeserver::PASSWORD, "password"),
        ("@carol:elsewhere.example", Homeserver::PASSWORD, "example.org"),
        ("@msn_dave=40msn.example:example.org", Homeserver::PASSWORD, "belongs to this server"),
        ("@:example.org", Homeserver::PASSWORD, "that is no Matrix account"),
    ] {
        let refused = setup.try_link(CAROL, user, password);
        assert!(refused.code == 1 && refused.complaint.contains(reason), "{user}: {refused:?}");
        assert!(!refused.complaint.contains(Homeserver::PASSWORD), "{refused:?}");
    }
    assert_eq!(setup.links(), json!([]));
    setup.link();
    let taken = setup.try_link("dave@msn.example", CAROLS_ID, Homeserver::PASSWORD);
    assert!(taken.code == 1 && taken.complaint.contains("linked to another account of this server"), "{taken:?}");
    // Of a token, the user has to be the one who was named.
    let token = setup.homeserver.user("alice");
    let arguments = ["link", "add", "dave@msn.example", "matrix", "--user", "@bob:example.org", "--token-stdin"];
    let wrong = setup.server.command(&arguments, &format!("{}\n", token.token()));
    assert!(wrong.code == 1 && wrong.complaint.contains("@alice:example.org"), "{wrong:?}");
}
