//! Encrypting and decrypting files as they pass by (`EncryptedFile` of the Matrix specification, version 2): however large one is, no
//! more of it is in memory than the piece that passes.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use aes::Aes256;
use bridge::MediaStream;
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit as _, StreamCipher as _},
};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, ReadBuf};

use crate::message::FileKey;

type Cipher = Ctr128BE<Aes256>;

/// The key of a file that is being encrypted, which depends on all its bytes.
#[derive(Clone)]
pub(crate) struct KeyToCome(Arc<Passed>);

/// What has passed until now.
struct Passed {
    key: [u8; 32],
    iv: [u8; 16],
    hash: Mutex<Sha256>,
}

impl KeyToCome {
    /// The key of the bytes that have passed until now: of the file, once they were all of it.
    pub(crate) fn key(&self) -> FileKey {
        let Passed { key, iv, hash } = &*self.0;
        let hash = hash.lock().unwrap_or_else(PoisonError::into_inner).clone();
        FileKey { key: *key, iv: *iv, sha256: hash.finalize().into() }
    }
}

/// The same bytes encrypted, as many as before, by a key that nothing else is encrypted by.
pub(crate) fn encrypted(clear: MediaStream) -> (MediaStream, KeyToCome) {
    let key: [u8; 32] = rand::random();
    let mut iv = [0; 16];
    // The second half counts, and begins at nothing so that it never runs over.
    iv[..8].copy_from_slice(&rand::random::<[u8; 8]>());
    let cipher = Cipher::new(&key.into(), &iv.into());
    let passed = Arc::new(Passed { key, iv, hash: Mutex::default() });
    (Box::pin(Encrypting { clear, cipher, passed: Arc::clone(&passed) }), KeyToCome(passed))
}

/// Whether a file turned out to be another than was sent.
pub(crate) struct Tampering(Arc<AtomicBool>);

impl Tampering {
    /// Whether that was seen: only the last byte shows it.
    pub(crate) fn is_seen(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The bytes that were encrypted by this key. Where they are not the same as then the end is an error instead: whoever keeps what
/// comes must keep nothing of it then.
pub(crate) fn decrypted(encrypted: MediaStream, key: &FileKey) -> (MediaStream, Tampering) {
    let cipher = Cipher::new(&key.key.into(), &key.iv.into());
    let seen = Arc::new(AtomicBool::new(false));
    let stream =
        Decrypting { encrypted, cipher, hash: Sha256::new(), expected: key.sha256, tampering: Arc::clone(&seen) };
    (Box::pin(stream), Tampering(seen))
}

struct Encrypting {
    clear: MediaStream,
    cipher: Cipher,
    passed: Arc<Passed>,
}

impl AsyncRead for Encrypting {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Piece::Some(piece) = ready!(poll_piece(&mut this.clear, context, into))? {
            this.cipher.apply_keystream(piece);
            this.passed.hash.lock().unwrap_or_else(PoisonError::into_inner).update(&*piece);
        }
        Poll::Ready(Ok(()))
    }
}

struct Decrypting {
    encrypted: MediaStream,
    cipher: Cipher,
    hash: Sha256,
    expected: [u8; 32],
    tampering: Arc<AtomicBool>,
}

impl AsyncRead for Decrypting {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match ready!(poll_piece(&mut this.encrypted, context, into))? {
            Piece::Some(piece) => {
                this.hash.update(&*piece);
                this.cipher.apply_keystream(piece);
            }
            Piece::End if this.hash.clone().finalize().as_slice() != this.expected => {
                this.tampering.store(true, Ordering::Relaxed);
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "its hash is another")));
            }
            Piece::None | Piece::End => {}
        }
        Poll::Ready(Ok(()))
    }
}

/// What came.
enum Piece<'buffer> {
    /// These bytes.
    Some(&'buffer mut [u8]),
    /// Nothing, as none was wanted.
    None,
    /// No more.
    End,
}

/// Has the next bytes put into the buffer; gives them there, and only them.
fn poll_piece<'buffer>(
    stream: &mut MediaStream,
    context: &mut Context<'_>,
    into: &'buffer mut ReadBuf<'_>,
) -> Poll<io::Result<Piece<'buffer>>> {
    if into.remaining() == 0 {
        return Poll::Ready(Ok(Piece::None));
    }
    let before = into.filled().len();
    ready!(stream.as_mut().poll_read(context, into))?;
    let piece = into.filled_mut().get_mut(before..).unwrap_or_default();
    Poll::Ready(Ok(if piece.is_empty() { Piece::End } else { Piece::Some(piece) }))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use matrix_sdk_crypto::{AttachmentDecryptor, AttachmentEncryptor, MediaEncryptionInfo};
    use proptest::prelude::*;
    use serde_json::json;
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::message::{self, MediaKind, RemoteMedia};

    /// Gives its bytes in pieces of this size.
    struct Pieces(Cursor<Vec<u8>>, usize);

    impl AsyncRead for Pieces {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            into: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let most = into.remaining().min(self.1);
            let mut piece = vec![0; most];
            let mut part = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut self.0).poll_read(context, &mut part))?;
            into.put_slice(part.filled());
            Poll::Ready(Ok(()))
        }
    }

    fn stream(bytes: &[u8], pieces: usize) -> MediaStream {
        Box::pin(Pieces(Cursor::new(bytes.to_vec()), pieces))
    }

    fn read(mut stream: MediaStream) -> io::Result<Vec<u8>> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut bytes = Vec::new();
        runtime.block_on(stream.read_to_end(&mut bytes))?;
        Ok(bytes)
    }

    /// The same key in the words of matrix-sdk-crypto: by way of a message, as it goes to others.
    fn info(key: &FileKey) -> MediaEncryptionInfo {
        let mut file = message::file_of("mxc://a.org/b".into(), key);
        file.as_object_mut().unwrap().remove("url");
        serde_json::from_value(file).unwrap()
    }

    fn key(info: &MediaEncryptionInfo) -> FileKey {
        let mut file = serde_json::to_value(info).unwrap();
        file["url"] = json!("mxc://a.org/b");
        let content = json!({ "msgtype": "m.file", "body": "x", "file": file });
        let said = message::read(&json!({ "type": "m.room.message", "content": content })).unwrap();
        let message::Said::Message { body: message::Body::Media { kind: MediaKind::File, media, .. }, .. } = said
        else {
            panic!("{said:?}")
        };
        let RemoteMedia { key, .. } = media;
        *key.unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_encrypted_here_others_can_read(bytes in prop::collection::vec(any::<u8>(), 0..5000), pieces in 1_usize..700) {
            let (locked, to_come) = encrypted(stream(&bytes, pieces));
            let locked = read(locked).unwrap();
            prop_assert_eq!(locked.len(), bytes.len());
            let key = to_come.key();
            let mut input = Cursor::new(locked.clone());
            let mut theirs = Vec::new();
            AttachmentDecryptor::new(&mut input, info(&key)).unwrap().read_to_end(&mut theirs).unwrap();
            prop_assert_eq!(&theirs, &bytes);
            prop_assert_eq!(read(decrypted(stream(&locked, pieces), &key).0).unwrap(), bytes);
        }

        #[test]
        fn what_others_encrypt_can_be_read_here(bytes in prop::collection::vec(any::<u8>(), 0..5000), pieces in 1_usize..700) {
            let mut input = Cursor::new(bytes.clone());
            let mut encryptor = AttachmentEncryptor::new(&mut input);
            let mut locked = Vec::new();
            encryptor.read_to_end(&mut locked).unwrap();
            let key = key(&encryptor.finish());
            prop_assert_eq!(read(decrypted(stream(&locked, pieces), &key).0).unwrap(), bytes);
        }

        #[test]
        fn what_was_changed_on_its_way_has_no_good_end(
            bytes in prop::collection::vec(any::<u8>(), 1..2000),
            at in any::<prop::sample::Index>(),
            pieces in 1_usize..700,
        ) {
            let (locked, to_come) = encrypted(stream(&bytes, pieces));
            let mut locked = read(locked).unwrap();
            let key = to_come.key();
            let shorter = locked[..locked.len() - 1].to_vec();
            prop_assert!(read(decrypted(stream(&shorter, pieces), &key).0).is_err(), "something lacks at its end");
            let at = at.index(locked.len());
            locked[at] ^= 1;
            let (stream, tampering) = decrypted(stream(&locked, pieces), &key);
            prop_assert!(!tampering.is_seen() && read(stream).is_err() && tampering.is_seen());
        }
    }

    #[tokio::test]
    async fn a_key_encrypts_one_file() {
        let mut keys = Vec::new();
        for _ in 0..2 {
            let (mut locked, to_come) = encrypted(stream(b"the same", 3));
            locked.read_to_end(&mut Vec::new()).await.unwrap();
            keys.push(to_come.key());
        }
        assert!(keys[0].key != keys[1].key && keys[0].iv != keys[1].iv);
        assert_eq!(keys[0].iv[8..], [0; 8], "the counter never runs over");
    }
}
