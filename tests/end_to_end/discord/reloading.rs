//! Discord that comes and goes while the server runs.

use chrysalis_discord_double::Double;
use chrysalis_test_harness::{Server, text};

use super::{ANN, CAROL, Setup, section, tea, window};
use crate::program;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn it_comes_goes_and_comes_again_without_a_restart() {
    let double = Double::start().await;
    let (bot, _, ann) = tea(&double);
    let on = section(&double, "");
    let server = Server::start_with(program(), &[CAROL], "");
    let mut setup = Setup { server, double };
    setup.allow_restarts();
    setup.server.reload_with(&on);
    setup.server.until_logged("the configuration was read again", 1).await;
    setup.link(&bot);
    let mut carol = setup.carol(&[ANN]).await;
    let mut talk = window(&mut carol, ANN).await;
    let direct = ann.direct(&bot);
    ann.says(&direct, "are you there?");
    assert_eq!(talk.hear_text(ANN).await, "are you there?");
    talk.tell(text("now I am")).await;
    direct.wait_for_text("now I am").await;

    setup.server.reload_with("");
    setup.server.until_logged("the configuration was read again", 2).await;
    ann.says(&direct, "and now?");

    // What was said meanwhile is fetched, and she is linked as before.
    setup.server.reload_with(&on);
    setup.server.until_logged("the configuration was read again", 3).await;
    assert_eq!(talk.hear_text(ANN).await, "and now?");
    talk.tell(text("still here")).await;
    direct.wait_for_text("still here").await;
    setup.finish();
}
