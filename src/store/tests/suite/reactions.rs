//! Reactions.

use std::time::UNIX_EPOCH;

use domain::Timestamp;

use store::Attention;

use crate::{
    arrivals::{ALONE, EVER, LOBBY, lobby_address, named, read, take},
    bench::{BLOCK, Bench, CAROL, loopback, passport},
    inbox::counts,
};

#[tokio::test]
async fn reactions_that_come_together_are_one_line_for_each_message() {
    let bench = Bench::new().await;
    assert_eq!(bench.store.next_reaction().await.unwrap(), None);
    take(&bench.store, [LOBBY.said("Ann", "a", "lunch?"), LOBBY.said("Ann", "b", "or tea?")]).await;
    read(&bench.store).await;
    let reactions = [
        LOBBY.reacted("Ben", "1", "a", "(Y)"),
        LOBBY.reacted("Cy", "2", "a", "(Y)"),
        LOBBY.reacted("Cy", "2", "a", "(Y)"),
        LOBBY.reacted("Ben", "3", "b", ":tea:"),
        LOBBY.reacted("Ben", "4", "a", ":D"),
        LOBBY.reacted("Cy", "5", "never seen", "(N)"),
    ];
    let outcome = take(&bench.store, reactions.clone()).await;
    assert_eq!((counts(&outcome.accepted), outcome.rung), ((5, 1), Vec::new()));
    assert!(outcome.reactions_wait);
    assert_eq!(read(&bench.store).await, [""; 0], "they wait");

    // What a machine finds that lost its power now.
    let bench = bench.after_a_crash().await;
    let arrived = bench.store.next_reaction().await.unwrap().unwrap();
    assert_eq!(bench.store.flush_reactions(Timestamp(arrived.0 - 1)).await.unwrap(), [], "not yet");
    let outcome = take(&bench.store, reactions.clone()).await;
    assert_eq!((counts(&outcome.accepted), outcome.reactions_wait), ((0, 6), false), "handed in again");
    let rung = bench.store.flush_reactions(arrived).await.unwrap();
    assert_eq!(rung, [(passport(CAROL), lobby_address())]);
    let waiting = bench.store.waiting(&passport(CAROL), None, 9).await.unwrap();
    assert_eq!(waiting[0].speaker, Some(passport("ben@loopback.msn.example")));
    let lines = [
        "* Ben and Cy reacted with (Y) :D to \"lunch?\"",
        "* Ben reacted with :tea: to \"or tea?\"",
        "* Cy reacted with (N) to a message",
    ];
    assert_eq!(read(&bench.store).await, lines);

    let bench = bench.after_a_crash().await;
    assert_eq!(bench.store.flush_reactions(EVER).await.unwrap(), [], "once");
    assert_eq!(bench.store.next_reaction().await.unwrap(), None);
    assert_eq!(counts(&take(&bench.store, reactions).await.accepted), (0, 6));
    assert_eq!(bench.store.flush_reactions(EVER).await.unwrap(), []);
}

#[tokio::test]
async fn a_later_reaction_on_the_same_message_goes_with_the_first() {
    let Bench { store, directory: _directory } = Bench::new().await;
    take(&store, [ALONE.said("Ann", "a", "lunch?"), ALONE.reacted("Ann", "1", "a", "+")]).await;
    let first = store.next_reaction().await.unwrap().unwrap();
    // Until the next one is younger by the clock.
    while UNIX_EPOCH.elapsed().unwrap().as_millis() <= u128::try_from(first.0).unwrap() {
        std::thread::yield_now();
    }
    take(&store, [ALONE.reacted("Ann", "2", "a", "-")]).await;
    let ann = passport("ann@loopback.msn.example");
    assert_eq!(store.flush_reactions(first).await.unwrap(), [(passport(CAROL), ann)]);
    assert_eq!(read(&store).await, ["Ann: lunch?", "* Ann reacted with + - to \"lunch?\""]);
    assert_eq!(store.next_reaction().await.unwrap(), None);
}

#[tokio::test]
async fn a_reaction_is_taken_back_or_was_never_there() {
    let bench = Bench::new().await;
    let alone =
        [ALONE.said("Ann", "a", "lunch?"), ALONE.reacted("Ann", "1", "a", "+"), ALONE.reacted("Ann", "2", "a", "-")];
    take(&bench.store, alone.clone()).await;
    let outcome = take(&bench.store, [ALONE.removed("Ann", "3", "1"), ALONE.removed("Ann", "3", "1")]).await;
    assert_eq!(counts(&outcome.accepted), (1, 1));
    take(&bench.store, alone).await;
    bench.store.flush_reactions(EVER).await.unwrap();
    assert_eq!(read(&bench.store).await, ["Ann: lunch?", "* Ann reacted with - to \"lunch?\""]);

    let Bench { store, directory: _directory } = bench.after_a_crash().await;
    let removals = [ALONE.removed("Ann", "4", "2"), ALONE.removed("Ann", "5", "2"), ALONE.removed("Ann", "6", "1")];
    take(&store, removals).await;
    assert_eq!(read(&store).await, ["* Ann took back - from \"lunch?\""]);
    take(&store, [ALONE.edited("Ann", "7", "2", "x"), ALONE.reacted("Ann", "8", "a", "!")]).await;
    store.flush_reactions(EVER).await.unwrap();
    take(&store, [ALONE.edited("Ann", "9", "8", "x")]).await;
    let lines = read(&store).await;
    assert_eq!(lines.last().unwrap(), "* Ann reacted with ! to \"lunch?\"", "a sign cannot be changed: {lines:?}");
}

#[tokio::test]
async fn a_line_shows_so_many_signs_and_no_more() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let reactions =
        (0..200).map(|number| ALONE.reacted("Ann", &number.to_string(), "a", &format!("{number}{}", "x".repeat(500))));
    take(&store, reactions).await;
    store.flush_reactions(EVER).await.unwrap();
    let lines = read(&store).await;
    assert!(lines.len() == 1 && lines[0].len() < 1000, "{lines:?}");
}

#[tokio::test]
async fn reactions_that_wait_have_a_place_among_what_waits() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let store = store.keeping_at_most(3);
    let arrivals = [
        ALONE.said("Ann", "a", "lunch?"),
        ALONE.reacted("Ann", "1", "a", "+"),
        ALONE.reacted("Ann", "2", "a", "-"),
        ALONE.reacted("Ann", "3", "b", "!"),
        ALONE.reacted("Ann", "4", "c", "?"),
        ALONE.said("Ann", "d", "or tea?"),
        LOBBY.said("Ann", "e", "elsewhere"),
    ];
    let outcome = take(&store, arrivals).await;
    let undelivered: Vec<_> = outcome.accepted.undelivered.iter().map(|each| each.id.as_str()).collect();
    assert_eq!(undelivered, ["d"], "two signs on one message are one line");
    store.flush_reactions(EVER).await.unwrap();
    let lines =
        ["Ann: lunch?", "Ann: elsewhere", "* Ann reacted with + - to \"lunch?\"", "* Ann reacted with ! to a message"];
    assert_eq!(read(&store).await, lines);
}

#[tokio::test]
async fn who_was_blocked_and_what_was_muted_meanwhile_is_not_shown() {
    let bench = Bench::new().await;
    let store = &bench.store;
    take(store, [LOBBY.said("Ann", "a", "lunch?")]).await;
    read(store).await;
    let reactions = [LOBBY.reacted("Ben", "1", "a", "+"), LOBBY.reacted("Cy", "2", "a", "-")];
    take(store, reactions.clone()).await;
    let ben = store.allot(&loopback(), named("Ben").into()).await.unwrap();
    bench.enlist(CAROL, &ben, BLOCK).await;
    store.flush_reactions(EVER).await.unwrap();
    assert_eq!(read(store).await, ["* Cy reacted with - to \"lunch?\""]);

    take(store, [LOBBY.reacted("Cy", "3", "a", "!")]).await;
    store.set_attention(&passport(CAROL), &lobby_address(), Attention::Mentions).await.unwrap();
    assert_eq!(store.flush_reactions(EVER).await.unwrap(), []);
    store.set_attention(&passport(CAROL), &lobby_address(), Attention::All).await.unwrap();
    bench.enlist(CAROL, &lobby_address(), BLOCK).await;
    assert_eq!(store.next_reaction().await.unwrap(), None);
    bench.enlist(CAROL, &lobby_address(), 3).await;
    take(store, [LOBBY.reacted("Cy", "4", "a", "?")]).await;
    bench.enlist(CAROL, &lobby_address(), BLOCK).await;
    assert_eq!(store.flush_reactions(EVER).await.unwrap(), []);
    bench.enlist(CAROL, &lobby_address(), 3).await;
    bench.enlist(CAROL, &ben, 0).await;
    take(store, reactions).await;
    assert_eq!(store.flush_reactions(EVER).await.unwrap(), [], "what was not shown does not come up later");
}

#[tokio::test]
async fn a_sign_is_on_what_its_message_says_by_then() {
    let Bench { store, directory: _directory } = Bench::new().await;
    take(&store, [ALONE.said("Ann", "a", "luch?"), ALONE.reacted("Ann", "1", "a", "+")]).await;
    take(&store, [ALONE.edited("Ann", "2", "a", "lunch?")]).await;
    store.flush_reactions(EVER).await.unwrap();
    let lines = ["Ann: luch?", "Ann: * lunch?", "* Ann reacted with + to \"lunch?\""];
    assert_eq!(read(&store).await, lines);
    take(&store, [ALONE.edited("Ann", "3", "a", "tea?"), ALONE.removed("Ann", "4", "1")]).await;
    assert_eq!(read(&store).await, ["Ann: * tea?", "* Ann took back + from \"tea?\""]);
}
