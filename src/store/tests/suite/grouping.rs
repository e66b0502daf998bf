//! Groups that contacts of networks come into.

use bridge::{Arrival, Batch, RoomProfile};
use domain::{Contact, RemoteRoom, account::Change, contact::List};
use store::{AcceptOutcome, Store};

use crate::bench::{BLOCK, Bench, CAROL, DAVE, loopback, passport, profile};

async fn befriend(store: &Store, who: &str, group: &str) -> AcceptOutcome {
    let friend = Arrival::Friend { owner: passport(CAROL), who: profile(who), group: Some(group.to_owned()) };
    store.accept(&loopback(), Batch { arrivals: vec![friend], writes: Vec::new() }).await.unwrap()
}

async fn carol(store: &Store) -> domain::account::Record {
    store.load(&passport(CAROL)).await.unwrap().unwrap()
}

/// The names of the groups that a contact is in.
async fn groups_of(store: &Store, login: &str) -> Vec<String> {
    let record = carol(store).await;
    let contact = record.contacts.iter().find(|contact| contact.passport.as_str().starts_with(login)).unwrap();
    let named = |guid| record.groups.iter().find(|group| group.guid == guid).unwrap().name.clone();
    contact.groups.iter().copied().map(named).collect()
}

#[tokio::test]
async fn people_and_rooms_come_into_a_group_that_is_made_once() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let outcome = befriend(&store, "ann", "Guild").await;
    let [(owner, group)] = &outcome.grouped[..] else { panic!("{outcome:?}") };
    assert_eq!((owner.as_str(), group.name.as_str()), (CAROL, "Guild"));
    let [(_, entered)] = &outcome.befriended[..] else { panic!("{outcome:?}") };
    assert_eq!(entered.groups, [group.guid], "who is told of the contact is told of its group");
    assert_eq!(befriend(&store, "ben", " Guild\n").await.grouped, [], "the same name, once it is one line");
    let room = RoomProfile {
        room: RemoteRoom("general".into()),
        name: "#general".into(),
        login: "general".into(),
        server: None,
        topic: String::new(),
    };
    let room = Arrival::Room { owner: passport(CAROL), room, group: Some("Guild".into()) };
    store.accept(&loopback(), Batch { arrivals: vec![room], writes: Vec::new() }).await.unwrap();
    for login in ["ann", "ben", "general"] {
        assert_eq!(groups_of(&store, login).await, ["Guild"], "{login}");
    }
    assert_eq!(carol(&store).await.groups.len(), 1);
    assert_eq!(store.load(&passport(DAVE)).await.unwrap().unwrap().groups, []);
}

#[tokio::test]
async fn who_is_on_the_list_stays_where_the_user_has_put_them() {
    let Bench { store, directory: _directory } = Bench::new().await;
    befriend(&store, "ann", "Guild").await;
    let ann = carol(&store).await.contacts.remove(0);
    let moved = Contact { groups: Vec::new(), ..ann.clone() };
    store.change(&passport(CAROL), vec![Change::Contact(moved)]).await.unwrap();
    let again = befriend(&store, "ann", "Other").await;
    assert_eq!((again.accepted.left_out, again.grouped.len()), (1, 0));
    assert_eq!(groups_of(&store, "ann").await, Vec::<String>::new());
    // Nor does it make a group for somebody who may not come.
    let blocked = Contact { lists: domain::Lists::from_bits(BLOCK), ..ann };
    assert!(!blocked.lists.contains(List::Forward));
    store.change(&passport(CAROL), vec![Change::Contact(blocked)]).await.unwrap();
    assert_eq!(befriend(&store, "ann", "Other").await.grouped, []);
    assert_eq!(carol(&store).await.groups.len(), 1);
}

#[tokio::test]
async fn beyond_the_limit_contacts_come_without_a_group() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let store = store.grouping_at_most(2);
    for (who, group) in [("ann", "One"), ("ben", "Two"), ("cid", "Three"), ("dot", "Two")] {
        assert_eq!(befriend(&store, who, group).await.befriended.len(), 1, "{who} comes in any case");
    }
    assert_eq!(groups_of(&store, "cid").await, Vec::<String>::new());
    assert_eq!(groups_of(&store, "dot").await, ["Two"]);
    assert_eq!(carol(&store).await.groups.len(), 2);
}
