//! Orders as the server would give them.

use domain::{Content, contact::RemoteTarget};

use super::FakeHost;
use crate::{Action, Host, Order, RemoteProfile};

/// A first attempt at something that concerns `person`.
pub(super) fn order(key: &str, person: &RemoteProfile, action: Action) -> Order {
    Order { key: key.to_owned(), attempt: 0, to: RemoteTarget::Person(person.user.clone()), action }
}

/// A first attempt to say `text` to `person`.
pub(super) fn say(key: &str, host: &FakeHost, person: &RemoteProfile, text: &str) -> Order {
    order(key, person, Action::Say { content: Content::text(text), sent: host.now(), reply: None, heard: Vec::new() })
}
