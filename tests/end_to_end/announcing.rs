//! What the people who run the server say to everybody.

use chrysalis_test_harness::{Messenger, Server};
use msnp::{
    dialect::Dialect,
    notification::server::{OutReason, ServerCommand},
};

use crate::{ALICE, BOB, program, server};

#[tokio::test]
async fn maintenance_is_announced_to_all_and_the_end_is_told_in_the_words_of_each_dialect() {
    let mut server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp10).await;
    let done = server.command(&["announce", "maintenance", "5"], "");
    assert_eq!((done.code, done.out.as_str()), (0, "everybody who is signed in is told\n"), "{done:?}");
    let body = "MIME-Version: 1.0\r\nContent-Type: application/x-msmsgssystemmessage\r\n\r\nType: 1\r\nArg1: 5\r\n";
    for client in [&mut alice, &mut bob] {
        let said = ServerCommand::Message { payload: body.into() };
        client.find("the announcement", |told| (*told == said).then_some(())).await;
    }
    let done = server.command(&["announce", "notice", "Tea & cake"], "");
    assert_eq!(done.code, 0, "{done:?}");
    for client in [&mut alice, &mut bob] {
        let account = client.account().to_owned();
        let told = client.find("the notice", |told| match told {
            ServerCommand::Not { payload } => Some(String::from_utf8(payload.to_vec()).unwrap()),
            _ => None,
        });
        let told = told.await;
        assert!(
            told.contains("<TEXT>Tea &amp; cake</TEXT>") && told.contains(&format!("name=\"{account}\"")),
            "{told}"
        );
    }
    assert!(server.stop().success());
    assert_eq!(alice.rest().await.pop(), Some(ServerCommand::Out(Some(OutReason::Ssd))));
    assert_eq!(bob.rest().await.pop(), Some(ServerCommand::Out(None)));
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_says_so_before_it_does() {
    let mut server = Server::start_with(program(), &[ALICE], "shutdown_minutes = 2");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    server.ask_to_stop();
    let body = "MIME-Version: 1.0\r\nContent-Type: application/x-msmsgssystemmessage\r\n\r\nType: 1\r\nArg1: 2\r\n";
    let said = ServerCommand::Message { payload: body.into() };
    alice.find("the announcement", |told| (*told == said).then_some(())).await;
    alice.settled().await;
    // Whoever does not want to wait says it again.
    assert!(server.stop().success());
    assert_eq!(alice.rest().await.pop(), Some(ServerCommand::Out(Some(OutReason::Ssd))));
}

#[test]
fn nobody_is_told_where_no_server_runs() {
    let mut server = server(&[]);
    server.kill();
    let done = server.command(&["announce", "notice", "hello"], "");
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.complaint.contains("there is nobody to tell"), "{done:?}");
}
