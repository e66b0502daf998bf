//! What is said in the room of a gathering.

use bridge::{Action, Receipt, RoomProfile};
use bytes::Bytes;
use domain::{
    Content, RemoteRoom, RemoteUser, Timestamp,
    contact::RemoteTarget,
    conversation::{Draft, Gather},
};
use store::Lane;

use crate::bench::{Bench, CAROL, DAVE, loopback, passport};

#[tokio::test]
async fn a_room_is_seen_to_before_it_is_spoken_in_and_knows_who_has_heard() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let (carol, dave, gone) = (passport(CAROL), passport(DAVE), passport("gone@msn.example"));
    let room = RemoteRoom("gathering/7".to_owned());
    let profile = RoomProfile {
        room: room.clone(),
        name: "Ann, Carol, Dave".to_owned(),
        login: "ann".to_owned(),
        server: None,
        topic: String::new(),
    };
    let contact = store.allot(&loopback(), profile.into()).await.unwrap();
    let people = vec![RemoteUser("ann".to_owned())];
    let (accounts, name) = (vec![carol.clone(), dave.clone()], "Ann, Carol, Dave".to_owned());
    let gather = Gather { contact: contact.clone(), people: people.clone(), accounts: accounts.clone(), name };
    let id = store.next_message();
    let draft = Draft {
        id,
        author: carol.clone(),
        sent: Timestamp(1),
        payload: Bytes::from_static(b"hi"),
        content: Some(Content::text("hi")),
        enclosed: None,
        accounts: vec![dave.clone(), gone.clone()],
        remotes: vec![contact.clone()],
        gathers: vec![gather],
    };
    assert_eq!(store.keep(draft).await.unwrap().left_out, [gone]);

    let lane = Lane { owner: carol, contact };
    let first = store.next_order(&lane).await.unwrap().unwrap();
    assert_eq!(first.order.to, RemoteTarget::Room(room));
    let Action::Gather { people: asked, accounts: let_in, name } = first.order.action else {
        panic!("{:?}", first.order.action)
    };
    assert_eq!((asked, let_in, name.as_str(), first.message), (people, accounts, "Ann, Carol, Dave", None));
    store.order_done(first.id, Receipt::default()).await.unwrap();
    let second = store.next_order(&lane).await.unwrap().unwrap();
    let heard = vec![dave];
    let said = Action::Say { content: Content::text("hi"), sent: Timestamp(1), reply: None, heard };
    assert_eq!((second.order.action, second.message), (said, Some(id)));
}
