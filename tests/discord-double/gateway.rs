//! The gateway: one WebSocket for each session, JSON in text frames (Discord's developer documentation, "Gateway").

mod asked;
mod connection;
mod floods;
mod members;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::FromRequestParts as _;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::request::Parts;
use axum::response::Response;

use crate::listener::respond;
use crate::shared::Shared;
use connection::Connection;

/// How large a frame of a client may be until it is not even read.
const FRAME: usize = 1 << 20;

/// Answers a request for the gateway.
pub(crate) async fn answer(shared: Arc<Shared>, parts: &mut Parts) -> Response {
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(parts, &()).await else {
        return respond(400, Vec::new(), "text/plain", Bytes::from_static(b"a WebSocket is expected here"));
    };
    let number = shared.change(|world| {
        let query = parts.uri.query().unwrap_or_default();
        if !query.split('&').any(|pair| pair == "v=10") {
            world.tally.violation(format!("the gateway was asked with {query:?} instead of v=10"));
        }
        world.tally.count_connection()
    });
    upgrade
        .max_message_size(FRAME)
        .max_frame_size(FRAME)
        .on_upgrade(move |socket| Connection::new(shared, socket, number).run())
}
