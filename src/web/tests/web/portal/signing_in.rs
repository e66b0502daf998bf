//! Pointing Messenger here, and what the doctor finds.

use server::SignUpPolicy;

use crate::{
    house::{House, Page},
    server::{Server, has_line},
};

#[tokio::test]
async fn everybody_is_told_how_to_point_a_messenger_here() {
    let house = House::open("https://msn.example", SignUpPolicy::Closed).await;
    let mut guest = house.browser();
    let page = guest.get("/connect").await;
    assert_eq!(page.status, 200);
    page.has("The IPv4 address of chat.msn.example is not known here")
        // The machine knows its own name as 127.0.0.1, which would lead everybody else to themselves.
        .has("The IPv4 address of msn.example is not known here")
        .has("ADDRESS messenger.hotmail.com\r\nADDRESS gateway.messenger.hotmail.com\r\n")
        .has("<summary>80048821</summary>\n<p>The address or the password is not right")
        .has("<span class=\"faint\">(headers-respelled)</span>")
        .has("<code class=\"copy\">messenger.msn.example</code>")
        .has("&quot;SecureProtocols&quot;=dword:00000080".replace("&quot;", "&#34;").as_str())
        .has("Clients are told chat.msn.example:1864 here")
        .has("<code>https://msn.example/RST.srf</code>");
    assert!(!page.body.contains("<script") && !page.body.contains("aria-label=\"Pages\""), "{}", page.body);
    house.browser_of("ben").await.get("/connect").await.has("<a href=\"/connect\" aria-current=\"page\">Connect</a>");
    guest.get("/").await.has("<a href=\"/connect\">");
    house.close().await;

    let by_address = House::open("http://192.0.2.1:8080", SignUpPolicy::Closed).await;
    let page = by_address.browser().get("/connect").await;
    page.has("ADDRESS messenger.hotmail.com\r\n192.0.2.1 gateway.messenger").has("<code>chat.msn.example</code>");
    by_address.close().await;
}

/// Looks until the examination has ended.
async fn examined(house: &House, account: &str) -> Page {
    let mut browser = house.browser_of(account).await;
    loop {
        let page = browser.get("/doctor").await;
        if !page.body.contains("http-equiv=\"refresh\"") {
            return page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_doctor_tells_all_to_admins_and_what_concerns_them_to_others() {
    let house = House::open("https://pages.msn.example", SignUpPolicy::Closed).await;
    let mut ben = house.browser_of("ben").await;
    ben.get("/doctor").await.has("It has not looked yet.");
    ben.submit("/doctor", &[]).await.has("The server examines itself.");
    let page = examined(&house, "ben").await;
    page.has("<code>address-unresolved</code>").has("<code>url-unresolved</code>").has("81000306").has("80072ee7");
    page.has("Tell whoever runs this server.");
    assert!(!page.body.contains("chat.msn.example") && !page.body.contains("server.public_address"), "{}", page.body);
    examined(&house, "ann").await.has("chat.msn.example has no address").has("server.public_address");
    ben.submit("/doctor", &[]).await.has("It did so a moment ago. Wait a minute.");
    house.close().await;
}

#[tokio::test]
async fn a_server_shows_itself_to_whoever_asks_and_spells_what_old_clients_compare() {
    let server = Server::start("http://127.0.0.1").await;
    let answer = server.get("/doctor/mirror?nonce=a1", "").await;
    for line in [
        "HTTP/1.1 200 OK",
        "PassportURLs: DALogin=doctor.invalid/login2.srf",
        "WWW-Authenticate: Passport1.4 da-status=failed",
        "Authentication-Info: Passport1.4 da-status=failed",
        "X-MSN-Messenger: SessionID=0.0",
    ] {
        assert!(has_line(&answer, line), "{line} in {answer}");
    }
    let proof = |answer: &str| answer.split_once("\r\n\r\nchrysalis ").unwrap().1.to_owned();
    assert!(proof(&answer).ends_with(" direct\n"), "{answer}");
    let same = server.get("/doctor/mirror?nonce=a1", "X-Forwarded-For: 203.0.113.9\r\n").await;
    assert_eq!(proof(&same), proof(&answer).replace("direct", "untrusted"), "a stranger is no proxy");
    assert_ne!(proof(&server.get("/doctor/mirror?nonce=a2", "").await), proof(&answer));
    for path in ["/doctor/mirror", "/doctor/mirror?nonce=", "/doctor/mirror?nonce=a%0d%0ab"] {
        assert!(server.get(path, "").await.starts_with("HTTP/1.1 404 "), "{path}");
    }
    server.stop().await;
}
