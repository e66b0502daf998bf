//! Custom emoticons between Messenger users: defined before the text, fetched like pictures.

use chrysalis_test_harness::{Messenger, Object, ObjectKind, definitions_in, emoticons, pattern, text};
use msnp::dialect::Dialect;
use tokio::join;

use crate::{ALICE, BOB, server};

#[tokio::test]
async fn definitions_come_untouched_before_the_text_and_are_fetched() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp11).await;
    let (mut hers, mut his) = alice.meet(&mut bob).await;
    for (animated, class) in [(false, "N"), (true, "A"), (false, "U")] {
        let drawings: Vec<Vec<u8>> = (0..5).map(|number| pattern(300 + number)).collect();
        let objects: Vec<Object> = drawings
            .iter()
            .enumerate()
            .map(|(number, drawing)| {
                Object::describe(ALICE, ObjectKind::Emoticon, &format!("drawing {number}"), drawing)
            })
            .collect();
        let shortcuts = ["(cat)", ":3", "\u{e9}\u{4e2d}", "x", "lol!"];
        let definitions: Vec<(&str, &Object)> = shortcuts.into_iter().zip(&objects).collect();
        let defined = emoticons(animated, &definitions);
        hers.say(class, &defined).await;
        hers.tell(text("look: (cat) :3")).await;
        let heard = his.hear(ALICE).await;
        assert_eq!(heard, defined);
        assert_eq!(his.hear(ALICE).await, text("look: (cat) :3"));
        for ((shortcut, object), drawing) in definitions_in(&heard).into_iter().zip(&drawings) {
            assert!(shortcuts.contains(&shortcut.as_str()));
            let (fetched, ()) = join!(his.fetch_object(ALICE, &object), hers.serve_object(BOB, &object, drawing));
            assert_eq!(&fetched, drawing);
        }
    }
}

#[tokio::test]
async fn somebody_who_closed_the_window_gets_the_definition_with_the_line() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let (mut hers, his) = alice.meet(&mut bob).await;
    his.leave().await;
    hers.left(BOB).await;
    let object = Object::describe(ALICE, ObjectKind::Emoticon, "cat", &pattern(100));
    let defined = emoticons(false, &[("(cat)", &object)]);
    hers.say("N", &defined).await;
    hers.tell(text("(cat)")).await;
    let mut his = bob.answer(ALICE).await;
    assert_eq!(his.hear(ALICE).await, defined, "without it the line makes no sense");
    assert_eq!(his.hear(ALICE).await, text("(cat)"));
}
