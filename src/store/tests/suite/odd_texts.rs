//! Texts that a database on a server cannot keep as they are: whoever sends one must not hold up everything behind it.

use bridge::{Action, Arrival, Batch, Receipt, RoomProfile, Write};
use domain::{
    Group, RemoteMessage, RemoteRoom, RemoteUser, Timestamp, account::Change, contact::RemoteTarget, media::BlobId,
};
use store::LinkedMedia;

use crate::{
    arrivals::{EVER, LOBBY, lobby_profile, named},
    bench::{Bench, CAROL, guid, loopback, passport, profile},
};

const ODD: &str = "a\0b";
const KEPT: &str = "a\u{fffd}b";

/// The same, by somebody and in something that is called oddly in every way.
fn odd(mut arrival: Arrival) -> Arrival {
    let somebody = bridge::RemoteProfile {
        user: RemoteUser(ODD.into()),
        name: ODD.into(),
        login: ODD.into(),
        server: Some(ODD.into()),
        account: None,
    };
    match &mut arrival {
        Arrival::Message { place, author, .. }
        | Arrival::Edit { place, author, .. }
        | Arrival::Reaction { place, author, .. }
        | Arrival::Removal { place, author, .. } => {
            (*place, *author) = (RemoteTarget::Room(RemoteRoom(ODD.into())), somebody);
        }
        other => panic!("{other:?}"),
    }
    arrival
}

#[tokio::test]
async fn what_a_network_calls_oddly_holds_nothing_up() {
    let bench = Bench::new().await;
    let (store, carol) = (&bench.store, passport(CAROL));
    let room = RoomProfile { room: RemoteRoom(ODD.into()), name: ODD.into(), topic: ODD.into(), ..lobby_profile() };
    let arrivals = vec![
        Arrival::RoomInvitation { owner: carol.clone(), room: room.clone(), from: profile(ODD) },
        Arrival::Room { owner: carol.clone(), room: room.clone(), group: Some(ODD.into()) },
        Arrival::Friend { owner: carol.clone(), who: profile(ODD), group: Some(ODD.into()) },
        odd(LOBBY.said("Ann", ODD, ODD)),
        odd(LOBBY.reacted("Ann", "reaction\0", ODD, ODD)),
        odd(LOBBY.removed("Ann", "removal\0", "reaction\0")),
        odd(LOBBY.reacted("Ann", "another\0", ODD, ODD)),
        odd(LOBBY.edited("Ann", "edit\0", ODD, "new\0")),
        odd(LOBBY.said("Ann", ODD, "again")),
    ];
    let writes = vec![Write::Put(ODD.into(), ODD.into())];
    let outcome = store.accept(&loopback(), Batch { arrivals, writes }).await.unwrap();
    assert_eq!(outcome.accepted.left_out, 1, "the last one is known: {:?}", outcome.accepted);
    assert_eq!(store.flush_reactions(EVER).await.unwrap().len(), 1);
    store.profile_room(&loopback(), &room).await.unwrap();
    assert_eq!(store.get(&loopback(), ODD).await.unwrap().as_deref(), Some(KEPT));
    assert_eq!(store.list(&loopback(), "a\0").await.unwrap(), [(KEPT.to_owned(), KEPT.to_owned())]);
    let waiting = store.waiting(&carol, None, 9).await.unwrap();
    assert_eq!(waiting.len(), 3, "a message, a change, a sign: {waiting:?}");
    let ann = store.allot(&loopback(), named(ODD).into()).await.unwrap();
    let order = store.order(&carol, &ann, Action::Befriend).await.unwrap();
    store.order_failed(order, ODD, Some(ODD)).await.unwrap();
    assert_eq!(store.parked(&carol).await.unwrap()[0].reason, KEPT);
    let receipt = Receipt { messages: vec![RemoteMessage(ODD.into())] };
    store.order_done(order, receipt).await.unwrap();
}

#[tokio::test]
async fn what_people_call_oddly_holds_nothing_up() {
    let bench = Bench::new().await;
    let (store, carol) = (&bench.store, passport(CAROL));
    let changes = vec![
        Change::Name(ODD.into()),
        Change::Property { key: "PHH".into(), value: Some(ODD.into()) },
        Change::Group(Group { guid: guid(1), name: ODD.into() }),
    ];
    store.change(&carol, changes).await.unwrap();
    let record = store.load(&carol).await.unwrap().unwrap();
    assert_eq!((record.name.as_str(), record.groups[0].name.as_str()), (KEPT, KEPT));
    assert_eq!(record.properties.get("PHH").map(String::as_str), Some(KEPT));
    assert!(store.add_account(&passport("odd@msn.example"), ODD, "hash").await.unwrap());
    // A token comes out of an address that anybody may write.
    let media = LinkedMedia { blob: BlobId([1; 32]), name: ODD.into(), media_type: "image/png".into(), size: 1 };
    store.link_media("token", &media, EVER).await.unwrap();
    assert_eq!(store.linked_media("tok\0en", Timestamp(0)).await.unwrap(), None);
    assert_eq!(store.linked_media("token", Timestamp(0)).await.unwrap().map(|media| media.name).as_deref(), Some(KEPT));
}
