//! The faults, each planted by itself.

use std::net::SocketAddr;

use chrysalis_test_harness::{Server, free_address};
use doctor::{Check, Local, Place, Subject};

use super::{
    Names, behind, examine,
    liar::{GOOD, Liar, Lie, OldClients, Paper},
    place, server,
    stand_in::{Manner, StandIn},
    subject, wrong,
};

/// Examines, and looks for this one fault and no other.
async fn is_named(subject: Subject, names: Names, check: Check, cause: &str) {
    let findings = examine(subject, names).await;
    assert_eq!(wrong(&findings), [(check, cause)], "{findings:#?}");
}

async fn is_named_at(server: &Server, address: SocketAddr, check: Check, cause: &str) {
    let subject = Subject { addresses: vec![place(address)], ..subject(server) };
    is_named(subject, Names::of_messenger(), check, cause).await;
}

async fn is_named_behind(server: &Server, lie: Lie, check: Check, cause: &str) {
    let proxy = Liar::start(server.web(), lie, None).await;
    is_named(behind(server, &proxy), Names::of_messenger(), check, cause).await;
}

async fn is_named_behind_tls(server: &Server, old: OldClients, paper: Paper, lie: Lie, (check, cause): (Check, &str)) {
    let proxy = Liar::start_with(server.web(), lie, Some((old, paper))).await;
    is_named(behind(server, &proxy), Names::of_messenger(), check, cause).await;
}

#[tokio::test]
async fn names_that_lead_elsewhere_or_nowhere() {
    let server = server(&[]);
    let names = || Names::of_messenger();
    let elsewhere = names().but("messenger.hotmail.com", &["127.0.0.9"]);
    is_named(subject(&server), elsewhere, Check::Names, "name-elsewhere").await;
    let nowhere = names().but("loginnet.passport.com", &[]);
    is_named(subject(&server), nowhere, Check::Names, "name-unknown").await;
    let advertisements = names().but("rad.msn.com", &[]);
    assert_eq!(wrong(&examine(subject(&server), advertisements).await), [], "nobody needs them to sign in");
}

#[tokio::test]
async fn a_public_address_that_nobody_reaches() {
    let server = server(&[]);
    is_named_at(&server, free_address(), Check::Conversation, "port-closed").await;
    let named = Subject { addresses: vec![Place::new("chat.msn.example", 1863)], ..subject(&server) };
    is_named(named, Names::of_messenger(), Check::Conversation, "address-unresolved").await;
}

#[tokio::test]
async fn a_public_address_where_something_else_answers() {
    let server = server(&[]);
    is_named_at(&server, server.web(), Check::Conversation, "not-msnp").await;
    for (manner, cause) in [
        (Manner::Says("SSH-2.0-x\r\n"), "not-msnp"),
        (Manner::Ended, "connection-ended"),
        (Manner::Says("VER 1 0\r\n"), "dialect-refused"),
        (Manner::Refuses, "server-refuses"),
    ] {
        let other = StandIn::start(manner).await;
        is_named_at(&server, other.address(), Check::Conversation, cause).await;
    }
}

#[tokio::test]
async fn a_public_address_that_says_nothing() {
    let (server, other) = (server(&[]), StandIn::start(Manner::Silent).await);
    is_named_at(&server, other.address(), Check::Conversation, "port-silent").await;
}

#[tokio::test]
async fn a_public_address_of_another_server() {
    let (here, other) = (server(&[]), server(&[]));
    is_named_at(&here, other.address(), Check::Address, "address-other-server").await;
}

#[tokio::test]
async fn clients_are_sent_on_to_where_nobody_is() {
    let closed = free_address();
    let dispatching = format!("dispatch = true\npublic_address = \"{closed}\"");
    let server = Server::start_with(crate::program(), &[], &dispatching);
    let elsewhere = Subject { local: None, ..subject(&server) };
    is_named(elsewhere, Names::of_messenger(), Check::Redirect, "redirect-unreachable").await;
}

#[tokio::test]
async fn clients_are_sent_on_to_where_they_are_served() {
    let address = free_address();
    let dispatching = format!("dispatch = true\npublic_address = \"{address}\"");
    let server = Server::start_with(crate::program(), &[], &dispatching);
    // A door of its own leads to the server by its public address.
    let door = tokio::net::TcpListener::bind(address).await.unwrap();
    let inside = server.address();
    let passing = tokio::spawn(async move {
        while let Ok((mut outer, _)) = door.accept().await {
            tokio::spawn(async move {
                let mut inner = tokio::net::TcpStream::connect(inside).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
            });
        }
    });
    let public = Subject { addresses: vec![place(address)], ..subject(&server) };
    assert_eq!(wrong(&examine(public, Names::of_messenger()).await), []);
    passing.abort();
}

#[tokio::test]
async fn no_server_on_this_machine() {
    let server = server(&[]);
    let local = Local { web: place(free_address()), messenger: vec![place(server.address())] };
    let stopped = Subject { local: Some(local), ..subject(&server) };
    is_named(stopped, Names::of_messenger(), Check::Here, "not-running").await;
}

#[tokio::test]
async fn a_public_url_that_does_not_lead_here() {
    let (here, other) = (server(&[]), server(&[]));
    for (url, cause) in [
        (format!("http://{}", free_address()), "url-unreachable"),
        ("http://pages.msn.example".to_owned(), "url-unresolved"),
        (format!("http://{}", here.address()), "url-not-http"),
        (format!("http://{}", other.web()), "url-other-server"),
        (format!("http://{}/somewhere", here.web()), "url-other-server"),
    ] {
        let wrong = Subject { url: Some(url.parse().unwrap()), ..subject(&here) };
        is_named(wrong, Names::of_messenger(), Check::Web, cause).await;
    }
    is_named_behind(&here, Lie::Answers("", 502), Check::Web, "proxy-cannot-reach").await;
}

#[tokio::test]
async fn a_public_url_of_https_without_tls() {
    let server = server(&[]);
    let url = format!("https://{}", server.web()).parse().unwrap();
    let wrong = Subject { url: Some(url), skipped: Vec::new(), ..subject(&server) };
    is_named(wrong, Names::of_messenger(), Check::Web, "url-not-tls").await;
}

#[tokio::test]
async fn a_proxy_that_respells_headers_or_takes_them_away() {
    let server = server(&[]);
    for lie in [Lie::LowerCase, Lie::TitleCase] {
        is_named_behind(&server, lie, Check::Headers, "headers-respelled").await;
    }
    for gone in ["PassportURLs", "WWW-Authenticate", "Authentication-Info", "X-MSN-Messenger"] {
        is_named_behind(&server, Lie::Without(gone), Check::Headers, "headers-removed").await;
    }
}

#[tokio::test]
async fn a_proxy_that_lets_not_everything_through() {
    let server = server(&[]);
    let unfit = Lie::Rewrites("/rdr/pprdr.asp", "PassportURLs", "DARealm=Passport.Net");
    for (lie, check, cause) in [
        (Lie::Answers("/rdr/pprdr.asp", 404), Check::Nexus, "nexus-missing"),
        (unfit, Check::Nexus, "nexus-unfit"),
        (Lie::Answers("/RST.srf", 404), Check::Rst, "rst-missing"),
        (Lie::Answers("/RST.srf", 500), Check::Rst, "rst-broken"),
        (Lie::Answers("/gateway/gateway.dll", 403), Check::Gateway, "gateway-broken"),
    ] {
        is_named_behind(&server, lie, check, cause).await;
    }
}

#[tokio::test]
async fn a_database_that_takes_nothing() {
    let server = server(&[]);
    let locked = server.lock_database().await;
    is_named(subject(&server), Names::of_messenger(), Check::Rst, "database-away").await;
    let checked = server.command(&["check"], "");
    assert!(checked.code == 1 && checked.complaint.starts_with("nothing can be kept: "), "{checked:?}");
    locked.release().await;
}

#[tokio::test]
async fn a_nexus_that_names_what_is_no_login() {
    let server = server(&[]);
    let front: &'static str = Box::leak(format!("DALogin=http://{}/", server.web()).into_boxed_str());
    for other in [front, "DALogin=http://203.0.113.9/login2.srf"] {
        let lie = Lie::Rewrites("/rdr/pprdr.asp", "PassportURLs", other);
        is_named_behind(&server, lie, Check::Login, "login-unfit").await;
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_believed() {
    let behind_proxy = server(&[]);
    is_named_behind(&behind_proxy, Lie::Forwarded, Check::Proxy, "proxy-not-trusted").await;
}

#[tokio::test]
async fn a_clock_that_is_hours_off() {
    let server = server(&[]);
    for hours in [-6, 6] {
        is_named_behind(&server, Lie::Hours(hours), Check::Clock, "clock-off").await;
    }
    // What a certificate's dates mean, nobody knows then.
    let paper = Paper { years: (2000, 2001), ..GOOD };
    let wanted = (Check::Clock, "clock-off");
    is_named_behind_tls(&server, OldClients::Served, paper, Lie::Hours(6), wanted).await;
}

#[tokio::test]
async fn tls_that_old_clients_do_not_get_through() {
    let server = server(&[]);
    for old in [OldClients::Refused, OldClients::Ignored] {
        is_named_behind_tls(&server, old, GOOD, Lie::None, (Check::Tls, "tls-refuses-old-clients")).await;
    }
    // Where sign-in is said to be elsewhere, there is nobody, or somebody without TLS.
    for elsewhere in [free_address(), server.web()] {
        let without = Subject { sign_in: Some(place(elsewhere)), skipped: Vec::new(), ..subject(&server) };
        is_named(without, Names::of_messenger(), Check::Tls, "tls-absent").await;
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_good() {
    let server = server(&[]);
    for (paper, cause) in [
        (Paper { years: (2000, 2001), ..GOOD }, "certificate-outdated"),
        (Paper { years: (2080, 2081), ..GOOD }, "certificate-too-early"),
        (Paper { name: "other.example", ..GOOD }, "certificate-for-another-name"),
    ] {
        let wanted = (Check::Certificate, cause);
        is_named_behind_tls(&server, OldClients::Served, paper, Lie::None, wanted).await;
    }
}
