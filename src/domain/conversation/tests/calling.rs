//! Coming in: calls, rings, and what becomes of them.

use super::*;

#[test]
fn a_callee_is_rung_and_comes_in() {
    let mut scene = Scene::with("dave");
    assert!(scene.conversation.is_idle());
    assert_eq!(scene.sit(1, "carol"), []);
    assert!(!scene.conversation.is_idle());
    assert_eq!(scene.call(1, "dave"), [ring(0, "dave", "carol")], "the call is answered when the ring is");
    assert_eq!(scene.answer_ring("dave", 0, Verdict::Ringing), [calling(1)]);
    assert_eq!(
        scene.answer(2, "dave"),
        [welcome(2, &["carol"]), joined(1, "dave"), fetch("carol", "dave"), fetch("dave", "carol")]
    );
    assert_eq!(scene.conversation.deadline(), None);
    assert_eq!(scene.leave(1), [left(2, "carol")]);
    assert_eq!(scene.leave(2), []);
    assert!(scene.conversation.is_idle());
}

#[test]
fn whoever_is_away_is_here_all_the_same() {
    let mut scene = Scene::with("dave");
    scene.sit(1, "carol");
    let ring = scene.ring_of(1, "dave");
    let effects = scene.answer_ring("dave", ring, Verdict::Absent);
    assert_eq!(effects, [calling(1), joined(1, "dave"), fetch("carol", "dave")]);
    assert_eq!(scene.conversation.deadline(), None);
    assert_eq!(scene.answer_ring("dave", ring, Verdict::Absent), [], "answered once");
}

#[test]
fn the_blocked_cannot_call() {
    let mut scene = Scene::with("dave");
    scene.sit(1, "carol");
    let ring = scene.ring_of(1, "dave");
    let effects = scene.answer_ring("dave", ring, Verdict::Blocked);
    assert_eq!(effects, [not_calling(1, CallRefusal::Unreachable)]);
    assert_eq!(scene.conversation.deadline(), None);
    assert_eq!(scene.say(1, "all the same", 1), [not_taken(1)], "nothing is kept for who may not be reached");
    let again = scene.ring_of(1, "dave");
    scene.answer_ring("dave", again, Verdict::Absent);
    assert!(matches!(scene.say(1, "at last", 2)[..], [Effect::Keep { .. }]));
    scene.kept(1, 2, false);
    scene.leave(1);
    assert!(scene.conversation.is_idle());
}

#[test]
fn nobody_calls_themselves_and_strangers_call_nobody() {
    let mut scene = Scene::with("dave");
    scene.sit(1, "carol");
    assert_eq!(scene.call(1, "carol"), [not_calling(1, CallRefusal::AlreadyThere)]);
    assert_eq!(scene.call(7, "dave"), []);
}

#[test]
fn a_ring_without_answer_is_repeated_once_and_then_given_up() {
    let mut scene = Scene::with("dave");
    scene.sit(1, "carol");
    scene.ring_of(1, "dave");
    scene.answer_ring("dave", 0, Verdict::Ringing);
    assert_eq!(scene.tick_after(20), [ring(1, "dave", "carol")]);
    assert_eq!(scene.answer_ring("dave", 0, Verdict::Blocked), [], "an answer to the ring before");
    assert_eq!(scene.answer_ring("dave", 1, Verdict::Ringing), [], "the caller has been answered");
    assert_eq!(scene.tick_after(20), [joined(1, "dave"), fetch("carol", "dave")], "what is written will be kept");
    assert_eq!(scene.conversation.deadline(), None);
    assert_eq!(scene.answer(2, "dave"), [welcome(2, &["carol"]), fetch("dave", "carol")], "late, but welcome");
}

#[test]
fn a_client_that_goes_between_two_rings_is_away() {
    let mut scene = Scene::with("dave");
    scene.sit(1, "carol");
    scene.ring_of(1, "dave");
    scene.answer_ring("dave", 0, Verdict::Ringing);
    scene.tick_after(20);
    assert_eq!(scene.answer_ring("dave", 1, Verdict::Absent), [joined(1, "dave"), fetch("carol", "dave")]);
}

#[test]
fn a_caller_whose_ring_was_never_answered_may_write_at_the_end() {
    let mut scene = Scene::with("dave");
    scene.sit(1, "carol");
    scene.ring_of(1, "dave");
    scene.tick_after(20);
    assert_eq!(scene.tick_after(20), [calling(1), joined(1, "dave"), fetch("carol", "dave")]);
}

#[test]
fn a_second_call_while_it_rings_is_answered_with_the_first() {
    let mut scene = Scene::with("dave");
    scene.sit(1, "carol");
    scene.sit(2, "carol");
    let ring = scene.ring_of(1, "dave");
    assert_eq!(scene.call(2, "dave"), []);
    assert_eq!(scene.answer_ring("dave", ring, Verdict::Ringing), [calling(1), calling(2)]);
    scene.sit(3, "carol");
    assert_eq!(scene.call(3, "dave"), [calling(3)], "the client has been told already");
}

#[test]
fn a_caller_who_has_gone_is_told_nothing() {
    let mut scene = Scene::with("dave");
    scene.sit(1, "carol");
    let ring = scene.ring_of(1, "dave");
    scene.leave(1);
    assert!(!scene.conversation.is_idle(), "somebody is on the way");
    assert_eq!(scene.answer_ring("dave", ring, Verdict::Blocked), []);
    assert!(scene.conversation.is_idle());
}

#[test]
fn both_sides_calling_at_once_meet() {
    let mut scene = Scene::with("dave");
    scene.sit(1, "carol");
    let ring = scene.ring_of(1, "dave");
    // Dave's client opens a switchboard of its own before it has seen the ring.
    assert_eq!(scene.sit(2, "dave"), [calling(1), joined(1, "dave"), fetch("carol", "dave")]);
    assert_eq!(scene.answer_ring("dave", ring, Verdict::Ringing), [], "the call was answered");
    assert_eq!(scene.call(2, "carol"), [calling(2), joined(2, "carol"), fetch("dave", "carol")]);
    // Now it answers the ring as well: Dave has two seats.
    assert_eq!(scene.answer(3, "dave"), [welcome(3, &["carol"]), fetch("dave", "carol")]);
    assert_eq!(scene.tell(1, "hello", 1), [message(3, "carol", "hello", Some(1)), taken(1)]);
    scene.say(2, "hi", 9);
    assert_eq!(scene.tell(1, "so", 2), [message(2, "carol", "so", Some(2)), taken(1)], "where Dave spoke last");
    // One of the two goes: Dave is still there, and gets what that one had not confirmed.
    assert_eq!(scene.leave(3), [fetch("dave", "carol")]);
    assert_eq!(given(&scene.fetched("dave", "carol", &[1, 2], false)), [(2, 1)]);
    assert_eq!(scene.leave(2)[0], left(1, "dave"));
}

#[test]
fn a_client_that_calls_takes_nothing_before_the_answer() {
    let mut scene = Scene::with("dave");
    scene.answer(2, "dave");
    scene.sit(1, "carol");
    scene.leave(2);
    assert_eq!(scene.answer(3, "dave"), [welcome(3, &["carol"]), fetch("dave", "carol")], "no news for Carol yet");
    assert_eq!(scene.call(1, "dave"), [calling(1), joined(1, "dave"), fetch("carol", "dave")]);
}

#[test]
fn who_was_away_is_rung_again_when_called_again() {
    let mut scene = Scene::with("dave");
    scene.sit(1, "carol");
    let first = scene.ring_of(1, "dave");
    scene.answer_ring("dave", first, Verdict::Absent);
    scene.sit(2, "carol");
    let second = scene.ring_of(2, "dave");
    let effects = scene.answer_ring("dave", second, Verdict::Ringing);
    assert_eq!(effects, [calling(2), joined(2, "dave"), fetch("carol", "dave")], "here already, for the first window");
    assert_eq!(scene.answer(3, "dave"), [welcome(3, &["carol"]), fetch("dave", "carol")], "no second time");
}

#[test]
fn who_blocks_after_being_away_goes() {
    let mut scene = Scene::with("dave");
    scene.sit(1, "carol");
    let first = scene.ring_of(1, "dave");
    scene.answer_ring("dave", first, Verdict::Absent);
    scene.sit(2, "carol");
    let second = scene.ring_of(2, "dave");
    let effects = scene.answer_ring("dave", second, Verdict::Blocked);
    assert_eq!(effects, [not_calling(2, CallRefusal::Unreachable), left(1, "dave")]);
}
