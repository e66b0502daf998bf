//! Matrix that comes and goes while the server runs.

use chrysalis_test_harness::{Homeserver, Server, text};

use super::{ALICE, CAROL, CAROLS_GHOST, Setup, friends, window};
use crate::program;

#[tokio::test]
async fn it_comes_goes_and_comes_again_without_a_restart() {
    let homeserver = Homeserver::start(program()).await;
    let on = homeserver.section();
    let mut setup = Setup { server: Server::start_with(program(), &[CAROL], ""), homeserver };
    setup.server.reload_with(&on);
    setup.server.until_logged("the configuration was read again", 1).await;
    let (mut carol, mut alice, room) = friends(&setup).await;
    let mut talk = window(&mut carol, ALICE).await;
    talk.tell(text("are you there?")).await;
    alice.until_said(&room, CAROLS_GHOST, "are you there?").await;
    alice.say(&room, "I am").await;
    assert_eq!(talk.hear_text(ALICE).await, "I am");

    setup.server.reload_with("");
    setup.server.until_logged("the configuration was read again", 2).await;
    // The homeserver keeps it.
    alice.say(&room, "and now?").await;
    setup.server.reload_with(&on);
    setup.server.until_logged("the configuration was read again", 3).await;
    assert_eq!(talk.hear_text(ALICE).await, "and now?");
    talk.tell(text("still here")).await;
    alice.until_said(&room, CAROLS_GHOST, "still here").await;
}
