//! What has to be done to a Messenger so that it finds one certain server: the texts for its hosts file, its registry and itself.

use crate::{Place, SERVICES, Service};

/// The port that Messenger knows for conversations.
const CONVERSATION_PORT: u16 = 1863;

/// The lines of a hosts file. `conversation` is the address of the public address, `web` that of the public URL.
#[must_use]
pub fn hosts_lines(conversation: &str, web: &str) -> String {
    let line = |service: &Service| {
        let address = if service.port == CONVERSATION_PORT { conversation } else { web };
        format!("{address} {}\r\n", service.name)
    };
    SERVICES.iter().map(line).collect()
}

/// A name that may be written over another one in a program, since it is exactly as long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stand {
    /// What it stands for.
    pub service: Service,
    /// The file of Messenger 7.5 in which the name stands.
    pub file: &'static str,
    /// The name under one's own domain; `None` where the domain is too long for it.
    pub name: Option<String>,
}

/// A name for each that stands in Messenger's files, under one's own domain.
#[must_use]
pub fn stands(domain: &str) -> Vec<Stand> {
    let with_files = SERVICES.into_iter().filter_map(|service| service.file.map(|file| (service, file)));
    with_files.map(|(service, file)| Stand { service, file, name: equally_long(service.name, domain) }).collect()
}

/// A name under the domain that has as many letters as another: the beginning of it says for which, and zeros fill it.
fn equally_long(name: &str, domain: &str) -> Option<String> {
    let letters = name.len().checked_sub(domain.len() + 1).filter(|letters| *letters > 0)?;
    let first: String = name.split('.').next()?.chars().chain(std::iter::repeat('0')).take(letters).collect();
    Some(format!("{first}.{domain}"))
}

/// The longest domain under which all of them that signing in needs have a name, in letters.
#[must_use]
pub fn longest_domain() -> usize {
    let needed = SERVICES.iter().filter(|service| service.needed && service.file == Some("msnmsgr.exe"));
    needed.map(|service| service.name.len()).min().unwrap_or_default().saturating_sub(2)
}

/// A file for the registry by which Windows XP offers TLS 1.0 alone: with SSL 2.0 on it offers no TLS. The bits of `SecureProtocols` are those
/// that Microsoft documents for `WinINet`.
#[must_use]
pub fn tls_registry() -> String {
    "REGEDIT4\r\n\r\n[HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings]\r\n\"SecureProtocols\"=dword:00000080\r\n"
        .to_owned()
}

/// A file for the registry that sends Messenger 5.0 to 6.2 to a server: there they keep the one that they were last sent to. It does nothing in 7.5.
#[must_use]
pub fn server_registry(address: &Place) -> String {
    format!("REGEDIT4\r\n\r\n[HKEY_CURRENT_USER\\Software\\Microsoft\\MSNMessenger]\r\n\"Server\"=\"{address}\"\r\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_as_long_as_those_that_they_stand_for_and_all_different() {
        for domain in ["msn.example", "m.ex", "chat.friends.example", "a.very.long.domain.of.somebody.example"] {
            let stands = stands(domain);
            assert_eq!(stands.len(), 9);
            let names: Vec<&String> = stands.iter().filter_map(|stand| stand.name.as_ref()).collect();
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
            for stand in &stands {
                let fits = domain.len() + 2 <= stand.service.name.len();
                assert_eq!(stand.name.as_ref().map(String::len), fits.then_some(stand.service.name.len()));
            }
        }
        let names: Vec<Option<String>> = stands("msn.example").into_iter().map(|stand| stand.name).collect();
        assert_eq!(names[0].as_deref(), Some("messenger.msn.example"));
        assert_eq!(names[2].as_deref(), Some("loginnet0.msn.example"));
        assert_eq!(longest_domain(), 19);
    }

    #[test]
    fn each_name_has_its_line() {
        let lines = hosts_lines("203.0.113.5", "203.0.113.6");
        assert_eq!(lines.lines().count(), SERVICES.len());
        assert!(lines.starts_with("203.0.113.5 messenger.hotmail.com\r\n203.0.113.6 gateway."), "{lines}");
        assert!(server_registry(&Place::new("203.0.113.5", 1863)).contains("\"Server\"=\"203.0.113.5:1863\""));
    }
}
