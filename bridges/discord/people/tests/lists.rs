//! Who and what comes onto lists, and goes.

use bridge::{Found, Host as _};
use domain::{RemoteRoom, contact::RemoteTarget, presence::Availability};
use serde_json::json;

use super::{stage::*, *};
use crate::words::{Names as _, People as _};

fn person(user: UserId) -> RemoteTarget {
    RemoteTarget::Person(RemoteUser(user.to_string()))
}

fn room(channel: u64) -> RemoteTarget {
    RemoteTarget::Room(RemoteRoom(channel.to_string()))
}

#[tokio::test]
async fn channels_and_people_come_onto_the_list_once() {
    let stage = stage(Members::All);
    stage.connect(guild()).await;
    let list = ["general.rust in Rust", "Ann in Rust", "Benny in Rust"];
    assert_eq!(stage.list(), list, "bots are nobody to talk to");
    stage.connect(guild()).await;
    assert_eq!(stage.list(), list);
    // After a new start nothing is new, and everything is shown again.
    let again = on(Arc::clone(&stage.host), Members::All, stage.owners.clone());
    let calls = stage.seen().calls;
    again.connect(guild()).await;
    assert_eq!(again.list(), list);
    assert_eq!(again.seen().calls - calls, 5, "two presences, two profiles, a room");
}

#[tokio::test]
async fn who_speaks_becomes_a_contact() {
    let stage = stage(Members::Active);
    stage.connect(guild()).await;
    assert_eq!(stage.list(), ["general.rust in Rust"]);
    stage.hear(&message(BEN, Some(GUILD)));
    stage.hear(&message(UserId(7), Some(GUILD)));
    stage.people.settle(BOT).await;
    assert_eq!(stage.list(), ["general.rust in Rust", "Benny in Rust"]);
    assert_eq!(stage.presence(BEN).unwrap().availability, Availability::Offline);
    assert_eq!(stage.presence(ANN), None, "nobody's contact is told to nobody");
}

#[tokio::test]
async fn each_account_of_a_relay_has_its_own_list() {
    let stage = stage_for(Members::All, &["carol", "dave"]);
    stage.connect(guild()).await;
    let of = |name: &str| stage.seen().arrivals.iter().filter(|arrival| arrival.owner().local() == name).count();
    assert_eq!((of("carol"), of("dave")), (3, 3));
    stage.people.decline(&stage.owners[1], &person(ANN)).await.unwrap();
    let before = stage.seen().calls;
    stage.hear(&presence(ANN, "dnd"));
    assert_eq!(stage.seen().calls, before + 1, "only Carol is told");
}

#[tokio::test]
async fn an_account_that_links_a_bot_of_its_own_leaves_the_relay() {
    let stage = stage_for(Members::All, &["carol", "dave"]);
    stage.connect(guild()).await;
    let own = UserId(2);
    let mut other = guild();
    (other["id"], other["name"]) = (json!("10"), json!("Go"));
    other["channels"] = json!([{ "id": "60", "type": 0, "name": "start" }]);
    other["roles"] = json!([{ "id": "10", "name": "@everyone", "permissions": "3072" }]);
    let carol_alone = [carol()];
    let me = User { id: own, ..User::default() };
    let application = crate::model::Application::default();
    stage.people.hear(own, &carol_alone, &Happening::Ready { me, application, guilds: vec![GuildId(10)] });
    stage.people.hear(own, &carol_alone, &told(other));
    let before = stage.list().len();
    stage.people.settle(own).await;
    let mut changes = stage.list().split_off(before);
    changes.sort();
    assert_eq!(changes, ["start.go in Go", "without 50"], "Ann and Ben are in both guilds");
    let calls = stage.seen().calls;
    stage.hear_for(&[stage.owners[1].clone()], &presence(ANN, "dnd"));
    assert_eq!(stage.seen().calls, calls + 2, "each is told once, by their own bot");
}

#[tokio::test]
async fn what_could_not_be_kept_is_kept_later() {
    let stage = stage(Members::All);
    stage.host.fail_next(1);
    stage.connect(guild()).await;
    assert_eq!(stage.list(), [] as [&str; 0]);
    assert_eq!(stage.presence(ANN), None, "who is on no list is not told of");
    stage.people.settle(BOT).await;
    assert_eq!(stage.list().len(), 3);
    assert_eq!(stage.presence(ANN).unwrap().availability, Availability::Away);
}

#[tokio::test]
async fn who_leaves_is_out_of_reach() {
    let stage = stage(Members::All);
    let mut big = guild();
    big["member_count"] = json!(9_000);
    stage.connect(big).await;
    stage.hear(&Happening::MemberGone { guild: GUILD, user: ANN });
    stage.people.settle(BOT).await;
    assert_eq!(stage.list().last().unwrap(), "without 1000");
    assert_eq!(stage.presence(ANN).unwrap().availability, Availability::Unreachable);
}

#[tokio::test]
async fn rooms_go_with_their_channel_or_the_right_to_see_it() {
    let stage = stage(Members::None);
    let mut two = guild();
    two["channels"] = json!([{ "id": "50", "type": 0, "name": "general" }, { "id": "51", "type": 0, "name": "more" }]);
    stage.connect(two).await;
    stage.hear(&Happening::ChannelGone { guild: Some(GUILD), channel: ChannelId(51) });
    stage.people.settle(BOT).await;
    assert_eq!(stage.list().last().unwrap(), "without 51");
    let closed = json!({ "id": "9", "name": "@everyone", "permissions": "0" });
    stage.hear(&Happening::Role { guild: GUILD, role: serde_json::from_value(closed).unwrap() });
    stage.people.settle(BOT).await;
    assert_eq!(stage.list().last().unwrap(), "without 50");
    assert_eq!(stage.list().len(), 4);
}

#[tokio::test]
async fn a_guild_that_is_gone_takes_all_with_it() {
    let stage = stage(Members::All);
    stage.connect(guild()).await;
    stage.hear(&Happening::GuildGone { guild: GUILD, unavailable: true });
    stage.people.settle(BOT).await;
    assert_eq!(stage.list().len(), 3, "Discord's own trouble takes nothing");
    stage.hear(&ready(&[]));
    stage.people.settle(BOT).await;
    let mut lost = stage.list().split_off(3);
    lost.sort();
    assert_eq!(lost, ["without 1000", "without 1001", "without 50"]);
}

#[tokio::test]
async fn nothing_is_taken_from_lists_before_a_session_tells_what_there_is() {
    let stage = stage(Members::All);
    stage.connect(guild()).await;
    let list = stage.list();
    let again = on(Arc::clone(&stage.host), Members::All, stage.owners.clone());
    // This comes before the connection is opened, which may take its time.
    again.people.connection(BOT, &again.owners, &Connection::Connecting);
    again.people.connection(BOT, &again.owners, &Connection::Lessened { missing: vec![Intent::Members] });
    for bot in again.people.advance(Instant::now() + std::time::Duration::from_secs(20)) {
        again.people.settle(bot).await;
    }
    assert_eq!(again.list(), list);
    again.connect(guild()).await;
    assert_eq!(again.list(), list);
}

#[tokio::test]
async fn who_is_thrown_out_and_invited_again_has_the_list_again() {
    let stage = stage(Members::All);
    stage.connect(guild()).await;
    stage.people.decline(&carol(), &person(BEN)).await.unwrap();
    stage.hear(&Happening::GuildGone { guild: GUILD, unavailable: false });
    stage.people.settle(BOT).await;
    assert_eq!(stage.presence(ANN).unwrap().availability, Availability::Unreachable);
    let mut renamed = guild();
    renamed["name"] = json!("Go");
    stage.hear(&told(renamed));
    stage.people.settle(BOT).await;
    assert_eq!(stage.list().split_off(5), ["general.go in Go", "Ann in Go"], "who was declined stays away");
    assert_eq!(stage.presence(ANN).unwrap().availability, Availability::Away);
}

#[tokio::test]
async fn what_the_user_decides_stands() {
    let stage = stage(Members::Active);
    stage.connect(guild()).await;
    stage.people.choose(&carol(), BOT, &person(ANN)).await.unwrap();
    let shown = stage.presence(ANN).unwrap();
    assert_eq!(
        (shown.availability, shown.personal_message.text.as_str()),
        (Availability::Away, "reading"),
        "told at once"
    );
    stage.people.decline(&carol(), &person(BEN)).await.unwrap();
    stage.people.decline(&carol(), &room(50)).await.unwrap();
    stage.hear(&message(BEN, Some(GUILD)));
    stage.people.settle(BOT).await;
    assert_eq!(stage.list(), ["general.rust in Rust"], "neither is put there again");
    let again = on(Arc::clone(&stage.host), Members::All, stage.owners.clone());
    again.connect(guild()).await;
    assert_eq!(again.list(), ["general.rust in Rust"]);
    assert_eq!(again.presence(BEN), None);
}

#[tokio::test]
async fn who_writes_to_an_account_alone_becomes_its_contact() {
    let stage = stage_for(Members::None, &["carol", "dave"]);
    stage.connect(guild()).await;
    let before = stage.list().len();
    let stranger =
        User { id: UserId(4000), username: "eve".into(), global_name: Some("Eve".into()), ..User::default() };
    let ann = User { id: ANN, username: "ann".into(), global_name: Some("Ann".into()), ..User::default() };
    for user in [&stranger, &ann, &stranger] {
        stage.people.met(BOT, &carol(), user);
    }
    stage.people.settle(BOT).await;
    assert_eq!(stage.list().split_off(before), ["Eve in no group", "Ann in Rust"]);
    stage.people.met(BOT, &carol(), &stranger);
    stage.people.settle(BOT).await;
    assert_eq!(stage.list().len(), before + 2);
    assert!(stage.seen().arrivals[before..].iter().all(|arrival| *arrival.owner() == carol()));
}

#[tokio::test]
async fn a_released_account_keeps_nothing() {
    let stage = stage(Members::All);
    stage.connect(guild()).await;
    stage.people.release(&carol()).await.unwrap();
    let lost = stage.list().into_iter().filter(|line| line.starts_with("without"));
    assert_eq!(lost.count(), 3);
    assert_eq!(stage.presence(ANN).unwrap().availability, Availability::Unreachable);
    let kept = stage.host.list("listed/").await.unwrap();
    assert!(kept.is_empty(), "{kept:?}");
}

#[tokio::test]
async fn a_list_that_is_being_kept_is_not_given_back_to_a_released_account() {
    let stage = stage(Members::All);
    stage.connect(guild()).await;
    let carol = carol();
    let turn = stage.people.keeping.lock().await;
    let mut both = std::pin::pin!(futures_util::future::join(stage.people.release(&carol), stage.people.settle(BOT)));
    assert!(futures_util::poll!(both.as_mut()).is_pending());
    drop(turn);
    both.await.0.unwrap();
    assert_eq!(stage.host.list("listed/").await.unwrap(), []);
    assert_eq!(stage.presence(ANN).unwrap().availability, Availability::Unreachable);
}

#[tokio::test]
async fn of_big_guilds_contacts_are_asked_for_and_others_are_not() {
    let stage = stage(Members::All);
    let mut small = guild();
    small["member_count"] = json!(6);
    stage.connect(small.clone()).await;
    assert_eq!(*stage.asked.lock().unwrap(), [(GUILD, Ask::All)]);
    stage.people.settle(BOT).await;
    assert_eq!(stage.asked.lock().unwrap().len(), 1, "once in a session");
    // After a new start the guild has grown, and Discord does not tell of those who are away.
    let again = on(Arc::clone(&stage.host), Members::All, stage.owners.clone());
    small["member_count"] = json!(50_000);
    small["members"] = json!([{ "user": { "id": "1", "username": "chrysalis", "bot": true } }]);
    small["presences"] = json!([]);
    again.connect(small).await;
    assert_eq!(those(&again.asked.lock().unwrap()), [ANN, BEN].into());
    assert!(!again.asked.lock().unwrap().contains(&(GUILD, Ask::All)), "of so many nobody asks for all");
    // The question may have been lost when the connection broke.
    again.asked.lock().unwrap().clear();
    again.hear(&Happening::Resumed);
    again.people.settle(BOT).await;
    assert_eq!(those(&again.asked.lock().unwrap()), [ANN, BEN].into());
}

#[tokio::test]
async fn people_and_rooms_are_found() {
    let stage = stage(Members::None);
    stage.connect(guild()).await;
    let ann = stage.people.resolve("ANN").unwrap();
    assert_eq!((ann.user.as_str(), ann.name.as_str(), ann.login.as_str()), ("1000", "Ann", "ann"));
    assert_eq!(stage.people.resolve("benny"), None, "a nickname is no login");
    let general = stage.people.resolve_room("general.rust").unwrap();
    assert_eq!((general.room.as_str(), general.name.as_str()), ("50", "#general (Rust)"));
    assert_eq!(stage.people.find("<#50>"), Some(Found::Room(general.clone())));
    assert_eq!(stage.people.find("https://discord.com/users/1000"), Some(Found::Person(ann.clone())));
    assert_eq!(stage.people.find("<@4711>"), None);
    assert_eq!(stage.people.search(BOT, "#GENER"), [Found::Room(general)]);
    assert_eq!(stage.people.search(BOT, "nn").len(), 2, "Ann and Benny");
    assert_eq!(stage.people.search(BOT, " "), []);
    assert_eq!(stage.people.search(UserId(2), "ann"), [], "another bot is not in this guild");
}

#[tokio::test]
async fn names_stand_for_ids_and_ids_for_names() {
    let stage = stage(Members::None);
    stage.connect(guild()).await;
    let names = stage.people.names(Some(GUILD));
    assert_eq!(names.user(BEN).as_deref(), Some("Benny"));
    assert_eq!(names.channel(ChannelId(50)).as_deref(), Some("general"));
    assert_eq!(stage.people.names(None).channel(ChannelId(50)), None, "another guild's channels are not told");
    let here = stage.people.people(Some(GUILD));
    assert_eq!(["benny", "BEN", "ann", "nobody"].map(|name| here.user(name)), [Some(BEN), Some(BEN), Some(ANN), None]);
    assert_eq!(stage.people.people(None).user("ann"), None);
}

#[tokio::test]
async fn a_name_of_two_is_nobodys_but_a_login_is_its_owners() {
    let stage = stage(Members::None);
    let mut doubled = guild();
    doubled["members"] = json!([
        { "user": { "id": "1000", "username": "ann", "global_name": "Sam" } },
        { "user": { "id": "1001", "username": "ben", "global_name": "Sam" }, "nick": "ann" }
    ]);
    stage.connect(doubled).await;
    let here = stage.people.people(Some(GUILD));
    assert_eq!((here.user("sam"), here.user("ann")), (None, Some(ANN)));
}
