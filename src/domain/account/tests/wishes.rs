//! Changes of the list that no client has asked for.

use super::*;

fn want(account: &mut Account) -> Vec<Effect> {
    let (passport, name) = (passport(ALICE), "Alice".to_owned());
    account.handle(&moment(), Cause::Wanted { passport, name, identity: identity() })
}

fn entered(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Tell { event: Event::Entered(_), .. }))
}

#[test]
fn who_is_wanted_is_befriended_and_the_wish_granted() {
    let mut account = online(Vec::new());
    let effects = want(&mut account);
    assert_eq!(orders(&effects), [ContactIntent::Befriend]);
    assert_eq!(lists_of(&account, ALICE), lists(&[List::Forward, List::Allow]));
    let kept = effects.iter().position(|effect| matches!(effect, Effect::Keep(_))).unwrap();
    let granted = effects.iter().position(|effect| *effect == Effect::Granted(Ok(()))).unwrap();
    assert!(kept < granted, "nothing is granted before it is kept: {effects:?}");
    assert!(entered(&effects));
    assert_eq!(want(&mut account), [Effect::Granted(Err(Refusal::OnList))]);
}

#[test]
fn who_waits_for_an_answer_is_welcomed_by_being_wanted() {
    let mut account = online(vec![remote(&[List::Reverse])]);
    assert_eq!(orders(&want(&mut account)), [ContactIntent::Welcome]);
}

#[test]
fn who_is_blocked_stays_blocked_though_wanted() {
    for on in [&[List::Block][..], &[List::Block, List::Reverse], &[List::Block, List::Forward]] {
        let mut account = online(vec![remote(on)]);
        assert_eq!(want(&mut account), [Effect::Granted(Err(Refusal::Blocked))], "{on:?}");
        assert_eq!(lists_of(&account, ALICE), lists(on));
    }
}

#[test]
fn a_full_list_or_too_much_haste_grants_nothing() {
    for (limits, refusal) in [
        (Limits { contacts: 0, ..Limits::default() }, Refusal::ListFull),
        (Limits { allowed: 0, ..Limits::default() }, Refusal::ListFull),
        (Limits { additions: 0, ..Limits::default() }, Refusal::TooFast),
    ] {
        let mut account = Account::new(record(Vec::new()), limits);
        assert_eq!(want(&mut account), [Effect::Granted(Err(refusal))]);
        assert!(account.contacts.is_empty());
    }
}

#[test]
fn who_is_not_wanted_goes_from_the_list_and_stays_allowed() {
    let mut account = online(vec![remote(&[List::Forward, List::Allow])]);
    let effects = account.handle(&moment(), Cause::Unwanted(passport(ALICE)));
    assert_eq!(orders(&effects), [ContactIntent::Unfriend]);
    assert_eq!(lists_of(&account, ALICE), lists(&[List::Allow]));
    let departed = |effect: &Effect| matches!(effect, Effect::Tell { event: Event::Departed(_), .. });
    assert!(effects.iter().any(departed), "{effects:?}");
    let again = account.handle(&moment(), Cause::Unwanted(passport(ALICE)));
    assert_eq!(again, [Effect::Granted(Err(Refusal::NotOnList))]);
}

#[test]
fn nobody_of_this_server_is_unwanted_so() {
    let mut account = online(vec![local("dave", &[List::Forward])]);
    let effects = account.handle(&moment(), Cause::Unwanted(passport("dave")));
    assert_eq!(effects, [Effect::Granted(Err(Refusal::NotOnList))]);
}

#[test]
fn what_departs_is_on_no_list_but_the_one_that_keeps_it_out() {
    let mut account = online(vec![remote(&[List::Forward, List::Allow, List::Reverse])]);
    let effects = account.handle(&moment(), Cause::Departed(passport(ALICE)));
    assert!(account.contacts.is_empty() && changes(&effects).is_empty(), "the store has done it: {effects:?}");
    assert_eq!(effects.len(), 2, "the client hears that both lists have changed: {effects:?}");
    let mut account = online(vec![remote(&[List::Forward, List::Block])]);
    let _ = account.handle(&moment(), Cause::Departed(passport(ALICE)));
    assert_eq!(lists_of(&account, ALICE), lists(&[List::Block]));
    assert_eq!(account.handle(&moment(), Cause::Departed(passport("nobody"))), []);
}
