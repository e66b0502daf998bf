//! The document that lets this program into a homeserver.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::configuration::Configuration;

/// The registration, the same on every run with the same section. Strings are written as JSON, which YAML reads.
pub(crate) fn registration(configuration: &Configuration) -> String {
    let server = expression(configuration.names.server().as_str());
    let prefix = expression(&configuration.user_prefix);
    let bot = expression(&configuration.bot);
    let mut text = String::from(
        "# Made by `chrysalis registration`. Name this file under app_service_config_files in homeserver.yaml, and restart\n\
         # Synapse. It holds secrets: only Synapse may read it.\n",
    );
    let mut line = |indented: &str, value: &str| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{indented}: {}", serde_json::Value::from(value));
    };
    line("id", &configuration.id);
    line("url", &configuration.url);
    line("as_token", &configuration.as_token);
    line("hs_token", &configuration.hs_token);
    line("sender_localpart", &sender(configuration));
    text.push_str("rate_limited: false\nprotocols: [\"msn\"]\nnamespaces:\n  users:\n");
    for regex in [format!("^@{prefix}.*:{server}$"), format!("^@{bot}:{server}$")] {
        namespace(&mut text, &regex);
    }
    text.push_str("  aliases:\n");
    namespace(&mut text, &format!("^#{prefix}.*:{server}$"));
    // Both names of the same wish: older servers know only the second.
    text.push_str("  rooms: []\nreceive_ephemeral: true\nde.sorunome.msc2409.push_ephemeral: true\n");
    text.push_str("org.matrix.msc3202: true\nio.element.msc4190: true\n");
    text
}

fn namespace(text: &mut String, regex: &str) {
    let _ = writeln!(text, "    - exclusive: true\n      regex: {}", serde_json::Value::from(regex));
}

/// A user whom nobody meets. Synapse refuses some requests (`/sync`) of the user that is named here, so the bot is an
/// ordinary member of the namespace instead; derived, so that the document stays the same.
fn sender(configuration: &Configuration) -> String {
    let digest = Sha256::new()
        .chain_update(b"chrysalis sender\0")
        .chain_update(configuration.id.as_bytes())
        .chain_update([0])
        .chain_update(configuration.as_token.as_bytes())
        .finalize();
    digest.iter().take(16).fold(String::with_capacity(32), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

/// The text as a regular expression that matches it alone.
fn expression(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if !character.is_ascii_alphanumeric() && !matches!(character, '_' | '-' | ':' | '/') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::configuration::tests::{section, values};

    fn configuration() -> Configuration {
        let directory = tempfile::tempdir().unwrap();
        let mut values = values();
        values["appservice"]["as_token"] = json!("as-secret");
        values["appservice"]["hs_token"] = json!("hs-secret");
        Configuration::read(&section(values, directory.path())).unwrap()
    }

    #[test]
    fn names_are_taken_literally() {
        let text = registration(&configuration());
        assert!(text.contains(r#"regex: "^@msn_.*:example\\.org$""#), "{text}");
        assert!(text.contains(r#"regex: "^@msnbot:example\\.org$""#), "{text}");
        assert!(text.contains(r#"regex: "^#msn_.*:example\\.org$""#), "{text}");
    }

    #[test]
    fn is_the_same_on_every_run_and_its_sender_is_nobody_met() {
        let (one, other) = (registration(&configuration()), registration(&configuration()));
        assert_eq!(one, other);
        let sender = sender(&configuration());
        assert!(sender.len() == 32 && sender != "msnbot" && !one.contains("as-secret\nsender"), "{sender}");
        let another = Configuration { as_token: "another".into(), ..configuration() };
        assert_ne!(sender, super::sender(&another));
    }
}
