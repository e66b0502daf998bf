//! The web pages that a client opens for its user (`URL`).

use msnp::percent;

/// The address of the page behind a service's name (the names are those of `MSNPiki`). Messenger asks for more services than anybody
/// has written down: whatever is not known leads to the first page.
pub(super) fn page(web: &str, service: &str, parameter: Option<&str>) -> String {
    let page = match service {
        "INBOX" | "FOLDERS" => "inbox",
        "COMPOSE" => "compose",
        "PROFILE" | "PERSON" | "CHGMOB" | "MOBILE" => "profile",
        "PASSWORD" => "password",
        // "CHAT", "ADDRBOOK" and "N2PACCOUNT" (calls from the computer to a telephone) are nothing that this server has.
        _ => "today",
    };
    match parameter {
        Some(to) if service == "COMPOSE" => {
            let to = percent::encode_strict(&percent::decode(to));
            format!("{web}/messenger/{page}?to={to}")
        }
        Some(_) | None => format!("{web}/messenger/{page}"),
    }
}

/// Where clients take their ticket before they open a page.
pub(super) fn login(web: &str) -> String {
    format!("{web}/messenger/login")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_has_a_page() {
        let page = |service, parameter| page("http://msn.example", service, parameter);
        for (service, parameter, wanted) in [
            ("INBOX", None, "/messenger/inbox"),
            ("FOLDERS", None, "/messenger/inbox"),
            ("COMPOSE", None, "/messenger/compose"),
            ("COMPOSE", Some("bob@example.com"), "/messenger/compose?to=bob%40example.com"),
            ("COMPOSE", Some("%22%3E<&x=1"), "/messenger/compose?to=%22%3E%3C%26x%3D1"),
            ("PROFILE", Some("0x0409"), "/messenger/profile"),
            ("PERSON", Some("0x0409"), "/messenger/profile"),
            ("CHGMOB", None, "/messenger/profile"),
            ("MOBILE", None, "/messenger/profile"),
            ("PASSWORD", None, "/messenger/password"),
            ("CHAT", Some("0x0409"), "/messenger/today"),
            ("ADDRBOOK", None, "/messenger/today"),
            ("N2PACCOUNT", None, "/messenger/today"),
            ("SOMETHING", None, "/messenger/today"),
        ] {
            assert_eq!(page(service, parameter), format!("http://msn.example{wanted}"), "{service}");
        }
    }
}
