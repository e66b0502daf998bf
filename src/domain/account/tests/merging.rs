//! The same person on several networks as one entry.

mod model;

use super::*;

/// The same person, on networks of their own; but for the last, which is of the first one's.
const PEOPLE: [(&str, &str, u32); 4] = [
    (ALICE, "matrix", 64),
    ("ann@second.msn.example", "second", 128),
    ("ann@third.msn.example", "third", 256),
    ("anna@matrix.msn.example", "matrix", 64),
];

fn person(number: usize, on: &[List]) -> Contact {
    let (address, network, bit) = PEOPLE[number];
    let target = RemoteTarget::Person(RemoteUser(address.to_owned()));
    let identity =
        RemoteIdentity { network: network.parse().unwrap(), bit: NetworkBit::try_from(bit).unwrap(), target };
    Contact { remote: Some(identity), guid: guid(number as u128 + 1), ..local(address, on) }
}

const LISTED: &[List] = &[List::Forward, List::Allow];

/// Carol's account with the first two and an account as contacts, of whom the first two are merged.
fn merged() -> Account {
    let mut account = online(vec![person(0, LISTED), person(1, LISTED), local("dave", LISTED)]);
    assert!(granted(&wish(&mut account, 0, 1)));
    account
}

fn wish(account: &mut Account, into: usize, other: usize) -> Vec<Effect> {
    let [into, other] = [into, other].map(|number| passport(PEOPLE[number].0));
    account.handle(&moment(), Cause::MergeWanted { into, other })
}

fn split(account: &mut Account, number: usize) -> Vec<Effect> {
    account.handle(&moment(), Cause::SplitWanted(passport(PEOPLE[number].0)))
}

fn choose(account: &mut Account, number: usize, network: &str) -> Vec<Effect> {
    let (contact, network) = (passport(PEOPLE[number].0), network.parse().unwrap());
    account.handle(&moment(), Cause::NetworkChosen { contact, network })
}

fn look(account: &mut Account, number: usize, status: Option<Status>) -> Vec<Effect> {
    account.handle(&moment(), Cause::Seen(seen(PEOPLE[number].0, status)))
}

fn granted(effects: &[Effect]) -> bool {
    effects.contains(&Effect::Granted(Ok(())))
}

fn refused_with(effects: &[Effect], refusal: Refusal) -> bool {
    *effects == [Effect::Granted(Err(refusal))]
}

/// Whom the client is told to look otherwise, and how.
fn told(effects: &[Effect]) -> Vec<(String, Option<Status>)> {
    let sightings = effects.iter().filter_map(|effect| match effect {
        Effect::Tell { event: Event::Seen(sighting), .. } => Some(sighting),
        _ => None,
    });
    sightings
        .map(|sighting| (sighting.contact.to_string(), sighting.presence.as_ref().map(|seen| seen.status)))
        .collect()
}

fn listed(account: &Account) -> Vec<(String, u32)> {
    account.snapshot().contacts.iter().map(|contact| (contact.passport.to_string(), contact.bits())).collect()
}

#[test]
fn who_is_merged_stands_on_the_list_once_with_the_bits_of_both() {
    let account = merged();
    assert_eq!(listed(&account), [(ALICE.to_owned(), 64 | 128), ("dave@msn.example".to_owned(), 0)]);
    assert_eq!(account.held(List::Forward), 2);
}

#[test]
fn a_merge_is_kept_before_it_is_granted_and_told() {
    let mut account = online(vec![person(0, LISTED), person(1, LISTED)]);
    look(&mut account, 1, Some(Status::Online));
    let effects = wish(&mut account, 0, 1);
    let at = |wanted: &dyn Fn(&Effect) -> bool| effects.iter().position(wanted).unwrap();
    let kept = at(&|effect| matches!(effect, Effect::Keep(_)));
    let departed = at(&|effect| matches!(effect, Effect::Tell { event: Event::Departed(_), .. }));
    assert!(kept < at(&|effect| *effect == Effect::Granted(Ok(()))) && kept < departed, "{effects:?}");
    let merged = Change::Merged { contact: passport(PEOPLE[1].0), into: passport(ALICE) };
    assert!(changes(&effects).contains(&merged), "{effects:?}");
    let (one, other) = (PEOPLE[0].0.to_owned(), PEOPLE[1].0.to_owned());
    assert_eq!(told(&effects), [(other, None), (one, Some(Status::Online))]);
}

#[test]
fn only_people_of_different_networks_on_the_list_are_merged() {
    let mut account = merged();
    for (into, other, refusal) in
        [(0, 1, Refusal::OnList), (1, 0, Refusal::OnList), (0, 2, Refusal::NotOnList), (2, 0, Refusal::NotOnList)]
    {
        assert!(refused_with(&wish(&mut account, into, other), refusal), "{into} {other}");
    }
    let dave = Cause::MergeWanted { into: passport(ALICE), other: passport("dave") };
    assert!(refused_with(&account.handle(&moment(), dave), Refusal::NotOnList), "an account is on no other network");
    let mut account = online(vec![person(0, LISTED), person(3, LISTED), person(1, &[List::Forward, List::Block])]);
    assert!(refused_with(&wish(&mut account, 0, 3), Refusal::SameNetwork));
    assert!(refused_with(&wish(&mut account, 0, 1), Refusal::Blocked), "nobody is let in by being merged");
}

#[test]
fn three_are_one_however_they_are_merged() {
    for (first, second) in [((0, 1), (0, 2)), ((1, 2), (0, 1)), ((1, 2), (0, 2))] {
        let mut account = online(vec![person(0, LISTED), person(1, LISTED), person(2, LISTED)]);
        assert!(granted(&wish(&mut account, first.0, first.1)) && granted(&wish(&mut account, second.0, second.1)));
        assert_eq!(listed(&account), [(ALICE.to_owned(), 64 | 128 | 256)], "{first:?} {second:?}");
    }
}

#[test]
fn the_one_reached_most_easily_is_shown_under_the_name_of_the_entry() {
    let mut account = merged();
    let (one, other) = (PEOPLE[0].0, PEOPLE[1].0);
    let alone = |status| vec![(one.to_owned(), status)];
    assert_eq!(told(&look(&mut account, 1, Some(Status::Idle))), alone(Some(Status::Idle)));
    // What they are called on the entry's own network is known now, and shown.
    assert_eq!(told(&look(&mut account, 0, Some(Status::Away))), alone(Some(Status::Idle)));
    assert_eq!(told(&look(&mut account, 0, Some(Status::Idle))), [], "nothing looks otherwise");
    assert_eq!(told(&look(&mut account, 0, Some(Status::Online))), alone(Some(Status::Online)));
    assert_eq!(told(&look(&mut account, 0, None)), alone(Some(Status::Idle)));
    assert_eq!(told(&look(&mut account, 1, None)), alone(None));
    let mut shown = (*presence(Status::Online)).clone();
    shown.personal_message = PersonalMessage::of("over there");
    shown.object = Some("theirs".into());
    let sighting = Sighting { contact: passport(other), presence: Some(Arc::new(shown)) };
    let _ = account.handle(&moment(), Cause::Seen(sighting));
    let contact = account.entry(&passport(one)).unwrap();
    let appearance = account.appearance(contact).unwrap();
    assert_eq!((&*appearance.name, appearance.personal_message.text.as_str()), (ALICE, "over there"));
    assert_eq!(appearance.object, None, "a client would ask the wrong address for it");
}

#[test]
fn among_equals_the_one_that_is_spoken_to_is_shown() {
    let mut account = merged();
    let line = |text: &str| {
        let mut shown = (*presence(Status::Online)).clone();
        shown.personal_message = PersonalMessage::of(text);
        Some(Arc::new(shown))
    };
    for (number, text) in [(0, "here"), (1, "there")] {
        let sighting = Sighting { contact: passport(PEOPLE[number].0), presence: line(text) };
        let _ = account.handle(&moment(), Cause::Seen(sighting));
    }
    let shown = |account: &Account| {
        let contact = account.entry(&passport(ALICE)).unwrap();
        account.appearance(contact).unwrap().personal_message.text.clone()
    };
    assert_eq!(shown(&account), "here");
    let effects = choose(&mut account, 0, "second");
    assert!(granted(&effects) && told(&effects).len() == 1, "{effects:?}");
    assert_eq!(changes(&effects), [Change::Spoken { contact: passport(ALICE), on: passport(PEOPLE[1].0) }]);
    assert_eq!(shown(&account), "there");
    assert!(granted(&choose(&mut account, 1, "matrix")), "by the address of either");
    assert_eq!(shown(&account), "here");
    assert!(refused_with(&choose(&mut account, 0, "third"), Refusal::NoSuchPerson));
    let mut alone = online(vec![person(0, LISTED)]);
    assert!(refused_with(&choose(&mut alone, 0, "matrix"), Refusal::NotMerged));
}

#[test]
fn who_is_taken_off_the_list_is_nobodys_friend_on_any_network() {
    let mut account = merged();
    let effects = ask(&mut account, remove(List::Forward, ALICE));
    assert_eq!(orders(&effects), [ContactIntent::Unfriend, ContactIntent::Unfriend]);
    let effects = ask(&mut account, add(List::Forward, ALICE));
    assert_eq!(orders(&effects), [ContactIntent::Befriend, ContactIntent::Befriend]);
}

#[test]
fn who_is_blocked_is_blocked_on_every_network() {
    let mut account = merged();
    let effects = ask(&mut account, add(List::Block, ALICE));
    let is_blocked =
        |change: &Change| matches!(change, Change::Contact(contact) if contact.lists.contains(List::Block));
    assert_eq!(changes(&effects).iter().filter(|change| is_blocked(change)).count(), 2, "{effects:?}");
    let effects = split(&mut account, 0);
    assert!(granted(&effects), "{effects:?}");
    assert!(lists_of(&account, PEOPLE[1].0).contains(List::Block), "and stays so by themselves");
}

#[test]
fn a_client_that_still_knows_both_removes_the_other_one_without_harm() {
    let mut account = merged();
    for who in [Who::Guid(guid(2)), Who::Passport(passport(PEOPLE[1].0))] {
        let effects = ask(&mut account, Request::RemoveContact { list: List::Forward, who, group: None });
        let (passport, guid) = (passport(PEOPLE[1].0), guid(2));
        assert_eq!(effects, [answer(Answer::Removed { list: List::Forward, passport, guid, group: None })]);
    }
    assert_eq!(listed(&account)[0], (ALICE.to_owned(), 64 | 128));
    let blocked = added(&ask(&mut account, add(List::Block, PEOPLE[1].0)));
    assert_eq!(blocked.passport, passport(ALICE), "the address of the one means the other");
}

#[test]
fn a_client_that_still_knows_both_blocks_and_unblocks_by_the_address_of_either() {
    let mut account = merged();
    let other = PEOPLE[1].0;
    for (leaves, enters) in [(List::Allow, List::Block), (List::Block, List::Allow)] {
        ask(&mut account, remove(leaves, other));
        ask(&mut account, add(enters, other));
        let lists = lists_of(&account, ALICE);
        assert!(lists.contains(enters) && !lists.contains(leaves), "{lists:?}");
    }
}

#[test]
fn what_is_split_is_as_it_was() {
    let mut account = merged();
    look(&mut account, 1, Some(Status::Busy));
    let effects = split(&mut account, 1);
    assert_eq!(changes(&effects).first(), Some(&Change::Split { contact: passport(PEOPLE[1].0) }));
    assert_eq!(told(&effects), [(PEOPLE[0].0.to_owned(), None), (PEOPLE[1].0.to_owned(), Some(Status::Busy))]);
    let bits: Vec<u32> = listed(&account).into_iter().map(|(_, bits)| bits).collect();
    assert_eq!(bits, [64, 128, 0]);
    assert!(refused_with(&split(&mut account, 0), Refusal::NotMerged));
    let full = Limits { contacts: 2, ..Limits::default() };
    let mut account = Account::new(record(account.contacts.into_values().collect()), full);
    assert!(granted(&wish(&mut account, 0, 1)));
    assert!(refused_with(&split(&mut account, 0), Refusal::ListFull));
}

#[test]
fn who_ends_the_chat_on_one_network_is_left_on_the_other() {
    let mut account = merged();
    assert!(granted(&choose(&mut account, 0, "second")));
    look(&mut account, 1, Some(Status::Online));
    let effects = account.handle(&moment(), Cause::Departed(passport(PEOPLE[1].0)));
    assert_eq!(told(&effects), [(ALICE.to_owned(), None)]);
    assert_eq!(listed(&account)[0], (ALICE.to_owned(), 64));
    assert_eq!(account.entry(&passport(ALICE)).unwrap().spoken, None);
    assert!(account.entry(&passport(PEOPLE[1].0)).is_none());
}
