//! Clients block in different orders; all of them end in the same place.

use super::*;

/// Asks for these in turn, as far as somebody unknown is meant the question is answered at once; gives what was published.
fn run(account: &mut Account, requests: &[(bool, List)], who: &str) -> Vec<(String, Option<Status>)> {
    let mut all = Vec::new();
    for (adds, list) in requests {
        let mut effects = ask(account, if *adds { add(*list, who) } else { remove(*list, who) });
        if let [Effect::Resolve { query, .. }] = effects[..] {
            let outcome = Resolution::Account { name: who.to_owned() };
            effects = account.handle(&moment(), Cause::Resolved { query, outcome });
        }
        let refusal = |effect: &Effect| matches!(effect, Effect::Answer { answer: Answer::Refused(_), .. });
        assert!(!effects.iter().any(refusal), "{adds} {list:?}: {effects:?}");
        let answers = effects.iter().filter(|effect| matches!(effect, Effect::Answer { .. })).count();
        assert_eq!(answers, 1, "{adds} {list:?}: {effects:?}");
        all.extend(published(&effects));
    }
    all
}

const ADD: bool = true;
const REMOVE: bool = false;

#[test]
fn both_orders_of_blocking_end_in_the_same_state() {
    for on in [
        vec![List::Forward, List::Allow, List::Reverse],
        vec![List::Forward, List::Allow],
        vec![List::Allow, List::Reverse],
        vec![List::Allow],
        vec![List::Reverse],
        vec![],
    ] {
        let orders = [[(REMOVE, List::Allow), (ADD, List::Block)], [(ADD, List::Block), (REMOVE, List::Allow)]];
        for order in orders {
            let mut account = online(vec![local("dave", &on)]);
            if on.is_empty() {
                account = online(Vec::new());
            }
            let published = run(&mut account, &order, "dave");
            let mut expected = lists(&on).without(List::Allow);
            expected = expected.with(List::Block);
            assert_eq!(lists_of(&account, "dave"), expected, "{on:?} {order:?}");
            let watched = on.contains(&List::Reverse);
            let gone: &[_] = if watched { &[("dave".to_owned(), None)] } else { &[] };
            assert_eq!(published, gone, "{on:?} {order:?}");
        }
    }
}

#[test]
fn a_block_taken_back_ends_as_it_was() {
    let before = [List::Forward, List::Allow, List::Reverse];
    for order in [
        [(ADD, List::Block), (REMOVE, List::Block), (ADD, List::Allow)],
        [(ADD, List::Block), (ADD, List::Allow), (REMOVE, List::Block)],
    ] {
        let mut account = online(vec![local("dave", &before)]);
        let published = run(&mut account, &order, "dave");
        assert_eq!(lists_of(&account, "dave"), lists(&before));
        assert_eq!(published, [("dave".to_owned(), None), ("dave".to_owned(), Some(Status::Online))]);
    }
}

#[test]
fn an_entry_on_its_last_list_comes_back_as_itself() {
    let mut account = online(vec![local("dave", &[List::Block])]);
    run(&mut account, &[(REMOVE, List::Block), (ADD, List::Allow)], "dave");
    assert_eq!(lists_of(&account, "dave"), lists(&[List::Allow]));
}

#[test]
fn whoever_is_on_no_list_is_off_it_already() {
    let mut account = online(Vec::new());
    for list in [List::Allow, List::Block, List::Pending] {
        let effects = ask(&mut account, remove(list, "dave"));
        assert!(matches!(effects[..], [Effect::Answer { answer: Answer::Removed { .. }, .. }]), "{effects:?}");
    }
    assert_eq!(ask(&mut account, remove(List::Forward, "dave")), refused(Refusal::NotOnList));
    let named = Request::RemoveContact { list: List::Allow, who: Who::Guid(guid(9)), group: None };
    assert_eq!(ask(&mut account, named), refused(Refusal::NotOnList));
}

#[test]
fn who_is_blocked_stays_on_the_contact_list_and_is_still_seen() {
    let mut account = online(vec![local("dave", &[List::Forward, List::Block, List::Reverse])]);
    let effects = account.handle(&moment(), Cause::Seen(seen("dave", Some(Status::Online))));
    assert_eq!(effects.len(), 1, "a block hides the owner, not the blocked");
}
