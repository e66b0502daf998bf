//! The ways in which an account can be linked, and what is answered to their steps. Pure.

use bridge::{Failure, LinkAnswers, LinkStep, LinkWay, Through};
use ruma::{OwnedServerName, OwnedUserId, ServerName, UserId};

use crate::names::Names;

const USER: &str = "user";
const PASSWORD: &str = "password";
const TOKEN: &str = "token";
const SERVER: &str = "server";
/// What the homeserver writes into the address to which it sends a browser back (Client-Server API, "SSO client login").
const LOGIN_TOKEN: &str = "loginToken";

/// How somebody wants to be linked. It holds secrets, so that it cannot be formatted.
pub(super) enum Way {
    Password { user: OwnedUserId, password: String },
    Token { user: OwnedUserId, token: String },
    Browser { server: OwnedServerName, token: Option<String> },
    Code { user: OwnedUserId },
}

/// All of them; those by a number only where this program can sign people in.
pub(super) fn all(names: &Names, has_registration: bool) -> Vec<LinkWay> {
    let example = format!("@ann:{}", names.server());
    let user = LinkStep {
        key: USER,
        ask: format!("Which Matrix account is yours? Write its id, such as {example}."),
        secret: false,
    };
    let server = LinkStep {
        key: SERVER,
        ask: format!("On which server is your Matrix account? Write its name, such as {}.", names.server()),
        secret: false,
    };
    let secret = |key, ask: &str| LinkStep { key, ask: ask.to_owned(), secret: true };
    let mut ways = vec![
        LinkWay {
            key: "password",
            says: "By the password of your Matrix account. It is not kept.".into(),
            steps: vec![user.clone(), secret(PASSWORD, "What is the password of your Matrix account?")],
            through: Through::Answers,
        },
        LinkWay {
            key: "sso",
            says: "By signing in on the page of your homeserver.".into(),
            steps: vec![server],
            through: Through::Browser { returned: LOGIN_TOKEN },
        },
        LinkWay {
            key: "token",
            says: "By the access token of a session that no other program uses.".into(),
            steps: vec![user.clone(), secret(TOKEN, "What is the access token of that session?")],
            through: Through::Answers,
        },
    ];
    if has_registration {
        ways.push(LinkWay {
            key: "code",
            says: format!("By saying a number to {} from your Matrix account.", names.bot()),
            steps: vec![user],
            through: Through::Answers,
        });
    }
    ways
}

/// What the answers to a way mean.
pub(super) fn read(names: &Names, way: &str, answers: &LinkAnswers) -> Result<Way, Failure> {
    let answer = |key: &str| answers.get(key).map(|answer| answer.trim()).filter(|answer| !answer.is_empty());
    let needed = |key: &str| answer(key).ok_or_else(|| Failure::refused(format!("the answer to \"{key}\" is missing")));
    let user = || needed(USER).and_then(|text| user(names, text));
    match way {
        // Blanks may be a part of it.
        "password" => Ok(Way::Password {
            user: user()?,
            password: answers
                .get(PASSWORD)
                .cloned()
                .filter(|password| !password.is_empty())
                .ok_or_else(|| Failure::refused("the password is missing"))?,
        }),
        "token" => Ok(Way::Token { user: user()?, token: token(needed(TOKEN)?)? }),
        "sso" => {
            Ok(Way::Browser { server: server(needed(SERVER)?)?, token: answer(LOGIN_TOKEN).map(ToOwned::to_owned) })
        }
        "code" => Ok(Way::Code { user: user()? }),
        _ => Err(Failure::Unsupported { reason: "there is no such way to link an account".into() }),
    }
}

/// The user that somebody writes: in full, or by the name alone on the homeserver of this server. Names of servers are the same in capitals.
fn user(names: &Names, text: &str) -> Result<OwnedUserId, Failure> {
    let bare = text.strip_prefix('@').unwrap_or(text);
    let whole = match bare.split_once(':') {
        Some((name, server)) => format!("@{}:{}", name.trim_end(), server.trim_start().to_lowercase()),
        None => format!("@{bare}:{}", names.server()),
    };
    // The parser takes what old homeservers gave, and more: these are the bytes that ids of users ever had. Whoever writes an address of
    // electronic mail means something else.
    let is_written = |user: &OwnedUserId| {
        let name = user.localpart();
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@')
    };
    let parsed = UserId::parse(&whole).ok().filter(is_written);
    parsed.ok_or_else(|| {
        Failure::refused(format!("that is no Matrix account; write its id, such as @ann:{}", names.server()))
    })
}

fn server(text: &str) -> Result<OwnedServerName, Failure> {
    // Some write their id, or an address.
    let text = text.trim_start_matches("https://").trim_end_matches('/');
    let name = text.split_once(':').filter(|_| text.starts_with('@')).map_or(text, |(_, server)| server);
    ServerName::parse(name)
        .map_err(|_| Failure::refused("that is no server; write what stands behind the colon of your Matrix id"))
}

/// It travels in a header.
fn token(text: &str) -> Result<String, Failure> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err(Failure::refused("that is no access token; copy it once more, without anything around it"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::names::tests::names;

    fn answers(given: &[(&str, &str)]) -> LinkAnswers {
        given.iter().map(|(key, answer)| ((*key).to_owned(), (*answer).to_owned())).collect()
    }

    #[test]
    fn no_two_ways_ask_the_same_and_each_can_be_read() {
        let ways = all(&names(), true);
        let asked: BTreeSet<Vec<&str>> =
            ways.iter().map(|way| way.steps.iter().map(|step| step.key).collect()).collect();
        assert_eq!(asked.len(), ways.len());
        for way in &ways {
            let given: Vec<_> =
                way.steps.iter().map(|step| (step.key, if step.key == USER { "ann" } else { "x" })).collect();
            assert!(read(&names(), way.key, &answers(&given)).is_ok(), "{}", way.key);
            assert!(way.steps.iter().filter(|step| step.secret).count() <= 1);
            assert!(read(&names(), way.key, &answers(&given[1..])).is_err(), "{}", way.key);
        }
        assert_eq!(all(&names(), false).len(), ways.len() - 1);
    }

    #[test]
    fn a_user_is_written_in_several_ways() {
        for written in ["ann", "@ann", "ann:example.org", "@ann:example.org", "@ann : Example.ORG"] {
            assert_eq!(user(&names(), written).unwrap(), "@ann:example.org", "{written}");
        }
        let blanks = read(&names(), "code", &answers(&[(USER, " \u{a0}@ann\t\n")]));
        assert!(matches!(blanks, Ok(Way::Code { user }) if user == "@ann:example.org"));
        assert_eq!(user(&names(), "@ann:b.org:8448").unwrap(), "@ann:b.org:8448");
        for wrong in ["@", ":example.org", "a b", "ann@example.org", "ann@example.org:x y", "@:example.org", "@ann:"] {
            assert!(user(&names(), wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_server_is_written_in_several_ways() {
        for written in ["example.org", "https://example.org/", "@ann:example.org"] {
            assert_eq!(server(written).unwrap(), "example.org", "{written}");
        }
        assert_eq!(server("example.org:8448").unwrap(), "example.org:8448");
        assert!(server("a b").is_err());
    }

    #[test]
    fn a_password_is_taken_as_it_is() {
        let read = read(&names(), "password", &answers(&[(USER, "ann"), (PASSWORD, " x ")]));
        assert!(matches!(read, Ok(Way::Password { password, .. }) if password == " x "));
    }
}
