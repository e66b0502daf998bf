//! All sessions of the gateway, by their numbers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::server::GatewaySession;
use tokio::time::{MissedTickBehavior, interval};

use super::{
    order::SessionId,
    session::{Answer, Carriage, Fault, Session},
};

/// How often idle sessions are looked for, in parts of the time that makes them so.
const LOOKS: u32 = 6;

/// How many sessions are remembered, those included that have ended and whose last answer may still be asked for again. The server
/// sets how many there may be at a time.
const MOST: usize = 65_536;

/// All sessions of the gateway.
pub(crate) struct Sessions {
    open: Mutex<HashMap<u32, Arc<Session>>>,
    /// How long a session outlives its last request.
    idle: Duration,
}

impl Sessions {
    pub(crate) fn new(idle: Duration) -> Self {
        Self { open: Mutex::default(), idle }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Arc<Session>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up a session; what its first request has to name.
    pub(super) fn open(&self, carried: GatewaySession) -> Result<SessionId, Fault> {
        let mut open = self.lock();
        if open.len() >= MOST {
            return Err(Fault::TooMany);
        }
        let number = loop {
            let number = rand::random();
            if !open.contains_key(&number) {
                break number;
            }
        };
        let session = Session::new(number, carried);
        let id = session.id();
        open.insert(number, Arc::new(session));
        Ok(id)
    }

    /// Hands in what the request carries, and gives the answer.
    pub(super) async fn exchange(&self, id: SessionId, carriage: &Carriage) -> Result<Answer, Fault> {
        let session = self.lock().get(&id.number).cloned().ok_or(Fault::Unknown)?;
        let answer = session.exchange(id.key, carriage).await;
        if answer == Err(Fault::Stuck) {
            self.lock().remove(&id.number);
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
            self.lock().retain(|number, session| {
                let idle = session.is_idle(self.idle);
                if idle {
                    tracing::debug!(number, "a session of the gateway has ended: its client made no request");
                }
                !idle
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use ::server::gateway_session;

    use super::*;

    #[tokio::test]
    async fn a_session_without_requests_ends_and_its_server_hears_of_it() {
        let sessions = Sessions::new(Duration::from_millis(20));
        let (server, carried) = gateway_session();
        let id = sessions.open(carried).unwrap();
        let mut buffer = [0; 8];
        tokio::select! {
            () = sessions.expire() => {}
            () = server.readable() => {}
        }
        assert_eq!(server.try_read(&mut buffer).unwrap(), None);
        let carriage = Carriage { bytes: bytes::Bytes::new(), patience: Duration::ZERO };
        assert_eq!(sessions.exchange(id, &carriage).await, Err(Fault::Unknown));
    }

    #[tokio::test]
    async fn a_number_without_its_key_is_worth_nothing() {
        let sessions = Sessions::new(Duration::from_mins(1));
        let (_server, carried) = gateway_session();
        let id = sessions.open(carried).unwrap();
        let guessed = SessionId { key: id.key.wrapping_add(1), ..id };
        let carriage = Carriage { bytes: bytes::Bytes::new(), patience: Duration::ZERO };
        assert_eq!(sessions.exchange(guessed, &carriage).await, Err(Fault::Unknown));
        sessions.exchange(id, &carriage).await.unwrap();
    }
}
