//! Links that accounts make themselves, and what their networks gave up doing.

use chrysalis_test_harness::{DEADLINE, Messenger, Room, get, text};
use msnp::dialect::Dialect;
use serde_json::{Value, json};

use super::Managed;
use crate::{ALICE, BOB, operations::AGAIN};

const SERVICE: &str = "chrysalis@msn.example";
const IRIS: &str = "iris@loopback.msn.example";

/// The links of Alice to the network inside the server.
const LINK: &str = "/v1/accounts/alice@example.com/links/loopback";

fn linking(accounts: &[&str]) -> Managed {
    Managed::start(accounts, "[networks.loopback]\nlinking = true\n")
}

#[tokio::test]
async fn an_account_is_linked_by_its_answers_and_does_what_there_is_to_do() {
    let managed = linking(&[ALICE, BOB]);
    let ways = managed.get("/v1/networks/loopback/ways").await;
    let keys: Vec<&str> = ways.as_array().unwrap().iter().map(|way| way["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["token", "word", "door"]);
    assert_eq!((&ways[1]["steps"][1]["key"], &ways[1]["steps"][1]["secret"]), (&json!("word"), &json!(true)));
    assert_eq!((&ways[0]["in_browser"], &ways[2]["in_browser"]), (&json!(false), &json!(true)));
    let before = managed.get(LINK).await;
    assert_eq!((&before["link"], &before["tasks"], &before["ways"]), (&Value::Null, &json!([]), &ways));

    for (body, wanted, words) in [
        (json!({}), (422, "unfit"), "say in which way"),
        (json!({ "way": "word", "answers": { "name": "dim" } }), (422, "unfit"), "word wants word"),
        (json!({ "way": "word", "answers": { "nome": "dim" } }), (422, "unfit"), "nome is not asked"),
        (json!({ "way": "door", "answers": { "name": "dim" } }), (422, "unfit"), "POST to page"),
        (json!({ "answers": { "name": "dim", "word": "shut" } }), (422, "refused-by-network"), "no such word"),
    ] {
        let (status, kind, detail) = managed.refused("POST", LINK, body).await;
        assert_eq!((status, kind.as_str()), wanted, "{detail}");
        assert!(detail.contains(words), "{detail}");
    }
    let linked = managed.done("POST", LINK, json!({ "answers": { "name": "dim", "word": "open-Sesame" } })).await;
    assert_eq!((&linked["identity"], &linked["state"]), (&json!("dim@loop"), &json!("connected")));
    assert!(!linked["notes"].as_array().unwrap().is_empty(), "{linked}");
    let listed = managed.get("/v1/accounts/alice@example.com/links").await;
    assert_eq!(listed, json!([linked]));
    let tasks = managed.get(LINK).await["tasks"].clone();
    assert_eq!((&tasks[0]["key"], &tasks[1]["key"]), (&json!("wave"), &json!("brighten")));
    let waved = managed.done("POST", &format!("{LINK}/tasks/wave"), json!({})).await;
    assert_eq!(waved, json!({ "said": "Echo waves back." }));
    let brighten = format!("{LINK}/tasks/brighten");
    let (_, kind, _) = managed.refused("POST", &brighten, json!({ "answers": { "lamp": "broken" } })).await;
    assert_eq!(kind, "refused-by-network");
    managed.done("POST", &brighten, json!({ "answers": { "lamp": "open-Sesame" } })).await;
    let (status, kind, _) = managed.refused("POST", &format!("{LINK}/tasks/dance"), json!({})).await;
    assert_eq!((status, kind.as_str()), (404, "no-task"));

    let gone = json!({ "way": "token", "answers": { "token": "loop-gone-Sesame", "circle": "Loop" } });
    managed.done("POST", "/v1/accounts/bob@example.com/links/loopback", gone).await;
    let health = |links: &Value| {
        let links = links["links"].as_array().unwrap().iter();
        links.map(|link| format!("{} {}", link["account"], link["state"]).replace('"', "")).collect::<Vec<_>>()
    };
    let all = managed.get("/v1/links").await;
    assert_eq!(health(&all), ["alice@example.com connected", "bob@example.com failed"]);
    assert_eq!(all["links"][1]["reason"], "the token was taken back");
    assert_eq!((&all["count"], &all["next"]), (&json!(2), &Value::Null));
    let first = managed.get("/v1/links?limit=1").await;
    assert_eq!(
        (health(&first), &first["count"], &first["next"]),
        (vec!["alice@example.com connected".to_owned()], &json!(2), &json!("alice@example.com/loopback"))
    );
    let second = managed.get("/v1/links?limit=1&after=alice@example.com/loopback").await;
    assert_eq!((health(&second), &second["next"]), (vec!["bob@example.com failed".to_owned()], &Value::Null));
    let (status, kind, _) = managed.refused("GET", "/v1/links?limit=1001", Value::Null).await;
    assert_eq!((status, kind.as_str()), (422, "unfit"));
    assert_eq!(health(&managed.get("/v1/links?network=loopback&state=failed").await), ["bob@example.com failed"]);
    let shown = managed.get("/v1/accounts/bob@example.com").await;
    assert_eq!(shown["links"][0]["identity"], "gone@loop");

    managed.done("DELETE", LINK, Value::Null).await;
    let (status, kind, _) = managed.refused("DELETE", LINK, Value::Null).await;
    assert_eq!((status, kind.as_str()), (404, "no-link"));
    for (path, wanted) in [
        ("/v1/accounts/eve@example.com/links", "no-account"),
        ("/v1/accounts/alice@example.com/links/aim", "no-network"),
        ("/v1/links?network=aim", "no-network"),
        ("/v1/networks/aim/ways", "no-network"),
    ] {
        let (status, kind, _) = managed.refused("GET", path, Value::Null).await;
        assert_eq!((status, kind.as_str()), (404, wanted), "{path}");
    }
    assert!(!managed.server.log().contains("Sesame"), "the log has a secret");
}

#[tokio::test]
async fn a_page_for_a_browser_can_be_asked_for() {
    let managed = linking(&[ALICE]);
    let page = managed.done("POST", &format!("{LINK}/page"), Value::Null).await;
    let (web, address) = (managed.server.web(), page["address"].as_str().unwrap());
    let path = address.strip_prefix(&format!("http://{web}")).unwrap_or_else(|| panic!("{address}"));
    let shown = get(web, path, "").await;
    assert!(shown.status == 200 && shown.body.contains("Account: alice@example.com."), "{shown:?}");
    let (status, kind, _) = managed.refused("POST", "/v1/accounts/alice@example.com/links/aim/page", Value::Null).await;
    assert_eq!((status, kind.as_str()), (404, "no-network"));
}

/// Has something given up: Iris speaks in the room of five only. Gives its number.
async fn given_up(managed: &Managed, room: &mut Room) -> i64 {
    let before = managed.get("/v1/orders").await["orders"].as_array().unwrap().len();
    room.tell(text("are you there?")).await;
    let told = room.hear_text(IRIS).await;
    assert!(told.starts_with("(not delivered: \"are you there?\""), "{told}");
    let orders = managed.get("/v1/orders").await["orders"].clone();
    assert_eq!(orders.as_array().unwrap().len(), before + 1, "{orders}");
    orders[before]["id"].as_i64().unwrap()
}

#[tokio::test]
async fn what_was_given_up_is_listed_tried_again_and_forgotten() {
    let managed = Managed::start(&[ALICE], "");
    let mut alice = Messenger::online(&managed.server, ALICE, Dialect::Msnp12).await;
    let mut service = alice.call(SERVICE).await;
    service.joined(SERVICE).await;
    service.tell(text("search iris")).await;
    let found = service.hear_text(SERVICE).await;
    assert!(found.contains(IRIS), "{found}");
    let mut room = alice.call(IRIS).await;
    room.joined(IRIS).await;
    let first = given_up(&managed, &mut room).await;
    let second = given_up(&managed, &mut room).await;
    let page = managed.get("/v1/orders?limit=1&account=alice@example.com&network=loopback").await;
    assert_eq!(page["next"], first);
    let order = &page["orders"][0];
    assert_eq!((&order["account"], &order["contact"], &order["action"]), (&json!(ALICE), &json!(IRIS), &json!("say")));
    assert_eq!(order["reason"], "Iris speaks in the room of five only");
    assert!(order["given_up"].is_string() && !page.to_string().contains("are you there"), "no message is told: {page}");
    let rest = managed.get(&format!("/v1/orders?after={first}")).await;
    assert_eq!((&rest["orders"][0]["id"], &rest["next"]), (&json!(second), &Value::Null));
    assert_eq!(managed.get("/v1/orders?account=bob@example.com").await["orders"], json!([]));
    assert_eq!(managed.get("/v1/accounts/alice@example.com").await["given_up"], 2);
    let networks = managed.get("/v1/networks").await;
    assert_eq!((&networks[0]["name"], &networks[0]["reach"]), (&json!("loopback"), &json!("reachable")));
    assert_eq!((&networks[0]["queue"]["given_up"], &networks[0]["links"]), (&json!(2), &json!(1)));

    managed.done("DELETE", &format!("/v1/orders/{second}"), Value::Null).await;
    for (method, path) in [("DELETE", format!("/v1/orders/{second}")), ("POST", format!("/v1/orders/{second}/retry"))] {
        let (status, kind, _) = managed.refused(method, &path, Value::Null).await;
        assert_eq!((status, kind.as_str()), (404, "no-order"), "{method} {path}");
    }
    // It is tried, and given up again.
    managed.done("POST", &format!("/v1/orders/{first}/retry"), Value::Null).await;
    assert!(room.hear_text(IRIS).await.starts_with("(not delivered"));
    let retried = managed.done("POST", "/v1/orders/retry", json!({ "network": "loopback" })).await;
    assert_eq!(retried, json!({ "orders": 1 }));
    assert!(room.hear_text(IRIS).await.starts_with("(not delivered"));
    let nothing = managed.done("POST", "/v1/orders/drop", json!({ "account": "bob@example.com" })).await;
    assert_eq!(nothing, json!({ "orders": 0 }));
    assert_eq!(managed.done("POST", "/v1/orders/drop", json!({})).await, json!({ "orders": 1 }));
    assert_eq!(managed.get("/v1/orders").await, json!({ "orders": [], "next": null }));
    let fault = until_faults(&managed, "an order was given up").await;
    assert_eq!((&fault["level"], &fault["times"]), (&json!("warning"), &json!(4)));
    assert!(fault["about"].as_str().unwrap().contains("room of five"), "{fault}");
}

/// The fault with that text among those of late, once it is there.
async fn until_faults(managed: &Managed, text: &str) -> Value {
    let began = std::time::Instant::now();
    loop {
        let faults = managed.get("/v1/faults").await;
        if let Some(fault) = faults.as_array().unwrap().iter().find(|fault| fault["text"] == text) {
            return fault.clone();
        }
        assert!(began.elapsed() < DEADLINE, "{text:?} is not among {faults}");
        tokio::time::sleep(AGAIN).await;
    }
}
