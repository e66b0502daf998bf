//! What the user changes on a page.

use super::*;

const PAGE: SessionId = SessionId(99);

fn on_page(account: &mut Account, request: Request) -> Vec<Effect> {
    account.handle(&moment(), Cause::AskedOnPage { session: PAGE, request })
}

fn answered(effects: &[Effect]) -> Option<&Answer> {
    effects.iter().find_map(|effect| match effect {
        Effect::Answer { session: PAGE, answer, .. } => Some(answer),
        _ => None,
    })
}

fn told(effects: &[Effect]) -> Vec<&Event> {
    let told = effects.iter().filter_map(|effect| match effect {
        Effect::Tell { session: CLIENT, event } => Some(event),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_list_is_changed_where_no_client_is() {
    let mut account = Account::new(record(vec![local("dave", &[List::Allow])]), Limits::default());
    let effects = on_page(&mut account, add(List::Forward, "dave"));
    let kept = effects.iter().position(|effect| matches!(effect, Effect::Keep(_))).unwrap();
    let answer = effects.iter().position(|effect| matches!(effect, Effect::Answer { session: PAGE, .. })).unwrap();
    assert!(kept < answer, "nothing is answered before it is kept: {effects:?}");
    assert_eq!(lists_of(&account, "dave"), lists(&[List::Allow, List::Forward]));
    on_page(&mut account, add(List::Block, "dave"));
    assert_eq!(lists_of(&account, "dave"), lists(&[List::Block, List::Forward]));
}

#[test]
fn a_client_that_is_there_is_told_who_comes_and_goes() {
    let mut account = online(Vec::new());
    assert_eq!(
        on_page(&mut account, add(List::Forward, "dave")),
        [Effect::Resolve { query: 0, passport: passport("dave") }]
    );
    let outcome = Resolution::Account { name: "Dave".to_owned() };
    let effects = account.handle(&moment(), Cause::Resolved { query: 0, outcome });
    assert!(matches!(answered(&effects), Some(Answer::Added { .. })), "{effects:?}");
    assert!(matches!(told(&effects)[..], [Event::Entered(contact)] if contact.passport == passport("dave")));

    let effects = on_page(&mut account, remove(List::Forward, "dave"));
    assert!(matches!(told(&effects)[..], [Event::Departed(_)]), "{effects:?}");
}

#[test]
fn the_line_under_the_name_is_of_whoever_is_signed_in() {
    let line = || Request::ChangePersonalMessage(PersonalMessage::of("At sea"));
    let mut account = Account::new(record(Vec::new()), Limits::default());
    assert_eq!(answered(&on_page(&mut account, line())), Some(&Answer::Refused(Refusal::Hidden)));
    let mut account = online(Vec::new());
    assert_eq!(shown(&on_page(&mut account, line()))[0].personal_message, PersonalMessage::of("At sea"));
}

#[test]
fn what_is_a_clients_own_is_not_done_on_a_page() {
    let mut account = online(Vec::new());
    for request in [Request::OpenSwitchboard, Request::Synchronize, status(Status::Busy)] {
        let effects = on_page(&mut account, request);
        assert_eq!(effects, [Effect::Answer { session: PAGE, tag: 0, answer: Answer::Refused(Refusal::NotYours) }]);
    }
    assert_eq!(account.status(), Some(Status::Online));
}
