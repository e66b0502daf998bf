//! What a big guild costs.

use allocation_counter::measure;
use serde_json::json;

use super::*;
use crate::model::Guild;

/// How many people are in it.
const PEOPLE: u64 = 5_000;
/// What it may cost, in bytes.
const MOST: i64 = 5_000_000;

/// A guild as big ones are: long ids, names of usual lengths, pictures, a third with nicknames, some roles each, and a third of
/// all online with something to say.
fn guild() -> Guild {
    let id = |number: u64| (175_928_847_299_117_063 + number * 4_194_304_000).to_string();
    let member = |number: u64| {
        json!({
            "user": {
                "id": id(number), "username": format!("somebody.{number}"), "global_name": format!("Somebody Else {number}"),
                "avatar": format!("{number:032x}"), "discriminator": "0"
            },
            "nick": number.is_multiple_of(3).then(|| format!("Nick of {number}")),
            "roles": (0..number % 6).map(|role| id(PEOPLE + role)).collect::<Vec<_>>()
        })
    };
    let presence = |number: u64| {
        json!({
            "user": { "id": id(number) }, "status": "online",
            "activities": [{
                "name": "Custom Status", "type": 4, "created_at": 1, "state": "busy with something that takes the whole day"
            }]
        })
    };
    let members: Vec<_> = (0..PEOPLE).map(member).collect();
    let presences: Vec<_> = (0..PEOPLE).step_by(3).map(presence).collect();
    let channels: Vec<_> =
        (0..200).map(|at| json!({ "id": id(90_000 + at), "type": 0, "name": "channel", "topic": "words" })).collect();
    serde_json::from_value(json!({
        "id": "9", "name": "Big", "member_count": PEOPLE, "members": members, "presences": presences, "channels": channels
    }))
    .unwrap()
}

#[test]
fn a_guild_of_five_thousand_costs_less_than_five_megabytes() {
    let told = Happening::Guild(Box::new(guild()));
    let bots = [UserId(1), UserId(2)];
    let roster = Roster::default();
    let first = measure(|| drop(roster.take(bots[0], &told, Timestamp(1))));
    assert_eq!(roster.members_known(GuildId(9)).0 as u64, PEOPLE);
    println!(
        "a guild of {PEOPLE} people costs {} bytes, {} of a person",
        first.bytes_current,
        first.bytes_current / PEOPLE as i64
    );
    assert!(first.bytes_current < MOST, "{} bytes", first.bytes_current);
    // Another bot in it, and a new session, cost next to nothing.
    let second = measure(|| {
        roster.take(bots[1], &told, Timestamp(2));
        roster.take(bots[0], &told, Timestamp(3));
    });
    assert!(second.bytes_current < MOST / 100, "{} bytes", second.bytes_current);
}
