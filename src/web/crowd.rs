//! How many are connected from each address, which is one by [`subscriber`].

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use ::server::{Limit, subscriber};

/// Who is connected. Trusted proxies speak for many and are not counted, nor is this machine itself: whoever speaks for many here
/// may be a proxy that cannot say for whom, and is to keep its own count.
pub(crate) struct Crowd {
    most_of_one: Arc<AtomicUsize>,
    proxies: Arc<[IpAddr]>,
    inside: Mutex<HashMap<IpAddr, usize>>,
}

impl Crowd {
    /// Nobody yet, and room for so many of each address.
    pub(crate) fn new(most_of_one: Arc<AtomicUsize>, proxies: Arc<[IpAddr]>) -> Arc<Self> {
        Arc::new(Self { most_of_one, proxies, inside: Mutex::default() })
    }

    /// Takes a place, unless this address has all of its own.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        if address.is_loopback() || self.proxies.contains(&address) {
            return Some(Place(None));
        }
        let whose = subscriber(address);
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = inside.get(&whose).copied().unwrap_or(0);
        if of_one >= self.most_of_one.load(Ordering::Relaxed) {
            // If it is a proxy, it is to be named in web.trusted_proxies.
            Limit::WebConnectionsPerAddress.reached(address);
            return None;
        }
        inside.insert(whose, of_one + 1);
        Some(Place(Some((Arc::clone(self), whose))))
    }
}

/// One connection's place; given back when it is dropped.
pub(crate) struct Place(Option<(Arc<Crowd>, IpAddr)>);

impl Drop for Place {
    fn drop(&mut self) {
        let Some((crowd, address)) = &self.0 else { return };
        let mut inside = crowd.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = inside.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                inside.remove(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_places_and_proxies_as_many_as_they_want() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let most = Arc::new(AtomicUsize::new(2));
        let crowd = Crowd::new(Arc::clone(&most), [ip("192.0.2.1")].into());
        let [visitor, other] = [ip("198.51.100.7"), ip("198.51.100.8")];
        let (first, second) = (crowd.enter(visitor).unwrap(), crowd.enter(visitor).unwrap());
        let before = Limit::WebConnectionsPerAddress.times();
        assert!(crowd.enter(visitor).is_none(), "two of one address");
        assert_eq!(Limit::WebConnectionsPerAddress.times(), before + 1, "which is counted");
        let _other = crowd.enter(other).unwrap();
        most.store(3, Ordering::Relaxed);
        drop(crowd.enter(visitor).unwrap());
        most.store(2, Ordering::Relaxed);
        drop(first);
        let third = crowd.enter(visitor).unwrap();
        assert!(crowd.enter(visitor).is_none());
        drop((second, third));
        assert_eq!(crowd.inside.lock().unwrap().len(), 1, "who has left takes no memory");
        let network = ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(|address| crowd.enter(ip(address)).is_some());
        assert_eq!(network, [true; 3], "each of them has left");
        let _both = ["2001:db8::1", "2001:db8::2"].map(|address| crowd.enter(ip(address)).unwrap());
        assert!(crowd.enter(ip("2001:db8::3")).is_none(), "a network of IPv6 is one address");
        for uncounted in [ip("192.0.2.1"), ip("127.0.0.1"), ip("::1")] {
            let places: Vec<_> = (0..3).map(|_| crowd.enter(uncounted)).collect();
            assert!(places.iter().all(Option::is_some), "{uncounted}");
        }
    }
}
