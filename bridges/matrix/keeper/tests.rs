//! What is told about ghosts, and when.

use std::collections::HashMap;

use domain::{
    PersonalMessage, Status,
    media::{BlobId, Source},
};
use ruma::owned_user_id;

use super::{
    agenda::{REFUSED, SECOND},
    *,
};
use crate::presence::State;

fn carol() -> Passport {
    "carol@msn.example".parse().unwrap()
}

fn online(line: &str) -> Shown {
    Shown { state: State::Online, line: line.into() }
}

fn keeper() -> Keeper {
    let keeper = Keeper { agenda: Mutex::default(), bell: Notify::new() };
    keeper.add(&carol(), owned_user_id!("@msn_carol:example.org"), "Carol");
    keeper
}

fn show(keeper: &Keeper, name: &str, shown: Shown) {
    keeper.lock().show(&carol(), name.into(), Picture::Kept, shown, Instant::now());
}

fn take(keeper: &Keeper, now: Instant) -> Task {
    keeper.lock().next(now).expect("something is due")
}

/// Tells it the second time; gives when.
fn told_twice(keeper: &Keeper, now: Instant) -> Instant {
    assert_eq!(keeper.lock().next(now).err(), Some(Some(now + SECOND)), "it is said again soon");
    let task = take(keeper, now + SECOND);
    keeper.lock().told(task, Ok(Audience::Some), now + SECOND, 4711);
    now + SECOND
}

#[test]
fn a_ghost_is_made_and_named_before_anybody_signs_in() {
    let keeper = keeper();
    let task = take(&keeper, Instant::now());
    assert!(task.register && task.presence.is_none());
    assert_eq!(task.name.as_deref(), Some("Carol"));
    keeper.lock().told(task, Ok(Audience::Some), Instant::now(), 4711);
    assert_eq!(keeper.lock().next(Instant::now()).err(), Some(None), "and then nothing is to be told");
}

#[test]
fn a_presence_is_repeated_with_its_line_before_it_fades() {
    let keeper = keeper();
    show(&keeper, "Carol", online("happy"));
    let now = Instant::now();
    let task = take(&keeper, now);
    keeper.lock().told(task, Ok(Audience::Some), now, 4711);
    let now = told_twice(&keeper, now);
    let Err(Some(next)) = keeper.lock().next(now) else { panic!("nothing is repeated") };
    let wait = next - now;
    assert!(wait >= Duration::from_secs(12) && wait <= Duration::from_secs(25), "{wait:?}");
    let task = take(&keeper, next);
    assert_eq!((task.presence, task.name, task.register), (Some(online("happy")), None, false));
}

#[test]
fn who_is_offline_is_left_alone() {
    let keeper = keeper();
    show(&keeper, "Carol", Shown::offline());
    let now = Instant::now();
    let task = take(&keeper, now);
    keeper.lock().told(task, Ok(Audience::Some), now, 4711);
    let now = told_twice(&keeper, now);
    assert_eq!(keeper.lock().next(now).err(), Some(None));
}

#[test]
fn who_is_away_and_says_something_is_shown_as_away_again() {
    let away = Shown { state: State::Away, line: "out".into() };
    for (shown, again) in [(away, true), (online("in"), false)] {
        let keeper = keeper();
        show(&keeper, "Carol", shown.clone());
        let task = take(&keeper, Instant::now());
        keeper.lock().told(task, Ok(Audience::Some), Instant::now(), 4711);
        keeper.has_stirred(&carol());
        let task = keeper.lock().next(Instant::now());
        assert_eq!(task.is_ok_and(|task| task.presence == Some(shown)), again);
    }
}

#[test]
fn what_changes_while_it_is_told_is_told_afterwards_and_only_the_latest() {
    let keeper = keeper();
    show(&keeper, "Carol", online("one"));
    let now = Instant::now();
    let task = take(&keeper, now);
    show(&keeper, "Carol", online("two"));
    show(&keeper, "Carol!", online("three"));
    let now = Instant::now();
    assert!(keeper.lock().next(now).is_err(), "one at a time");
    keeper.lock().told(task, Ok(Audience::Some), now, 4711);
    let task = take(&keeper, now);
    assert_eq!((task.presence, task.name.as_deref()), (Some(online("three")), Some("Carol!")));
}

#[test]
fn a_homeserver_that_is_away_is_tried_again_and_one_that_refuses_is_not_pestered() {
    let keeper = keeper();
    let now = Instant::now();
    let task = take(&keeper, now);
    keeper.lock().told(task, Err(Failure::retry("refused")), now, 4711);
    let Err(Some(next)) = keeper.lock().next(now) else { panic!("given up") };
    assert_eq!(next - now, Duration::from_secs(1));
    let task = take(&keeper, next);
    let limited = Failure::Retry { after: Some(Duration::from_secs(7)), reason: "slower".into() };
    keeper.lock().told(task, Err(limited), next, 4711);
    assert_eq!(keeper.lock().next(next).err(), Some(Some(next + Duration::from_secs(7))));
    let task = take(&keeper, next + Duration::from_secs(7));
    keeper.lock().told(task, Err(Failure::refused("M_EXCLUSIVE")), next, 4711);
    assert_eq!(keeper.lock().next(next).err(), Some(Some(next + REFUSED)));
    keeper.remove(&carol());
    assert_eq!(keeper.lock().next(next).err(), Some(None));
}

fn picture(number: u8) -> Arc<Attachment> {
    Arc::new(Attachment {
        name: "picture.png".into(),
        media_type: "image/png".into(),
        size: 1,
        source: Source::Blob(BlobId([number; 32])),
        link: None,
    })
}

fn own(status: Status, picture: Option<Arc<Attachment>>) -> OwnPresence {
    OwnPresence { status, name: "Carol".into(), personal_message: PersonalMessage::default(), picture }
}

#[test]
fn a_picture_is_set_once_and_taken_away_only_by_who_is_there() {
    let keeper = keeper();
    let told = |wanted: Picture| {
        let task = take(&keeper, Instant::now());
        assert_eq!(task.picture, wanted);
        keeper.lock().told(task, Ok(Audience::Some), Instant::now(), 0);
    };
    keeper.show(&carol(), own(Status::Offline, None));
    told(Picture::Kept);
    keeper.show(&carol(), own(Status::Online, Some(picture(1))));
    told(Picture::Shown(picture(1)));
    keeper.show(&carol(), own(Status::Away, Some(picture(1))));
    told(Picture::Kept);
    keeper.show(&carol(), own(Status::Offline, None));
    told(Picture::Kept);
    keeper.show(&carol(), own(Status::Online, Some(picture(2))));
    told(Picture::Shown(picture(2)));
    keeper.show(&carol(), own(Status::Online, None));
    told(Picture::None);
    keeper.show(&carol(), own(Status::Busy, None));
    told(Picture::Kept);
}

#[test]
fn what_was_set_on_an_earlier_run_is_not_set_again() {
    let keeper = Keeper { agenda: Mutex::default(), bell: Notify::new() };
    let known = agenda::Known { name: Some("Carol".into()), portrait: Some(picture(1).source) };
    keeper.lock().known.insert(carol(), known);
    keeper.add(&carol(), owned_user_id!("@msn_carol:example.org"), "Carol");
    assert_eq!(keeper.lock().next(Instant::now()).err(), Some(None));
    keeper.show(&carol(), own(Status::Online, Some(picture(1))));
    let task = take(&keeper, Instant::now());
    assert!(!task.register && task.name.is_none() && task.picture == Picture::Kept, "{task:?}");
}

#[test]
fn whom_nobody_sees_is_not_repeated() {
    let keeper = keeper();
    show(&keeper, "Carol", online("happy"));
    let now = Instant::now();
    let task = take(&keeper, now);
    keeper.lock().told(task, Ok(Audience::Nobody), now, 4711);
    let Err(Some(next)) = keeper.lock().next(now) else { panic!("never looked at again") };
    assert!(next - now >= Duration::from_mins(1));
    assert!(keeper.lock().present().is_empty());
    keeper.renew(&carol());
    let now = Instant::now();
    assert_eq!(take(&keeper, now).presence, Some(online("happy")), "told as soon as somebody comes");
}

/// A homeserver that takes 40 milliseconds for each, eight at once: what one Synapse was measured to do.
#[test]
fn a_thousand_ghosts_are_spread_and_none_fades() {
    const GHOSTS: u32 = 1000;
    let mut agenda = Agenda::default();
    let began = Instant::now();
    for number in 0..GHOSTS {
        let owner: Passport = format!("user{number}@msn.example").parse().unwrap();
        agenda.add(&owner, owned_user_id!("@msn_x:example.org"), "X".into(), began);
        agenda.show(&owner, "X".into(), Picture::Kept, online(""), began);
    }
    let mut chance = 1_u64;
    let mut now = began;
    let mut at_work: Vec<(Instant, Task)> = Vec::new();
    let mut last: HashMap<Passport, Instant> = HashMap::new();
    let mut each_second = vec![0_u32; 180];
    while now < began + Duration::from_mins(3) {
        let (done, left) = at_work.into_iter().partition(|(end, _)| *end <= now);
        at_work = left;
        let done: Vec<(Instant, Task)> = done;
        for (_, task) in done {
            // Any sequence that looks like chance.
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            agenda.told(task, Ok(Audience::Some), now, chance >> 33);
        }
        while at_work.len() < AT_ONCE {
            let Ok(task) = agenda.next(now) else { break };
            if let Some(before) = last.insert(task.owner.clone(), now) {
                assert!(now - before < Duration::from_secs(28), "{} fades", task.owner);
            }
            each_second[usize::try_from((now - began).as_secs()).unwrap()] += 1;
            at_work.push((now + Duration::from_millis(40), task));
        }
        now += Duration::from_millis(5);
    }
    assert_eq!(last.len(), GHOSTS as usize);
    let settled = &each_second[60..];
    let mean = settled.iter().sum::<u32>() / 120;
    assert!((40..=60).contains(&mean), "{mean} a second");
    let most = settled.iter().max().copied().unwrap();
    assert!(most <= 95, "half of what a Synapse takes is left for messages: {most} in a second");
    assert!(each_second.iter().max().copied().unwrap() <= 200);
}
