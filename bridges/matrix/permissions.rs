//! Who may do what: the section's `permissions`.
//!
//! A key is `*`, a server name or a Matrix id, and the most particular one that fits counts. People of the homeserver itself
//! are users unless a key says otherwise; nobody else is anything.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use bridge::SectionFault;
use ruma::{OwnedServerName, OwnedUserId, ServerName, UserId};

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Permission {
    /// Nothing.
    None,
    /// Ask accounts for a chat, write to them, and talk to the bot.
    User,
    /// The same, and the bot's commands for administrators.
    Admin,
}

/// Who may do what, as it is now; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Permissions(Arc<RwLock<Levels>>);

#[derive(Debug, Clone)]
struct Levels {
    people: HashMap<OwnedUserId, Permission>,
    servers: HashMap<OwnedServerName, Permission>,
    everybody: Permission,
}

impl Permissions {
    /// Reads the keys as they stand in the section; `home` is the homeserver's name.
    pub(crate) fn read(keys: &BTreeMap<String, String>, home: &ServerName) -> Result<Self, SectionFault> {
        let mut permissions = Levels {
            people: HashMap::new(),
            servers: HashMap::from([(home.to_owned(), Permission::User)]),
            everybody: Permission::None,
        };
        for (key, word) in keys {
            // Which file sets the map can be found out; which sets an entry whose name has dots cannot.
            let fault = |problem: String| SectionFault::new("permissions", format!("{key:?} {problem}"));
            let permission = match word.as_str() {
                "none" => Permission::None,
                "user" => Permission::User,
                "admin" => Permission::Admin,
                other => return Err(fault(format!("= {other:?} is no permission; write none, user or admin"))),
            };
            if key == "*" {
                permissions.everybody = permission;
            } else if key.starts_with('@') {
                let user = UserId::parse(key).map_err(|error| {
                    fault(format!("is no Matrix id ({error}); write e.g. \"@alice:{home}\" = \"{word}\""))
                })?;
                permissions.people.insert(user, permission);
            } else {
                let server = ServerName::parse(key).map_err(|error| {
                    fault(format!(
                        "is neither \"*\" nor a server's name nor a Matrix id ({error}); write e.g. \"{home}\" = \"{word}\""
                    ))
                })?;
                permissions.servers.insert(server, permission);
            }
        }
        if permissions.everybody == Permission::Admin {
            let problem =
                "\"admin\" makes everybody on every homeserver an administrator; name administrators one by one";
            return Err(SectionFault::new("permissions", problem));
        }
        Ok(Self(Arc::new(RwLock::new(permissions))))
    }

    /// What `fresh` says holds from now on.
    pub(crate) fn take_over(&self, fresh: &Self) {
        let levels = fresh.levels().clone();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = levels;
    }

    /// What somebody may do.
    pub(crate) fn of(&self, user: &UserId) -> Permission {
        let levels = self.levels();
        levels.particular(user).unwrap_or(levels.everybody)
    }

    /// Whether an account hears this person. One that `is_wanted`, since the account itself added them or let them in, is kept
    /// out only by a key for them or for their server: else nobody from elsewhere could answer whom they were asked by.
    pub(crate) fn admits(&self, user: &UserId, is_wanted: bool) -> bool {
        let levels = self.levels();
        match levels.particular(user) {
            Some(permission) => permission > Permission::None,
            None => is_wanted || levels.everybody > Permission::None,
        }
    }

    fn levels(&self) -> RwLockReadGuard<'_, Levels> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Levels {
    fn particular(&self, user: &UserId) -> Option<Permission> {
        self.people.get(user).or_else(|| self.servers.get(user.server_name())).copied()
    }
}

#[cfg(test)]
mod tests {
    use ruma::{server_name, user_id};

    use super::*;

    fn read(keys: &[(&str, &str)]) -> Result<Permissions, SectionFault> {
        let keys = keys.iter().map(|(key, word)| ((*key).to_owned(), (*word).to_owned())).collect();
        Permissions::read(&keys, server_name!("example.org"))
    }

    #[test]
    fn the_most_particular_key_counts() {
        let keys = [
            ("*", "user"),
            ("example.org", "none"),
            ("@alice:example.org", "admin"),
            ("@mallory:elsewhere.org", "none"),
            ("[::1]:8448", "none"),
        ];
        let permissions = read(&keys).unwrap();
        for (user, expected) in [
            (user_id!("@alice:example.org"), Permission::Admin),
            (user_id!("@bob:example.org"), Permission::None),
            (user_id!("@carl:elsewhere.org"), Permission::User),
            (user_id!("@mallory:elsewhere.org"), Permission::None),
            (user_id!("@x:[::1]:8448"), Permission::None),
            (user_id!("@x:sub.example.org"), Permission::User),
        ] {
            assert_eq!(permissions.of(user), expected, "{user}");
        }
    }

    #[test]
    fn the_homeservers_own_people_are_users_and_strangers_are_heard_where_they_are_wanted() {
        let permissions = read(&[("@root:example.org", "admin"), ("spam.example", "none")]).unwrap();
        assert_eq!(permissions.of(user_id!("@alice:example.org")), Permission::User);
        let stranger = user_id!("@bob:elsewhere.org");
        assert_eq!(permissions.of(stranger), Permission::None);
        assert!(!permissions.admits(stranger, false) && permissions.admits(stranger, true));
        assert!(permissions.admits(user_id!("@alice:example.org"), false));
        assert!(!permissions.admits(user_id!("@x:spam.example"), true), "whom a key names is never heard");
    }

    #[test]
    fn what_is_taken_over_holds_for_all_clones() {
        let permissions = read(&[("elsewhere.org", "user")]).unwrap();
        let clone = permissions.clone();
        clone.take_over(&read(&[("@bob:elsewhere.org", "admin")]).unwrap());
        assert_eq!(permissions.of(user_id!("@bob:elsewhere.org")), Permission::Admin);
        assert_eq!(permissions.of(user_id!("@carl:elsewhere.org")), Permission::None);
    }

    #[test]
    fn what_is_wrong_is_named_with_the_mend() {
        let fault = read(&[("example.org", "root")]).unwrap_err();
        assert_eq!(fault.key, "permissions");
        assert!(fault.problem.starts_with("\"example.org\" = \"root\" is no permission"), "{fault}");
        for key in ["@alice", "a b", "", "#room:example.org"] {
            let fault = read(&[(key, "user")]).unwrap_err();
            assert!(fault.problem.contains(key) && fault.problem.contains("write e.g."), "{fault}");
        }
        assert!(read(&[("*", "admin")]).is_err());
    }
}
