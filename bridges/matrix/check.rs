//! Looking for what is wrong with a set-up.

use std::time::{Duration, SystemTime};

use bridge::{Admission, Fault, Standing};
use ruma::UserId;
use tokio_util::sync::CancellationToken;

use crate::{
    appservice,
    configuration::Configuration,
    encryption::{self, Encryption},
    homeserver::{Homeserver, Trouble},
    listener,
    presence::{Shown, State},
};

/// How long the whole may take.
const LONGEST: Duration = Duration::from_secs(25);
/// How far the two clocks may be apart: beyond it, what is said stands at the wrong place in its room.
const APART: Duration = Duration::from_mins(5);

/// Everything that is wrong. Ends by itself. `running` is what our users have to do with encrypted rooms, where the bridge runs.
pub(crate) async fn check(
    configuration: &Configuration,
    homeserver: &Homeserver,
    standing: Standing,
    running: Option<&Encryption>,
) -> Vec<Fault> {
    let check = Check { configuration, homeserver, running };
    match tokio::time::timeout(LONGEST, check.all(standing)).await {
        Ok(faults) => faults,
        Err(_) => vec![late(configuration)],
    }
}

/// Whether the homeserver has our registration. Ends by itself.
pub(crate) async fn admission(configuration: &Configuration, homeserver: &Homeserver) -> Admission {
    let check = Check { configuration, homeserver, running: None };
    let found = tokio::time::timeout(LONGEST, check.admission()).await;
    found.unwrap_or_else(|_| Admission::Unreachable(late(configuration)))
}

fn late(configuration: &Configuration) -> Fault {
    fault(
        "homeserver_url",
        format!("{} takes longer than 25 seconds to answer", configuration.homeserver_url),
        "see whether the homeserver is overloaded, or the address leads elsewhere",
    )
}

struct Check<'a> {
    configuration: &'a Configuration,
    homeserver: &'a Homeserver,
    running: Option<&'a Encryption>,
}

fn fault(subject: &str, problem: impl Into<String>, mend: impl Into<String>) -> Fault {
    Fault { subject: subject.to_owned(), problem: problem.into(), mend: mend.into() }
}

impl Check<'_> {
    async fn all(&self, standing: Standing) -> Vec<Fault> {
        // Each needs what the one before has shown: one wrong address would else be told five times.
        if let Err(fault) = self.answers().await {
            return vec![fault];
        }
        if let Err(fault) = self.knows_us().await {
            return vec![fault];
        }
        let mut faults = Vec::new();
        faults.extend(self.bot_is_ours().await.err());
        faults.extend(self.gives_ghosts().await.err());
        faults.extend(self.reaches_us(standing).await.err());
        faults.extend(self.keeps_time().await.err());
        faults.extend(self.shows_presence().await.err());
        faults.extend(encryption::check(self.configuration, self.homeserver, self.running).await);
        self.advise().await;
        faults
    }

    async fn admission(&self) -> Admission {
        if let Err(fault) = self.answers().await {
            return Admission::Unreachable(fault);
        }
        match self.homeserver.acting_as(self.configuration.names.bot()).register().await {
            Err(Trouble::Stranger) => return Admission::Awaited,
            Err(
                trouble @ (Trouble::Silent(_) | Trouble::Unreadable(_) | Trouble::Limited(_) | Trouble::Ailing { .. }),
            ) => return Admission::Unreachable(Self::stranger(trouble, "appservice.bot")),
            Ok(()) | Err(Trouble::Refused { .. }) => {}
        }
        match self.knows_us().await {
            Ok(()) => Admission::Given,
            Err(fault) => Admission::Refused(fault),
        }
    }

    async fn answers(&self) -> Result<(), Fault> {
        let url = &self.configuration.homeserver_url;
        let versions = self.homeserver.versions().await.map_err(|trouble| {
            let mend = "start the homeserver, or write the address at which its client API answers";
            fault("homeserver_url", format!("no Matrix homeserver answers at {url} ({trouble})"), mend)
        })?;
        let pings =
            versions.as_supported_versions().versions.iter().any(|version| *version >= ruma::api::MatrixVersion::V1_7)
                || versions.unstable_features.get("fi.mau.msc2659.stable") == Some(&true);
        if pings {
            Ok(())
        } else {
            let problem = format!("the homeserver at {url} does not speak Matrix 1.7");
            Err(fault("homeserver_url", problem, "update the homeserver"))
        }
    }

    async fn knows_us(&self) -> Result<(), Fault> {
        let bot = self.configuration.names.bot();
        let intent = self.homeserver.acting_as(bot);
        intent.register().await.map_err(|trouble| Self::stranger(trouble, "appservice.bot"))?;
        match intent.whoami().await {
            Ok(user) if user == bot => Ok(()),
            Ok(user) => Err(fault(
                "server_name",
                format!("the homeserver says that the bot is {user}, not {bot}"),
                "write the server_name of homeserver.yaml",
            )),
            Err(Trouble::Refused { errcode, message, .. }) => Err(fault(
                "server_name",
                format!("the bot {bot} is nobody of this homeserver ({errcode} {message})"),
                "write the server_name of homeserver.yaml, make the registration again and restart the homeserver",
            )),
            Err(trouble) => Err(Self::stranger(trouble, "appservice.bot")),
        }
    }

    /// A homeserver lets us act as a person who had the bot's name before the registration claimed it: their words would be
    /// ours, and ours theirs.
    async fn bot_is_ours(&self) -> Result<(), Fault> {
        let bot = self.configuration.names.bot();
        match self.homeserver.acting_as(bot).sessions().await {
            Ok(0) => Ok(()),
            Ok(sessions) => Err(fault(
                "appservice.bot",
                format!("{bot} is somebody's own account, signed in {sessions} times"),
                "write another name, make the registration again (chrysalis registration), give it to the homeserver and \
                 restart it",
            )),
            Err(trouble) => Err(Self::stranger(trouble, "appservice.bot")),
        }
    }

    /// Whether ghosts can be made. Only making one tells: another appservice's claim to the same names shows nowhere else. It
    /// is one that nobody ever meets.
    async fn gives_ghosts(&self) -> Result<(), Fault> {
        let Ok(probe) = "check@chrysalis.invalid".parse() else { return Ok(()) };
        let Some(ghost) = self.configuration.names.ghost(&probe) else { return Ok(()) };
        let made = self.homeserver.acting_as(&ghost).register().await;
        made.map_err(|trouble| Self::stranger(trouble, "appservice.user_prefix"))
    }

    /// What a refusal of a name or a token means.
    fn stranger(trouble: Trouble, key: &str) -> Fault {
        let again = "make the registration again (chrysalis registration), give it to the homeserver and restart it";
        match trouble {
            Trouble::Stranger => {
                let problem =
                    "the homeserver does not know this token: it has another registration, or was not restarted";
                fault("appservice.as_token", problem, again)
            }
            Trouble::Refused { errcode, message, .. } => {
                let problem = format!("the homeserver does not let us have such a name ({errcode} {message})");
                let mend = format!(
                    "{again}; if another appservice of the homeserver claims the same names, write other ones first"
                );
                fault(key, problem, mend)
            }
            Trouble::Silent(_) | Trouble::Unreadable(_) | Trouble::Limited(_) | Trouble::Ailing { .. } => {
                fault("homeserver_url", trouble.to_string(), "see the homeserver's log")
            }
        }
    }

    async fn reaches_us(&self, standing: Standing) -> Result<(), Fault> {
        match standing {
            Standing::Running => self.ping().await,
            Standing::Idle => {
                let address = self.configuration.listen;
                let listener = listener::bind(address).await.map_err(|error| {
                    let mend = "write another port in listen and url, or end the program that has it";
                    fault("appservice.listen", format!("{address} cannot be listened on: {error}"), mend)
                })?;
                let stopping = CancellationToken::new();
                let pings = listener::serve_pings(self.configuration.hs_token.clone(), listener, stopping.clone());
                let serving = tokio::spawn(pings);
                let outcome = self.ping().await;
                stopping.cancel();
                // Open connections of the homeserver are not waited for.
                serving.abort();
                outcome
            }
        }
    }

    async fn ping(&self) -> Result<(), Fault> {
        let url = &self.configuration.url;
        match appservice::ping(self.homeserver, self.configuration).await {
            Ok(_) => Ok(()),
            Err(Trouble::Refused { errcode, .. } | Trouble::Ailing { errcode, .. }) if errcode == "M_BAD_STATUS" => {
                let problem =
                    "this program refuses the token that the homeserver shows, or something else answers there";
                let mend =
                    "make the registration again (chrysalis registration), give it to the homeserver and restart it";
                Err(fault("appservice.hs_token", problem, mend))
            }
            Err(Trouble::Refused { errcode, message, .. }) if errcode == "M_FORBIDDEN" => {
                let problem = format!("the homeserver has the token under another id ({message})");
                Err(fault("appservice.id", problem, "write the id of the registration that the homeserver has"))
            }
            Err(trouble) => {
                let problem = format!("the homeserver does not reach {url} ({trouble})");
                let mend = "write an address of this program that the homeserver can reach, make the registration again \
                            and restart the homeserver";
                Err(fault("appservice.url", problem, mend))
            }
        }
    }

    async fn keeps_time(&self) -> Result<(), Fault> {
        let Ok(Some(theirs)) = self.homeserver.clock().await else { return Ok(()) };
        match apart(theirs, SystemTime::now()) {
            Some(problem) => {
                let mend = "set both clocks, e.g. with an NTP service (timedatectl set-ntp true)";
                Err(fault("clock", problem, mend))
            }
            None => Ok(()),
        }
    }

    async fn shows_presence(&self) -> Result<(), Fault> {
        match shows_presence(self.homeserver, self.configuration.names.bot()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(fault(
                "presence",
                "the homeserver has presence switched off, so that Matrix does not see who is online in Messenger, and whether \
                 people on Matrix are there is guessed from what they do (an advice: everything else works)",
                "set presence: {enabled: true} in homeserver.yaml and restart the homeserver",
            )),
            Err(trouble) => Err(fault("presence", trouble.to_string(), "see the homeserver's log")),
        }
    }

    /// Says what is not wrong, but worth knowing.
    async fn advise(&self) {
        let bot = self.homeserver.acting_as(self.configuration.names.bot());
        let ours = self.configuration.largest_file;
        if let Ok(Some(theirs)) = bot.largest_upload().await
            && theirs < ours
        {
            tracing::info!(
                theirs,
                ours,
                "the homeserver takes smaller files than largest_file allows: larger ones are refused, and their senders told; \
                 set max_upload_size in homeserver.yaml to change that"
            );
        }
    }
}

/// Whether the homeserver shows presence, as `bot` sees it.
pub(crate) async fn shows_presence(homeserver: &Homeserver, bot: &UserId) -> Result<bool, Trouble> {
    let intent = homeserver.acting_as(bot);
    intent.set_presence(&Shown { state: State::Online, line: String::new() }).await?;
    intent.is_seen_online().await
}

/// What is wrong with two clocks, if something is.
fn apart(theirs: SystemTime, ours: SystemTime) -> Option<String> {
    let (apart, word) = match theirs.duration_since(ours) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    (apart > APART).then(|| format!("the homeserver's clock is {} minutes {word} this machine's", apart.as_secs() / 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_are_far_apart_are_named() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert_eq!(apart(now + Duration::from_secs(299), now), None);
        let ahead = apart(now + Duration::from_hours(1), now).unwrap();
        assert!(ahead.contains("60 minutes ahead of"), "{ahead}");
        assert!(apart(now - Duration::from_secs(301), now).unwrap().contains("5 minutes behind"));
    }
}
