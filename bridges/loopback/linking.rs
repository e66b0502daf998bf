//! Links that accounts make themselves, where the section asks for that: so tests and newcomers see how it goes without any
//! other network. A token is `loop-NAME-` and a secret word; whoever has it is NAME there, and Echo's friend. Who has none says a
//! word, or goes through Echo's door in a browser.

use bridge::{
    Arrival, Batch, Failure, HostFault, LinkAnswers, LinkState, LinkStatus, LinkStep, LinkTask, LinkWay, Through, Write,
};
use domain::Passport;

use crate::{echo, network::friend_key, parlour::Parlour, room};

/// Under which an account's token is kept, sealed.
const LINK: &str = "link/";
/// Under which it is kept that what was wrong with the link is mended.
const MENDED: &str = "mended/";

const TOKEN: &str = "token";
const CIRCLE: &str = "circle";
const NAME: &str = "name";
const WORD: &str = "word";
const DOOR: &str = "door";
const LAMP: &str = "lamp";

/// What a browser brings back from Echo's door.
const RETURNED: &str = "doorkey";

const WAVE: &str = "wave";
const BRIGHTEN: &str = "brighten";
const LET_IN: &str = "let-in";

/// How a word and a lamp begin that Echo takes.
const OPEN: &str = "open-";

/// The name of whom less is seen.
const DIM: &str = "dim";
/// The name whose token is taken back as soon as it is used.
const GONE: &str = "gone";
/// The name that waits before the door until it is let in.
const LATE: &str = "late";

pub(crate) fn link_key(owner: &Passport) -> String {
    format!("{LINK}{owner}")
}

pub(crate) fn mended_key(owner: &Passport) -> String {
    format!("{MENDED}{owner}")
}

fn step(key: &'static str, ask: &str, secret: bool) -> LinkStep {
    LinkStep { key, ask: ask.to_owned(), secret }
}

/// How accounts are linked.
pub(crate) fn ways() -> Vec<LinkWay> {
    let way = |key, says: &str, steps: Vec<LinkStep>, through| LinkWay { key, says: says.to_owned(), steps, through };
    let name = || step(NAME, "What do you want to be called there?", false);
    vec![
        way(
            TOKEN,
            "By a token that Echo gave you.",
            vec![
                step(TOKEN, "Which token did Echo give you? It looks like loop-NAME-SECRET.", true),
                step(CIRCLE, "What is the group called in which Echo is to stand on your list?", false),
            ],
            Through::Answers,
        ),
        way(
            WORD,
            "By a word that Echo knows.",
            vec![name(), step(WORD, "Which word does Echo know? It begins with open- and goes on as you like.", true)],
            Through::Answers,
        ),
        way(DOOR, "Through Echo's door, in your browser.", vec![name()], Through::Browser { returned: RETURNED }),
    ]
}

/// Whom a token makes of its holder.
fn name_of(token: &str) -> Option<&str> {
    let (name, secret) = token.trim().strip_prefix("loop-")?.split_once('-')?;
    (!name.is_empty() && !secret.is_empty()).then_some(name)
}

/// The token that these answers to a way amount to.
fn token_of(way: &str, answers: &LinkAnswers) -> Result<String, Failure> {
    let answer = |key: &str| {
        let given = answers.get(key).map(|answer| answer.trim()).filter(|answer| !answer.is_empty());
        given.ok_or_else(|| Failure::refused(format!("the {key} is missing")))
    };
    match way {
        TOKEN => {
            answer(CIRCLE)?;
            let token = answer(TOKEN)?;
            name_of(token).ok_or_else(|| Failure::refused("Echo knows no such token"))?;
            Ok(token.to_owned())
        }
        WORD => {
            let (name, word) = (answer(NAME)?, answer(WORD)?);
            if !word.starts_with(OPEN) {
                return Err(Failure::refused("Echo knows no such word"));
            }
            Ok(format!("loop-{}-{word}", plain(name)?))
        }
        DOOR => {
            let (name, key) = (plain(answer(NAME)?)?, answer(RETURNED)?);
            if name_of(key) != Some(name) {
                return Err(Failure::refused("this is no key of Echo's door for that name"));
            }
            Ok(key.to_owned())
        }
        _ => Err(Failure::refused("Echo knows no such way")),
    }
}

/// A name that can stand in a token.
fn plain(name: &str) -> Result<&str, Failure> {
    let is_plain = !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_alphanumeric());
    is_plain.then_some(name).ok_or_else(|| Failure::refused("a name has letters and digits of ASCII alone"))
}

/// Where Echo's door is: it opens at once, and sends whoever comes back with a key.
pub(crate) fn address(way: &str, answers: &LinkAnswers, back: &str) -> Result<String, Failure> {
    if way != DOOR {
        return Err(Failure::refused("no browser is needed for that"));
    }
    let name = plain(answers.get(NAME).map(|name| name.trim()).unwrap_or_default())?;
    Ok(format!("{back}?{RETURNED}=loop-{name}-{}", echo::ECHO))
}

fn status(name: &str, is_mended: bool) -> LinkStatus {
    let state = match name {
        GONE => LinkState::Failed { reason: "the token was taken back".to_owned() },
        LATE if !is_mended => LinkState::Waiting { ask: "Somebody has to let you in.".to_owned() },
        _ => LinkState::Connected,
    };
    let notes = match name {
        DIM if !is_mended => vec!["Echo does not see your status: ask for a brighter token.".to_owned()],
        _ => Vec::new(),
    };
    LinkStatus { identity: format!("{name}@loop"), state, notes }
}

/// What can be done by somebody of that name.
fn tasks(name: &str, is_mended: bool) -> Vec<LinkTask> {
    let mut tasks = vec![LinkTask::plain(WAVE, "Wave", "Waves to Echo.")];
    match name {
        DIM if !is_mended => {
            let lamp = step(LAMP, "Which lamp is it? Its name begins with open- and is nobody else's business.", true);
            let says = "Lights a lamp, so that Echo sees your status.";
            tasks.push(LinkTask::plain(BRIGHTEN, "Light a lamp", says).asking(vec![lamp]));
        }
        LATE if !is_mended => tasks.push(LinkTask::plain(LET_IN, "Come in", "Lets you in.")),
        _ => {}
    }
    tasks
}

impl Parlour {
    /// Makes of the account whom its token says, and Echo its friend.
    pub(crate) async fn link(&self, owner: &Passport, way: &str, answers: &LinkAnswers) -> Result<LinkStatus, Failure> {
        let token = token_of(way, answers)?;
        let name = name_of(&token).ok_or_else(|| Failure::refused("Echo knows no such token"))?;
        let (owner, key, group) = (owner.clone(), friend_key(owner), answers.get(CIRCLE).cloned());
        let writes = vec![
            Write::Seal(link_key(&owner), token.clone()),
            Write::Put(key.clone(), String::new()),
            Write::Delete(mended_key(&owner)),
        ];
        let arrivals = vec![
            Arrival::Friend { owner: owner.clone(), who: echo::profile(), group: group.clone() },
            Arrival::Room { owner: owner.clone(), room: self.room(), group },
        ];
        self.host.accept(Batch { arrivals, writes }).await.map_err(unkept)?;
        self.friends().insert(key);
        if name == GONE {
            self.host.notify(&owner, format!("Your link as {name}@loop has stopped: the token was taken back."));
        }
        Ok(status(name, false))
    }

    /// Forgets the account's token; `false` if there was none.
    pub(crate) async fn unlink(&self, owner: &Passport) -> Result<bool, Failure> {
        let key = link_key(owner);
        // One that cannot be read any more is to go as well.
        if matches!(self.host.secret(&key).await, Ok(None)) {
            return Ok(false);
        }
        let arrivals = vec![Arrival::RoomLost { owner: owner.clone(), room: room::id() }];
        let writes = vec![Write::Delete(key), Write::Delete(mended_key(owner))];
        self.host.accept(Batch { arrivals, writes }).await.map_err(unkept)?;
        Ok(true)
    }

    /// Who the account is by its token.
    pub(crate) async fn linked(&self, owner: &Passport) -> Option<LinkStatus> {
        match self.host.secret(&link_key(owner)).await {
            Ok(None) => None,
            Ok(Some(token)) => Some(status(name_of(&token)?, self.is_mended(owner).await)),
            Err(fault) => {
                let state = LinkState::Failed { reason: fault.to_string() };
                Some(LinkStatus { identity: "nobody".to_owned(), state, notes: Vec::new() })
            }
        }
    }

    /// What can be done with the account's link.
    pub(crate) async fn link_tasks(&self, owner: &Passport) -> Vec<LinkTask> {
        match self.host.secret(&link_key(owner)).await {
            Ok(Some(token)) => match name_of(&token) {
                Some(name) => tasks(name, self.is_mended(owner).await),
                None => Vec::new(),
            },
            Ok(None) | Err(_) => Vec::new(),
        }
    }

    /// Does one of those.
    pub(crate) async fn perform(&self, owner: &Passport, task: &str, answers: &LinkAnswers) -> Result<String, Failure> {
        if self.link_tasks(owner).await.iter().all(|known| known.key != task) {
            return Err(Failure::refused("there is nothing of that name to do"));
        }
        if task == WAVE {
            return Ok("Echo waves back.".to_owned());
        }
        if task == BRIGHTEN && !answers.get(LAMP).is_some_and(|lamp| lamp.trim().starts_with(OPEN)) {
            return Err(Failure::refused("Echo has no such lamp"));
        }
        self.host.write(vec![Write::Put(mended_key(owner), String::new())]).await.map_err(unkept)?;
        Ok(match task {
            BRIGHTEN => "Echo sees your status now.",
            _ => "You are in.",
        }
        .to_owned())
    }

    async fn is_mended(&self, owner: &Passport) -> bool {
        matches!(self.host.get(&mended_key(owner)).await, Ok(Some(_)))
    }
}

// The signature that `map_err` wants.
#[allow(clippy::needless_pass_by_value)]
fn unkept(fault: HostFault) -> Failure {
    match fault {
        HostFault::Secrets(reason) => Failure::refused(reason),
        HostFault::Store(_)
        | HostFault::TooLarge { .. }
        | HostFault::Full
        | HostFault::Media(_)
        | HostFault::Stopping => Failure::retry(fault.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_holder_and_has_a_secret() {
        assert_eq!(name_of(" loop-ann-s3cret-word\n"), Some("ann"));
        for token in ["", "ann", "loop-ann", "loop--s3cret", "loop-ann-", "pool-ann-s3cret"] {
            assert_eq!(name_of(token), None, "{token:?}");
        }
    }

    #[test]
    fn each_way_amounts_to_a_token_or_is_refused() {
        let of = |way: &str, answers: &[(&str, &str)]| {
            let answers = answers.iter().map(|(key, answer)| ((*key).to_owned(), (*answer).to_owned())).collect();
            token_of(way, &answers).ok()
        };
        assert_eq!(of(TOKEN, &[(TOKEN, "loop-ann-s3cret"), (CIRCLE, "x")]).as_deref(), Some("loop-ann-s3cret"));
        assert_eq!(of(WORD, &[(NAME, "ann"), (WORD, "open-up")]).as_deref(), Some("loop-ann-open-up"));
        assert_eq!(of(DOOR, &[(NAME, "ann"), (RETURNED, "loop-ann-echo")]).as_deref(), Some("loop-ann-echo"));
        for (way, answers) in [
            (TOKEN, &[(TOKEN, "loop-ann-s3cret")][..]),
            (WORD, &[(NAME, "ann"), (WORD, "shut")]),
            (WORD, &[(NAME, "a-n"), (WORD, "open-up")]),
            (DOOR, &[(NAME, "eve"), (RETURNED, "loop-ann-echo")]),
            ("window", &[(NAME, "ann"), (WORD, "open-up")]),
        ] {
            assert_eq!(of(way, answers), None, "{way} {answers:?}");
        }
    }

    #[test]
    fn the_door_sends_a_browser_back_with_its_key() {
        let named = |name: &str| LinkAnswers::from([(NAME.to_owned(), name.to_owned())]);
        let opened = address(DOOR, &named("ann"), "http://here.example/back").unwrap();
        assert_eq!(opened, "http://here.example/back?doorkey=loop-ann-echo");
        assert!(address(DOOR, &named("a&b"), "x").is_err() && address(WORD, &named("ann"), "x").is_err());
    }
}
