//! The examinations that this server makes of itself: one at a time, once a minute at most, whoever asks for them. Each reaches out from
//! here to what the configuration names, and to nothing that a visitor could name.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ::doctor::{Doctor, Finding, Place};
use domain::Timestamp;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How soon one may follow another. Longer than any takes, so that there is never more than one.
const PAUSE: Duration = Duration::from_mins(1);

/// How long the whole of one may take.
const LONGEST: Duration = Duration::from_secs(55);

/// For how long an address of our own is remembered.
const KNOWN_FOR: Duration = Duration::from_mins(5);

/// How long the look for one may take.
const LOOK: Duration = Duration::from_secs(2);

/// How many of our own hosts are remembered: that of the URL, and that of each public address.
const MOST_HOSTS: usize = 16;

/// What an examination has found.
#[derive(Clone)]
pub(crate) struct Outcome {
    /// When it was made.
    pub(crate) at: Timestamp,
    /// What was found, in the order in which things depend on each other.
    pub(crate) findings: Arc<[Finding]>,
}

/// What became of the wish for an examination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// It has begun.
    Begun,
    /// One is being made.
    UnderWay,
    /// There was one just now.
    TooSoon,
}

/// All examinations.
pub(crate) struct Examinations {
    doctor: Doctor,
    stop: CancellationToken,
    state: Mutex<State>,
    hosts: Mutex<Vec<Known>>,
}

#[derive(Default)]
struct State {
    begun: Option<Instant>,
    is_under_way: bool,
    last: Option<Outcome>,
}

/// What is known of a host of our own.
struct Known {
    host: String,
    address: Option<Ipv4Addr>,
    since: Instant,
}

impl Examinations {
    /// None yet. They end when `stop` is cancelled.
    pub(crate) fn new(doctor: Doctor, stop: CancellationToken) -> Self {
        Self { doctor, stop, state: Mutex::default(), hosts: Mutex::default() }
    }

    /// The doctor who makes them.
    pub(crate) const fn doctor(&self) -> &Doctor {
        &self.doctor
    }

    /// The last one, and whether another is being made.
    pub(crate) fn last(&self) -> (Option<Outcome>, bool) {
        let state = lock(&self.state);
        (state.last.clone(), state.is_under_way)
    }

    /// Begins one, unless there was one just now.
    pub(crate) fn begin(self: &Arc<Self>) -> Wish {
        let mut state = lock(&self.state);
        if state.is_under_way {
            return Wish::UnderWay;
        }
        if state.begun.is_some_and(|begun| begun.elapsed() < PAUSE) {
            return Wish::TooSoon;
        }
        (state.begun, state.is_under_way) = (Some(Instant::now()), true);
        drop(state);
        let all = Arc::clone(self);
        tokio::spawn(async move {
            let mut findings = Vec::new();
            let examining = timeout(LONGEST, all.doctor.examine(|finding| findings.push(finding)));
            let ended = all.stop.run_until_cancelled(examining).await;
            if let Some(Err(_)) = ended {
                tracing::warn!("an examination took too long, and has found only a part");
            }
            findings.sort_by_key(|finding| finding.check);
            let mut state = lock(&all.state);
            state.is_under_way = false;
            state.last = Some(Outcome { at: now(), findings: findings.into() });
        });
        Wish::Begun
    }

    /// The IPv4 address of a host of our own, if it has one: what the clients of the time can reach.
    pub(crate) async fn address_of(&self, place: &Place) -> Option<Ipv4Addr> {
        match place.ip() {
            Some(IpAddr::V4(ip)) => return Some(ip),
            Some(IpAddr::V6(_)) => return None,
            None => {}
        }
        let known = lock(&self.hosts)
            .iter()
            .find_map(|known| (known.host == place.host && known.since.elapsed() < KNOWN_FOR).then_some(known.address));
        if let Some(known) = known {
            return known;
        }
        let found = timeout(LOOK, self.doctor.resolver().resolve(&place.host)).await;
        // A machine knows its own name by its hosts file, often as an address that leads everybody else to themselves.
        let is_told = |ip: &Ipv4Addr| {
            place.host == "localhost" || !(ip.is_loopback() || ip.is_unspecified() || ip.is_link_local())
        };
        let of_all = found.ok().and_then(Result::ok).unwrap_or_default().into_iter();
        let address = of_all
            .filter_map(|ip| match ip {
                IpAddr::V4(ip) => Some(ip),
                IpAddr::V6(_) => None,
            })
            .find(is_told);
        let mut hosts = lock(&self.hosts);
        hosts.retain(|known| known.host != place.host);
        hosts.truncate(MOST_HOSTS - 1);
        hosts.push(Known { host: place.host.clone(), address, since: Instant::now() });
        address
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
