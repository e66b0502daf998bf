//! Who comes on the list, and what follows from it.

use super::*;

#[test]
fn a_known_contact_is_added_at_once_and_mirrored() {
    let mut account = online(vec![local("dave", &[List::Allow])]);
    let effects = ask(&mut account, add(List::Forward, "dave"));
    let entry = Contact { lists: lists(&[List::Allow, List::Forward]), ..local("dave", &[]) };
    let [Effect::Keep(kept), Effect::Mirror { to, listed: true }, Effect::Answer { .. }, Effect::Inquire { of }] =
        &effects[..]
    else {
        panic!("{effects:?}");
    };
    assert_eq!((to, of), (&passport("dave"), &passport("dave")));
    assert_eq!(kept[..2], [Change::Contact(entry.clone()), Change::ListChanged(Timestamp(5_001))]);
    assert!(
        matches!(&kept[2], Change::Mirror { of, listed: true, guid, most: 1000 } if of == to && *guid != entry.guid)
    );
    assert_eq!(added(&effects), entry);
}

#[test]
fn an_unknown_address_is_looked_for_first() {
    let mut account = online(Vec::new());
    let request = Request::AddContact {
        list: List::Forward,
        who: Who::Passport(passport("dave")),
        name: Some("dave@msn.example".to_owned()),
        group: None,
    };
    assert_eq!(ask(&mut account, request), [Effect::Resolve { query: 0, passport: passport("dave") }]);
    assert!(account.contacts.is_empty());
    let outcome = Resolution::Account { name: "Dave".to_owned() };
    let effects = account.handle(&moment(), Cause::Resolved { query: 0, outcome: outcome.clone() });
    let entry = added(&effects);
    assert_eq!((entry.lists, entry.name.as_str(), entry.remote), (lists(&[List::Forward]), "Dave", None));
    assert!(effects.contains(&Effect::Mirror { to: passport("dave"), listed: true }));
    assert_eq!(account.handle(&moment(), Cause::Resolved { query: 0, outcome }), [], "answered once");
}

#[test]
fn a_lookup_that_finds_nobody_or_fails_is_refused() {
    for (outcome, refusal) in [(Resolution::Nobody, Refusal::NoSuchPerson), (Resolution::Unknown, Refusal::Unavailable)]
    {
        let mut account = online(Vec::new());
        ask(&mut account, add(List::Allow, "dave"));
        assert_eq!(account.handle(&moment(), Cause::Resolved { query: 0, outcome }), refused(refusal));
        assert!(account.contacts.is_empty());
    }
}

#[test]
fn two_questions_about_one_address_make_one_entry() {
    let mut account = online(Vec::new());
    for list in [List::Allow, List::Forward] {
        ask(&mut account, add(list, "dave"));
    }
    let outcome = Resolution::Account { name: "Dave".to_owned() };
    let one = added(&account.handle(&moment(), Cause::Resolved { query: 0, outcome: outcome.clone() }));
    let other = added(&account.handle(&moment(), Cause::Resolved { query: 1, outcome }));
    assert_eq!(one.guid, other.guid);
    assert_eq!(other.lists, lists(&[List::Allow, List::Forward]));
}

#[test]
fn a_client_that_comes_later_hears_nothing_of_an_earlier_ones_questions() {
    let mut account = online(Vec::new());
    ask(&mut account, add(List::Forward, "dave"));
    let _ = account.handle(&moment(), Cause::SignedIn(SessionId(2)));
    let outcome = Resolution::Account { name: "Dave".to_owned() };
    assert_eq!(account.handle(&moment(), Cause::Resolved { query: 0, outcome }), []);
}

#[test]
fn a_person_of_another_network_is_befriended_under_the_allotted_address() {
    let mut account = online(Vec::new());
    ask(&mut account, add(List::Forward, "Alice_at_Example.org@matrix.msn.example"));
    let outcome = Resolution::Remote {
        passport: passport("=41lice@matrix.msn.example"),
        name: "Alice".to_owned(),
        identity: identity(),
    };
    let effects = account.handle(&moment(), Cause::Resolved { query: 0, outcome });
    assert_eq!(orders(&effects), [ContactIntent::Befriend]);
    assert_eq!(added(&effects).passport, passport("=41lice@matrix.msn.example"));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Mirror { .. })), "their list is elsewhere");
    assert!(!changes(&effects).iter().any(|change| matches!(change, Change::Mirror { .. })));
    let again = ask(&mut account, add(List::Forward, "=41lice@matrix.msn.example"));
    assert_eq!(orders(&again), [], "asked once");
}

#[test]
fn allowing_who_has_invited_welcomes_and_blocking_turns_away() {
    for (list, intent) in [
        (List::Allow, ContactIntent::Welcome),
        (List::Forward, ContactIntent::Welcome),
        (List::Block, ContactIntent::TurnAway),
    ] {
        let mut account = online(vec![remote(&[List::Reverse])]);
        assert_eq!(orders(&ask(&mut account, add(list, ALICE))), [intent], "{list:?}");
    }
}

#[test]
fn the_second_half_of_an_answer_orders_nothing_more_than_the_friendship() {
    let mut account = online(vec![remote(&[List::Reverse])]);
    assert_eq!(orders(&ask(&mut account, add(List::Allow, ALICE))), [ContactIntent::Welcome]);
    assert_eq!(orders(&ask(&mut account, add(List::Forward, ALICE))), [ContactIntent::Befriend]);
    assert_eq!(orders(&ask(&mut account, remove(List::Forward, ALICE))), [ContactIntent::Unfriend]);
}

#[test]
fn an_answered_admirer_moves_from_pending_to_reverse() {
    let mut account = online(vec![local("dave", &[List::Reverse])]);
    ask(&mut account, add(List::Allow, "dave"));
    let [Effect::Answer { answer: Answer::Added { list: List::Reverse, contact, group: None }, .. }] =
        &ask(&mut account, add(List::Reverse, "dave"))[..]
    else {
        panic!("the promotion is answered, and nothing more");
    };
    assert_eq!(contact.lists.shown(), 10);
    let effects = ask(&mut account, remove(List::Pending, "dave"));
    assert!(matches!(effects.last(), Some(Effect::Answer { answer: Answer::Removed { list: List::Pending, .. }, .. })));
    assert_eq!(lists_of(&account, "dave").shown(), 10);
}

#[test]
fn lists_that_are_not_the_clients_are_refused() {
    let mut account = online(vec![local("dave", &[List::Allow])]);
    assert_eq!(ask(&mut account, add(List::Pending, "dave")), refused(Refusal::NotYours));
    assert_eq!(ask(&mut account, add(List::Reverse, "dave")), refused(Refusal::NotOnList));
    assert_eq!(ask(&mut account, add(List::Reverse, "erin")), refused(Refusal::NotOnList));
    assert_eq!(ask(&mut account, remove(List::Reverse, "dave")), refused(Refusal::NotYours));
    assert_eq!(ask(&mut account, add(List::Forward, "carol")), refused(Refusal::Oneself));
}

#[test]
fn a_contact_may_be_named_by_its_id() {
    let mut account = online(vec![local("dave", &[List::Forward])]);
    let by = |guid| Request::RemoveContact { list: List::Forward, who: Who::Guid(guid), group: None };
    let known = local("dave", &[]).guid;
    assert_eq!(ask(&mut account, by(guid(99))), refused(Refusal::NotOnList));
    let effects = ask(&mut account, by(known));
    assert!(effects.contains(&Effect::Mirror { to: passport("dave"), listed: false }));
    let gone = Answer::Removed { list: List::Forward, passport: passport("dave"), guid: known, group: None };
    assert!(effects.contains(&answer(gone)));
    assert_eq!(ask(&mut account, by(known)), refused(Refusal::NotOnList), "on no list, forgotten");
    let add = Request::AddContact { list: List::Forward, who: Who::Guid(known), name: None, group: None };
    assert_eq!(ask(&mut account, add), refused(Refusal::NoSuchPerson));
}

#[test]
fn taking_somebody_off_the_contact_list_leaves_them_allowed() {
    let mut account = online(vec![local("dave", &[List::Forward, List::Allow, List::Reverse])]);
    ask(&mut account, remove(List::Forward, "dave"));
    assert_eq!(lists_of(&account, "dave").shown(), 10);
}

#[test]
fn lists_have_their_limits() {
    for list in [List::Forward, List::Allow, List::Block] {
        let mut account = online(vec![local("dave", &[list]), local("erin", &[List::Reverse])]);
        account.limits = Limits { contacts: 2, allowed: 2, blocked: 2, ..Limits::default() };
        assert_eq!(ask(&mut account, add(list, "frank")).len(), 1, "looked for");
        assert_eq!(ask(&mut account, add(list, "grace")), refused(Refusal::ListFull), "a question may become an entry");
        let _ = added(&ask(&mut account, add(list, "erin")));
        let again = added(&ask(&mut account, add(list, "dave")));
        assert_eq!(again.lists, lists(&[list]), "who is on it may be added again");
        let outcome = Resolution::Account { name: "Frank".to_owned() };
        let late = account.handle(&moment(), Cause::Resolved { query: 0, outcome });
        assert_eq!(late, refused(Refusal::ListFull), "the last place was taken meanwhile");
        ask(&mut account, remove(list, "dave"));
        assert_eq!(ask(&mut account, add(list, "grace")).len(), 1);
    }
}

#[test]
fn a_name_can_be_too_long() {
    let mut account = online(vec![local("dave", &[List::Forward])]);
    let name = "x".repeat(1025);
    let contact = local("dave", &[]).guid;
    let rename = Request::ChangeContact { contact, key: "MFN".into(), value: name.clone() };
    assert_eq!(ask(&mut account, rename), refused(Refusal::UnfitValue));
    let who = Who::Passport(passport("erin"));
    let add = Request::AddContact { list: List::Forward, who, name: Some(name), group: None };
    assert_eq!(ask(&mut account, add), refused(Refusal::UnfitValue));
}

#[test]
fn questions_have_their_limit() {
    let mut account = online(Vec::new());
    for number in 0..64 {
        let effects = ask(&mut account, add(List::Allow, &format!("dave{number}")));
        assert!(matches!(effects[..], [Effect::Resolve { .. }]));
    }
    assert_eq!(ask(&mut account, add(List::Allow, "erin")), refused(Refusal::TooFast));
}

#[test]
fn who_adds_the_account_is_announced_once() {
    let mut account = signed_in(Vec::new());
    let cause = |listed| Cause::Listed { by: passport("dave"), name: "Dave".to_owned(), listed };
    let event = |event| Effect::Tell { session: CLIENT, event };
    let said = account.handle(&moment(), cause(true));
    assert_eq!(said[0], event(Event::AddedBy { passport: passport("dave"), name: "Dave".to_owned() }));
    assert_eq!(lists_of(&account, "dave").shown(), 16);
    assert_eq!(account.list_changed, Timestamp(5_001), "a list that has changed has another time");
    assert_eq!(account.handle(&moment(), cause(true)), []);
    let said = account.handle(&moment(), cause(false));
    assert_eq!(said, [event(Event::RemovedBy { passport: passport("dave") })]);
    assert!(account.contacts.is_empty());
    assert_eq!(account.list_changed, Timestamp(5_002));
    assert_eq!(account.handle(&moment(), cause(false)), []);
}

#[test]
fn what_a_network_brings_is_on_the_list_and_only_an_invitation_asks() {
    let mut account = signed_in(Vec::new());
    let tell = |event| vec![Effect::Tell { session: CLIENT, event }];
    let invited = account.handle(&moment(), Cause::Entered(remote(&[List::Reverse])));
    assert_eq!(invited, tell(Event::AddedBy { passport: passport(ALICE), name: ALICE.to_owned() }));
    let friend = [List::Reverse, List::Forward, List::Allow];
    let entry = Box::new(remote(&friend));
    assert_eq!(account.handle(&moment(), Cause::Entered(remote(&friend))), tell(Event::Entered(entry)));
    assert_eq!(lists_of(&account, ALICE).shown(), 11);
    let withdrawn = account.handle(&moment(), Cause::Entered(remote(&[])));
    assert_eq!(withdrawn, tell(Event::RemovedBy { passport: passport(ALICE) }));
    assert_eq!(
        lists_of(&account, ALICE).shown(),
        3,
        "what the owner decided stays, whatever the store was when it was read"
    );
    assert_eq!(account.list_changed, Timestamp(5_003));
}

#[test]
fn somebody_seen_before_is_shown_after_they_are_added() {
    let mut account = online(vec![local("dave", &[List::Allow])]);
    assert_eq!(account.handle(&moment(), Cause::Seen(seen("dave", Some(Status::Busy)))), [], "not on the list");
    let effects = ask(&mut account, add(List::Forward, "dave"));
    let event = Event::Seen(seen("dave", Some(Status::Busy)));
    let told = effects.iter().position(|effect| *effect == Effect::Tell { session: CLIENT, event: event.clone() });
    assert!(matches!(effects[told.unwrap() - 1], Effect::Answer { .. }), "a client must know them first");
}

#[test]
fn people_of_other_networks_go_by_the_name_that_they_have_there() {
    let mut account = online(vec![remote(&[List::Forward])]);
    let contact = remote(&[]).guid;
    let value = "My Alice".to_owned();
    let own = Request::ChangeContact { contact, key: "MFN".into(), value: value.clone() };
    assert_eq!(ask(&mut account, own), [answer(Answer::ContactChanged { contact, key: "MFN".into(), value })]);
    let named = |account: &Account| account.contacts[&passport(ALICE)].name.clone();
    assert_eq!(named(&account), ALICE);
    let renamed = || Cause::Renamed { contact: passport(ALICE), name: "Alice L".into() };
    let effects = account.handle(&moment(), renamed());
    assert_eq!(effects, [Effect::Keep(vec![Change::ListChanged(Timestamp(5_001))])]);
    assert_eq!(named(&account), "Alice L");
    assert_eq!(account.handle(&moment(), renamed()), [], "once");
    let stranger = Cause::Renamed { contact: passport("dave"), name: "Dave".into() };
    assert_eq!(account.handle(&moment(), stranger), []);
}

#[test]
fn a_contact_of_this_server_and_one_of_a_network_do_not_meet() {
    let mut account = online(vec![local("alice", &[List::Reverse]), remote(&[List::Reverse])]);
    let _ = added(&ask(&mut account, add(List::Forward, "alice")));
    assert!(orders(&ask(&mut account, add(List::Forward, ALICE))).contains(&ContactIntent::Welcome));
    ask(&mut account, add(List::Block, ALICE));
    assert_eq!(lists_of(&account, "alice"), lists(&[List::Forward, List::Reverse]));
    assert_eq!(lists_of(&account, ALICE), lists(&[List::Forward, List::Block, List::Reverse]));
    let effects = ask(&mut account, remove(List::Forward, "alice"));
    assert_eq!(orders(&effects), []);
    assert_eq!(lists_of(&account, ALICE), lists(&[List::Forward, List::Block, List::Reverse]));
}

#[test]
fn a_contact_can_be_renamed() {
    let mut account = online(vec![local("dave", &[List::Forward])]);
    let contact = local("dave", &[]).guid;
    let change = |key: &str, value: &str| Request::ChangeContact { contact, key: key.into(), value: value.into() };
    let done =
        |key: &str, value: &str| answer(Answer::ContactChanged { contact, key: key.into(), value: value.into() });
    let effects = ask(&mut account, change("MFN", "Davey"));
    let entry = Contact { name: "Davey".to_owned(), ..local("dave", &[List::Forward]) };
    assert_eq!(
        effects,
        [Effect::Keep(vec![Change::Contact(entry), Change::ListChanged(Timestamp(5_001))]), done("MFN", "Davey")]
    );
    assert_eq!(ask(&mut account, change("MFN", "Davey")), [done("MFN", "Davey")], "nothing to keep");
    assert_eq!(ask(&mut account, change("HSB", "1")), [done("HSB", "1")], "taken, not kept");
    let stranger = Request::ChangeContact { contact: guid(99), key: "MFN".into(), value: "x".into() };
    assert_eq!(ask(&mut account, stranger), refused(Refusal::NoSuchPerson));
}
