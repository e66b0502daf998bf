//! How often what is felt elsewhere may be done.

use std::time::Duration;

use super::*;

/// Asks so many seconds after the first of the test's moments.
fn ask_after(account: &mut Account, start: Moment, seconds: u64, request: Request) -> Vec<Effect> {
    let moment = Moment { instant: start.instant + Duration::from_secs(seconds), ..moment() };
    account.handle(&moment, Cause::Asked { session: CLIENT, tag: TAG, request })
}

fn rename(name: &str) -> Request {
    Request::ChangeProperty { key: "MFN".to_owned(), value: Some(name.to_owned()) }
}

#[test]
fn names_lists_and_switchboards_have_an_allowance_that_comes_back() {
    let telephone = || Request::LookUp("tel:+15555551212".parse().unwrap());
    let requests: [(Request, Request); 4] = [
        (rename("One"), rename("Two")),
        (add(List::Allow, "dave"), add(List::Block, "dave")),
        (telephone(), telephone()),
        (Request::OpenSwitchboard, Request::OpenSwitchboard),
    ];
    for (first, second) in requests {
        let limits = Limits { additions: 1, switchboards: 1, renames: 1, ..Limits::default() };
        let mut account = Account::new(record(vec![local("dave", &[List::Forward])]), limits);
        let _ = account.handle(&moment(), Cause::SignedIn(CLIENT));
        ask(&mut account, status(Status::Online));
        let start = moment();
        let too_fast = refused(Refusal::TooFast);
        assert_ne!(ask_after(&mut account, start, 0, first.clone()), too_fast, "{first:?}");
        assert_eq!(ask_after(&mut account, start, 30, second.clone()), too_fast, "{second:?}");
        assert_ne!(ask_after(&mut account, start, 60, second.clone()), too_fast, "{second:?}");
    }
}

#[test]
fn a_name_that_is_so_already_and_other_settings_cost_nothing() {
    let limits = Limits { renames: 1, ..Limits::default() };
    let mut account = Account::new(record(Vec::new()), limits);
    let _ = account.handle(&moment(), Cause::SignedIn(CLIENT));
    for _ in 0..3 {
        assert_ne!(ask(&mut account, rename("Carol")), refused(Refusal::TooFast));
    }
    assert_ne!(ask(&mut account, rename("One")), refused(Refusal::TooFast));
    assert_eq!(ask(&mut account, rename("Two")), refused(Refusal::TooFast));
    assert_eq!(account.name(), "One");
    let phone = Request::ChangeProperty { key: "PHM".to_owned(), value: Some("1".to_owned()) };
    assert_ne!(ask(&mut account, phone), refused(Refusal::TooFast));
}

#[test]
fn another_client_does_not_bring_another_allowance() {
    let limits = Limits { switchboards: 1, ..Limits::default() };
    let mut account = Account::new(record(Vec::new()), limits);
    for number in 1..3 {
        let session = SessionId(number);
        let _ = account.handle(&moment(), Cause::SignedIn(session));
        let mut asked = |request| account.handle(&moment(), Cause::Asked { session, tag: TAG, request });
        let _ = asked(status(Status::Online));
        let effects = asked(Request::OpenSwitchboard);
        assert_eq!(effects.contains(&Effect::Admit { session, tag: TAG }), number == 1, "{effects:?}");
    }
}
