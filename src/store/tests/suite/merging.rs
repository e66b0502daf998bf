//! The same person on several networks as one entry.

use bridge::{Action, Arrival, Receipt};
use bytes::Bytes;
use domain::{
    Content, Passport, RemoteUser, Timestamp,
    account::{Change, Record},
    contact::List,
    content::Quote,
    conversation::{Draft, MessageId},
};
use store::{Lane, Store};

use crate::{
    arrivals::{ALONE, EVER, id, read},
    bench::{BLOCK, Bench, CAROL, DAVE, entry, network, open, passport, profile},
    inbox::{message, one},
};

const BOTH: &[&str] = &["loopback", "second"];
const LISTED: u8 = 3;

fn here() -> Passport {
    passport("ann@loopback.msn.example")
}

fn there() -> Passport {
    passport("ann@second.msn.example")
}

/// A store in which Carol has Ann of two networks as one entry.
async fn merged() -> Bench {
    let Bench { store, directory } = Bench::new().await;
    store.close().await;
    let store = open(&directory, BOTH).await;
    for (number, (name, address)) in [("loopback", here()), ("second", there())].into_iter().enumerate() {
        assert_eq!(store.allot(&network(name), profile("ann").into()).await.unwrap(), address);
        let contact = entry(&address, LISTED, number as u128 + 1);
        store.change(&passport(CAROL), vec![Change::Contact(contact)]).await.unwrap();
    }
    let merged = Change::Merged { contact: there(), into: here() };
    store.change(&passport(CAROL), vec![merged]).await.unwrap();
    Bench { store, directory }
}

async fn change(store: &Store, change: Change) {
    store.change(&passport(CAROL), vec![change]).await.unwrap();
}

async fn speak(store: &Store, on: Passport) {
    change(store, Change::Spoken { contact: here(), on }).await;
}

/// Carol says this to Ann; to whom a network is to say it.
async fn say(store: &Store, author: &str, text: &str) -> (MessageId, Vec<Passport>) {
    let draft = Draft {
        id: store.next_message(),
        author: passport(author),
        sent: Timestamp(1),
        payload: Bytes::new(),
        content: Some(Content::text(text)),
        enclosed: None,
        accounts: Vec::new(),
        remotes: vec![here()],
        gathers: Vec::new(),
    };
    let kept = store.keep(draft).await.unwrap();
    (kept.id, kept.ordered)
}

fn lane(contact: Passport) -> Lane {
    Lane { owner: passport(CAROL), contact }
}

async fn arrive(store: &Store, on: &str, arrival: Arrival) -> Vec<Passport> {
    let outcome = store.accept(&network(on), one(arrival)).await.unwrap();
    outcome.rung.into_iter().map(|(_, window)| window).collect()
}

fn shown(record: &Record) -> Vec<(&str, Vec<&str>)> {
    record
        .contacts
        .iter()
        .map(|contact| {
            (contact.passport.as_str(), contact.merged.iter().map(|merged| merged.passport.as_str()).collect())
        })
        .collect()
}

#[tokio::test]
async fn two_are_one_entry_until_they_are_split() {
    let Bench { store, directory } = merged().await;
    speak(&store, there()).await;
    store.close().await;
    let store = open(&directory, BOTH).await;
    let record = store.load(&passport(CAROL)).await.unwrap().unwrap();
    assert_eq!(shown(&record), [(here().as_str(), vec![there().as_str()])]);
    assert_eq!(record.contacts[0].spoken, Some(there()));
    let people = store.people(&passport(CAROL)).await.unwrap();
    let people: Vec<_> = people.into_iter().map(|person| (person.passport, person.whole, person.is_spoken)).collect();
    assert_eq!(people, [(here(), None, false), (there(), Some(here()), true)]);
    assert_eq!(store.identities(&passport(CAROL), &here()).await.unwrap(), [here(), there()]);
    change(&store, Change::Split { contact: there() }).await;
    let record = store.load(&passport(CAROL)).await.unwrap().unwrap();
    assert_eq!(shown(&record), [(here().as_str(), vec![]), (there().as_str(), vec![])]);
    assert_eq!(record.contacts[0].spoken, None);
}

#[tokio::test]
async fn what_either_says_is_in_the_window_of_the_entry_and_nobody_elses_entry_is_touched() {
    let Bench { store, directory: _directory } = merged().await;
    assert_eq!(arrive(&store, "loopback", message(CAROL, "ann", "a")).await, [here()]);
    assert_eq!(arrive(&store, "second", message(CAROL, "ann", "a")).await, [here()], "an id is of a network");
    assert_eq!(arrive(&store, "second", message(DAVE, "ann", "a")).await, [there()], "Dave has merged nobody");
    let waiting = store.waiting_from(&passport(CAROL), &here(), 9).await.unwrap();
    assert_eq!(waiting.len(), 2);
    for contact in [here(), there()] {
        assert_eq!(store.window(&passport(CAROL), &contact).await.unwrap(), here());
    }
    assert_eq!(store.window(&passport(DAVE), &there()).await.unwrap(), there());
}

#[tokio::test]
async fn signs_and_changes_are_shown_in_the_window_of_the_entry() {
    let Bench { store, directory: _directory } = merged().await;
    arrive(&store, "second", ALONE.said("Ann", "a", "lunch?")).await;
    read(&store).await;
    arrive(&store, "second", ALONE.reacted("Ann", "b", "a", "+")).await;
    assert_eq!(store.flush_reactions(EVER).await.unwrap(), [(passport(CAROL), here())]);
    assert_eq!(arrive(&store, "second", ALONE.edited("Ann", "c", "a", "tea?")).await, [here()]);
    assert_eq!(store.waiting_from(&passport(CAROL), &here(), 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_said_goes_where_it_was_to_go_when_it_was_said() {
    let Bench { store, directory } = merged().await;
    assert_eq!(say(&store, CAROL, "one").await.1, [here()], "by default over the entry's own network");
    speak(&store, there()).await;
    assert_eq!(store.spoken(&passport(CAROL), &here()).await.unwrap(), there());
    let (_, ordered) = say(&store, CAROL, "two").await;
    assert_eq!(ordered, [there()]);
    assert_eq!(say(&store, DAVE, "three").await.1, [here()], "Dave has merged nobody");
    speak(&store, here()).await;
    assert_eq!(say(&store, CAROL, "four").await.1, [here()]);
    let mut waiting = Vec::new();
    for contact in [here(), there(), here()] {
        let order = store.next_order(&lane(contact)).await.unwrap().unwrap();
        store.order_done(order.id, Receipt::default()).await.unwrap();
        let Action::Say { content: Content::Text(text), .. } = order.order.action else { panic!("it is said") };
        waiting.push(text.text);
    }
    assert_eq!(waiting, ["one", "two", "four"], "each where it was to go, in order");
    // A network that is off is spoken on no more: the person can be reached on the other one.
    speak(&store, there()).await;
    store.close().await;
    let store = open(&directory, &["loopback"]).await;
    assert_eq!(say(&store, CAROL, "five").await.1, [here()]);
}

#[tokio::test]
async fn what_could_not_be_delivered_is_told_in_the_window_of_the_entry() {
    let Bench { store, directory: _directory } = merged().await;
    speak(&store, there()).await;
    say(&store, CAROL, "hello").await;
    let order = store.next_order(&lane(there())).await.unwrap().unwrap();
    let window = store.order_failed(order.id, "no", Some("(not delivered)")).await.unwrap();
    assert_eq!(window, Some(here()));
    assert_eq!(store.waiting_from(&passport(CAROL), &here(), 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_what_was_said_on_the_network_that_is_spoken_on_can_be_quoted() {
    let Bench { store, directory: _directory } = merged().await;
    arrive(&store, "loopback", ALONE.said("Ann", "a", "lunch here?")).await;
    arrive(&store, "second", ALONE.said("Ann", "b", "lunch there?")).await;
    speak(&store, there()).await;
    say(&store, CAROL, "mine").await;
    let order = store.next_order(&lane(there())).await.unwrap().unwrap();
    store.order_done(order.id, Receipt { messages: vec![id("c")] }).await.unwrap();
    let carol = passport(CAROL);
    let quoted = async |contact: Passport, words: &str| {
        let quote = Quote { author: String::new(), words: words.to_owned() };
        store.quoted(&carol, &contact, &quote).await.unwrap()
    };
    assert_eq!(quoted(here(), "lunch").await, Some(id("a")));
    assert_eq!(quoted(there(), "lunch").await, Some(id("b")));
    assert_eq!((quoted(here(), "mine").await, quoted(there(), "mine").await), (None, Some(id("c"))));
}

#[tokio::test]
async fn an_entry_whose_network_is_off_shows_nobody() {
    let Bench { store, directory } = merged().await;
    store.close().await;
    let store = open(&directory, &["second"]).await;
    let record = store.load(&passport(CAROL)).await.unwrap().unwrap();
    assert_eq!(shown(&record), [(there().as_str(), vec![])]);
    assert_eq!(arrive(&store, "second", message(CAROL, "ann", "a")).await, [there()]);
    assert_eq!(store.people(&passport(CAROL)).await.unwrap()[0].whole, None);
    store.close().await;
    let store = open(&directory, BOTH).await;
    let record = store.load(&passport(CAROL)).await.unwrap().unwrap();
    assert_eq!(shown(&record), [(here().as_str(), vec![there().as_str()])], "and shows them again");
}

#[tokio::test]
async fn while_its_entrys_network_is_off_who_is_blocked_is_not_heard_and_no_more_waits_than_may() {
    let Bench { store, directory } = merged().await;
    store.close().await;
    let store = open(&directory, &["second"]).await.keeping_at_most(1);
    assert_eq!(arrive(&store, "second", message(CAROL, "ann", "a")).await, [there()]);
    assert_eq!(arrive(&store, "second", message(CAROL, "ann", "b")).await, [], "too much waits");
    let store = store.keeping_at_most(9);
    change(&store, Change::Contact(entry(&there(), BLOCK, 2))).await;
    assert_eq!(arrive(&store, "second", message(CAROL, "ann", "c")).await, []);
    store.close().await;
    let store = open(&directory, BOTH).await;
    assert_eq!(arrive(&store, "second", message(CAROL, "ann", "d")).await, [], "nor as part of the entry");
    let blocked = async |store: &Store| store.load(&passport(CAROL)).await.unwrap().unwrap().contacts[0].lists;
    assert!(blocked(&store).await.contains(List::Block), "nothing is said to them in the window of the entry");
    change(&store, Change::Contact(entry(&here(), LISTED, 1))).await;
    store.close().await;
    let store = open(&directory, &["second"]).await;
    assert!(!blocked(&store).await.contains(List::Block), "who is allowed again is so on both");
}

#[tokio::test]
async fn who_is_merged_into_another_entry_takes_nobody_along_whose_network_is_off() {
    let Bench { store, directory } = merged().await;
    store.close().await;
    let (all, third) = (["loopback", "second", "third"], passport("ann@third.msn.example"));
    let store = open(&directory, &all).await;
    store.allot(&network("third"), profile("ann").into()).await.unwrap();
    change(&store, Change::Contact(entry(&third, LISTED, 3))).await;
    change(&store, Change::Split { contact: there() }).await;
    change(&store, Change::Merged { contact: third.clone(), into: there() }).await;
    store.close().await;
    let store = open(&directory, BOTH).await;
    change(&store, Change::Merged { contact: there(), into: here() }).await;
    store.close().await;
    let store = open(&directory, &all).await;
    let record = store.load(&passport(CAROL)).await.unwrap().unwrap();
    assert_eq!(shown(&record), [(here().as_str(), vec![there().as_str()]), (third.as_str(), vec![])]);
    assert_eq!(arrive(&store, "third", message(CAROL, "ann", "a")).await, [third], "in the window that is shown");
}

#[tokio::test]
async fn who_ends_the_chat_is_no_part_of_the_entry_and_may_come_back() {
    let Bench { store, directory: _directory } = merged().await;
    let end = || Arrival::Withdrawal { owner: passport(CAROL), from: RemoteUser("ann".into()) };
    let outcome = store.accept(&network("second"), one(end())).await.unwrap();
    assert_eq!((outcome.departed, outcome.withdrawn), (vec![(passport(CAROL), there())], vec![]));
    let record = store.load(&passport(CAROL)).await.unwrap().unwrap();
    assert_eq!(shown(&record), [(here().as_str(), vec![])]);
    let back = Arrival::Friend { owner: passport(CAROL), who: profile("ann"), group: None };
    let outcome = store.accept(&network("second"), one(back)).await.unwrap();
    assert_eq!(outcome.befriended.len(), 1, "nobody has removed them");
    // Of the entry itself it is as of everybody: they stay on the list.
    let outcome = store.accept(&network("loopback"), one(end())).await.unwrap();
    assert_eq!((outcome.departed, outcome.withdrawn), (vec![], vec![]));
}

#[tokio::test]
async fn an_entry_that_goes_lets_go_whom_it_showed() {
    let Bench { store, directory: _directory } = merged().await;
    change(&store, Change::Contact(entry(&here(), 0, 1))).await;
    let record = store.load(&passport(CAROL)).await.unwrap().unwrap();
    assert_eq!(shown(&record), [(there().as_str(), vec![])]);
    assert!(record.contacts[0].lists.contains(List::Forward));
}

#[tokio::test]
async fn who_is_blocked_is_heard_on_no_network() {
    let Bench { store, directory: _directory } = merged().await;
    change(&store, Change::Contact(entry(&here(), BLOCK, 1))).await;
    for on in BOTH {
        assert_eq!(arrive(&store, on, message(CAROL, "ann", "a")).await, [] as [Passport; 0], "{on}");
    }
}
