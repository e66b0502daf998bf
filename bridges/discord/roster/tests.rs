use domain::presence::Availability;
use serde_json::{Value, json};

use super::*;
use crate::model::{self, Guild, Member, Permissions, Presence, RoleId, User};

const BOT: UserId = UserId(1);
const OTHER_BOT: UserId = UserId(2);
const ANN: UserId = UserId(1000);
const BEN: UserId = UserId(1001);
const GUILD: GuildId = GuildId(9);
const NOW: Timestamp = Timestamp(5_000);

fn member(id: u64, name: &str) -> Value {
    json!({ "user": { "id": id.to_string(), "username": name }, "roles": [] })
}

fn presence(id: u64, status: &str) -> Value {
    json!({ "user": { "id": id.to_string() }, "status": status, "activities": [] })
}

/// The guild of most tests: a public channel, a secret one, a thread, and Ann, who is online, and Ben.
fn guild(changes: &Value) -> Happening {
    let mut guild = json!({
        "id": "9", "name": "Rust", "owner_id": "5", "member_count": 3,
        "roles": [
            { "id": "9", "name": "@everyone", "permissions": "3072" },
            { "id": "70", "name": "staff", "permissions": "0" }
        ],
        "channels": [
            { "id": "50", "type": 0, "name": "general", "topic": "everything" },
            { "id": "51", "type": 0, "name": "secret", "permission_overwrites": [
                { "id": "9", "type": 0, "allow": "0", "deny": "1024" },
                { "id": "70", "type": 0, "allow": "1024", "deny": "0" }
            ] }
        ],
        "threads": [{ "id": "60", "type": 11, "name": "aside", "parent_id": "50" }],
        "members": [member(1, "chrysalis"), member(1000, "ann"), member(1001, "ben")],
        "presences": [presence(1000, "online")]
    });
    for (key, value) in changes.as_object().unwrap() {
        guild[key] = value.clone();
    }
    Happening::Guild(Box::new(serde_json::from_value(guild).unwrap()))
}

fn ready(guilds: &[u64]) -> Happening {
    let guilds = guilds.iter().copied().map(GuildId).collect();
    Happening::Ready { me: User { id: BOT, ..User::default() }, application: model::Application::default(), guilds }
}

fn presence_in(guild: u64, told: Value) -> Happening {
    Happening::Presence { guild: Some(GuildId(guild)), presence: Box::new(serde_json::from_value(told).unwrap()) }
}

fn joined(told: Value) -> Happening {
    Happening::Member { guild: GUILD, member: Box::new(serde_json::from_value(told).unwrap()) }
}

fn channel(told: Value) -> Happening {
    Happening::Channel(Box::new(serde_json::from_value(told).unwrap()))
}

fn roster() -> Roster {
    let roster = Roster::default();
    roster.take(BOT, &ready(&[9]), NOW);
    roster.take(BOT, &guild(&json!({})), NOW);
    roster
}

fn rooms(roster: &Roster, bot: UserId) -> Vec<u64> {
    roster.rooms(bot, GUILD).iter().map(|room| room.channel.0).collect()
}

#[test]
fn a_guild_is_known_as_it_is_told() {
    let roster = roster();
    let general = roster.channel(ChannelId(50)).unwrap();
    assert_eq!((general.guild, general.name.as_str(), general.topic.as_str()), (GUILD, "general", "everything"));
    assert_eq!(roster.person(ANN).unwrap().username, "ann");
    assert_eq!(roster.seen(BOT, ANN).availability, Availability::Online);
    assert_eq!(roster.seen(BOT, BEN).availability, Availability::Offline);
    assert_eq!(roster.bots_in(GUILD), [BOT]);
    assert_eq!(roster.file_limit(GUILD), 10 * 1024 * 1024);
    assert_eq!(roster.role_name(GUILD, RoleId(70)).as_deref(), Some("staff"));
    roster.take(BOT, &guild(&json!({ "premium_tier": 3 })), NOW);
    assert_eq!(roster.file_limit(GUILD), 100 * 1024 * 1024);
}

#[test]
fn what_a_bot_may_see_follows_from_its_roles() {
    let roster = roster();
    assert_eq!(rooms(&roster, BOT), [50, 60], "threads come last");
    let may = |channel: u64, wanted| roster.may(BOT, ChannelId(channel), wanted);
    assert!(may(50, Permissions::SEND_MESSAGES) && !may(50, Permissions::MANAGE_WEBHOOKS));
    assert!(!may(51, Permissions::VIEW_CHANNEL) && !may(51, Permissions::SEND_MESSAGES), "what is not seen is closed");
    assert!(may(60, Permissions::VIEW_CHANNEL), "a thread is as open as its channel");
    assert!(!may(60, Permissions::SEND_MESSAGES), "to say something in a thread is allowed apart");
    assert!(!may(77, Permissions::VIEW_CHANNEL), "an unknown channel");

    let told = json!({ "user": { "id": "1", "username": "chrysalis" }, "roles": ["70"] });
    assert_eq!(roster.take(BOT, &joined(told), NOW), [Change::Guild(GUILD)], "our own roles count");
    assert_eq!(rooms(&roster, BOT), [50, 51, 60]);

    // A role of more rights, an overwrite for one alone, and what nothing can overwrite.
    let threads = json!({ "id": "70", "name": "staff", "permissions": (1_u64 << 38).to_string() });
    roster.take(BOT, &Happening::Role { guild: GUILD, role: serde_json::from_value(threads).unwrap() }, NOW);
    assert!(may(60, Permissions::SEND_MESSAGES));
    roster.take(
        BOT,
        &channel(json!({ "id": "50", "type": 0, "name": "general", "guild_id": "9", "permission_overwrites": [
            { "id": "1", "type": 1, "allow": "0", "deny": "2048" }
        ] })),
        NOW,
    );
    assert!(!may(50, Permissions::SEND_MESSAGES) && may(50, Permissions::VIEW_CHANNEL));
    let all = json!({ "id": "70", "name": "staff", "permissions": "8" });
    roster.take(BOT, &Happening::Role { guild: GUILD, role: serde_json::from_value(all).unwrap() }, NOW);
    assert!(may(50, Permissions::SEND_MESSAGES) && may(51, Permissions::MANAGE_WEBHOOKS), "an administrator");
}

#[test]
fn a_thread_is_nobodys_business_who_was_not_told_of_it() {
    let roster = roster();
    roster.take(OTHER_BOT, &ready(&[9]), NOW);
    roster.take(
        OTHER_BOT,
        &guild(&json!({
            "threads": [],
            "members": [member(1, "chrysalis"), member(2, "other"), member(1000, "ann")]
        })),
        NOW,
    );
    assert_eq!((rooms(&roster, BOT), rooms(&roster, OTHER_BOT)), (vec![50, 60], vec![50]));
    let thread = json!({ "id": "60", "type": 11, "name": "aside", "parent_id": "50", "guild_id": "9" });
    assert_eq!(roster.take(OTHER_BOT, &channel(thread.clone()), NOW), [Change::Guild(GUILD)]);
    assert_eq!(rooms(&roster, OTHER_BOT), [50, 60]);
    assert_eq!(roster.take(OTHER_BOT, &channel(thread), NOW), []);
}

#[test]
fn a_presence_counts_once_whoever_tells_it() {
    let roster = roster();
    roster.take(BOT, &guild(&json!({ "id": "10", "threads": [], "channels": [] })), NOW);
    roster.take(OTHER_BOT, &ready(&[9]), NOW);
    assert_eq!(roster.take(BOT, &presence_in(9, presence(1000, "dnd")), NOW), [Change::Status(ANN)]);
    assert_eq!(roster.take(BOT, &presence_in(10, presence(1000, "dnd")), NOW), []);
    assert_eq!(roster.take(OTHER_BOT, &presence_in(9, presence(1000, "dnd")), NOW), []);
    let seen = roster.seen(BOT, ANN);
    assert_eq!((seen.availability, seen.left), (Availability::Busy, None));
    assert_eq!(roster.take(BOT, &presence_in(9, presence(1000, "offline")), Timestamp(7_000)), [Change::Status(ANN)]);
    assert_eq!(roster.seen(BOT, ANN).left, Some(Timestamp(7_000)));
    assert_eq!(roster.seen(OTHER_BOT, UserId(4711)), Seen::ABSENT);
}

#[test]
fn a_new_session_makes_nobody_go_and_come_back() {
    let roster = roster();
    assert_eq!(roster.take(BOT, &ready(&[9]), NOW), []);
    assert_eq!(roster.seen(BOT, ANN).availability, Availability::Online, "until it is told otherwise");
    assert_eq!(roster.take(BOT, &guild(&json!({})), NOW), [Change::Guild(GUILD)]);
    assert_eq!(roster.seen(BOT, ANN).availability, Availability::Online);
    roster.take(BOT, &guild(&json!({ "presences": [] })), NOW);
    assert_eq!(roster.seen(BOT, ANN).availability, Availability::Offline, "who is not named is offline");
}

#[test]
fn an_empty_list_tells_a_blind_bot_nothing() {
    let roster = roster();
    roster.blind(BOT, true);
    roster.take(BOT, &guild(&json!({ "presences": [] })), NOW);
    assert_eq!(roster.seen(BOT, ANN).availability, Availability::Online);
    assert!(roster.is_blind(BOT) && !roster.is_blind(OTHER_BOT));
}

#[test]
fn channels_and_threads_come_change_and_go() {
    let roster = roster();
    let mut told = json!({ "id": "61", "type": 11, "name": "new", "parent_id": "50", "guild_id": "9" });
    assert_eq!(roster.take(BOT, &channel(told.clone()), NOW), [Change::Guild(GUILD)]);
    assert_eq!(rooms(&roster, BOT), [50, 61, 60], "the newest thread first");
    told["name"] = json!("renamed");
    assert_eq!(roster.take(BOT, &channel(told.clone()), NOW), [Change::Channel(ChannelId(61))]);
    told["thread_metadata"] = json!({ "archived": true });
    assert_eq!(roster.take(BOT, &channel(told), NOW), [Change::Guild(GUILD)]);
    assert_eq!(rooms(&roster, BOT), [50, 60]);
    let gone = Happening::ChannelGone { guild: Some(GUILD), channel: ChannelId(50) };
    assert_eq!(roster.take(BOT, &gone, NOW), [Change::Guild(GUILD)]);
    assert_eq!(roster.channel(ChannelId(60)), None, "a thread goes with its channel");
    // What went while nobody listened.
    roster.take(BOT, &guild(&json!({ "channels": [{ "id": "52", "type": 2, "name": "lounge" }], "threads": [] })), NOW);
    assert_eq!(rooms(&roster, BOT), [52]);
}

#[test]
fn a_channel_that_moves_and_is_renamed_at_once_is_told_as_both() {
    let roster = roster();
    let told = json!({ "id": "50", "type": 0, "name": "lobby", "parent_id": "53", "guild_id": "9" });
    assert_eq!(roster.take(BOT, &channel(told), NOW), [Change::Guild(GUILD), Change::Channel(ChannelId(50))]);
}

#[test]
fn what_went_while_both_bots_were_away_is_gone() {
    let roster = roster();
    let three = json!([member(1, "chrysalis"), member(2, "other"), member(1000, "ann")]);
    roster.take(OTHER_BOT, &ready(&[9]), NOW);
    roster.take(OTHER_BOT, &guild(&json!({ "members": three })), NOW);
    let left =
        guild(&json!({ "channels": [{ "id": "50", "type": 0, "name": "general" }], "threads": [], "members": three }));
    roster.take(BOT, &left, NOW);
    assert!(roster.channel(ChannelId(60)).is_some(), "the other bot may be in it alone");
    roster.take(OTHER_BOT, &left, NOW);
    assert_eq!((roster.channel(ChannelId(51)), roster.channel(ChannelId(60))), (None, None));
    assert_eq!(roster.person(BEN), None);
    // A bot that is no longer ours keeps nothing there.
    roster.take(OTHER_BOT, &guild(&json!({ "members": three })), NOW);
    roster.forget(OTHER_BOT);
    assert_eq!((rooms(&roster, BOT), roster.channel(ChannelId(60))), (vec![50], None));
}

#[test]
fn forums_and_categories_are_no_rooms() {
    let roster = roster();
    roster.take(
        BOT,
        &guild(&json!({ "channels": [
            { "id": "53", "type": 4, "name": "all" }, { "id": "54", "type": 15, "name": "forum" },
            { "id": "55", "type": 2, "name": "lounge" }, { "id": "56", "type": 5, "name": "news" }
        ], "threads": [{ "id": "62", "type": 11, "name": "post", "parent_id": "54" }] })),
        NOW,
    );
    assert_eq!(rooms(&roster, BOT), [56, 55, 62], "a post of a forum is one, and voice comes after text");
}

#[test]
fn who_is_in_no_guild_is_forgotten() {
    let roster = roster();
    roster.take(BOT, &guild(&json!({ "id": "10", "channels": [], "threads": [] })), NOW);
    let gone = |guild: u64| Happening::MemberGone { guild: GuildId(guild), user: ANN };
    assert_eq!(roster.take(BOT, &gone(9), NOW), [Change::MemberGone(GUILD, ANN)]);
    assert!(roster.share_a_guild(BOT, ANN) && roster.is_surely_not_in(GUILD, ANN));
    roster.take(BOT, &gone(10), NOW);
    assert_eq!(roster.person(ANN), None);
    assert!(roster.person(BEN).is_some());
}

#[test]
fn a_guild_stays_as_long_as_one_of_ours_is_in_it() {
    let roster = roster();
    roster.take(OTHER_BOT, &ready(&[9]), NOW);
    roster.take(OTHER_BOT, &guild(&json!({})), NOW);
    let gone = |unavailable| Happening::GuildGone { guild: GUILD, unavailable };
    assert_eq!(roster.take(BOT, &gone(true), NOW), [], "Discord's own trouble passes");
    assert_eq!(roster.take(BOT, &gone(false), NOW), [Change::GuildGone(GUILD)]);
    assert!(roster.channel(ChannelId(50)).is_some() && !roster.may(BOT, ChannelId(50), Permissions::VIEW_CHANNEL));
    assert_eq!(roster.seen(BOT, ANN), Seen::ABSENT, "none of this bot's business any more");
    roster.forget(OTHER_BOT);
    assert_eq!((roster.channel(ChannelId(50)), roster.person(ANN), roster.guild_name(GUILD)), (None, None, None));
    assert_eq!(roster.lock().channels.len(), 0);
}

#[test]
fn a_session_without_a_guild_tells_that_it_is_gone() {
    let roster = roster();
    assert_eq!(roster.take(BOT, &ready(&[]), NOW), [Change::GuildGone(GUILD)]);
    assert_eq!(roster.guilds_of(BOT), []);
    assert!(roster.lock().guilds.is_empty());
}

#[test]
fn people_are_called_differently_in_guilds() {
    let roster = roster();
    let told = json!({ "user": { "id": "1000", "username": "ann", "global_name": "Ann" }, "nick": "Annie" });
    assert_eq!(roster.take(BOT, &joined(told.clone()), NOW), [Change::Person(ANN)]);
    assert_eq!(roster.take(BOT, &joined(told), NOW), []);
    assert_eq!(roster.name(ANN, Some(GUILD)).as_deref(), Some("Annie"));
    assert_eq!(roster.name(ANN, None).as_deref(), Some("Ann"));
    assert_eq!(roster.list_name(ANN).as_deref(), Some("Annie"), "it is the only guild");
    roster.take(BOT, &guild(&json!({ "id": "10", "channels": [], "threads": [] })), NOW);
    assert_eq!(roster.list_name(ANN).as_deref(), Some("ann"), "the other guild's list told no name to be shown");
}

#[test]
fn of_a_big_guild_those_who_come_are_known_from_then_on() {
    let roster = roster();
    roster.take(BOT, &guild(&json!({ "member_count": 9_000 })), NOW);
    assert!(!roster.is_surely_not_in(GUILD, UserId(2000)));
    assert_eq!(roster.take(BOT, &presence_in(9, presence(2000, "offline")), NOW), [], "who is not there is left out");
    let come = roster.take(BOT, &presence_in(9, presence(2000, "idle")), NOW);
    assert_eq!(come, [Change::Status(UserId(2000)), Change::Stranger(GUILD, UserId(2000))]);
    assert_eq!(roster.seen(BOT, UserId(2000)).availability, Availability::Away);
    let told: Member = serde_json::from_value(member(2000, "cleo")).unwrap();
    let here: Presence = serde_json::from_value(presence(2000, "online")).unwrap();
    let answer = Happening::Members { guild: GUILD, members: vec![told], presences: vec![here], last: true };
    assert_eq!(roster.take(BOT, &answer, NOW), [Change::Person(UserId(2000)), Change::Guild(GUILD)]);
    assert_eq!(roster.person(UserId(2000)).unwrap().username, "cleo");
    assert_eq!(roster.seen(BOT, UserId(2000)).availability, Availability::Online);
    let Happening::Members { members, .. } = answer else { panic!("an answer") };
    let answer = Happening::Members { guild: GUILD, members, presences: Vec::new(), last: true };
    roster.take(BOT, &answer, NOW);
    assert_eq!(roster.seen(BOT, UserId(2000)).availability, Availability::Offline, "who is not named is not there");
}

#[test]
fn what_is_told_of_a_guild_is_bounded() {
    let roster = roster();
    let channels: Vec<_> =
        (0..3 * MOST_CHANNELS).map(|id| json!({ "id": (100 + id).to_string(), "type": 0 })).collect();
    let long = json!({ "user": { "id": "1000", "username": "x".repeat(100_000) }, "nick": "y".repeat(100_000) });
    let told = guild(&json!({ "channels": channels, "threads": [], "members": [long], "member_count": 9_000 }));
    roster.take(BOT, &told, NOW);
    assert_eq!(roster.lock().guilds[&GUILD].channels.len(), MOST_CHANNELS);
    assert!(roster.person(ANN).unwrap().username.len() < 1_000);
    let many: Vec<Member> =
        (0..MOST_MEMBERS as u64 + 50).map(|id| serde_json::from_value(member(10_000 + id, "m")).unwrap()).collect();
    roster.take(BOT, &Happening::Members { guild: GUILD, members: many, presences: Vec::new(), last: true }, NOW);
    assert_eq!(roster.members_known(GUILD).0, MOST_MEMBERS);
}

#[test]
fn of_all_guilds_together_only_so_many_people_are_kept() {
    let roster = roster();
    let many = (0..MOST_PEOPLE as u64).map(|id| (UserId(10_000 + id), person::Person::default()));
    roster.lock().people.extend(many);
    let told = guild(&json!({ "id": "10", "channels": [], "threads": [], "members": [
        member(1, "chrysalis"), member(2000, "cleo"), member(2001, "dan")
    ] }));
    roster.take(BOT, &told, NOW);
    roster.take(BOT, &presence_in(10, presence(2002, "online")), NOW);
    assert_eq!(roster.members_known(GuildId(10)).0, 1, "our own bots alone");
    assert!(!roster.is_surely_not_in(GuildId(10), UserId(2000)), "who is not kept may be there all the same");
}

#[test]
fn the_whole_guild_is_a_happening_as_discord_tells_it() {
    let Happening::Guild(told) = guild(&json!({})) else { panic!("a guild") };
    let Guild { members, channels, threads, .. } = *told;
    assert_eq!((members.len(), channels.len(), threads.len()), (3, 2, 1), "the tests' own guild is read whole");
}
