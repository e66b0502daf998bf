//! All sessions of the gateway, by their numbers.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::server::GatewaySession;
use tokio::time::{MissedTickBehavior, interval};

use super::{
    order::SessionId,
    session::{Answer, Carriage, Fault, Session},
};

/// How often idle sessions are looked for, in parts of the time that makes them so.
const LOOKS: u32 = 6;

/// How many sessions are remembered, those included that have ended and whose last answer may still be asked for again. The server
/// sets how many may last at a time.
const MOST: usize = 65_536;

/// How many ended ones are remembered of one address.
const MOST_ENDED_OF_ONE: usize = 256;

/// When there is no room, this part of it is made at once: looking through all sessions must not come with every new one.
const ROOM: usize = 8;

/// All sessions of the gateway.
pub(crate) struct Sessions {
    remembered: Mutex<Remembered>,
    /// How long a session outlives its last request.
    idle: Duration,
    most: usize,
    most_ended_of_one: usize,
}

#[derive(Default)]
struct Remembered {
    sessions: HashMap<u32, (IpAddr, Arc<Session>)>,
    /// The numbers of those that were opened from each address.
    of_address: HashMap<IpAddr, HashSet<u32>>,
}

impl Sessions {
    pub(crate) fn new(idle: Duration) -> Self {
        Self { remembered: Mutex::default(), idle, most: MOST, most_ended_of_one: MOST_ENDED_OF_ONE }
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up a session that was opened from an address; what its first request has to name. Ended ones make room for it, first
    /// those that were heard longest ago: sessions that last are only as many as the server lets in.
    pub(super) fn open(&self, carried: GatewaySession, from: IpAddr) -> Result<SessionId, Fault> {
        let mut remembered = self.lock();
        remembered.forget_ended_of(from, self.most_ended_of_one);
        if remembered.sessions.len() >= self.most {
            remembered.forget_ended((self.most / ROOM).max(1));
        }
        if remembered.sessions.len() >= self.most {
            return Err(Fault::TooMany);
        }
        Ok(remembered.take_up(carried, from))
    }

    /// Hands in what the request carries, and gives the answer.
    pub(super) async fn exchange(&self, id: SessionId, carriage: &Carriage) -> Result<Answer, Fault> {
        let found = self.lock().sessions.get(&id.number).map(|(_, session)| Arc::clone(session));
        let answer = found.ok_or(Fault::Unknown)?.exchange(id.key, carriage).await;
        if answer == Err(Fault::Stuck) {
            self.lock().forget(id.number);
        }
        answer
    }

    /// Ends sessions whose clients have gone, until it is dropped. What had not been shown to have arrived goes to the clients' next
    /// ones.
    pub(crate) async fn expire(&self) {
        let mut looks = interval((self.idle / LOOKS).max(Duration::from_millis(10)));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            self.lock().forget_idle(self.idle);
        }
    }
}

impl Remembered {
    fn take_up(&mut self, carried: GatewaySession, from: IpAddr) -> SessionId {
        let number = loop {
            let number = rand::random();
            if !self.sessions.contains_key(&number) {
                break number;
            }
        };
        let session = Session::new(number, carried);
        let id = session.id();
        self.sessions.insert(number, (from, Arc::new(session)));
        self.of_address.entry(from).or_default().insert(number);
        id
    }

    fn forget(&mut self, number: u32) {
        let Some((from, _)) = self.sessions.remove(&number) else { return };
        if let Some(numbers) = self.of_address.get_mut(&from) {
            numbers.remove(&number);
            if numbers.is_empty() {
                self.of_address.remove(&from);
            }
        }
    }

    fn over_since(&self, number: u32) -> Option<Instant> {
        self.sessions.get(&number).and_then(|(_, session)| session.over_since())
    }

    /// Forgets the oldest ended ones of an address, until another may end and be remembered.
    fn forget_ended_of(&mut self, from: IpAddr, most: usize) {
        let Some(numbers) = self.of_address.get(&from).filter(|numbers| numbers.len() >= most) else { return };
        let ended: Vec<_> =
            numbers.iter().filter_map(|number| self.over_since(*number).map(|since| (since, *number))).collect();
        let surplus = (ended.len() + 1).saturating_sub(most);
        self.forget_oldest(ended, surplus);
    }

    /// Forgets so many of all ended ones.
    fn forget_ended(&mut self, count: usize) {
        let ended = self.sessions.iter().filter_map(|(number, (_, session))| Some((session.over_since()?, *number)));
        let ended = ended.collect();
        self.forget_oldest(ended, count);
    }

    fn forget_oldest(&mut self, mut ended: Vec<(Instant, u32)>, count: usize) {
        ended.sort_unstable();
        for (_, number) in ended.into_iter().take(count) {
            self.forget(number);
        }
    }

    fn forget_idle(&mut self, idle: Duration) {
        let silent = self.sessions.iter().filter(|(_, (_, session))| session.is_idle(idle));
        let silent: Vec<u32> = silent.map(|(number, _)| *number).collect();
        for number in silent {
            tracing::debug!(number, "a session of the gateway has ended: its client made no request");
            self.forget(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use ::server::gateway_session;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));

    fn poll() -> Carriage {
        Carriage { bytes: bytes::Bytes::new(), patience: Duration::ZERO }
    }

    /// Opens a session that the server ends at once.
    fn rubbish(sessions: &Sessions, from: IpAddr) -> SessionId {
        let (server, carried) = gateway_session();
        drop(server);
        sessions.open(carried, from).unwrap()
    }

    #[tokio::test]
    async fn a_session_without_requests_ends_and_its_server_hears_of_it() {
        let sessions = Sessions::new(Duration::from_millis(20));
        let (server, carried) = gateway_session();
        let id = sessions.open(carried, HERE).unwrap();
        let mut buffer = [0; 8];
        tokio::select! {
            () = sessions.expire() => {}
            () = server.readable() => {}
        }
        assert_eq!(server.try_read(&mut buffer).unwrap(), None);
        assert_eq!(sessions.exchange(id, &poll()).await, Err(Fault::Unknown));
        assert!(sessions.lock().of_address.is_empty(), "its address is forgotten too");
    }

    #[tokio::test]
    async fn a_number_without_its_key_is_worth_nothing() {
        let sessions = Sessions::new(Duration::from_mins(1));
        let (_server, carried) = gateway_session();
        let id = sessions.open(carried, HERE).unwrap();
        let guessed = SessionId { key: id.key.wrapping_add(1), ..id };
        assert_eq!(sessions.exchange(guessed, &poll()).await, Err(Fault::Unknown));
        sessions.exchange(id, &poll()).await.unwrap();
    }

    #[tokio::test]
    async fn ended_sessions_make_room_the_oldest_first_and_lasting_ones_never_do() {
        let sessions = Sessions { most: 3, ..Sessions::new(Duration::from_mins(1)) };
        let (_lasting, carried) = gateway_session();
        let lasting = sessions.open(carried, THERE).unwrap();
        let (oldest, newest) = (rubbish(&sessions, HERE), rubbish(&sessions, HERE));
        let (_second, carried) = gateway_session();
        sessions.open(carried, THERE).unwrap();
        assert_eq!(sessions.exchange(oldest, &poll()).await, Err(Fault::Unknown));
        assert!(sessions.exchange(newest, &poll()).await.unwrap().ended, "its last answer can still be asked for");
        let (_third, carried) = gateway_session();
        sessions.open(carried, THERE).unwrap();
        let (_fourth, carried) = gateway_session();
        assert_eq!(sessions.open(carried, HERE), Err(Fault::TooMany), "three last");
        sessions.exchange(lasting, &poll()).await.unwrap();
    }

    #[tokio::test]
    async fn one_address_has_only_so_many_ended_sessions_remembered_and_costs_others_none() {
        let sessions = Sessions { most_ended_of_one: 2, ..Sessions::new(Duration::from_mins(1)) };
        let (_server, carried) = gateway_session();
        let lasting = sessions.open(carried, HERE).unwrap();
        let others = rubbish(&sessions, THERE);
        let [first, second, third] = [(); 3].map(|()| rubbish(&sessions, HERE));
        assert_eq!(sessions.exchange(first, &poll()).await, Err(Fault::Unknown));
        for id in [others, second, third, lasting] {
            sessions.exchange(id, &poll()).await.unwrap();
        }
        for _ in 0..100 {
            rubbish(&sessions, HERE);
        }
        assert_eq!(sessions.lock().sessions.len(), 4, "two ended ones, the one that lasts, and another address's");
    }
}
