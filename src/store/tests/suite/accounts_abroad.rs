//! Accounts of this server as a network shows them to others: they speak as themselves, and whoever blocks them does not hear them.

use bridge::{Action, Arrival, RemoteProfile};
use domain::{Passport, Timestamp};
use store::Lane;

use crate::{
    arrivals::{EVER, LOBBY, lobby_address, lobby_profile, named, read, take},
    bench::{BLOCK, Bench, CAROL, DAVE, passport},
    inbox::counts,
};

/// The same arrival, from the ghost of an account.
fn by(account: &str, mut arrival: Arrival) -> Arrival {
    let ghost = RemoteProfile { account: Some(passport(account)), ..named("Ghost") };
    match &mut arrival {
        Arrival::Message { author, .. }
        | Arrival::Edit { author, .. }
        | Arrival::Reaction { author, .. }
        | Arrival::Removal { author, .. } => *author = ghost,
        Arrival::RoomInvitation { from, .. } => *from = ghost,
        other => panic!("{other:?}"),
    }
    arrival
}

#[tokio::test]
async fn an_account_speaks_as_itself_as_long_as_it_is_here() {
    let bench = Bench::new().await;
    let store = &bench.store;
    let arrivals = [
        by(DAVE, LOBBY.said("Ghost", "a", "hello")),
        by(DAVE, LOBBY.reacted("Ghost", "b", "a", "+")),
        by("gone@msn.example", LOBBY.said("Ghost", "c", "hello")),
    ];
    take(store, arrivals).await;
    store.flush_reactions(EVER).await.unwrap();
    let speakers = async || -> Vec<Option<Passport>> {
        let waiting = store.waiting(&passport(CAROL), None, 9).await.unwrap();
        waiting.into_iter().map(|waiting| waiting.speaker).collect()
    };
    let address = Some(passport("ghost@loopback.msn.example"));
    assert_eq!(speakers().await, [Some(passport(DAVE)), address.clone(), Some(passport(DAVE))]);
    read(store).await;
    store.remove_account(&passport(DAVE), Timestamp(1)).await.unwrap();
    take(store, [by(DAVE, LOBBY.said("Ghost", "d", "hello"))]).await;
    assert_eq!(speakers().await, [address]);
}

#[tokio::test]
async fn an_account_that_is_blocked_is_not_heard_in_rooms_either() {
    let bench = Bench::new().await;
    let store = &bench.store;
    take(store, [LOBBY.said("Ann", "a", "hello"), by(DAVE, LOBBY.reacted("Ghost", "b", "a", "+"))]).await;
    read(store).await;
    bench.enlist(CAROL, &passport(DAVE), BLOCK).await;
    assert_eq!(store.flush_reactions(EVER).await.unwrap(), []);
    let invitation = Arrival::RoomInvitation { owner: passport(CAROL), room: lobby_profile(), from: named("Ghost") };
    let arrivals = [
        by(DAVE, LOBBY.said("Ghost", "c", "hello")),
        by(DAVE, LOBBY.edited("Ghost", "d", "c", "hello")),
        by(DAVE, LOBBY.reacted("Ghost", "e", "a", "+")),
        by(DAVE, invitation),
    ];
    let outcome = take(store, arrivals).await;
    assert_eq!((counts(&outcome.accepted), outcome.asked), ((0, 4), Vec::new()));
    assert_eq!(read(store).await, [""; 0]);
    let lane = Lane { owner: passport(CAROL), contact: lobby_address() };
    let order = store.next_order(&lane).await.unwrap().unwrap();
    assert_eq!(order.order.action, Action::TurnAway);
}
