//! A session of the HTTP gateway: a pipe between the task that serves the client and the requests that carry its bytes.
//!
//! Each request brings some of the client's bytes and takes some of the server's away. That a response has arrived is known when
//! the client makes its next request, which [`GatewaySession::confirm`] tells.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::sync::Notify;

/// How many bytes may wait in each direction, and so how long one response is at most.
pub const PIPE_CAPACITY: usize = 64 * 1024;

/// What both ends share.
#[derive(Default)]
struct Pipe {
    inside: Mutex<Inside>,
    /// Rung when the server may read.
    readable: Notify,
    /// Rung when the server may write.
    writable: Notify,
    /// Rung when there is something for the client.
    filled: Notify,
    /// Rung when there is room for the client's bytes.
    drained: Notify,
}

#[derive(Default)]
struct Inside {
    from_client: BytesMut,
    to_client: BytesMut,
    /// Whether a response was given that nothing has confirmed yet.
    unconfirmed: bool,
    /// Whether the client was heard since the server last read.
    heard: bool,
    gone: Gone,
}

/// Which end went first. Then nobody looks at the other's.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Gone {
    #[default]
    Neither,
    Client,
    Server,
}

impl Inside {
    fn leave(&mut self, end: Gone) {
        if self.gone == Gone::Neither {
            self.gone = end;
        }
    }
}

impl Pipe {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a session: the end of the task that serves the client, and the end of the requests.
#[must_use]
pub fn session() -> (ServerEnd, GatewaySession) {
    let pipe = Arc::new(Pipe::default());
    (ServerEnd(Arc::clone(&pipe)), GatewaySession(pipe))
}

/// The end of the task that serves the client. When it is dropped, the requests get what was left and then the end.
pub struct ServerEnd(Arc<Pipe>);

impl ServerEnd {
    /// Waits until there may be something to read.
    pub async fn readable(&self) {
        wait(&self.0.readable, || {
            let inside = self.0.inside();
            (!inside.from_client.is_empty() || inside.heard || inside.gone == Gone::Client).then_some(())
        })
        .await;
    }

    /// Reads what is there; `None` once the client has gone. A request without bytes reads as none: a sign of life.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let mut inside = self.0.inside();
        let heard = std::mem::take(&mut inside.heard);
        if inside.from_client.is_empty() {
            return match inside.gone {
                _ if heard => Ok(Some(0)),
                Gone::Client => Ok(None),
                Gone::Neither | Gone::Server => Err(io::ErrorKind::WouldBlock.into()),
            };
        }
        let length = inside.from_client.len().min(buffer.len());
        inside.from_client.copy_to_slice(buffer.get_mut(..length).unwrap_or_default());
        if inside.from_client.is_empty() {
            // An idle session keeps no buffer.
            inside.from_client = BytesMut::new();
            self.0.drained.notify_one();
        }
        Ok(Some(length))
    }

    /// Waits until something may be written.
    pub async fn writable(&self) {
        wait(&self.0.writable, || {
            let inside = self.0.inside();
            (inside.to_client.len() < PIPE_CAPACITY || inside.gone == Gone::Client).then_some(())
        })
        .await;
    }

    /// Writes as much as there is room for.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut inside = self.0.inside();
        if inside.gone == Gone::Client {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let room = PIPE_CAPACITY.saturating_sub(inside.to_client.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        if taken.is_empty() && !bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        inside.to_client.extend_from_slice(taken);
        drop(inside);
        self.0.filled.notify_one();
        Ok(taken.len())
    }

    /// Whether the client has everything that was written.
    #[must_use]
    pub fn has_arrived(&self) -> bool {
        let inside = self.0.inside();
        inside.to_client.is_empty() && !inside.unconfirmed
    }
}

impl Drop for ServerEnd {
    fn drop(&mut self) {
        let mut inside = self.0.inside();
        inside.leave(Gone::Server);
        inside.from_client = BytesMut::new();
        drop(inside);
        self.0.filled.notify_one();
        self.0.drained.notify_one();
    }
}

/// The end of the requests: one client's session at the HTTP gateway. One request at a time may use it. When it is dropped, the
/// client has gone, and what it has not confirmed goes to its next session.
pub struct GatewaySession(Arc<Pipe>);

/// What a response carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The server's bytes, at most [`PIPE_CAPACITY`].
    pub bytes: Bytes,
    /// Whether nothing will follow.
    pub ended: bool,
}

/// The session takes no more of the client's bytes: it has ended, or the server has not dealt with earlier ones in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session takes no more: open another")]
pub struct NotTaken;

impl GatewaySession {
    /// The client has received everything that was taken out so far.
    pub fn confirm(&self) {
        let mut inside = self.0.inside();
        inside.unconfirmed = false;
        inside.heard = true;
        drop(inside);
        self.0.readable.notify_one();
    }

    /// Hands the client's bytes in, whole or not at all, also when the future is dropped; waits so long for room.
    pub async fn hand_in(&self, bytes: &[u8], patience: Duration) -> Result<(), NotTaken> {
        let pipe = &*self.0;
        let handed = wait(&pipe.drained, || {
            let mut inside = pipe.inside();
            if inside.gone == Gone::Server {
                return Some(Err(NotTaken));
            }
            let has_room = inside.from_client.is_empty() || inside.from_client.len() + bytes.len() <= PIPE_CAPACITY;
            has_room.then(|| {
                inside.from_client.extend_from_slice(bytes);
                Ok(())
            })
        });
        tokio::time::timeout(patience, handed).await.unwrap_or(Err(NotTaken))?;
        pipe.readable.notify_one();
        Ok(())
    }

    /// Waits until there is something for the client, or for so long.
    pub async fn filled(&self, patience: Duration) {
        let filled = wait(&self.0.filled, || {
            let inside = self.0.inside();
            (!inside.to_client.is_empty() || inside.gone == Gone::Server).then_some(())
        });
        let _ = tokio::time::timeout(patience, filled).await;
    }

    /// Whether the server has ended the session; what it left may still be there.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.0.inside().gone == Gone::Server
    }

    /// Takes out what there is for the client.
    #[must_use]
    pub fn take(&self) -> Carried {
        let mut inside = self.0.inside();
        let bytes = std::mem::take(&mut inside.to_client).freeze();
        inside.unconfirmed |= !bytes.is_empty();
        let ended = inside.gone == Gone::Server;
        drop(inside);
        self.0.writable.notify_one();
        Carried { bytes, ended }
    }
}

impl Drop for GatewaySession {
    fn drop(&mut self) {
        self.0.inside().leave(Gone::Client);
        self.0.readable.notify_one();
        self.0.writable.notify_one();
    }
}

/// Looks, each time the bell has rung, until `look` finds something.
async fn wait<T>(bell: &Notify, mut look: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = look() {
            return found;
        }
        bell.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn bytes_go_both_ways_and_arrive_with_the_next_request() {
        let (server, client) = session();
        client.hand_in(b"VER 1", LONG).await.unwrap();
        server.readable().await;
        let mut buffer = [0; 3];
        assert_eq!(server.try_read(&mut buffer).unwrap(), Some(3));
        assert_eq!(server.try_read(&mut buffer).unwrap(), Some(2));
        assert!(server.try_read(&mut buffer).is_err());
        assert!(server.has_arrived());
        assert_eq!(server.try_write(b"VER 1 MSNP12").unwrap(), 12);
        assert!(!server.has_arrived(), "it waits");
        client.filled(LONG).await;
        assert_eq!(client.take(), Carried { bytes: "VER 1 MSNP12".into(), ended: false });
        assert!(!server.has_arrived(), "the response may have been lost");
        client.confirm();
        assert!(server.has_arrived());
        assert_eq!(server.try_read(&mut buffer).unwrap(), Some(0), "a sign of life");
    }

    #[tokio::test]
    async fn neither_side_can_make_the_other_keep_more_than_the_capacity() {
        let (server, client) = session();
        let much = vec![7; PIPE_CAPACITY + 1];
        assert_eq!(server.try_write(&much).unwrap(), PIPE_CAPACITY);
        assert_eq!(server.try_write(b"x").unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(client.take().bytes.len(), PIPE_CAPACITY);
        server.writable().await;
        assert_eq!(server.try_write(b"x").unwrap(), 1);
        client.hand_in(&much[1..], LONG).await.unwrap();
        assert_eq!(client.hand_in(b"x", Duration::ZERO).await, Err(NotTaken));
    }

    #[tokio::test]
    async fn the_end_of_one_side_is_told_to_the_other_after_what_was_left() {
        let (server, client) = session();
        server.try_write(b"OUT\r\n").unwrap();
        drop(server);
        client.filled(LONG).await;
        assert_eq!(client.take(), Carried { bytes: "OUT\r\n".into(), ended: true });
        assert_eq!(client.hand_in(b"PNG\r\n", LONG).await, Err(NotTaken));

        let (server, client) = session();
        client.hand_in(b"OUT", LONG).await.unwrap();
        drop(client);
        server.readable().await;
        let mut buffer = [0; 8];
        assert_eq!(server.try_read(&mut buffer).unwrap(), Some(3));
        server.readable().await;
        assert_eq!(server.try_read(&mut buffer).unwrap(), None);
        assert_eq!(server.try_write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
