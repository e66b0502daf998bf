//! What carries a client's bytes: a socket of its own, or one request after the other to the HTTP gateway.

pub(crate) mod pipe;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use session::Input;
use tokio::{
    io::{AsyncRead, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};

use crate::acknowledgement::Acknowledgements;
use pipe::ServerEnd;

/// What carries a client's bytes.
pub(crate) enum Transport {
    /// A socket of its own.
    Tcp {
        /// The socket.
        stream: TcpStream,
        /// The client's end of it.
        peer: SocketAddr,
    },
    /// Requests to the HTTP gateway.
    Gateway {
        /// The server's end of the session.
        pipe: ServerEnd,
        /// Where the requests come from.
        from: IpAddr,
    },
}

impl Transport {
    /// Where the client is. Behind the gateway it has no port of its own: 0.
    pub(crate) const fn peer(&self) -> SocketAddr {
        match self {
            Self::Tcp { peer, .. } => *peer,
            Self::Gateway { from, .. } => SocketAddr::new(*from, 0),
        }
    }

    /// Waits until there may be something to read.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Tcp { stream, .. } => stream.readable().await,
            Self::Gateway { pipe, .. } => {
                pipe.readable().await;
                Ok(())
            }
        }
    }

    /// Reads what is there. Nothing at all means that the client has gone; [`io::ErrorKind::WouldBlock`], that there is nothing
    /// now.
    pub(crate) fn try_read<'a>(
        &mut self,
        buffer: &'a mut [u8],
        acknowledgements: &Acknowledgements,
    ) -> io::Result<Option<Input<'a>>> {
        match self {
            Self::Tcp { stream, .. } => {
                // Unlike `TcpStream::try_read` this notices that less than the buffer takes was all there is, and so saves a look in
                // vain after each. Nobody has to be woken: whoever waits does so in `readable`.
                let mut portion = ReadBuf::new(buffer);
                match Pin::new(stream).poll_read(&mut Context::from_waker(Waker::noop()), &mut portion) {
                    Poll::Ready(read) => read?,
                    Poll::Pending => return Err(io::ErrorKind::WouldBlock.into()),
                }
                let length = portion.filled().len();
                let bytes = buffer.get(..length).filter(|bytes| !bytes.is_empty());
                // What a client says need not mean that it has what was last written to it: a file may lie before that. The
                // kernel knows better, where it tells.
                Ok(bytes.map(if acknowledgements.are_told() { Input::Relayed } else { Input::Bytes }))
            }
            Self::Gateway { pipe, .. } => {
                let length = pipe.try_read(buffer)?;
                Ok(length.and_then(|length| buffer.get(..length)).map(Input::Relayed))
            }
        }
    }

    /// Waits until something may be written.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp { stream, .. } => stream.writable().await,
            Self::Gateway { pipe, .. } => {
                pipe.writable().await;
                Ok(())
            }
        }
    }

    /// Writes as much as is taken now; [`io::ErrorKind::WouldBlock`] if that is nothing.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp { stream, .. } => stream.try_write(bytes),
            Self::Gateway { pipe, .. } => pipe.try_write(bytes),
        }
    }

    /// Says that nothing comes any more, and lets pass what the client still says until it hangs up too.
    ///
    /// A socket that is closed while something lies in it unread is reset, and the client's machine throws away what the client had
    /// not read yet: acknowledgements of what was kept, and the reason of the end.
    pub(crate) async fn hang_up(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp { stream, .. } => {
                stream.shutdown().await?;
                tokio::io::copy(stream, &mut tokio::io::sink()).await?;
                Ok(())
            }
            // Its end is told by the answer to the client's next request.
            Self::Gateway { .. } => Ok(()),
        }
    }

    /// Lets the kernel hold little that is not sent yet, so that what is written later need not wait behind it for long.
    pub(crate) fn hold_little(&self) {
        /// In bytes.
        const LITTLE: usize = 64 << 10;
        if let Self::Tcp { stream, .. } = self
            && let Err(fault) = socket2::SockRef::from(stream).set_send_buffer_size(LITTLE)
        {
            tracing::debug!(%fault, "the send buffer stays as it is");
        }
    }

    /// Whether everything that was written has arrived at the client: its machine has acknowledged it, or the client has made
    /// a further request since it was answered so.
    pub(crate) fn has_arrived(&self, acknowledgements: &Acknowledgements) -> bool {
        match self {
            Self::Tcp { stream, peer } => {
                stream.local_addr().is_ok_and(|local| acknowledgements.is_all_acknowledged(local, *peer))
            }
            Self::Gateway { pipe, .. } => pipe.has_arrived(),
        }
    }
}
