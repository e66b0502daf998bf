use serde_json::json;

use super::*;
use crate::{event::Happening, model::User};

const BOT: UserId = UserId(1);
const NOW: domain::Timestamp = domain::Timestamp(0);

fn settings(members: Members, at_most: usize) -> ContactsSettings {
    ContactsSettings { guilds: vec!["*".to_owned()], members, at_most }
}

/// A guild of this many channels and of people of these ids: those of even ids are online.
fn guild(id: u64, channels: u64, people: impl Iterator<Item = u64> + Clone) -> Happening {
    let members: Vec<_> =
        people.clone().map(|id| json!({ "user": { "id": id.to_string(), "username": format!("p{id}") } })).collect();
    let there = people.filter(|id| id % 2 == 0);
    let presences: Vec<_> = there.map(|id| json!({ "user": { "id": id.to_string() }, "status": "online" })).collect();
    let channels: Vec<_> =
        (0..channels).map(|at| json!({ "id": (id * 1_000 + at).to_string(), "type": 0, "name": "c" })).collect();
    let told = json!({
        "id": id.to_string(), "name": format!("Guild {id}"), "members": members, "presences": presences, "channels": channels,
        "member_count": members.len(), "roles": [{ "id": id.to_string(), "permissions": "1024" }]
    });
    Happening::Guild(Box::new(serde_json::from_value(told).unwrap()))
}

fn roster(guilds: &[Happening]) -> Roster {
    let roster = Roster::default();
    let me = User { id: BOT, ..User::default() };
    roster.take(
        BOT,
        &Happening::Ready { me, application: crate::model::Application::default(), guilds: Vec::new() },
        NOW,
    );
    for guild in guilds {
        roster.take(BOT, guild, NOW);
    }
    roster
}

fn listed(steps: &[Step]) -> (Vec<u64>, Vec<u64>) {
    let rooms = steps.iter().filter_map(|step| match step {
        Step::List(Target::Room(channel), _) => Some(channel.0),
        Step::List(Target::Person(_), _) | Step::Lose(_) => None,
    });
    let people = steps.iter().filter_map(|step| match step {
        Step::List(Target::Person(user), _) => Some(user.0),
        Step::List(Target::Room(_), _) | Step::Lose(_) => None,
    });
    (rooms.collect(), people.collect())
}

fn first_steps(roster: &Roster, settings: &ContactsSettings, active: &Active) -> Vec<Step> {
    let found = candidates(roster, settings, active, BOT);
    steps(roster, settings, BOT, &found, &Ledger::default())
}

#[test]
fn who_becomes_a_contact_is_configured() {
    let roster = roster(&[guild(9, 1, 100..104)]);
    let people = |members| listed(&first_steps(&roster, &settings(members, 200), &Active::default())).1;
    assert_eq!(people(Members::None), [] as [u64; 0]);
    assert_eq!(people(Members::Active), [] as [u64; 0]);
    assert_eq!(people(Members::Online), [100, 102]);
    assert_eq!(people(Members::All), [100, 101, 102, 103]);
    let mut active = Active::default();
    assert!(active.note(UserId(103), GuildId(9), 200) && active.note(UserId(101), GuildId(9), 200));
    assert!(!active.note(UserId(103), GuildId(9), 200));
    assert_eq!(
        listed(&first_steps(&roster, &settings(Members::Active, 200), &active)).1,
        [103, 101],
        "the latest first"
    );
}

#[test]
fn only_the_guilds_that_are_named_are_on_lists() {
    let roster = roster(&[guild(9, 1, 100..101), guild(10, 1, 200..201)]);
    let of = |guilds: &[&str]| {
        let guilds = guilds.iter().map(|name| (*name).to_owned()).collect();
        listed(&first_steps(&roster, &ContactsSettings { guilds, ..settings(Members::All, 200) }, &Active::default())).0
    };
    assert_eq!(of(&["*"]), [9_000, 10_000]);
    assert_eq!(of(&["guild 9 "]), [9_000]);
    assert_eq!(of(&["10"]), [10_000]);
    assert_eq!(of(&[]), [] as [u64; 0]);
}

#[test]
fn a_big_guild_fills_no_list_and_leaves_room_for_others() {
    let roster = roster(&[guild(9, 400, 1_000..6_000), guild(10, 2, 100..102)]);
    let settings = settings(Members::All, 200);
    let first = first_steps(&roster, &settings, &Active::default());
    let (rooms, people) = listed(&first);
    assert_eq!((rooms.len(), people.len()), (200, 200));
    assert_eq!(rooms.get(..5), Some([9_000, 10_000, 9_001, 10_001, 9_002].as_slice()), "guilds take turns");
    // What stands there keeps its place, and nothing more comes.
    let mut ledger = Ledger::default();
    for step in first {
        if let Step::List(target, guild) = step {
            ledger.put(target, Standing::Listed(guild));
        }
    }
    let found = candidates(&roster, &settings, &Active::default(), BOT);
    assert_eq!(steps(&roster, &settings, BOT, &found, &ledger), []);
    // One that goes makes room for another.
    let gone = Happening::MemberGone { guild: GuildId(9), user: UserId(1_000) };
    roster.take(BOT, &gone, NOW);
    let found = candidates(&roster, &settings, &Active::default(), BOT);
    let next = steps(&roster, &settings, BOT, &found, &ledger);
    assert!(next.contains(&Step::Lose(Target::Person(UserId(1_000)))), "{next:?}");
}

#[test]
fn what_an_ailing_guild_does_not_tell_stays() {
    let roster = roster(&[guild(9, 1, 100..101)]);
    let me = User { id: BOT, ..User::default() };
    let application = crate::model::Application::default();
    let mut ledger = Ledger::default();
    ledger.put(Target::Room(ChannelId(10_000)), Standing::Listed(GuildId(10)));
    ledger.put(Target::Room(ChannelId(10_001)), Standing::Chosen);
    ledger.put(Target::Person(UserId(200)), Standing::Listed(GuildId(10)));
    ledger.put(Target::Person(UserId(201)), Standing::Chosen);
    let settings = settings(Members::None, 200);
    let lost = |guilds: Vec<GuildId>| {
        roster.take(BOT, &Happening::Ready { me: me.clone(), application: application.clone(), guilds }, NOW);
        let found = candidates(&roster, &settings, &Active::default(), BOT);
        let steps = steps(&roster, &settings, BOT, &found, &ledger);
        steps.into_iter().filter(|step| matches!(step, Step::Lose(_))).collect::<Vec<_>>()
    };
    assert_eq!(lost(vec![GuildId(9), GuildId(10)]), [], "the guild is there, and was not told of");
    let lost = lost(vec![GuildId(9)]);
    let gone = [
        Step::Lose(Target::Room(ChannelId(10_000))),
        Step::Lose(Target::Room(ChannelId(10_001))),
        Step::Lose(Target::Person(UserId(200))),
    ];
    assert_eq!(lost, gone, "a person whom the user chose stays");
}
