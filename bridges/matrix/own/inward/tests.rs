//! Tests of taking syncs in: what becomes of a room's news.

use std::collections::BTreeSet;

use bridge::{Host as _, conformance::FakeHost};
use domain::{Passport, Timestamp, contact::RemoteTarget};
use ruma::{OwnedRoomId, RoomId, UserId, owned_room_id, owned_user_id, room_id, user_id};
use serde_json::{Value, json};

use super::{
    intake::{Asked, Intake, Known, News},
    piece::{Listener, Piece},
    unread::MOST_UNREAD,
};
use crate::{
    chat::Membership,
    configuration::ListedRooms,
    event::Invitation,
    intake::{Signal, Typists},
    names::tests::names,
    own::rooms::{Facts, Kind, OwnRoom, OwnRooms, Person, begun_anew},
    portal::Change,
    speakers::Speakers,
    transaction::Happening,
};
use bridge::Arrival;

const ME: &str = "@ann:example.org";
const BOB: &str = "@bob:example.org";

/// One account, with what it knows from sync to sync.
struct World {
    host: std::sync::Arc<FakeHost>,
    rooms: OwnRooms,
    speakers: Speakers,
    typing: Typists,
    policy: ListedRooms,
    most_rooms: usize,
    events: u32,
}

struct Outcome {
    arrivals: Vec<Arrival>,
    signals: Vec<Signal>,
    unasked: usize,
}

impl Outcome {
    /// The words that arrive, with an id for each that has none.
    fn words(&self) -> Vec<String> {
        self.arrivals
            .iter()
            .map(|arrival| match arrival {
                Arrival::Message { content: domain::Content::Text(text), author, .. } => {
                    format!("{}: {}", author.name, text.text)
                }
                Arrival::Friend { who, .. } => format!("friend {}", who.user),
                Arrival::Room { room, .. } => format!("room {}", room.room),
                Arrival::RoomLost { room, .. } => format!("lost {room}"),
                Arrival::Withdrawal { from, .. } => format!("withdrawn {from}"),
                Arrival::Invitation { from, .. } => format!("asked by {}", from.user),
                Arrival::RoomInvitation { room, from, .. } => format!("asked into {} by {}", room.room, from.user),
                other => format!("{other:?}"),
            })
            .collect()
    }
}

fn carol() -> Passport {
    "carol@msn.example".parse().unwrap()
}

fn direct() -> Facts {
    let person = Person {
        user: owned_user_id!("@bob:example.org"),
        standing: Membership::Joined,
        name: "Bob".into(),
        avatar: None,
    };
    Facts { direct: Some(person), people: 2, ..Facts::default() }
}

fn several(name: &str) -> Facts {
    let mut facts = Facts { people: 5, ..Facts::default() };
    facts.profile.apply(Change::Name(name.into()));
    facts
}

impl World {
    async fn new() -> Self {
        let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
        let rooms = OwnRooms::load(&*host, &carol()).await.unwrap();
        let (speakers, typing) = (Speakers::default(), Typists::new());
        Self { host, rooms, speakers, typing, policy: ListedRooms::All, most_rooms: 3, events: 0 }
    }

    /// One in which the first sync is over.
    async fn begun() -> Self {
        let mut world = Self::new().await;
        world.joined(&[]).await;
        world
    }

    fn piece(&mut self, event: &Value) -> Piece {
        self.events += 1;
        let mut event = event.clone();
        event["event_id"] = json!(format!("${}", self.events));
        event["origin_server_ts"] = json!(i64::from(self.events));
        let raw = serde_json::value::to_raw_value(&event).unwrap();
        Piece::read(&raw, room_id!("!r"), user_id!("@ann:example.org"), &names()).unwrap()
    }

    fn says(&mut self, who: &str, body: &str) -> Piece {
        self.speakers.learn(room_id!("!r"), &UserId::parse(who).unwrap(), who);
        let content = json!({ "msgtype": "m.text", "body": body });
        self.piece(&json!({ "type": "m.room.message", "sender": who, "content": content }))
    }

    async fn take(&mut self, act: impl FnOnce(&mut Intake<'_, '_>)) -> Outcome {
        let draft = self.rooms.begin().await;
        let (names, owner) = (names(), carol());
        let known = Known {
            owner: &owner,
            listener: Listener { me: user_id!("@ann:example.org"), ghost: None, show_joins: false },
            names: &names,
            policy: self.policy,
            most_rooms: self.most_rooms,
            called: "Carol",
            ghosts: &BTreeSet::from([RoomId::parse("!ghosts").unwrap()]),
            is_met_by_ghost: &|user| user == "@met:example.org",
            is_first: !self.rooms.has_begun(),
            speakers: &mut self.speakers,
            typing: &mut self.typing,
        };
        let mut intake = Intake::new(draft, known);
        act(&mut intake);
        let Intake { draft, arrivals, signals, unasked, .. } = intake;
        self.host.write(draft.writes()).await.unwrap();
        draft.committed_with_sync();
        Outcome { arrivals, signals, unasked }
    }

    async fn joined(&mut self, news: &[(&str, News)]) -> Outcome {
        let news: Vec<(OwnedRoomId, News)> =
            news.iter().map(|(room, news)| (RoomId::parse(*room).unwrap(), news.clone())).collect();
        self.take(|intake| intake.joined(&news)).await
    }

    fn kept(&self, room: &str) -> Option<OwnRoom> {
        self.rooms.get(&RoomId::parse(room).unwrap())
    }

    /// Has a room read up to its end, as the reader does.
    async fn catch_up(&mut self, room: &str) {
        let mut draft = self.rooms.begin().await;
        let kept = draft.known(&RoomId::parse(room).unwrap()).unwrap();
        kept.unread = None;
        kept.timeline.has_read(&[("$read".try_into().unwrap(), Timestamp(0))]);
        assert!(kept.timeline.is_caught_up(0));
        draft.committed();
    }
}

fn news(facts: Facts, pieces: Vec<Piece>) -> News {
    News { facts, pieces, ..News::default() }
}

#[tokio::test]
async fn what_was_there_before_is_listed_and_its_past_is_not_told() {
    let mut world = World::new().await;
    let (old, older) = (world.says(BOB, "old"), world.says(BOB, "older"));
    let unread = News { facts: Facts { unread: 70, ..several("News") }, limited: true, ..News::default() };
    let rooms = [
        ("!r", News { limited: true, ..news(direct(), vec![old.clone()]) }),
        ("!tea", News { limited: true, ..news(several("Tea"), vec![older]) }),
        ("!news", unread),
        ("!space", news(Facts { is_space: true, ..several("Space") }, vec![])),
    ];
    let outcome = world.joined(&rooms).await;
    assert_eq!(outcome.words(), [format!("friend {BOB}"), "room !tea".into(), "room !news".into()]);
    assert_eq!(world.rooms.behind(), ["!news"], "only what is unread is read");
    assert_eq!(world.kept("!news").unwrap().unread, Some(MOST_UNREAD));
    assert_eq!(world.kept("!space"), None);
    // The next words are told as they come, and those before them are not.
    let new = world.says(BOB, "new");
    let outcome = world.joined(&[("!r", news(direct(), vec![old, new]))]).await;
    assert_eq!(outcome.words(), ["Bob: new"]);
}

#[tokio::test]
async fn a_room_that_goes_on_elsewhere_is_to_be_followed_unless_it_did_so_before() {
    let mut world = World::new().await;
    let moved = json!({ "type": "m.room.tombstone", "state_key": "", "sender": BOB, "content": { "replacement_room": "!new" } });
    let before = world.piece(&moved);
    world.joined(&[("!left", news(several("Left"), vec![before])), ("!tea", news(several("Tea"), vec![]))]).await;
    assert!(world.rooms.moved().is_empty());
    let now = world.piece(&moved);
    world.joined(&[("!tea", news(several("Tea"), vec![now]))]).await;
    let following: Vec<_> = world.rooms.moved().into_iter().map(|(old, _, moved)| (old, moved.to, moved.by)).collect();
    assert_eq!(following, [(owned_room_id!("!tea"), owned_room_id!("!new"), owned_user_id!("@bob:example.org"))]);
}

#[tokio::test]
async fn words_are_told_once_and_in_order() {
    let mut world = World::begun().await;
    let hi = world.says(BOB, "hi");
    let outcome = world.joined(&[("!r", news(direct(), vec![hi.clone()]))]).await;
    assert_eq!(outcome.words(), [format!("friend {BOB}")], "what was said before the account came is read");
    assert_eq!(world.rooms.behind(), ["!r"]);
    world.catch_up("!r").await;
    let (one, mine) = (world.says(BOB, "one"), world.says(ME, "two"));
    let outcome = world.joined(&[("!r", news(direct(), vec![one.clone(), mine]))]).await;
    assert_eq!(outcome.words(), ["Bob: one", "Bob: you: two"]);
    assert!(outcome.signals.iter().any(|signal| matches!(signal, Signal::Active(pair) if pair.user == BOB)));
    let outcome = world.joined(&[("!r", news(direct(), vec![one]))]).await;
    assert!(outcome.arrivals.is_empty(), "the same again");
}

#[tokio::test]
async fn what_waits_holds_what_is_said_after_it() {
    let mut world = World::begun().await;
    world.joined(&[("!r", news(direct(), vec![]))]).await;
    world.catch_up("!r").await;
    let before = world.says(BOB, "before");
    let sealed = world.piece(&json!({ "type": "m.room.encrypted", "sender": BOB,
        "content": { "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "session_id": "s" } }));
    let after = world.says(BOB, "after");
    let outcome = world.joined(&[("!r", news(direct(), vec![before, sealed.clone(), after.clone()]))]).await;
    assert_eq!(outcome.words(), ["Bob: before"]);
    let kept = world.kept("!r").unwrap();
    assert!(kept.is_behind());
    assert_eq!(kept.timeline.missed(), [sealed.event.id, after.event.id], "both are known to have come");
    let later = world.says(BOB, "later");
    assert!(world.joined(&[("!r", news(direct(), vec![later]))]).await.arrivals.is_empty(), "it waits as well");
    let again = OwnRooms::load(&*world.host, &carol()).await.unwrap();
    assert_eq!(again.behind(), ["!r"], "a restart goes on with it");
}

#[tokio::test]
async fn a_gap_is_read_before_what_came_after_it() {
    let mut world = World::begun().await;
    world.joined(&[("!r", news(direct(), vec![]))]).await;
    world.catch_up("!r").await;
    let said = world.says(BOB, "after the gap");
    let outcome = world.joined(&[("!r", News { limited: true, ..news(direct(), vec![said]) })]).await;
    assert!(outcome.arrivals.is_empty());
    assert_eq!(world.rooms.behind(), ["!r"]);
}

#[tokio::test]
async fn no_more_rooms_are_listed_than_may_be_and_favourites_come_first() {
    let mut world = World::new().await;
    let dear = Facts { favourite: true, ..several("Dear") };
    let muted = Facts { muted: true, ..several("Muted") };
    let (a, b) = (world.says(BOB, "x"), world.says(BOB, "y"));
    let rooms = [
        ("!a", news(several("A"), vec![])),
        ("!b", news(several("B"), vec![a])),
        ("!c", news(several("C"), vec![b])),
        ("!dear", news(dear, vec![])),
        ("!muted", news(muted, vec![])),
    ];
    let listed = world.joined(&rooms).await.words();
    assert_eq!(listed, ["room !b", "room !c", "room !dear"]);
    assert!(world.kept("!a").is_some_and(|kept| kept.is_joined() && !kept.listed));
    // One that leaves makes space, and whoever speaks next takes it, from then on.
    world.take(|intake| intake.lost(room_id!("!c"))).await;
    let new = world.says(BOB, "here");
    let outcome = world.joined(&[("!a", news(several("A"), vec![new.clone()]))]).await;
    assert_eq!(outcome.words(), ["room !a"]);
    let kept = world.kept("!a").unwrap();
    assert_eq!((kept.unread, kept.timeline.missed()), (Some(0), &[new.event.id][..]), "nothing but what is new");
}

#[tokio::test]
async fn a_muted_room_is_not_told_unless_it_was_asked_for() {
    let mut world = World::begun().await;
    world.joined(&[("!r", news(several("Tea"), vec![]))]).await;
    world.catch_up("!r").await;
    let muted = || Facts { muted: true, ..several("Tea") };
    let said = world.says(BOB, "hush");
    assert!(world.joined(&[("!r", news(muted(), vec![said]))]).await.arrivals.is_empty());
    assert!(world.rooms.behind().is_empty());
    let mut draft = world.rooms.begin().await;
    draft.known(room_id!("!r")).unwrap().chosen = Some(true);
    draft.committed();
    let said = world.says(BOB, "hello");
    assert_eq!(world.joined(&[("!r", news(muted(), vec![said]))]).await.words(), [format!("{BOB}: hello")]);
}

#[tokio::test]
async fn where_the_ghost_was_the_account_goes_on() {
    let mut world = World::begun().await;
    world.policy = ListedRooms::None;
    let mut ghost = crate::timeline::Timeline::unread();
    ghost.has_read(&[("$x".try_into().unwrap(), Timestamp(1))]);
    ghost.is_caught_up(0);
    let there = News { ghost: Some(ghost), ..news(several("Tea"), vec![]) };
    assert_eq!(world.joined(&[("!ghosts", there)]).await.words(), ["room !ghosts"]);
    let kept = world.kept("!ghosts").unwrap();
    assert!(kept.is_behind() && !kept.timeline.is_new(), "from where the ghost has got");
    assert!(
        world.take(|intake| intake.lost(room_id!("!ghosts"))).await.arrivals.is_empty(),
        "the ghost is in it still"
    );
}

#[tokio::test]
async fn a_room_that_turns_out_to_be_a_direct_chat_becomes_its_person() {
    let mut world = World::begun().await;
    world.joined(&[("!r", news(several("x"), vec![]))]).await;
    world.catch_up("!r").await;
    let said = world.says(BOB, "hi");
    let outcome = world.joined(&[("!r", news(direct(), vec![said]))]).await;
    assert_eq!(outcome.words(), ["lost !r".to_owned(), format!("friend {BOB}"), "Bob: hi".into()]);
    let mut crowded = direct();
    crowded.people = 3;
    assert_eq!(world.joined(&[("!r", news(crowded, vec![]))]).await.words(), ["room !r"]);
}

#[tokio::test]
async fn chats_with_users_of_ours_are_left_to_other_clients() {
    let mut world = World::begun().await;
    let mut facts = direct();
    facts.direct.as_mut().unwrap().user = owned_user_id!("@msn_dave=40msn.example:example.org");
    assert!(world.joined(&[("!r", news(facts, vec![]))]).await.arrivals.is_empty());
    assert_eq!(world.kept("!r"), None);
}

#[tokio::test]
async fn invitations_are_asked_about_once_and_withdrawn() {
    let mut world = World::begun().await;
    let invited = |room: &str, is_direct: bool| Asked {
        room: RoomId::parse(room).unwrap(),
        by: owned_user_id!("@bob:example.org"),
        invitation: Invitation {
            is_direct,
            by: "Bob".into(),
            profile: crate::portal::Profile::default(),
            encrypted: false,
        },
        says_direct: is_direct,
    };
    let ask = |is_direct: bool| move |intake: &mut Intake<'_, '_>| intake.asked(invited("!r", is_direct));
    assert_eq!(world.take(ask(true)).await.words(), [format!("asked by {BOB}")]);
    assert!(world.take(ask(true)).await.arrivals.is_empty());
    assert_eq!(world.rooms.invitations_of(user_id!("@bob:example.org")), ["!r"]);
    assert_eq!(world.take(|intake| intake.lost(room_id!("!r"))).await.words(), [format!("withdrawn {BOB}")]);
    assert_eq!(world.take(ask(false)).await.words(), [format!("asked into !r by {BOB}")]);
    assert_eq!(world.take(|intake| intake.lost(room_id!("!r"))).await.words(), ["lost !r"]);
    let mut fresh = World::new().await;
    let many: Vec<Asked> = (0..12).map(|number| invited(&format!("!{number}"), false)).collect();
    let outcome = fresh.take(|intake| many.into_iter().for_each(|asked| intake.asked(asked))).await;
    assert_eq!((outcome.arrivals.len(), outcome.unasked), (10, 2), "each is a question on the screen");
}

#[tokio::test]
async fn who_types_and_who_is_there_is_signalled_of_direct_chats_and_rooms() {
    let mut world = World::begun().await;
    world.joined(&[("!r", news(direct(), vec![]))]).await;
    let typing = |users: &[&str]| Happening::Typing {
        room: RoomId::parse("!r").unwrap(),
        users: users.iter().map(|user| UserId::parse(*user).unwrap()).collect(),
    };
    let typed = |outcome: &Outcome| -> Vec<bool> {
        let typing = |signal: &Signal| {
            if let Signal::Typing { typing, place, .. } = signal {
                assert_eq!(*place, RemoteTarget::Person(domain::RemoteUser(BOB.into())));
                Some(*typing)
            } else {
                None
            }
        };
        outcome.signals.iter().filter_map(typing).collect()
    };
    let begins = News { passing: vec![typing(&[BOB, ME])], ..news(direct(), vec![]) };
    assert_eq!(typed(&world.joined(&[("!r", begins)]).await), [true], "one's own hands are no news");
    let ends = News { passing: vec![typing(&[])], ..news(direct(), vec![]) };
    assert_eq!(typed(&world.joined(&[("!r", ends)]).await), [false]);
    let seen = |user: &str| Happening::Seen {
        user: UserId::parse(user).unwrap(),
        presence: crate::presence::seen("online", None, None, Timestamp(0)),
    };
    let outcome =
        world.take(|intake| [seen(BOB), seen("@carl:a.org")].into_iter().for_each(|seen| intake.seen(seen))).await;
    assert_eq!(outcome.signals.len(), 1, "of others nobody asked");
}

#[tokio::test]
async fn whoever_leaves_one_chat_of_two_has_not_gone() {
    let mut world = World::begun().await;
    world.joined(&[("!r", news(direct(), vec![])), ("!second", news(direct(), vec![]))]).await;
    assert!(world.take(|intake| intake.lost(room_id!("!r"))).await.arrivals.is_empty(), "there is another one");
    let outcome = world.take(|intake| intake.lost(room_id!("!second"))).await;
    assert_eq!(outcome.words(), [format!("withdrawn {BOB}")]);
    let is_unseen = |signal: &Signal| matches!(signal, Signal::Presence(pair, seen) if pair.user == BOB && *seen == domain::presence::RemotePresence::UNKNOWN);
    assert!(outcome.signals.iter().any(is_unseen), "{:?}", outcome.signals);
    // Whom the ghost has a chat with has not gone either.
    let with = |standing: Membership| {
        let mut facts = direct();
        facts.people = if standing == Membership::Left { 1 } else { 2 };
        let person = facts.direct.as_mut().unwrap();
        (person.user, person.standing) = (owned_user_id!("@met:example.org"), standing);
        facts
    };
    world.joined(&[("!r", news(with(Membership::Joined), vec![]))]).await;
    let outcome = world.joined(&[("!r", news(with(Membership::Left), vec![]))]).await;
    assert!(outcome.arrivals.is_empty() && outcome.signals.is_empty(), "{:?}", outcome.words());
}

#[tokio::test]
async fn another_device_of_the_account_knows_its_rooms_and_reads_what_is_unread() {
    let mut world = World::begun().await;
    world.joined(&[("!r", news(direct(), vec![])), ("!tea", news(several("Tea"), vec![]))]).await;
    world.catch_up("!r").await;
    let rooms: std::collections::BTreeMap<_, _> = world.rooms.all().into_iter().collect();
    let anew = begun_anew(&carol(), rooms.iter());
    world.host.write(anew).await.unwrap();
    world.rooms = OwnRooms::load(&*world.host, &carol()).await.unwrap();
    let said = world.says(BOB, "old");
    let unread = Facts { unread: 3, ..direct() };
    let outcome = world.joined(&[("!r", News { limited: true, ..news(unread, vec![said]) })]).await;
    assert!(outcome.arrivals.is_empty(), "they are on the list: {:?}", outcome.words());
    let kept = world.kept("!r").unwrap();
    assert_eq!((kept.unread, kept.timeline.missed()), (Some(3), &[][..]), "read elsewhere or not: it is looked");
    assert_eq!(world.rooms.behind(), ["!r", "!tea"]);
}

#[tokio::test]
async fn a_direct_chat_is_kept_as_it_is_known() {
    let mut world = World::begun().await;
    world.joined(&[("!r", news(direct(), vec![]))]).await;
    let kept = world.kept("!r").unwrap();
    let kind = Kind::Direct { user: owned_user_id!("@bob:example.org"), person: Membership::Joined };
    assert_eq!((kept.kind, kept.name.as_str()), (kind, "Bob"));
    let mut renamed = direct();
    renamed.direct.as_mut().unwrap().name = "Robert".into();
    let outcome = world.joined(&[("!r", news(renamed, vec![]))]).await;
    assert!(
        outcome.signals.iter().any(|signal| matches!(signal, Signal::Profile(profile) if profile.name == "Robert"))
    );
    let mut left = direct();
    left.people = 1;
    left.direct.as_mut().unwrap().standing = Membership::Left;
    assert_eq!(world.joined(&[("!r", news(left, vec![]))]).await.words(), [format!("withdrawn {BOB}")]);
    assert_eq!(world.rooms.direct(user_id!("@bob:example.org")), None);
}
