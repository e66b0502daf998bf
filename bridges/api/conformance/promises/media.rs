//! Files, pictures, clips and drawings.

use domain::{
    Content,
    media::{Attachment, BlobId, ObjectHash, Source},
};

use super::{Stage, done, looks::DOT, within};
use crate::{
    Action, Host,
    conformance::{
        Enclosure, EnclosureKind,
        orders::{order, say},
    },
};

/// Four samples of silence, as a WAVE file.
const SILENCE: &[u8] =
    b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x08\0\0\0\0\0\0\0\0\0\0\0";

impl Stage<'_> {
    pub(super) async fn files_go_out_with_the_same_bytes(&self) {
        let before = self.received(0).await.len();
        let mut sent = enclosures(self.network.features().largest_file);
        for (number, enclosure) in sent.iter().enumerate() {
            let attachment = self.host.keep(&enclosure.name, enclosure.bytes.clone());
            self.deliver(&format!("suite-media-{number}"), enclosure.kind.content(attachment)).await;
        }
        // Messenger knows what it shows by hash; a bridge asks for its bytes in the same way.
        let object = Enclosure { kind: EnclosureKind::Image, name: "object.gif".to_owned(), bytes: DOT.to_vec() };
        let attachment = self.host.keep_object(ObjectHash([7; 20]), &object.name, object.bytes.clone());
        self.deliver("suite-media-object", Content::Image(attachment)).await;
        sent.push(object);

        let received = self.received(before + sent.len()).await;
        let received = received.get(before..).unwrap_or_default();
        assert_eq!(received.len(), sent.len(), "each file arrives once: {:?}", names(received));
        for (sent, received) in sent.iter().zip(received) {
            let what = format!("{:?} {}", sent.kind, sent.name);
            assert!(sent.kind.arrives_as(received.kind), "{what} arrives in kind, not as {:?}", received.kind);
            assert_eq!(received.name, sent.name, "{what} arrives under its name");
            assert!(
                received.bytes == sent.bytes,
                "{what} arrives with the same bytes: {} of {}",
                received.bytes.len(),
                sent.bytes.len()
            );
        }
    }

    pub(super) async fn files_come_in_with_the_same_bytes(&self) {
        // Not every network has handwriting of its own.
        let sent = enclosures(self.network.features().largest_file);
        for enclosure in sent.into_iter().filter(|enclosure| enclosure.kind != EnclosureKind::Ink) {
            // The person may send back what they were sent, which is not what is looked for.
            let sent = Enclosure { name: format!("for Carol, {}", enclosure.name), ..enclosure };
            let what = format!("{:?} {}", sent.kind, sent.name);
            within(&format!("the network to be told that {what} was received"), self.subject.send(&sent)).await;
            // A bridge may note that something came, tell its network so, and fetch the bytes afterwards.
            let is_here = |content: &Content| EnclosureKind::of(content).is_some_and(|(_, it)| it.name == sent.name);
            self.host.wait_for(&what, |_| self.said().iter().any(is_here).then_some(())).await;
            let said = self.said();
            let arrived: Vec<_> =
                said.iter().filter_map(EnclosureKind::of).filter(|(_, it)| it.name == sent.name).collect();
            let [(kind, attachment)] = arrived.as_slice() else {
                panic!("{what} is accepted once before the network is told that it was received, not {arrived:?}")
            };
            assert_eq!(*kind, sent.kind, "{what} arrives in kind");
            assert_eq!(attachment.size, sent.bytes.len() as u64, "{what} has its size");
            assert!(self.host.bytes(attachment) == Some(sent.bytes), "{what} is kept with the same bytes");
        }
    }

    pub(super) async fn what_is_too_large_is_put_into_words(&self) {
        let features = self.network.features();
        // Its bytes are nowhere: nobody may ask for them.
        let attachment = Attachment {
            name: "whale.bin".to_owned(),
            media_type: "application/octet-stream".to_owned(),
            size: features.largest_file.saturating_add(1),
            source: Source::Blob(BlobId([0; 32])),
            link: Some("media/token/whale.bin".to_owned()),
        };
        let fitted = features.fit(Content::File(attachment), "Carol", "http://msn.example");
        let before = self.heard(0).await.len();
        self.deliver("suite-whale", fitted.clone()).await;
        done("deliver", self.link.deliver(&say("suite-after-whale", self.host, &self.person, "after the whale"))).await;
        let heard = self.heard(before + 2).await;
        let expected = [fitted, Content::text("after the whale")];
        assert_eq!(heard.get(before..), Some(expected.as_slice()), "what is too large is heard as words");
        assert!(
            matches!(&expected[0], Content::Text(text) if text.text.contains("http://msn.example/media/token/whale.bin")),
            "what is too large is put into words with a link: {expected:?}"
        );
    }

    async fn deliver(&self, key: &str, content: Content) {
        let action = Action::Say { content, sent: self.host.now(), reply: None, heard: Vec::new() };
        let receipt = done(key, self.link.deliver(&order(key, &self.person, action))).await;
        assert!(!receipt.messages.is_empty(), "what was sent has an id on the network");
    }

    async fn received(&self, count: usize) -> Vec<Enclosure> {
        within(&format!("the person to receive {count} files"), self.subject.received(count)).await
    }
}

/// One of each kind, and files of lengths at which bridges stumble.
fn enclosures(largest: u64) -> Vec<Enclosure> {
    let every_byte: Vec<u8> = (0..=u8::MAX).cycle().take(300_001.min(largest as usize)).collect();
    let enclosure = |kind, name: &str, bytes: &[u8]| Enclosure { kind, name: name.to_owned(), bytes: bytes.to_vec() };
    vec![
        enclosure(EnclosureKind::File, "every byte.bin", &every_byte),
        enclosure(EnclosureKind::File, "nothing.txt", b""),
        enclosure(EnclosureKind::File, "eins \u{fc}ber null.txt", b"1"),
        enclosure(EnclosureKind::Image, "pixel.gif", DOT),
        enclosure(EnclosureKind::Voice, "silence.wav", SILENCE),
        enclosure(EnclosureKind::Ink, "ink.gif", DOT),
    ]
}

fn names(enclosures: &[Enclosure]) -> Vec<&str> {
    enclosures.iter().map(|enclosure| enclosure.name.as_str()).collect()
}
