//! Links that accounts make themselves.

use std::{collections::BTreeMap, sync::Arc};

use bridge::{Arrival, Failure, Host, LinkState, Network, Section, conformance::owner};

use super::host;
use crate::Loopback;

/// A section that has accounts link themselves.
pub(super) fn section() -> Section {
    let mut section = super::section(&[]);
    section.values.insert("linking".to_owned(), true.into());
    section
}

pub(super) fn answers(token: &str) -> BTreeMap<String, String> {
    [("token", token), ("circle", "Loop friends")].map(|(key, answer)| (key.to_owned(), answer.to_owned())).into()
}

#[tokio::test]
async fn an_account_is_who_its_token_says_until_it_is_unlinked() {
    let (network, host) = (Loopback::new(&section()).unwrap(), host());
    network.start(Arc::clone(&host) as Arc<dyn Host>).await.unwrap();
    let me = owner().passport;
    let _link = network.open(owner()).await.unwrap();
    assert_eq!(
        network.link_steps().iter().map(|step| (step.key, step.secret)).collect::<Vec<_>>(),
        [("token", true), ("circle", false)]
    );
    assert_eq!(host.seen().arrivals, [], "nobody is a friend before the link");
    assert_eq!(network.linked(&me).await, None);

    let refused = network.link(&me, &answers("wrong-s3cret")).await.unwrap_err();
    assert!(matches!(&refused, Failure::Refused { reason } if !reason.contains("s3cret")), "{refused:?}");
    let linked = network.link(&me, &answers("loop-ann-s3cret")).await.unwrap();
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

    let gone = network.link(&me, &answers("loop-gone-s3cret")).await.unwrap();
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
    assert_eq!(network.link_steps(), []);
    let refused = network.link(&owner().passport, &answers("loop-ann-s3cret")).await;
    assert!(matches!(refused, Err(Failure::Unsupported { .. })));
}
