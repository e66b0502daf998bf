//! Groups of contacts.

use super::*;

fn make(account: &mut Account, name: &str) -> Guid {
    let effects = ask(account, Request::AddGroup { name: name.to_owned() });
    match &effects[..] {
        [Effect::Keep(kept), Effect::Answer { answer: Answer::GroupAdded(group), .. }] => {
            assert_eq!(kept[0], Change::Group(group.clone()));
            group.guid
        }
        other => panic!("{other:?}"),
    }
}

fn put(account: &mut Account, who: &str, group: Guid) -> Vec<Effect> {
    let who = Who::Passport(passport(who));
    ask(account, Request::AddContact { list: List::Forward, who, name: None, group: Some(group) })
}

fn groups_of(account: &Account, who: &str) -> Vec<Guid> {
    account.contacts.get(&passport(who)).map_or_else(Vec::new, |contact| contact.groups.clone())
}

#[test]
fn there_are_thirty_groups_and_no_name_twice() {
    let mut account = online(Vec::new());
    for number in 0..30 {
        make(&mut account, &format!("group {number}"));
        if number == 0 {
            let again = Request::AddGroup { name: "group 0".to_owned() };
            assert_eq!(ask(&mut account, again), refused(Refusal::GroupExists));
        }
    }
    let more = Request::AddGroup { name: "one more".to_owned() };
    assert_eq!(ask(&mut account, more), refused(Refusal::TooManyGroups));
}

#[test]
fn a_contact_may_be_in_several_groups_and_leaves_one_at_a_time() {
    let mut account = online(vec![local("dave", &[List::Forward])]);
    let (friends, work) = (make(&mut account, "Friends"), make(&mut account, "Work"));
    for group in [friends, work, work] {
        let effects = put(&mut account, "dave", group);
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Mirror { .. })), "no news for Dave");
    }
    assert_eq!(groups_of(&account, "dave"), [friends, work]);
    let leave = |group| Request::RemoveContact {
        list: List::Forward,
        who: Who::Guid(local("dave", &[]).guid),
        group: Some(group),
    };
    let effects = ask(&mut account, leave(friends));
    assert!(matches!(
        effects[..],
        [Effect::Keep(_), Effect::Answer { answer: Answer::Removed { group: Some(_), .. }, .. }]
    ));
    assert_eq!(groups_of(&account, "dave"), [work]);
    assert!(lists_of(&account, "dave").contains(List::Forward));
    assert_eq!(ask(&mut account, leave(friends)), refused(Refusal::NotInGroup));
    assert_eq!(ask(&mut account, leave(guid(9))), refused(Refusal::NoSuchGroup));
    assert_eq!(put(&mut account, "dave", guid(9)), refused(Refusal::NoSuchGroup));
}

#[test]
fn a_filled_group_goes_and_its_contacts_stay() {
    for by_name in [false, true] {
        let mut account = online(vec![local("dave", &[List::Forward])]);
        let friends = make(&mut account, "Friends");
        put(&mut account, "dave", friends);
        let names = ["Friends".to_owned(), "Friends".to_owned()];
        let group = if by_name { GroupRef::Name(names) } else { GroupRef::Guid(friends) };
        let effects = ask(&mut account, Request::RemoveGroup { group: group.clone() });
        assert_eq!(changes(&effects)[0], Change::GroupRemoved(friends));
        assert_eq!(effects.last(), Some(&answer(Answer::GroupRemoved(friends))));
        assert!(groups_of(&account, "dave").is_empty() && lists_of(&account, "dave").contains(List::Forward));
        assert_eq!(ask(&mut account, Request::RemoveGroup { group }), refused(Refusal::NoSuchGroup));
    }
}

#[test]
fn a_contact_who_leaves_the_list_leaves_its_groups() {
    let mut account = online(vec![local("dave", &[List::Forward, List::Allow])]);
    let friends = make(&mut account, "Friends");
    put(&mut account, "dave", friends);
    ask(&mut account, remove(List::Forward, "dave"));
    assert!(groups_of(&account, "dave").is_empty());
}

#[test]
fn a_group_that_goes_while_an_address_is_looked_for_is_not_kept() {
    let mut account = online(Vec::new());
    let friends = make(&mut account, "Friends");
    put(&mut account, "dave", friends);
    ask(&mut account, Request::RemoveGroup { group: GroupRef::Guid(friends) });
    let outcome = Resolution::Account { name: "Dave".to_owned() };
    let effects = account.handle(&moment(), Cause::Resolved { query: 0, outcome });
    assert!(added(&effects).groups.is_empty());
}

#[test]
fn a_group_is_renamed_unless_another_has_the_name() {
    let mut account = online(Vec::new());
    let (friends, work) = (make(&mut account, "Friends"), make(&mut account, "Work"));
    let rename = |group, name: &str| Request::RenameGroup { group, name: name.to_owned() };
    let renamed = Group { guid: friends, name: "Chums".to_owned() };
    let effects = ask(&mut account, rename(friends, "Chums"));
    assert_eq!(changes(&effects)[0], Change::Group(renamed.clone()));
    assert_eq!(effects.last(), Some(&answer(Answer::GroupRenamed(renamed))));
    assert_eq!(ask(&mut account, rename(work, "Chums")), refused(Refusal::GroupExists));
    assert_eq!(ask(&mut account, rename(work, "Work")).len(), 2, "its own name is no other's");
    assert_eq!(ask(&mut account, rename(guid(9), "x")), refused(Refusal::NoSuchGroup));
}

#[test]
fn a_group_is_named_as_often_decoded_as_it_takes() {
    let mut account = online(Vec::new());
    let (encoded, plain) = (make(&mut account, "New%20Group"), make(&mut account, "New Group"));
    for wanted in [encoded, plain] {
        let group = GroupRef::Name(["New%20Group".to_owned(), "New Group".to_owned()]);
        let effects = ask(&mut account, Request::RemoveGroup { group });
        assert_eq!(effects.last(), Some(&answer(Answer::GroupRemoved(wanted))));
    }
}

#[test]
fn a_group_has_a_name_that_can_be_read() {
    let mut account = online(Vec::new());
    let group = make(&mut account, "Friends");
    for name in ["", " ", "\u{a0}\t"] {
        let name = || name.to_owned();
        assert_eq!(ask(&mut account, Request::AddGroup { name: name() }), refused(Refusal::UnfitValue));
        assert_eq!(ask(&mut account, Request::RenameGroup { group, name: name() }), refused(Refusal::UnfitValue));
    }
}

#[test]
fn only_who_is_on_the_contact_list_is_put_in_a_group_by_id() {
    let mut account = online(vec![local("dave", &[List::Allow])]);
    let group = make(&mut account, "Friends");
    let who = Who::Guid(local("dave", &[]).guid);
    let request = Request::AddContact { list: List::Forward, who, name: None, group: Some(group) };
    assert_eq!(ask(&mut account, request), refused(Refusal::NoSuchPerson));
}

#[test]
fn a_network_brings_a_group_and_the_contact_in_it() {
    let mut account = signed_in(Vec::new());
    let group = Group { guid: Guid::of_chance(77), name: "Guild".to_owned() };
    let before = account.list_changed;
    for _ in 0..2 {
        assert_eq!(account.handle(&moment(), Cause::Grouped(group.clone())), []);
    }
    assert_eq!(account.groups, std::slice::from_ref(&group), "said twice, there is one");
    assert!(account.list_changed > before);

    // Somebody who asked before comes on the list now: where they stand, the store says.
    let _ = account.handle(&moment(), Cause::Entered(remote(&[List::Reverse])));
    let friend = Contact { groups: vec![group.guid], ..remote(&[List::Reverse, List::Forward, List::Allow]) };
    let _ = account.handle(&moment(), Cause::Entered(friend.clone()));
    assert_eq!(account.contacts.get(&passport(ALICE)).unwrap().groups, [group.guid]);

    // Whoever stands on the list already stays where the user has put them.
    let elsewhere = Contact { groups: Vec::new(), ..friend.clone() };
    let mut account = signed_in(vec![elsewhere]);
    let _ = account.handle(&moment(), Cause::Entered(friend));
    assert!(account.contacts.get(&passport(ALICE)).unwrap().groups.is_empty());
}

#[test]
fn a_contact_is_not_brought_into_a_group_that_was_removed_meanwhile() {
    for listed in [Vec::new(), vec![remote(&[List::Reverse])]] {
        let mut account = signed_in(listed);
        let gone = Guid::of_chance(77);
        let friend = Contact { groups: vec![gone], ..remote(&[List::Reverse, List::Forward, List::Allow]) };
        let _ = account.handle(&moment(), Cause::Entered(friend));
        assert_eq!(account.contacts.get(&passport(ALICE)).unwrap().groups, [], "the store knows no such group");
    }
}
