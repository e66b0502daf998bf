//! The Unix socket by which the command line speaks to a running server: one JSON request a line, one JSON answer a line. Only
//! the user who runs the server can open it.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use domain::account::Announcement;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};
use tracing::warn;

use crate::{
    Handle,
    administration::{AccountFault, AccountLine, Administration},
};

/// The longest request, in bytes.
const LONGEST: u64 = 64 * 1024;

/// What the command line asks of a running server.
#[derive(Debug, Serialize, Deserialize)]
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
    /// Check the networks' set-up.
    Check,
    /// Tell everybody who is signed in.
    Announce(Announcement),
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
    /// It cannot be done.
    Refused(AccountFault),
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
                    Err(fault) => warn!(%fault, "cannot accept a command"),
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
    if let Request::Check = request {
        return Answer::Faults(handle.check().await);
    }
    if let Request::Announce(announcement) = &request {
        handle.announce(announcement);
        return Answer::Done;
    }
    match obey(&handle.administration(), request).await {
        Ok(answer) => answer,
        Err(fault) => Answer::Refused(fault),
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
        Request::Announce(_) => {
            return Ok(Answer::NotUnderstood("only a running server has somebody to tell".to_owned()));
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
