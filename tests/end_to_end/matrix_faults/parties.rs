//! Who talks with whom.

use chrysalis_test_harness::{Homeserver, MatrixUser, Messenger, RoomOptions, Server};
use msnp::{dialect::Dialect, list::List, notification::server::ServerCommand};

use super::word::Author;

/// The users of Messenger, by the local parts of their addresses.
const ACCOUNTS: [&str; 2] = ["carol", "dave"];

/// Somebody on Messenger.
pub(super) struct Account {
    pub(super) passport: String,
    /// As Matrix has them.
    pub(super) ghost: String,
}

/// A conversation, which is a room on Matrix.
pub(super) struct Conversation {
    pub(super) room: String,
    /// What the room is on Messenger.
    pub(super) contact: String,
    /// Those on Messenger, by their places.
    pub(super) accounts: Vec<usize>,
    /// Those on Matrix, by their places.
    pub(super) people: Vec<usize>,
}

/// Everybody.
pub(super) struct Parties {
    pub(super) accounts: Vec<Account>,
    pub(super) people: Vec<MatrixUser>,
    pub(super) conversations: Vec<Conversation>,
}

/// The addresses of the users of Messenger.
pub(super) fn addresses() -> Vec<String> {
    ACCOUNTS.iter().map(|name| format!("{name}@msn.example")).collect()
}

impl Parties {
    /// Each of the accounts and each of so many Matrix users have added each other, and everybody is in so many rooms; the accounts
    /// are signed out again.
    pub(super) async fn befriend(server: &Server, homeserver: &Homeserver, people: usize, rooms: usize) -> Self {
        let account = |name: &&str| Account {
            passport: format!("{name}@msn.example"),
            ghost: format!("@msn_{name}=40msn.example:example.org"),
        };
        let accounts: Vec<Account> = ACCOUNTS.iter().map(account).collect();
        let mut people = homeserver.users("person", people).await;
        let mut clients = Vec::new();
        for account in &accounts {
            clients.push(Messenger::online(server, &account.passport, Dialect::Msnp12).await);
        }
        let mut conversations = Vec::new();
        for (place, (account, client)) in accounts.iter().zip(&mut clients).enumerate() {
            for (other, person) in people.iter_mut().enumerate() {
                let contact = format!("person{other}_at_example.org@matrix.msn.example");
                person.until_named(&account.ghost, &capitalised(ACCOUNTS[place])).await;
                let room = person.invite(&account.ghost).await;
                client.added_by(&contact).await;
                client.add(&contact).await;
                person.until_member(&room, &account.ghost, "join").await;
                conversations.push(Conversation { room, contact, accounts: vec![place], people: vec![other] });
            }
        }
        for number in 0..rooms {
            conversations.push(gather(&format!("Room {number}"), &accounts, &mut clients, &mut people).await);
        }
        for client in &mut clients {
            client.wire().send("OUT\r\n").await;
            client.rest().await;
        }
        Self { accounts, people, conversations }
    }

    /// Whom each conversation of an account is with, as Messenger has them.
    pub(super) fn contacts_of(&self, account: usize) -> impl Iterator<Item = (usize, String)> {
        let theirs = self.conversations.iter().enumerate().filter(move |(_, talk)| talk.accounts.contains(&account));
        theirs.map(|(place, talk)| (place, talk.contact.clone()))
    }

    /// Who speaks in which conversation.
    pub(super) fn speakers(&self) -> Vec<(usize, Author)> {
        let of = |(place, talk): (usize, &Conversation)| {
            let accounts = talk.accounts.iter().copied().map(Author::Account);
            let people = talk.people.iter().copied().map(Author::Person);
            accounts.chain(people).map(|author| (place, author)).collect::<Vec<_>>()
        };
        self.conversations.iter().enumerate().flat_map(of).collect()
    }

    /// Somebody on Matrix who sees a conversation.
    pub(super) fn witness(&self, conversation: usize) -> &MatrixUser {
        &self.people[self.conversations[conversation].people[0]]
    }
}

/// A room of everybody, which its first person has made.
async fn gather(
    name: &str,
    accounts: &[Account],
    clients: &mut [Messenger],
    people: &mut [MatrixUser],
) -> Conversation {
    let (maker, others) = people.split_first_mut().expect("somebody on Matrix");
    let room = maker.create_room(name, &[], &RoomOptions { public: true, ..RoomOptions::default() }).await;
    for other in others {
        other.join(&room).await;
    }
    let mut contact = String::new();
    for (account, client) in accounts.iter().zip(clients) {
        maker.invite_to(&room, &account.ghost).await;
        contact = client
            .find("an invitation to a room", |command| match command {
                ServerCommand::Adc { transaction: 0, list: List::Reverse, passport, .. }
                    if passport.ends_with("@rooms.matrix.msn.example") =>
                {
                    Some(passport.clone())
                }
                _ => None,
            })
            .await;
        client.add(&contact).await;
        maker.until_member(&room, &account.ghost, "join").await;
    }
    let everybody = |count: usize| (0..count).collect();
    Conversation { room, contact, accounts: everybody(accounts.len()), people: everybody(people.len()) }
}

fn capitalised(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}
