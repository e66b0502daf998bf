//! Between Messenger and Discord: a bot is linked in Messenger, its guild's people come onto the list, and they talk.

use std::path::Path;

use chrysalis_discord_double::{Activity, Double, Status as Shown};
use chrysalis_test_harness::{Messenger, Server, text};
use msnp::{dialect::Dialect, status::Status};

use crate::teller::{Seen, part, see};

const CAROL: &str = "carol@msn.example";
const SERVICE: &str = "chrysalis@msn.example";
const ANN: &str = "ann@discord.msn.example";
const GENERAL: &str = "general.tea@rooms.discord.msn.example";

const CAROLS_LINE: &str = "caf\u{e9} & croissants";
const ANNS_LINE: &str = "at the lake";
const CAROLS_WORDS: &str = "Ann! This is Messenger 7.5.";
const ANNS_WORDS: &str = "On *Discord*? How?";
const CHANNELS_WORDS: &str = "Look who is here.";

pub(crate) async fn tell(program: &Path) {
    let double = Double::start().await;
    let (bot, guild, ann) = (double.bot("carols-bot"), double.guild("Tea"), double.person("ann"));
    let general = guild.channel("general");
    bot.joins(&guild);
    ann.set_global_name("Ann");
    ann.joins(&guild);
    ann.set_presence(Shown::Online, &[Activity::custom(ANNS_LINE)]);
    let section = format!(
        "[networks.discord]\napi_base = \"{}\"\ngateway_url = \"{}\"\ncdn_base = \"{}\"\n[networks.discord.contacts]\nmembers = \"all\"\n",
        double.api_base(),
        double.gateway_url(),
        double.cdn_base()
    );
    let server = Server::start_with(program, &[CAROL], &section);
    println!("  Carol is {CAROL} in MSN Messenger 7.5");
    println!("  Ann is in the guild Tea, and so is Carol's bot");

    part("Carol links her bot");
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    let mut service = carol.call(SERVICE).await;
    service.joined(SERVICE).await;
    let linking = async {
        service.tell(text(&format!("link discord {}", bot.token()))).await;
        service.hear_text(SERVICE).await
    };
    let linked = see(Seen::Messenger, "Carol tells the Chrysalis contact: link discord TOKEN", linking).await;
    println!("      {}", linked.lines().next().unwrap_or_default());
    let online = bot.wait_for_presence(|shown| shown.status == "online");
    see(Seen::Discord, "the bot is online, as Carol is", online).await;
    service.leave().await;

    part("The guild comes onto her list");
    see(Seen::Messenger, "Ann and #general are in the group Tea", until_listed(&mut carol, &[ANN, GENERAL])).await;
    carol.wire().send("OUT\r\n").await;
    carol.rest().await;
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    see(Seen::Messenger, "Ann is online", carol.sees(ANN, Status::Online)).await;
    let line = carol.reads(ANN, "where she is", |line| line == ANNS_LINE);
    see(Seen::Messenger, &format!("Ann - {ANNS_LINE}"), line).await;
    carol.personal_message(&CAROLS_LINE.replace('&', "&amp;")).await;
    let shown = bot.wait_for_presence(|shown| shown.custom_status() == Some(CAROLS_LINE));
    see(Seen::Discord, &format!("Carol's bot - {CAROLS_LINE}"), shown).await;

    part("They talk");
    let mut talk = carol.call(ANN).await;
    talk.joined(ANN).await;
    see(Seen::Messenger, "the server has taken Carol's words", talk.tell(text(CAROLS_WORDS))).await;
    let direct = ann.direct(&bot);
    let said =
        see(Seen::Discord, &format!("Carol's bot says: {CAROLS_WORDS}"), direct.wait_for_text(CAROLS_WORDS)).await;
    ann.reacts(&said, "\u{1f44d}");
    see(Seen::Messenger, "Ann reacted with (Y)", talk.hear_text(ANN)).await;
    ann.replies(&said, ANNS_WORDS);
    see(Seen::Messenger, &format!("Ann answers: {ANNS_WORDS}"), talk.hear_text(ANN)).await;
    talk.leave().await;

    part("In the channel");
    let mut room = carol.call(GENERAL).await;
    room.joined(GENERAL).await;
    room.tell(text(CHANNELS_WORDS)).await;
    let words = general.wait_for_text(CHANNELS_WORDS);
    see(Seen::Discord, &format!("#general: {CHANNELS_WORDS}"), words).await;
    room.leave().await;
    drop(server);
    double.finish();
}

/// Waits until these stand on the list.
async fn until_listed(carol: &mut Messenger, contacts: &[&str]) {
    for contact in contacts {
        carol.until_listed(contact).await;
    }
}
