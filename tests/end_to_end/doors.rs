//! Doors of the pages whose browser cannot be signed in: what was done at them is done all the same.

use chrysalis_test_harness::{Browser, PASSWORD, Server};

use crate::{CAROL, program};

const NEW: &str = "battery staple";

fn browser(server: &Server) -> Browser {
    Browser::at(server.web())
}

fn signing_in(address: &str, password: &str) -> String {
    format!("address={address}&password={}", password.replace(' ', "+"))
}

#[tokio::test]
async fn what_was_done_is_said_where_the_browser_cannot_be_signed_in_afterwards() {
    let server = Server::start_with(program(), &[CAROL], "[accounts]\nsign_up = \"open\"\n");
    let mut carol = browser(&server);
    assert_eq!(carol.submit("/sign-in", &signing_in(CAROL, PASSWORD)).await.status, 303);
    server.hold_browsers().await;
    let (old, new) = (PASSWORD.replace(' ', "+"), NEW.replace(' ', "+"));
    let changed = carol.submit("/password", &format!("old={old}&new={new}&again={new}")).await;
    assert!(changed.status == 200 && changed.body.contains("<h1>Your password is changed</h1>"), "{}", changed.body);
    let mut erin = browser(&server);
    let made = erin.submit("/sign-up", &format!("{}&again={new}&name=Erin", signing_in("erin", NEW))).await;
    assert!(made.status == 200 && made.body.contains("<h1>Your account is made</h1>"), "{}", made.body);
    assert_eq!(carol.submit("/sign-in", &signing_in(CAROL, NEW)).await.status, 503, "nobody is signed in now");

    server.release_browsers().await;
    assert_eq!(carol.submit("/sign-in", &signing_in(CAROL, PASSWORD)).await.status, 403);
    assert_eq!(carol.submit("/sign-in", &signing_in(CAROL, NEW)).await.status, 303);
    assert_eq!(erin.submit("/sign-in", &signing_in("erin", NEW)).await.status, 303);
}
