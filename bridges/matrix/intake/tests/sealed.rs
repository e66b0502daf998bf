//! What comes encrypted: it waits for its key, and everything behind it waits, too.

use super::*;
use crate::{encryption::Opened, message::HEARD};

fn ciphertext() -> Value {
    json!({ "algorithm": "m.megolm.v1.aes-sha2", "session_id": "s", "ciphertext": "x" })
}

impl World {
    /// Carol sits in a room in which Bob has a name.
    async fn with_carol() -> Self {
        let mut world = Self::new().await;
        world.sit(carol(), "Tea").await;
        world.speakers.learn(room_id!("!r"), user_id!("@bob:elsewhere.org"), "Bob");
        world
    }

    /// An encrypted event, after it was tried to be opened.
    async fn take_opened(&mut self, sender: &str, opened: impl Fn(&Value) -> Opened) -> Outcome {
        self.events += 1;
        let mut event = crate::event::tests::event("m.room.encrypted", sender, None, &ciphertext());
        event["event_id"] = json!(format!("${}", self.events));
        let opened = opened(&event);
        let event = Event::read(&event, &self.names).unwrap().opened(&opened, &self.names);
        self.take(vec![Happening::Event(event)]).await
    }
}

fn clear(words: &str) -> impl Fn(&Value) -> Opened {
    let content = json!({ "msgtype": "m.text", "body": words });
    move |event| {
        let mut clear = event.clone();
        clear["type"] = json!("m.room.message");
        clear["content"] = content.clone();
        Opened::Clear(clear)
    }
}

#[tokio::test]
async fn what_was_opened_flows_and_what_was_not_holds_up_what_comes_after_it() {
    let mut world = World::with_carol().await;
    let opened = world.take_opened(BOB, clear("secret")).await;
    assert_eq!(opened.contents()[0].2, Content::text("secret"));
    assert!(opened.signals.is_empty(), "{:?}", opened.signals);

    let sealed = world.take_opened(BOB, |_| Opened::Later).await;
    assert!(sealed.arrivals.is_empty() && sealed.writes == 1, "what waits survives a crash");
    assert_eq!(sealed.signals, [Signal::Chore(Chore::Read(carols()))]);
    for after in [world.say(BOB, "in clear").await, world.take_opened(BOB, clear("secret")).await] {
        assert!(after.arrivals.is_empty() && after.signals.is_empty(), "nothing overtakes: {:?}", after.arrivals);
    }
    assert_eq!(world.timeline(carol()).missed().len(), 3);
}

#[tokio::test]
async fn what_can_never_be_opened_is_told_in_its_place() {
    let mut world = World::with_carol().await;
    let lost = world.take_opened(BOB, |_| Opened::Never).await;
    let (_, author, Content::Text(text)) = &lost.contents()[0] else { panic!("{:?}", lost.arrivals) };
    assert!(author == "Bob" && text.text.contains("ask bob to write it again"), "{}", text.text);
    assert!(!world.timeline(carol()).is_behind());
}

#[tokio::test]
async fn a_ghost_waits_for_no_key_to_what_its_user_has_heard() {
    let mut world = World::with_carol().await;
    world.sit(dave(), "Tea").await;
    let mut content = ciphertext();
    content[HEARD] = json!([CAROL]);
    let said = world.event_taken("m.room.encrypted", DAVE, None, &content).await;
    assert!(said.arrivals.is_empty() && said.signals.is_empty(), "{:?}", said.signals);
    let said = world.event_taken("m.room.encrypted", BOB, None, &content).await;
    assert_eq!(said.signals.len(), 2, "but anybody can write such a field: {:?}", said.signals);
}

#[tokio::test]
async fn who_has_no_permission_is_not_waited_for() {
    let mut world = World::new().await;
    world.permissions = permissions(&[("*", "user"), (ALICE, "none")]);
    let pair = Pair { owner: carol(), user: owned_user_id!("@alice:example.org") };
    world.chats.change(&pair, |chat| chat.enter(room_id!("!r"), Membership::Joined, up_to_date())).await.unwrap();
    let said = world.take_opened(ALICE, |_| Opened::Later).await;
    assert!(matches!(said.signals.as_slice(), [Signal::Refused(..)]), "{:?}", said.signals);
}

#[tokio::test]
async fn the_bot_waits_for_what_may_be_for_it() {
    let mut world = World::new().await;
    world.admit_bot(ALICE).await;
    let sealed = world.take_opened(ALICE, |_| Opened::Later).await;
    assert!(
        matches!(sealed.signals.as_slice(), [Signal::BotWaits(event)] if event.is_sealed()),
        "{:?}",
        sealed.signals
    );
    let lost = world.take_opened(ALICE, |_| Opened::Never).await;
    assert!(matches!(lost.signals.as_slice(), [Signal::BotWaits(event)] if !event.is_sealed()), "it is no command");
    let opened = world.take_opened(ALICE, clear("help")).await;
    assert!(matches!(opened.signals.as_slice(), [Signal::BotHears(_, _, _, words)] if words == "help"));
    assert!(world.take_opened(CAROL, |_| Opened::Later).await.signals.is_empty(), "a ghost of ours asks it nothing");
}

#[tokio::test]
async fn whoever_is_asked_into_an_encrypted_room_has_a_device_before_going_in() {
    let mut world = World::new().await;
    let mut event = crate::event::tests::event("m.room.member", ALICE, Some(CAROL), &invite(true));
    event["unsigned"]["invite_room_state"] =
        json!([{ "type": "m.room.encryption", "state_key": "", "content": { "algorithm": "m.megolm.v1.aes-sha2" } }]);
    let event = Happening::Event(Event::read(&event, &world.names).unwrap());
    let asked = world.take(vec![event.clone()]).await;
    let ghost = owned_user_id!("@msn_carol=40msn.example:example.org");
    assert_eq!(asked.signals, [Signal::Chore(Chore::Prepare(ghost.clone()))]);
    world.permissions = permissions(&[("*", "user"), (ALICE, "none")]);
    let declined = world.take(vec![event]).await;
    assert!(
        !declined.signals.contains(&Signal::Chore(Chore::Prepare(ghost.clone()))),
        "nobody is made ready for nothing"
    );

    let mut event = crate::event::tests::event("m.room.member", ALICE, Some("@msnbot:example.org"), &invite(true));
    event["unsigned"]["invite_room_state"] = json!([{ "type": "m.room.encryption", "state_key": "", "content": {} }]);
    let event = Happening::Event(Event::read(&event, &world.names).unwrap());
    let asked = world.take(vec![event]).await;
    let [Signal::Chore(Chore::Prepare(bot)), Signal::BotInvited(..)] = asked.signals.as_slice() else {
        panic!("{:?}", asked.signals)
    };
    assert_eq!(bot, world.names.bot());

    world.sit(carol(), "Tea").await;
    let state = json!({ "algorithm": "m.megolm.v1.aes-sha2" });
    let turned = world.event_taken("m.room.encryption", ALICE, Some(""), &state).await;
    assert_eq!(turned.signals, [Signal::Chore(Chore::Prepare(ghost))]);
}
