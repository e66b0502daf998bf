//! How much an account may hold, how often it may do what is felt elsewhere, and that every limit is seen when it bites.

mod arriving;
mod each;
mod talking;

use chrysalis_test_harness::{Messenger, Server};
use msnp::{code::ErrorCode, dialect::Dialect, notification::server::ServerCommand};

use crate::{ALICE, BOB, CAROL, program};

async fn refused(client: &mut Messenger, command: &str, rest: &str, code: ErrorCode) {
    let transaction = client.send(command, rest).await;
    let wanted = ServerCommand::Error { transaction, code };
    assert_eq!(client.reply(command, transaction).await, wanted, "{command} {rest}");
}

async fn taken(client: &mut Messenger, command: &str, rest: &str) {
    let reply = client.ask(command, rest).await;
    assert!(!matches!(reply, ServerCommand::Error { .. }), "{command} {rest}: {reply:?}");
}

fn limited(limits: &str) -> Server {
    // Without the network that puts a contact on every list.
    let extra = format!("[limits]\n{limits}\n[networks.loopback]\nenabled = false");
    Server::start_with(program(), &[ALICE, BOB, CAROL], &extra)
}

#[tokio::test]
async fn a_full_list_takes_no_more() {
    let server = limited("contacts = 1\nallowed = 1\nblocked = 1");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    for list in ["FL", "AL", "BL"] {
        taken(&mut alice, "ADC", &format!("{list} N={BOB}")).await;
        refused(&mut alice, "ADC", &format!("{list} N={CAROL}"), ErrorCode::LIST_FULL).await;
        taken(&mut alice, "ADC", &format!("{list} N={BOB}")).await;
        taken(&mut alice, "REM", &format!("{list} {BOB}")).await;
        taken(&mut alice, "ADC", &format!("{list} N={CAROL}")).await;
        taken(&mut alice, "REM", &format!("{list} {CAROL}")).await;
    }
}

#[tokio::test]
async fn nobody_is_on_more_lists_than_may_be() {
    let server = limited("admirers = 1");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    let before = carol.list().await.len();
    taken(&mut alice, "ADC", &format!("FL N={BOB} F={BOB}")).await;
    refused(&mut carol, "ADC", &format!("FL N={BOB} F={BOB}"), ErrorCode::LIST_FULL).await;
    assert_eq!(carol.list().await.len(), before, "and nothing of it is kept");
    taken(&mut alice, "REM", &format!("FL {BOB}")).await;
    taken(&mut carol, "ADC", &format!("FL N={BOB} F={BOB}")).await;
}

#[tokio::test]
async fn who_is_too_fast_is_told_so() {
    let server = limited("additions_per_minute = 2\nswitchboards_per_minute = 2\nrenames_per_minute = 2");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    taken(&mut alice, "ADC", &format!("AL N={BOB}")).await;
    taken(&mut alice, "ADC", &format!("FL N={BOB}")).await;
    refused(&mut alice, "ADC", &format!("AL N={CAROL}"), ErrorCode::RATE_LIMITED).await;
    refused(&mut alice, "LKP", "tel:+15551212", ErrorCode::RATE_LIMITED).await;
    taken(&mut alice, "REM", &format!("AL {BOB}")).await;
    for _ in 0..2 {
        alice.switchboard().await;
    }
    refused(&mut alice, "XFR", "SB", ErrorCode::RATE_LIMITED).await;
    for name in ["One", "Two", "Two"] {
        taken(&mut alice, "PRP", &format!("MFN {name}")).await;
    }
    refused(&mut alice, "PRP", "MFN Three", ErrorCode::RATE_LIMITED).await;
    // What is one account's is not another's.
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    taken(&mut bob, "PRP", "MFN Three").await;
    bob.switchboard().await;
}

#[tokio::test]
async fn switchboards_are_for_those_who_can_be_seen() {
    let server = limited("");
    let mut alice = Messenger::sign_in(&server, ALICE, Dialect::Msnp12).await;
    alice.list().await;
    refused(&mut alice, "XFR", "SB", ErrorCode::NOT_WHILE_HIDDEN).await;
    alice.status("HDN").await;
    refused(&mut alice, "XFR", "SB", ErrorCode::NOT_WHILE_HIDDEN).await;
    refused(&mut alice, "XFR", "NS", ErrorCode::INVALID_PARAMETER).await;
    refused(&mut alice, "CHG", "FLN 0", ErrorCode::INVALID_PARAMETER).await;
    alice.status("NLN").await;
    alice.switchboard().await;
}
