//! Ways in which those limits bite that hold at the doors: connections, sign-ins, pages, links and what networks bring.

use std::net::SocketAddr;

use ::server::Limit;
use chrysalis_test_harness::{Browser, PASSWORD, ask, by_header, commands, free_address, open_gateway, ticket};
use serde_json::json;
use tokio::task::JoinSet;

use super::each::Stage;
use crate::ALICE;

/// The links of Alice to the network inside the server.
const LINK: &str = "/v1/accounts/alice@example.com/links/loopback";

pub(super) async fn connections() -> Stage {
    two_connections("connections = 1").await
}

pub(super) async fn connections_per_address() -> Stage {
    two_connections("connections_per_address = 1").await
}

async fn two_connections(limit: &str) -> Stage {
    let mut stage = Stage::of(&[], &format!("[limits]\n{limit}")).await;
    for _ in 0..2 {
        stage.hold(stage.server.address(), "").await;
    }
    stage
}

pub(super) async fn web_connections() -> Stage {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let mut stage = Stage::of(&[], "").await;
    for _ in 0..4096 {
        stage.hold(stage.server.web(), "").await;
    }
    stage
}

pub(super) async fn management_connections() -> Stage {
    let address = free_address();
    let mut stage = Stage::of(&[], &format!("[management]\nlisten = \"{address}\"")).await;
    for _ in 0..32 {
        stage.hold(address, "").await;
    }
    stage
}

pub(super) async fn management_tokens() -> Stage {
    let address = free_address();
    let stage = Stage::of(&[], &format!("[management]\nlisten = \"{address}\"")).await;
    for number in 0..11 {
        let answered = ask(address, ("GET", "/v1/accounts"), "Authorization: Bearer wrong\r\n", None).await;
        assert_eq!(answered.status, if number < 10 { 401 } else { 429 }, "{number}: {answered:?}");
    }
    stage
}

pub(super) async fn operations_connections() -> Stage {
    let mut stage = Stage::of(&[], "").await;
    for _ in 0..32 {
        stage.hold(stage.operations, "").await;
    }
    stage.until_told(Limit::OperationsConnections).await;
    // Nobody else is told anything before.
    stage.held.clear();
    stage
}

pub(super) async fn request_size() -> Stage {
    let mut stage = Stage::of(&[], "").await;
    let web = stage.server.web();
    let head = format!("POST /RST.srf HTTP/1.1\r\nHost: {web}\r\nContent-Length: 65537\r\n\r\n");
    stage.hold(web, &head).await;
    stage.hold(stage.server.address(), &"A".repeat(9000)).await;
    stage.until_counted(Limit::RequestSize, 2.0).await;
    stage
}

/// Alice signs a browser in.
async fn signed_in(stage: &Stage) -> Browser {
    let mut browser = Browser::at(stage.server.web());
    let form = format!("address={ALICE}&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(browser.submit("/sign-in", &form).await.status, 303);
    browser
}

pub(super) async fn uploads() -> Stage {
    let mut stage = Stage::of(&[ALICE], "").await;
    let (web, headers) = (stage.server.web(), signed_in(&stage).await.headers());
    let head = format!(
        "POST /profile/picture HTTP/1.1\r\nHost: {web}\r\n{headers}\
         Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000\r\n\r\n"
    );
    for _ in 0..17 {
        stage.hold(web, &head).await;
    }
    stage
}

pub(super) async fn browsers() -> Stage {
    let stage = Stage::of(&[ALICE], "").await;
    for _ in 0..21 {
        signed_in(&stage).await;
    }
    stage
}

pub(super) async fn gateway_sessions() -> Stage {
    two_sessions("gateway_sessions = 1").await
}

pub(super) async fn gateway_sessions_per_address() -> Stage {
    two_sessions("gateway_sessions_per_address = 1").await
}

async fn two_sessions(limit: &str) -> Stage {
    let stage = Stage::of(&[ALICE], &format!("[limits]\n{limit}")).await;
    let web = stage.server.web();
    let first = open_gateway(web, "NS", b"").await.unwrap();
    assert_eq!(open_gateway(web, "NS", b"").await, Err(503));
    assert!(commands(web, &first.id, b"VER 1 MSNP12\r\n").await.is_ok());
    stage
}

pub(super) async fn sign_in_attempts() -> Stage {
    two_sign_ins("sign_in_attempts = 1", "wrong").await
}

pub(super) async fn sign_ins() -> Stage {
    two_sign_ins("sign_ins_per_minute = 1", PASSWORD).await
}

pub(super) async fn sign_ins_per_address() -> Stage {
    two_sign_ins("sign_ins_per_minute_per_address = 1", PASSWORD).await
}

async fn two_sign_ins(limit: &str, password: &str) -> Stage {
    let stage = Stage::of(&[ALICE], &format!("[limits]\n{limit}")).await;
    let first = by_header(stage.server.web(), ALICE, password).await;
    assert_eq!(first.is_some(), password == PASSWORD);
    assert_eq!(by_header(stage.server.web(), ALICE, PASSWORD).await, None, "right or wrong");
    stage
}

pub(super) async fn tickets() -> Stage {
    let stage = Stage::of(&[ALICE], "").await;
    for _ in 0..51 {
        ticket(stage.server.web(), ALICE).await;
    }
    stage
}

pub(super) async fn password_checks() -> Stage {
    let stage = Stage::of(&[ALICE], "[limits]\npassword_checks = 1").await;
    let web = stage.server.web();
    let mut checks: JoinSet<String> = (0..8).map(|_| ticket(web, ALICE)).collect();
    while let Some(ticket) = checks.join_next().await {
        ticket.unwrap();
    }
    stage
}

pub(super) async fn registrations() -> Stage {
    let stage = Stage::of(&[], "[accounts]\nsign_up = \"open\"\n[limits]\nregistrations_per_hour = 0").await;
    let mut erin = Browser::at(stage.server.web());
    let form = "address=erin&password=battery+staple&again=battery+staple&name=Erin";
    let answered = erin.submit("/sign-up", form).await;
    assert!(answered.body.contains("Too many accounts"), "{answered:?}");
    stage
}

/// Alice, who can be linked to the network inside the server by the management API: where that is, and what shows the token.
async fn linking() -> (Stage, SocketAddr, String) {
    let address = free_address();
    let sections = format!("[networks.loopback]\nlinking = true\n[management]\nlisten = \"{address}\"");
    let stage = Stage::of(&[ALICE], &sections).await;
    let token = std::fs::read_to_string(stage.server.data().join("management.token")).unwrap();
    (stage, address, format!("Authorization: Bearer {}\r\n", token.trim()))
}

/// Links Alice so often by the token of somebody of that name: what is answered to each.
async fn links(name: &str, times: usize) -> (Stage, Vec<u16>) {
    let (stage, address, headers) = linking().await;
    let answers = json!({ "way": "token", "answers": { "token": format!("loop-{name}-Sesame"), "circle": "Loop" } });
    let (answers, mut statuses) = (answers.to_string(), Vec::new());
    for _ in 0..times {
        statuses.push(ask(address, ("POST", LINK), &headers, Some(&answers)).await.status);
    }
    (stage, statuses)
}

pub(super) async fn link_tries() -> Stage {
    let (stage, statuses) = links("ann", 7).await;
    assert!(statuses[..6].iter().all(|status| (200..300).contains(status)) && statuses[6] == 429, "{statuses:?}");
    stage
}

pub(super) async fn link_pages() -> Stage {
    let (stage, address, headers) = linking().await;
    for _ in 0..4 {
        let answered = ask(address, ("POST", &format!("{LINK}/page")), &headers, None).await;
        assert!((200..300).contains(&answered.status), "{answered:?}");
    }
    stage
}

pub(super) async fn notices() -> Stage {
    // Each time the network tells Alice that the token was taken back.
    let (stage, statuses) = links("gone", 6).await;
    assert!(statuses.iter().all(|status| (200..300).contains(status)), "{statuses:?}");
    stage
}

/// A server with Matrix, whose homeserver is away, and where that would reach it; `keys` are further ones of the network.
async fn with_matrix(keys: &str) -> (Stage, SocketAddr) {
    let listen = free_address();
    let sections = format!(
        "[networks.matrix]\nhomeserver_url = \"http://127.0.0.1:9\"\nserver_name = \"example.org\"\n{keys}\n\
         [networks.matrix.appservice]\nlisten = \"{listen}\"\nurl = \"http://{listen}\""
    );
    (Stage::of(&[ALICE], &sections).await, listen)
}

pub(super) async fn bridge_connections() -> Stage {
    let (mut stage, listen) = with_matrix("").await;
    for _ in 0..256 {
        stage.hold(listen, "").await;
    }
    stage
}

pub(super) async fn bridge_invitations() -> Stage {
    let (stage, listen) = with_matrix("invitations_per_hour = 1").await;
    let token = std::fs::read_to_string(stage.server.data().join("matrix-hs-token")).unwrap();
    let headers = format!("Authorization: Bearer {}\r\n", token.trim());
    let events: Vec<_> = (0..2)
        .map(|number| {
            json!({
                "type": "m.room.member",
                "event_id": format!("$e{number}"),
                "room_id": format!("!r{number}:example.org"),
                "sender": "@eve:example.org",
                "state_key": "@msn_alice=40example.com:example.org",
                "origin_server_ts": 1_700_000_000_000_u64,
                "content": { "membership": "invite", "is_direct": true },
            })
        })
        .collect();
    let transaction = json!({ "events": events }).to_string();
    let request = ("PUT", "/_matrix/app/v1/transactions/1");
    let answered = ask(listen, request, &headers, Some(&transaction)).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    stage
}
