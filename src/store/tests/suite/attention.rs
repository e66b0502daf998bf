//! What an account wants to see of a room, and other settings.

use domain::{Passport, presence::Sharing};
use store::{Attention, RoomStyle, Store, StoreFault};

use crate::{
    arrivals::{ALONE, EVER, LOBBY, Where, lobby_address, lobby_profile, read, take},
    bench::{Bench, CAROL, DAVE, loopback, passport},
    inbox::counts,
    quoting::quote,
    relations::say,
};

const TO_CAROL: Where = Where { in_lobby: true, addressed: true };

async fn attend(store: &Store, attention: Attention) -> Passport {
    let room = store.allot(&loopback(), lobby_profile().into()).await.unwrap();
    store.set_attention(&passport(CAROL), &room, attention).await.unwrap();
    room
}

#[tokio::test]
async fn only_what_speaks_to_the_account_is_shown_where_it_wants_no_more() {
    let bench = Bench::new().await;
    take(&bench.store, [LOBBY.said("Ann", "before", "before")]).await;
    read(&bench.store).await;
    let room = attend(&bench.store, Attention::Mentions).await;
    let bench = bench.after_a_crash().await;
    let store = &bench.store;
    assert_eq!(store.attention(&passport(CAROL), &room).await.unwrap(), Attention::Mentions);
    assert_eq!(store.attention(&passport(DAVE), &room).await.unwrap(), Attention::All);
    say(store, &room, "mine", "mine").await;
    let outcome = take(
        store,
        [
            LOBBY.said("Ann", "a", "to all"),
            TO_CAROL.said("Ann", "b", "to Carol"),
            LOBBY.edited("Ann", "1", "a", "to everybody"),
            LOBBY.edited("Ann", "2", "b", "to you"),
            LOBBY.edited("Ann", "3", "never seen", "x"),
            LOBBY.edited("Ann", "4", "before", "then"),
            LOBBY.reacted("Ann", "5", "a", "+"),
            LOBBY.reacted("Ann", "6", "mine", "+"),
            LOBBY.removed("Ann", "7", "a"),
            LOBBY.removed("Ann", "8", "b"),
        ],
    )
    .await;
    assert_eq!(counts(&outcome.accepted), (10, 0));
    assert_eq!((outcome.accepted.undelivered.len(), outcome.rung.len()), (0, 1));
    store.flush_reactions(EVER).await.unwrap();
    let shown = [
        "Ann: (deleted before it was read)",
        "Ann: (deleted before it was read)",
        "Ann: * then",
        "* Ann deleted a message",
        "* Ann reacted with + to \"mine\"",
    ];
    assert_eq!(read(store).await, shown);
}

#[tokio::test]
async fn what_is_not_shown_is_remembered() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let room = attend(&store, Attention::Nothing).await;
    let arrivals = [
        TO_CAROL.said("Ann", "a", "hello"),
        LOBBY.edited("Ann", "1", "never seen", "x"),
        LOBBY.reacted("Ann", "2", "a", "+"),
        ALONE.said("Ann", "b", "to you alone"),
    ];
    let outcome = take(&store, arrivals.clone()).await;
    assert_eq!((counts(&outcome.accepted), outcome.accepted.undelivered.len(), outcome.rung.len()), ((4, 0), 0, 1));
    assert!(!outcome.reactions_wait);
    assert_eq!(counts(&take(&store, arrivals).await.accepted), (0, 4));
    assert_eq!(read(&store).await, ["Ann: to you alone"]);
    store.set_attention(&passport(CAROL), &room, Attention::All).await.unwrap();
    let reply = bridge::Reply { to: crate::arrivals::id("a"), quoted: None };
    take(&store, [LOBBY.removed("Ann", "3", "2"), LOBBY.answered("Ben", "4", "yes", reply)]).await;
    take(&store, [LOBBY.removed("Ann", "5", "a")]).await;
    assert_eq!(read(&store).await, ["Ben: > Ann: hello\nyes"], "what was never shown is not said to be gone");
    assert_eq!(store.quoted(&passport(CAROL), &room, &quote("", "hello")).await.unwrap(), None);
}

#[tokio::test]
async fn settings_are_kept_for_each_account() {
    let bench = Bench::new().await;
    let (carol, dave) = (passport(CAROL), passport(DAVE));
    let store = &bench.store;
    assert_eq!((store.room_style(&carol).await.unwrap(), store.receipts(&carol).await.unwrap()), (None, None));
    store.set_room_style(&carol, Some(RoomStyle::Members)).await.unwrap();
    store.set_room_style(&dave, Some(RoomStyle::Prefixed)).await.unwrap();
    store.set_receipts(&carol, Some(false)).await.unwrap();
    store.set_receipts(&dave, Some(true)).await.unwrap();
    let Bench { store, directory: _directory } = bench.after_a_crash().await;
    assert_eq!(store.room_style(&carol).await.unwrap(), Some(RoomStyle::Members));
    assert_eq!(store.room_style(&dave).await.unwrap(), Some(RoomStyle::Prefixed));
    assert_eq!(store.receipts(&carol).await.unwrap(), Some(false));
    assert_eq!(store.receipts(&dave).await.unwrap(), Some(true));
    store.set_room_style(&carol, None).await.unwrap();
    assert_eq!(store.room_style(&carol).await.unwrap(), None);
    let (net, other) = ("net".parse().unwrap(), "other".parse().unwrap());
    for (owner, network, sharing) in [
        (&carol, &net, Sharing::Nothing),
        (&carol, &other, Sharing::Status),
        (&dave, &net, Sharing::Status),
        (&carol, &other, Sharing::Everything),
    ] {
        store.set_sharing(owner, network, sharing).await.unwrap();
    }
    let of_carol = [(net.clone(), Sharing::Nothing), (other, Sharing::Everything)];
    assert_eq!(store.sharing(&carol).await.unwrap(), of_carol.into());
    assert_eq!(store.sharing(&dave).await.unwrap(), [(net, Sharing::Status)].into());

    let nobody = passport("nobody@msn.example");
    let unknown = Err(StoreFault::UnknownAccount(nobody.clone()));
    assert_eq!(store.set_receipts(&nobody, Some(true)).await, unknown);
    assert_eq!(store.set_attention(&nobody, &lobby_address(), Attention::Nothing).await, unknown);
}
