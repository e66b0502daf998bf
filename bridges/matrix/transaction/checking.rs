//! What holds for whatever a homeserver pushes: used by the fuzz target.

use std::collections::BTreeSet;

use domain::Timestamp;
use ruma::{owned_server_name, owned_user_id};
use serde_json::Value;

use super::{Happening, Transaction, value};
use crate::{
    encryption::{KeyNews, Opened},
    event::{Event, What},
    message::{Said, check_said},
    names::Names,
};

/// How many encrypted events are opened as each of the others.
const MOST_OPENED: usize = 4;

/// Reads a body; whether it is a transaction in which something happens.
///
/// # Panics
/// Where more is told than came, where our own users are told of, where what is said breaks a promise, or where something that was
/// encrypted does what only a homeserver may let happen.
pub(crate) fn check(body: &[u8]) -> bool {
    let _ = KeyNews::read(body);
    let Ok(transaction) = Transaction::read(body) else { return false };
    let names = Names::new(owned_server_name!("example.org"), owned_user_id!("@msnbot:example.org"), "msn_".into());
    names.link(BTreeSet::from([owned_user_id!("@ann:example.org")]));

    let all = transaction.happenings(&names, Timestamp(0));
    let Transaction { events, ephemeral, older_ephemeral } = &transaction;
    let most = events.len() + ephemeral.len() + older_ephemeral.len();
    assert!(all.len() <= most, "{} of {most}", all.len());
    let values: Vec<Value> = events.iter().filter_map(|event| value(event)).collect();
    let mut to_open = MOST_OPENED;
    for happening in &all {
        match happening {
            Happening::Event(event) => {
                check_event(event, &names);
                if event.is_sealed() && to_open > 0 {
                    to_open -= 1;
                    for clear in &values {
                        check_opened(event, clear, &names);
                    }
                }
            }
            Happening::Typing { users, .. } | Happening::Read { users, .. } => {
                assert!(!users.iter().any(|user| names.is_ours(user)), "our own users are told of");
            }
            Happening::Seen { user, .. } => assert!(!names.is_ours(user), "our own users are told of"),
        }
    }
    !all.is_empty()
}

fn check_event(event: &Event, names: &Names) {
    assert!(event.heard.is_empty() || names.speaks_as(&event.sender), "{} is believed", event.sender);
    if let Some(said) = event.line(true) {
        check_said(&said);
    }
}

/// What stood encrypted in an event is said by whom the homeserver says, there and then; and it is only said.
fn check_opened(sealed: &Event, clear: &Value, names: &Names) {
    let opened = sealed.clone().opened(&Opened::Clear(clear.clone()), names);
    let same = opened.id == sealed.id && opened.room == sealed.room && opened.sender == sealed.sender;
    assert!(same, "{} becomes another event", sealed.id);
    let is_said = matches!(opened.what, What::Said(Said::Message { .. } | Said::Reaction { .. }) | What::Nothing);
    assert!(is_said, "{} does something", sealed.id);
    check_event(&opened, names);
}
