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

/// The second registration, by whose token users of the homeserver are signed in once they have proven who they are. Nothing is sent to it,
/// and its users stay people like others, as none of them is its own alone.
pub(crate) fn double_puppet(configuration: &Configuration, token: &str) -> String {
    let server = expression(configuration.names.server().as_str());
    let id = format!("{}-double-puppet", configuration.id);
    let mut text = String::from(
        "# Made by `chrysalis registration --double-puppet`. Name this file under app_service_config_files in homeserver.yaml,\n\
         # restart Synapse, and then Chrysalis. Whoever has its secret can act as every user of the homeserver: only Synapse may\n\
         # read it.\n",
    );
    let _ = writeln!(text, "id: {}", serde_json::Value::from(id.as_str()));
    text.push_str("url: null\n");
    // The homeserver has no occasion to show the second.
    for (key, value) in [
        ("as_token", token),
        ("hs_token", &derived("chrysalis double puppet hs_token", &id, token)),
        ("sender_localpart", &derived("chrysalis double puppet sender", &id, token)),
    ] {
        let _ = writeln!(text, "{key}: {}", serde_json::Value::from(value));
    }
    text.push_str("rate_limited: false\nnamespaces:\n  users:\n    - exclusive: false\n");
    let _ = writeln!(text, "      regex: {}", serde_json::Value::from(format!("^@.*:{server}$")));
    text.push_str("  aliases: []\n  rooms: []\n");
    text
}

fn namespace(text: &mut String, regex: &str) {
    let _ = writeln!(text, "    - exclusive: true\n      regex: {}", serde_json::Value::from(regex));
}

/// A user whom nobody meets. Synapse refuses some requests (`/sync`) of the user that is named here, so the bot is an
/// ordinary member of the namespace instead; derived, so that the document stays the same.
fn sender(configuration: &Configuration) -> String {
    derived("chrysalis sender", &configuration.id, &configuration.as_token)
}

/// 128 bits that follow from a token and lead nobody back to it.
fn derived(what: &str, id: &str, token: &str) -> String {
    let digest = Sha256::new()
        .chain_update(what.as_bytes())
        .chain_update([0])
        .chain_update(id.as_bytes())
        .chain_update([0])
        .chain_update(token.as_bytes())
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
    fn the_second_takes_no_user_for_its_own_and_gets_nothing_sent() {
        let text = double_puppet(&configuration(), "dp-secret");
        assert!(text.contains("    - exclusive: false\n      regex: \"^@.*:example\\\\.org$\"\n"), "{text}");
        assert!(text.contains("\nid: \"chrysalis-double-puppet\"\nurl: null\nas_token: \"dp-secret\"\n"), "{text}");
        assert!(!text.contains("msc4190") && text == double_puppet(&configuration(), "dp-secret"), "{text}");
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
