//! Lists and settings.

use domain::{
    Group, Timestamp,
    account::{Change, Prompt},
    policy::Privacy,
};
use store::StoreFault;

use crate::bench::{Bench, CAROL, DAVE, entry, guid, loopback, open, passport, profile};

#[tokio::test]
async fn everything_of_a_record_comes_back() {
    let Bench { store, directory } = Bench::new().await;
    let carol = passport(CAROL);
    let (friends, work) = (Group { guid: guid(2), name: "Friends".into() }, Group { guid: guid(1), name: "W".into() });
    let mut dave = entry(&passport(DAVE), 3, 7);
    dave.groups = vec![work.guid, friends.guid];
    let changes = vec![
        Change::Name("Carol \u{1f98b}".into()),
        Change::Privacy(Privacy::OnlyAllowed),
        Change::Prompt(Prompt::Never),
        Change::Property { key: "PHH".into(), value: Some("123".into()) },
        Change::Property { key: "PHW".into(), value: Some("456".into()) },
        Change::Property { key: "PHW".into(), value: None },
        Change::Group(friends.clone()),
        Change::Group(work.clone()),
        Change::Group(Group { name: "Work".into(), ..work }),
        Change::Contact(dave.clone()),
        Change::ListChanged(Timestamp(9_000_000_000_000)),
        Change::SettingsChanged(Timestamp(5)),
    ];
    store.change(&carol, changes).await.unwrap();
    store.close().await;

    let store = open(&directory, &["loopback"]).await;
    let record = store.load(&carol).await.unwrap().unwrap();
    assert_eq!(record.name, "Carol \u{1f98b}");
    assert_eq!((record.privacy, record.prompt), (Privacy::OnlyAllowed, Prompt::Never));
    assert_eq!(record.properties.into_iter().collect::<Vec<_>>(), [("PHH".to_owned(), "123".to_owned())]);
    let names: Vec<_> = record.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["Friends", "Work"], "in the order they were made, not of their ids");
    dave.groups.sort();
    assert_eq!(record.contacts, [dave]);
    assert_eq!((record.list_changed, record.settings_changed), (Timestamp(9_000_000_000_000), Timestamp(5)));

    store.change(&carol, vec![Change::GroupRemoved(friends.guid)]).await.unwrap();
    let record = store.load(&carol).await.unwrap().unwrap();
    assert_eq!(record.contacts[0].groups, [guid(1)], "the contact stays, without the group");
}

#[tokio::test]
async fn the_reverse_bit_is_not_the_owners_to_change() {
    let bench = Bench::new().await;
    let (carol, dave) = (passport(CAROL), passport(DAVE));
    let mirror = |listed| Change::Mirror { of: dave.clone(), listed, guid: guid(5), most: 1000 };
    bench.store.change(&carol, vec![Change::Name("Carol C".into()), mirror(true)]).await.unwrap();
    let record = bench.store.load(&dave).await.unwrap().unwrap();
    assert_eq!((record.contacts[0].lists.bits(), record.contacts[0].guid), (8, guid(5)));
    assert_eq!(record.contacts[0].name, "Carol C");

    bench.enlist(DAVE, &carol, 3).await;
    assert_eq!(bench.lists(DAVE, &carol).await, Some(11));
    bench.enlist(DAVE, &carol, 8 | 4).await;
    assert_eq!(bench.lists(DAVE, &carol).await, Some(12));
    bench.enlist(DAVE, &carol, 0).await;
    assert_eq!(bench.lists(DAVE, &carol).await, Some(8), "kept as long as Carol has Dave");
    bench.store.change(&carol, vec![mirror(false)]).await.unwrap();
    assert_eq!(bench.lists(DAVE, &carol).await, None);
    bench.enlist(DAVE, &carol, 8 | 1).await;
    assert_eq!(bench.lists(DAVE, &carol).await, Some(1), "nor can the owner set it");
}

#[tokio::test]
async fn a_mirror_moves_the_others_list_and_only_when_it_changes() {
    let bench = Bench::new().await;
    let (carol, dave) = (passport(CAROL), passport(DAVE));
    let mirror = |listed, at| {
        vec![Change::Mirror { of: dave.clone(), listed, guid: guid(5), most: 1000 }, Change::ListChanged(Timestamp(at))]
    };
    let far = 9_000_000_000_000;
    bench.store.change(&carol, mirror(true, far)).await.unwrap();
    assert_eq!(bench.list_changed(DAVE).await, Timestamp(far), "the batch's own time");
    bench.store.change(&carol, mirror(true, far + 50)).await.unwrap();
    assert_eq!(bench.list_changed(DAVE).await, Timestamp(far), "nothing changed");
    bench.store.change(&carol, mirror(false, 5)).await.unwrap();
    assert_eq!(bench.list_changed(DAVE).await, Timestamp(far + 1), "never back, never the same");
    assert_eq!(bench.list_changed(CAROL).await, Timestamp(far + 50), "nor the owner's own");
    let stranger = Change::Mirror { of: passport("a@elsewhere.example"), listed: true, guid: guid(1), most: 0 };
    bench.store.change(&carol, vec![stranger]).await.unwrap();
}

#[tokio::test]
async fn changes_are_kept_together_or_not_at_all() {
    let bench = Bench::new().await;
    let carol = passport(CAROL);
    let mut dave = entry(&passport(DAVE), 3, 7);
    dave.groups = vec![guid(99)];
    let changes = vec![Change::Name("Somebody else".into()), Change::Contact(dave)];
    assert!(matches!(bench.store.change(&carol, changes).await, Err(StoreFault::Query(_))), "there is no such group");
    assert_eq!(bench.store.account_name(&carol).await.unwrap().as_deref(), Some("Carol"));
    let nobody = passport("nobody@msn.example");
    let change = vec![Change::Name("x".into())];
    assert_eq!(bench.store.change(&nobody, change).await, Err(StoreFault::UnknownAccount(nobody)));
}

#[tokio::test]
async fn contacts_of_a_network_that_is_off_are_kept_but_not_shown() {
    let bench = Bench::new().await;
    let echo = bench.store.allot(&loopback(), profile("echo").into()).await.unwrap();
    bench.enlist(CAROL, &echo, 3).await;
    bench.store.order(&passport(CAROL), &echo, bridge::Action::Befriend).await.unwrap();
    let shown = bench.store.load(&passport(CAROL)).await.unwrap().unwrap().contacts;
    assert_eq!(shown[0].remote.as_ref().unwrap().bit.value(), 256);
    assert_eq!(shown[0].name, "echo's name");
    bench.store.close().await;

    let store = open(&bench.directory, &[]).await;
    assert_eq!(store.load(&passport(CAROL)).await.unwrap().unwrap().contacts, []);
    assert_eq!(store.lanes().await.unwrap(), []);
    store.close().await;

    let store = open(&bench.directory, &["loopback"]).await;
    assert_eq!(store.load(&passport(CAROL)).await.unwrap().unwrap().contacts, shown);
    assert_eq!(store.lanes().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_contacts_properties_are_shown_to_those_whom_it_allows() {
    let bench = Bench::new().await;
    let (carol, dave) = (passport(CAROL), passport(DAVE));
    let number = vec![Change::Property { key: "PHH".into(), value: Some("123".into()) }];
    bench.store.change(&dave, number).await.unwrap();
    bench.store.change(&carol, vec![Change::Contact(entry(&dave, 3, 1))]).await.unwrap();
    assert_eq!(bench.store.load(&carol).await.unwrap().unwrap().contact_properties, [], "Dave has not allowed Carol");
    bench.store.change(&dave, vec![Change::Contact(entry(&carol, 2, 1))]).await.unwrap();
    let shown = bench.store.load(&carol).await.unwrap().unwrap().contact_properties;
    assert_eq!(shown.len(), 1);
    assert_eq!((&shown[0].contact, shown[0].key.as_str(), shown[0].value.as_deref()), (&dave, "PHH", Some("123")));
}

#[tokio::test]
async fn an_account_learns_what_one_other_shows_it() {
    let bench = Bench::new().await;
    let (carol, dave) = (passport(CAROL), passport(DAVE));
    let property = |key: &str, value: &str| Change::Property { key: key.into(), value: Some(value.into()) };
    bench.store.change(&dave, vec![property("PHM", "1"), property("MOB", "Y"), property("MBE", "Y")]).await.unwrap();
    let shown = async || -> Vec<String> {
        let shown = bench.store.properties_shown(&carol, &dave).await.unwrap();
        shown.into_iter().map(|property| property.key).collect()
    };
    bench.enlist(DAVE, &carol, 2).await;
    assert_eq!(shown().await, Vec::<String>::new(), "Carol does not have Dave on her list");
    let mirror = Change::Mirror { of: dave.clone(), listed: true, guid: guid(5), most: 1000 };
    bench.store.change(&carol, vec![Change::Contact(entry(&dave, 1, 1)), mirror]).await.unwrap();
    assert_eq!(shown().await, ["MOB", "PHM"], "not what concerns Dave's own clients alone");
    let listed = bench.store.load(&carol).await.unwrap().unwrap().contact_properties;
    assert_eq!(listed.len(), 2, "nor in the list");
    bench.enlist(DAVE, &carol, 4).await;
    assert_eq!(shown().await, Vec::<String>::new());
}

#[tokio::test]
async fn nobody_gets_on_a_full_reverse_list_and_nothing_of_it_is_kept() {
    let bench = Bench::new().await;
    let (carol, dave) = (passport(CAROL), passport(DAVE));
    assert!(bench.store.add_account(&passport("erin@msn.example"), "Erin", "hash").await.unwrap());
    let add = |most| {
        let mirror = Change::Mirror { of: dave.clone(), listed: true, guid: guid(5), most };
        vec![Change::Contact(entry(&dave, 1, 1)), mirror]
    };
    bench.store.change(&carol, add(1)).await.unwrap();
    bench.store.change(&carol, add(1)).await.expect("who is on it stays on it");
    let erin = passport("erin@msn.example");
    assert_eq!(bench.store.change(&erin, add(1)).await, Err(StoreFault::Full(dave.clone())));
    assert_eq!(bench.lists("erin@msn.example", &dave).await, None);
    assert_eq!(bench.lists(DAVE, &erin).await, None);
    bench.store.change(&erin, add(2)).await.unwrap();
}

#[tokio::test]
async fn a_phone_contact_survives_and_a_mobile_number_is_found() {
    let bench = Bench::new().await;
    let telephone: domain::Telephone = "tel:+15555551212".parse().unwrap();
    let number = domain::Passport::from(telephone.clone());
    bench.enlist(CAROL, &number, 3).await;
    assert!(!bench.store.is_mobile(&telephone).await.unwrap());
    for key in ["PHH", "PHM"] {
        let value = Some("1 (555) 555-1212".to_owned());
        bench.store.change(&passport(DAVE), vec![Change::Property { key: key.into(), value }]).await.unwrap();
        assert_eq!(bench.store.is_mobile(&telephone).await.unwrap(), key == "PHM", "{key}");
    }
    bench.store.close().await;

    let store = open(&bench.directory, &[]).await;
    let contacts = store.load(&passport(CAROL)).await.unwrap().unwrap().contacts;
    let [contact] = &contacts[..] else { panic!("{contacts:?}") };
    assert_eq!((&contact.passport, contact.lists.bits()), (&number, 3));
    assert!(contact.passport.is_telephone() && contact.remote.is_none());
}
