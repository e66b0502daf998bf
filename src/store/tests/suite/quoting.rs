//! Which message of a network is which of ours, and which one somebody quotes.

use domain::{content::Quote, conversation::MessageId};

use crate::{
    arrivals::{ALONE, EVER, LOBBY, id, lobby_address, take},
    bench::{Bench, CAROL, DAVE, loopback, passport},
    relations::say,
};

pub(crate) fn quote(author: &str, words: &str) -> Quote {
    Quote { author: author.into(), words: words.into() }
}

#[tokio::test]
async fn messages_are_found_by_their_numbers() {
    let bench = Bench::new().await;
    take(&bench.store, [ALONE.said("Ann", "a", "a"), LOBBY.said("Ann", "b", "b"), LOBBY.edited("Ann", "c", "b", "c")])
        .await;
    take(&bench.store, [LOBBY.reacted("Ben", "d", "b", "+"), LOBBY.reacted("Cy", "e", "b", "+")]).await;
    bench.store.flush_reactions(EVER).await.unwrap();
    let waiting = bench.store.waiting(&passport(CAROL), None, 9).await.unwrap();
    let numbers: Vec<_> = waiting.iter().map(|waiting| waiting.id).collect();
    assert_eq!(numbers.len(), 4);
    bench.store.delivered(&passport(CAROL), &numbers).await.unwrap();
    let Bench { store, directory: _directory } = bench.after_a_crash().await;
    let said = say(&store, &lobby_address(), "mine", "f").await;

    let all: Vec<_> = numbers.iter().copied().chain([MessageId(9_999_999), said]).collect();
    let mut found = store.remote_ids(&passport(CAROL), &all).await.unwrap();
    assert!(found.is_sorted_by_key(|(message, ..)| *message));
    found.sort();
    let wanted =
        [(numbers[0], "a"), (numbers[1], "b"), (numbers[2], "c"), (numbers[3], "d"), (numbers[3], "e"), (said, "f")];
    assert_eq!(found, wanted.map(|(message, remote)| (message, loopback(), id(remote))));
    assert_eq!(store.remote_ids(&passport(CAROL), &numbers[..1]).await.unwrap().len(), 1);
    assert_eq!(store.remote_ids(&passport(DAVE), &all).await.unwrap(), []);
    assert_eq!(store.remote_ids(&passport(CAROL), &[]).await.unwrap(), []);
    let many: Vec<_> = (0..500).map(|number| MessageId(numbers[0].0 + number)).collect();
    assert_eq!(store.remote_ids(&passport(CAROL), &many).await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_quoted_message_is_the_newest_of_its_window_that_begins_so() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let long = "one two three four five six seven eight nine ten eleven twelve thirteen";
    take(
        &store,
        [
            ALONE.said("Ann", "a", "lunch?"),
            ALONE.said("Ann", "b", "lunch? or tea?"),
            ALONE.said("Ann", "c", long),
            ALONE.said("Ann", "d", "yes"),
            ALONE.said("Ann", "e", "yes"),
            LOBBY.said("Ben", "f", "tea?"),
            LOBBY.reacted("Ben", "g", "f", "+"),
        ],
    )
    .await;
    store.flush_reactions(EVER).await.unwrap();
    let (ann, carol) = (passport("ann@loopback.msn.example"), passport(CAROL));
    say(&store, &ann, "> lunch?\nwhat lunch", "h").await;
    take(&store, [ALONE.edited("Ann", "i", "d", "yes, at noon")]).await;
    let ann = &ann;
    let quoted = async |words: &str| store.quoted(&carol, ann, &quote("", words)).await.unwrap().map(|remote| remote.0);
    for (words, wanted) in [
        ("lunch?", Some("a")),
        ("lunch? or", Some("b")),
        ("lunch", Some("b")),
        ("lun...", Some("b")),
        ("lun", None),
        ("one two three", Some("c")),
        ("one two three four five six seven eight nine ten eleven...", Some("c")),
        (long, Some("c")),
        ("yes", Some("e")),
        ("yes, at noon", Some("d")),
        ("* yes, at noon", Some("d")),
        ("* ", None),
        ("what lunch", Some("h")),
        ("tea?", None),
        ("", None),
        ("...", None),
        ("\u{1f44d}", None),
    ] {
        assert_eq!(quoted(words).await.as_deref(), wanted, "{words}");
    }
    assert_eq!(store.quoted(&carol, &lobby_address(), &quote("", "tea?")).await.unwrap(), Some(id("f")));
    assert_eq!(store.quoted(&passport(DAVE), &lobby_address(), &quote("", "tea?")).await.unwrap(), None);
    take(&store, (0..200).map(|number| ALONE.said("Ann", &number.to_string(), "more"))).await;
    assert_eq!(quoted("lunch?").await, None, "too long ago");
}

#[tokio::test]
async fn whoever_is_quoted_by_name_has_said_it() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let said = [
        LOBBY.said("Ben", "a", "yes"),
        LOBBY.said("Ann", "b", "yes"),
        LOBBY.said("Ann", "d", "note: buy milk"),
        LOBBY.said("Ann", "e", "tea?"),
        LOBBY.said("Ann", "f", "tea?"),
        LOBBY.said("Ben", "g", "tea? at noon"),
    ];
    take(&store, said).await;
    say(&store, &lobby_address(), "yes", "c").await;
    let (carol, lobby) = (passport(CAROL), lobby_address());
    for (author, words, wanted) in [
        ("Ben", "yes", Some("a")),
        ("BEN ", "yes", Some("a")),
        ("Ann", "yes", Some("b")),
        ("you", "yes", Some("c")),
        ("Carol", "yes", Some("c")),
        ("Cy", "yes", None),
        ("", "yes", None),
        ("Ben", "note: buy milk", None),
        ("note", "buy milk", Some("d")),
        ("", "tea?", Some("f")),
        ("", "tea", None),
        ("Ben", "tea", Some("g")),
    ] {
        let found = store.quoted(&carol, &lobby, &quote(author, words)).await.unwrap();
        assert_eq!(found.as_ref().map(domain::RemoteMessage::as_str), wanted, "{author}: {words}");
    }
}

#[tokio::test]
async fn dots_that_somebody_wrote_are_no_message_cut_short() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let (said, ann) = (["lunch?", "...", "I...", "l ..."], passport("ann@loopback.msn.example"));
    take(&store, said.map(|words| ALONE.said("Ann", words, words))).await;
    for (words, wanted) in [("lunch", Some("lunch?")), ("I cannot come", None), ("I...", Some("I...")), ("tea", None)] {
        let found = store.quoted(&passport(CAROL), &ann, &quote("", words)).await.unwrap();
        assert_eq!(found.as_ref().map(domain::RemoteMessage::as_str), wanted, "{words}");
    }
}
