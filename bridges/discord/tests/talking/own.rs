//! Accounts with bots of their own.

use bridge::{Action, Failure, LinkState, Order};
use chrysalis_discord_double::{Bot, intents};

use crate::stage::{CAROL, DAVE, Stage, passport};

async fn two_own_bots() -> (Stage, Bot, Bot) {
    let mut bots = Vec::new();
    let stage = Stage::set(|double, guild| {
        for name in ["carols", "daves"] {
            let bot = double.bot(name);
            bot.joins(guild);
            bots.push(bot);
        }
        None
    })
    .await;
    stage.begin().await;
    let (daves, carols) = (bots.pop().unwrap(), bots.pop().unwrap());
    (stage, carols, daves)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_bot_says_another_accounts_bot_hears_as_that_account() {
    let (stage, carols, daves) = two_own_bots().await;
    let link = stage.opened(CAROL).await;
    let order = stage.order(stage.room(), domain::Content::text("too early"), None);
    assert!(matches!(link.deliver(&order).await, Err(Failure::SignedOut { .. })));

    let status = stage.link(CAROL, &carols).await.unwrap();
    assert_eq!((status.identity.as_str(), &status.state), ("carols#0001", &LinkState::Connected));
    stage.link(DAVE, &daves).await.unwrap();
    stage.knows_the_guild(CAROL).await;
    stage.knows_the_guild(DAVE).await;
    stage.says(CAROL, stage.room(), "from Carol").await;
    let (_, author) = stage.hears(DAVE, "from Carol").await;
    assert_eq!((author.account, author.user.as_str()), (Some(passport(CAROL)), &*carols.id().to_string()));
    stage.ann.says(&stage.general, "to both");
    stage.hears(CAROL, "to both").await;
    stage.hears(DAVE, "to both").await;
    assert_eq!(stage.heard(CAROL), ["to both"]);
    assert_eq!(stage.heard(DAVE), ["from Carol", "to both"]);

    assert!(matches!(stage.link(DAVE, &carols).await, Err(Failure::Refused { .. })), "it is Carol's");
    assert_eq!(stage.network.unlink(&passport(CAROL)).await, Ok(true));
    assert_eq!(stage.network.unlink(&passport(CAROL)).await, Ok(false));
    assert_eq!(stage.network.linked(&passport(CAROL)).await, None);
    carols.gateway().wait_until_disconnected().await;
    assert!(stage.host.secrets().iter().all(|key| !key.contains("carol")), "{:?}", stage.host.secrets());
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_with_fewer_intents_works_and_its_owner_knows_what_it_costs() {
    let (stage, carols, _) = two_own_bots().await;
    carols.forbid_intents(intents::GUILD_PRESENCES);
    let status = stage.link(CAROL, &carols).await.unwrap();
    let [note] = &status.notes[..] else { panic!("{status:?}") };
    assert!(note.contains("Presence Intent"), "{note}");
    stage.knows_the_guild(CAROL).await;
    stage.ann.says(&stage.general, "hello");
    stage.hears(CAROL, "hello").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_refused_stops_the_bot_and_tells_its_owner() {
    let (stage, carols, _) = two_own_bots().await;
    stage.link(CAROL, &carols).await.unwrap();
    stage.knows_the_guild(CAROL).await;
    carols.loses_its_token();
    let order = stage.order(stage.room(), domain::Content::text("hello"), None);
    let link = stage.opened(CAROL).await;
    assert!(matches!(link.deliver(&order).await, Err(Failure::SignedOut { .. })));
    let asked = stage.double.all_requests();
    assert!(matches!(link.deliver(&order).await, Err(Failure::SignedOut { .. })));
    assert_eq!(stage.double.all_requests(), asked, "it is not asked again");
    let status = stage.network.linked(&passport(CAROL)).await.unwrap();
    assert!(matches!(status.state, LinkState::Failed { .. }), "{status:?}");
    let told = |seen: &bridge::conformance::Seen| {
        seen.notices.iter().find(|(owner, line)| *owner == passport(CAROL) && line.contains("stopped")).map(drop)
    };
    stage.host.wait_for("a word to its owner", told).await;
    stage.network.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_bots_token_is_not_linked() {
    let (stage, carols, _) = two_own_bots().await;
    carols.loses_its_token();
    let refused = stage.link(CAROL, &carols).await;
    assert!(matches!(&refused, Err(Failure::Refused { reason }) if reason.contains("does not take")), "{refused:?}");
    assert_eq!(stage.network.linked(&passport(CAROL)).await, None);
    assert!(stage.host.secrets().is_empty());
    stage.network.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_takes_no_messages_is_told_of_plainly() {
    let (stage, carols, _) = two_own_bots().await;
    stage.link(CAROL, &carols).await.unwrap();
    stage.knows_the_guild(CAROL).await;
    stage.ann.refuses_direct_messages(true);
    let order = stage.order(stage.to_ann(), domain::Content::text("hello"), None);
    let refused = stage.opened(CAROL).await.deliver(&order).await;
    assert!(
        matches!(&refused, Err(Failure::Refused { reason }) if reason.contains("ann does not take direct messages")),
        "{refused:?}"
    );
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_was_left_is_heard_again_when_it_is_wanted_again() {
    let (stage, carols, _) = two_own_bots().await;
    stage.link(CAROL, &carols).await.unwrap();
    stage.knows_the_guild(CAROL).await;
    let link = stage.opened(CAROL).await;
    let order = |key: &str, action| Order { key: key.to_owned(), attempt: 0, to: stage.room(), action };
    link.deliver(&order("leave", Action::Unfriend)).await.unwrap();
    stage.ann.says(&stage.general, "unheard");
    stage.has_taken(&carols, &stage.general).await;
    link.deliver(&order("come", Action::Befriend)).await.unwrap();
    stage.ann.says(&stage.general, "heard");
    stage.hears(CAROL, "heard").await;
    assert_eq!(stage.heard(CAROL), ["heard"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_becomes_one_accounts_however_many_want_it_at_once() {
    let (stage, carols, _) = two_own_bots().await;
    let (hers, his) = tokio::join!(stage.link(CAROL, &carols), stage.link(DAVE, &carols));
    assert!(hers.is_ok() != his.is_ok(), "{hers:?} {his:?}");
    let linked = [CAROL, DAVE].map(passport);
    let linked = futures_util::future::join_all(linked.iter().map(|owner| stage.network.linked(owner))).await;
    assert_eq!(linked.into_iter().map(|status| status.is_some()).collect::<Vec<_>>(), [hers.is_ok(), his.is_ok()]);
    assert_eq!(stage.host.secrets().iter().filter(|key| key.starts_with("token/")).count(), 1);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accounts_bot_that_has_become_the_relay_speaks_for_nobody_alone() {
    let (mut stage, carols) = Stage::with_own_bot().await;
    stage.relays_through(&carols);
    stage.stop().await;
    stage.begin().await;
    stage.says(DAVE, stage.room(), "from Dave").await;
    let (_, author) = stage.hears(CAROL, "from Dave").await;
    assert_eq!(author.account, Some(passport(DAVE)));
    let told = |seen: &bridge::conformance::Seen| {
        seen.notices.iter().find(|(owner, line)| *owner == passport(CAROL) && line.contains("server's own")).map(drop)
    };
    stage.host.wait_for("a word to whose bot it was", told).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_channel_is_about_is_for_those_who_may_see_it() {
    let (stage, carols, daves) = two_own_bots().await;
    stage.general.set_topic("secrets");
    stage.general.hides_from(daves.id());
    stage.link(CAROL, &carols).await.unwrap();
    stage.knows_the_guild(CAROL).await;
    stage.link(DAVE, &daves).await.unwrap();
    let domain::contact::RemoteTarget::Room(room) = stage.room() else { panic!() };
    let topic = stage.opened(CAROL).await.topic(&room, None).await;
    assert_eq!(topic.as_deref(), Ok("secrets"));
    let hidden = stage.opened(DAVE).await.topic(&room, None).await;
    assert!(matches!(hidden, Err(Failure::Refused { .. })), "{hidden:?}");
    stage.end().await;
}
