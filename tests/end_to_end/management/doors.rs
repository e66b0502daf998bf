//! Who is let in, and what stands in the document.

use std::os::unix::fs::PermissionsExt;

use chrysalis_test_harness::{ask, get};

use super::{Managed, document, problem};
use crate::ALICE;

/// Every route of the document, with something in each place of its path that is nobody's and nothing's.
async fn routes(managed: &Managed) -> Vec<(String, String)> {
    // Everybody may read it.
    let answered = get(managed.address, "/openapi.json", "").await;
    assert_eq!(answered.status, 200, "{answered:?}");
    let document = document(&answered);
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let place = |piece: &str| match piece {
            "{address}" => "nobody@example.com".to_owned(),
            "{id}" => "999999".to_owned(),
            piece if piece.starts_with('{') => "nothing".to_owned(),
            piece => piece.to_owned(),
        };
        let path: Vec<String> = path.split('/').map(place).collect();
        for method in methods.as_object().unwrap().keys() {
            routes.push((method.to_uppercase(), path.join("/")));
        }
    }
    assert_eq!(routes.len(), 34, "{routes:?}");
    routes
}

#[tokio::test]
async fn every_route_wants_the_token() {
    let managed = Managed::start(&[ALICE], "");
    let address = managed.address;
    let mode = std::fs::metadata(managed.server.data().join("management.token")).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, managed.token.len()), (0o600, 43));
    for (method, path) in routes(&managed).await {
        for headers in ["", "Cookie: token=x\r\n"] {
            let answered = ask(address, (&method, &path), headers, None).await;
            assert_eq!((answered.status, problem(&answered).0.as_str()), (401, "no-token"), "{method} {path}");
            assert!(answered.header("www-authenticate").unwrap().starts_with("Bearer"), "{answered:?}");
        }
    }
    let elsewhere = ask(address, ("GET", "/nowhere"), "", None).await;
    assert_eq!(elsewhere.status, 401, "nobody is told what there is");
    let told = ask(address, ("POST", "/openapi.json"), "", None).await;
    assert_eq!(told.status, 401, "without the token it can be read, and nothing else");

    let wrong = async |headers: &str| ask(address, ("GET", "/v1/accounts"), headers, None).await;
    let almost = format!("Authorization: Bearer {}\r\n", &managed.token[1..]);
    let basic = format!("Authorization: Basic {}\r\n", managed.token);
    for headers in [almost.as_str(), &basic, "Authorization: Bearer\r\n", "Authorization: Bearer \r\n"] {
        let answered = wrong(headers).await;
        assert_eq!((answered.status, problem(&answered).0.as_str()), (401, "wrong-token"), "{headers:?}");
    }
    for _ in 0..6 {
        assert_eq!(wrong(&almost).await.status, 401);
    }
    let answered = wrong(&almost).await;
    assert_eq!((answered.status, problem(&answered).0.as_str()), (429, "too-many-wrong-tokens"), "{answered:?}");
    let wait: u64 = answered.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{answered:?}");
    assert_eq!(managed.get("/v1/accounts").await["count"], 1, "whoever has it is not kept out by others");
    assert!(!managed.server.log().contains(&managed.token), "the log has the token");
}

#[tokio::test]
async fn every_route_of_the_document_is_served_and_says_what_is_wrong() {
    let managed = Managed::start(&[ALICE], "");
    for (method, path) in routes(&managed).await {
        let answered = managed.answered((&method, &path), None).await;
        assert_eq!(answered.header("cache-control"), Some("no-store"), "{answered:?}");
        assert_eq!(answered.header("x-content-type-options"), Some("nosniff"), "{answered:?}");
        if answered.status >= 400 {
            let (kind, _) = problem(&answered);
            assert!(!["no-route", "no-method"].contains(&kind.as_str()), "{method} {path} is not served: {answered:?}");
            assert!(answered.status < 500, "{method} {path}: {answered:?}");
        }
    }
    let answered = managed.answered(("DELETE", "/v1/accounts"), None).await;
    assert_eq!(answered.header("allow"), Some("GET,HEAD,POST"), "{answered:?}");
    for (request, wanted) in [
        (("GET", "/v1/nothing"), (404, "no-route")),
        (("GET", "/"), (404, "no-route")),
        (("DELETE", "/v1/server"), (405, "no-method")),
        (("GET", "/v1/accounts?order=name"), (400, "malformed")),
        (("GET", "/v1/accounts?limit=0"), (422, "unfit")),
        (("GET", "/v1/accounts/%ff"), (400, "malformed")),
        (("GET", "/v1/orders?limit=many"), (400, "malformed")),
        (("DELETE", "/v1/orders/0"), (404, "no-order")),
        (("DELETE", "/v1/orders/first"), (400, "malformed")),
    ] {
        let answered = managed.answered(request, None).await;
        assert_eq!((answered.status, problem(&answered).0.as_str()), wanted, "{request:?}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_so() {
    let managed = Managed::start(&[ALICE], "");
    let long = format!("{{\"address\": \"{}\"}}", "x".repeat(65_536));
    for (body, wanted, words) in [
        ("", (400, "malformed"), "EOF"),
        ("{\"address\": ", (400, "malformed"), "send one JSON object"),
        ("[]", (422, "unfit"), "/openapi.json"),
        ("{\"address\": \"eve@example.com\"}", (422, "unfit"), "missing field `password`"),
        ("{\"address\": 7, \"password\": \"long enough\"}", (422, "unfit"), "address: invalid type"),
        (
            "{\"address\": \"eve@example.com\", \"password\": 12345678}",
            (422, "unfit"),
            "password: invalid type, expected",
        ),
        ("{\"adress\": \"eve@example.com\", \"password\": \"long enough\"}", (422, "unfit"), "unknown field `adress`"),
        (long.as_str(), (413, "too-large"), "65536 bytes"),
    ] {
        let answered = managed.answered(("POST", "/v1/accounts"), Some(body)).await;
        let (kind, detail) = problem(&answered);
        assert_eq!((answered.status, kind.as_str()), wanted, "{body:.60}: {detail}");
        assert!(detail.contains(words), "{body:.60}: {detail}");
        assert!(!detail.contains("12345678") && !detail.contains("long enough"), "a password is told: {detail}");
    }
    let plain = "Content-Type: text/plain\r\n";
    let headers = format!("Authorization: Bearer {}\r\n{plain}", managed.token);
    let answered = ask(managed.address, ("POST", "/v1/accounts"), &headers, None).await;
    assert_eq!((answered.status, problem(&answered).0.as_str()), (415, "not-json"));
    assert_eq!(managed.get("/v1/accounts").await["count"], 1, "nothing was made");
}

#[test]
fn a_token_that_others_can_read_and_an_address_that_they_can_reach_are_refused() {
    let mut managed = Managed::start(&[], "");
    managed.server.stop();
    let file = managed.server.data().join("management.token");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = managed.server.command(&["run"], "");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.complaint.contains("management.token_file") && refused.complaint.contains("chmod 600"),
        "{refused:?}"
    );
    assert!(!refused.complaint.contains(&managed.token), "{refused:?}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let config = std::fs::read_to_string(managed.server.config()).unwrap();
    let open = config
        .replace(&format!("[management]\nlisten = \"{}\"", managed.address), "[management]\nlisten = \"0.0.0.0:0\"");
    assert_ne!(open, config);
    std::fs::write(managed.server.config(), open).unwrap();
    let refused = managed.server.command(&["run"], "");
    assert!(refused.code == 2 && refused.complaint.contains("allow_remote = true"), "{refused:?}");
}
