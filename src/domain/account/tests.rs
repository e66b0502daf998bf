//! What an account does: a cause goes in, these effects come out.

mod adding;
mod blocking;
mod groups;
mod keeping;
mod limits;
mod merging;
mod pages;
mod phones;
mod properties;
mod rereading;
mod ringing;
mod several;
mod sharing;
mod wishes;

use std::cell::Cell;
use std::time::Instant;

use super::*;
use crate::{
    Guid, Lists, NetworkBit, RemoteUser,
    contact::{RemoteIdentity, RemoteTarget},
};

const CLIENT: SessionId = SessionId(1);
const TAG: u32 = 7;

fn passport(name: &str) -> Passport {
    if name.contains('@') { name.parse().unwrap() } else { format!("{name}@msn.example").parse().unwrap() }
}

/// Every call has its own chance, and a wall clock that stands still.
fn moment() -> Moment {
    thread_local!(static CALLS: Cell<u128> = const { Cell::new(0) });
    let chance = CALLS.with(|calls| calls.replace(calls.get() + 1));
    Moment { instant: Instant::now(), wall: Timestamp(1_000), chance }
}

fn guid(chance: u128) -> Guid {
    Guid::of_chance(chance << 80)
}

fn lists(of: &[List]) -> Lists {
    of.iter().fold(Lists::NONE, |lists, list| lists.with(*list))
}

fn local(name: &str, on: &[List]) -> Contact {
    let number = name.bytes().fold(0_u128, |number, byte| (number * 31 + u128::from(byte)) % 1_000_003);
    Contact {
        passport: passport(name),
        guid: guid(number),
        lists: lists(on),
        name: name.to_owned(),
        groups: Vec::new(),
        remote: None,
        merged: Vec::new(),
        spoken: None,
    }
}

fn identity() -> RemoteIdentity {
    RemoteIdentity {
        network: "matrix".parse().unwrap(),
        bit: NetworkBit::try_from(64).unwrap(),
        target: RemoteTarget::Person(RemoteUser("@alice:example.org".to_owned())),
    }
}

const ALICE: &str = "alice_at_example.org@matrix.msn.example";

fn remote(on: &[List]) -> Contact {
    Contact { remote: Some(identity()), ..local(ALICE, on) }
}

fn record(contacts: Vec<Contact>) -> Record {
    Record {
        contact_properties: Vec::new(),
        passport: passport("carol"),
        name: "Carol".to_owned(),
        privacy: Privacy::Everybody,
        prompt: Prompt::Ask,
        properties: BTreeMap::new(),
        contacts,
        groups: Vec::new(),
        list_changed: Timestamp(5_000),
        settings_changed: Timestamp(5_000),
    }
}

/// Carol's account with these contacts, and a client that has said nothing yet.
fn signed_in(contacts: Vec<Contact>) -> Account {
    let mut account = Account::new(record(contacts), Limits::default());
    assert_eq!(account.handle(&moment(), Cause::SignedIn(CLIENT)), []);
    account
}

/// The same, with a client that has said that it is online.
fn online(contacts: Vec<Contact>) -> Account {
    let mut account = signed_in(contacts);
    ask(&mut account, status(Status::Online));
    account
}

const fn status(status: Status) -> Request {
    Request::ChangeStatus { status, capabilities: 16, object: None }
}

fn ask(account: &mut Account, request: Request) -> Vec<Effect> {
    account.handle(&moment(), Cause::Asked { session: CLIENT, tag: TAG, request })
}

fn add(list: List, who: &str) -> Request {
    Request::AddContact { list, who: Who::Passport(passport(who)), name: None, group: None }
}

fn remove(list: List, who: &str) -> Request {
    Request::RemoveContact { list, who: Who::Passport(passport(who)), group: None }
}

fn refused(refusal: Refusal) -> Vec<Effect> {
    vec![answer(Answer::Refused(refusal))]
}

const fn answer(answer: Answer) -> Effect {
    Effect::Answer { session: CLIENT, tag: TAG, answer }
}

/// The entry in the answer that says it is on the list.
fn added(effects: &[Effect]) -> Contact {
    let added = effects.iter().find_map(|effect| match effect {
        Effect::Answer { answer: Answer::Added { contact, .. }, .. } => Some((**contact).clone()),
        _ => None,
    });
    added.unwrap_or_else(|| panic!("nobody was added: {effects:?}"))
}

fn changes(effects: &[Effect]) -> Vec<Change> {
    let kept =
        effects.iter().filter_map(|effect| if let Effect::Keep(changes) = effect { Some(changes) } else { None });
    kept.flatten().cloned().collect()
}

/// What others on this server are shown: who, and the status, `None` for offline.
fn published(effects: &[Effect]) -> Vec<(String, Option<Status>)> {
    let each = effects.iter().filter_map(|effect| match effect {
        Effect::Publish { to, presence } => {
            Some((to.local().to_owned(), presence.as_ref().map(|presence| presence.status)))
        }
        _ => None,
    });
    each.collect()
}

fn shown(effects: &[Effect]) -> Vec<OwnPresence> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Show(shown) = effect { Some(shown.clone()) } else { None })
        .collect()
}

fn orders(effects: &[Effect]) -> Vec<ContactIntent> {
    let kicked = effects.iter().filter(|effect| matches!(effect, Effect::Outbox { .. })).count();
    let ordered = changes(effects).into_iter().filter_map(|change| match change {
        Change::Order { intent, .. } => Some(intent),
        _ => None,
    });
    let ordered: Vec<ContactIntent> = ordered.collect();
    assert_eq!(kicked, ordered.len(), "what is ordered is also sent: {effects:?}");
    ordered
}

fn lists_of(account: &Account, who: &str) -> Lists {
    account.contacts.get(&passport(who)).map_or(Lists::NONE, |contact| contact.lists)
}

fn presence(status: Status) -> Arc<Presence> {
    let personal_message = PersonalMessage::default();
    Arc::new(Presence { status, name: "Dave".into(), capabilities: 0, object: None, personal_message })
}

fn seen(who: &str, status: Option<Status>) -> Sighting {
    Sighting { contact: passport(who), presence: status.map(presence) }
}
