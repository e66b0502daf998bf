//! Blobs kept, read, swept.

use std::{collections::HashSet, os::unix::fs::PermissionsExt};

use domain::{Timestamp, media::ObjectHash};

use super::*;

async fn blobs() -> (tempfile::TempDir, Blobs) {
    let directory = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(directory.path().join("media")).await.unwrap();
    (directory, blobs)
}

#[tokio::test]
async fn a_blob_is_kept_under_its_hash_for_this_program_alone() {
    let (_directory, blobs) = blobs().await;
    let id = blobs.put(b"abc".as_slice(), 3).await.unwrap();
    assert_eq!(id.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(blobs.put(b"abc".as_slice(), 3).await.unwrap(), id, "put again, it is the same");
    assert_eq!(blobs.size(id).await.unwrap(), Some(3));
    let mut text = String::new();
    blobs.get(id).await.unwrap().unwrap().read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "abc");
    let mode = std::fs::metadata(blobs.path(id)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn large_blobs_come_in_pieces_and_too_large_ones_leave_nothing() {
    let (_directory, blobs) = blobs().await;
    let large: Vec<u8> = (0..3 * PIECE + 17).map(|at| (at / 7) as u8).collect();
    let id = blobs.put(large.as_slice(), large.len() as u64).await.unwrap();
    let mut back = Vec::new();
    blobs.get(id).await.unwrap().unwrap().read_to_end(&mut back).await.unwrap();
    assert!(back == large);
    let fault = blobs.put([large.as_slice(), b"x"].concat().as_slice(), large.len() as u64).await.unwrap_err();
    assert!(matches!(fault, BlobFault::TooLarge { limit } if limit == large.len() as u64), "{fault}");
    let names = std::fs::read_dir(&blobs.directory).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), [&id.to_string()[..2]]);
}

#[tokio::test]
async fn what_is_not_there_is_none_and_leftovers_go() {
    let (_directory, blobs) = blobs().await;
    let id = "0".repeat(64).parse().unwrap();
    assert!(blobs.get(id).await.unwrap().is_none());
    assert_eq!(blobs.size(id).await.unwrap(), None);
    let leftover = blobs.directory.join("incoming-x");
    std::fs::write(&leftover, "half").unwrap();
    Blobs::open(blobs.directory.to_path_buf()).await.unwrap();
    assert!(!leftover.exists());
}

#[tokio::test]
async fn a_blob_comes_piece_by_piece_or_not_at_all() {
    let (_directory, blobs) = blobs().await;
    let mut incoming = blobs.incoming(6).await.unwrap();
    for piece in [b"ab".as_slice(), b"", b"c"] {
        incoming.write(piece).await.unwrap();
    }
    assert_eq!(incoming.size(), 3);
    let whole = blobs.put(b"abc".as_slice(), 3).await.unwrap();
    assert_eq!(incoming.finish().await.unwrap(), (whole, 3));

    let mut incoming = blobs.incoming(3).await.unwrap();
    incoming.write(b"abc").await.unwrap();
    for more in [b"d".as_slice(), b""] {
        assert!(matches!(incoming.write(more).await, Err(BlobFault::TooLarge { limit: 3 })));
    }
    assert!(matches!(incoming.finish().await, Err(BlobFault::TooLarge { limit: 3 })), "nothing is cut off");
    drop(blobs.incoming(3).await.unwrap());
    let left = std::fs::read_dir(&blobs.directory).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), [&whole.to_string()[..2]]);
    let empty = blobs.incoming(0).await.unwrap().finish().await.unwrap();
    assert_eq!(blobs.read(empty.0, 0).await.unwrap(), Some(Vec::new()));
}

#[tokio::test]
async fn a_blob_is_read_within_bounds_and_known_by_its_bytes() {
    let (_directory, blobs) = blobs().await;
    let (id, hash) = blobs.put_object(b"GIF89a, or so it says").await.unwrap();
    assert_eq!(hash, ObjectHash(*b"\x65\x22\xce\x32\xde\xad\x94\xeb\x00\xac\xbc\x4f\xd4\x4c\xaf\x3e\x63\x4f\x47\x5a"));
    assert_eq!(blobs.sniff(id).await.unwrap(), "image/gif");
    assert_eq!(blobs.read(id, 21).await.unwrap().as_deref(), Some(b"GIF89a, or so it says".as_slice()));
    assert!(matches!(blobs.read(id, 20).await, Err(BlobFault::TooLarge { limit: 20 })));
    assert_eq!(blobs.read(BlobId([0; 32]), 9).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_old_and_not_in_use_is_swept_away() {
    let (_directory, blobs) = blobs().await;
    let mut ids = Vec::new();
    for (bytes, age) in [("used", 100), ("unused", 100), ("young", 1), ("put again", 100)] {
        let id = blobs.put(bytes.as_bytes(), 99).await.unwrap();
        let file = std::fs::File::options().write(true).open(blobs.path(id)).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(2000 - age)).unwrap();
        ids.push(id);
    }
    blobs.put(b"put again".as_slice(), 99).await.unwrap();
    let foreign = blobs.path(ids[1]).with_file_name("notes.txt");
    std::fs::write(&foreign, "not ours").unwrap();
    assert_eq!(blobs.sweep(Timestamp(1950), HashSet::from([ids[0]])).await.unwrap(), 1);
    let mut left = Vec::new();
    for id in &ids {
        left.push(blobs.size(*id).await.unwrap().is_some());
    }
    assert_eq!(left, [true, false, true, true]);
    assert!(foreign.exists());
}

#[tokio::test]
async fn all_together_have_only_so_much_room() {
    let (_directory, blobs) = blobs().await;
    blobs.bound(10);
    let abc = blobs.put(b"abc".as_slice(), 9).await.unwrap();
    assert_eq!((blobs.taken(), blobs.free()), (3, 7));
    blobs.put(b"abc".as_slice(), 9).await.unwrap();
    assert_eq!(blobs.taken(), 3, "what is there takes no room again");
    let mut incoming = blobs.incoming(9).await.unwrap();
    incoming.write(b"12345").await.unwrap();
    let full = blobs.put(b"xyz".as_slice(), 9).await;
    assert!(matches!(full, Err(BlobFault::Full { most: 10 })), "{full:?}");
    assert!(matches!(incoming.write(b"678").await, Err(BlobFault::Full { .. })));
    drop(incoming);
    assert_eq!(blobs.taken(), 3, "nothing of it is there");
    let xyz = blobs.put(b"xyz".as_slice(), 9).await.unwrap();

    let again = Blobs::open(blobs.directory.to_path_buf()).await.unwrap();
    assert_eq!((again.taken(), again.free()), (6, u64::MAX - 6));
    assert_eq!(blobs.sweep(Timestamp(i64::MAX), HashSet::from([xyz])).await.unwrap(), 1);
    assert_eq!((blobs.taken(), blobs.size(abc).await.unwrap()), (3, None));
    blobs.bound(0);
    assert_eq!(blobs.free(), 0);
    assert!(blobs.put(b"x".as_slice(), 9).await.is_err());
}
