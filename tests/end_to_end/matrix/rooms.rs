//! Rooms of Matrix as contacts: asked into, gone into, seen, left.

use chrysalis_test_harness::{Answer, Messenger, Object, RoomOptions, text};
use msnp::{dialect::Dialect, notification::server::ServerCommand};
use serde_json::json;

use super::{
    CAROL, CAROLS_GHOST, SERVICE, asks, message_of,
    picture::{png, size_of_png},
    setup, window,
};

const TEA: &str = "tea@rooms.matrix.msn.example";
const GARDEN: &str = "garden_at_example.org@rooms.matrix.msn.example";

/// The contacts of other networks on a list, and the lists that each is on.
async fn remotes(carol: &mut Messenger) -> Vec<(String, u8)> {
    let list = carol.list().await.into_iter();
    let lines = list.filter_map(|line| match line {
        ServerCommand::Lst { passport, lists, .. } if passport.ends_with("matrix.msn.example") => {
            Some((passport, lists))
        }
        _ => None,
    });
    lines.collect()
}

#[tokio::test]
async fn matrix_rooms_are_asked_into_joined_and_left() {
    let setup = setup(&[CAROL], "").await;
    let mut bob = setup.homeserver.user("bob");
    bob.rename("Bob").await;
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    bob.until_named(CAROLS_GHOST, "Carol").await;

    // An invitation is somebody who adds one, and a line of the server's own contact.
    let about = RoomOptions { topic: Some("and cake".into()), version: Some("11".into()), ..RoomOptions::default() };
    let tea = bob.create_room("tea", &[CAROLS_GHOST], &about).await;
    assert_eq!(carol.added_by(TEA).await.as_deref(), Some("tea"));
    let mut service = carol.answer(SERVICE).await;
    assert_eq!(
        service.hear_text(SERVICE).await,
        format!("Bob asks you into the room tea (and cake). Say \"join {TEA}\" or \"decline {TEA}\".")
    );
    bob.say(&tea, "said before she came").await;
    let joined = asks(&mut service, &format!("join {TEA}")).await;
    assert!(joined.starts_with(&format!("You go into tea ({TEA}).")), "{joined}");
    bob.until_member(&tea, CAROLS_GHOST, "join").await;
    carol.reads(TEA, "its topic", |line| line == "and cake").await;
    assert_eq!(asks(&mut service, "rooms").await, format!("Your rooms:\n1. tea - {TEA}\n    and cake"));
    let [(room, lists)] = &remotes(&mut carol).await[..] else { panic!("the room, and nobody in it") };
    assert_eq!((room.as_str(), lists & 0b11), (TEA, 0b11));

    // Talk, in lines with names; whoever comes later is called as everybody calls them there.
    let mut talk = window(&mut carol, TEA).await;
    talk.tell(text("good afternoon")).await;
    bob.until_said(&tea, CAROLS_GHOST, "good afternoon").await;
    bob.say(&tea, "how do you do?").await;
    while talk.hear_text(TEA).await != "Bob: how do you do?" {}
    bob.rename_in(&tea, "Bob the baker").await;
    bob.say(&tea, "fresh bread").await;
    assert_eq!(talk.hear_text(TEA).await, "Bob the baker: fresh bread");

    let stale = bob.say(&tea, "stale bread").await;
    assert_eq!(talk.hear_text(TEA).await, "Bob the baker: stale bread");
    // Whoever goes on talking has read it.
    talk.tell(text("no fresh one?")).await;
    bob.until_said(&tea, CAROLS_GHOST, "no fresh one?").await;
    bob.redact(&tea, &stale).await;
    assert_eq!(talk.hear_text(TEA).await, "* Bob the baker deleted: \"stale bread\"");

    // Files, in both directions.
    let recipe = b"flour, water, salt\n".to_vec();
    let address = bob.upload(recipe.clone(), "text/plain").await;
    let file =
        json!({ "msgtype": "m.file", "body": "recipe.txt", "url": address, "info": { "mimetype": "text/plain" } });
    bob.send(&tea, "m.room.message", file).await;
    let line = talk.hear_text(TEA).await;
    assert!(line.starts_with("Bob the baker: sent a file: recipe.txt ("), "{line}");
    let (offer, came) = talk.receive_file(TEA).await;
    assert_eq!((offer.name.as_str(), &came), ("recipe.txt", &recipe));
    assert_eq!(talk.send_file(TEA, "thanks.txt", b"thank you\n").await, Answer::Accepted);
    let thanks = message_of(&mut bob, &tea, CAROLS_GHOST, "thanks.txt").await;
    assert_eq!(bob.download(thanks["content"]["url"].as_str().unwrap()).await, b"thank you\n");

    // Its picture is that of the contact.
    let pot = bob.upload(png(50, [90, 60, 30]), "image/png").await;
    bob.set_state(&tea, "m.room.avatar", "", json!({ "url": pot })).await;
    let shown = carol.find("the room to have a picture", |told| match told {
        ServerCommand::Nln { presence } if presence.passport == TEA => presence.object.as_deref().map(Object::decode),
        _ => None,
    });
    let shown = shown.await;
    assert_eq!(size_of_png(&talk.fetch_object(TEA, &shown).await), (96, 96));

    // Its topic, for whoever may change it; the change is seen.
    let refused = asks(&mut service, "topic tea Coffee").await;
    assert!(refused.starts_with("That did not work on matrix: "), "{refused}");
    let mut levels = bob.state(&tea, "m.room.power_levels", "").await.unwrap();
    levels["users"][CAROLS_GHOST] = 100.into();
    bob.set_state(&tea, "m.room.power_levels", "", levels).await;
    assert_eq!(asks(&mut service, "topic tea Coffee").await, "tea is about that now.");
    carol.reads(TEA, "its new topic", |line| line == "Coffee").await;
    bob.until_event(&tea, "the topic", |event| {
        event["type"] == "m.room.topic" && event["content"]["topic"] == "Coffee"
    })
    .await;

    // Somebody else is asked in.
    let mut alice = setup.homeserver.user("alice");
    let asked = asks(&mut service, "invite @alice:example.org to tea").await;
    assert!(asked.ends_with("is asked into tea."), "{asked}");
    let invited = alice.until_invited_by(CAROLS_GHOST).await;
    assert_eq!(invited, tea);

    // Left, it is no contact any more; asked in again, she does not want to come.
    let left = asks(&mut service, "leave tea").await;
    assert!(left.starts_with("You go out of tea."), "{left}");
    bob.until_member(&tea, CAROLS_GHOST, "leave").await;
    assert!(remotes(&mut carol).await.iter().all(|(_, lists)| lists & 1 == 0), "it is on the contact list");
    bob.invite_to(&tea, CAROLS_GHOST).await;
    let line = service.hear_text(SERVICE).await;
    assert!(line.starts_with("Bob the baker asks you into the room tea (Coffee)."), "{line}");
    assert_eq!(asks(&mut service, "decline tea").await, "You stay away from tea.");
    bob.until_event(&tea, "that she stays away", |event| {
        let is_hers = event["type"] == "m.room.member" && event["state_key"] == CAROLS_GHOST;
        is_hers
            && event["unsigned"]["prev_content"]["membership"] == "invite"
            && event["content"]["membership"] == "leave"
    })
    .await;

    // A public one, by its address; put out of it, she does not have it any more.
    let open = RoomOptions {
        public: true,
        alias: Some("garden".into()),
        version: Some("12".into()),
        ..RoomOptions::default()
    };
    let garden = bob.create_room("Garden", &[], &open).await;
    let joined = asks(&mut service, "join #garden:example.org").await;
    assert!(joined.starts_with(&format!("You go into Garden ({GARDEN}).")), "{joined}");
    bob.until_member(&garden, CAROLS_GHOST, "join").await;
    bob.set_state(&garden, "m.room.name", "", json!({ "name": "Orchard" })).await;
    while !asks(&mut service, "rooms").await.contains(&format!("1. Orchard - {GARDEN}")) {}
    bob.kick(&garden, CAROLS_GHOST).await;
    while !asks(&mut service, "rooms").await.starts_with("You are in no room.") {}
}
