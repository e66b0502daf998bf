//! What people do on pages.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use domain::{account::Resolution, policy::Privacy};
use futures_util::FutureExt;
use media::picture::SIDE;
use serde_json::json;
use tempfile::TempDir;

use super::{Reluctant, core, passport};
use crate::{
    Browser, Choices, InviteFault, NetworkEntry, NewAccount, Oversight, Portal, PortalFault, PortalSettings,
    RegistrationPolicy, Search, Settings, SignUpPolicy, Visit, administration::Administration, core::Core,
    service::UnderWay,
};

const FROM: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
const BROWSER: Browser<'static> = Browser { agent: "Browser 1.0", from: FROM };

async fn portal(sign_up: SignUpPolicy) -> (Portal, Arc<Core>, TempDir) {
    let (core, folder) = core(RegistrationPolicy::Closed, Vec::new()).await;
    let admins = vec![passport("ann@msn.example")];
    set(&core, PortalSettings { sign_up, admins, ..PortalSettings::default() });
    let administration = Administration::running(&core);
    for (address, name) in [("ann@msn.example", "Ann"), ("ben@msn.example", "Ben")] {
        administration.add(address, Some(name), "correct horse").await.unwrap();
    }
    (Portal::of(&core), core, folder)
}

fn set(core: &Core, portal: PortalSettings) {
    core.settings.replace(Settings { portal, ..core.settings.clone() });
}

async fn visit(portal: &Portal, address: &str) -> (String, Visit) {
    let token = portal.sign_in(address, "correct horse", BROWSER).await.unwrap();
    let visit = portal.visit(&token, FROM).await.unwrap().unwrap();
    (token, visit)
}

fn wanted(passport: &'static str) -> NewAccount<'static> {
    NewAccount { passport, name: "Eve", password: "battery staple", invite: "" }
}

#[tokio::test]
async fn a_browser_is_signed_in_by_the_password_and_the_database_has_nothing_to_show() {
    let (portal, core, _folder) = portal(SignUpPolicy::Closed).await;
    for (address, password) in [("ann@msn.example", "wrong"), ("nobody@msn.example", "correct horse"), ("", "")] {
        assert_eq!(portal.sign_in(address, password, BROWSER).await, Err(PortalFault::WrongPassword), "{address}");
    }
    let (token, visit) = visit(&portal, "ANN").await;
    assert_eq!((visit.owner.as_str(), visit.is_fresh, visit.is_admin), ("ann@msn.example", true, true));
    let kept = core.store.web_sessions(&visit.owner).await.unwrap();
    assert_eq!((kept.len(), kept[0].agent.as_str(), kept[0].address.as_str()), (1, "Browser 1.0", "192.0.2.7"));
    assert!(!format!("{kept:?}").contains(&token));
    assert_eq!(portal.visit(&kept[0].hash, FROM).await, Ok(None), "what is kept opens nothing");
    portal.sign_out(&visit).await.unwrap();
    assert_eq!(portal.visit(&token, FROM).await, Ok(None));
}

#[tokio::test]
async fn a_browser_that_is_not_used_or_for_long_is_signed_out() {
    for (idle, lifetime) in [(Duration::ZERO, Duration::from_hours(1)), (Duration::from_hours(1), Duration::ZERO)] {
        let (portal, core, _folder) = portal(SignUpPolicy::Closed).await;
        let token = portal.sign_in("ann", "correct horse", BROWSER).await.unwrap();
        set(&core, PortalSettings { session_idle: idle, session_lifetime: lifetime, ..core.settings.portal.clone() });
        assert_eq!(portal.visit(&token, FROM).await, Ok(None));
        assert_eq!(core.store.web_sessions(&passport("ann@msn.example")).await.unwrap(), []);
    }
}

#[tokio::test]
async fn another_password_signs_everybody_else_out() {
    let (portal, _core, _folder) = portal(SignUpPolicy::Closed).await;
    let (token, visit) = visit(&portal, "ann").await;
    let elsewhere = portal.sign_in("ann", "correct horse", BROWSER).await.unwrap();
    let change = async |old, new| portal.change_password(&visit, (old, new), BROWSER).await;
    assert_eq!(change("wrong", "battery staple").await, Err(PortalFault::WrongPassword));
    assert!(matches!(change("correct horse", "short").await, Err(PortalFault::Unfit(_))));
    let fresh = change("correct horse", "battery staple").await.unwrap().unwrap();
    for ended in [&token, &elsewhere] {
        assert_eq!(portal.visit(ended, FROM).await, Ok(None));
    }
    assert!(portal.visit(&fresh, FROM).await.unwrap().is_some());
    assert_eq!(portal.sign_in("ann", "correct horse", BROWSER).await, Err(PortalFault::WrongPassword));
    portal.sign_in("ann", "battery staple", BROWSER).await.unwrap();
}

#[tokio::test]
async fn not_more_codes_are_good_than_somebody_can_oversee() {
    let (_portal, core, _folder) = portal(SignUpPolicy::Invite).await;
    let oversight = Oversight::of(&core);
    let make = || oversight.make_invite(None, "", 1, 7);
    let made = futures_util::future::join_all((0..1000).map(|_| make())).await;
    assert!(made.iter().all(Result::is_ok));
    assert_eq!(make().await.err(), Some(InviteFault::TooMany));
    let (_, first) = made[0].as_ref().unwrap();
    assert_eq!(oversight.revoke_invite(&first.id).await, Ok(true));
    assert!(make().await.is_ok(), "one was taken back");
}

#[tokio::test]
async fn nobody_signs_up_where_that_is_closed_or_under_what_is_reserved() {
    let (closed, core, _folder) = portal(SignUpPolicy::Closed).await;
    assert!(
        matches!(closed.sign_up(wanted("eve"), BROWSER).await, Err(PortalFault::Unfit(why)) if why.contains("ask them"))
    );
    assert_eq!(core.store.accounts().await.unwrap().len(), 2);

    let (open, core, _folder) = portal(SignUpPolicy::Open).await;
    for address in ["ben", "chrysalis", "x@matrix.msn.example", "a b@msn.example"] {
        let NewAccount { name, password, invite, .. } = wanted("");
        let refused = open.sign_up(NewAccount { passport: address, name, password, invite }, BROWSER).await;
        assert!(matches!(refused, Err(PortalFault::Unfit(_))), "{address}: {refused:?}");
    }
    let token = open.sign_up(wanted("eve"), BROWSER).await.unwrap().unwrap();
    let visit = open.visit(&token, FROM).await.unwrap().unwrap();
    assert_eq!((visit.owner.as_str(), visit.name.as_str(), visit.is_admin), ("eve@msn.example", "Eve", false));
    open.sign_up(wanted("fay"), BROWSER).await.unwrap();
    let third = open.sign_up(wanted("gus"), BROWSER).await;
    assert!(matches!(third, Err(PortalFault::Unfit(why)) if why.contains("within the hour")));
    assert_eq!(core.store.accounts().await.unwrap().len(), 4);
}

#[tokio::test]
async fn one_address_tries_to_sign_up_so_often() {
    let (portal, _core, _folder) = portal(SignUpPolicy::Invite).await;
    let mut refused = Vec::new();
    for _ in 0..11 {
        refused.push(portal.sign_up(wanted("eve"), BROWSER).await.unwrap_err());
    }
    assert!(matches!(refused[9], PortalFault::Unfit(_)) && matches!(refused[10], PortalFault::TooOften { .. }));
    let elsewhere = Browser { from: Ipv4Addr::LOCALHOST.into(), ..BROWSER };
    assert!(matches!(portal.sign_up(wanted("eve"), elsewhere).await, Err(PortalFault::Unfit(_))));
}

#[tokio::test]
async fn a_code_makes_an_account_once_and_is_made_by_admins_alone() {
    let (portal, _core, _folder) = portal(SignUpPolicy::Invite).await;
    let ((_, ann), (_, ben)) = (visit(&portal, "ann").await, visit(&portal, "ben").await);
    assert_eq!(portal.make_invite(&ben, "", 1, 7).await, Err(PortalFault::NotAdmin));
    assert_eq!(portal.invites(&ben).await, Err(PortalFault::NotAdmin));
    assert!(matches!(portal.overview(&ben).await, Err(PortalFault::NotAdmin)));
    assert!(matches!(portal.make_invite(&ann, "", 0, 7).await, Err(PortalFault::Unfit(_))));
    let code = portal.make_invite(&ann, "for Eve", 1, 7).await.unwrap();
    let lines = portal.invites(&ann).await.unwrap();
    assert_eq!((lines.len(), lines[0].note.as_str(), lines[0].remaining), (1, "for Eve", 1));
    assert!(!format!("{lines:?}").contains(&code));

    let taken = NewAccount { invite: &code, ..wanted("ben") };
    assert!(matches!(portal.sign_up(taken, BROWSER).await, Err(PortalFault::Unfit(_))));
    let copied = code.to_uppercase();
    portal.sign_up(NewAccount { invite: &copied, ..wanted("eve") }, BROWSER).await.unwrap();
    let again = portal.sign_up(NewAccount { invite: &code, ..wanted("fay") }, BROWSER).await;
    assert!(matches!(again, Err(PortalFault::Unfit(why)) if why.contains("invite code")));
    assert_eq!(portal.invites(&ann).await, Ok(Vec::new()));
}

#[tokio::test]
async fn lists_groups_and_names_are_changed_where_no_client_is() {
    let (portal, core, _folder) = portal(SignUpPolicy::Closed).await;
    let (ann, ben) = (passport("ann@msn.example"), passport("ben@msn.example"));
    assert_eq!(portal.add(&ann, "ben").await.unwrap(), "ben@msn.example is on your list now.");
    portal.add_group(&ann, " Friends ").await.unwrap();
    let group = portal.book(&ann).await.unwrap().groups[0].guid;
    portal.put_in_groups(&ann, &ben, &[], &[group]).await.unwrap();
    portal.allow(&ann, &ben, false).await.unwrap();
    let book = portal.book(&ann).await.unwrap();
    let person = &book.people[0];
    assert_eq!((person.name.as_str(), person.is_blocked, person.is_allowed), ("Ben", true, false));
    assert_eq!((&person.groups[..], book.groups[0].size, book.groups[0].name.as_str()), (&[group][..], 1, "Friends"));
    assert_eq!(portal.book(&ben).await.unwrap().pending[0].passport, ann);
    portal.put_in_groups(&ann, &ben, &[group], &[]).await.unwrap();
    portal.remove_group(&ann, group).await.unwrap();
    portal.remove(&ann, &ben).await.unwrap();
    let book = portal.book(&ann).await.unwrap();
    assert_eq!((book.people.len(), book.others.len(), book.groups.len()), (0, 1, 0), "the block stays");
    portal.forget(&ann, &ben).await.unwrap();
    assert_eq!(portal.book(&ann).await.unwrap().others, []);

    portal.rename(&ann, "Annabelle").await.unwrap();
    assert_eq!(core.store.account_name(&ann).await.unwrap().as_deref(), Some("Annabelle"));
    for fault in [
        portal.add(&ann, "ann").await.unwrap_err(),
        portal.rename(&ann, "a\nb").await.unwrap_err(),
        portal.set_personal_message(&ann, "At sea").await.unwrap_err(),
        portal.remove(&ann, &ben).await.unwrap_err(),
    ] {
        assert!(matches!(&fault, PortalFault::Unfit(_)), "{fault:?}");
    }
}

#[tokio::test]
async fn choices_are_kept() {
    let (portal, core, _folder) = portal(SignUpPolicy::Closed).await;
    let ann = passport("ann@msn.example");
    let shown = portal.choices(&ann).await.unwrap();
    let mut choices = shown.clone();
    choices.privacy = Privacy::OnlyAllowed;
    choices.prompt = domain::account::Prompt::Never;
    (choices.receipts, choices.time_zone) = (false, "Europe/Berlin".to_owned());
    portal.choose(&ann, shown.clone(), choices.clone()).await.unwrap();
    assert_eq!(portal.choices(&ann).await.unwrap(), choices);
    assert_eq!(core.service.time_zone(&ann).as_deref(), Some("Europe/Berlin"));
    choices.time_zone = "Nowhere".to_owned();
    assert!(matches!(portal.choose(&ann, shown, choices).await, Err(PortalFault::Unfit(_))));
}

#[tokio::test]
async fn a_page_that_was_open_for_long_takes_nothing_back() {
    let (portal, _core, _folder) = portal(SignUpPolicy::Closed).await;
    let (ann, ben) = (passport("ann@msn.example"), passport("ben@msn.example"));
    let morning = portal.choices(&ann).await.unwrap();
    let noon = Choices { privacy: Privacy::OnlyAllowed, receipts: false, ..morning.clone() };
    portal.choose(&ann, morning.clone(), noon.clone()).await.unwrap();
    let evening = Choices { time_zone: "Europe/Berlin".to_owned(), ..morning.clone() };
    portal.choose(&ann, morning, evening).await.unwrap();
    let both = Choices { time_zone: "Europe/Berlin".to_owned(), ..noon };
    assert_eq!(portal.choices(&ann).await.unwrap(), both);

    portal.add(&ann, "ben").await.unwrap();
    for name in ["One", "Two"] {
        portal.add_group(&ann, name).await.unwrap();
    }
    let groups: Vec<_> = portal.book(&ann).await.unwrap().groups.iter().map(|group| group.guid).collect();
    let [one, two] = groups[..] else { panic!("{groups:?}") };
    portal.put_in_groups(&ann, &ben, &[], &[one]).await.unwrap();
    portal.put_in_groups(&ann, &ben, &[], &[two]).await.unwrap();
    let kept = &portal.book(&ann).await.unwrap().people[0].groups;
    assert!(
        kept.len() == 2 && groups.iter().all(|group| kept.contains(group)),
        "what was joined since stays: {kept:?}"
    );
}

#[tokio::test]
async fn what_was_begun_is_done_to_its_end_when_the_browser_goes_away() {
    let (portal, _core, _folder) = portal(SignUpPolicy::Closed).await;
    let (ann, ben) = (passport("ann@msn.example"), passport("ben@msn.example"));
    let shown = portal.choices(&ann).await.unwrap();
    let wanted = Choices {
        privacy: Privacy::OnlyAllowed,
        prompt: domain::account::Prompt::Never,
        receipts: false,
        sharing: shown.sharing.clone(),
        rooms: crate::RoomStyle::Members,
        time_zone: "Europe/Berlin".to_owned(),
    };
    portal.allow(&ann, &ben, true).await.unwrap();
    portal.allow(&ann, &ben, false).await.unwrap();
    // Each browser goes away at once.
    assert!(portal.choose(&ann, shown, wanted.clone()).now_or_never().is_none());
    assert!(portal.forget(&ann, &ben).now_or_never().is_none());
    let done = async {
        while portal.choices(&ann).await.unwrap() != wanted || !portal.book(&ann).await.unwrap().others.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.unwrap();
}

#[tokio::test]
async fn a_picture_is_made_to_fit_and_what_is_none_is_refused() {
    let (portal, _core, _folder) = portal(SignUpPolicy::Closed).await;
    let ann = passport("ann@msn.example");
    assert_eq!(portal.picture(&ann).await, Ok(None));
    for bytes in [&b""[..], b"no picture at all"] {
        let refused = portal.set_picture(&ann, bytes::Bytes::from_static(bytes)).await;
        assert!(matches!(refused, Err(PortalFault::Unfit(_))), "{refused:?}");
    }
    // A GIF of one point.
    let gif = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
    portal.set_picture(&ann, bytes::Bytes::from_static(gif)).await.unwrap();
    let (png, media_type) = portal.picture(&ann).await.unwrap().unwrap();
    assert_eq!((media_type.as_str(), &png[1..4], &png[16..20]), ("image/png", &b"PNG"[..], &SIDE.to_be_bytes()[..]));
    assert!(portal.profile(&ann).await.unwrap().has_picture);
    portal.remove_picture(&ann).await.unwrap();
    assert_eq!(portal.picture(&ann).await, Ok(None));
}

#[tokio::test]
async fn an_account_is_taken_along_and_deleted_by_whoever_knows_its_password() {
    let (portal, core, _folder) = portal(SignUpPolicy::Closed).await;
    let (token, visit) = visit(&portal, "ben").await;
    portal.add(&visit.owner, "ann").await.unwrap();
    assert_eq!(portal.export(&visit, "wrong", FROM).await, Err(PortalFault::WrongPassword));
    let whole = portal.export(&visit, "correct horse", FROM).await.unwrap();
    let whole: serde_json::Value = serde_json::from_slice(&whole).unwrap();
    assert_eq!(whole["profile"]["address"], "ben@msn.example");
    assert_eq!(whole["contacts"][0]["address"], "ann@msn.example");
    assert!(!whole.to_string().contains("argon2") && !whole.to_string().contains(&token));
    assert_eq!((&whole["missing"], &whole["links"], &whole["waiting"]), (&json!([]), &json!([]), &json!([])));

    assert_eq!(portal.delete(&visit, "wrong", FROM).await, Err(PortalFault::WrongPassword));
    portal.delete(&visit, "correct horse", FROM).await.unwrap();
    assert_eq!(core.store.account_name(&visit.owner).await.unwrap(), None);
    assert_eq!(portal.visit(&token, FROM).await, Ok(None));
}

#[tokio::test]
async fn what_waits_and_what_is_blocked_is_taken_along() {
    let name: domain::NetworkName = "net".parse().unwrap();
    let entry = NetworkEntry {
        name: name.clone(),
        bit: 64.try_into().unwrap(),
        network: Arc::new(Reluctant::default()),
        features: bridge::Features::PLAIN,
    };
    let (core, _folder) = core(RegistrationPolicy::Closed, vec![entry]).await;
    let portal = Portal::of(&core);
    Administration::running(&core).add("ann@msn.example", Some("Ann"), "correct horse").await.unwrap();
    let (_, ann) = visit(&portal, "ann").await;
    let room = bridge::RoomProfile {
        room: domain::RemoteRoom("five".to_owned()),
        name: "The room of five".to_owned(),
        login: "five".to_owned(),
        server: None,
        topic: String::new(),
    };
    let introduced = core.introduce(&core.links.networks()[0], room.into()).await.unwrap();
    let Resolution::Remote { passport: room, .. } = introduced else { panic!("{introduced:?}") };
    portal.allow(&ann.owner, &room, false).await.unwrap();
    assert_eq!(portal.rooms(&ann.owner).await.unwrap(), [], "nobody is in it");
    let service = core.settings.realm.service();
    for number in 0..201 {
        let line = domain::Content::text(format!("line {number}"));
        let peer = if number == 0 { &service } else { &room };
        core.store.notice(&ann.owner, peer, "Somebody", line).await.unwrap();
    }
    let whole = portal.export(&ann, "correct horse", FROM).await.unwrap();
    let whole: serde_json::Value = serde_json::from_slice(&whole).unwrap();
    let kept = &whole["rooms"][0];
    assert_eq!(
        (&kept["address"], &kept["blocked"], &kept["entered"]),
        (&json!(room.as_str()), &json!(true), &json!(false))
    );
    let waiting = whole["waiting"].as_array().unwrap();
    assert_eq!(
        (waiting.len(), &waiting[0]["in"], &waiting[200]["in"]),
        (201, &json!(service.as_str()), &json!(room.as_str()))
    );
    assert!(waiting[200]["content"].to_string().contains("line 200"), "{}", waiting[200]);
}

#[tokio::test]
async fn an_account_tries_so_many_addresses_in_a_minute() {
    let (portal, _core, _folder) = portal(SignUpPolicy::Closed).await;
    let (ann, ben) = (passport("ann@msn.example"), passport("ben@msn.example"));
    let mut refused = Vec::new();
    for number in 0..31 {
        refused.push(portal.add(&ann, &format!("guess{number}")).await.unwrap_err().to_string());
    }
    assert!(refused[29].contains("Nobody and nothing") && refused[30].contains("too often"), "{refused:?}");
    portal.add(&ben, "ann").await.unwrap();
}

#[tokio::test]
async fn an_account_searches_a_few_times_at_once_and_again_when_a_browser_has_gone_away() {
    let (portal, core, _folder) = portal(SignUpPolicy::Closed).await;
    let ann = passport("ann@msn.example");
    let under_way: Vec<_> = (0..3).map(|_| UnderWay::begin(&core, &ann).unwrap()).collect();
    assert!(
        matches!(portal.search(&ann, "zoe").await, Err(PortalFault::Unfit(why)) if why.contains("still under way"))
    );
    let refused = portal.add(&ann, "#tea").await;
    assert!(matches!(refused, Err(PortalFault::Unfit(why)) if why.contains("still under way")));
    drop(under_way);
    assert_eq!(portal.search(&ann, "zoe").await, Ok(Search::default()));
}

#[tokio::test]
async fn what_was_not_done_is_a_fault_and_nobody_is_told_to_say_something_to_a_browser() {
    let (portal, _core, _folder) = portal(SignUpPolicy::Closed).await;
    let ann = passport("ann@msn.example");
    let nowhere = passport("attic@msn.example");
    for (outcome, wanted) in [
        (portal.add(&ann, "#tea").await, "Nobody and nothing is called \"#tea\"."),
        (portal.enter_room(&ann, &nowhere).await, "Nobody and nothing is called \"attic@msn.example\"."),
        (portal.leave_room(&ann, &nowhere).await, "You are in no room \"attic@msn.example\"."),
    ] {
        assert_eq!(outcome, Err(PortalFault::Unfit(wanted.to_owned())));
    }
}
