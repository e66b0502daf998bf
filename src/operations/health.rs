//! Whether the server is ready, as those who look are told.

use domain::NetworkName;
use serde_json::{Value, json};
use server::{Reach, Readiness};

/// What is told, word for word, and whether it is that the server is ready.
pub(crate) fn told(readiness: &Readiness, needed: &[NetworkName]) -> (bool, Value) {
    let ready = readiness.is_ready(needed);
    let networks = readiness.networks.iter().map(|(name, reach)| {
        let state = match reach {
            Reach::Answers => "reachable",
            Reach::Away => "away",
            Reach::Unknown => "not known",
        };
        (name.to_string(), json!({ "state": state, "required": needed.contains(name) }))
    });
    let gone = &readiness.listeners_gone;
    let listeners = if gone.is_empty() { "ok".to_owned() } else { format!("gone: {}", gone.join(", ")) };
    let document = json!({
        "ready": ready,
        "stopping": readiness.stopping,
        "store": readiness.store.as_deref().unwrap_or("ok"),
        "listeners": listeners,
        "networks": networks.collect::<serde_json::Map<_, _>>(),
    });
    (ready, document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_and_who_is_away_too() {
        let [matrix, discord] = ["matrix", "discord"].map(|name| name.parse::<NetworkName>().unwrap());
        let readiness = Readiness {
            stopping: false,
            store: Some("the database is in use by another process".to_owned()),
            listeners_gone: vec!["web 127.0.0.1:8080".to_owned()],
            networks: vec![(matrix.clone(), Reach::Away), (discord, Reach::Answers)],
        };
        let wanted = json!({
            "ready": false,
            "stopping": false,
            "store": "the database is in use by another process",
            "listeners": "gone: web 127.0.0.1:8080",
            "networks": {
                "discord": { "state": "reachable", "required": false },
                "matrix": { "state": "away", "required": true },
            },
        });
        assert_eq!(told(&readiness, std::slice::from_ref(&matrix)), (false, wanted));
        let well = Readiness { store: None, listeners_gone: Vec::new(), ..readiness };
        assert!(told(&well, &[]).0, "one that is not needed may be away");
        assert!(!told(&well, &[matrix]).0);
    }
}
