//! How long it takes until a client has the picture of a contact of another network.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use msnp::{
    message::Payload,
    object::{MsnObject, ObjectType},
};
use session::p2p::{Input, Limits, Output, Peer, TransferId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    CHEAP_PASSWORD,
    client::{self, Client, Fault},
    method,
    paced::percentiles,
    program::Home,
    row,
};

/// How large the picture is, in bytes.
const LENGTH: usize = 20_000;

/// How many times it is fetched.
const TIMES: u64 = 100;

/// How many packets the client sends before the answer to the first.
const CREDIT: usize = 8;

/// The picture.
pub(crate) fn bytes() -> Vec<u8> {
    (0..LENGTH).map(|at| (at % 251) as u8).collect()
}

/// Measures fetches of the picture over one switchboard, and as many bytes over the echo.
pub(crate) async fn measure(home: &Home, echo: SocketAddr) -> Result<(), Fault> {
    let (own, contact) = (Home::passport("viewer", 0), Home::echo_contact());
    let addresses = home.addresses();
    let mut session = Client::arrive(addresses, &own, CHEAP_PASSWORD).await?;
    let mut switchboard = session.call(addresses.messenger, &own, &contact).await?;
    switchboard.hear("JOI ").await?;
    let description = MsnObject::describe(&contact, ObjectType::DISPLAY_PICTURE, "TFR1.tmp", &bytes()).to_xml();
    let mut viewer = Viewer { peer: Peer::new(&own, &contact, Limits::default(), 7), switchboard, next: 3 };
    viewer.take(Input::Ready { packets: CREDIT }).await?;
    let mut times = Vec::new();
    for number in 0..TIMES {
        let began = Instant::now();
        viewer.fetch(TransferId(number), description.clone()).await?;
        times.push(began.elapsed());
    }
    row(&format!("a picture of {} kB, fetched", LENGTH / 1000), &percentiles(times));
    let times = exchange(echo).await.map_err(|fault| format!("the echo: {fault}"))?;
    row("· as many bytes over the plain TCP echo", &percentiles(times));
    method("from the INVITE to the last byte, hash verified; one after the other over one switchboard. p50 / p99.");
    Ok(())
}

/// A client that fetches pictures.
struct Viewer {
    peer: Peer,
    switchboard: Client,
    /// The transaction of the next packet.
    next: u32,
}

impl Viewer {
    async fn fetch(&mut self, transfer: TransferId, description: String) -> Result<(), Fault> {
        let mut fetched = self.take(Input::Fetch { transfer, description }).await?;
        while !fetched {
            let (_, payload) = self.switchboard.hear_payload("MSG ").await?;
            if let Payload::PeerToPeer { body, .. } = Payload::parse(&payload.into()) {
                fetched = self.take(Input::Packet(&body)).await?;
            }
        }
        Ok(())
    }

    /// Does what the peer wants; says whether it has the picture.
    async fn take(&mut self, input: Input<'_>) -> Result<bool, Fault> {
        let mut outputs = self.peer.process(Instant::now(), u64::from(self.next), input);
        let mut fetched = false;
        while !outputs.is_empty() {
            let (mut out, mut sent) = (Vec::new(), 0);
            for output in outputs {
                match output {
                    Output::Send(payload) => {
                        out.extend(format!("MSG {} D {}\r\n", self.next, payload.len()).into_bytes());
                        out.extend_from_slice(&payload);
                        (self.next, sent) = (self.next + 1, sent + 1);
                    }
                    Output::ObjectFetched { data, .. } => fetched = data.len() == LENGTH,
                    other => return Err(format!("the picture did not come: {other:?}")),
                }
            }
            self.switchboard.say(&out).await?;
            let ready = Input::Ready { packets: sent };
            outputs =
                if sent > 0 { self.peer.process(Instant::now(), u64::from(self.next), ready) } else { Vec::new() };
        }
        Ok(fetched)
    }
}

async fn exchange(echo: SocketAddr) -> std::io::Result<Vec<Duration>> {
    let mut stream = client::connect(echo).await?;
    let (said, mut heard) = (bytes(), vec![0; LENGTH]);
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let began = Instant::now();
        stream.write_all(&said).await?;
        stream.read_exact(&mut heard).await?;
        times.push(began.elapsed());
    }
    Ok(times)
}
