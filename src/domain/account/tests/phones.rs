//! Telephones as contacts.

use super::*;

const NUMBER: &str = "tel:+15555551212";

fn number() -> Passport {
    NUMBER.parse::<crate::Telephone>().unwrap().into()
}

fn put(list: List, name: Option<&str>) -> Request {
    let name = name.map(str::to_owned);
    Request::AddContact { list, who: Who::Passport(number()), name, group: None }
}

#[test]
fn a_number_is_put_on_lists_without_a_question_and_nobody_is_told() {
    let mut account = online(Vec::new());
    for (list, name, shown) in [
        (List::Allow, None, "+15555551212"),
        (List::Forward, Some(NUMBER), "+15555551212"),
        (List::Forward, Some("Mum"), "Mum"),
    ] {
        let effects = ask(&mut account, put(list, name));
        assert!(matches!(effects[..], [Effect::Keep(_), Effect::Answer { .. }]), "{effects:?}");
        assert_eq!(changes(&effects).len(), 2, "the entry and the list's time: {effects:?}");
        let contact = added(&effects);
        assert_eq!((contact.passport, contact.name.as_str()), (number(), shown));
    }
    let kept = account.contacts[&number()].clone();
    assert_eq!(kept.lists, lists(&[List::Forward, List::Allow]));
    let gone = Request::RemoveContact { list: List::Forward, who: Who::Guid(kept.guid), group: None };
    let effects = ask(&mut account, gone);
    assert!(matches!(effects[..], [Effect::Keep(_), Effect::Answer { .. }]), "{effects:?}");
    assert_eq!(changes(&effects).len(), 2);
}

#[test]
fn a_number_has_no_presence_and_takes_its_place_on_a_list() {
    let limits = Limits { contacts: 1, ..Limits::default() };
    let mut account = Account::new(record(vec![local("dave", &[List::Allow, List::Reverse])]), limits);
    let _ = account.handle(&moment(), Cause::SignedIn(CLIENT));
    let _ = added(&ask(&mut account, put(List::Forward, None)));
    assert_eq!(published(&ask(&mut account, status(Status::Busy))), [("dave".to_owned(), Some(Status::Busy))]);
    assert_eq!(ask(&mut account, add(List::Forward, "dave")), refused(Refusal::ListFull));
}

#[test]
fn a_number_is_looked_up_by_the_shell() {
    let mut account = online(Vec::new());
    let telephone: crate::Telephone = NUMBER.parse().unwrap();
    let effects = ask(&mut account, Request::LookUp(telephone.clone()));
    assert_eq!(effects, [Effect::LookUp { session: CLIENT, tag: TAG, telephone }]);
}
