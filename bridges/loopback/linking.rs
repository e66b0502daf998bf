//! Links that accounts make themselves, where the section asks for that: so tests and newcomers see how it goes without any
//! other network. A token is `loop-NAME-` and a secret word; whoever has it is NAME there, and Echo's friend.

use std::collections::BTreeMap;

use bridge::{Arrival, Batch, Failure, HostFault, LinkState, LinkStatus, LinkStep, Write};
use domain::Passport;

use crate::{echo, network::friend_key, parlour::Parlour, room};

/// Under which an account's token is kept, sealed.
const LINK: &str = "link/";

const TOKEN: &str = "token";
const CIRCLE: &str = "circle";

/// The name of whom less is seen.
const DIM: &str = "dim";
/// The name whose token is taken back as soon as it is used.
const GONE: &str = "gone";

pub(crate) fn link_key(owner: &Passport) -> String {
    format!("{LINK}{owner}")
}

/// What is asked.
pub(crate) fn steps() -> Vec<LinkStep> {
    let ask = |words: &str| words.to_owned();
    vec![
        LinkStep {
            key: TOKEN,
            ask: ask("Which token did Echo give you? It looks like loop-NAME-SECRET."),
            secret: true,
        },
        LinkStep {
            key: CIRCLE,
            ask: ask("What is the group called in which Echo is to stand on your list?"),
            secret: false,
        },
    ]
}

/// Whom a token makes of its holder.
fn name_of(token: &str) -> Option<&str> {
    let (name, secret) = token.trim().strip_prefix("loop-")?.split_once('-')?;
    (!name.is_empty() && !secret.is_empty()).then_some(name)
}

fn status(name: &str) -> LinkStatus {
    let state = match name {
        GONE => LinkState::Failed { reason: "the token was taken back".to_owned() },
        _ => LinkState::Connected,
    };
    let notes = match name {
        DIM => vec!["Echo does not see your status: ask for a brighter token.".to_owned()],
        _ => Vec::new(),
    };
    LinkStatus { identity: format!("{name}@loop"), state, notes }
}

impl Parlour {
    /// Makes of the account whom its token says, and Echo its friend.
    pub(crate) async fn link(
        &self,
        owner: &Passport,
        answers: &BTreeMap<String, String>,
    ) -> Result<LinkStatus, Failure> {
        let [Some(token), Some(circle)] = [TOKEN, CIRCLE].map(|key| answers.get(key)) else {
            return Err(Failure::refused("the token or the circle is missing"));
        };
        let name = name_of(token).ok_or_else(|| Failure::refused("Echo knows no such token"))?;
        let (owner, key) = (owner.clone(), friend_key(owner));
        let (group, writes) = (
            Some(circle.clone()),
            vec![Write::Seal(link_key(&owner), token.trim().to_owned()), Write::Put(key.clone(), String::new())],
        );
        let arrivals = vec![
            Arrival::Friend { owner: owner.clone(), who: echo::profile(), group: group.clone() },
            Arrival::Room { owner: owner.clone(), room: self.room(), group },
        ];
        self.host.accept(Batch { arrivals, writes }).await.map_err(unkept)?;
        self.friends().insert(key);
        if name == GONE {
            self.host.notify(&owner, format!("Your link as {name}@loop has stopped: the token was taken back."));
        }
        Ok(status(name))
    }

    /// Forgets the account's token; `false` if there was none.
    pub(crate) async fn unlink(&self, owner: &Passport) -> Result<bool, Failure> {
        let key = link_key(owner);
        // One that cannot be read any more is to go as well.
        if matches!(self.host.secret(&key).await, Ok(None)) {
            return Ok(false);
        }
        let arrivals = vec![Arrival::RoomLost { owner: owner.clone(), room: room::id() }];
        self.host.accept(Batch { arrivals, writes: vec![Write::Delete(key)] }).await.map_err(unkept)?;
        Ok(true)
    }

    /// Who the account is by its token.
    pub(crate) async fn linked(&self, owner: &Passport) -> Option<LinkStatus> {
        let failed = |reason| {
            let state = LinkState::Failed { reason };
            Some(LinkStatus { identity: "nobody".to_owned(), state, notes: Vec::new() })
        };
        match self.host.secret(&link_key(owner)).await {
            Ok(None) => None,
            Ok(Some(token)) => name_of(&token).map(status),
            Err(fault) => failed(fault.to_string()),
        }
    }
}

// The signature that `map_err` wants.
#[allow(clippy::needless_pass_by_value)]
fn unkept(fault: HostFault) -> Failure {
    match fault {
        HostFault::Secrets(reason) => Failure::refused(reason),
        HostFault::Store(_) | HostFault::TooLarge { .. } | HostFault::Media(_) | HostFault::Stopping => {
            Failure::retry(fault.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_holder_and_has_a_secret() {
        assert_eq!(name_of(" loop-ann-s3cret-word\n"), Some("ann"));
        for token in ["", "ann", "loop-ann", "loop--s3cret", "loop-ann-", "pool-ann-s3cret"] {
            assert_eq!(name_of(token), None, "{token:?}");
        }
    }
}
