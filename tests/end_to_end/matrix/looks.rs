//! Pictures and names, live and in both directions.

use chrysalis_test_harness::{Messenger, Object, ObjectKind};
use msnp::{
    notification::server::{PresenceLine, ServerCommand},
    status::Status,
};

use super::{
    ALICE, CAROL, CAROLS_GHOST, friends,
    picture::{png, size_of_png},
    setup, window,
};

/// Waits until Alice shows a picture other than `before`.
async fn picture(carol: &mut Messenger, before: Option<&Object>) -> Object {
    let before = before.map(|object| &object.data_hash);
    let object = carol
        .find("Alice to have another picture", |told| match told {
            ServerCommand::Nln { presence: PresenceLine { passport, object: Some(object), .. } }
            | ServerCommand::Iln { presence: PresenceLine { passport, object: Some(object), .. }, .. }
                if passport == ALICE =>
            {
                Some(Object::decode(object)).filter(|object| Some(&object.data_hash) != before)
            }
            _ => None,
        })
        .await;
    assert_eq!((object.creator.as_str(), object.kind), (ALICE, 3), "{}", object.xml);
    object
}

#[tokio::test]
async fn matrix_pictures_and_names_are_shown_as_they_change() {
    let setup = setup(&[CAROL], "").await;
    let (mut carol, alice, room) = friends(&setup).await;
    alice.show("online", "").await;
    carol.sees(ALICE, Status::Online).await;

    // Carol's picture is fetched once it is announced, without a window, and is her ghost's.
    let mut known = None;
    for colour in [[255, 0, 0], [0, 255, 0]] {
        let own = png(96, colour);
        let object = Object::describe(CAROL, ObjectKind::Picture, "", &own);
        carol.picture("NLN", &object.encoded()).await;
        let mut silent = carol.answer(ALICE).await;
        silent.serve_object(ALICE, &object, &own).await;
        let avatar = alice.until_avatar(CAROLS_GHOST, known.as_deref()).await;
        assert!(alice.download(&avatar).await == own, "it came changed");
        silent.leave().await;
        known = Some(avatar);
    }

    // Alice's is announced by its hash, and given by what was announced: the new one and the old one.
    let blue = alice.upload(png(120, [0, 0, 255]), "image/png").await;
    alice.set_avatar(&blue).await;
    let first = picture(&mut carol, None).await;
    let mut talk = window(&mut carol, ALICE).await;
    let fetched = talk.fetch_object(ALICE, &first).await;
    assert_eq!(size_of_png(&fetched), (96, 96));
    let white = alice.upload(png(30, [255, 255, 255]), "image/png").await;
    alice.set_avatar(&white).await;
    let second = picture(&mut carol, Some(&first)).await;
    let changed = talk.fetch_object(ALICE, &second).await;
    assert_eq!(size_of_png(&changed), (96, 96));
    assert!(changed != fetched && talk.fetch_object(ALICE, &first).await == fetched);

    // Taken away, it is gone.
    alice.set_avatar("").await;
    carol
        .find("Alice to have no picture", |told| match told {
            ServerCommand::Nln { presence } if presence.passport == ALICE && presence.object.is_none() => Some(()),
            _ => None,
        })
        .await;

    // Names: everywhere, and in the room of the two only.
    alice.rename("Alice Liddell").await;
    while carol.sees(ALICE, Status::Online).await != "Alice Liddell" {}
    alice.rename_in(&room, "Alice of the garden").await;
    while carol.sees(ALICE, Status::Online).await != "Alice of the garden" {}
    let renamed = carol.send("PRP", "MFN Carol%20of%20the%20lake").await;
    carol.reply("PRP", renamed).await;
    alice.until_named(CAROLS_GHOST, "Carol of the lake").await;
}
