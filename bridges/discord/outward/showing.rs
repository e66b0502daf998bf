//! The pictures that accounts show, as webhooks are told them: addresses that everybody can fetch.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bridge::Host;
use domain::{Passport, media::Attachment};
use tokio::time::Instant;

/// How long an address is used before a new one is asked for: the server lets each be fetched for some days.
const LIFETIME: Duration = Duration::from_hours(12);

/// What each account shows.
#[derive(Default)]
pub(crate) struct Showing(Mutex<HashMap<Passport, Shown>>);

struct Shown {
    picture: Arc<Attachment>,
    /// Its address, and since when.
    published: Option<(Instant, String)>,
}

impl Showing {
    /// An account shows this picture from now on, or none.
    pub(crate) fn show(&self, owner: &Passport, picture: Option<&Arc<Attachment>>) {
        let mut shown = self.lock();
        match picture {
            None => drop(shown.remove(owner)),
            Some(picture) if shown.get(owner).is_some_and(|shown| shown.picture.source == picture.source) => {}
            Some(picture) => {
                drop(shown.insert(owner.clone(), Shown { picture: Arc::clone(picture), published: None }));
            }
        }
    }

    /// Where the account's picture can be fetched. `None` if it has none, or nobody outside could fetch it.
    pub(crate) async fn published(&self, host: &dyn Host, owner: &Passport) -> Option<String> {
        let picture = {
            let shown = self.lock();
            let shown = shown.get(owner)?;
            if let Some((since, address)) = &shown.published
                && since.elapsed() < LIFETIME
            {
                return Some(address.clone());
            }
            Arc::clone(&shown.picture)
        };
        let address = match host.publish(&picture).await {
            Ok(address) => address?,
            Err(fault) => {
                tracing::info!(%owner, %fault, "a message goes without its author's picture");
                return None;
            }
        };
        if let Some(shown) = self.lock().get_mut(owner).filter(|shown| shown.picture.source == picture.source) {
            shown.published = Some((Instant::now(), address.clone()));
        }
        Some(address)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Passport, Shown>> {
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
        showing.show(&owner, None);
        assert_eq!(showing.published(&*host, &owner).await, None);
    }
}
