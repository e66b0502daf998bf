//! One session of the gateway: one request at a time, each with the key of the last answer; an answer that was lost is given again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::server::GatewaySession;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync;

use super::order::SessionId;

/// How long the server may take to deal with the client's earlier bytes before it is given more.
const ROOM_TIME: Duration = Duration::from_secs(20);

/// What a request carries.
#[derive(Debug, Clone)]
pub(super) struct Carriage {
    /// The client's bytes.
    pub(super) bytes: Bytes,
    /// How long to wait for an answer to them.
    pub(super) patience: Duration,
}

/// What a response carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// What the next request has to name.
    pub(super) id: SessionId,
    /// The server's bytes.
    pub(super) bytes: Bytes,
    /// Whether nothing will follow.
    pub(super) ended: bool,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// It is none.
    #[error("it names neither an action nor a session")]
    Malformed,
    /// There is no such session, or not under this key any more.
    #[error("there is no such session")]
    Unknown,
    /// Another request of the session is being answered.
    #[error("another request of the session is being answered")]
    Overlapping,
    /// No further session is opened.
    #[error("there are too many sessions")]
    TooMany,
    /// The server does not deal with what it was given.
    #[error("the server has not dealt with earlier bytes in time")]
    Stuck,
}

/// What a request was, without keeping it.
type Fingerprint = [u8; 32];

/// One session.
pub(super) struct Session {
    number: u32,
    carried: GatewaySession,
    /// Held by the request that is being answered.
    turn: sync::Mutex<()>,
    state: Mutex<State>,
}

struct State {
    /// What the next request has to show.
    key: u64,
    /// The request whose bytes were handed in and that was not answered yet, because its connection broke: which one, and
    /// whether it had any bytes.
    unanswered: Option<(Fingerprint, bool)>,
    /// The last answer, and to which request under which key.
    last: Option<(u64, Fingerprint, Answer)>,
    /// When the client was last heard.
    heard: Instant,
}

/// What is to be done with a request.
enum Admission {
    /// Its answer was lost: this one.
    Again(Answer),
    /// Its bytes were handed in; the answer is still to come.
    HandedIn,
    /// It is a new one.
    New,
}

impl Session {
    pub(super) fn new(number: u32, carried: GatewaySession) -> Self {
        let state = State { key: rand::random(), unanswered: None, last: None, heard: Instant::now() };
        Self { number, carried, turn: sync::Mutex::default(), state: Mutex::new(state) }
    }

    pub(super) fn id(&self) -> SessionId {
        SessionId { number: self.number, key: self.state().key }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the client was not heard for so long. Never while a request of its is being answered.
    pub(super) fn is_idle(&self, idle: Duration) -> bool {
        self.turn.try_lock().is_ok() && self.state().heard.elapsed() >= idle
    }

    /// When the client of a session that the server has ended was last heard; `None` while the session lasts.
    pub(super) fn over_since(&self) -> Option<Instant> {
        self.carried.has_ended().then(|| self.state().heard)
    }

    /// Hands in what the request carries, and gives the answer. May be dropped at any point: nothing is handed in twice or lost.
    pub(super) async fn exchange(&self, key: u64, carriage: &Carriage) -> Result<Answer, Fault> {
        let fingerprint: Fingerprint = Sha256::digest(&carriage.bytes).into();
        let _turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            // The same once more: the client believes the first one lost, and this one is to hear what that one brings.
            Err(_) if self.is_unanswered(key, &fingerprint) => self.turn.lock().await,
            Err(_) => return Err(Fault::Overlapping),
        };
        match self.admit(key, &fingerprint)? {
            Admission::Again(answer) => return Ok(answer),
            Admission::HandedIn => {}
            Admission::New => {
                // Who shows the latest key has had the answer that told it.
                self.carried.confirm();
                self.state().last = None;
                let handed_in = self.carried.hand_in(&carriage.bytes, ROOM_TIME).await;
                if handed_in.is_err() && !self.carried.has_ended() {
                    return Err(Fault::Stuck);
                }
                self.state().unanswered = Some((fingerprint, !carriage.bytes.is_empty()));
            }
        }
        self.carried.filled(carriage.patience).await;
        Ok(self.answer(key, fingerprint))
    }

    fn is_unanswered(&self, key: u64, fingerprint: &Fingerprint) -> bool {
        let state = self.state();
        state.key == key && state.unanswered.is_some_and(|(unanswered, _)| unanswered == *fingerprint)
    }

    fn admit(&self, key: u64, fingerprint: &Fingerprint) -> Result<Admission, Fault> {
        let mut state = self.state();
        let admission = match (&state.last, state.unanswered) {
            (Some((shown, asked, answer)), _) if *shown == key && asked == fingerprint => {
                Admission::Again(answer.clone())
            }
            _ if key != state.key => return Err(Fault::Unknown),
            (Some((_, _, answer)), _) if answer.ended => return Err(Fault::Unknown),
            (_, Some((unanswered, _))) if unanswered == *fingerprint => Admission::HandedIn,
            // Bytes were handed in under this key, and these are others: what the client means by that cannot be known.
            (_, Some((_, true))) => return Err(Fault::Overlapping),
            (_, Some((_, false)) | None) => Admission::New,
        };
        state.heard = Instant::now();
        Ok(admission)
    }

    /// Takes what there is for the client, and remembers it until the client shows that it came.
    fn answer(&self, key: u64, fingerprint: Fingerprint) -> Answer {
        let carried = self.carried.take();
        let id = SessionId { number: self.number, key: rand::random() };
        let answer = Answer { id, bytes: carried.bytes, ended: carried.ended };
        let mut state = self.state();
        state.key = id.key;
        state.unanswered = None;
        state.last = Some((key, fingerprint, answer.clone()));
        state.heard = Instant::now();
        answer
    }
}

#[cfg(test)]
mod tests {
    use ::server::{ServerEnd, gateway_session};

    use super::*;

    fn session() -> (ServerEnd, Session) {
        let (server, carried) = gateway_session();
        (server, Session::new(7, carried))
    }

    fn carriage(bytes: &'static str, patience: Duration) -> Carriage {
        Carriage { bytes: Bytes::from_static(bytes.as_bytes()), patience }
    }

    fn at_once(bytes: &'static str) -> Carriage {
        carriage(bytes, Duration::ZERO)
    }

    fn read(server: &ServerEnd) -> String {
        let mut buffer = [0; 64];
        let mut read = String::new();
        while let Ok(Some(length)) = server.try_read(&mut buffer) {
            read.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        }
        read
    }

    #[tokio::test]
    async fn a_lost_answer_is_given_again_until_the_next_request() {
        let (server, session) = session();
        let first = session.id().key;
        server.try_write(b"QNG 50\r\n").unwrap();
        let answer = session.exchange(first, &at_once("PNG\r\n")).await.unwrap();
        assert_eq!((answer.bytes.as_ref(), answer.ended), (b"QNG 50\r\n".as_slice(), false));
        assert_eq!(session.exchange(first, &at_once("PNG\r\n")).await.as_ref(), Ok(&answer));
        assert_eq!(read(&server), "PNG\r\n", "it was handed in once");
        assert!(!server.has_arrived(), "a repetition shows that it did not arrive");
        assert_eq!(session.exchange(first, &at_once("OUT\r\n")).await, Err(Fault::Unknown), "no repetition");
        let second = answer.id.key;
        assert_ne!(second, first);
        let next = session.exchange(second, &at_once("")).await.unwrap();
        assert!(next.bytes.is_empty() && server.has_arrived());
        assert_eq!(session.exchange(first, &at_once("PNG\r\n")).await, Err(Fault::Unknown), "it had been confirmed");
    }

    #[tokio::test]
    async fn a_request_whose_connection_broke_before_the_answer_is_taken_up_where_it_was() {
        let (server, session) = session();
        let key = session.id().key;
        let request = carriage("USR 1\r\n", Duration::from_mins(1));
        let broken = tokio::time::timeout(Duration::from_millis(1), session.exchange(key, &request)).await;
        assert!(broken.is_err(), "there is no answer yet");
        assert_eq!(session.exchange(key, &at_once("USR 2\r\n")).await, Err(Fault::Overlapping));
        server.try_write(b"USR 1 OK\r\n").unwrap();
        let answer = session.exchange(key, &request).await.unwrap();
        assert_eq!((read(&server).as_str(), answer.bytes.as_ref()), ("USR 1\r\n", b"USR 1 OK\r\n".as_slice()));
    }

    #[tokio::test]
    async fn a_broken_poll_does_not_stand_in_the_way_of_commands() {
        let (server, session) = session();
        let key = session.id().key;
        let poll = carriage("", Duration::from_mins(1));
        assert!(tokio::time::timeout(Duration::from_millis(1), session.exchange(key, &poll)).await.is_err());
        session.exchange(key, &at_once("PNG\r\n")).await.unwrap();
        assert_eq!(read(&server), "PNG\r\n");
    }

    #[tokio::test]
    async fn requests_that_overlap_are_refused_and_the_same_one_waits_for_its_answer() {
        let (server, session) = session();
        let key = session.id().key;
        let poll = carriage("", Duration::from_mins(1));
        let overlapping = async {
            tokio::task::yield_now().await;
            assert_eq!(session.exchange(key, &at_once("PNG\r\n")).await, Err(Fault::Overlapping));
            assert!(!session.is_idle(Duration::ZERO), "a request is under way");
            let write = async {
                tokio::task::yield_now().await;
                server.try_write(b"NLN\r\n").unwrap();
            };
            tokio::join!(session.exchange(key, &poll), write).0.unwrap()
        };
        let (first, again) = tokio::join!(session.exchange(key, &poll), overlapping);
        assert_eq!(first.unwrap(), again);
        assert!(session.is_idle(Duration::ZERO));
    }

    #[tokio::test]
    async fn the_last_answer_says_so_and_can_be_lost_too() {
        let (server, session) = session();
        let key = session.id().key;
        server.try_write(b"OUT\r\n").unwrap();
        drop(server);
        let last = session.exchange(key, &at_once("OUT\r\n")).await.unwrap();
        assert!(last.ended);
        assert_eq!(session.exchange(key, &at_once("OUT\r\n")).await.unwrap(), last);
        assert_eq!(session.exchange(last.id.key, &at_once("")).await, Err(Fault::Unknown));
    }
}
