//! What arrives, in few words: for Carol, from people who are called as their ids are, in a room or alone.

use bridge::{Arrival, Batch, RemoteProfile, Reply, RoomProfile};
use domain::{
    Content, Passport, RemoteMessage, RemoteRoom, Timestamp, contact::RemoteTarget, content::done_by,
    conversation::Body,
};
use store::{AcceptOutcome, Store};

use crate::bench::{CAROL, loopback, passport, person, profile};

/// A time to which nothing in these tests comes.
pub(crate) const EVER: Timestamp = Timestamp(i64::MAX);

pub(crate) fn lobby() -> RemoteTarget {
    RemoteTarget::Room(RemoteRoom("lobby".into()))
}

pub(crate) fn lobby_address() -> Passport {
    passport("lobby@rooms.loopback.msn.example")
}

pub(crate) fn lobby_profile() -> RoomProfile {
    RoomProfile {
        room: RemoteRoom("lobby".into()),
        name: "The Lobby".into(),
        login: "lobby".into(),
        server: None,
        topic: "all and sundry".into(),
    }
}

pub(crate) fn id(id: &str) -> RemoteMessage {
    RemoteMessage(id.to_owned())
}

/// Somebody whose name is their id.
pub(crate) fn named(author: &str) -> RemoteProfile {
    RemoteProfile { name: author.to_owned(), ..profile(&author.to_lowercase()) }
}

/// Ann's own window, or the lobby.
fn place(author: &str, in_lobby: bool) -> RemoteTarget {
    if in_lobby { lobby() } else { person(&author.to_lowercase()) }
}

/// Where things are said.
#[derive(Clone, Copy)]
pub(crate) struct Where {
    pub(crate) in_lobby: bool,
    /// Whether what is said speaks to Carol in particular.
    pub(crate) addressed: bool,
}

pub(crate) const ALONE: Where = Where { in_lobby: false, addressed: true };
pub(crate) const LOBBY: Where = Where { in_lobby: true, addressed: false };

impl Where {
    pub(crate) fn said(self, author: &str, message: &str, text: &str) -> Arrival {
        Arrival::Message {
            owner: passport(CAROL),
            place: place(author, self.in_lobby),
            author: named(author),
            id: id(message),
            sent: Timestamp(77),
            content: Content::text(text),
            reply: None,
            addressed: self.addressed,
        }
    }

    pub(crate) fn answered(self, author: &str, message: &str, text: &str, reply: Reply) -> Arrival {
        let Arrival::Message { owner, place, author, id, sent, content, addressed, .. } =
            self.said(author, message, text)
        else {
            unreachable!()
        };
        Arrival::Message { owner, place, author, id, sent, content, reply: Some(reply), addressed }
    }

    pub(crate) fn edited(self, author: &str, change: &str, of: &str, text: &str) -> Arrival {
        Arrival::Edit {
            owner: passport(CAROL),
            place: place(author, self.in_lobby),
            author: named(author),
            id: id(change),
            of: id(of),
            sent: Timestamp(78),
            content: Content::text(text),
        }
    }

    pub(crate) fn reacted(self, author: &str, reaction: &str, to: &str, sign: &str) -> Arrival {
        Arrival::Reaction {
            owner: passport(CAROL),
            place: place(author, self.in_lobby),
            author: named(author),
            id: id(reaction),
            to: id(to),
            sent: Timestamp(79),
            sign: sign.to_owned(),
        }
    }

    pub(crate) fn removed(self, author: &str, removal: &str, of: &str) -> Arrival {
        Arrival::Removal {
            owner: passport(CAROL),
            place: place(author, self.in_lobby),
            author: named(author),
            id: id(removal),
            of: id(of),
            sent: Timestamp(80),
        }
    }
}

/// Takes these in, as one batch.
pub(crate) async fn take(store: &Store, arrivals: impl IntoIterator<Item = Arrival>) -> AcceptOutcome {
    let arrivals = arrivals.into_iter().collect();
    store.accept(&loopback(), Batch { arrivals, writes: Vec::new() }).await.unwrap()
}

/// What waits for Carol, as it is read, and then waits no longer.
pub(crate) async fn read(store: &Store) -> Vec<String> {
    let carol = passport(CAROL);
    let waiting = store.waiting(&carol, None, 999).await.unwrap();
    let lines = waiting.iter().map(|waiting| match &waiting.body {
        Body::Content(Content::Text(text)) => format!("{}: {}", waiting.author_name, text.text),
        Body::Content(Content::Emote { text }) => done_by(&waiting.author_name, text),
        other => format!("{other:?}"),
    });
    let lines = lines.collect();
    store.delivered(&carol, &waiting.iter().map(|waiting| waiting.id).collect::<Vec<_>>()).await.unwrap();
    lines
}
