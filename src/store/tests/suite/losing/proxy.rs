//! A way to the server on which things get lost.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
};
use url::Url;

/// What gets lost of the next commit, with the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The server never hears of it.
    Order,
    /// The server has done it, and nobody hears of that.
    Answer,
}

pub(crate) struct Proxy {
    url: Url,
    shared: Arc<Shared>,
    /// Another number each time that all connections are cut.
    cuts: watch::Sender<u32>,
}

#[derive(Default)]
struct Shared {
    loss: Mutex<Option<Loss>>,
    /// After whose saying nothing is carried any more on that connection, which stays open.
    silencing: Mutex<Option<&'static str>>,
    silenced: Notify,
    is_shut: AtomicBool,
}

impl Shared {
    /// Whether these are the words after which there is silence.
    fn silences(&self, said: &[u8]) -> bool {
        let mut silencing = self.silencing.lock().unwrap();
        let is_said = |words: &mut &str| said.windows(words.len()).any(|some| some == words.as_bytes());
        let is_silent = silencing.take_if(is_said).is_some();
        if is_silent {
            self.silenced.notify_one();
        }
        is_silent
    }
}

impl Proxy {
    /// Starts one in front of the database at `url`.
    pub(crate) async fn start(url: &str) -> Self {
        let mut url: Url = url.parse().unwrap();
        let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let shared = Arc::new(Shared::default());
        let (cuts, cut) = watch::channel(0);
        let of_task = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if of_task.is_shut.load(Ordering::SeqCst) {
                    continue;
                }
                let server = TcpStream::connect(&server).await.unwrap();
                let mut cut = cut.clone();
                cut.mark_unchanged();
                tokio::spawn(carry(client, server, Arc::clone(&of_task), cut));
            }
        });
        Self { url, shared, cuts }
    }

    pub(crate) fn url(&self) -> String {
        self.url.to_string()
    }

    /// Cuts every connection that there is.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Cuts every connection, and lets nobody in until it is opened again.
    pub(crate) fn shut(&self) {
        self.shared.is_shut.store(true, Ordering::SeqCst);
        self.cut();
    }

    pub(crate) fn open(&self) {
        self.shared.is_shut.store(false, Ordering::SeqCst);
    }

    /// Loses this of the first commit of the next connection on which there is one.
    pub(crate) fn lose(&self, loss: Loss) {
        *self.shared.loss.lock().unwrap() = Some(loss);
    }

    /// Falls silent on the next connection on which somebody says these words, as a host does that loses its power.
    pub(crate) fn fall_silent_at(&self, words: &'static str) {
        *self.shared.silencing.lock().unwrap() = Some(words);
    }

    /// Waits until somebody has said them.
    pub(crate) async fn silent(&self) {
        self.shared.silenced.notified().await;
    }

    pub(crate) fn has_lost(&self) -> bool {
        self.shared.loss.lock().unwrap().is_none()
    }
}

/// Carries what either says to the other, until one falls silent, or something is to get lost.
async fn carry(mut client: TcpStream, mut server: TcpStream, shared: Arc<Shared>, mut cut: watch::Receiver<u32>) {
    let (mut said, mut answered) = ([0; 16384], [0; 16384]);
    // The first commit of a connection is prepared first, in words, and then carried out by what is said next.
    let mut was_prepared = false;
    loop {
        tokio::select! {
            _ = cut.changed() => return,
            read = client.read(&mut said) => {
                let Some(said) = read.ok().and_then(|length| said.get(..length)).filter(|said| !said.is_empty()) else { return };
                if shared.silences(said) {
                    let _ = cut.changed().await;
                    return;
                }
                let loss = *shared.loss.lock().unwrap();
                match loss.filter(|_| was_prepared) {
                    None => if server.write_all(said).await.is_err() { return },
                    Some(Loss::Order) => {
                        *shared.loss.lock().unwrap() = None;
                        return;
                    }
                    Some(Loss::Answer) => {
                        server.write_all(said).await.unwrap();
                        assert!(server.read(&mut answered).await.unwrap() > 0);
                        *shared.loss.lock().unwrap() = None;
                        return;
                    }
                }
                was_prepared = loss.is_some() && said.windows(6).any(|words| words == b"COMMIT");
            }
            read = server.read(&mut answered) => {
                let answer = read.ok().and_then(|length| answered.get(..length)).filter(|answer| !answer.is_empty());
                let Some(answer) = answer else { return };
                if client.write_all(answer).await.is_err() {
                    return;
                }
            }
        }
    }
}
