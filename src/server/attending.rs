//! Listeners of which few may have a connection at once: whoever comes then waits.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

/// The pause after the system had no socket to give.
const BREATH: Duration = Duration::from_millis(200);

/// A connection that was accepted.
#[derive(Debug)]
pub struct Visitor {
    /// The connection.
    pub stream: TcpStream,
    /// Whose it is: an IPv4 address is one also where the listener is for IPv6 too.
    pub from: IpAddr,
    /// Whether as many are here now as may be.
    pub is_last: bool,
}

/// Has whoever connects attended to, `most` at once, each in a task of its own, until `stop` is cancelled; `whose` names the listener in the
/// log. Returns when nobody is attended to any more, with the listener closed before that: what `attend` gives has to heed `stop`.
pub async fn attend_all<Attending>(
    listener: TcpListener,
    whose: &str,
    most: usize,
    stop: &CancellationToken,
    attend: impl Fn(Visitor) -> Attending,
) where
    Attending: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(most));
    let attended = TaskTracker::new();
    let accepting = async {
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let (stream, from) = match listener.accept().await {
                Ok((stream, from)) => (stream, from.ip().to_canonical()),
                // The client may be gone again, or the process out of descriptors: neither may end the listener, nor spin it.
                Err(fault) => {
                    warn!(listener = whose, %fault, "somebody could not be let in");
                    sleep(BREATH).await;
                    continue;
                }
            };
            let attending = attend(Visitor { stream, from, is_last: places.available_permits() == 0 });
            attended.spawn(async move {
                attending.await;
                drop(place);
            });
        }
    };
    let _ = stop.run_until_cancelled(accepting).await;
    drop(listener);
    attended.close();
    attended.wait().await;
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::mpsc,
    };

    use super::*;

    #[tokio::test]
    async fn whoever_comes_to_a_full_house_waits_and_the_end_waits_for_all() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, (came, mut coming)) = (CancellationToken::new(), mpsc::unbounded_channel());
        let ending = stop.clone();
        let serving = tokio::spawn(async move {
            let attend = move |visitor: Visitor| {
                let came = came.clone();
                async move {
                    let Visitor { mut stream, from, is_last } = visitor;
                    came.send((from, is_last)).unwrap();
                    // Until they hang up.
                    let _ = stream.read(&mut [0; 1]).await;
                    let _ = stream.write_all(b"x").await;
                }
            };
            attend_all(listener, "a test's", 2, &ending, attend).await;
        });
        let one = TcpStream::connect(address).await.unwrap();
        assert_eq!(coming.recv().await, Some((address.ip(), false)));
        let other = TcpStream::connect(address).await.unwrap();
        assert_eq!(coming.recv().await, Some((address.ip(), true)));
        let mut third = TcpStream::connect(address).await.unwrap();
        drop(one);
        assert_eq!(coming.recv().await, Some((address.ip(), true)), "there is a place again");
        stop.cancel();
        drop(other);
        third.write_all(b"y").await.unwrap();
        assert_eq!(third.read_u8().await.unwrap(), b'x');
        serving.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err(), "nobody is let in any more");
    }
}
