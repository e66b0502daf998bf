//! The Unix socket by which the command line speaks to a running server: one JSON request a line, one JSON answer a line. Only
//! the user who runs the server can open it.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bridge::{LinkAnswers, LinkStep, LinkTask, LinkWay, Through};
use domain::{Passport, account::Announcement};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};
use tracing::warn;

use crate::{
    Handle,
    administration::{AccountFault, AccountLine, Administration},
    linking::{LinkFault, LinkLine, Linking},
};

/// The longest request, in bytes.
const LONGEST: u64 = 64 * 1024;
/// How long is waited after nobody could be let in.
const PAUSE: Duration = Duration::from_millis(200);

/// What the command line asks of a running server. It may hold secrets, and so cannot be written into a log.
#[derive(Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// Make an account.
    Add {
        /// Its address.
        passport: String,
        /// Its friendly name.
        name: Option<String>,
        /// Its password.
        password: String,
    },
    /// Give an account another password.
    SetPassword {
        /// Its address.
        passport: String,
        /// The password.
        password: String,
    },
    /// List all accounts.
    List,
    /// Remove an account.
    Remove {
        /// Its address.
        passport: String,
    },
    /// Check whether the server can do its work, and the networks' set-up.
    Check,
    /// Tell everybody who is signed in.
    Announce(Announcement),
    /// The ways in which an account can link itself to a network.
    LinkWays {
        /// The network.
        network: String,
    },
    /// Link an account.
    Link {
        /// Its address.
        passport: String,
        /// The network.
        network: String,
        /// The way; without it that which asks for just what is answered.
        way: Option<String>,
        /// The answers to what it asks.
        answers: LinkAnswers,
    },
    /// List an account's links.
    Links {
        /// Its address.
        passport: String,
    },
    /// What can be done with an account's link.
    LinkTasks {
        /// Its address.
        passport: String,
        /// The network.
        network: String,
    },
    /// Do something with an account's link.
    Perform {
        /// Its address.
        passport: String,
        /// The network.
        network: String,
        /// What to do.
        task: String,
        /// The answers to what it asks.
        answers: LinkAnswers,
    },
    /// End an account's link.
    Unlink {
        /// Its address.
        passport: String,
        /// The network.
        network: String,
    },
}

/// One thing that a network asks, as [`LinkStep`] has it.
#[derive(Debug, Serialize, Deserialize)]
pub struct AskedStep {
    /// The name of the answer.
    pub key: String,
    /// The question.
    pub ask: String,
    /// Whether the answer is a secret.
    pub secret: bool,
}

impl From<LinkStep> for AskedStep {
    fn from(LinkStep { key, ask, secret }: LinkStep) -> Self {
        Self { key: key.to_owned(), ask, secret }
    }
}

/// A way to link an account, as [`LinkWay`] has it, or something to do with a link, as [`LinkTask`] has it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Asked {
    /// Its name.
    pub key: String,
    /// What it is or does, as whole sentences.
    pub says: String,
    /// What it asks.
    pub steps: Vec<AskedStep>,
    /// Whether a browser has to do it.
    pub in_browser: bool,
}

impl From<LinkWay> for Asked {
    fn from(LinkWay { key, says, steps, through }: LinkWay) -> Self {
        let in_browser = matches!(through, Through::Browser { .. });
        Self { key: key.to_owned(), says, steps: steps.into_iter().map(AskedStep::from).collect(), in_browser }
    }
}

impl From<LinkTask> for Asked {
    fn from(LinkTask { key, says, steps, .. }: LinkTask) -> Self {
        let steps = steps.into_iter().map(AskedStep::from).collect();
        Self { key: key.to_owned(), says, steps, in_browser: false }
    }
}

/// What the running server answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", content = "value", rename_all = "snake_case")]
pub enum Answer {
    /// It is done.
    Done,
    /// All accounts.
    Accounts(Vec<AccountLine>),
    /// What is wrong, a line each.
    Faults(Vec<String>),
    /// The ways to link an account, or what can be done with a link.
    Asked(Vec<Asked>),
    /// What came of it, in whole sentences.
    Said(String),
    /// Links, as they are now.
    Links(Vec<LinkLine>),
    /// It cannot be done.
    Refused(AccountFault),
    /// It cannot be done: a line that says what to do.
    Failed(String),
    /// The request was not understood: the two programs are of different versions.
    NotUnderstood(String),
}

/// The socket's place in the data directory.
#[must_use]
pub fn path(data_directory: &Path) -> PathBuf {
    data_directory.join("control.socket")
}

/// Listens on the socket until the server stops.
pub fn serve(handle: &Handle, path: PathBuf) -> io::Result<()> {
    // What a killed server left behind; a living one is noticed earlier, by its ports.
    match std::fs::remove_file(&path) {
        Ok(()) => {}
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
        Err(fault) => return Err(fault),
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let stop = handle.stopping();
    handle.spawn({
        let handle = handle.clone();
        async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = stop.cancelled() => break,
                };
                match accepted {
                    Ok((stream, _)) => {
                        let served = handle.clone();
                        handle.spawn(async move {
                            if let Err(fault) = converse(&served, stream).await {
                                warn!(%fault, "a command could not be answered");
                            }
                        });
                    }
                    Err(fault) => {
                        warn!(%fault, "cannot accept a command");
                        // Without open files to spare it fails again at once.
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
            let _ = std::fs::remove_file(&path);
        }
    });
    Ok(())
}

async fn converse(handle: &Handle, stream: UnixStream) -> io::Result<()> {
    let stop = handle.stopping();
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let mut line = String::new();
    loop {
        line.clear();
        let mut bounded = (&mut reader).take(LONGEST);
        let length = tokio::select! {
            length = bounded.read_line(&mut line) => length?,
            () = stop.cancelled() => 0,
        };
        if length == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_str(&line) {
            Ok(request) => answer(handle, request).await,
            Err(fault) => Answer::NotUnderstood(fault.to_string()),
        };
        let mut bytes = serde_json::to_vec(&answer)?;
        bytes.push(b'\n');
        writer.write_all(&bytes).await?;
    }
}

async fn answer(handle: &Handle, request: Request) -> Answer {
    match request {
        Request::Check => Answer::Faults(handle.check().await),
        Request::Announce(announcement) => {
            handle.announce(&announcement);
            Answer::Done
        }
        request @ (Request::LinkWays { .. }
        | Request::Link { .. }
        | Request::LinkTasks { .. }
        | Request::Perform { .. }
        | Request::Links { .. }
        | Request::Unlink { .. }) => link(&handle.linking(), request).await.unwrap_or_else(Answer::Failed),
        request @ (Request::Add { .. } | Request::SetPassword { .. } | Request::List | Request::Remove { .. }) => {
            obey(&handle.administration(), request).await.unwrap_or_else(Answer::Refused)
        }
    }
}

/// Does what is asked of links.
async fn link(linking: &Linking, request: Request) -> Result<Answer, String> {
    let owner = |passport: &str| passport.trim().parse::<Passport>().map_err(|fault| format!("{passport:?} {fault}"));
    let said = |fault: LinkFault| fault.to_string();
    match request {
        Request::LinkWays { network } => {
            let ways = linking.ways(&network).map_err(said)?;
            Ok(Answer::Asked(ways.into_iter().map(Asked::from).collect()))
        }
        Request::Link { passport, network, way, answers } => {
            let status = linking.link(&owner(&passport)?, &network, way.as_deref(), answers).await.map_err(said)?;
            Ok(Answer::Links(vec![LinkLine { network, status }]))
        }
        Request::LinkTasks { passport, network } => {
            let tasks = linking.tasks(&owner(&passport)?, &network).await.map_err(said)?;
            Ok(Answer::Asked(tasks.into_iter().map(Asked::from).collect()))
        }
        Request::Perform { passport, network, task, answers } => {
            linking.perform(&owner(&passport)?, &network, &task, answers).await.map(Answer::Said).map_err(said)
        }
        Request::Links { passport } => linking.links(&owner(&passport)?).await.map(Answer::Links).map_err(said),
        Request::Unlink { passport, network } => {
            linking.unlink(&owner(&passport)?, &network).await.map(|()| Answer::Done).map_err(said)
        }
        Request::Check
        | Request::Announce(_)
        | Request::Add { .. }
        | Request::SetPassword { .. }
        | Request::List
        | Request::Remove { .. } => Ok(Answer::NotUnderstood("this is nothing about links".to_owned())),
    }
}

/// Does what is asked of accounts.
pub async fn obey(administration: &Administration, request: Request) -> Result<Answer, AccountFault> {
    match request {
        Request::Add { passport, name, password } => {
            administration.add(&passport, name.as_deref(), &password).await?;
        }
        Request::SetPassword { passport, password } => administration.set_password(&passport, &password).await?,
        Request::List => return Ok(Answer::Accounts(administration.list().await?)),
        Request::Remove { passport } => administration.remove(&passport).await?,
        Request::Check => return Ok(Answer::Faults(Vec::new())),
        Request::Announce(_)
        | Request::LinkWays { .. }
        | Request::Link { .. }
        | Request::LinkTasks { .. }
        | Request::Perform { .. }
        | Request::Links { .. }
        | Request::Unlink { .. } => {
            return Ok(Answer::NotUnderstood("only a running server can do that".to_owned()));
        }
    }
    Ok(Answer::Done)
}

/// The way to a running server.
pub struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the server that runs on this data directory; `None` if none runs.
    pub async fn connect(data_directory: &Path) -> io::Result<Option<Self>> {
        match UnixStream::connect(path(data_directory)).await {
            Ok(stream) => Ok(Some(Self { stream: BufReader::new(stream) })),
            Err(fault) if matches!(fault.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Asks, and waits for the answer.
    pub async fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        let mut bytes = serde_json::to_vec(request)?;
        bytes.push(b'\n');
        self.stream.get_mut().write_all(&bytes).await?;
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server ended before it had answered"));
        }
        Ok(serde_json::from_str(&line)?)
    }
}
