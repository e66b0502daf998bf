//! What an account says of itself beside its presence, and to whom.

use super::*;

fn set(key: &str, value: Option<&str>) -> Request {
    Request::ChangeProperty { key: key.to_owned(), value: value.map(str::to_owned) }
}

/// What contacts are shown: who, which property, which value.
fn told(effects: &[Effect]) -> Vec<(String, String, Option<String>)> {
    let each = effects.iter().filter_map(|effect| match effect {
        Effect::PublishProperty { to, key, value } => Some((to.local().to_owned(), key.clone(), value.clone())),
        _ => None,
    });
    each.collect()
}

fn line(who: &str, key: &str, value: Option<&str>) -> (String, String, Option<String>) {
    (who.to_owned(), key.to_owned(), value.map(str::to_owned))
}

fn shows(who: &str, value: Option<&str>) -> ContactProperty {
    ContactProperty { contact: passport(who), key: "PHM".to_owned(), value: value.map(str::to_owned) }
}

#[test]
fn every_property_takes_its_own_values() {
    let mut account = online(Vec::new());
    for (key, value) in
        [("PHH", "1 2"), ("PHW", "x"), ("PHM", "+1"), ("MOB", "Y"), ("MBE", "N"), ("HSB", "1"), ("WWE", "2")]
    {
        let effects = ask(&mut account, set(key, Some(value)));
        let change = Change::Property { key: key.to_owned(), value: Some(value.to_owned()) };
        assert_eq!(changes(&effects)[0], change);
        assert!(account.snapshot().properties.contains(&(key.to_owned(), value.to_owned())));
        ask(&mut account, set(key, None));
        assert!(!account.snapshot().properties.iter().any(|(known, _)| known == key));
    }
    for (key, value) in [("MOB", "y"), ("MBE", ""), ("HSB", "2"), ("WWE", "3")] {
        assert_eq!(ask(&mut account, set(key, Some(value))), refused(Refusal::UnfitValue), "{key} {value}");
    }
    for key in ["XYZ", "mfn", "", "PH"] {
        assert_eq!(ask(&mut account, set(key, Some("1"))), refused(Refusal::NoSuchProperty), "{key}");
    }
}

#[test]
fn a_name_that_nobody_could_read_is_refused() {
    let mut account = online(Vec::new());
    for name in [" ", "\u{a0}", "\r\n"] {
        assert_eq!(ask(&mut account, set("MFN", Some(name))), refused(Refusal::UnfitName), "{name:?}");
    }
    ask(&mut account, set("MFN", None));
    assert_eq!(account.name(), "carol@msn.example");
}

#[test]
fn a_phone_number_is_for_those_who_watch_and_are_allowed_by_name() {
    let mut account = online(vec![
        local("dave", &[List::Forward, List::Allow, List::Reverse]),
        local("erin", &[List::Forward, List::Block, List::Reverse]),
        local("frank", &[List::Forward, List::Allow]),
        local("gina", &[List::Reverse]),
        remote(&[List::Forward, List::Allow, List::Reverse]),
    ]);
    assert_eq!(told(&ask(&mut account, set("PHH", Some("1")))), [line("dave", "PHH", Some("1"))]);
    assert_eq!(told(&ask(&mut account, set("MBE", Some("Y")))), [], "that is for the account's own clients");
    assert_eq!(told(&ask(&mut account, add(List::Allow, "gina"))), [line("gina", "PHH", Some("1"))]);
    assert_eq!(told(&ask(&mut account, add(List::Allow, "gina"))), [], "once");
    assert_eq!(told(&ask(&mut account, add(List::Block, "gina"))), [line("gina", "PHH", None)]);
    let listed = |who, listed| Cause::Listed { by: passport(who), name: who.to_owned(), listed };
    for (who, value) in [("frank", Some("1")), ("gina", None)] {
        let _ = account.handle(&moment(), listed(who, false));
        let told = told(&account.handle(&moment(), listed(who, true)));
        let wanted = ["PHH", "PHW", "PHM", "MOB", "WWE", "HSB"];
        assert_eq!(
            told,
            wanted.map(|key| line(who, key, value.filter(|_| key == "PHH"))),
            "what is not shown is said too"
        );
    }
    assert_eq!(told(&account.handle(&moment(), listed("frank", false))), [], "who has nobody on the list shows nobody");
    assert_eq!(told(&ask(&mut account, remove(List::Allow, "dave"))), [line("dave", "PHH", None)]);
    assert_eq!(told(&ask(&mut account, add(List::Allow, ALICE))), [], "networks have no phone numbers");
    ask(&mut account, add(List::Allow, "dave"));
    assert_eq!(told(&account.handle(&moment(), Cause::Removed)), [line("dave", "PHH", None)]);
}

#[test]
fn a_contacts_property_is_told_when_it_changes_and_kept_for_the_next_list() {
    let mut account = online(vec![local("dave", &[List::Forward]), local("erin", &[List::Allow])]);
    let mut show = |property: ContactProperty| account.handle(&moment(), Cause::Showed(property));
    let tell = |property| vec![Effect::Tell { session: CLIENT, event: Event::Property(property) }];
    assert_eq!(show(shows("dave", Some("1"))), tell(shows("dave", Some("1"))));
    assert_eq!(show(shows("dave", Some("1"))), [], "known");
    assert_eq!(show(shows("dave", Some("2"))), tell(shows("dave", Some("2"))));
    assert_eq!(show(shows("dave", None)), tell(shows("dave", None)));
    assert_eq!(show(shows("dave", None)), []);
    assert_eq!(show(shows("erin", Some("3"))), [], "not on the contact list");
    assert_eq!(show(shows("nobody", Some("3"))), []);
    assert_eq!(show(shows("dave", Some("4"))).len(), 1);
    assert_eq!(account.snapshot().contact_properties, [shows("dave", Some("4"))]);
    ask(&mut account, remove(List::Forward, "dave"));
    assert_eq!(account.snapshot().contact_properties, []);
}

#[test]
fn what_the_people_who_run_the_server_say_is_told_to_whoever_is_there() {
    let said = || Announcement::Maintenance { minutes: 5 };
    let mut account = online(Vec::new());
    let told = account.handle(&moment(), Cause::Announced(said()));
    assert_eq!(told, [Effect::Tell { session: CLIENT, event: Event::Announced(said()) }]);
    let _ = account.handle(&moment(), Cause::SignedOut(CLIENT));
    assert_eq!(account.handle(&moment(), Cause::Announced(said())), []);
}
