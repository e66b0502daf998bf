//! The bot, as people on a real Synapse meet it.

use bridge::{Action, Arrival};
use serde_json::{Value, json};

use crate::{CAROL, DAVE, Setup, homeserver::Person, open, order};

const BOT: &str = "@msnbot:example.org";

/// Says a line in a room; the answer must hold the words.
async fn ask(person: &mut Person, room: &str, line: &str, answer: &str) -> (String, Value) {
    let transaction = format!("t{}", rand::random::<u64>());
    let event = person.say(room, &transaction, json!({ "msgtype": "m.text", "body": line })).await;
    (event, person.until_said(room, BOT, answer).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_manage_things_with_the_bot() {
    let mut setup = Setup::new();
    setup
        .section
        .values
        .insert("permissions".into(), json!({ "@alice:example.org": "admin", "@mallory:example.org": "none" }));
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[("carol@msn.example", "Carol"), ("dave@msn.example", "Dave <&>")]);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, "carol@msn.example", "Carol").await;
    open(&network, "dave@msn.example", "Dave <&>").await;
    let mut alice = synapse.person("alice").await;
    let mut bob = synapse.person("bob").await;
    let mut mallory = synapse.person("mallory").await;

    // Whoever may do nothing is turned away, by the bot and by ghosts.
    let refused = mallory.invite_to_chat(BOT).await;
    mallory.until_member(&refused, BOT, "leave").await;
    let refused = mallory.invite_to_chat(CAROL).await;
    mallory.until_member(&refused, CAROL, "leave").await;
    assert_eq!(host.told().arrivals, []);

    // A room of two is for managing things: every line is a command.
    let room = alice.invite_to_chat(BOT).await;
    alice.until_member(&room, BOT, "join").await;
    let greeting = alice.until_said(&room, BOT, "say `help`").await;
    assert_eq!(greeting["msgtype"], "m.notice");
    let (_, help) = ask(&mut alice, &room, "help", "You can say:").await;
    assert!(help["formatted_body"].as_str().unwrap().contains("<li><code>start-chat ADDRESS</code>"), "{help}");
    assert!(help["body"].as_str().unwrap().contains("`accounts`"), "alice is an administrator: {help}");
    ask(&mut alice, &room, "!msn dance", "I do not know `dance`").await;
    ask(&mut alice, &room, "version", concat!("Chrysalis ", env!("CARGO_PKG_VERSION"))).await;
    ask(&mut alice, &room, "ping", " ms to reach me").await;
    ask(&mut alice, &room, "presence", "shows presence").await;
    ask(&mut alice, &room, "search CAR", "`carol@msn.example`, Carol").await;
    let (_, accounts) = ask(&mut alice, &room, "accounts", "2 accounts.").await;
    assert!(accounts["formatted_body"].as_str().unwrap().contains("Dave &lt;&amp;&gt;"), "{accounts}");
    ask(&mut alice, &room, "resolve carol@msn.example", CAROL).await;
    ask(&mut alice, &room, "resolve eve@msn.example", "There is no account `eve@msn.example`").await;
    ask(&mut alice, &room, "start-chat eve@msn.example", "Say `search WORDS`").await;

    // A password does not stay where it was said.
    let (event, _) = ask(&mut alice, &room, "register eve@msn.example correct horse", "I have deleted your line").await;
    alice.until_said(&room, BOT, "The account `eve@msn.example`").await;
    assert_eq!(host.told().registered, [("eve@msn.example".parse().unwrap(), "correct horse".to_owned())]);
    let said = alice.get(&format!("rooms/{room}/event/{event}")).await;
    assert_eq!(said["content"], json!({}), "{said}");
    ask(&mut alice, &room, "register eve@msn.example short", "the password is too short").await;

    // A chat is asked for as by an invitation: nothing is heard before the account agrees, and everything then.
    ask(&mut alice, &room, "start-chat dave@msn.example", "is asked whether").await;
    let chat = alice.until_invited_by(DAVE).await;
    alice.post(&format!("rooms/{chat}/join"), json!({})).await;
    alice.say(&chat, "h1", json!({ "msgtype": "m.text", "body": "hello" })).await;
    let told = host.until("dave is asked", |told| !told.arrivals.is_empty()).await;
    assert!(matches!(&told.arrivals[..], [Arrival::Invitation { owner, from }]
        if owner.as_str() == "dave@msn.example" && from.user.as_str() == alice.id));
    ask(&mut alice, &room, "start-chat dave@msn.example", "has not answered yet").await;
    assert_eq!(host.told().messages(), [], "nothing was heard before the answer");
    let dave = open(&network, "dave@msn.example", "Dave").await;
    dave.deliver(&order("w1", 0, &alice.id, Action::Welcome)).await.unwrap();
    host.until("what was said before", |told| told.messages().len() == 1).await;
    alice.say(&chat, "h2", json!({ "msgtype": "m.text", "body": "again" })).await;
    host.until("what was said after", |told| told.messages().len() == 2).await;
    ask(&mut alice, &room, "start-chat dave@msn.example", "You have a chat with").await;
    ask(&mut alice, &room, "sync", "Your chat is looked at anew").await;
    ask(&mut alice, &room, "portals", "1 chats with people, in 1 rooms").await;

    // A room with more people is given up only by whoever is alone in it, or an administrator.
    let shared = bob.invite_to_chat(CAROL).await;
    host.until("carol is asked", |told| told.arrivals.len() == 4).await;
    carol.deliver(&order("w2", 0, &bob.id, Action::Welcome)).await.unwrap();
    bob.until_member(&shared, CAROL, "join").await;
    for guest in [BOT, alice.id.as_str()] {
        bob.post(&format!("rooms/{shared}/invite"), json!({ "user_id": guest })).await;
    }
    alice.post(&format!("rooms/{shared}/join"), json!({})).await;
    bob.until_member(&shared, BOT, "join").await;
    ask(&mut bob, &shared, "!msn accounts", "is for administrators").await;
    let (event, answer) = ask(&mut bob, &shared, "!msn delete-portal", "Other people are in this room").await;
    assert_eq!(answer["m.relates_to"]["m.in_reply_to"]["event_id"], event, "others may have asked as well");
    ask(&mut alice, &room, &format!("delete-portal {shared}"), "Nobody from Messenger is in the room any more").await;
    bob.until_member(&shared, CAROL, "leave").await;
    bob.until_member(&shared, BOT, "leave").await;
    let words: Vec<_> = host.told().messages().into_iter().map(|(_, content)| format!("{content:?}")).collect();
    assert!(words.iter().all(|words| !words.contains("!msn")), "a command was taken for a message: {words:?}");

    // What it knows outlives a restart, and whoever asked it in meanwhile is answered.
    network.stop().await;
    let later = bob.invite_to_chat(BOT).await;
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    bob.until_member(&later, BOT, "join").await;
    ask(&mut alice, &room, "delete-portal", "Nobody from Messenger is in this room.").await;

    // Others come: secrets and bare lines are over.
    alice.post(&format!("rooms/{room}/invite"), json!({ "user_id": bob.id })).await;
    bob.post(&format!("rooms/{room}/join"), json!({})).await;
    ask(&mut alice, &room, "help ping", "We are not alone here any more").await;
    ask(&mut alice, &room, "!msn register x@msn.example long-enough", "only for a room of you and me alone").await;
    assert_eq!(host.told().registered.len(), 1);
    ask(&mut bob, &room, "!msn help ping", "`!msn ping`: tells whether").await;

    // Where nobody is left it goes too.
    bob.post(&format!("rooms/{later}/leave"), json!({})).await;
    let key = format!("bot/{later}");
    host.until("the room is forgotten", |told| !told.kept.contains_key(&key)).await;
    network.stop().await;
    synapse.halt().await;
}
