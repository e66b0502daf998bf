//! Objects, links, pictures, and what is forgotten of them.

use std::collections::HashSet;

use bridge::{Action, Arrival, Batch};
use domain::{
    Content, Timestamp,
    content::{Emoticon, Text},
    media::{Attachment, BlobId, ObjectHash, Source},
};
use store::{LinkedMedia, Object, Portrait, StoreFault};

use crate::bench::{Bench, CAROL, DAVE, loopback, passport, person, profile};

const EVER: Timestamp = Timestamp(i64::MAX);

fn object(number: u8) -> Object {
    let (hash, blob) = (ObjectHash([number; 20]), BlobId([number; 32]));
    Object { hash, blob, size: 500 + u64::from(number), media_type: "image/png".into() }
}

fn attachment(source: Source) -> Attachment {
    Attachment { name: "a.png".into(), media_type: "image/png".into(), size: 1, source, link: None }
}

#[tokio::test]
async fn objects_are_found_by_their_hash() {
    let bench = Bench::new().await;
    let (one, two) = (object(1), object(2));
    assert_eq!(bench.store.object(&one.hash).await.unwrap(), None);
    bench.store.keep_object(one.clone()).await.unwrap();
    bench.store.keep_object(two.clone()).await.unwrap();
    let again = Object { media_type: "image/gif".into(), ..one };
    bench.store.keep_object(again.clone()).await.unwrap();
    let Bench { store, directory: _directory } = bench.after_a_crash().await;
    assert_eq!(store.object(&again.hash).await.unwrap(), Some(again));
    assert_eq!(store.object(&two.hash).await.unwrap(), Some(two));
}

#[tokio::test]
async fn a_link_leads_to_its_media_until_it_ends() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let media = LinkedMedia { blob: BlobId([1; 32]), name: "a.txt".into(), media_type: "text/plain".into(), size: 9 };
    store.link_media("token", &media, Timestamp(100)).await.unwrap();
    let other = LinkedMedia { name: "b.txt".into(), ..media.clone() };
    store.link_media("token", &other, Timestamp(900)).await.unwrap();
    assert_eq!(store.linked_media("token", Timestamp(99)).await.unwrap(), Some(media));
    assert_eq!(store.linked_media("token", Timestamp(100)).await.unwrap(), None);
    assert_eq!(store.linked_media("Token", Timestamp(1)).await.unwrap(), None);
}

#[tokio::test]
async fn a_remote_contact_shows_the_picture_whose_bytes_are_here() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let address = store.allot(&loopback(), profile("ann").into()).await.unwrap();
    let picture = async |hash| store.picture_remote(&loopback(), &person("ann"), hash).await;
    let shown = async || store.remote(&address).await.unwrap().unwrap().picture;
    let one = object(1);
    assert!(picture(Some(one.hash)).await.unwrap());
    assert!(!picture(Some(one.hash)).await.unwrap(), "as it was");
    assert_eq!(shown().await, None, "its bytes are not here");
    store.keep_object(one.clone()).await.unwrap();
    assert_eq!(shown().await, Some(Portrait { hash: one.hash, size: one.size }));
    assert!(picture(None).await.unwrap() && !picture(None).await.unwrap());
    assert_eq!(shown().await, None);
    assert!(!store.picture_remote(&loopback(), &person("nobody"), Some(one.hash)).await.unwrap());
}

#[tokio::test]
async fn an_accounts_picture_and_time_zone_go_with_it() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let carol = passport(CAROL);
    assert_eq!((store.account_picture(&carol).await.unwrap(), store.time_zone(&carol).await.unwrap()), (None, None));
    for number in [1, 2] {
        store.set_account_picture(&carol, Some(object(number).hash)).await.unwrap();
    }
    for zone in ["UTC", "Europe/Berlin"] {
        store.set_time_zone(&carol, Some(zone)).await.unwrap();
    }
    assert_eq!(store.account_picture(&carol).await.unwrap(), Some(object(2).hash));
    assert_eq!(store.time_zone(&carol).await.unwrap().as_deref(), Some("Europe/Berlin"));
    assert_eq!(store.time_zone(&passport(DAVE)).await.unwrap(), None);

    store.set_account_picture(&passport(DAVE), Some(object(3).hash)).await.unwrap();
    store.set_account_picture(&passport(DAVE), None).await.unwrap();
    assert_eq!(store.account_picture(&passport(DAVE)).await.unwrap(), None);
    store.remove_account(&carol, Timestamp(1)).await.unwrap();
    store.add_account(&carol, "Carol", "hash").await.unwrap();
    assert_eq!((store.account_picture(&carol).await.unwrap(), store.time_zone(&carol).await.unwrap()), (None, None));
    let nobody = passport("nobody@msn.example");
    let unknown = Err(StoreFault::UnknownAccount(nobody.clone()));
    assert_eq!(store.set_account_picture(&nobody, Some(object(1).hash)).await, unknown);
    assert_eq!(store.set_time_zone(&nobody, Some("UTC")).await, unknown);
}

#[tokio::test]
async fn only_what_nothing_speaks_of_is_forgotten() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let (carol, dave) = (passport(CAROL), passport(DAVE));
    for number in 1..=6 {
        store.keep_object(object(number)).await.unwrap();
    }
    // 1 and 2 are pictures.
    let ann = store.allot(&loopback(), profile("ann").into()).await.unwrap();
    store.picture_remote(&loopback(), &person("ann"), Some(object(1).hash)).await.unwrap();
    store.set_account_picture(&dave, Some(object(2).hash)).await.unwrap();
    // 3 is in a message that waits, 4 in an order, and 5 in both; 6 is nowhere. 21 to 24 are blobs without an object.
    let mut text = Text::plain("(a)(b)");
    for (shortcut, source) in [("(a)", Source::Object(object(3).hash)), ("(b)", Source::Object(object(5).hash))] {
        text.emoticons.push(Emoticon { shortcut: shortcut.into(), picture: attachment(source), animated: false });
    }
    let says = |id: &str, content| Arrival::Message {
        owner: carol.clone(),
        place: person("ann"),
        author: profile("ann"),
        id: domain::RemoteMessage(id.to_owned()),
        sent: Timestamp(1),
        content,
        reply: None,
        addressed: true,
    };
    let file = Content::File(attachment(Source::Blob(BlobId([21; 32]))));
    let arrivals = vec![says("a", Content::Text(text)), says("b", file)];
    store.accept(&loopback(), Batch { arrivals, writes: Vec::new() }).await.unwrap();
    for source in [Source::Object(object(4).hash), Source::Object(object(5).hash), Source::Blob(BlobId([22; 32]))] {
        let content = Content::Voice(attachment(source));
        store
            .order(&carol, &ann, Action::Say { content, sent: Timestamp(1), reply: None, heard: Vec::new() })
            .await
            .unwrap();
    }
    let linked =
        |number| LinkedMedia { blob: BlobId([number; 32]), name: "a".into(), media_type: "image/png".into(), size: 1 };
    store.link_media("young", &linked(23), Timestamp(500)).await.unwrap();
    store.link_media("old", &linked(24), Timestamp(400)).await.unwrap();

    let blobs = |numbers: &[u8]| numbers.iter().map(|number| BlobId([*number; 32])).collect::<HashSet<_>>();
    assert_eq!(store.sweep_media(Timestamp(400), Timestamp(0)).await.unwrap(), blobs(&[1, 2, 3, 4, 5, 6, 21, 22, 23]));
    assert_eq!(store.sweep_media(Timestamp(400), EVER).await.unwrap(), blobs(&[1, 2, 3, 4, 5, 21, 22, 23]));
    assert_eq!(store.object(&object(6).hash).await.unwrap(), None);
    assert_eq!(store.linked_media("old", Timestamp(0)).await.unwrap(), None, "it is gone, not only over");

    let waiting: Vec<_> = store.waiting(&carol, None, 9).await.unwrap().iter().map(|each| each.id).collect();
    store.delivered(&carol, &waiting).await.unwrap();
    store.set_account_picture(&dave, None).await.unwrap();
    assert_eq!(store.sweep_media(Timestamp(500), EVER).await.unwrap(), blobs(&[1, 4, 5, 22]));
}

#[tokio::test]
async fn links_end_early_unless_what_waits_speaks_of_them() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let (carol, ann) = (passport(CAROL), store.allot(&loopback(), profile("ann").into()).await.unwrap());
    let link = |number: u8| LinkedMedia {
        blob: BlobId([number; 32]),
        name: "a".into(),
        media_type: "image/png".into(),
        size: 1,
    };
    // 1 is in an order that waits, 2 is the blob of an object in one, 3 and 4 are links alone.
    store.keep_object(object(2)).await.unwrap();
    for source in [Source::Blob(BlobId([1; 32])), Source::Object(object(2).hash)] {
        let content = Content::Voice(attachment(source));
        let says = Action::Say { content, sent: Timestamp(1), reply: None, heard: Vec::new() };
        store.order(&carol, &ann, says).await.unwrap();
    }
    for (number, expires) in [(1, 500), (2, 500), (3, 500), (4, 900)] {
        store.link_media(&format!("link{number}"), &link(number), Timestamp(expires)).await.unwrap();
    }
    let leads =
        async |number: u8| store.linked_media(&format!("link{number}"), Timestamp(100)).await.unwrap().is_some();
    let early = |until| store.sweep_media_early(Timestamp(100), EVER, Timestamp(until));
    let in_use = early(100).await.unwrap();
    assert!(leads(3).await && in_use.len() == 4, "{in_use:?}");
    let in_use = early(500).await.unwrap();
    assert_eq!([leads(1).await, leads(2).await, leads(3).await, leads(4).await], [true, true, false, true]);
    assert_eq!(in_use, [1, 2, 4].map(|number| BlobId([number; 32])).into());
    let in_use = early(900).await.unwrap();
    assert_eq!(in_use, [1, 2].map(|number| BlobId([number; 32])).into());
    assert!(leads(1).await && leads(2).await && !leads(4).await);
}
