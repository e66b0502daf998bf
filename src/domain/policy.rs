//! Who may see and reach whom. Handlers ask here, then act.

use crate::contact::{List, Lists};

/// Whether people on no list may see and reach the owner (`BLP` in the protocol).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Privacy {
    /// Everybody who is not blocked.
    #[default]
    Everybody,
    /// Only those who are allowed.
    OnlyAllowed,
}

/// Whether somebody who stands on these lists of the owner may see the owner's presence and write to them.
#[must_use]
pub const fn may_see(privacy: Privacy, lists: Lists) -> bool {
    if lists.contains(List::Block) {
        return false;
    }
    match privacy {
        Privacy::Everybody => true,
        Privacy::OnlyAllowed => lists.contains(List::Allow),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blocked_never_see_and_the_unknown_only_where_everybody_may() {
        let blocked = Lists::NONE.with(List::Forward).with(List::Block);
        let allowed = Lists::NONE.with(List::Allow);
        for privacy in [Privacy::Everybody, Privacy::OnlyAllowed] {
            assert!(!may_see(privacy, blocked));
            assert!(may_see(privacy, allowed));
        }
        assert!(may_see(Privacy::Everybody, Lists::NONE));
        assert!(!may_see(Privacy::OnlyAllowed, Lists::NONE));
    }
}
