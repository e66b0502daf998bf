//! Where this program goes by itself, which somebody else may have named: nowhere without a door that is looked after.
//!
//! What each door refuses is tested beside it: private addresses, names that lead to them, and redirections to either. Here it is seen
//! that there is no other door, and that docs/security.md names each.

use std::path::{Path, PathBuf};

/// What opens a connection to somewhere else.
const OPENS: [&str; 9] = [
    "reqwest::Client::builder(",
    "reqwest::Client::new(",
    "reqwest::ClientBuilder::new(",
    "reqwest::get(",
    "reqwest::blocking",
    "TcpStream::connect",
    "TcpSocket::new",
    "UdpSocket::bind",
    "Shard::new(",
];

/// Each file that does, and what stands in it that looks after whom is gone to.
const DOORS: [(&str, &[&str]); 6] = [
    // Discord, as configured: its files are fetched from its own hosts alone.
    ("bridges/discord/rest.rs", NOWHERE_ELSE),
    // Discord's gateway, as configured.
    ("bridges/discord/gateway/session.rs", &["url.to_string()"]),
    // The homeserver, as configured.
    ("bridges/matrix/homeserver.rs", NOWHERE_ELSE),
    // The homeserver that whoever sets the server up has named.
    (
        "bridges/matrix/setup.rs",
        &["nowhere_else = reqwest::redirect::Policy::none()", ".redirect(nowhere_else)", NO_PROXY],
    ),
    // Homeservers that people name.
    (
        "bridges/matrix/own/discovery.rs",
        &[
            NO_REDIRECT,
            NO_PROXY,
            "dns_resolver(Resolver { within:",
            "within: Reach::beyond_the_public(&configuration.linked.private_addresses)",
            "!self.within.has(address)",
            "within.has(address.ip())",
        ],
    ),
    // This very server, as clients reach it; or the one that whoever runs the doctor names.
    ("src/doctor/request.rs", &["timeout(DIAL_TIME", "timeout(ANSWER_TIME", "take(LONGEST_ANSWER"]),
];

/// Redirections are not followed.
const NO_REDIRECT: &str = ".redirect(reqwest::redirect::Policy::none())";

/// The environment's proxies, which would resolve names themselves, are not used.
const NO_PROXY: &str = ".no_proxy()";

const NOWHERE_ELSE: &[&str] = &[NO_REDIRECT, NO_PROXY];

/// Clients of matrix-sdk are given one of those above, and would otherwise make one of their own.
const MATRIX_CLIENT: (&str, &str) = ("Client::builder()", ".http_client(door.client.clone())");

#[test]
fn nobody_is_gone_to_but_through_a_door_that_is_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let told = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let mut doors: Vec<&str> = DOORS.iter().map(|(path, _)| *path).collect();
    for path in ["src", "bridges"].iter().flat_map(|folder| sources(&root.join(folder))) {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        // What tests do stands last.
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        if text.contains(MATRIX_CLIENT.0) && text.contains("use matrix_sdk::") && !text.contains("reqwest::Client") {
            assert!(text.contains(MATRIX_CLIENT.1), "{name} makes a client of its own");
        }
        let Some(opens) = OPENS.iter().find(|opens| text.contains(**opens)) else { continue };
        let Some((_, guards)) = DOORS.iter().find(|(known, _)| *known == name) else {
            panic!(
                "{name} goes somewhere ({opens}): see that nobody can lead it astray, and say so here and in docs/security.md"
            );
        };
        for guard in *guards {
            assert!(text.contains(guard), "{name} has no {guard}");
        }
        assert_eq!(
            text.matches("reqwest::Client::builder(").count(),
            usize::from(opens.starts_with("reqwest")),
            "{name}"
        );
        assert!(told.contains(&format!("`{name}`")), "docs/security.md says nothing of {name}");
        doors.retain(|door| *door != name);
    }
    assert!(doors.is_empty(), "no door any more: {doors:?}");
}

/// All Rust files below a folder that are no tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !["tests", "benches"].contains(&name) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests.rs" {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 100, "{found:?}");
    found
}
