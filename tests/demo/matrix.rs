//! Between Messenger and Matrix: what happens, from the first sign-in to a message that waited.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrysalis_test_harness::{MatrixUser, Messenger, by_rst, text, typing};
use msnp::{dialect::Dialect, status::Status, switchboard::server::ServerCommand};

use crate::teller::{Seen, part, see};

/// Who talks, and where.
#[derive(clap::Args)]
pub(crate) struct Stage {
    /// Where Messenger connects.
    #[arg(long)]
    messenger: SocketAddr,
    /// Where Messenger gets its ticket.
    #[arg(long)]
    sign_in: SocketAddr,
    /// The Messenger user.
    #[arg(long)]
    account: String,
    /// The Messenger user's password.
    #[arg(long)]
    password: String,
    /// Where the homeserver answers.
    #[arg(long)]
    homeserver: SocketAddr,
    /// The Matrix user.
    #[arg(long)]
    user: String,
    /// The file that holds the Matrix user's access token.
    #[arg(long)]
    token: PathBuf,
    /// The Messenger user, as Matrix has them.
    #[arg(long)]
    ghost: String,
    /// The Matrix user, as Messenger has them.
    #[arg(long)]
    contact: String,
}

/// What the two say. The status lines and texts hold what is easily mangled on the way.
const CAROLS_LINE: &str = "caf\u{e9} & croissants";
const ALICES_LINE: &str = "reading <Alice in Wonderland>";
const ALICES_WORDS: &str = "Hi Carol! Is that really Messenger 7.5?";
const CAROLS_WORDS: &str = "It is. \u{a1}Qu\u{e9} tiempos!";
const KEPT_WORDS: &str = "Carol? Call me when you are back.";

pub(crate) async fn tell(stage: &Stage) {
    let token = std::fs::read_to_string(&stage.token).expect("the token can be read");
    let mut alice = MatrixUser::new(stage.homeserver, &stage.user, token.trim());
    let (ghost, contact) = (stage.ghost.as_str(), stage.contact.as_str());
    println!("  Carol is {} in MSN Messenger 7.5", stage.account);
    println!("  Alice is {} in a Matrix client", stage.user);

    part("Before anybody has signed in");
    see(Seen::Matrix, "there is a Carol", alice.until_named(ghost, "Carol")).await;
    alice.rename("Alice").await;

    part("Carol signs in");
    let ticket = see(Seen::Messenger, "RST gives a ticket for the password", ticket(stage)).await;
    let mut carol =
        see(Seen::Messenger, "MSNP12: the ticket is taken, the list is read", sign_in(stage, &ticket)).await;
    see(Seen::Messenger, "Carol is online", carol.status("NLN")).await;

    part("They become contacts");
    let room = alice.invite(ghost).await;
    see(Seen::Messenger, &format!("Alice ({contact}) has added you"), carol.added_by(contact)).await;
    see(Seen::Messenger, "Carol allows and adds her", carol.add(contact)).await;
    see(Seen::Matrix, "Carol has joined the room", alice.until_member(&room, ghost, "join")).await;

    part("They see each other");
    alice.show("online", ALICES_LINE).await;
    see(Seen::Messenger, "Alice is online", carol.sees(contact, Status::Online)).await;
    let line = carol.reads(contact, "what she reads", |line| line == ALICES_LINE);
    see(Seen::Messenger, &format!("Alice - {ALICES_LINE}"), line).await;
    see(Seen::Matrix, "Carol is online", alice.until_seen(ghost, "online", "")).await;
    carol.personal_message(&CAROLS_LINE.replace('&', "&amp;")).await;
    see(Seen::Matrix, &format!("Carol - {CAROLS_LINE}"), alice.until_seen(ghost, "online", CAROLS_LINE)).await;

    part("They talk");
    alice.say(&room, ALICES_WORDS).await;
    let mut talk = see(Seen::Messenger, "a window opens", carol.answer(contact)).await;
    let said = see(Seen::Messenger, &format!("Alice says: {ALICES_WORDS}"), talk.hear_text(contact)).await;
    assert_eq!(said, ALICES_WORDS);
    talk.say("U", typing(&stage.account)).await;
    see(Seen::Matrix, "Carol is typing", alice.until_types(&room, &[ghost])).await;
    see(Seen::Messenger, "the server has taken Carol's answer", talk.tell(text(CAROLS_WORDS))).await;
    let words = alice.until_said(&room, ghost, CAROLS_WORDS);
    see(Seen::Matrix, &format!("Carol says: {CAROLS_WORDS}"), words).await;
    alice.types(&room, true).await;
    let types = talk.find("Alice to type", |command| match command {
        ServerCommand::Msg { passport, payload, .. } => {
            (passport == contact && **payload == *typing(contact).as_bytes()).then_some(())
        }
        _ => None,
    });
    see(Seen::Messenger, "Alice is typing", types).await;
    alice.types(&room, false).await;

    part("Carol goes, and comes back");
    talk.leave().await;
    carol.wire().send("OUT\r\n").await;
    carol.rest().await;
    see(Seen::Matrix, "Carol is offline", alice.until_seen(ghost, "offline", "")).await;
    alice.say(&room, KEPT_WORDS).await;
    see(Seen::Matrix, &format!("Alice says: {KEPT_WORDS}"), alice.until_said(&room, &stage.user, KEPT_WORDS)).await;
    // Long enough for the homeserver to have passed it on: so it waits with Chrysalis.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut carol = see(Seen::Messenger, "Carol signs in again, two seconds later", sign_in(stage, &ticket)).await;
    carol.status("NLN").await;
    let mut talk = see(Seen::Messenger, "a window opens", carol.answer(contact)).await;
    let kept = see(Seen::Messenger, &format!("Alice says: {KEPT_WORDS}"), talk.hear_text(contact)).await;
    assert_eq!(kept, KEPT_WORDS);
    see(Seen::Matrix, "Carol is online again", alice.until_seen(ghost, "online", "")).await;
    talk.leave().await;
    carol.wire().send("OUT\r\n").await;
    carol.rest().await;
}

/// The ticket that Messenger 7.5 gets for its password.
async fn ticket(stage: &Stage) -> String {
    let (answered, ticket) = by_rst(stage.sign_in, &stage.account, &stage.password).await;
    ticket.unwrap_or_else(|| panic!("there is no ticket in the answer {}", answered.status))
}

async fn sign_in(stage: &Stage, ticket: &str) -> Messenger {
    let mut carol = Messenger::connect(stage.messenger, &stage.account, Dialect::Msnp12).await;
    carol.introduce().await;
    carol.prove(ticket).await;
    carol.list().await;
    carol
}
