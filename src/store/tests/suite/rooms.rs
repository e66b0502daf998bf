//! Rooms as contacts.

use std::time::UNIX_EPOCH;

use bridge::{Action, Arrival, RoomProfile};
use domain::{Lists, RemoteRoom, Timestamp, account::Change};
use store::{AcceptOutcome, Attention, Lane, RoomAsked, RoomEntry, Store};

use crate::{
    arrivals::{lobby_address, lobby_profile, named, take},
    bench::{BLOCK, Bench, CAROL, entry, guid, loopback, passport, person},
    inbox::counts,
};

pub(crate) fn other(number: usize) -> RoomProfile {
    let word = format!("room{number}");
    RoomProfile { room: RemoteRoom(word.clone()), name: String::new(), login: word, server: None, topic: String::new() }
}

pub(crate) fn joined(room: RoomProfile) -> Arrival {
    Arrival::Room { owner: passport(CAROL), room, group: None }
}

fn invitation(room: RoomProfile) -> Arrival {
    Arrival::RoomInvitation { owner: passport(CAROL), room, from: named("Ann") }
}

fn lost(room: &RoomProfile) -> Arrival {
    Arrival::RoomLost { owner: passport(CAROL), room: room.room.clone() }
}

async fn first_action(store: &Store) -> Option<Action> {
    let lane = Lane { owner: passport(CAROL), contact: lobby_address() };
    store.next_order(&lane).await.unwrap().map(|next| next.order.action)
}

/// Which rooms there are: address, lists, who asks.
async fn rooms(store: &Store) -> Vec<(String, u8, Option<String>)> {
    let rooms = store.rooms(&passport(CAROL)).await.unwrap();
    rooms.into_iter().map(|room| (room.passport.local().to_owned(), room.lists.bits(), room.asker)).collect()
}

#[tokio::test]
async fn a_room_stands_on_the_list_until_it_is_lost_and_comes_back() {
    let bench = Bench::new().await;
    let outcome = take(&bench.store, [joined(lobby_profile()), joined(lobby_profile())]).await;
    assert_eq!(counts(&outcome.accepted), (1, 1));
    let (_, contact) = &outcome.befriended[0];
    assert_eq!((contact.name.as_str(), contact.lists.bits(), &contact.passport), ("The Lobby", 3, &lobby_address()));
    let remote = bench.store.remote(&lobby_address()).await.unwrap().unwrap();
    assert_eq!((remote.name.as_str(), remote.topic.as_str()), ("The Lobby", "all and sundry"));

    let group = domain::Group { guid: guid(3), name: "Rooms".into() };
    let mut grouped = entry(&lobby_address(), 3, 1);
    grouped.groups = vec![group.guid];
    bench.store.change(&passport(CAROL), vec![Change::Group(group), Change::Contact(grouped)]).await.unwrap();
    let before = bench.list_changed(CAROL).await;
    let outcome = take(&bench.store, [lost(&lobby_profile()), lost(&lobby_profile()), lost(&other(1))]).await;
    assert_eq!((counts(&outcome.accepted), outcome.departed), ((1, 2), vec![(passport(CAROL), lobby_address())]));
    assert!(bench.list_changed(CAROL).await > before);

    let bench = bench.after_a_crash().await;
    assert_eq!((bench.lists(CAROL, &lobby_address()).await, rooms(&bench.store).await), (None, Vec::new()));
    let outcome = take(&bench.store, [joined(lobby_profile())]).await;
    assert_eq!((outcome.befriended.len(), bench.lists(CAROL, &lobby_address()).await), (1, Some(3)));
    assert_eq!(outcome.befriended[0].1.groups, []);

    bench.enlist(CAROL, &lobby_address(), 0).await;
    let outcome = take(&bench.store, [joined(lobby_profile())]).await;
    assert_eq!((counts(&outcome.accepted), outcome.befriended), ((0, 1), Vec::new()), "its owner took it off");
}

#[tokio::test]
async fn a_blocked_room_stays_blocked() {
    let bench = Bench::new().await;
    let room = bench.store.allot(&loopback(), lobby_profile().into()).await.unwrap();
    bench.enlist(CAROL, &room, BLOCK | 1).await;
    assert_eq!(counts(&take(&bench.store, [joined(lobby_profile())]).await.accepted), (0, 1));
    let outcome = take(&bench.store, [invitation(lobby_profile())]).await;
    assert_eq!((outcome.answered, outcome.asked), (vec![(passport(CAROL), room.clone())], Vec::new()));
    assert_eq!(first_action(&bench.store).await, Some(Action::TurnAway));
    let outcome = take(&bench.store, [lost(&lobby_profile())]).await;
    assert_eq!((outcome.departed.len(), bench.lists(CAROL, &room).await), (1, Some(BLOCK)));
}

#[tokio::test]
async fn an_invitation_is_shown_once_and_ends_with_its_answer() {
    let bench = Bench::new().await;
    let outcome = take(&bench.store, [invitation(lobby_profile()), invitation(lobby_profile())]).await;
    assert_eq!(counts(&outcome.accepted), (1, 1));
    let [RoomAsked { room, name, topic, asker, prompt: Some(prompt), .. }] = &*outcome.asked else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (room, name.as_str(), topic.as_str(), asker.as_str()),
        (&lobby_address(), "The Lobby", "all and sundry", "Ann")
    );
    assert_eq!((prompt.passport.clone(), prompt.lists.bits(), outcome.invited.len()), (lobby_address(), 8, 0));

    let bench = bench.after_a_crash().await;
    assert_eq!(take(&bench.store, [invitation(lobby_profile())]).await.asked, [], "it is known");
    assert_eq!(rooms(&bench.store).await, [("lobby".to_owned(), 8, Some("Ann".to_owned()))]);
    let answers = vec![
        Change::Contact(entry(&lobby_address(), 3, 1)),
        Change::Order { contact: lobby_address(), intent: domain::account::ContactIntent::Welcome },
    ];
    bench.store.change(&passport(CAROL), answers).await.unwrap();
    assert_eq!(rooms(&bench.store).await, [("lobby".to_owned(), 11, None)]);
    take(&bench.store, [joined(lobby_profile())]).await;
    let outcome = take(&bench.store, [invitation(lobby_profile())]).await;
    assert_eq!((outcome.answered.len(), outcome.asked), (1, Vec::new()), "what stands on the list is welcome");
}

#[tokio::test]
async fn an_invitation_can_be_declined_or_taken_back() {
    let bench = Bench::new().await;
    let Bench { store, .. } = &bench;
    take(store, [invitation(lobby_profile())]).await;
    assert!(store.decline_room(&passport(CAROL), &lobby_address()).await.unwrap());
    assert!(!store.decline_room(&passport(CAROL), &lobby_address()).await.unwrap());
    assert_eq!(first_action(store).await, Some(Action::TurnAway));
    assert_eq!((bench.lists(CAROL, &lobby_address()).await, rooms(store).await), (None, Vec::new()));

    take(store, [invitation(other(1))]).await;
    let outcome = take(store, [lost(&other(1)), lost(&other(1))]).await;
    assert_eq!((counts(&outcome.accepted), outcome.withdrawn.len(), outcome.departed), ((1, 1), 1, Vec::new()));
    assert_eq!(rooms(store).await, []);
}

#[tokio::test]
async fn so_many_invitations_are_told_within_an_hour() {
    let bench = Bench::new().await;
    let store = bench.store.clone().prompting_at_most(2);
    let outcome = take(&store, (0..4).map(|number| invitation(other(number)))).await;
    let told = |outcome: &AcceptOutcome| (outcome.asked.len(), outcome.crowded.len());
    assert_eq!((counts(&outcome.accepted), told(&outcome)), ((4, 0), (2, 1)), "one line speaks of the rest");
    assert!(outcome.asked.iter().all(|asked| asked.prompt.is_some()));
    assert_eq!(outcome.asked[1].name, "room1", "the login stands in for a name");
    let asked = Some("Ann".to_owned());
    let wanted = [("room0", 8), ("room1", 8), ("room2", 0), ("room3", 0)];
    assert_eq!(rooms(&store).await, wanted.map(|(room, lists)| (room.to_owned(), lists, asked.clone())));
    // Asking again and again does not make a place, not even for the same room.
    for room in [other(0), other(2)] {
        let outcome = take(&store, [lost(&room), invitation(room)]).await;
        assert_eq!(told(&outcome), (0, 0));
    }
    let untold = passport("room3@rooms.loopback.msn.example");
    assert!(store.decline_room(&passport(CAROL), &untold).await.unwrap(), "it can be answered");
    let created = store.accounts().await.unwrap()[0].created.0;
    store.prune(Timestamp(created)).await.unwrap();
    assert_eq!(told(&take(&store, [invitation(other(9))]).await), (0, 0), "what counts is not pruned");
    // Two hours later.
    store.prune(Timestamp(created + 2 * 60 * 60 * 1000)).await.unwrap();
    assert_eq!(rooms(&store).await.len(), 4, "what is not answered is kept");
    let month = 31 * 24 * 60 * 60 * 1000;
    store.prune(Timestamp(created + month)).await.unwrap();
    assert_eq!(rooms(&store).await, [], "but not for ever");
    assert_eq!(bench.lists(CAROL, &outcome.asked[0].room).await, None);
}

#[tokio::test]
async fn who_is_asked_again_is_told_again_until_it_is_too_often() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let mut told = Vec::new();
    for _ in 0..8 {
        let outcome = take(&store, [invitation(lobby_profile()), lost(&lobby_profile())]).await;
        let prompts = outcome.asked.iter().filter(|asked| asked.prompt.is_some()).count();
        told.push((outcome.asked.len(), prompts, outcome.crowded.len()));
    }
    let (first, again, summed, silent) = ((1, 1, 0), (1, 0, 0), (0, 0, 1), (0, 0, 0));
    assert_eq!(told, [first, again, again, again, again, summed, silent, silent]);
}

#[tokio::test]
async fn a_flood_of_invitations_is_a_few_lines_and_a_short_list() {
    let bench = Bench::new().await;
    let first = take(&bench.store, [invitation(lobby_profile())]).await;
    // Until they are younger by the clock.
    let created = UNIX_EPOCH.elapsed().unwrap();
    while UNIX_EPOCH.elapsed().unwrap().as_millis() <= created.as_millis() {
        std::thread::yield_now();
    }
    let outcome = take(&bench.store, (0..130).map(|number| invitation(other(number)))).await;
    assert_eq!(counts(&outcome.accepted), (130, 0));
    assert_eq!((first.asked.len() + outcome.asked.len(), outcome.crowded), (5, vec![passport(CAROL)]));
    let open = rooms(&bench.store).await;
    assert_eq!((open.len(), open.iter().filter(|(.., asker)| asker.is_some()).count()), (100, 100));
    assert!(outcome.withdrawn.contains(&(passport(CAROL), lobby_address())), "the oldest is closed");
    assert_eq!(bench.lists(CAROL, &lobby_address()).await, None);
}

#[tokio::test]
async fn names_and_topics_are_bounded_wherever_they_come_in() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let long = format!("a\r\n{}", "b".repeat(600));
    let name = format!("a  {}", "b".repeat(125));
    let shouting = RoomProfile { name: long.clone(), topic: long.clone(), ..lobby_profile() };
    let loud = bridge::RemoteProfile { name: long.clone(), ..named("Ann") };
    let mut said = crate::arrivals::LOBBY.said("Ann", "1", "hello");
    if let Arrival::Message { author, .. } = &mut said {
        *author = loud.clone();
    }
    let asked = Arrival::RoomInvitation { owner: passport(CAROL), room: shouting.clone(), from: loud.clone() };
    let outcome = take(&store, [said, asked]).await;
    assert_eq!((&outcome.asked[0].name, &outcome.asked[0].asker), (&name, &name));
    assert_eq!(outcome.asked[0].topic.chars().count(), 500);
    assert_eq!(store.waiting(&passport(CAROL), None, 9).await.unwrap()[0].author_name, name);
    let called = async |address: &str| store.remote(&passport(address)).await.unwrap().unwrap();
    assert_eq!(called("ann@loopback.msn.example").await.name, name);
    assert_eq!(called("lobby@rooms.loopback.msn.example").await.name, name);

    let again = RoomProfile { name: long.replace('b', "c"), topic: long.replace('b', "c"), ..shouting };
    assert!(store.profile_room(&loopback(), &again).await.unwrap());
    let lobby = called("lobby@rooms.loopback.msn.example").await;
    assert_eq!((lobby.name, lobby.topic.chars().count()), (name.replace('b', "c"), 500));
    assert!(store.rename_remote(&loopback(), &person("ann"), &long.replace('b', "c")).await.unwrap());
    assert_eq!(called("ann@loopback.msn.example").await.name, name.replace('b', "c"));
    let ben = bridge::RemoteProfile { name: long, ..named("Ben") };
    let ben = store.allot(&loopback(), ben.into()).await.unwrap();
    assert_eq!(called(ben.as_str()).await.name, name);
}

#[tokio::test]
async fn a_room_that_was_left_is_asked_about_again_and_nobody_asks_who_is_blocked() {
    let bench = Bench::new().await;
    let room = bench.store.allot(&loopback(), lobby_profile().into()).await.unwrap();
    bench.enlist(CAROL, &room, 2).await;
    let outcome = take(&bench.store, [invitation(lobby_profile())]).await;
    assert_eq!((outcome.answered, outcome.asked[0].prompt.clone()), (Vec::new(), None));
    let ann = bench.store.allot(&loopback(), named("Ann").into()).await.unwrap();
    bench.enlist(CAROL, &ann, BLOCK).await;
    let outcome = take(&bench.store, [invitation(other(1))]).await;
    assert_eq!((outcome.answered.len(), outcome.asked), (1, Vec::new()));
}

#[tokio::test]
async fn a_room_is_called_as_it_calls_itself_now() {
    let Bench { store, directory: _directory } = Bench::new().await;
    assert!(!store.profile_room(&loopback(), &lobby_profile()).await.unwrap(), "it has no address");
    take(&store, [joined(lobby_profile())]).await;
    assert!(!store.profile_room(&loopback(), &lobby_profile()).await.unwrap());
    let renamed = RoomProfile { topic: String::new(), name: "Foyer".into(), ..lobby_profile() };
    assert!(store.profile_room(&loopback(), &renamed).await.unwrap());
    let unknowing = RoomProfile { name: String::new(), topic: "new".into(), ..lobby_profile() };
    take(&store, [invitation(unknowing)]).await;
    store.set_attention(&passport(CAROL), &lobby_address(), Attention::Mentions).await.unwrap();
    let lobby = RoomEntry {
        passport: lobby_address(),
        name: "Foyer".into(),
        topic: "new".into(),
        lists: Lists::from_bits(3),
        attention: Attention::Mentions,
        asker: None,
    };
    assert_eq!(store.rooms(&passport(CAROL)).await.unwrap(), [lobby]);
}
