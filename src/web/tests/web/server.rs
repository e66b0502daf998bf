//! The web as a test reaches it, and the server that is played behind it.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrysalis_web::{
    Authority, Carrier, GatewaySession, Library, LinkFault, LinkPage, Linker, MediaFile, Onward, PasswordFault, Porter,
    Refusal, Settings, Ticket,
};
use domain::{Passport, Timestamp};
use server::{LinkAnswers, Portal, ServerEnd, gateway_session};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// The one ticket there is, which is Dave's until his password is changed.
pub(crate) const TICKET: &str = "Zm9vLWJhcl9iYXotcXV1eC0wMTIzNDU2Nzg5YWJjZGU";

const PASSWORDS: [&str; 4] = ["password1", "a,b%c=d&e<f>\"'", "naïve €", "100%=x"];

/// How many sessions of the gateway there may be.
pub(crate) const MOST_SESSIONS: usize = 2;

/// The server behind: one account, whose passwords are listed, one file, and few sessions of the gateway.
#[derive(Default)]
pub(crate) struct Behind {
    /// What was asked of passwords: old and new.
    pub(crate) changes: Mutex<Vec<(String, String)>>,
    /// The servers' ends of the gateway's sessions.
    pub(crate) sessions: Mutex<Vec<ServerEnd>>,
    /// The file under the token `secret`.
    pub(crate) file: Mutex<Option<MediaFile>>,
    /// The link page under the token `page`.
    pub(crate) page: Mutex<Option<LinkPage>>,
    /// What was asked of that page: the way, the task or `back`, and the answers.
    pub(crate) asked: Mutex<Vec<(String, LinkAnswers)>>,
    /// Whether its store is away.
    pub(crate) is_away: AtomicBool,
    /// What comes of it.
    pub(crate) onward: Mutex<Option<Result<Onward, LinkFault>>>,
}

#[async_trait]
impl Authority for Behind {
    async fn sign_in(&self, passport: &str, password: &str, from: IpAddr) -> Result<Ticket, Refusal> {
        assert!(from.is_loopback(), "{from}");
        match (passport, password) {
            ("dave@example.com", password) if PASSWORDS.contains(&password) => {
                Ok(Ticket { value: TICKET.to_owned(), expires: Timestamp(1_795_454_411_000) })
            }
            ("hasty@example.com", _) => Err(Refusal::TooManyAttempts { retry_after: Duration::from_secs(40) }),
            ("early@example.com", _) => Err(Refusal::Unavailable),
            _ => Err(Refusal::WrongCredentials),
        }
    }

    async fn is_at_work(&self) -> bool {
        !self.is_away.load(Ordering::Relaxed)
    }

    fn holder(&self, ticket: &str) -> Option<Passport> {
        (ticket == TICKET && self.changes.lock().unwrap().is_empty()).then(|| "dave@example.com".parse().unwrap())
    }

    async fn account_name(&self, _: &Passport) -> Option<String> {
        Some("<b>Dave</b>".to_owned())
    }

    async fn change_password(
        &self,
        passport: &Passport,
        old: &str,
        new: &str,
        from: IpAddr,
    ) -> Result<(), PasswordFault> {
        self.sign_in(passport.as_str(), old, from).await.map_err(PasswordFault::Refused)?;
        if new.is_empty() {
            return Err(PasswordFault::Invalid("the password is empty".to_owned()));
        }
        self.changes.lock().unwrap().push((old.to_owned(), new.to_owned()));
        Ok(())
    }
}

/// Pages for people need a real server: see `house`.
impl Porter for Behind {
    fn portal(&self) -> Option<Portal> {
        None
    }
}

impl Carrier for Behind {
    fn open_gateway(&self, _: IpAddr) -> Option<GatewaySession> {
        let mut sessions = self.sessions.lock().unwrap();
        (sessions.len() < MOST_SESSIONS).then(|| {
            let (server, session) = gateway_session();
            sessions.push(server);
            session
        })
    }
}

#[async_trait]
impl Library for Behind {
    async fn media(&self, token: &str) -> Option<MediaFile> {
        self.file.lock().unwrap().clone().filter(|_| token == "secret")
    }
}

impl Behind {
    /// Notes what a page was asked for, and what comes of it.
    fn ask(&self, token: &str, what: &str, answers: &LinkAnswers) -> Result<Onward, LinkFault> {
        if token != "page" {
            return Err(LinkFault::NoPage);
        }
        self.asked.lock().unwrap().push((what.to_owned(), answers.clone()));
        self.onward.lock().unwrap().clone().unwrap_or(Ok(Onward::Linked))
    }
}

#[async_trait]
impl Linker for Behind {
    async fn link_page(&self, token: &str) -> Result<LinkPage, LinkFault> {
        self.page.lock().unwrap().clone().filter(|_| token == "page").ok_or(LinkFault::NoPage)
    }

    async fn link_by_page(&self, token: &str, way: &str, answers: LinkAnswers) -> Result<Onward, LinkFault> {
        self.ask(token, way, &answers)
    }

    async fn return_to_page(&self, token: &str, brought: &LinkAnswers) -> Result<(), LinkFault> {
        self.ask(token, "back", brought).map(drop)
    }

    async fn perform_by_page(&self, token: &str, task: &str, answers: LinkAnswers) -> Result<String, LinkFault> {
        self.ask(token, task, &answers).map(|_| "Done & <well>.\nQuite.".to_owned())
    }
}

/// The web, served.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) behind: Arc<Behind>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(public_url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, behind) = (CancellationToken::new(), Arc::new(Behind::default()));
        let settings = Settings {
            public_url: public_url.parse().unwrap(),
            trusted_proxies: Vec::new(),
            connections_per_address: Arc::new(AtomicUsize::new(256)),
            gateway_idle: Duration::from_mins(1),
            doctor: crate::doctor::doctor(public_url),
        };
        let serving = chrysalis_web::serve(listener, settings, Arc::clone(&behind) as _, stop.clone());
        Self { address, behind, stop, task: tokio::spawn(serving) }
    }

    /// Sends `request` on a connection of its own and reads to the end of it.
    pub(crate) async fn exchange(&self, request: impl AsRef<[u8]>) -> String {
        let request = request.as_ref();
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        // Who hangs up before the answer does not want it.
        if !request.windows(17).any(|window| window == b"Connection: close") {
            stream.shutdown().await.unwrap();
        }
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// Gets a path; `header` are whole lines with their ends.
    pub(crate) async fn get(&self, path: &str, header: &str) -> String {
        self.exchange(format!("GET {path} HTTP/1.1\r\nHost: x\r\n{header}Connection: close\r\n\r\n")).await
    }

    /// Posts a body to a path.
    pub(crate) async fn post(&self, path: &str, header: &str, body: &str) -> String {
        let length = body.len();
        self.exchange(format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ))
        .await
    }

    /// Puts a file under the token `secret`.
    pub(crate) fn keep(&self, name: &str, media_type: &str, path: PathBuf) {
        let size = std::fs::metadata(&path).unwrap().len();
        let file = MediaFile { name: name.to_owned(), media_type: media_type.to_owned(), size, path };
        *self.behind.file.lock().unwrap() = Some(file);
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// Whether the head of an answer has exactly this line.
pub(crate) fn has_line(answer: &str, line: &str) -> bool {
    answer.split("\r\n\r\n").next().unwrap().split("\r\n").any(|each| each == line)
}

/// What stands between two texts.
pub(crate) fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).unwrap_or_else(|| panic!("no {from} in {text}")).0
}
