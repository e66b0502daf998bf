//! The bridge with a real Synapse.

// The futures of matrix-sdk's sync are nested more deeply than the compiler follows by itself.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod before_the_ghost;
mod bot;
mod check;
mod conformance;
mod directory;
mod encrypted_rooms;
mod encryption;
mod homeserver;
mod host;
mod link_costs;
mod linking;
mod making;
mod media;
mod own_in;
mod own_out;
mod rooms;
mod tails;

use std::sync::{Arc, atomic::Ordering};

use bridge::{Action, Arrival, Failure, Farewell, Link, LinkOwner, Network, Order, Section, Standing};
use domain::{
    Content, PersonalMessage, RemoteUser, Status, Timestamp,
    contact::RemoteTarget,
    presence::{Availability, OwnPresence},
};
use homeserver::{Synapse, free_port};
use host::MemoryHost;
use serde_json::{Value, json};

const CAROL: &str = "@msn_carol=40msn.example:example.org";
const DAVE: &str = "@msn_dave=40msn.example:example.org";

struct Setup {
    directory: tempfile::TempDir,
    section: Section,
    port: u16,
    listen: u16,
}

impl Setup {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (port, listen) = (free_port(), free_port());
        let Value::Object(values) = json!({
            "homeserver_url": format!("http://127.0.0.1:{port}"),
            "server_name": "example.org",
            "invitations_per_hour": 4,
            "appservice": { "listen": format!("127.0.0.1:{listen}"), "url": format!("http://127.0.0.1:{listen}") },
        }) else {
            unreachable!("an object was written")
        };
        let section = Section {
            name: "matrix".parse().unwrap(),
            bit: 64.try_into().unwrap(),
            values,
            base: directory.path().to_owned(),
            data_directory: directory.path().join("data"),
        };
        Self { directory, section, port, listen }
    }

    fn network(&self) -> Arc<dyn Network> {
        chrysalis_matrix::network(&self.section).unwrap()
    }

    fn host(&self, owners: &[(&str, &str)]) -> Arc<MemoryHost> {
        Arc::new(MemoryHost::new(&self.section.data_directory, owners))
    }

    async fn synapse(&self) -> Synapse {
        let registration = self.network().registration().unwrap();
        Synapse::start(self.directory.path(), self.port, &registration).await
    }

    fn token(&self, of: &str) -> String {
        let file = self.section.data_directory.join(format!("matrix-{of}-token"));
        std::fs::read_to_string(file).unwrap().trim().to_owned()
    }
}

async fn open(network: &Arc<dyn Network>, passport: &str, name: &str) -> Arc<dyn Link> {
    network.open(LinkOwner { passport: passport.parse().unwrap(), name: name.into() }).await.unwrap()
}

fn person(id: &str) -> RemoteTarget {
    RemoteTarget::Person(RemoteUser(id.into()))
}

fn order(key: &str, attempt: u32, to: &str, action: Action) -> Order {
    Order { key: key.into(), attempt, to: person(to), action }
}

fn say(key: &str, to: &str, content: Content) -> Order {
    order(key, 0, to, Action::Say { content, sent: Timestamp(1_700_000_000_000), reply: None, heard: Vec::new() })
}

fn own(status: Status, name: &str, line: &str) -> OwnPresence {
    OwnPresence { status, name: name.into(), personal_message: PersonalMessage::of(line), picture: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_invites_an_account_and_they_talk() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[("carol@msn.example", "Carol"), ("dave@msn.example", "Dave")]);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, "carol@msn.example", "Carol").await;
    let dave = open(&network, "dave@msn.example", "Dave").await;
    let mut alice = synapse.person("alice").await;

    // An account's ghost is there whether or not its user is, and has the name.
    host.until("both ghosts are made", |told| {
        ["ghost/carol@msn.example", "ghost/dave@msn.example"].iter().all(|key| told.kept.contains_key(*key))
    })
    .await;
    assert_eq!(alice.get(&format!("profile/{DAVE}")).await["displayname"], "Dave");

    // Presence, name and status line were set before anybody could see them.
    carol.show(own(Status::Online, "Carol \u{2665}", "happy"));
    host.until("the new name is told", |told| told.kept["ghost/carol@msn.example"] == "Carol \u{2665}").await;
    alice.put(&format!("profile/{}/displayname", alice.id), json!({ "displayname": "Alice L." })).await;
    alice.show("online", "reading").await;

    // An invitation is a question, and nothing is joined before the answer.
    let room = alice.invite_to_chat(CAROL).await;
    let told = host.until("the invitation", |told| !told.arrivals.is_empty()).await;
    let Arrival::Invitation { owner, from } = &told.arrivals[0] else { panic!("{told:?}") };
    assert_eq!((owner.as_str(), from.name.as_str(), from.login.as_str()), ("carol@msn.example", "Alice L.", "alice"));
    assert_eq!((from.user.as_str(), from.server.as_deref()), ("@alice:example.org", Some("example.org")));
    carol.deliver(&order("w", 0, &alice.id, Action::Welcome)).await.unwrap();
    alice.until_member(&room, CAROL, "join").await;
    alice.until_seen(CAROL, "online", "happy").await;
    host.until("alice's presence", |told| {
        told.presence_of("@alice:example.org").is_some_and(|presence| {
            presence.availability == Availability::Online && presence.personal_message.text == "reading"
        })
    })
    .await;

    // Text both ways, to the character.
    let text = "one\n  two \u{1f98b}\t<b>&\u{200d}";
    let receipt = carol.deliver(&say("o1", &alice.id, Content::text(text))).await.unwrap();
    assert_eq!(receipt.messages.len(), 1);
    carol.deliver(&say("o2", &alice.id, Content::Nudge)).await.unwrap();
    let said = alice.said_by(&room, CAROL).await;
    assert_eq!((&said[0]["body"], &said[0]["msgtype"]), (&json!(text), &json!("m.text")));
    assert_eq!((&said[1]["body"], &said[1]["msgtype"]), (&json!("sends a nudge"), &json!("m.emote")));
    alice.say(&room, "t1", json!({ "msgtype": "m.text", "body": text })).await;
    alice.say(&room, "t2", json!({ "msgtype": "m.emote", "body": "waves" })).await;
    alice.say(&room, "t3", json!({ "msgtype": "m.emote", "body": "x", "im.chrysalis.nudge": true })).await;
    let told = host.until("three messages", |told| told.messages().len() == 3).await;
    let contents: Vec<Content> = told.messages().into_iter().map(|(_, content)| content).collect();
    assert_eq!(contents, [Content::text(text), Content::Emote { text: "waves".into() }, Content::Nudge]);
    let Some(Arrival::Message { place, sent, author, .. }) = told.arrivals.get(1) else { panic!("{told:?}") };
    assert_eq!((place, author.name.as_str()), (&person(&alice.id), "Alice L."));
    assert!(host_now(&*host).since(*sent) < 60_000, "{sent:?}");

    // Typing both ways; having spoken ends it.
    carol.typing(&person(&alice.id), true);
    alice.until_types(&room, &[CAROL]).await;
    carol.deliver(&say("o3", &alice.id, Content::text("typed"))).await.unwrap();
    alice.until_types(&room, &[]).await;
    let path = format!("rooms/{room}/typing/{}", alice.id);
    alice.put(&path, json!({ "typing": true, "timeout": 20_000 })).await;
    host.until("alice types", |told| told.typing.last().is_some_and(|(_, _, typing)| *typing)).await;
    alice.put(&path, json!({ "typing": false })).await;
    host.until("alice stopped", |told| told.typing.last().is_some_and(|(_, _, typing)| !*typing)).await;

    // Presence both ways, in each other's words.
    carol.show(own(Status::Busy, "Carol \u{2665}", "deadline"));
    alice.until_seen(CAROL, "unavailable", "Busy - deadline").await;
    // Synapse takes whoever speaks for online, and has to be told better before the next repetition.
    let began = std::time::Instant::now();
    carol.deliver(&say("o4", &alice.id, Content::text("busy, but here"))).await.unwrap();
    loop {
        let seen = alice.get(&format!("presence/{CAROL}/status")).await;
        let active = seen["last_active_ago"].as_u64().unwrap();
        if seen["presence"] == "unavailable" && u128::from(active) <= began.elapsed().as_millis() {
            break;
        }
        assert!(began.elapsed().as_secs() < 12, "{seen}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    carol.show(own(Status::Hidden, "Carol \u{2665}", "deadline"));
    alice.until_seen(CAROL, "offline", "").await;
    alice.show("unavailable", "tea").await;
    host.until("alice is away", |told| {
        let presence = told.presence_of("@alice:example.org").unwrap();
        presence.availability == Availability::Away && presence.personal_message.text == "tea"
    })
    .await;
    alice.put(&format!("profile/{}/displayname", alice.id), json!({ "displayname": "Alicia" })).await;
    host.until("the new name", |told| told.profiles.last().is_some_and(|profile| profile.name == "Alicia")).await;

    // A second room of somebody who was let in is joined without a question, and is the one that is written to.
    let second = alice.invite_to_chat(CAROL).await;
    alice.until_member(&second, CAROL, "join").await;
    host.until("the second room is known", |told| {
        told.kept.values().any(|chat| chat.contains(&format!("\"{second}\",\"person\":\"joined\"")))
    })
    .await;
    carol.deliver(&say("o4b", &alice.id, Content::text("here"))).await.unwrap();
    assert_eq!(alice.said_by(&second, CAROL).await.len(), 1);

    // What a third person says there is told as theirs; who is not asked about it is nobody's contact by it.
    let eve = synapse.person("eve").await;
    alice.post(&format!("rooms/{second}/invite"), json!({ "user_id": eve.id })).await;
    eve.post(&format!("rooms/{second}/join"), json!({})).await;
    eve.say(&second, "t1", json!({ "msgtype": "m.text", "body": "hello" })).await;
    let told = host.until("what eve said", |told| told.messages().len() == 4).await;
    assert_eq!(told.messages()[3], (alice.id.clone(), Content::text("eve: hello")));

    // Turned away, and too many at once.
    let refused = alice.invite_to_chat(DAVE).await;
    host.until("dave is asked", |told| {
        told.arrivals.iter().any(|arrival| arrival.owner().as_str() == "dave@msn.example")
    })
    .await;
    dave.deliver(&order("x", 0, &alice.id, Action::TurnAway)).await.unwrap();
    alice.until_member(&refused, DAVE, "leave").await;
    // In a private chat that is not a trusted one, so that the guest can be put out again.
    let asked = alice.post("createRoom", json!({ "preset": "private_chat", "invite": [DAVE] })).await;
    let asked = asked["room_id"].as_str().unwrap().to_owned();
    let excess = alice.invite_to_chat(DAVE).await;
    alice.until_member(&excess, DAVE, "leave").await;
    // An invitation that is taken back is no question any more.
    alice.post(&format!("rooms/{asked}/kick"), json!({ "user_id": DAVE })).await;
    host.until("the withdrawal", |told| matches!(told.arrivals.last(), Some(Arrival::Withdrawal { .. }))).await;

    // Somebody who is not there cannot be written to.
    for room in [&room, &second] {
        alice.post(&format!("rooms/{room}/leave"), json!({})).await;
    }
    host.until("alice is gone", |told| {
        told.presence_of("@alice:example.org").unwrap().availability == Availability::Unreachable
    })
    .await;
    let outcome = carol.deliver(&say("o5", &alice.id, Content::text("?"))).await;
    assert!(matches!(outcome, Err(Failure::Refused { .. })), "{outcome:?}");

    // Who can be found.
    let found = network.resolve("alice", None).await.unwrap().unwrap();
    assert_eq!((found.user.as_str(), found.name.as_str()), ("@alice:example.org", "Alicia"));
    assert_eq!(network.resolve("nobody", Some("example.org")).await, Ok(None));
    assert_eq!(network.resolve("msn_dave=40msn.example", None).await, Ok(None));

    network.stop().await;
    synapse.halt().await;
}

fn host_now(host: &dyn bridge::Host) -> Timestamp {
    host.now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[("carol@msn.example", "Carol")]);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, "carol@msn.example", "Carol").await;
    carol.show(own(Status::Online, "Carol", ""));
    let mut bob = synapse.person("bob").await;

    // Added from our side: one room, and what is said before the person comes is kept in it.
    let before = host.told();
    carol.deliver(&order("b", 0, &bob.id, Action::Befriend)).await.unwrap();
    let room = bob.until_invited_by(CAROL).await;
    carol.deliver(&say("o1", &bob.id, Content::text("early"))).await.unwrap();
    assert_eq!(host.told().presence_of(&bob.id), None, "bob has not come yet");

    // Killed before the room was remembered: tried again, the same room is found.
    host.until("the room's own events have come back", |told| told.kept.contains_key("transactions")).await;
    network.stop().await;
    host.forget_since(&before);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, "carol@msn.example", "Carol").await;
    carol.deliver(&order("b", 1, &bob.id, Action::Befriend)).await.unwrap();
    assert!(host.told().kept[&format!("chat/carol@msn.example {}", bob.id)].contains(&room));

    bob.post(&format!("rooms/{room}/join"), json!({})).await;
    host.until("bob has come", |told| told.presence_of("@bob:example.org").is_some()).await;
    let bodies = |said: Vec<Value>| said.iter().map(|content| content["body"].clone()).collect::<Vec<_>>();
    assert_eq!(bodies(bob.said_by(&room, CAROL).await), ["early"]);

    // Sent, and the answer lost while the homeserver was restarted: it remembers no transaction, the room does.
    let second = carol.deliver(&say("o2", &bob.id, Content::text("once"))).await.unwrap();
    synapse.halt().await;
    let lost = carol.deliver(&say("o3", &bob.id, Content::text("waits"))).await;
    assert!(matches!(lost, Err(Failure::Retry { .. })), "{lost:?}");
    synapse.resume().await;
    let again = Order { attempt: 1, ..say("o2", &bob.id, Content::text("once")) };
    assert_eq!(carol.deliver(&again).await.unwrap(), second);
    let again = Order { attempt: 1, ..say("o3", &bob.id, Content::text("waits")) };
    carol.deliver(&again).await.unwrap();
    assert_eq!(bodies(bob.said_by(&room, CAROL).await), ["early", "once", "waits"]);

    // A store that fails: the homeserver keeps the message and brings it again.
    host.broken.store(true, Ordering::SeqCst);
    bob.say(&room, "t1", json!({ "msgtype": "m.text", "body": "first" })).await;
    refused_once(&setup, &room).await;
    host.broken.store(false, Ordering::SeqCst);
    host.until("what could not be stored", |told| told.messages().len() == 1).await;

    // Said while the bridge was away.
    network.stop().await;
    bob.say(&room, "t2", json!({ "msgtype": "m.text", "body": "second" })).await;
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, "carol@msn.example", "Carol").await;
    host.until("what was said meanwhile", |told| told.messages().len() == 2).await;

    // A transaction that comes twice, its event in another one, and its number with another body.
    let replay = |body: &str, id: &str| event(&room, &bob.id, body, id);
    for (number, transaction) in [
        ("m900", replay("third", "$3")),
        ("m900", replay("third", "$3")),
        ("m901", replay("third", "$3")),
        ("m900", replay("fourth", "$4")),
    ] {
        assert_eq!(push(&setup, number, &transaction).await, 200);
    }
    let texts: Vec<Content> = host.told().messages().into_iter().map(|(_, content)| content).collect();
    assert_eq!(texts, ["first", "second", "third", "fourth"].map(Content::text));

    // Only the homeserver is listened to.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://127.0.0.1:{}/_matrix/app/v1/transactions/1", setup.listen);
    assert_eq!(client.put(&url).body("{}").send().await.unwrap().status(), 401);
    assert_eq!(client.put(&url).bearer_auth("wrong").body("{}").send().await.unwrap().status(), 403);
    assert_eq!(client.put(&url).bearer_auth(setup.token("hs")).body("{").send().await.unwrap().status(), 400);

    // The ghost is out of the room without our having heard of it: what is said then begins a new one. (It made the room, so
    // nobody can put it out; it goes by itself.)
    let url = format!("{}/_matrix/client/v3/rooms/{room}/leave", synapse.url);
    let leave = client.post(&url).query(&[("user_id", CAROL)]).bearer_auth(setup.token("as")).json(&json!({}));
    assert!(leave.send().await.unwrap().status().is_success());
    carol.deliver(&say("o6", &bob.id, Content::text("again"))).await.unwrap();
    let new = bob.until_invited_by(CAROL).await;
    assert_ne!(new, room);

    // Somebody who does not want to is asked again only when they are added again.
    bob.post(&format!("rooms/{new}/leave"), json!({})).await;
    host.until("bob said no", |told| told.kept.values().any(|chat| chat.contains("\"left\""))).await;
    assert!(carol.deliver(&say("o7", &bob.id, Content::text("?"))).await.is_err());
    carol.deliver(&order("b2", 0, &bob.id, Action::Befriend)).await.unwrap();
    assert_eq!(bob.until_invited_by(CAROL).await, new);
    bob.post(&format!("rooms/{new}/join"), json!({})).await;
    bob.until_member(&new, CAROL, "join").await;

    // A removed account leaves everything and is forgotten.
    carol.close(Farewell::Removed).await;
    bob.until_member(&new, CAROL, "leave").await;
    let is_others = |key: &str| key == "transactions" || key.starts_with("encryption/@msnbot:");
    host.until("nothing of hers is kept", |told| told.kept.keys().all(|key| is_others(key))).await;
    network.stop().await;
    synapse.halt().await;
}

/// Sees for ourselves that the bridge takes nothing while its store fails.
async fn refused_once(setup: &Setup, room: &str) {
    let transaction = event(room, "@bob:example.org", "x", "$never");
    assert_eq!(push(setup, "m800", &transaction).await, 500);
}

fn event(room: &str, sender: &str, body: &str, id: &str) -> Value {
    json!({ "events": [{
        "type": "m.room.message", "room_id": room, "sender": sender, "event_id": id, "origin_server_ts": 1,
        "content": { "msgtype": "m.text", "body": body },
    }]})
}

async fn push(setup: &Setup, number: &str, transaction: &Value) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://127.0.0.1:{}/_matrix/app/v1/transactions/{number}", setup.listen);
    let request = client.put(url).bearer_auth(setup.token("hs")).json(transaction);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_names_what_is_wrong() {
    let setup = Setup::new();
    let silent = setup.network().check(Standing::Idle).await;
    assert_eq!(silent[0].subject, "homeserver_url", "{silent:?}");

    let mut synapse = setup.synapse().await;
    assert_eq!(setup.network().check(Standing::Idle).await, []);
    let running = setup.network();
    running.start(setup.host(&[])).await.unwrap();
    assert_eq!(running.check(Standing::Running).await, []);
    let taken = setup.network().check(Standing::Idle).await;
    assert_eq!(taken[0].subject, "appservice.listen", "{taken:?}");
    let outcome = setup.network().start(setup.host(&[])).await;
    assert!(
        matches!(&outcome, Err(Failure::Retry { reason, .. }) if reason.contains("appservice.listen")),
        "{outcome:?}"
    );
    running.stop().await;

    let changed = |change: &dyn Fn(&mut Value)| {
        let mut section = setup.section.clone();
        let mut values = Value::Object(section.values);
        change(&mut values);
        let Value::Object(values) = values else { unreachable!("it was an object") };
        section.values = values;
        chrysalis_matrix::network(&section).unwrap()
    };
    for (change, subject) in [
        (
            &(|values: &mut Value| values["appservice"]["as_token"] = json!("wrong")) as &dyn Fn(&mut Value),
            "appservice.as_token",
        ),
        (&|values: &mut Value| values["appservice"]["hs_token"] = json!("wrong"), "appservice.hs_token"),
        (&|values: &mut Value| values["appservice"]["bot"] = json!("otherbot"), "appservice.bot"),
        (&|values: &mut Value| values["appservice"]["user_prefix"] = json!("other_"), "appservice.user_prefix"),
        (&|values: &mut Value| values["appservice"]["id"] = json!("other"), "appservice.id"),
        (&|values: &mut Value| values["server_name"] = json!("elsewhere.org"), "server_name"),
        (
            &|values: &mut Value| values["appservice"]["listen"] = json!(format!("127.0.0.1:{}", free_port())),
            "appservice.url",
        ),
    ] {
        let faults = changed(change).check(Standing::Idle).await;
        let subjects: Vec<&str> = faults.iter().map(|fault| fault.subject.as_str()).collect();
        assert_eq!(subjects, [subject], "{faults:?}");
    }
    synapse.halt().await;
}
