//! Who may ring, and who may open a switchboard.

use super::*;

fn ring(account: &mut Account, from: &str) -> Vec<Effect> {
    account.handle(&moment(), Cause::Rung(a_ring(from)))
}

fn a_ring(from: &str) -> Ring {
    Ring { id: 3, from: passport(from), name: "Dave".to_owned() }
}

fn verdict(from: &str, verdict: Verdict) -> Effect {
    Effect::Ring { id: 3, from: passport(from), verdict }
}

#[test]
fn a_visible_client_is_invited() {
    let mut account = online(Vec::new());
    let invite = Effect::Invite { session: CLIENT, ring: a_ring("dave") };
    assert_eq!(ring(&mut account, "dave"), [invite, verdict("dave", Verdict::Ringing)]);
}

#[test]
fn nobody_is_there_who_is_signed_out_hidden_or_has_said_no_status() {
    let mut away = Account::new(record(Vec::new()), Limits::default());
    let mut silent = signed_in(Vec::new());
    let mut hidden = online(Vec::new());
    ask(&mut hidden, status(Status::Hidden));
    for account in [&mut away, &mut silent, &mut hidden] {
        assert_eq!(ring(account, "dave"), [verdict("dave", Verdict::Absent)]);
    }
}

#[test]
fn the_blocked_are_told_so_whatever_the_client_does() {
    let blocked = || vec![local("dave", &[List::Block])];
    for mut account in [online(blocked()), signed_in(blocked()), Account::new(record(blocked()), Limits::default())] {
        assert_eq!(ring(&mut account, "dave"), [verdict("dave", Verdict::Blocked)]);
    }
}

#[test]
fn where_only_the_allowed_may_strangers_are_blocked() {
    let mut account = online(vec![local("dave", &[List::Allow]), local("erin", &[List::Forward])]);
    ask(&mut account, Request::ChangePrivacy(Privacy::OnlyAllowed));
    assert_eq!(ring(&mut account, "dave").last(), Some(&verdict("dave", Verdict::Ringing)));
    for stranger in ["erin", "frank"] {
        assert_eq!(ring(&mut account, stranger), [verdict(stranger, Verdict::Blocked)]);
    }
}

#[test]
fn a_switchboard_is_for_who_can_be_seen() {
    let mut account = signed_in(Vec::new());
    assert_eq!(ask(&mut account, Request::OpenSwitchboard), refused(Refusal::Hidden));
    ask(&mut account, status(Status::Away));
    assert_eq!(ask(&mut account, Request::OpenSwitchboard), [Effect::Admit { session: CLIENT, tag: TAG }]);
    ask(&mut account, status(Status::Hidden));
    assert_eq!(ask(&mut account, Request::OpenSwitchboard), refused(Refusal::Hidden));
}

#[test]
fn what_waits_may_ring_each_time_the_client_says_a_visible_status() {
    let mut account = signed_in(Vec::new());
    let reachable = |effects: &[Effect]| effects.last() == Some(&Effect::Reachable);
    assert!(!reachable(&ask(&mut account, status(Status::Hidden))));
    assert!(reachable(&ask(&mut account, status(Status::Online))));
    assert!(reachable(&ask(&mut account, status(Status::Busy))), "what was rung in vain rings again");
    ask(&mut account, status(Status::Hidden));
    assert!(reachable(&ask(&mut account, status(Status::Away))));
}
