//! Where somebody may be sent who has just signed in.

/// The pages to which that leads, by the first part of their paths.
const PAGES: [&str; 13] = [
    "home", "profile", "password", "sessions", "contacts", "rooms", "links", "privacy", "data", "connect", "doctor",
    "admin", "confirm",
];

/// The path, with what follows its `?`, if it is one of a page of ours: nobody is sent anywhere else from here. Of a way back from elsewhere
/// it is the page that led there: what it brought is a secret, which must not stand in further addresses.
pub(crate) fn own(wanted: &str) -> Option<&str> {
    let path = wanted.split('?').next()?;
    let first = path.strip_prefix('/')?.split('/').next()?;
    let is_plain = wanted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    // Browsers take an escaped dot for a dot.
    let climbs = path.to_ascii_lowercase().replace("%2e", ".").contains("..");
    let wanted = match path.find("/back/") {
        Some(end) if first == "links" => path.get(..end)?,
        Some(_) | None => wanted,
    };
    (PAGES.contains(&first) && is_plain && !climbs).then_some(wanted)
}

/// The page whose form leads to this path.
pub(crate) fn page_of(path: &str) -> &str {
    let end = path.char_indices().filter(|(_, each)| *each == '/').nth(1).map_or(path.len(), |(place, _)| place);
    path.get(..end).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn a_form_has_a_page() {
        for (path, page) in [("/data/export", "/data"), ("/profile/picture/remove", "/profile"), ("/home", "/home")] {
            assert_eq!(page_of(path), page);
        }
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        for wanted in ["/home", "/links/matrix", "/contacts?search=a%20b"] {
            assert_eq!(own(wanted), Some(wanted));
        }
        assert_eq!(own("/links/matrix/back/TOKEN?loginToken=s3cret"), Some("/links/matrix"));
        for wanted in [
            "",
            "home",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/home",
            "/home\r\nX: y",
            "/link/a",
            "/home/../link",
            "/home/%2e%2E/link",
            "/home/.%2e/link",
            "/sign-out",
        ] {
            assert_eq!(own(wanted), None, "{wanted}");
        }
    }

    proptest! {
        #[test]
        fn wherever_a_browser_goes_it_is_a_page_of_ours(
            rest in "(/|\\.|%2[eE]|home|links|back|link|sign-out|//evil\\.example|https:|\\?|#|@|:|[ -~]|é){0,10}",
            begins in prop::sample::select(vec!["", "/home", "/links/matrix", "/contacts/"]),
        ) {
            let wanted = format!("{begins}{rest}");
            if let Some(own) = own(&wanted) {
                let gone = Url::parse("https://msn.example/sign-in").unwrap().join(own).unwrap();
                prop_assert_eq!(gone.origin().ascii_serialization(), "https://msn.example");
                let first = gone.path_segments().and_then(|mut segments| segments.next()).unwrap_or_default();
                prop_assert!(PAGES.contains(&first), "{wanted} leads to {gone}");
            }
        }
    }
}
