//! Who sees what, and when.

use super::*;

/// Dave watches and is allowed, Erin watches and is blocked, Frank is only on the list.
fn watchers() -> Vec<Contact> {
    vec![
        local("dave", &[List::Forward, List::Allow, List::Reverse]),
        local("erin", &[List::Forward, List::Block, List::Reverse]),
        local("frank", &[List::Forward, List::Allow]),
        remote(&[List::Forward, List::Allow, List::Reverse]),
    ]
}

fn dave(status: Option<Status>) -> Vec<(String, Option<Status>)> {
    vec![("dave".to_owned(), status)]
}

#[test]
fn only_watchers_who_may_are_shown_a_status_and_networks_too() {
    let mut account = signed_in(watchers());
    let effects = ask(&mut account, status(Status::Busy));
    assert!(matches!(effects[0], Effect::Answer { answer: Answer::Status { status: Status::Busy, .. }, .. }));
    assert_eq!(published(&effects), dave(Some(Status::Busy)));
    let busy = OwnPresence {
        status: Status::Busy,
        name: "Carol".to_owned(),
        personal_message: PersonalMessage::default(),
        picture: None,
    };
    assert_eq!(shown(&effects), [busy]);
    let effects = ask(&mut account, status(Status::Busy));
    assert!(published(&effects).is_empty() && shown(&effects).is_empty(), "nothing is said twice: {effects:?}");
}

#[test]
fn who_hides_goes_and_comes_back() {
    let mut account = online(watchers());
    let effects = ask(&mut account, status(Status::Hidden));
    assert_eq!(published(&effects), dave(None));
    assert_eq!(shown(&effects)[0].status, Status::Offline);
    assert_eq!(published(&ask(&mut account, status(Status::Hidden))), []);
    assert_eq!(published(&ask(&mut account, status(Status::Online))), dave(Some(Status::Online)));
}

#[test]
fn the_hidden_look_like_the_signed_out() {
    let mut account = online(watchers());
    let line = |text| Request::ChangePersonalMessage(PersonalMessage::of(text));
    let effects = ask(&mut account, line("here"));
    assert_eq!((published(&effects).len(), shown(&effects).len()), (1, 1));
    let hidden = shown(&ask(&mut account, status(Status::Hidden)));
    let effects = ask(&mut account, line("a secret"));
    assert_eq!(effects, [answer(Answer::PersonalMessage)], "a new line would give them away");
    assert_eq!(account.handle(&moment(), Cause::SignedOut(CLIENT)), []);
    assert_eq!(hidden[0].personal_message, PersonalMessage::default());
}

#[test]
fn a_line_and_a_name_are_shared_and_only_when_they_change() {
    let mut account = signed_in(watchers());
    let line = || Request::ChangePersonalMessage(PersonalMessage::of("reading"));
    assert_eq!(published(&ask(&mut account, line())), [], "before its first status");
    assert_eq!(shown(&ask(&mut account, status(Status::Online)))[0].personal_message.text, "reading");
    assert_eq!(ask(&mut account, line()), [answer(Answer::PersonalMessage)]);

    let name = |value: &str| Request::ChangeProperty { key: "MFN".into(), value: Some(value.into()) };
    let effects = ask(&mut account, name("Carol B"));
    assert_eq!(changes(&effects), [Change::Name("Carol B".into()), Change::SettingsChanged(Timestamp(5_001))]);
    assert!(matches!(effects[..3], [Effect::Keep(_), Effect::Answer { .. }, Effect::Publish { .. }]));
    assert_eq!(shown(&effects)[0].name, "Carol B");
    assert_eq!(published(&ask(&mut account, name("Carol B"))), []);
    ask(&mut account, name(""));
    assert_eq!(account.name(), "carol@msn.example", "nobody is without a name");
}

#[test]
fn a_block_and_a_removal_take_the_sight_away() {
    let mut account = online(watchers());
    assert_eq!(published(&ask(&mut account, add(List::Block, "dave"))), dave(None));
    assert_eq!(published(&ask(&mut account, remove(List::Allow, "dave"))), []);
    assert_eq!(published(&ask(&mut account, add(List::Allow, "dave"))), dave(Some(Status::Online)));
    let unlisted = Cause::Listed { by: passport("dave"), name: "Dave".into(), listed: false };
    assert_eq!(published(&account.handle(&moment(), unlisted)), dave(None));
    let listed = Cause::Listed { by: passport("dave"), name: "Dave".into(), listed: true };
    assert_eq!(published(&account.handle(&moment(), listed)), dave(Some(Status::Online)));
}

#[test]
fn where_only_the_allowed_may_see_strangers_do_not() {
    let stranger = vec![local("dave", &[List::Reverse])];
    let mut account = online(stranger);
    let effects = ask(&mut account, Request::ChangePrivacy(Privacy::OnlyAllowed));
    assert_eq!(changes(&effects), [Change::Privacy(Privacy::OnlyAllowed), Change::SettingsChanged(Timestamp(5_001))]);
    assert_eq!(published(&effects), dave(None));
    assert_eq!(published(&ask(&mut account, add(List::Allow, "dave"))), dave(Some(Status::Online)));
    assert_eq!(published(&ask(&mut account, remove(List::Allow, "dave"))), dave(None));
    assert_eq!(published(&ask(&mut account, Request::ChangePrivacy(Privacy::Everybody))), dave(Some(Status::Online)));
}

#[test]
fn the_first_status_brings_those_who_are_there() {
    let mut account = signed_in(watchers());
    for who in ["dave", "erin", "stranger"] {
        assert_eq!(account.handle(&moment(), Cause::Seen(seen(who, Some(Status::Away)))), [], "not greeted yet");
    }
    let initial = |effects: Vec<Effect>| -> Vec<Passport> {
        let each = effects.into_iter().filter_map(|effect| match effect {
            Effect::Tell { event: Event::Initial { tag: TAG, sighting }, .. } => Some(sighting.contact),
            _ => None,
        });
        each.collect()
    };
    let first = ask(&mut account, status(Status::Hidden));
    assert!(matches!(first[0], Effect::Answer { .. }), "the answer comes first");
    assert_eq!(initial(first), [passport("dave"), passport("erin")]);
    assert_eq!(initial(ask(&mut account, status(Status::Online))), [], "once");

    let told = |who, status| {
        let event = Event::Seen(seen(who, status));
        vec![Effect::Tell { session: CLIENT, event }]
    };
    let mut see = |who, status| account.handle(&moment(), Cause::Seen(seen(who, status)));
    assert_eq!(see("dave", Some(Status::Away)), [], "known");
    assert_eq!(see("dave", Some(Status::Busy)), told("dave", Some(Status::Busy)));
    assert_eq!(see("dave", None), told("dave", None));
    assert_eq!(see("dave", None), [], "gone already");
    assert_eq!(see("stranger", None), []);
}

#[test]
fn a_second_client_takes_over_unseen() {
    let mut account = online(watchers());
    let second = SessionId(2);
    let reason = Dismissal::SignedInElsewhere;
    let effects = account.handle(&moment(), Cause::SignedIn(second));
    assert_eq!(effects, [Effect::Dismiss { session: CLIENT, reason }], "nobody sees it go");
    assert_eq!(account.session(), Some(second));
    assert_eq!(ask(&mut account, status(Status::Busy)), [], "the first is heard no more");
    assert_eq!(account.handle(&moment(), Cause::SignedOut(CLIENT)), []);
    let _ = account.handle(&moment(), Cause::Seen(seen("frank", Some(Status::Online))));
    let asked = Cause::Asked { session: second, tag: 1, request: status(Status::Online) };
    let effects = account.handle(&moment(), asked);
    assert_eq!(published(&effects), [], "nobody sees it come");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Tell { session: SessionId(2), .. })));
    assert_eq!(effects.last(), Some(&Effect::Reachable));
}

#[test]
fn who_signs_out_or_is_removed_is_gone() {
    for removed in [false, true] {
        let mut account = online(watchers());
        let effects = account.handle(&moment(), if removed { Cause::Removed } else { Cause::SignedOut(CLIENT) });
        assert_eq!(published(&effects), dave(None));
        assert_eq!(shown(&effects)[0].status, Status::Offline);
        let dismissed = effects.contains(&Effect::Dismiss { session: CLIENT, reason: Dismissal::Removed });
        assert_eq!(dismissed, removed);
        assert_eq!(account.session(), None);
    }
}

#[test]
fn a_commit_that_failed_leaves_nobody_with_a_wrong_sight() {
    let mut account = online(watchers());
    // Nothing after the commit is carried out, so Dave still sees what he saw.
    let effects = ask(&mut account, Request::ChangePrivacy(Privacy::OnlyAllowed));
    assert_eq!(published(&effects), [], "Dave is allowed");
    let _ = ask(&mut account, add(List::Block, "dave"));
    account.restore(record(watchers()));
    assert_eq!(account.snapshot().privacy, Privacy::Everybody);
    assert_eq!(lists_of(&account, "dave"), lists(&[List::Forward, List::Allow, List::Reverse]));
    assert_eq!(account.session(), Some(CLIENT));
    let mut gone = published(&account.handle(&moment(), Cause::SignedOut(CLIENT)));
    gone.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(gone, [("dave".to_owned(), None), ("erin".to_owned(), None)]);
}

#[test]
fn after_a_failed_commit_the_next_cause_shows_everything_anew() {
    let mut account = online(watchers());
    let name = Request::ChangeProperty { key: "MFN".into(), value: Some("Lost".into()) };
    let _ = ask(&mut account, name);
    account.restore(record(watchers()));
    assert_eq!(account.name(), "Carol");
    let effects = ask(&mut account, status(Status::Online));
    let mut published = published(&effects);
    published.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(published, [("dave".to_owned(), Some(Status::Online)), ("erin".to_owned(), None)]);
    assert_eq!(shown(&effects)[0].name, "Carol");
}

#[test]
fn whatever_is_loaded_anew_is_shown_anew() {
    // The commit went through though it was reported as failed, and somebody was listed meanwhile.
    let mut account = online(watchers());
    let _ = ask(&mut account, Request::ChangeProperty { key: "MFN".into(), value: Some("Kept".into()) });
    let grace = local("grace", &[List::Reverse]);
    let contacts = watchers().into_iter().chain([grace]).collect();
    account.restore(Record { name: "Kept".to_owned(), ..record(contacts) });
    let effects = ask(&mut account, status(Status::Online));
    let seen = published(&effects).into_iter().filter(|(_, status)| status.is_some());
    assert_eq!(seen.map(|(who, _)| who).collect::<Vec<_>>(), ["dave", "grace"]);
    assert_eq!(shown(&effects)[0].name, "Kept");
}
