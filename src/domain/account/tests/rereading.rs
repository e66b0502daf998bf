//! Networks come and go while a client is signed in.

use super::*;

const ANN: &str = "ann@second.msn.example";

/// A friend of a second network.
fn ann() -> Contact {
    let target = RemoteTarget::Person(RemoteUser("ann".to_owned()));
    let (network, bit) = ("second".parse().unwrap(), NetworkBit::try_from(128).unwrap());
    let identity = RemoteIdentity { network, bit, target };
    Contact { remote: Some(identity), guid: guid(2), ..local(ANN, LISTED) }
}

const LISTED: &[List] = &[List::Forward, List::Allow];

fn reread(account: &mut Account, contacts: Vec<Contact>, come: bool) -> Vec<Effect> {
    account.handle(&moment(), Cause::Reread { record: Box::new(record(contacts)), come })
}

fn look(account: &mut Account, who: &str, status: Option<Status>) {
    let _ = account.handle(&moment(), Cause::Seen(seen(who, status)));
}

/// What the client is told.
fn told(effects: &[Effect]) -> Vec<Event> {
    let told = effects.iter().filter_map(|effect| match effect {
        Effect::Tell { event, .. } => Some(event.clone()),
        _ => None,
    });
    told.collect()
}

#[test]
fn whoever_comes_with_a_network_stands_on_the_list_and_is_seen() {
    let mut account = online(vec![local("dave", LISTED)]);
    // What a network says before its people are on lists is not lost.
    look(&mut account, ANN, Some(Status::Busy));
    let effects = reread(&mut account, vec![local("dave", LISTED), ann()], true);
    let wanted = [Event::Entered(Box::new(ann())), Event::Seen(seen(ANN, Some(Status::Busy)))];
    assert_eq!(told(&effects), wanted);
    assert_eq!(shown(&effects).len(), 1, "the network is shown what the others know");
    assert!(effects.contains(&Effect::Reachable), "what it has brought is shown");
    assert_eq!((published(&effects), changes(&effects)), (Vec::new(), Vec::new()), "nobody here is concerned");
}

#[test]
fn whoever_goes_with_a_network_is_offline_and_stands_on_no_list() {
    let mut account = online(vec![local("dave", LISTED), ann()]);
    look(&mut account, ANN, Some(Status::Online));
    let effects = reread(&mut account, vec![local("dave", LISTED)], false);
    assert_eq!(told(&effects), [Event::Seen(seen(ANN, None)), Event::Departed(ann().guid)]);
    assert_eq!((shown(&effects), changes(&effects)), (Vec::new(), Vec::new()), "nothing of it is kept");
    assert_eq!(reread(&mut account, vec![local("dave", LISTED)], false), [], "and is told once");
}

#[test]
fn whoever_is_on_several_networks_stays_on_those_that_are_left() {
    let whole = Contact { merged: vec![ann()], spoken: Some(passport(ANN)), ..remote(LISTED) };
    let mut account = online(vec![whole.clone()]);
    look(&mut account, ALICE, Some(Status::Online));
    look(&mut account, ANN, Some(Status::Busy));
    // What stood behind another entry stands by itself.
    let effects = reread(&mut account, vec![ann()], false);
    let wanted = [
        Event::Seen(seen(ALICE, None)),
        Event::Departed(whole.guid),
        Event::Entered(Box::new(ann())),
        Event::Seen(seen(ANN, Some(Status::Busy))),
    ];
    assert_eq!(told(&effects), wanted);
    let effects = reread(&mut account, vec![whole], true);
    assert!(told(&effects).contains(&Event::Departed(ann().guid)), "{effects:?}");
    assert_eq!(account.snapshot().contacts.len(), 1);
}

#[test]
fn a_client_that_has_said_nothing_yet_is_told_of_nobodys_presence() {
    let mut account = signed_in(Vec::new());
    look(&mut account, ANN, Some(Status::Online));
    assert_eq!(told(&reread(&mut account, vec![ann()], true)), [Event::Entered(Box::new(ann()))]);
    assert_eq!(told(&reread(&mut account, Vec::new(), false)), [Event::Departed(ann().guid)]);
}
