//! A plain TCP echo in a process of its own, to hold message latency against.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Stdio};

use tokio::{io::copy, net::TcpListener};

use crate::client::Fault;

/// What makes this program an echo and nothing else.
pub(crate) const ARGUMENT: &str = "--echo";

/// Serves until it is killed; says first where.
pub(crate) fn serve() -> ExitCode {
    let serving = async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (mut stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                // A client that breaks off is none of anybody's business.
                let _ = copy(&mut from, &mut to).await;
            });
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended: std::io::Result<()> = runtime.and_then(|runtime| runtime.block_on(serving));
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The running echo; it ends with this value.
pub(crate) struct Echo {
    child: Child,
}

impl Echo {
    pub(crate) fn start() -> Result<(Self, SocketAddr), Fault> {
        let failed = |fault| format!("cannot start an echo: {fault}");
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program).arg(ARGUMENT).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let output = child.stdout.take();
        let echo = Self { child };
        let mut line = String::new();
        if let Some(output) = output {
            BufReader::new(output).read_line(&mut line).map_err(failed)?;
        }
        let address = line.trim().parse().map_err(|_| "the echo does not say where it is".to_owned())?;
        Ok((echo, address))
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
