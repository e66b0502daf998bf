//! What people ask of the bot, as everybody else sees it.

use super::*;

#[tokio::test]
async fn a_line_with_a_password_is_shown_to_nobody_though_it_lacks_the_prefix() {
    let mut world = World::new().await;
    world.admit_bot("").await;
    world.sit(carol(), "Tea").await;
    world.speakers.learn(room_id!("!r"), user_id!("@alice:example.org"), "Alice");
    for line in ["register dave@msn.example hunter22", " !msn Register dave hunter22"] {
        let said = world.say(ALICE, line).await;
        assert!(said.arrivals.is_empty(), "{line}: {:?}", said.arrivals);
        assert!(matches!(said.signals.as_slice(), [Signal::BotHears(..)]), "{line}: {:?}", said.signals);
    }
    let said = world.say(ALICE, "register for the race by friday").await;
    assert_eq!(said.contents().len(), 1, "words that name no account are words");
}

#[tokio::test]
async fn a_room_that_a_person_asked_the_bot_for_is_a_question() {
    let mut world = World::new().await;
    let kind = crate::event::DIRECT;
    let made = world.event_taken(kind, CAROL, Some(""), &json!({ "asked_by": ALICE })).await;
    let [Arrival::Invitation { owner, from }] = made.arrivals.as_slice() else { panic!("{:?}", made.arrivals) };
    assert_eq!((owner, from.user.as_str()), (&carol(), ALICE));
    let pair = Pair { owner: carol(), user: owned_user_id!("@alice:example.org") };
    let chat = world.chats.get(&pair);
    assert!(!chat.is_open() && chat.invited == [room()], "the account has agreed to nothing");
    let again = world.event_taken(kind, CAROL, Some(""), &json!({ "asked_by": ALICE })).await;
    assert!(again.arrivals.is_empty(), "it is asked once");
}
