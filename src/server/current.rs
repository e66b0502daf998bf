//! The settings as they are now: read everywhere, and put in the place of others when the configuration is read again.

use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

use domain::Realm;

use crate::settings::Settings;

/// The settings as they are now.
///
/// Whoever reads has a plain reference, which stays good: settings that were replaced are never freed. A replacement costs some
/// hundred bytes, and comes when somebody has changed a file.
pub(crate) struct CurrentSettings(RwLock<Now>);

#[derive(Clone)]
struct Now {
    settings: &'static Settings,
    session: Arc<session::Settings>,
}

impl Now {
    fn of(settings: Settings) -> Self {
        let settings = &*Box::leak(Box::new(settings));
        Self { settings, session: Arc::new(settings.session.clone()) }
    }
}

impl CurrentSettings {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(RwLock::new(Now::of(settings)))
    }

    /// What connections share that begin now.
    pub(crate) fn of_sessions(&self) -> Arc<session::Settings> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).session)
    }

    /// Networks have come or gone.
    pub(crate) fn have_networks(&self, realm: Realm) {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *now = Now::of(Settings { realm, ..now.settings.clone() });
    }

    /// These hold from now on, except for what cannot change while the server runs: who it is, where it is found, and where its files
    /// are.
    pub(crate) fn replace(&self, settings: Settings) {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Settings { realm, data_directory, session: fixed, .. } = now.settings.clone();
        let session::Settings { web, public_address, .. } = fixed;
        let session = session::Settings { web, public_address, ..settings.session };
        *now = Now::of(Settings { realm, session, data_directory, ..settings });
    }
}

impl Deref for CurrentSettings {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        self.0.read().unwrap_or_else(PoisonError::into_inner).settings
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use domain::{NetworkName, Passport, Realm};

    use super::*;
    use crate::tests::settings;

    #[test]
    fn what_cannot_change_while_the_server_runs_stays() {
        let of = |domain: &str, networks: &[&str]| {
            let networks = networks.iter().map(|name| name.parse::<NetworkName>().unwrap()).collect();
            settings(Realm::new(domain, networks), Path::new("data"))
        };
        let current = CurrentSettings::new(of("msn.example", &[]));
        let before = current.of_sessions();
        let mut fresh = of("other.example", &["matrix"]);
        fresh.limits.account.contacts = 7;
        fresh.session.calls_per_minute = 8;
        fresh.session.public_address = Arc::from("192.0.2.1:1863");
        current.replace(fresh);
        assert_eq!((current.limits.account.contacts, current.of_sessions().calls_per_minute), (7, 8));
        assert_eq!(before.calls_per_minute, 1, "who is connected keeps what they began with");
        let stays = (current.realm.domain(), &*current.session.public_address);
        assert_eq!(stays, ("msn.example", "127.0.0.1:1863"));
        let somebody = "ann@matrix.other.example".parse::<Passport>().unwrap();
        assert!(current.realm.admits_account(&somebody), "no network has come");
    }
}
