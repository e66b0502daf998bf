//! Discord, seen by a client that other people wrote: who is there and how, and a talk in a chat and in a channel.
//!
//! Every test has threads of its own: the SDK, once it is confused, never lets go of the one it runs on.

use std::sync::Arc;

use chrysalis_discord_double::{Activity, Channel, Double, Status};
use chrysalis_test_harness::{Server, within};
use msnp11_sdk::{Client, Event, MsnpStatus, Switchboard};

use crate::{ALICE, Events, attend, connect, log_in, plain, server};

const ANN: &str = "ann@discord.msn.example";
const BEN: &str = "ben@discord.msn.example";
const CLEO: &str = "cleo@discord.msn.example";
const GENERAL: &str = "general.tea@rooms.discord.msn.example";

/// How often it is looked whether contacts have come: the bridge waits for a second until it is quiet.
const LOOKS: usize = 20;

/// Alice with the SDK, with her list read; online once all of these stand on it.
async fn online(server: &Server, contacts: &[&str]) -> (Client, Events) {
    for _ in 0..LOOKS {
        let (alice, mut events) = connect(server).await;
        assert!(matches!(log_in(server, &alice).await, Event::Authenticated));
        within("the SDK's status", alice.set_presence(MsnpStatus::Online)).await.unwrap();
        // The server's own contact is told of after the list.
        let mut missing: Vec<&str> = contacts.to_vec();
        let reading = events.find("the list", |event| match event {
            Event::ContactInForwardList { email, .. } => Some(Some(email.clone())),
            Event::InitialPresenceUpdate { .. } | Event::PresenceUpdate { .. } => Some(None),
            _ => None,
        });
        let _ = (&mut missing, reading);
        drop(alice);
    }
    panic!("not all of {contacts:?} come onto the list")
}
