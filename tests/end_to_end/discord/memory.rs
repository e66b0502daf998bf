//! What many own bots cost.

use super::{Setup, section};
use chrysalis_discord_double::{Bot, Double};
use chrysalis_test_harness::Server;

use crate::program;

/// How many accounts have a bot of their own.
const BOTS: usize = 50;

/// How many people are in the guild in which they all are.
const PEOPLE: usize = 1000;

/// How many bytes all bots may cost together, beside what one costs alone.
const MOST: u64 = 30 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_fifty_bots_fit_into_one_server() {
    let double = Double::start().await;
    let guild = double.guild("Tea");
    guild.channel("general");
    guild.populate("person", PEOPLE);
    let accounts: Vec<String> = (0..BOTS).map(|number| format!("user{number}@msn.example")).collect();
    let bots: Vec<Bot> = (0..BOTS).map(|number| double.bot(&format!("bot{number}"))).collect();
    for bot in &bots {
        bot.joins(&guild);
    }
    let named: Vec<&str> = accounts.iter().map(String::as_str).collect();
    // The people are known, and not on everybody's list.
    let section = section(&double, "").replace("\"all\"", "\"active\"");
    let setup = Setup { server: Server::start_with(program(), &named, &section), double };
    let begun = setup.server.memory();
    let mut first = 0;
    for (number, (account, bot)) in accounts.iter().zip(&bots).enumerate() {
        let linked = setup.add_link(account, bot.token());
        assert_eq!(linked.code, 0, "{linked:?}");
        bot.gateway().wait_until_connected().await;
        if number == 0 {
            first = setup.server.memory();
        }
    }
    let all = setup.server.memory();
    let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!(
        "resident: {:.1} MB without bots, {:.1} MB with one, {:.1} MB with {BOTS} in a guild of {} people",
        megabytes(begun),
        megabytes(first),
        megabytes(all),
        guild.member_count()
    );
    assert!(all.saturating_sub(first) < MOST, "{:.1} MB", megabytes(all - first));
    assert!(bots.iter().all(|bot| bot.identifies() == 1));
    setup.finish();
}
