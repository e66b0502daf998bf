//! Who is there, who types, and how they look.

use std::{sync::atomic::Ordering, time::Duration};

use domain::{RemoteRoom, contact::RemoteTarget};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{stage::*, *};
use domain::presence::Availability;

fn typing(user: UserId, guild: Option<GuildId>) -> Happening {
    Happening::Typing { guild, channel: ChannelId(50), user, member: None }
}

fn lost() -> Connection {
    Connection::Lost { reason: "the line broke".into(), again_in: Duration::ZERO }
}

fn away(stage: &Stage) -> Availability {
    stage.presence(ANN).unwrap().availability
}

#[tokio::test]
async fn a_new_session_tells_nothing_but_differences() {
    let stage = stage(Members::All);
    stage.connect(guild()).await;
    let calls = stage.seen().calls;
    for _ in 0..3 {
        stage.connect(guild()).await;
    }
    assert_eq!(stage.seen().calls, calls, "no storm");
    let mut changed = guild();
    changed["presences"] = json!([{ "user": { "id": "1001" }, "status": "dnd" }]);
    stage.connect(changed).await;
    assert_eq!(stage.seen().calls, calls + 2, "Ann went, and Ben came");
    let ann = stage.presence(ANN).unwrap();
    assert!(ann.availability == Availability::Offline && ann.last_active.is_some(), "{ann:?}");
    assert_eq!(stage.presence(BEN).unwrap().availability, Availability::Busy);
}

#[tokio::test]
async fn who_is_told_in_two_guilds_is_told_once() {
    let stage = stage(Members::All);
    stage.connect(guild()).await;
    let calls = stage.seen().calls;
    stage.hear(&presence(ANN, "online"));
    stage.hear(&presence(ANN, "online"));
    assert_eq!((stage.seen().calls, away(&stage)), (calls + 1, Availability::Online));
}

#[tokio::test]
async fn a_guild_of_thousands_tells_only_of_contacts() {
    let stage = stage(Members::Active);
    stage.connect(guild()).await;
    let calls = stage.seen().calls;
    for user in 2_000..7_000 {
        stage.hear(&presence(UserId(user), "online"));
    }
    stage.people.settle(BOT).await;
    assert_eq!(stage.seen().calls, calls);
    assert_eq!(stage.asked.lock().unwrap().len(), 0, "nobody is asked for who is of no use");
}

#[tokio::test]
async fn a_short_outage_shows_nothing_and_a_long_one_that_nobody_is_there() {
    let stage = stage(Members::All);
    stage.connect(guild()).await;
    let calls = stage.seen().calls;
    let begun = Instant::now();
    stage.people.connection(BOT, &stage.owners, &lost());
    stage.people.connection(BOT, &stage.owners, &Connection::Connecting);
    stage.people.advance(begun + Duration::from_secs(59));
    stage.hear(&Happening::Resumed);
    stage.people.advance(begun + Duration::from_mins(10));
    assert_eq!(stage.seen().calls, calls);

    stage.people.connection(BOT, &stage.owners, &lost());
    stage.people.advance(Instant::now() + Duration::from_secs(61));
    assert_eq!(away(&stage), Availability::Offline);
    assert_eq!(stage.seen().calls, calls + 1, "Ben was not there before either");
    // That other accounts speak through the bot does not mean that it hears.
    stage.people.serve(BOT, &stage.owners);
    stage.people.settle(BOT).await;
    assert_eq!(away(&stage), Availability::Offline);
    // What comes within a session that has not begun anew shows with it.
    stage.connect(guild()).await;
    assert_eq!(away(&stage), Availability::Away);
}

#[tokio::test]
async fn after_a_gap_contacts_are_asked_for_anew() {
    let stage = stage(Members::All);
    stage.connect(guild()).await;
    assert!(stage.asked.lock().unwrap().is_empty());
    stage.people.gap(BOT);
    stage.people.settle(BOT).await;
    assert_eq!(those(&stage.asked.lock().unwrap()), [ANN, BEN].into());
    stage.people.settle(BOT).await;
    assert_eq!(stage.asked.lock().unwrap().len(), 1, "once");
}

#[tokio::test]
async fn a_bot_that_never_connects_shows_nobody() {
    let stage = stage(Members::All);
    stage.connect(guild()).await;
    let again = on(Arc::clone(&stage.host), Members::All, stage.owners.clone());
    again.people.connection(BOT, &again.owners, &Connection::Connecting);
    again.people.load(&carol()).await.unwrap();
    again.people.advance(Instant::now() + Duration::from_secs(61));
    assert_eq!(away(&again), Availability::Offline);
}

#[tokio::test]
async fn where_nobody_tells_who_is_there_what_they_do_tells_it() {
    let stage = stage(Members::All);
    stage.people.connection(BOT, &stage.owners, &Connection::Lessened { missing: vec![Intent::Presences] });
    let mut silent = guild();
    silent["presences"] = json!([]);
    stage.connect(silent).await;
    assert_eq!(away(&stage), Availability::Offline);
    stage.hear(&message(ANN, Some(GUILD)));
    let seen = stage.presence(ANN).unwrap();
    assert!(seen.availability == Availability::Online && seen.last_active.is_some(), "{seen:?}");
    stage.people.connection(BOT, &stage.owners, &Connection::Lessened { missing: Vec::new() });
    stage.connect(guild()).await;
    assert_eq!(away(&stage), Availability::Away, "Discord tells it again");
}

#[tokio::test]
async fn typing_is_shown_where_it_is_done() {
    let stage = stage(Members::None);
    stage.connect(guild()).await;
    let place = RemoteTarget::Room(RemoteRoom("50".into()));
    let typist = (carol(), RemoteUser(ANN.to_string()), place);
    stage.hear(&typing(ANN, Some(GUILD)));
    assert!(stage.seen().typing.contains(&typist));
    let calls = stage.seen().calls;
    stage.hear(&typing(ANN, Some(GUILD)));
    assert_eq!(stage.seen().calls, calls, "told once");
    stage.hear(&message(ANN, Some(GUILD)));
    assert!(stage.seen().typing.is_empty(), "it is said");
    stage.hear(&typing(ANN, Some(GUILD)));
    stage.people.advance(Instant::now() + Duration::from_secs(10));
    assert!(stage.seen().typing.is_empty(), "it fades");
    stage.hear(&typing(BOT, Some(GUILD)));
    assert!(stage.seen().typing.is_empty(), "our own bot is an account of this server");
    stage.hear(&typing(ANN, None));
    let alone = RemoteTarget::Person(RemoteUser(ANN.to_string()));
    assert!(stage.seen().typing.contains(&(carol(), RemoteUser(ANN.to_string()), alone)));
}

#[tokio::test]
async fn who_types_to_a_bot_of_many_is_not_shown_to_all_of_them() {
    let stage = stage_for(Members::None, &["carol", "dave"]);
    stage.connect(guild()).await;
    stage.hear(&typing(ANN, None));
    assert!(stage.seen().typing.is_empty());
    stage.people.types(&carol(), ANN);
    assert_eq!(stage.seen().typing.len(), 1);
}

#[tokio::test]
async fn pictures_are_fetched_once_and_shown_by_people_and_rooms() {
    let stage = stage(Members::All);
    let stopping = CancellationToken::new();
    let running = tokio::spawn(Arc::clone(&stage.people).run(stopping.clone()));
    stage.hear(&ready(&[9]));
    stage.hear(&told(guild()));
    let ann = RemoteTarget::Person(RemoteUser(ANN.to_string()));
    let general = RemoteTarget::Room(RemoteRoom("50".into()));
    let both = |seen: &bridge::conformance::Seen| {
        let shows = |whose| seen.pictures.get(whose).copied().flatten();
        Some((shows(&ann)?, shows(&general)?))
    };
    stage.host.wait_for("both pictures", both).await;
    assert_eq!(stage.host.picture_of(&ann).unwrap(), b"Person(UserId(1000)) 0a");
    assert_eq!(stage.host.picture_of(&general).unwrap(), b"Guild(GuildId(9)) 1cf");
    assert_eq!(stage.gallery.opened.load(Ordering::Relaxed), 2);
    let member = json!({ "user": { "id": "1000", "username": "ann", "avatar": "0b" } });
    stage.hear(&Happening::Member { guild: GUILD, member: Box::new(serde_json::from_value(member).unwrap()) });
    let host = &stage.host;
    host.wait_for("the new one", |_| (host.picture_of(&ann)? == b"Person(UserId(1000)) 0b").then_some(())).await;
    stopping.cancel();
    running.await.unwrap();

    // After a new start it is told again, and not fetched again.
    let again = on(Arc::clone(&stage.host), Members::All, stage.owners.clone());
    again.gallery.closed.store(1, Ordering::Relaxed);
    let stopping = CancellationToken::new();
    let running = tokio::spawn(Arc::clone(&again.people).run(stopping.clone()));
    again.hear(&ready(&[9]));
    let mut without = guild();
    without["members"][2]["user"]["avatar"] = json!(null);
    again.hear(&told(without));
    let gone = |seen: &bridge::conformance::Seen| seen.pictures.get(&ann)?.is_none().then_some(());
    again.host.wait_for("no picture any more", gone).await;
    stopping.cancel();
    running.await.unwrap();
    assert_eq!(again.gallery.opened.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_new_name_is_told_of_those_who_are_contacts() {
    let stage = stage(Members::All);
    stage.connect(guild()).await;
    let member = json!({ "user": { "id": "1000", "username": "ann", "global_name": "Annabel" } });
    stage.hear(&Happening::Member { guild: GUILD, member: Box::new(serde_json::from_value(member).unwrap()) });
    assert_eq!(stage.seen().profiles[&RemoteUser(ANN.to_string())].name, "Annabel");
    let renamed = json!({ "id": "50", "type": 0, "guild_id": "9", "name": "lobby", "topic": "arrivals" });
    stage.hear(&Happening::Channel(Box::new(serde_json::from_value(renamed).unwrap())));
    let room = || stage.seen().rooms[&RemoteRoom("50".into())].clone();
    assert_eq!((room().name.as_str(), room().topic.as_str()), ("#lobby (Rust)", "arrivals"));
    let guild_renamed = serde_json::from_value(json!({ "id": "9", "name": "Ferrous" })).unwrap();
    stage.hear(&Happening::GuildChanged(Box::new(guild_renamed)));
    assert_eq!(room().name, "#lobby (Ferrous)");
    // What changed while nobody listened is told with the next session.
    let mut meanwhile = guild();
    meanwhile["members"][2]["user"]["global_name"] = json!("Anna");
    meanwhile["name"] = json!("Ferrous");
    stage.hear(&told(meanwhile.clone()));
    assert_eq!(room().name, "#general (Ferrous)");
    meanwhile["name"] = json!("Rust");
    stage.hear(&told(meanwhile));
    assert_eq!((room().name.as_str(), room().topic.as_str()), ("#general (Rust)", "everything"));
    assert_eq!(stage.seen().profiles[&RemoteUser(ANN.to_string())].name, "Anna");
}
