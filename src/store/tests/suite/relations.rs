//! What is said of what was said before: answers, changes, removals.

use bridge::{Receipt, Reply, Undelivered};
use bytes::Bytes;
use domain::{
    Content, Passport, Timestamp,
    content::Quote,
    conversation::{Draft, MessageId},
};
use store::{Lane, Store};

use crate::{
    arrivals::{ALONE, EVER, LOBBY, id, lobby_address, lobby_profile, read, take},
    bench::{BLOCK, Bench, CAROL, loopback, passport, profile},
    inbox::{counts, message},
};

fn reply(to: &str) -> Reply {
    Reply { to: id(to), quoted: None }
}

/// Carol says something to a contact; its network calls it `remote`.
pub(crate) async fn say(store: &Store, contact: &Passport, text: &str, remote: &str) -> MessageId {
    let message = store.next_message();
    let draft = Draft {
        id: message,
        author: passport(CAROL),
        sent: Timestamp(1),
        payload: Bytes::new(),
        content: Some(Content::text(text)),
        enclosed: None,
        accounts: Vec::new(),
        remotes: vec![contact.clone()],
        gathers: Vec::new(),
    };
    store.keep(draft).await.unwrap();
    let lane = Lane { owner: passport(CAROL), contact: contact.clone() };
    let order = store.next_order(&lane).await.unwrap().unwrap();
    store.order_done(order.id, Receipt { messages: vec![id(remote)] }).await.unwrap();
    message
}

#[tokio::test]
async fn an_answer_begins_with_what_it_answers() {
    let bench = Bench::new().await;
    take(&bench.store, [ALONE.said("Ann", "a", "lunch?\nor later?"), LOBBY.said("Ben", "b", "who is there")]).await;
    read(&bench.store).await;
    let bench = bench.after_a_crash().await;
    let store = &bench.store;
    let ann = store.address(&loopback(), &crate::bench::person("ann")).await.unwrap().unwrap();
    say(store, &ann, "> what\nnot I", "c").await;
    say(store, &lobby_address(), "me", "d").await;
    let quoted = Some(Quote { author: "Cy".into(), words: format!("{}\nmore", "word ".repeat(30)) });
    let tell = |to: &str| Reply { to: id(to), quoted: quoted.clone() };
    let (first, cut) = ("word ".repeat(11), "word...");
    for (arrival, line) in [
        (ALONE.answered("Ann", "1", "yes", reply("a")), "Ann: > lunch?\nyes".to_owned()),
        (ALONE.answered("Ann", "2", "why", reply("c")), "Ann: > not I\nwhy".to_owned()),
        (ALONE.answered("Ann", "3", "no", reply("?")), "Ann: no".to_owned()),
        (ALONE.answered("Ann", "4", "no", tell("?")), format!("Ann: > {first}{cut}\nno")),
        (LOBBY.answered("Ann", "5", "I", reply("b")), "Ann: > Ben: who is there\nI".to_owned()),
        (LOBBY.answered("Ann", "6", "hi", reply("d")), "Ann: > you: me\nhi".to_owned()),
        (LOBBY.answered("Ann", "7", "no", tell("?")), format!("Ann: > Cy: {first}{cut}\nno")),
        // What is remembered of an answer is what it says itself.
        (LOBBY.answered("Ann", "8", "so", reply("5")), "Ann: > Ann: I\nso".to_owned()),
    ] {
        take(store, [arrival]).await;
        assert_eq!(read(store).await, [line]);
    }
}

#[tokio::test]
async fn a_change_is_shown_once_and_only_where_it_changes_something() {
    let bench = Bench::new().await;
    take(&bench.store, [ALONE.said("Ann", "a", "luch?")]).await;
    let changes = [
        ALONE.edited("Ann", "1", "a", "lunch?"),
        ALONE.edited("Ann", "1", "a", "lunch?"),
        ALONE.edited("Ann", "2", "a", "lunch?"),
        ALONE.edited("Ann", "3", "never seen", "hello"),
    ];
    let outcome = take(&bench.store, changes.clone()).await;
    assert_eq!(counts(&outcome.accepted), (3, 1));
    assert_eq!(outcome.rung, [(passport(CAROL), passport("ann@loopback.msn.example"))]);
    assert_eq!(read(&bench.store).await, ["Ann: luch?", "Ann: * lunch?", "Ann: * hello"]);

    let Bench { store, directory: _directory } = bench.after_a_crash().await;
    assert_eq!(counts(&take(&store, changes).await.accepted), (0, 4), "handed in again");
    take(&store, [ALONE.edited("Ann", "4", "a", "luch?")]).await;
    take(&store, [ALONE.answered("Ann", "5", "yes", reply("a"))]).await;
    assert_eq!(read(&store).await, ["Ann: * luch?", "Ann: > luch?\nyes"], "changed back, and remembered so");
}

#[tokio::test]
async fn nobody_changes_what_somebody_else_said() {
    let Bench { store, directory: _directory } = Bench::new().await;
    take(&store, [LOBBY.said("Ann", "a", "yes")]).await;
    say(&store, &lobby_address(), "no", "b").await;
    read(&store).await;
    let outcome = take(&store, [LOBBY.edited("Ben", "1", "a", "no"), LOBBY.edited("Ben", "2", "b", "yes")]).await;
    assert_eq!((counts(&outcome.accepted), outcome.rung), ((0, 2), Vec::new()));
    take(&store, [LOBBY.answered("Ben", "3", "oh", reply("a"))]).await;
    assert_eq!(read(&store).await, ["Ben: > Ann: yes\noh"]);
}

#[tokio::test]
async fn a_removal_names_what_is_gone_once() {
    let bench = Bench::new().await;
    take(&bench.store, [LOBBY.said("Ann", "a", "secret plans"), LOBBY.said("Ann", "b", "more")]).await;
    read(&bench.store).await;
    let bench = bench.after_a_crash().await;
    let removals = [
        LOBBY.removed("Ben", "1", "a"),
        LOBBY.removed("Ben", "1", "a"),
        LOBBY.removed("Ann", "2", "a"),
        LOBBY.removed("Ann", "3", "never seen"),
    ];
    let outcome = take(&bench.store, removals).await;
    assert_eq!(counts(&outcome.accepted), (3, 1));
    assert_eq!(read(&bench.store).await, ["* Ben deleted: \"secret plans\""]);
    take(&bench.store, [LOBBY.answered("Ann", "4", "what?", reply("a"))]).await;
    assert_eq!(read(&bench.store).await, ["Ann: what?"], "it is not told again");
}

#[tokio::test]
async fn whoever_speaks_in_a_room_is_known_by_an_address() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let ben = store.allot(&loopback(), profile("ben").into()).await.unwrap();
    let nameless = bridge::RemoteProfile { login: String::new(), ..profile("") };
    let mut nobody = LOBBY.said("Ann", "c", "c");
    if let bridge::Arrival::Message { author, .. } = &mut nobody {
        *author = nameless;
    }
    take(&store, [LOBBY.said("Ann", "a", "a"), LOBBY.said("Ben", "b", "b"), nobody, ALONE.said("Ann", "d", "d")]).await;
    let waiting = store.waiting(&passport(CAROL), None, 9).await.unwrap();
    let speakers: Vec<_> = waiting.iter().map(|waiting| waiting.speaker.clone()).collect();
    assert_eq!(speakers, [Some(passport("ann@loopback.msn.example")), Some(ben.clone()), None, None]);
    assert_eq!(waiting[1].author_name, "Ben", "as they are called there");
    assert_eq!(store.remote(&ben).await.unwrap().unwrap().name, "ben's name", "and nowhere else");
}

#[tokio::test]
async fn what_is_never_shown_is_told_to_its_author() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let store = store.keeping_at_most(2);
    let ben = store.allot(&loopback(), profile("ben").into()).await.unwrap();
    store.allot(&loopback(), lobby_profile().into()).await.unwrap();
    let block = domain::account::Change::Contact(crate::bench::entry(&ben, BLOCK, 1));
    store.change(&passport(CAROL), vec![block]).await.unwrap();
    let arrivals = [
        message("gone@msn.example", "ann", "1"),
        ALONE.said("Ben", "2", "2"),
        LOBBY.said("Ben", "3", "3"),
        ALONE.said("Ann", "4", "4"),
        ALONE.said("Ann", "5", "5"),
        ALONE.said("Ann", "6", "6"),
        ALONE.edited("Ann", "7", "6", "7"),
        ALONE.reacted("Ann", "8", "4", "+"),
        LOBBY.said("Ann", "9", "9"),
    ];
    let outcome = take(&store, arrivals).await;
    assert_eq!(counts(&outcome.accepted), (4, 5));
    let reasons: Vec<_> = outcome.accepted.undelivered.iter().map(|each| (each.id.as_str(), &*each.reason)).collect();
    let (plain, full) = ("it could not be delivered", "too much waits to be read");
    assert_eq!(reasons, [("1", plain), ("2", plain), ("3", plain), ("6", full), ("7", full)]);
    let owner = passport("gone@msn.example");
    assert_eq!(outcome.accepted.undelivered[0], Undelivered { owner, id: id("1"), reason: plain.into() });
    assert_eq!(store.flush_reactions(EVER).await.unwrap(), []);
    assert_eq!(read(&store).await, ["Ann: 4", "Ann: 5", "Ann: 9"], "other windows have a place of their own");
    assert_eq!(counts(&take(&store, [ALONE.said("Ann", "6", "6")]).await.accepted), (0, 1), "it is known");
    take(&store, [ALONE.said("Ann", "10", "10")]).await;
    assert_eq!(read(&store).await, ["Ann: 10"]);
}

#[tokio::test]
async fn what_an_older_version_took_in_is_spoken_of_as_unknown() {
    let bench = Bench::new().await;
    let said = ["a", "b", "c", "d"].map(|message| ALONE.said("Ann", message, message));
    take(&bench.store, said.clone()).await;
    read(&bench.store).await;
    bench.meddle("UPDATE message_map SET gist = NULL, peer = NULL".to_owned()).await;
    bench.meddle("UPDATE message_map SET gist = '{' WHERE remote = 'd'".to_owned()).await;
    let said_of = [
        ALONE.edited("Ann", "1", "a", "A"),
        ALONE.removed("Ann", "2", "b"),
        ALONE.answered("Ann", "3", "C", reply("c")),
        ALONE.answered("Ann", "4", "D", reply("d")),
    ];
    let outcome = take(&bench.store, said.into_iter().chain(said_of)).await;
    assert_eq!(counts(&outcome.accepted), (4, 4));
    assert_eq!(read(&bench.store).await, ["Ann: * A", "Ann: C", "Ann: D"]);
}

#[tokio::test]
async fn what_is_deleted_before_it_is_read_is_read_by_nobody() {
    let bench = Bench::new().await;
    let (store, said) = (&bench.store, LOBBY.said("Ann", "a", "secret plans"));
    take(store, [said, LOBBY.said("Ann", "b", "hello"), LOBBY.edited("Ann", "c", "a", "secret: at noon")]).await;
    take(store, [LOBBY.reacted("Ben", "d", "a", "+")]).await;
    store.flush_reactions(EVER).await.unwrap();
    take(store, [LOBBY.reacted("Ben", "e", "a", "-"), LOBBY.removed("Ann", "f", "a")]).await;
    let Bench { store, directory: _directory } = bench.after_a_crash().await;
    store.flush_reactions(EVER).await.unwrap();
    let lines = [
        "Ann: (deleted before it was read)",
        "Ann: hello",
        "Ann: (deleted before it was read)",
        "Ben: (deleted before it was read)",
        "* Ann deleted a message",
        "* Ben reacted with - to a message",
    ];
    assert_eq!(read(&store).await, lines);
    take(&store, [LOBBY.removed("Ben", "g", "d")]).await;
    assert_eq!(read(&store).await, ["* Ben took back + from a message"]);
}

#[tokio::test]
async fn a_change_that_finds_no_place_is_told_to_its_author_and_not_remembered() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let store = store.keeping_at_most(1);
    let change = ALONE.edited("Ann", "1", "a", "two");
    let outcome = take(&store, [ALONE.said("Ann", "a", "one"), change.clone()]).await;
    assert_eq!(counts(&outcome.accepted), (1, 1));
    let reason = "too much waits to be read".to_owned();
    assert_eq!(outcome.accepted.undelivered, [Undelivered { owner: passport(CAROL), id: id("1"), reason }]);
    assert_eq!(read(&store).await, ["Ann: one"]);
    take(&store, [ALONE.answered("Ann", "2", "yes", reply("a")), change]).await;
    assert_eq!(read(&store).await, ["Ann: > one\nyes"], "nobody saw it change");
    take(&store, [ALONE.edited("Ann", "3", "a", "two")]).await;
    assert_eq!(read(&store).await, ["Ann: * two"]);
}
