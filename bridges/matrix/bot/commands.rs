//! The bot's commands: what there is, and what a line asks for. Pure.

use domain::Passport;
use ruma::{OwnedRoomId, RoomId, UserId};

use super::PREFIX;
use crate::{names::Names, permissions::Permission};

/// What is asked for. A password is in it: it is never to be logged, so that it cannot be formatted either.
#[derive(PartialEq, Eq)]
pub(super) enum Request {
    /// What can be said, or what one command does.
    Help(Option<&'static Command>),
    /// What runs here.
    Version,
    /// Whether the homeserver and this program reach each other.
    Ping,
    /// An account on this server.
    Register { address: Passport, password: String },
    /// Accounts of this server.
    Search(String),
    /// A chat with an account.
    StartChat(Passport),
    /// Who an account is on Matrix.
    Resolve(Passport),
    /// That what is known of one's chats is looked at anew.
    Sync,
    /// That the ghosts leave a room; the one in which it is said, unless another is named.
    DeletePortal(Option<OwnedRoomId>),
    /// All accounts.
    Accounts,
    /// How many chats there are.
    Portals,
    /// Whether presence is shown.
    Presence,
    /// That an account of Messenger is one's own, by the number that it was given.
    Link(String),
}

/// Where a command may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In every room with the bot.
    Anywhere,
    /// Only where nobody else reads.
    Alone,
}

/// A command.
pub(super) struct Command {
    /// Its name.
    pub(super) name: &'static str,
    /// What stands behind the name.
    pub(super) words: &'static str,
    /// Who may give it.
    pub(super) permission: Permission,
    /// Where.
    pub(super) place: Place,
    /// What it does, in a line.
    pub(super) help: &'static str,
    read: fn(&Names, &str) -> Result<Request, String>,
}

// Commands are static and told apart by their names.
impl PartialEq for Command {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Command {}

/// All of them, in the order in which help tells them.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "help",
        words: "[COMMAND]",
        permission: Permission::User,
        place: Place::Anywhere,
        help: "what can be said, or what one command does",
        read: |_, words| match words {
            "" => Ok(Request::Help(None)),
            name => known(name).map(|command| Request::Help(Some(command))),
        },
    },
    Command {
        name: "start-chat",
        words: "ADDRESS",
        permission: Permission::User,
        place: Place::Anywhere,
        help: "asks a Messenger user for a chat, and you into the room for it",
        read: |names, words| Ok(Request::StartChat(address(names, words)?)),
    },
    Command {
        name: "search",
        words: "WORDS",
        permission: Permission::User,
        place: Place::Anywhere,
        help: "finds Messenger users by name or address",
        read: |_, words| match words {
            "" => Err("Say whom to look for, e.g. `search carol`.".into()),
            words => Ok(Request::Search(words.into())),
        },
    },
    Command {
        name: "resolve",
        words: "ADDRESS",
        permission: Permission::User,
        place: Place::Anywhere,
        help: "tells who a Messenger user is on Matrix",
        read: |names, words| Ok(Request::Resolve(address(names, words)?)),
    },
    Command {
        name: "register",
        words: "ADDRESS PASSWORD",
        permission: Permission::User,
        place: Place::Alone,
        help: "makes an account for Messenger here, where that is allowed",
        read: |names, words| {
            let usage = "Say the address and the password, e.g. `register carol@msn.example long-password`.";
            let (first, password) = words.split_once(char::is_whitespace).ok_or(usage)?;
            Ok(Request::Register { address: address(names, first)?, password: password.trim().to_owned() })
        },
    },
    Command {
        name: "link",
        words: "NUMBER",
        permission: Permission::User,
        place: Place::Anywhere,
        help: "lets your Messenger account be you here, by the number that it was given for that",
        read: |_, words| match words.chars().filter(char::is_ascii_digit).count() {
            6 => Ok(Request::Link(words.into())),
            _ => Err("Say the number that Messenger has shown you, e.g. `link 123 456`.".into()),
        },
    },
    Command {
        name: "sync",
        words: "",
        permission: Permission::User,
        place: Place::Anywhere,
        help: "looks at your chats anew: names, presence, and what was said meanwhile",
        read: |_, words| alone(words, Request::Sync),
    },
    Command {
        name: "delete-portal",
        words: "[ROOM]",
        permission: Permission::User,
        place: Place::Anywhere,
        help: "lets the Messenger users leave a room in which you are the only person, or any room if you are an administrator",
        read: |_, words| match words {
            "" => Ok(Request::DeletePortal(None)),
            id => match RoomId::parse(id) {
                Ok(room) => Ok(Request::DeletePortal(Some(room))),
                Err(_) => Err(format!("`{id}` is no room id; it begins with `!`, see the room's settings.")),
            },
        },
    },
    Command {
        name: "ping",
        words: "",
        permission: Permission::User,
        place: Place::Anywhere,
        help: "tells whether the homeserver and Chrysalis reach each other, and how fast",
        read: |_, words| alone(words, Request::Ping),
    },
    Command {
        name: "version",
        words: "",
        permission: Permission::User,
        place: Place::Anywhere,
        help: "tells what runs here",
        read: |_, words| alone(words, Request::Version),
    },
    Command {
        name: "accounts",
        words: "",
        permission: Permission::Admin,
        place: Place::Alone,
        help: "tells which accounts there are",
        read: |_, words| alone(words, Request::Accounts),
    },
    Command {
        name: "portals",
        words: "",
        permission: Permission::Admin,
        place: Place::Alone,
        help: "tells how many chats and rooms there are, and whose",
        read: |_, words| alone(words, Request::Portals),
    },
    Command {
        name: "presence",
        words: "",
        permission: Permission::Admin,
        place: Place::Anywhere,
        help: "tells whether the homeserver shows presence",
        read: |_, words| alone(words, Request::Presence),
    },
];

/// What a line asks for, by somebody of this permission, `managing` or where others read too. The error is what is answered.
pub(super) fn read(names: &Names, line: &str, permission: Permission, managing: bool) -> Result<Request, String> {
    let (name, words) = split(line);
    if name.is_empty() {
        return Ok(Request::Help(None));
    }
    let command = known(name)?;
    if command.permission > permission {
        return Err(format!("`{}` is for administrators of Chrysalis.", command.name));
    }
    if command.place == Place::Alone && !managing {
        return Err(format!("`{}` is only for a room of you and me alone: invite me to one.", command.name));
    }
    (command.read)(names, words)
}

/// Whether a line may hold a password, whether or not it can be read.
pub(super) fn holds_a_secret(line: &str) -> bool {
    let (name, words) = split(line);
    name.eq_ignore_ascii_case("register") && words.contains(char::is_whitespace)
}

/// Whether a line gives an account a password, wherever it is said: words that only begin like that command are words.
pub(super) fn gives_away_a_secret(line: &str) -> bool {
    holds_a_secret(line) && split(line).1.split_whitespace().next().is_some_and(|address| address.contains('@'))
}

/// What can be said, for somebody of this permission.
pub(super) fn help(of: Option<&Command>, permission: Permission, managing: bool) -> String {
    let prefix = if managing { String::new() } else { format!("{PREFIX} ") };
    let line = |command: &Command| {
        let words = if command.words.is_empty() { String::new() } else { format!(" {}", command.words) };
        let place = if command.place == Place::Alone && !managing { " (only where we are alone)" } else { "" };
        format!("`{prefix}{}{words}`: {}{place}", command.name, command.help)
    };
    let allowed = |command: &&Command| command.permission <= permission;
    if let Some(command) = of.filter(allowed) {
        return line(command);
    }
    let mut text = String::from("I connect Matrix with Messenger. You can say:");
    for command in COMMANDS.iter().filter(allowed) {
        text.push_str("\n- ");
        text.push_str(&line(command));
    }
    text
}

fn split(line: &str) -> (&str, &str) {
    let line = line.trim();
    // Whoever is used to the prefix says it here too, and a slash is what other programs want.
    let line = super::without_prefix(line).unwrap_or(line).trim_start();
    let (name, words) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (name, words.trim())
}

fn known(name: &str) -> Result<&'static Command, String> {
    let found = COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| format!("I do not know `{}`; say `help`.", name.chars().take(40).collect::<String>()))
}

fn alone(words: &str, request: Request) -> Result<Request, String> {
    if words.is_empty() { Ok(request) } else { Err("Nothing stands behind that command; say `help`.".into()) }
}

/// The account that words mean: its address, or the id of its ghost.
fn address(names: &Names, words: &str) -> Result<Passport, String> {
    if words.is_empty() {
        return Err("Say an address, e.g. `carol@msn.example`.".into());
    }
    if words.starts_with('@') {
        let account = UserId::parse(words).ok().and_then(|user| names.account(&user));
        return account.ok_or_else(|| {
            format!(
                "`{words}` is nobody on Messenger; write the address that they sign in with, e.g. `carol@msn.example`."
            )
        });
    }
    // What clients make of an address that is pasted.
    let words = words.strip_prefix("mailto:").unwrap_or(words);
    words.parse().map_err(|fault| format!("That is no address ({fault}); write e.g. `carol@msn.example`."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::names::tests::names;

    fn ask(line: &str) -> Result<Request, String> {
        read(&names(), line, Permission::User, true)
    }

    fn carol() -> Passport {
        "carol@msn.example".parse().unwrap()
    }

    #[test]
    fn lines_are_read() {
        for (line, expected) in [
            ("", Request::Help(None)),
            ("help", Request::Help(None)),
            (" !msn help ", Request::Help(None)),
            ("HELP ping", Request::Help(known("ping").ok())),
            ("ping", Request::Ping),
            ("start-chat Carol@MSN.example", Request::StartChat(carol())),
            ("start-chat @msn_carol=40msn.example:example.org", Request::StartChat(carol())),
            ("resolve mailto:carol@msn.example", Request::Resolve(carol())),
            ("search  two words ", Request::Search("two words".into())),
            (
                "register carol@msn.example  a long password ",
                Request::Register { address: carol(), password: "a long password".into() },
            ),
            ("link 012 345", Request::Link("012 345".into())),
            ("delete-portal", Request::DeletePortal(None)),
            ("delete-portal !a", Request::DeletePortal(RoomId::parse("!a").ok())),
        ] {
            assert!(ask(line) == Ok(expected), "{line:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_answered_with_what_to_say() {
        for (line, answer) in [
            ("dance", "say `help`"),
            ("help dance", "say `help`"),
            ("start-chat", "carol@msn.example"),
            ("start-chat nobody", "carol@msn.example"),
            ("start-chat @alice:example.org", "nobody on Messenger"),
            ("search", "search carol"),
            ("register carol@msn.example", "the password"),
            ("delete-portal here", "no room id"),
            ("link 12", "link 123 456"),
            ("ping pong", "say `help`"),
            ("accounts", "administrators"),
        ] {
            let Err(said) = ask(line) else { panic!("{line:?} was read") };
            assert!(said.contains(answer), "{line:?}: {said}");
        }
        let Err(said) = read(&names(), "register a@b.c x", Permission::User, false) else { panic!("it was read") };
        assert!(said.contains("alone"), "{said}");
    }

    #[test]
    fn a_password_is_noticed_even_in_a_line_that_cannot_be_read() {
        assert!(holds_a_secret("!msn Register carol hunter2 x") && holds_a_secret("register carol@msn.example x"));
        assert!(!holds_a_secret("register carol@msn.example") && !holds_a_secret("search register x"));
    }

    #[test]
    fn help_tells_what_is_allowed() {
        let user = help(None, Permission::User, true);
        assert!(user.contains("\n- `start-chat ADDRESS`: ") && !user.contains("accounts`"), "{user}");
        let admin = help(None, Permission::Admin, false);
        assert!(admin.contains("\n- `!msn accounts`: ") && admin.contains("(only where we are alone)"), "{admin}");
        assert_eq!(help(known("accounts").ok(), Permission::User, true), user, "what is not allowed is not told");
        for command in COMMANDS {
            assert!(!command.help.ends_with('.') && COMMANDS.iter().filter(|other| *other == command).count() == 1);
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_answered(
            line in "(!msn |/)?(help|register|link|start-chat|resolve|delete-portal|search|\\PC{0,6})?[ \t]{0,2}(@|!|mailto:)?\\PC{0,20}",
            managing: bool,
        ) {
            match read(&names(), &line, Permission::Admin, managing) {
                Ok(Request::Register { .. }) => prop_assert!(managing && holds_a_secret(&line), "{line}"),
                Ok(_) => {}
                Err(said) => prop_assert!(!said.is_empty(), "{line}"),
            }
        }

        #[test]
        fn no_answer_repeats_a_password(address in "(@|mailto:)?[!-~é]{0,20}", blank in "[ \t]{1,3}", managing: bool) {
            let line = format!("register {address}{blank}hunter2hunter2");
            prop_assert!(holds_a_secret(&line) || address.is_empty(), "{line}");
            if let Err(said) = read(&names(), &line, Permission::User, managing) {
                prop_assert!(!said.contains("hunter2"), "{line}: {said}");
            }
        }
    }
}
