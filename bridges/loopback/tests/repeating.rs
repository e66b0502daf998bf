//! What is no word is repeated in kind.

use bridge::{Host, Network};
use domain::{
    Content,
    content::{Emoticon, Style, Text},
    media::{Attachment, BlobId, ObjectHash, Source},
};

use super::{host, order_of, said, started, wait_for};
use crate::{echo, lines::LARGEST_FILE};

fn gone(size: u64) -> Attachment {
    Attachment {
        name: "cat.png".to_owned(),
        media_type: "image/png".to_owned(),
        size,
        source: Source::Blob(BlobId([9; 32])),
        link: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_comes_back_with_its_looks_and_emoticons() {
    let host = host();
    let (network, link) = started(&host).await;
    let picture = host.keep_object(ObjectHash([3; 20]), "cat.png", b"a cat".to_vec());
    let lost = Attachment { source: Source::Object(ObjectHash([4; 20])), ..picture.clone() };
    let emoticon = |shortcut: &str, picture: &Attachment| Emoticon {
        shortcut: shortcut.to_owned(),
        picture: picture.clone(),
        animated: true,
    };
    let told = Text {
        emoticons: vec![emoticon("(lost)", &lost), emoticon("(cat)", &picture)],
        right_to_left: true,
        ..Text::plain("a (cat) is (lost)").styled(Style::Colour([1, 2, 3]))
    };
    link.deliver(&order_of(&host, "1", &echo::place(), Content::Text(told.clone()))).await.unwrap();
    let answers = wait_for(&host, 1).await;
    let [Content::Text(repeated)] = answers.as_slice() else { panic!("{answers:?}") };
    let [cat] = repeated.emoticons.as_slice() else { panic!("what is lost stands for itself: {repeated:?}") };
    assert_eq!((cat.shortcut.as_str(), cat.animated), ("(cat)", true));
    assert!(matches!(cat.picture.source, Source::Blob(_)), "kept anew: {cat:?}");
    assert_eq!(host.bytes(&cat.picture), Some(b"a cat".to_vec()));
    assert_eq!(Text { emoticons: told.emoticons, ..repeated.clone() }.spans, told.spans);
    assert_eq!((&repeated.text, repeated.right_to_left), (&told.text, true));
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_has_bytes_comes_back_in_kind_with_the_same_bytes() {
    let host = host();
    let (network, link) = started(&host).await;
    let kinds: [fn(Attachment) -> Content; 5] =
        [Content::File, Content::Image, Content::Voice, Content::Ink, |thumbnail| Content::Wink {
            title: "Dancer".to_owned(),
            thumbnail: Some(thumbnail),
        }];
    for (number, kind) in kinds.into_iter().enumerate() {
        let sent = host.keep_object(ObjectHash([number as u8; 20]), "bytes.bin", vec![number as u8; 1000 * number]);
        link.deliver(&order_of(&host, &number.to_string(), &echo::place(), kind(sent.clone()))).await.unwrap();
        let answers = wait_for(&host, number + 1).await;
        let kept = answers[number].attachment().unwrap();
        assert_eq!(answers[number], kind(kept.clone()));
        assert_ne!(kept.source, sent.source);
        assert_eq!((&kept.name, kept.size, host.bytes(kept)), (&sent.name, sent.size, host.bytes(&sent)));
    }
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_kept_is_said_in_words() {
    let host = host();
    let (network, link) = started(&host).await;
    link.deliver(&order_of(&host, "1", &echo::place(), Content::Image(gone(1)))).await.unwrap();
    let answers = wait_for(&host, 1).await;
    let [Content::Text(words)] = answers.as_slice() else { panic!("{answers:?}") };
    assert!(words.text.contains("cat.png") && words.text.contains("send it again"), "{words:?}");
    assert_eq!(host.list("waiting/").await.unwrap(), [], "it is answered");
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_refused_for_good() {
    let host = host();
    let (network, link) = started(&host).await;
    assert_eq!(network.features().largest_file, LARGEST_FILE);
    let failure =
        link.deliver(&order_of(&host, "1", &echo::place(), Content::File(gone(LARGEST_FILE + 1)))).await.unwrap_err();
    assert!(!failure.is_passing(), "{failure}");
    network.stop().await;
    assert_eq!(said(&host.seen()), []);
}

#[tokio::test(start_paused = true)]
async fn a_file_survives_a_crash_and_comes_back_once() {
    let host = host();
    let (network, link) = started(&host).await;
    let sent = host.keep("bytes.bin", b"bytes".to_vec());
    let order = order_of(&host, "1", &echo::place(), Content::File(sent.clone()));
    link.deliver(&order).await.unwrap();
    network.stop().await;
    drop((network, link));
    assert_eq!(said(&host.seen()), []);

    let (network, link) = started(&host).await;
    link.deliver(&bridge::Order { attempt: 1, ..order }).await.unwrap();
    link.deliver(&order_of(&host, "2", &echo::place(), Content::Nudge)).await.unwrap();
    assert_eq!(wait_for(&host, 2).await, [Content::File(sent), Content::Nudge]);
    network.stop().await;
}
