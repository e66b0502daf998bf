//! Links that accounts make themselves.

use std::sync::Arc;

use bridge::{Arrival, Failure, Host, LinkAnswers, LinkState, Network, Section, conformance::owner};

use super::host;
use crate::Loopback;

/// A section that has accounts link themselves.
pub(super) fn section() -> Section {
    let mut section = super::section(&[]);
    section.values.insert("linking".to_owned(), true.into());
    section
}

pub(super) fn answers(token: &str) -> LinkAnswers {
    [("token", token), ("circle", "Loop friends")].map(|(key, answer)| (key.to_owned(), answer.to_owned())).into()
}

#[tokio::test]
async fn an_account_is_who_its_token_says_until_it_is_unlinked() {
    let (network, host) = (Loopback::new(&section()).unwrap(), host());
    network.start(Arc::clone(&host) as Arc<dyn Host>).await.unwrap();
    let me = owner().passport;
    let _link = network.open(owner()).await.unwrap();
    assert_eq!(network.link_ways().iter().map(|way| way.key).collect::<Vec<_>>(), ["token", "word", "door"]);
    assert_eq!(host.seen().arrivals, [], "nobody is a friend before the link");
    assert_eq!(network.linked(&me).await, None);

    let refused = network.link(&me, "token", &answers("wrong-s3cret")).await.unwrap_err();
    assert!(matches!(&refused, Failure::Refused { reason } if !reason.contains("s3cret")), "{refused:?}");
    let linked = network.link(&me, "token", &answers("loop-ann-s3cret")).await.unwrap();
    assert_eq!((linked.identity.as_str(), &linked.state), ("ann@loop", &LinkState::Connected));
    assert_eq!(network.linked(&me).await, Some(linked));
    assert_eq!(host.secrets().len(), 1);
    let kept = host.list("").await.unwrap();
    assert!(kept.iter().all(|(_, value)| !value.contains("s3cret")), "{kept:?}");
    let groups: Vec<_> = host
        .seen()
        .arrivals
        .into_iter()
        .filter_map(|arrival| match arrival {
            Arrival::Friend { group, .. } | Arrival::Room { group, .. } => group,
            _ => None,
        })
        .collect();
    assert_eq!(groups, ["Loop friends", "Loop friends"]);

    let gone = network.link(&me, "token", &answers("loop-gone-s3cret")).await.unwrap();
    assert!(matches!(gone.state, LinkState::Failed { .. }), "{gone:?}");
    assert_eq!(host.secrets().len(), 1, "the later link is in place of the earlier one");
    assert!(host.seen().notices.iter().any(|(told, line)| *told == me && line.contains("gone@loop")));

    assert_eq!(network.unlink(&me).await, Ok(true));
    assert_eq!(network.unlink(&me).await, Ok(false));
    assert_eq!((network.linked(&me).await, host.secrets()), (None, Vec::new()));
    network.stop().await;
}

#[tokio::test]
async fn without_the_key_accounts_are_linked_by_themselves() {
    let network = Loopback::new(&super::section(&[])).unwrap();
    assert_eq!(network.link_ways(), []);
    let refused = network.link(&owner().passport, "token", &answers("loop-ann-s3cret")).await;
    assert!(matches!(refused, Err(Failure::Unsupported { .. })));
}

#[tokio::test]
async fn what_a_link_waits_for_is_done_by_a_task() {
    let (network, host) = (Loopback::new(&section()).unwrap(), host());
    network.start(Arc::clone(&host) as Arc<dyn Host>).await.unwrap();
    let me = owner().passport;
    let keys = async || network.link_tasks(&me).await.iter().map(|task| task.key).collect::<Vec<_>>();
    let answer = |key: &str, answer: &str| LinkAnswers::from([(key.to_owned(), answer.to_owned())]);

    let late = network.link(&me, "token", &answers("loop-late-s3cret")).await.unwrap();
    assert!(matches!(late.state, LinkState::Waiting { .. }), "{late:?}");
    assert_eq!(keys().await, ["wave", "let-in"]);
    assert_eq!(network.perform(&me, "wave", &LinkAnswers::new()).await.unwrap(), "Echo waves back.");
    assert_eq!(network.perform(&me, "let-in", &LinkAnswers::new()).await.unwrap(), "You are in.");
    assert_eq!((keys().await, network.linked(&me).await.unwrap().state), (vec!["wave"], LinkState::Connected));
    assert!(network.perform(&me, "let-in", &LinkAnswers::new()).await.is_err(), "that is done");

    let dim = network.link(&me, "token", &answers("loop-dim-s3cret")).await.unwrap();
    assert_eq!((dim.notes.len(), keys().await), (1, vec!["wave", "brighten"]));
    let dark = network.perform(&me, "brighten", &answer("lamp", "m00n")).await.unwrap_err();
    assert!(matches!(&dark, Failure::Refused { reason } if !reason.contains("m00n")), "{dark:?}");
    network.perform(&me, "brighten", &answer("lamp", "open-sun")).await.unwrap();
    assert_eq!(network.linked(&me).await.unwrap().notes, Vec::<String>::new());
    network.stop().await;
}
