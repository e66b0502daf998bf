//! Who is who: the Matrix ids of this server's accounts, of the bot, and what tells them from other people.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    sync::{Arc, PoisonError, RwLock},
};

use bridge::RemoteProfile;
use domain::{Passport, RemoteUser};
use ruma::{OwnedServerName, OwnedUserId, UserId};

use crate::chat;

/// The longest Matrix id that the specification allows, in bytes. Synapse takes longer ones, so it has to be kept here.
const LONGEST_ID: usize = 255;

/// The names that the registration reserves for this program.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    server: OwnedServerName,
    bot: OwnedUserId,
    prefix: String,
    /// The accounts that people of this server have linked: they come and go.
    linked: Arc<RwLock<BTreeSet<OwnedUserId>>>,
}

impl Names {
    /// The names on `server`: ghosts begin with `prefix`.
    pub(crate) fn new(server: OwnedServerName, bot: OwnedUserId, prefix: String) -> Self {
        Self { server, bot, prefix, linked: Arc::default() }
    }

    /// These accounts, and no others, are linked now.
    pub(crate) fn link(&self, users: BTreeSet<OwnedUserId>) {
        *self.linked.write().unwrap_or_else(PoisonError::into_inner) = users;
    }

    /// Whether this program may have spoken as somebody: what it writes beside a message is believed of nobody else.
    pub(crate) fn speaks_as(&self, user: &UserId) -> bool {
        self.account(user).is_some() || self.linked.read().unwrap_or_else(PoisonError::into_inner).contains(user)
    }

    /// The homeserver's name.
    pub(crate) fn server(&self) -> &OwnedServerName {
        &self.server
    }

    /// The visible bot.
    pub(crate) fn bot(&self) -> &UserId {
        &self.bot
    }

    /// The ghost of an account; `None` when its address is too long for a Matrix id.
    pub(crate) fn ghost(&self, passport: &Passport) -> Option<OwnedUserId> {
        let id = format!("@{}{}:{}", self.prefix, escape(passport.as_str()), self.server);
        if id.len() > LONGEST_ID { None } else { UserId::parse(id).ok() }
    }

    /// The account whose ghost this is, whether or not it exists; `None` for anybody else.
    pub(crate) fn account(&self, user: &UserId) -> Option<Passport> {
        let passport = unescape(self.ghost_part(user)?)?.parse().ok()?;
        // Only the written form that we ourselves give counts: two ids for one account would make two people of it.
        (self.ghost(&passport)? == user).then_some(passport)
    }

    /// Whether the id belongs to this program: what it says are our own words coming back.
    pub(crate) fn is_ours(&self, user: &UserId) -> bool {
        user == self.bot || self.ghost_part(user).is_some()
    }

    /// Whether this is somebody else than the two of a pair, and not the bot.
    pub(crate) fn is_third(&self, pair: &chat::Pair, user: &UserId) -> bool {
        user != pair.user && user != self.bot && self.ghost(&pair.owner).is_none_or(|ghost| ghost != user)
    }

    /// The person that an opaque id of the domain means; never one of our own.
    pub(crate) fn person(&self, user: &RemoteUser) -> Option<OwnedUserId> {
        UserId::parse(user.as_str()).ok().filter(|user| !self.is_ours(user))
    }

    /// Whoever is called `name` in a room of several people, as the domain has them: a ghost is its account.
    pub(crate) fn profile(&self, user: &UserId, name: &str) -> RemoteProfile {
        RemoteProfile { account: self.account(user), ..chat::profile(user, name) }
    }

    fn ghost_part<'id>(&self, user: &'id UserId) -> Option<&'id str> {
        if user.server_name() == self.server { user.localpart().strip_prefix(self.prefix.as_str()) } else { None }
    }
}

/// Writes an address as a part of a localpart: lower case letters, digits and `._-/` stay, each other byte becomes `=xx`.
fn escape(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/' => written.push(char::from(byte)),
            other => {
                // Writing into a string cannot fail.
                let _ = write!(written, "={other:02x}");
            }
        }
    }
    written
}

/// Reads what [`escape`] wrote; `None` for anything it would not write.
fn unescape(written: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'=' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use ruma::{owned_server_name, owned_user_id, user_id};

    use super::*;

    pub(crate) fn names() -> Names {
        Names::new(owned_server_name!("example.org"), owned_user_id!("@msnbot:example.org"), "msn_".into())
    }

    #[test]
    fn an_account_has_one_ghost() {
        let carol: Passport = "Carol+1@msn.example".parse().unwrap();
        let ghost = names().ghost(&carol).unwrap();
        assert_eq!(ghost, "@msn_carol=2b1=40msn.example:example.org");
        assert_eq!(names().account(&ghost), Some(carol.clone()));
        assert_eq!(names().profile(&ghost, "Carol").account, Some(carol));
        assert_eq!(names().profile(user_id!("@alice:example.org"), "Alice").account, None);
    }

    #[test]
    fn other_people_are_no_ghosts() {
        for (id, ours) in [
            ("@alice:example.org", false),
            ("@msn_carol=40msn.example:elsewhere.org", false),
            ("@msnbot:example.org", true),
            ("@msn_carol:example.org", true),
            ("@msn_carol=4:example.org", true),
            ("@msn_=63arol=40msn.example:example.org", true),
            ("@msn_carol=40MSN.example:example.org", true),
        ] {
            let id = UserId::parse(id).unwrap();
            assert_eq!(names().account(&id), None, "{id}");
            assert_eq!(names().is_ours(&id), ours, "{id}");
        }
        assert_eq!(names().person(&RemoteUser("@msnbot:example.org".into())), None);
        assert_eq!(names().person(&RemoteUser("nobody".into())), None);
        assert_eq!(names().person(&RemoteUser("@a:b.org".into())).as_deref(), Some(user_id!("@a:b.org")));
    }

    #[test]
    fn an_address_too_long_for_matrix_has_no_ghost() {
        let long: Passport = format!("{}@msn.example", "a".repeat(240)).parse().unwrap();
        assert_eq!(names().ghost(&long), None);
    }

    proptest! {
        #[test]
        fn every_ghost_leads_back_to_its_account(local in "[!#$*+./0-9=?A-Z^_`a-z{|}~-]{1,60}") {
            let passport: Passport = format!("{local}@msn.example").parse().unwrap();
            let ghost = names().ghost(&passport).unwrap();
            prop_assert_eq!(names().account(&ghost), Some(passport));
        }

        #[test]
        fn reading_never_panics(written in "\\PC*") {
            let _ = unescape(&written);
        }
    }
}
