use proptest::prelude::*;

use super::*;

#[test]
fn a_context_has_the_published_form() {
    let plain = FileContext::new("notes.txt", 3000, Bytes::new());
    let bytes = plain.to_bytes();
    assert_eq!(bytes.len(), 574);
    assert!(bytes.starts_with(b"\x3e\x02\0\0\x02\0\0\0\xb8\x0b\0\0\0\0\0\0\x01\0\0\0n\0o\0t\0e\0s\0.\0t\0x\0t\0\0\0"));
    assert!(bytes.ends_with(b"\0\0\xff\xff\xff\xff"));
    assert!(plain.to_context().starts_with("PgIAAAIAAAC4CwAAAAAAAAEAAABuAG8A"));
    assert_eq!(FileContext::from_context(&plain.to_context()), Ok(plain));

    let previewed = FileContext::new("a.png", 1, Bytes::from_static(b"\x89PNG"));
    let bytes = previewed.to_bytes();
    assert_eq!((bytes[16], &bytes[574..]), (0, b"\x89PNG".as_slice()));
    assert_eq!(FileContext::parse(&bytes.into()), Ok(previewed));
}

#[test]
fn the_longer_header_of_official_clients_is_read() {
    let mut bytes = FileContext::new("notes.txt", 3000, Bytes::new()).to_bytes();
    bytes[0..2].copy_from_slice(&638_u16.to_le_bytes());
    bytes[4] = 3;
    bytes.resize(638, 0);
    let read = FileContext::parse(&Bytes::from(bytes.clone())).unwrap();
    assert_eq!((read.name.as_str(), read.size, read.preview.len()), ("notes.txt", 3000, 0));
    bytes.extend_from_slice(b"\x89PNG");
    assert_eq!(FileContext::parse(&bytes.into()).unwrap().preview, b"\x89PNG".as_slice());
}

#[test]
fn a_wrong_header_length_does_no_harm() {
    for length in [0, 573, 575, u32::MAX] {
        let mut bytes = FileContext::new("x", 1, Bytes::new()).to_bytes();
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        assert_eq!(FileContext::parse(&bytes.into()).map(|read| read.preview.len()), Ok(0));
    }
    assert_eq!(FileContext::parse(&Bytes::from(vec![0; 573])), Err(FileContextFault::CutShort));
    assert_eq!(FileContext::from_context("*"), Err(FileContextFault::NotBase64));
    assert_eq!(FileContext::from_context("").map(|_| ()), Err(FileContextFault::CutShort));
}

#[test]
fn a_background_is_no_file() {
    let background = FileContext { is_background: true, ..FileContext::new("sky.jpg", 9, Bytes::new()) };
    let bytes = background.to_bytes();
    assert!(bytes.ends_with(b"\xfe\xff\xff\xff"));
    assert_eq!(FileContext::parse(&bytes.into()), Ok(background));
}

#[test]
fn names_are_safe() {
    for (name, safe) in [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("a\r\nb\0.txt", "ab.txt"),
        ("exe\u{202e}gpj.txt", "exegpj.txt"),
        ("..", "file"),
        (" . .", "file"),
        ("a\u{a0}.", "a"),
        ("x/", "file"),
        ("", "file"),
        (".bashrc", ".bashrc"),
        ("évil ☃.tar.gz", "évil ☃.tar.gz"),
    ] {
        assert_eq!(safe_name(name), safe, "{name:?}");
    }
    let long = safe_name(&format!("{}.jpeg", "😀".repeat(200)));
    assert!(long.ends_with("😀.jpeg"), "{long}");
    assert_eq!(long.encode_utf16().count(), 259);
    assert_eq!(safe_name(&"a".repeat(400)).len(), 259);
}

proptest! {
    #[test]
    fn a_file_comes_back(name in "\\PC{0,300}", size in any::<u64>(), preview in prop::collection::vec(any::<u8>(), 0..50)) {
        let context = FileContext::new(&name, size, preview.into());
        prop_assert_eq!(FileContext::from_context(&context.to_context()), Ok(context));
    }

    #[test]
    fn a_safe_name_is_safe(name in any::<String>()) {
        let safe = safe_name(&name);
        let is_path = safe.contains(['/', '\\']) || safe == "." || safe == ".." || safe.chars().any(char::is_control);
        prop_assert!(!is_path && !safe.is_empty() && safe.encode_utf16().count() <= 259);
        prop_assert_eq!(safe_name(&safe), safe);
    }

    #[test]
    fn anything_can_be_parsed(bytes in prop::collection::vec(any::<u8>(), 560..700), text in any::<String>()) {
        let _ = FileContext::parse(&bytes.into());
        let _ = FileContext::from_context(&text);
    }
}
