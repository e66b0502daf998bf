//! One connection of the gateway: what it hears, what it is told, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::gateway::asked::{self, Answer};
use crate::gateway::floods::Flood;
use crate::shared::Shared;
use crate::world::session::Order;

/// How many bytes Discord takes in one frame.
const FRAME: usize = 4096;

/// How many events are written between two looks at what the client says.
const BATCH: usize = 64;

/// How long the client has to end the connection after a close.
const FAREWELL: Duration = Duration::from_secs(1);

/// Closed because a frame could not be read.
const DECODE_ERROR: u16 = 4002;
/// Closed because too much was sent.
const RATE_LIMITED: u16 = 4008;

/// One connection.
pub(crate) struct Connection {
    shared: Arc<Shared>,
    socket: WebSocket,
    number: u64,
    /// The session on it, and the last event that was written.
    session: Option<(String, u64)>,
    frames: Flood,
    presences: Flood,
}

/// What follows for the connection.
enum Next {
    Goes,
    Ends,
}

impl Connection {
    pub(crate) const fn new(shared: Arc<Shared>, socket: WebSocket, number: u64) -> Self {
        Self {
            shared,
            socket,
            number,
            session: None,
            frames: Flood::new(120, Duration::from_mins(1)),
            presences: Flood::new(5, Duration::from_secs(20)),
        }
    }

    /// Serves the connection until it ends.
    pub(crate) async fn run(mut self) {
        let mut bell = self.shared.bell();
        let interval = self.shared.look(|world| world.rules.heartbeat).as_millis() as u64;
        let hello = json!({"op": 10, "d": {"heartbeat_interval": interval, "_trace": []}, "s": null, "t": null});
        if !self.send(&hello).await {
            return;
        }
        let mut orderly = false;
        loop {
            // What a client says meanwhile waits in the kernel.
            self.shared.while_it_hangs().await;
            if matches!(self.tell().await, Next::Ends) {
                break;
            }
            tokio::select! {
                changed = bell.changed() => {
                    if changed.is_err() || self.shared.look(|world| world.rules.gone) {
                        break;
                    }
                }
                heard = self.socket.recv() => match heard {
                    Some(Ok(Message::Text(text))) => {
                        if matches!(self.hear(text.as_str()).await, Next::Ends) {
                            break;
                        }
                    }
                    Some(Ok(Message::Binary(bytes))) => {
                        let text = String::from_utf8_lossy(&bytes).into_owned();
                        if matches!(self.hear(&text).await, Next::Ends) {
                            break;
                        }
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(frame))) => {
                        orderly = frame.is_some_and(|frame| matches!(frame.code, 1000 | 1001));
                        break;
                    }
                    Some(Err(_)) | None => break,
                },
            }
        }
        self.detach(orderly);
    }

    /// The session waits for a resume from now on; an orderly end is its end too.
    fn detach(&self, orderly: bool) {
        let Some((session, _)) = &self.session else { return };
        self.shared.change(|world| asked::detach(world, session, self.number, orderly));
    }

    /// Writes what is new, and does what is ordered.
    async fn tell(&mut self) -> Next {
        loop {
            let Some((session, seen)) = self.session.clone() else { return Next::Goes };
            let (frames, order) = self.shared.look(|world| match world.sessions.get(&session) {
                Some(session) if session.connection == Some(self.number) => {
                    (session.after(seen, BATCH), session.orders.front().copied())
                }
                // Another connection has taken the session over, or it is gone.
                Some(_) | None => (Vec::new(), Some(Order::Cut)),
            });
            if frames.is_empty() {
                let Some(order) = order else { return Next::Goes };
                if matches!(self.obey(&session, order).await, Next::Ends) {
                    return Next::Ends;
                }
                continue;
            }
            let latency = self.shared.look(|world| world.rules.gateway_latency);
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            for (sequence, frame) in frames {
                if self.socket.send(Message::Text(frame.into())).await.is_err() {
                    return Next::Ends;
                }
                self.session = Some((session.clone(), sequence));
            }
        }
    }

    async fn obey(&mut self, session: &str, order: Order) -> Next {
        self.shared.change(|world| {
            if let Some(session) = world.sessions.get_mut(session) {
                session.orders.pop_front();
            }
        });
        match order {
            Order::Reconnect => {
                self.send(&json!({"op": 7, "d": null, "s": null, "t": null})).await;
                Next::Goes
            }
            Order::Invalidate(resumable) => {
                self.send(&json!({"op": 9, "d": resumable, "s": null, "t": null})).await;
                if !resumable {
                    self.shared.change(|world| asked::detach(world, session, self.number, true));
                    self.session = None;
                }
                Next::Goes
            }
            Order::Close(code) => {
                // These codes end the session as well: the client has to identify anew, or must not come again.
                let ends = matches!(code, 4004 | 4007 | 4009..=4014);
                self.close(code).await;
                self.detach(ends);
                Next::Ends
            }
            Order::Cut => Next::Ends,
        }
    }

    /// Takes one frame of the client.
    async fn hear(&mut self, text: &str) -> Next {
        let now = Instant::now();
        if text.len() > FRAME {
            self.violation(format!("a frame of {} bytes", text.len()));
            self.close(DECODE_ERROR).await;
            return Next::Ends;
        }
        if self.frames.is_over(now) {
            self.violation("more than 120 frames in a minute".into());
            self.close(RATE_LIMITED).await;
            return Next::Ends;
        }
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            self.violation("a frame that is no JSON".into());
            self.close(DECODE_ERROR).await;
            return Next::Ends;
        };
        let op = frame["op"].as_u64();
        if op == Some(3) && self.presences.is_over(now) {
            self.violation("more than 5 presences in 20 seconds".into());
        }
        let session = self.session.as_ref().map(|(session, _)| session.clone());
        let number = self.number;
        let answer = self.shared.change(|world| asked::answer(world, number, session.as_deref(), op, &frame["d"]));
        match answer {
            Answer::Nothing => Next::Goes,
            Answer::Frame(frame) => {
                if self.send(&frame).await {
                    Next::Goes
                } else {
                    Next::Ends
                }
            }
            Answer::Session(session, seen) => {
                self.session = Some((session, seen));
                Next::Goes
            }
            Answer::Close(code) => {
                self.close(code).await;
                Next::Ends
            }
        }
    }

    fn violation(&self, what: String) {
        self.shared.change(|world| world.tally.violation(what));
    }

    async fn send(&mut self, frame: &Value) -> bool {
        self.socket.send(Message::Text(frame.to_string().into())).await.is_ok()
    }

    async fn close(&mut self, code: u16) {
        let frame = CloseFrame { code, reason: "".into() };
        // The client may be gone already: then there is nobody to tell.
        let _ = self.socket.send(Message::Close(Some(frame))).await;
        // What it still says is read, or the kernel would answer that with a reset that overtakes the close.
        let silence = async { while let Some(Ok(_)) = self.socket.recv().await {} };
        let _ = tokio::time::timeout(FAREWELL, silence).await;
    }
}
