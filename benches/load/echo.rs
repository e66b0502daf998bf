//! Plain TCP in a process of its own, to hold the server's figures against: an echo, and an address where whatever one says all
//! others hear.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::broadcast,
};

use crate::{client::Fault, processors};

/// What makes this program an echo and nothing else.
pub(crate) const ARGUMENT: &str = "--echo";

/// How much of one speaker may be under way to the others.
const UNDER_WAY: usize = 64;

/// Serves until it is killed; says first where.
pub(crate) fn serve() -> ExitCode {
    let serving = async {
        let (echo, fan) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
        println!("{} {}", echo.local_addr()?, fan.local_addr()?);
        let (said, _) = broadcast::channel(UNDER_WAY);
        loop {
            tokio::select! {
                accepted = echo.accept() => drop(tokio::spawn(repeat(accepted?.0))),
                accepted = fan.accept() => drop(tokio::spawn(spread(accepted?.0, said.clone()))),
            }
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended: io::Result<()> = runtime.and_then(|runtime| runtime.block_on(serving));
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says back what comes.
async fn repeat(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        stream.readable().await?;
        // The buffer lives here only, so that an idle connection has none.
        let heard = {
            let mut buffer = [0; 8192];
            match stream.try_read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => buffer[..length].to_vec(),
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => continue,
                Err(fault) => return Err(fault),
            }
        };
        stream.write_all(&heard).await?;
    }
}

/// Gives what comes to all others, and what comes of them to this one. The first byte says that it hears from now on.
async fn spread(mut stream: TcpStream, said: broadcast::Sender<(SocketAddr, Arc<[u8]>)>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (own, mut hearing) = (stream.peer_addr()?, said.subscribe());
    stream.write_all(b"\n").await?;
    let mut buffer = [0; 1024];
    loop {
        tokio::select! {
            length = stream.read(&mut buffer) => match length? {
                0 => return Ok(()),
                // There is always somebody: this one.
                length => drop(said.send((own, buffer[..length].into()))),
            },
            heard = hearing.recv() => match heard {
                Ok((speaker, bytes)) if speaker != own => stream.write_all(&bytes).await?,
                Ok(_) => {}
                Err(fault) => return Err(io::Error::other(fault)),
            },
        }
    }
}

/// The running echo; it ends with this value.
pub(crate) struct Echo {
    child: Child,
    /// Where it says back what it is told.
    pub(crate) address: SocketAddr,
    /// Where what one says all others hear.
    pub(crate) fan: SocketAddr,
}

impl Echo {
    pub(crate) fn start() -> Result<Self, Fault> {
        let failed = |fault| format!("cannot start an echo: {fault}");
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program).arg(ARGUMENT).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let output = child.stdout.take();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut echo = Self { child, address: nowhere, fan: nowhere };
        let mut line = String::new();
        if let Some(output) = output {
            BufReader::new(output).read_line(&mut line).map_err(failed)?;
        }
        let addresses =
            line.trim().split_once(' ').and_then(|(one, other)| Some((one.parse().ok()?, other.parse().ok()?)));
        (echo.address, echo.fan) = addresses.ok_or("the echo does not say where it is")?;
        Ok(echo)
    }

    /// The memory that it has in the machine, in bytes.
    pub(crate) fn memory(&self) -> Result<u64, Fault> {
        processors::memory(self.child.id())
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
