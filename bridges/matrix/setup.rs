//! What is asked of whoever sets this network up, and what they have to do on the homeserver.

use std::{net::SocketAddr, path::Path, time::Duration};

use async_trait::async_trait;
use bridge::{Setup, SetupAnswers, SetupStep, Stands};
use serde::Deserialize;
use url::{Host, Url};

use crate::configuration::{server_name, web_address};

/// Where a homeserver on this machine usually answers.
const USUAL_HOMESERVER: &str = "http://127.0.0.1:8008";
/// The port at which the homeserver finds us.
const USUAL_PORT: u16 = 29333;
/// How long the homeserver has to say its name.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer with its name, in bytes: it holds some keys besides.
const LONGEST_ANSWER: usize = 64 * 1024;

/// How Matrix is set up.
#[derive(Debug, Clone, Copy)]
pub struct AsAppservice;

const STEPS: [SetupStep; 4] = [
    SetupStep {
        key: "homeserver_url",
        ask: "Address at which the homeserver answers clients:",
        says: "Where the homeserver answers clients.",
        secret: false,
        examine: |text| web_address("", text).map(drop).map_err(|fault| fault.problem),
    },
    SetupStep {
        key: "server_name",
        ask: "Name of the homeserver (server_name in homeserver.yaml; what stands behind the colon in its users' ids):",
        says: "The homeserver's name: what stands behind the colon in its users' ids.",
        secret: false,
        examine: |text| server_name(text).map(drop).map_err(|fault| fault.problem),
    },
    SetupStep {
        key: "appservice.url",
        ask: "Address at which the homeserver reaches this machine, with a port that is free here (such as http://10.0.0.5:29333):",
        says: "How the homeserver reaches us.",
        secret: false,
        examine: |text| web_address("", text).map(drop).map_err(|fault| fault.problem),
    },
    SetupStep {
        key: "appservice.listen",
        ask: "Address and port to listen on for the homeserver:",
        says: "Where we listen for the homeserver.",
        secret: false,
        examine: |text| {
            let problem = || format!("{text:?} is no address and port; write e.g. 127.0.0.1:{USUAL_PORT}");
            text.parse::<SocketAddr>().map(drop).map_err(|_| problem())
        },
    },
];

#[async_trait]
impl Setup for AsAppservice {
    fn says(&self) -> &'static str {
        "people and rooms of Matrix, as an application service of a homeserver of yours"
    }

    fn steps(&self) -> &'static [SetupStep] {
        &STEPS
    }

    async fn stands(&self, key: &str, answers: &SetupAnswers) -> Stands {
        let homeserver = || answers.get("homeserver_url").and_then(|url| Url::parse(url).ok());
        match key {
            "homeserver_url" => Stands::Open(Some(USUAL_HOMESERVER.to_owned())),
            "server_name" => match homeserver() {
                Some(url) => Stands::Open(name_of(&url).await),
                None => Stands::Open(None),
            },
            // One that is on this machine finds us here; so does one of which nothing is known yet.
            "appservice.url" if homeserver().as_ref().is_none_or(is_here) => {
                Stands::Settled(format!("http://127.0.0.1:{USUAL_PORT}"))
            }
            "appservice.listen" => Stands::Settled(listen(answers.get("appservice.url").map(String::as_str))),
            _ => Stands::Open(None),
        }
    }
}

/// Where to listen so that this address leads there: on this machine alone, where it names that.
fn listen(url: Option<&str>) -> String {
    let url = url.and_then(|url| Url::parse(url).ok());
    let port = url.as_ref().and_then(Url::port).unwrap_or(USUAL_PORT);
    let host = if url.as_ref().is_none_or(is_here) { "127.0.0.1" } else { "0.0.0.0" };
    format!("{host}:{port}")
}

/// Whether an address is of this very machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What the homeserver calls itself, if it tells: other homeservers ask it that, often at the same port as clients.
/// <https://spec.matrix.org/v1.15/server-server-api/#publishing-keys>
async fn name_of(homeserver: &Url) -> Option<String> {
    #[derive(Deserialize)]
    struct Keys {
        server_name: String,
    }
    let nowhere_else = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().timeout(PATIENCE).redirect(nowhere_else).no_proxy().build().ok()?;
    let mut answer = client.get(homeserver.join("/_matrix/key/v2/server").ok()?).send().await.ok()?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            return None;
        }
    }
    let Keys { server_name: name } = serde_json::from_slice(&body).ok()?;
    server_name(&name).is_ok().then_some(name)
}

/// What the homeserver's admin does with the registration.
pub(crate) fn admission_steps(registration: &Path) -> Vec<String> {
    // As JSON, which YAML reads, whatever the path holds.
    let path = serde_json::Value::from(registration.to_string_lossy().as_ref());
    vec![
        format!(
            "Put this line into the homeserver's homeserver.yaml (where there is such a list already, add the path to it), and see that \
             the homeserver may read the file, which holds secrets:\n\n    app_service_config_files: [{path}]"
        ),
        "Restart the homeserver (it reads registrations only when it starts), for example:\n\n    systemctl restart matrix-synapse"
            .to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(of: &[(&'static str, &str)]) -> SetupAnswers {
        of.iter().map(|(key, answer)| (*key, (*answer).to_owned())).collect()
    }

    #[tokio::test]
    async fn a_homeserver_on_this_machine_needs_no_address_of_ours() {
        let here = answers(&[("homeserver_url", "http://localhost:8008")]);
        let url = AsAppservice.stands("appservice.url", &here).await;
        assert_eq!(url, Stands::Settled("http://127.0.0.1:29333".to_owned()));
        let away = answers(&[("homeserver_url", "https://matrix.example.org")]);
        assert_eq!(AsAppservice.stands("appservice.url", &away).await, Stands::Open(None));
    }

    #[test]
    fn what_is_listened_on_follows_from_how_the_homeserver_reaches_us() {
        assert_eq!(listen(Some("http://127.0.0.1:29400")), "127.0.0.1:29400");
        assert_eq!(listen(Some("http://10.0.0.5:29400/as")), "0.0.0.0:29400");
        assert_eq!(listen(Some("https://bridge.example.org")), "0.0.0.0:29333");
        assert_eq!(listen(None), "127.0.0.1:29333");
    }

    #[test]
    fn what_cannot_be_an_answer_is_said_to_be_none() {
        for (key, wrong, mend) in [
            ("homeserver_url", "127.0.0.1:8008", "write e.g. http://127.0.0.1:8008"),
            ("server_name", "a b", "behind the colon"),
            ("appservice.listen", "29333", "127.0.0.1:29333"),
        ] {
            let step = STEPS.iter().find(|step| step.key == key).unwrap();
            let fault = (step.examine)(wrong).unwrap_err();
            assert!(fault.contains(mend), "{fault}");
        }
    }

    #[test]
    fn the_line_for_the_homeserver_can_be_read_whatever_the_path() {
        let steps = admission_steps(Path::new("/etc/a \"b\"/registration.yaml"));
        assert!(steps[0].ends_with(r#"app_service_config_files: ["/etc/a \"b\"/registration.yaml"]"#), "{}", steps[0]);
    }
}
