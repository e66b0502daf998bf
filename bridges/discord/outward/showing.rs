//! The pictures that accounts show, as webhooks are told them: addresses that everybody can fetch.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bridge::Host;
use domain::{Passport, media::Attachment};

/// What each account shows.
#[derive(Default)]
pub(crate) struct Showing(Mutex<HashMap<Passport, Arc<Attachment>>>);

impl Showing {
    /// An account shows this picture from now on, or none.
    pub(crate) fn show(&self, owner: &Passport, picture: Option<&Arc<Attachment>>) {
        let mut shown = self.lock();
        match picture {
            None => drop(shown.remove(owner)),
            Some(picture) => drop(shown.insert(owner.clone(), Arc::clone(picture))),
        }
    }

    /// Where the account's picture can be fetched. `None` if it has none, or nobody outside could fetch it. It is asked for each time:
    /// an address can end before its time, and the server remembers those that have not.
    pub(crate) async fn published(&self, host: &dyn Host, owner: &Passport) -> Option<String> {
        let picture = self.lock().get(owner).cloned()?;
        match host.publish(&picture).await {
            Ok(address) => address,
            Err(fault) => {
                tracing::info!(%owner, %fault, "a message goes without its author's picture");
                None
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Passport, Arc<Attachment>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bridge::conformance::FakeHost;

    use super::*;

    #[tokio::test]
    async fn a_picture_has_an_address_where_it_can_be_fetched() {
        let host = FakeHost::new("discord".parse().unwrap(), Vec::new());
        let (owner, showing): (Passport, _) = ("carol@msn.example".parse().unwrap(), Showing::default());
        assert_eq!(showing.published(&*host, &owner).await, None);
        let one = Arc::new(host.keep("one.png", vec![1]));
        showing.show(&owner, Some(&one));
        assert_eq!(showing.published(&*host, &owner).await, None, "nobody outside can fetch it");
        host.publish_under("https://msn.example");
        let first = showing.published(&*host, &owner).await.unwrap();
        assert!(first.starts_with("https://msn.example/"));
        showing.show(&owner, Some(&one));
        assert_eq!(showing.published(&*host, &owner).await, Some(first.clone()));
        showing.show(&owner, Some(&Arc::new(host.keep("two.png", vec![2]))));
        assert_ne!(showing.published(&*host, &owner).await, Some(first));
        host.publish_under("https://other.example");
        let moved = showing.published(&*host, &owner).await.unwrap();
        assert!(moved.starts_with("https://other.example/"), "no address is used longer than it lasts: {moved}");
        showing.show(&owner, None);
        assert_eq!(showing.published(&*host, &owner).await, None);
    }
}
