mod asking;
mod gathering;
mod sealed;

use std::sync::Arc;

use bridge::{Host as _, Write, conformance::FakeHost};
use domain::Content;
use ruma::{owned_room_id, owned_user_id, room_id, server_name, user_id};
use serde_json::{Value, json};

use super::*;
use crate::{
    arrival::Rules,
    bot::Bot,
    chat::Membership,
    names::{Names, tests::names},
    permissions::Permissions,
    portal::{Profile, Stage},
    portals::Portals,
    timeline::Timeline,
};

const CAROL: &str = "@msn_carol=40msn.example:example.org";
const DAVE: &str = "@msn_dave=40msn.example:example.org";
const ALICE: &str = "@alice:example.org";
const BOB: &str = "@bob:elsewhere.org";

/// What a bridge remembers, without one.
struct World {
    host: Arc<FakeHost>,
    chats: Chats,
    portals: Portals,
    names: Names,
    permissions: Permissions,
    bot: Option<Bot>,
    show_joins: bool,
    called: Called,
    strangers: HashSet<Passport>,
    invitations: Invitations,
    typing: Typists,
    speakers: Speakers,
    events: usize,
}

/// What came of a transaction.
struct Outcome {
    arrivals: Vec<Arrival>,
    taken: Vec<Taken>,
    signals: Vec<Signal>,
    writes: usize,
}

impl Outcome {
    fn contents(&self) -> Vec<(String, String, Content)> {
        let messages = self.arrivals.iter().filter_map(|arrival| {
            let Arrival::Message { owner, author, content, .. } = arrival else { return None };
            Some((owner.to_string(), author.name.clone(), content.clone()))
        });
        messages.collect()
    }
}

/// Who may do what, by these keys.
fn permissions(keys: &[(&str, &str)]) -> Permissions {
    let keys = keys.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Permissions::read(&keys, server_name!("example.org")).unwrap()
}

/// Everybody may write.
fn everybody() -> Permissions {
    permissions(&[("*", "user")])
}

impl World {
    async fn new() -> Self {
        let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
        let called = [(carol(), "Carol".to_owned()), (dave(), "Dave".to_owned())];
        Self {
            chats: Chats::load(host.clone()).await.unwrap(),
            portals: Portals::load(host.clone()).await.unwrap(),
            host,
            names: names(),
            permissions: everybody(),
            bot: None,
            show_joins: false,
            called: called.into_iter().collect(),
            strangers: HashSet::new(),
            invitations: Invitations::new(4),
            typing: Typists::new(),
            speakers: Speakers::default(),
            events: 0,
        }
    }

    /// Somebody's ghost is in the room, and is up to date.
    async fn sit(&self, owner: Passport, name: &str) {
        let place = Place { owner, room: room() };
        let mut profile = Profile::default();
        profile.apply(Change::Name(name.to_owned()));
        let joined = |portal: &mut crate::portal::Portal| {
            portal.has_come(profile);
            portal.timeline = up_to_date();
        };
        self.portals.change(&place, joined).await.unwrap();
    }

    /// The bot is in the room, alone with somebody or, where that is empty, with several.
    async fn admit_bot(&mut self, with: &str) {
        self.host.write(vec![Write::Put("bot/!r".into(), with.into())]).await.unwrap();
        self.bot = Some(Bot::load(self.host.clone(), 4).await.unwrap());
    }

    async fn take(&mut self, happenings: Vec<Happening>) -> Outcome {
        let draft = Draft::begin(&self.chats, &self.portals).await;
        let rules = Rules {
            names: &self.names,
            permissions: &self.permissions,
            show_joins: self.show_joins,
            bot: self.bot.as_ref(),
            own: None,
        };
        let mut intake = Intake::new(
            draft,
            Known {
                rules,
                called: &self.called,
                strangers: &self.strangers,
                chats: &self.chats,
                invitations: &mut self.invitations,
                typing: &mut self.typing,
                speakers: &mut self.speakers,
                outages: 0,
                now: Timestamp(1_000_000),
            },
        );
        for happening in happenings {
            intake.take(happening);
        }
        let Intake { draft, arrivals, taken, signals, .. } = intake;
        let writes = draft.writes().len();
        draft.committed();
        Outcome { arrivals, taken, signals, writes }
    }

    /// An event with an id of its own.
    fn event(&mut self, kind: &str, sender: &str, state_key: Option<&str>, content: &Value) -> Happening {
        self.events += 1;
        let mut event = crate::event::tests::event(kind, sender, state_key, content);
        event["event_id"] = json!(format!("${}", self.events));
        Happening::Event(Event::read(&event, &self.names).unwrap())
    }

    async fn event_taken(&mut self, kind: &str, sender: &str, state_key: Option<&str>, content: &Value) -> Outcome {
        let event = self.event(kind, sender, state_key, content);
        self.take(vec![event]).await
    }

    async fn say(&mut self, sender: &str, body: &str) -> Outcome {
        self.event_taken("m.room.message", sender, None, &json!({ "msgtype": "m.text", "body": body })).await
    }

    fn timeline(&self, owner: Passport) -> Timeline {
        self.portals.get(&Place { owner, room: room() }).timeline
    }
}

fn up_to_date() -> Timeline {
    let mut timeline = Timeline::default();
    assert!(timeline.is_caught_up(0));
    timeline
}

fn carol() -> Passport {
    "carol@msn.example".parse().unwrap()
}

fn dave() -> Passport {
    "dave@msn.example".parse().unwrap()
}

fn room() -> OwnedRoomId {
    owned_room_id!("!r")
}

fn carols() -> Place {
    Place { owner: carol(), room: room() }
}

fn invite(direct: bool) -> Value {
    json!({ "membership": "invite", "is_direct": direct })
}

#[tokio::test]
async fn an_invitation_is_a_question_of_a_person_or_of_a_room() {
    let mut world = World::new().await;
    let direct = world.event_taken("m.room.member", ALICE, Some(CAROL), &invite(true)).await;
    assert!(matches!(direct.arrivals.as_slice(), [Arrival::Invitation { .. }]), "{:?}", direct.arrivals);

    let mut event = crate::event::tests::event("m.room.member", ALICE, Some(DAVE), &invite(false));
    event["unsigned"]["invite_room_state"] =
        json!([{ "type": "m.room.name", "state_key": "", "content": { "name": "Tea" } }]);
    let event = Happening::Event(Event::read(&event, &world.names).unwrap());
    let room_invitation = world.take(vec![event]).await;
    let [Arrival::RoomInvitation { owner, room: profile, from }] = room_invitation.arrivals.as_slice() else {
        panic!("{:?}", room_invitation.arrivals)
    };
    assert_eq!((owner, profile.name.as_str(), from.user.as_str()), (&dave(), "Tea", ALICE));
    assert!(room_invitation.signals.is_empty(), "nothing is done before the answer");

    let kicked = world.event_taken("m.room.member", ALICE, Some(DAVE), &json!({ "membership": "leave" })).await;
    assert!(matches!(kicked.arrivals.as_slice(), [Arrival::RoomLost { .. }]), "the invitation was taken back");
    assert!(world.portals.get(&Place { owner: dave(), room: room() }).is_empty());
}

#[tokio::test]
async fn whoever_invites_too_often_is_declined_and_told_of() {
    let mut world = World::new().await;
    let declined = Signal::InvitesTooOften(owned_user_id!("@alice:example.org"));
    for number in 0..5 {
        let invited = world.event_taken("m.room.member", ALICE, Some(CAROL), &invite(true)).await;
        assert_eq!(invited.signals.contains(&declined), number == 4, "{number}: {:?}", invited.signals);
    }
}

#[tokio::test]
async fn who_has_no_permission_is_not_heard() {
    let mut world = World::new().await;
    world.permissions = permissions(&[("*", "user"), (ALICE, "none")]);
    let direct = world.event_taken("m.room.member", ALICE, Some(CAROL), &invite(true)).await;
    assert!(direct.arrivals.is_empty() && matches!(direct.signals.as_slice(), [Signal::Chore(Chore::Settle(_))]));
    let to_room = world.event_taken("m.room.member", ALICE, Some(DAVE), &json!({ "membership": "invite" })).await;
    assert!(to_room.arrivals.is_empty(), "{:?}", to_room.arrivals);

    let pair = Pair { owner: carol(), user: owned_user_id!("@alice:example.org") };
    world
        .chats
        .change(&pair, |chat| chat.enter(room_id!("!r"), Membership::Joined, Timeline::default()))
        .await
        .unwrap();
    let said = world.say(ALICE, "hello").await;
    assert!(said.arrivals.is_empty() && matches!(said.signals.as_slice(), [Signal::Refused(..)]), "{:?}", said.signals);
}

#[tokio::test]
async fn everybody_in_a_room_hears_it_by_the_names_used_there() {
    let mut world = World::new().await;
    world.sit(carol(), "Tea").await;
    world.sit(dave(), "Tea").await;
    let unknown = world.say(BOB, "hello").await;
    assert!(unknown.arrivals.is_empty(), "the name has to be looked up");
    let reads = unknown.signals.iter().filter(|signal| matches!(signal, Signal::Chore(Chore::Read(_)))).count();
    assert_eq!((reads, unknown.writes), (2, 2), "what waits survives a crash");
    for owner in [carol(), dave()] {
        let place = Place { owner, room: room() };
        world.portals.change(&place, |portal| portal.timeline = up_to_date()).await.unwrap();
    }
    world.speakers.learn(room_id!("!r"), user_id!("@bob:elsewhere.org"), "Bob of Tea");
    world.speakers.learn(room_id!("!r"), &UserId::parse(CAROL).unwrap(), "Carol");
    let said = world.say(BOB, "hello").await;
    let hello = |owner: Passport| (owner.to_string(), "Bob of Tea".to_owned(), Content::text("hello"));
    assert_eq!(said.contents(), [hello(carol()), hello(dave())]);
    let renamed = json!({ "membership": "join", "displayname": "Robert" });
    let renamed = world.event_taken("m.room.member", BOB, Some(BOB), &renamed).await;
    assert!(renamed.arrivals.is_empty() && renamed.writes == 0, "nobody is told of a name that nobody hears");
    assert_eq!(world.say(BOB, "x").await.contents()[0].1, "Robert");

    let own = world.say(CAROL, "to all").await;
    assert_eq!(own.contents(), [(dave().to_string(), "Carol".to_owned(), Content::text("to all"))], "not to herself");
    let answer = json!({ "msgtype": "m.text", "body": "yes", "m.relates_to": { "m.in_reply_to": { "event_id": format!("${}", world.events) } } });
    let answer = world.event_taken("m.room.message", BOB, None, &answer).await;
    let addressed: Vec<bool> =
        answer.arrivals.iter().map(|arrival| matches!(arrival, Arrival::Message { addressed: true, .. })).collect();
    assert_eq!(addressed, [true, false], "it answers carol");
}

#[tokio::test]
async fn nothing_overtakes_a_picture() {
    let mut world = World::new().await;
    world.sit(carol(), "Tea").await;
    world.speakers.learn(room_id!("!r"), user_id!("@bob:elsewhere.org"), "Bob");
    assert_eq!(world.say(BOB, "before").await.contents().len(), 1);
    let picture = json!({ "msgtype": "m.image", "body": "cat.png", "url": "mxc://elsewhere.org/cat" });
    let picture = world.event_taken("m.room.message", BOB, None, &picture).await;
    assert!(picture.arrivals.is_empty(), "{:?}", picture.arrivals);
    assert_eq!(picture.signals, [Signal::Chore(Chore::Read(carols()))]);
    let after = world.say(BOB, "after").await;
    assert!(after.arrivals.is_empty() && after.signals.is_empty(), "{:?}", after.signals);
    assert_eq!(world.timeline(carol()).missed().len(), 2);
}

#[tokio::test]
async fn a_room_of_five_thousand_costs_what_is_said_in_it() {
    let mut world = World::new().await;
    world.sit(carol(), "Everybody").await;
    let mut happenings = Vec::new();
    for number in 0..5_000 {
        let user = format!("@user{number}:elsewhere.org");
        let content = json!({ "membership": "join", "displayname": format!("User {number}") });
        happenings.push(world.event("m.room.member", &user, Some(&user), &content));
    }
    let joined = world.take(happenings).await;
    assert!(joined.arrivals.is_empty() && joined.signals.is_empty(), "{} signals", joined.signals.len());
    assert_eq!(joined.writes, 0, "and nothing is written of it");
    assert_eq!(world.speakers.name(room_id!("!r"), user_id!("@user7:elsewhere.org")), None, "nobody is listed");
    world.speakers.learn(room_id!("!r"), user_id!("@user7:elsewhere.org"), "User 7");
    let said = world.say("@user7:elsewhere.org", "hello").await;
    assert_eq!((said.arrivals.len(), said.writes), (1, 1));
    assert!(said.taken.is_empty(), "nobody is told what became of what they say to a room");
    assert!(world.host.seen().calls < 10, "the host was not told of anybody");
}

#[tokio::test]
async fn who_comes_and_goes_is_shown_where_that_is_wanted() {
    let mut world = World::new().await;
    world.sit(carol(), "Tea").await;
    world.show_joins = true;
    world.speakers.learn(room_id!("!r"), user_id!("@bob:elsewhere.org"), "Bob");
    let joined = world
        .event_taken("m.room.member", BOB, Some(BOB), &json!({ "membership": "join", "displayname": "Bob" }))
        .await;
    assert_eq!(joined.contents()[0].2, Content::Emote { text: "joined".into() });
}

#[tokio::test]
async fn a_changed_room_is_told_once_and_a_nameless_one_looked_at() {
    let mut world = World::new().await;
    world.sit(carol(), "Tea").await;
    world.sit(dave(), "Tea").await;
    let named = world.event_taken("m.room.name", BOB, Some(""), &json!({ "name": "Coffee" })).await;
    let [Signal::Room(profile)] = named.signals.as_slice() else { panic!("{:?}", named.signals) };
    assert_eq!((profile.name.as_str(), named.writes), ("Coffee", 2));
    let pictured = world.event_taken("m.room.avatar", BOB, Some(""), &json!({ "url": "mxc://a.org/x" })).await;
    assert!(matches!(pictured.signals.as_slice(), [Signal::Picture(RemoteTarget::Room(_), Some(_))]));
    let unnamed = world.event_taken("m.room.name", BOB, Some(""), &json!({})).await;
    assert!(unnamed.signals.contains(&Signal::Chore(Chore::Portal(carols()))), "{:?}", unnamed.signals);
}

#[tokio::test]
async fn an_old_departure_does_not_end_a_new_stay() {
    let mut world = World::new().await;
    world.sit(carol(), "Tea").await;
    let left = world.event_taken("m.room.member", CAROL, Some(CAROL), &json!({ "membership": "leave" })).await;
    assert!(left.arrivals.is_empty(), "whether she is in is asked first");
    assert_eq!(left.signals, [Signal::Chore(Chore::Portal(carols()))]);
    world.portals.change(&carols(), crate::portal::Portal::leave).await.unwrap();
    world.event_taken("m.room.member", CAROL, Some(CAROL), &json!({ "membership": "leave" })).await;
    assert!(world.portals.get(&carols()).is_empty());
}

#[tokio::test]
async fn a_room_that_moves_is_followed() {
    let mut world = World::new().await;
    world.sit(carol(), "Tea").await;
    world.speakers.learn(room_id!("!r"), user_id!("@bob:elsewhere.org"), "Bob");
    let moved = world.event_taken("m.room.tombstone", BOB, Some(""), &json!({ "replacement_room": "!new" })).await;
    let new = Place { owner: carol(), room: owned_room_id!("!new") };
    assert!(moved.signals.contains(&Signal::Chore(Chore::Portal(new.clone()))));
    assert_eq!(moved.contents().len(), 1, "and somebody says so");
    let portal = world.portals.get(&new);
    assert_eq!((portal.stage, portal.via), (Stage::Entering, vec!["elsewhere.org".try_into().unwrap()]));
    assert_eq!(portal.follows.unwrap().room, room(), "whether it is true is seen once the ghost is there");
}

#[tokio::test]
async fn the_bot_hears_what_is_for_nobody_else() {
    let mut world = World::new().await;
    assert!(world.say(ALICE, "help").await.signals.is_empty(), "it is not here");
    world.admit_bot(ALICE).await;
    let alone = world.say(ALICE, "help").await;
    assert!(matches!(alone.signals.as_slice(), [Signal::BotHears(_, _, _, words)] if words == "help"));
    world.admit_bot("").await;
    world.sit(carol(), "Tea").await;
    world.speakers.learn(room_id!("!r"), user_id!("@alice:example.org"), "Alice");
    let said = world.say(ALICE, "help").await;
    assert_eq!((said.contents().len(), said.signals.len()), (1, 0), "where others are it is called by its name");
    let command = world.say(ALICE, "!msn help").await;
    assert!(matches!(command.signals.as_slice(), [Signal::BotHears(..)]), "{:?}", command.signals);
    assert!(command.arrivals.is_empty(), "nobody else hears it");
    let bot = "@msnbot:example.org";
    let asked = world.event_taken("m.room.member", ALICE, Some(bot), &json!({ "membership": "invite" })).await;
    assert!(matches!(asked.signals.as_slice(), [Signal::BotInvited(..)]));
    assert!(world.say(bot, "I am a bot").await.arrivals.is_empty(), "nobody hears the bot");
}

#[tokio::test]
async fn a_third_person_ends_what_is_said_to_one() {
    let mut world = World::new().await;
    let pair = Pair { owner: carol(), user: owned_user_id!("@alice:example.org") };
    let joined = |chat: &mut crate::chat::Chat| chat.enter(room_id!("!r"), Membership::Joined, up_to_date());
    world.chats.change(&pair, joined).await.unwrap();
    let join = json!({ "membership": "join", "displayname": "x" });
    for user in [ALICE, CAROL, "@msnbot:example.org"] {
        world.event_taken("m.room.member", user, Some(user), &join).await;
        assert!(world.chats.get(&pair).current().is_some(), "{user} may hear it");
    }
    let bob = world.event_taken("m.room.member", BOB, Some(BOB), &join).await;
    assert_eq!(world.chats.get(&pair).current(), None, "private words would go to bob");
    assert!(bob.signals.contains(&Signal::Presence(pair.clone(), RemotePresence::UNKNOWN)), "{:?}", bob.signals);
    assert_eq!(world.say(ALICE, "still heard").await.contents().len(), 1);
}

#[tokio::test]
async fn who_was_removed_asks_again_like_anybody() {
    let mut world = World::new().await;
    let pair = Pair { owner: carol(), user: owned_user_id!("@alice:example.org") };
    let joined = |chat: &mut crate::chat::Chat| chat.enter(room_id!("!old"), Membership::Joined, up_to_date());
    world.chats.change(&pair, joined).await.unwrap();
    let asked = world.event_taken("m.room.member", ALICE, Some(CAROL), &invite(true)).await;
    assert!(matches!(asked.arrivals.as_slice(), [Arrival::Invitation { .. }]), "{:?}", asked.arrivals);
    assert!(asked.signals.is_empty(), "the room they still share opens no other: {:?}", asked.signals);
}

#[tokio::test]
async fn an_old_departure_does_not_end_a_direct_chat() {
    let mut world = World::new().await;
    let pair = Pair { owner: carol(), user: owned_user_id!("@alice:example.org") };
    let joined = |chat: &mut crate::chat::Chat| chat.enter(room_id!("!r"), Membership::Joined, up_to_date());
    world.chats.change(&pair, joined).await.unwrap();
    let kicked = world.event_taken("m.room.member", ALICE, Some(CAROL), &json!({ "membership": "leave" })).await;
    assert_eq!(kicked.signals, [Signal::Chore(Chore::Compare(carols()))], "whether she is in is asked first");
    assert!(world.chats.get(&pair).is_reachable());
}

#[tokio::test]
async fn a_room_that_becomes_a_chat_of_two_is_lost() {
    let mut world = World::new().await;
    world.sit(carol(), "Tea").await;
    let asked = world.event_taken("m.room.member", ALICE, Some(CAROL), &invite(true)).await;
    assert!(
        matches!(asked.arrivals.as_slice(), [Arrival::RoomLost { .. }, Arrival::Invitation { .. }]),
        "{:?}",
        asked.arrivals
    );
}

#[tokio::test]
async fn a_room_that_cannot_be_compared_is_tried_again() {
    let mut world = World::new().await;
    world.sit(carol(), "Tea").await;
    world.speakers.learn(room_id!("!r"), user_id!("@bob:elsewhere.org"), "Bob");
    let mut chores = Vec::new();
    for number in 1..=192 {
        let said = world.say(BOB, "x").await;
        if said.signals.contains(&Signal::Chore(Chore::Compare(carols()))) {
            chores.push(number);
        }
    }
    assert_eq!(chores, [64, 128, 192]);
}
