//! Where somebody may be sent who has just signed in.

/// The pages to which that leads, by the first part of their paths.
const PAGES: [&str; 11] =
    ["home", "profile", "password", "sessions", "contacts", "rooms", "links", "privacy", "data", "admin", "confirm"];

/// The path, with what follows its `?`, if it is one of a page of ours: nobody is sent anywhere else from here.
pub(crate) fn own(wanted: &str) -> Option<&str> {
    let path = wanted.split('?').next()?;
    let first = path.strip_prefix('/')?.split('/').next()?;
    let is_plain = wanted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (PAGES.contains(&first) && is_plain && !path.contains("..")).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for wanted in ["/home", "/links/matrix", "/contacts?search=a%20b"] {
            assert_eq!(own(wanted), Some(wanted));
        }
        for wanted in [
            "",
            "home",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/home",
            "/home\r\nX: y",
            "/link/a",
            "/home/../link",
            "/sign-out",
        ] {
            assert_eq!(own(wanted), None, "{wanted}");
        }
    }
}
