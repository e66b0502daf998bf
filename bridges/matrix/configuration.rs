//! The section of the configuration, read strictly.

pub(crate) mod encryption;
mod linked;
mod tokens;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use bridge::{Section, SectionFault};
use ruma::{OwnedServerName, RoomVersionId, ServerName, UserId};
use serde::Deserialize;
use url::Url;

use crate::{intent::rooms::RoomMaking, names::Names, permissions::Permissions, status::Switches};
use encryption::{EncryptionKeys, MadeRooms};
use linked::LinkedKeys;
use tokens::Tokens;

pub(crate) use linked::{Homeservers, Linked, ListedRooms};

/// How many invitations of one sender reach accounts within an hour, unless configured otherwise.
const INVITATIONS_PER_HOUR: u32 = 20;
/// The largest file that is taken from Matrix or sent there, in bytes, unless configured otherwise.
const LARGEST_FILE: u64 = 100 * 1024 * 1024;

/// The section as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    homeserver_url: String,
    server_name: String,
    #[serde(default = "usual_invitations")]
    invitations_per_hour: u32,
    #[serde(default)]
    show_joins: bool,
    #[serde(default = "usual_largest_file")]
    largest_file: u64,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    #[serde(default)]
    message_status: MessageStatusKeys,
    #[serde(default)]
    rooms: RoomKeys,
    #[serde(default)]
    encryption: EncryptionKeys,
    #[serde(default)]
    linked: LinkedKeys,
    appservice: AppserviceKeys,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MessageStatusKeys {
    events: bool,
    receipts: bool,
    notices: bool,
}

impl Default for MessageStatusKeys {
    fn default() -> Self {
        Self { events: false, receipts: false, notices: true }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RoomKeys {
    version: Option<String>,
    federate: bool,
}

impl Default for RoomKeys {
    fn default() -> Self {
        Self { version: None, federate: true }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppserviceKeys {
    #[serde(default = "usual_id")]
    id: String,
    listen: String,
    url: String,
    as_token: Option<String>,
    as_token_file: Option<PathBuf>,
    hs_token: Option<String>,
    hs_token_file: Option<PathBuf>,
    #[serde(default = "usual_bot")]
    bot: String,
    #[serde(default = "usual_prefix")]
    user_prefix: String,
}

const fn usual_invitations() -> u32 {
    INVITATIONS_PER_HOUR
}

const fn usual_largest_file() -> u64 {
    LARGEST_FILE
}

fn usual_id() -> String {
    "chrysalis".into()
}

fn usual_bot() -> String {
    "msnbot".into()
}

fn usual_prefix() -> String {
    "msn_".into()
}

/// What the bridge works with.
#[derive(Clone)]
pub(crate) struct Configuration {
    /// Where the homeserver answers; without a slash at the end.
    pub(crate) homeserver_url: String,
    /// Who is who.
    pub(crate) names: Names,
    /// How many invitations of one sender are let through within an hour.
    pub(crate) invitations_per_hour: u32,
    /// Whether rooms of several people show who comes and goes.
    pub(crate) show_joins: bool,
    /// The largest file that goes either way, in bytes.
    pub(crate) largest_file: u64,
    /// Who may do what.
    pub(crate) permissions: Permissions,
    /// How people are told what became of their messages.
    pub(crate) message_status: Switches,
    /// How rooms are made.
    pub(crate) room_making: RoomMaking,
    /// How our own users take part in encrypted rooms.
    pub(crate) encryption: EncryptionKeys,
    /// How people's own accounts may be linked.
    pub(crate) linked: Linked,
    /// The registration's id.
    pub(crate) id: String,
    /// Where the homeserver's transactions are listened for.
    pub(crate) listen: SocketAddr,
    /// How the homeserver reaches that.
    pub(crate) url: String,
    /// What we show the homeserver.
    pub(crate) as_token: String,
    /// What the homeserver shows us.
    pub(crate) hs_token: String,
    /// The beginning of every ghost's localpart.
    pub(crate) user_prefix: String,
    /// The bot's localpart.
    pub(crate) bot: String,
}

impl Configuration {
    /// Reads the section, and makes the tokens that it does not give.
    pub(crate) fn read(section: &Section) -> Result<Self, SectionFault> {
        Self::read_with(section, &Tokens { section, makes: true })
    }

    /// Reads the section without making anything: tokens that are missing are not those that it will have.
    pub(crate) fn examine(section: &Section) -> Result<Self, SectionFault> {
        Self::read_with(section, &Tokens { section, makes: false })
    }

    fn read_with(section: &Section, tokens: &Tokens<'_>) -> Result<Self, SectionFault> {
        let keys: Keys = section.read()?;
        let homeserver_url = web_address("homeserver_url", &keys.homeserver_url)?;
        let server = server_name(&keys.server_name)?;
        let appservice = keys.appservice;
        if keys.invitations_per_hour == 0 {
            let problem = "is 0, so that nobody could ever invite an account; write at least 1, e.g. 20";
            return Err(SectionFault::new("invitations_per_hour", problem));
        }
        if appservice.id.is_empty() || appservice.id.chars().any(char::is_control) {
            return Err(SectionFault::new(
                "appservice.id",
                "is empty or holds control characters; write e.g. chrysalis",
            ));
        }
        let listen = appservice.listen.parse().map_err(|_| {
            let problem = format!("{:?} is no address and port; write e.g. 127.0.0.1:29333", appservice.listen);
            SectionFault::new("appservice.listen", problem)
        })?;
        let url = web_address("appservice.url", &appservice.url)?;
        localpart("appservice.bot", &appservice.bot)?;
        localpart("appservice.user_prefix", &appservice.user_prefix)?;
        let bot = UserId::parse(format!("@{}:{server}", appservice.bot)).map_err(|fault| {
            SectionFault::new("appservice.bot", format!("{:?} makes no Matrix id: {fault}", appservice.bot))
        })?;
        if appservice.bot.starts_with(&appservice.user_prefix) {
            let problem = format!(
                "{:?} begins like the ghosts ({:?}), so that the bot would be taken for one; write another name",
                appservice.bot, appservice.user_prefix
            );
            return Err(SectionFault::new("appservice.bot", problem));
        }
        let as_token = tokens.token("as_token", appservice.as_token.as_deref(), appservice.as_token_file.as_deref())?;
        let hs_token = tokens.token("hs_token", appservice.hs_token.as_deref(), appservice.hs_token_file.as_deref())?;
        if as_token == hs_token {
            let problem = "is the same as as_token; give the two directions a secret each";
            return Err(SectionFault::new("appservice.hs_token", problem));
        }
        let permissions = Permissions::read(&keys.permissions, &server)?;
        let linked = Linked::read(keys.linked, &server, tokens)?;
        let MessageStatusKeys { events, receipts, notices } = keys.message_status;
        let room_making = RoomMaking {
            bot: bot.clone(),
            // Its receipts can be seen only where it is.
            with_bot: receipts,
            version: keys.rooms.version.as_deref().map(room_version).transpose()?,
            encrypted: keys.encryption.rooms == MadeRooms::Always,
            federated: keys.rooms.federate,
        };
        if room_making.encrypted && !keys.encryption.ghosts {
            let problem = "is \"always\" while encryption.ghosts is false, so that no ghost could say anything in a room that it makes; write \
                rooms = \"as-asked\", or ghosts = true";
            return Err(SectionFault::new("encryption.rooms", problem));
        }
        let names = Names::new(server, bot, appservice.user_prefix.clone());
        Ok(Self {
            homeserver_url,
            names,
            invitations_per_hour: keys.invitations_per_hour,
            show_joins: keys.show_joins,
            largest_file: keys.largest_file,
            permissions,
            message_status: Switches { events, receipts, notices },
            room_making,
            encryption: keys.encryption,
            linked,
            id: appservice.id,
            listen,
            url,
            as_token,
            hs_token,
            user_prefix: appservice.user_prefix,
            bot: appservice.bot,
        })
    }
}

fn room_version(text: &str) -> Result<RoomVersionId, SectionFault> {
    let numbered = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let version = numbered.then(|| RoomVersionId::try_from(text).ok()).flatten();
    version.ok_or_else(|| {
        let problem =
            format!("{text:?} is no room version; write e.g. \"11\", or leave it out for the homeserver's own");
        SectionFault::new("rooms.version", problem)
    })
}

/// An http or https address, without a slash at the end.
pub(crate) fn web_address(key: &str, text: &str) -> Result<String, SectionFault> {
    let usable = Url::parse(text).is_ok_and(|url| {
        // A password in an address would end up in logs.
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if usable {
        return Ok(text.trim_end_matches('/').to_owned());
    }
    // A password may have one of its own.
    let shown = text.rsplit_once('@').map_or(text, |(_, host)| host);
    Err(SectionFault::new(key, format!("{shown:?} is no plain web address; write e.g. http://127.0.0.1:8008")))
}

pub(crate) fn server_name(text: &str) -> Result<OwnedServerName, SectionFault> {
    ServerName::parse(text).map_err(|fault| {
        let problem =
            format!("{text:?} is no server name ({fault}); write what stands behind the colon of your users' ids");
        SectionFault::new("server_name", problem)
    })
}

fn localpart(key: &str, text: &str) -> Result<(), SectionFault> {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/');
    // What a user id may hold of itself; `=` is ours to escape with.
    if !text.is_empty() && text.len() <= 32 && text.bytes().all(fits) {
        return Ok(());
    }
    let problem = format!("{text:?} cannot stand in a Matrix id; write 1 to 32 of a-z, 0-9 and . _ - /");
    Err(SectionFault::new(key, problem))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::permissions::Permission;

    pub(crate) fn section(values: Value, data: &Path) -> Section {
        let Value::Object(values) = values else { panic!("a section is an object") };
        Section {
            name: "matrix".parse().unwrap(),
            bit: 64.try_into().unwrap(),
            values,
            base: data.to_owned(),
            data_directory: data.to_owned(),
        }
    }

    pub(crate) fn values() -> Value {
        json!({
            "homeserver_url": "http://127.0.0.1:8008/",
            "server_name": "example.org",
            "appservice": { "listen": "127.0.0.1:29333", "url": "http://127.0.0.1:29333" },
        })
    }

    fn fault(change: impl FnOnce(&mut Value)) -> SectionFault {
        let directory = tempfile::tempdir().unwrap();
        let mut values = values();
        change(&mut values);
        Configuration::read(&section(values, directory.path())).err().expect("a fault")
    }

    #[test]
    fn missing_tokens_are_made_once_and_kept_secret() {
        let directory = tempfile::tempdir().unwrap();
        let section = section(values(), directory.path());
        let first = Configuration::read(&section).unwrap();
        let second = Configuration::read(&section).unwrap();
        assert_eq!((&first.as_token, &first.hs_token), (&second.as_token, &second.hs_token));
        assert_eq!(first.as_token.len(), 64);
        assert_eq!(first.homeserver_url, "http://127.0.0.1:8008");
        for name in ["matrix-as-token", "matrix-hs-token"] {
            let mode = fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_section_that_is_only_looked_at_makes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let section = section(values(), directory.path());
        Configuration::examine(&section).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        let made = Configuration::read(&section).unwrap();
        assert_eq!(Configuration::examine(&section).unwrap().as_token, made.as_token);
    }

    #[test]
    fn bad_values_are_named_with_their_key() {
        assert_eq!(fault(|values| values["homeserver_url"] = json!("8008")).key, "homeserver_url");
        assert_eq!(fault(|values| values["server_name"] = json!("a b")).key, "server_name");
        assert_eq!(fault(|values| values["invitations_per_hour"] = json!(0)).key, "invitations_per_hour");
        assert_eq!(fault(|values| values["appservice"]["listen"] = json!("29333")).key, "appservice.listen");
        assert_eq!(fault(|values| values["appservice"]["url"] = json!("ftp://x")).key, "appservice.url");
        assert_eq!(fault(|values| values["appservice"]["bot"] = json!("msn_bot")).key, "appservice.bot");
        assert_eq!(fault(|values| values["appservice"]["user_prefix"] = json!("MSN")).key, "appservice.user_prefix");
        assert_eq!(fault(|values| values["appservice"]["as_token"] = json!("a b")).key, "appservice.as_token");
        assert!(fault(|values| values["colour"] = json!("red")).problem.contains("colour"));
        let permission = fault(|values| values["permissions"] = json!({ "example.org": "root" }));
        assert_eq!(permission.key, "permissions");
        assert_eq!(fault(|values| values["message_status"] = json!({ "event": true })).key, "message_status.event");
        assert_eq!(fault(|values| values["rooms"] = json!({ "version": "new" })).key, "rooms.version");
        let unable = fault(|values| values["encryption"] = json!({ "ghosts": false, "rooms": "always" }));
        assert!(unable.key == "encryption.rooms" && unable.problem.contains("ghosts = true"), "{unable}");
        let twice = fault(|values| {
            values["appservice"]["as_token"] = json!("a");
            values["appservice"]["as_token_file"] = json!("b");
        });
        assert!(twice.problem.contains("twice"), "{twice}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_fault_shows_a_secret(before in "[ -~é]{0,8}", after in "[ -~é]{0,8}", place in 0..5_usize) {
            let secret = format!("{before}hunter2hunter2{after}");
            let said = fault(|values| {
                // So that there is a fault in any case.
                values["rooms"] = json!({ "version": "new" });
                match place {
                    0 => values["appservice"]["as_token"] = secret.clone().into(),
                    1 => values["appservice"]["hs_token"] = secret.clone().into(),
                    2 => values["linked"] = json!({ "double_puppet_token": secret }),
                    3 => values["homeserver_url"] = format!("http://me:{secret}@127.0.0.1:8008").into(),
                    _ => values["appservice"]["url"] = format!("http://me:{secret}@127.0.0.1:29333").into(),
                }
            });
            prop_assert!(!said.to_string().contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn the_example_is_what_holds_by_default() {
        let example = include_str!("../../config/examples/networks/matrix.toml");
        let mut example: Value = toml::from_str(example).unwrap();
        let mut example = example["networks"]["matrix"].take();
        for for_all in ["enabled", "kind", "network_bit"] {
            example.as_object_mut().unwrap().remove(for_all);
        }
        let keys = |values: &Value| {
            let keys: Keys = serde_json::from_value(values.clone()).unwrap();
            let status = keys.message_status;
            let numbers = (keys.invitations_per_hour, keys.largest_file);
            let status = (status.events, status.receipts, status.notices);
            let appservice = (keys.appservice.id, keys.appservice.bot, keys.appservice.user_prefix);
            (numbers, keys.show_joins, status, (keys.rooms.version, keys.rooms.federate), appservice)
        };
        assert_eq!(keys(&example), keys(&values()));
        let linked = |values: &Value| serde_json::from_value::<Keys>(values.clone()).unwrap().linked;
        assert!(linked(&example) == linked(&values()), "another default stands in the example");
        let directory = tempfile::tempdir().unwrap();
        let configuration = Configuration::read(&section(example, directory.path())).unwrap();
        for (user, expected) in [("@alice:example.org", Permission::User), ("@bob:elsewhere.org", Permission::None)] {
            assert_eq!(configuration.permissions.of(&UserId::parse(user).unwrap()), expected, "{user}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        let fault = fault(|values| values["homeserver_url"] = json!("http://me:secret@host"));
        assert!(!fault.to_string().contains("secret"), "{fault}");
    }
}
