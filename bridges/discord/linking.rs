//! Accounts' own bots: linking one, and taking it away.

use std::{sync::Arc, time::Duration};

use bridge::{Failure, HostFault, LinkAnswers, LinkState, LinkStatus, LinkStep, LinkWay, Through, Write};
use domain::Passport;

use crate::{
    bots::{Voice, Whose, identity, lack},
    configuration::Token,
    gateway::Intent,
    model::{Application, ApplicationId, UserId},
    rest::RestFailure,
    running::{Running, host_failure},
};

/// The one way there is, and the answer that it asks for.
const TOKEN: &str = "token";
/// The keys under which tokens are sealed, and beside them which accounts have one: `token/<account>`, `own/<account>`.
const SEALED: &str = "token/";
const OWN: &str = "own/";
/// How long a new bot's connection is waited for: what is wrong with it shows itself at once.
const PATIENCE: Duration = Duration::from_secs(8);
/// New sessions that are left to a bot, below which it is not linked: another program uses them up.
const FEWEST_SESSIONS: u32 = 20;

/// What a bot asks of a guild: to view channels, send messages, also in threads, read what was said before, attach files, embed links, and
/// use emoji of elsewhere.
const PERMISSIONS: u64 = 274_878_286_848;

/// How accounts are linked.
pub(crate) fn ways() -> Vec<LinkWay> {
    let step = LinkStep {
        key: TOKEN,
        ask: "Give the token of a Discord bot of your own: make an application at https://discord.com/developers/applications, allow \
              the three privileged intents on its page \"Bot\", press \"Reset Token\" there, and copy what it shows."
            .to_owned(),
        secret: true,
    };
    let says = "Through a Discord bot of your own.".to_owned();
    vec![LinkWay { key: TOKEN, says, steps: vec![step], through: Through::Answers }]
}

impl Running {
    /// Connects every bot that an account has linked, and the relay. The relay comes last: what it hears must never be for an
    /// account that has a bot of its own.
    pub(crate) async fn connect_all(&self) -> Result<(), Failure> {
        let relay = self.settings.relay.clone();
        for (key, _) in self.host.list(OWN).await.map_err(|fault| host_failure(&fault))? {
            let Some(owner) = key.strip_prefix(OWN).and_then(|owner| owner.parse::<Passport>().ok()) else { continue };
            match self.host.secret(&format!("{SEALED}{owner}")).await {
                Ok(Some(token)) => match Token::parse(&token) {
                    Ok(token) if relay.as_ref().is_some_and(|relay| relay.bot() == token.bot()) => {
                        let line =
                            "Your Discord bot is the server's own now; link another one, or say \"unlink discord\".";
                        self.host.notify(&owner, line.to_owned());
                    }
                    Ok(token) => drop(self.connect(&Whose::Account(owner), token, "", Vec::new())),
                    Err(reason) => tracing::error!(%owner, reason, "a kept token is none"),
                },
                Ok(None) => {
                    tracing::error!(%owner, "the token of a linked bot is not there any more; it has to be linked again");
                }
                // Whoever else has a bot must not go without it for that.
                Err(HostFault::Secrets(reason)) => {
                    tracing::error!(%owner, reason, "the token of a linked bot cannot be read");
                    let line = "The token of your Discord bot cannot be read any more; link it again.";
                    self.host.notify(&owner, line.to_owned());
                }
                Err(fault) => return Err(host_failure(&fault)),
            }
        }
        if let Some(token) = relay {
            self.connect(&Whose::Relay, token, "", Vec::new());
        }
        Ok(())
    }

    /// Connects a bot. What the account had before is disconnected.
    fn connect(&self, whose: &Whose, token: Token, identity: &str, notes: Vec<String>) -> Option<UserId> {
        let bot = token.bot();
        // Of all but the oldest bots, the application has the same id; what Discord tells comes in its stead.
        let application = ApplicationId(bot.0);
        let voice = Voice { bot, whose: whose.clone(), rest: self.rest.of(token.clone()), application };
        let before = self.bots.add(voice, identity, notes);
        self.gateway.connect(token, self.shown_by(whose));
        // What its account has shown since that was read found no bot to show it.
        self.gateway.show(bot, self.shown_by(whose));
        before
    }

    /// Links an account to its own bot, once Discord has said that the token is good.
    pub(crate) async fn link(
        self: &Arc<Self>,
        owner: &Passport,
        way: &str,
        answers: &LinkAnswers,
    ) -> Result<LinkStatus, Failure> {
        if way != TOKEN {
            return Err(Failure::refused("accounts are linked to Discord by the token of a bot alone"));
        }
        let given = answers.get(TOKEN).map(String::as_str).unwrap_or_default();
        if given.trim().is_empty() {
            return Err(Failure::refused("the token of a Discord bot is missing"));
        }
        let token = Token::parse(given).map_err(Failure::refused)?;
        let bot = token.bot();
        self.may_link(owner, bot)?;
        let (identity, notes) = self.inspect(&token).await?;
        {
            let _turn = self.linking.lock().await;
            // Another account may have linked it meanwhile, or this one be gone.
            self.may_link(owner, bot)?;
            let writes = vec![
                Write::Seal(format!("{SEALED}{owner}"), given.trim().to_owned()),
                Write::Put(format!("{OWN}{owner}"), bot.to_string()),
            ];
            self.host.write(writes).await.map_err(|fault| host_failure(&fault))?;
            if let Some(before) = self.connect(&Whose::Account(owner.clone()), token, &identity, notes) {
                self.forget(before).await;
            }
        }
        self.owners_changed();
        let settled = tokio::time::timeout(PATIENCE, self.bots.settled(owner));
        // It goes on connecting without being waited for.
        let _ = settled.await;
        self.status(owner).ok_or_else(|| Failure::retry("the link was taken away meanwhile"))
    }

    /// How the account's own bot is, and what it waits for; `None` if the account has none.
    pub(crate) fn status(&self, owner: &Passport) -> Option<LinkStatus> {
        let mut status = self.bots.status(owner)?;
        let voice = self.bots.own(owner).and_then(|bot| self.bots.get(bot))?;
        if status.state == LinkState::Connected && self.people.roster().guilds_of(voice.bot).is_empty() {
            status.notes.push(invitation(voice.application));
        }
        Some(status)
    }

    /// Whether the bot may become the account's: a bot speaks and hears for one account alone, or is the relay.
    fn may_link(&self, owner: &Passport, bot: UserId) -> Result<(), Failure> {
        match self.bots.whose(bot) {
            Some(Whose::Relay) => Err(Failure::refused("this bot is the server's own; make another one")),
            Some(Whose::Account(other)) if other != *owner => {
                Err(Failure::refused("this bot is linked to another account of this server; make another one"))
            }
            Some(Whose::Account(_)) | None if self.bots.has_account(owner) => Ok(()),
            Some(Whose::Account(_)) | None => Err(Failure::refused("this account is no longer here")),
        }
    }

    /// Who a token's bot is, and what works less well with it. An error: why it cannot be linked.
    async fn inspect(&self, token: &Token) -> Result<(String, Vec<String>), Failure> {
        let rest = self.rest.of(token.clone());
        let refused = |failure: RestFailure| match failure {
            RestFailure::Unauthorized => Failure::refused(
                "Discord does not take this token: it may be a person's, with which programs may not speak, or an old one; copy the \
                 bot's own from the page \"Bot\" of its application",
            ),
            other => other.failure(),
        };
        let me = rest.me().await.map_err(refused)?;
        if !me.bot {
            return Err(Failure::refused(
                "this is the token of a person: Discord forbids programs to speak as people; make a bot",
            ));
        }
        let gateway = rest.gateway().await.map_err(refused)?;
        if gateway.shards > 1 {
            return Err(Failure::refused(
                "this bot is in too many Discord servers; make one that is in those alone that you want to talk in",
            ));
        }
        if gateway.remaining < FEWEST_SESSIONS {
            return Err(Failure::Retry {
                after: Some(gateway.resets_after),
                reason: "this bot has connected too often today, so that another program seems to use it; wait until tomorrow, or \
                         make another one"
                    .to_owned(),
            });
        }
        let application = rest.application().await.map_err(refused)?;
        Ok((identity(&me), lacks(&application)))
    }

    /// Takes the account's own bot away. `false` if it has none.
    pub(crate) async fn unlink(&self, owner: &Passport) -> Result<bool, Failure> {
        let _turn = self.linking.lock().await;
        let writes = vec![Write::Delete(format!("{SEALED}{owner}")), Write::Delete(format!("{OWN}{owner}"))];
        self.host.write(writes).await.map_err(|fault| host_failure(&fault))?;
        let Some(bot) = self.bots.remove_own(owner) else { return Ok(false) };
        self.gateway.disconnect(bot);
        self.forget(bot).await;
        self.people.release(owner).await.map_err(|fault| host_failure(&fault))?;
        self.owners_changed();
        Ok(true)
    }

    /// The account is no longer here.
    pub(crate) async fn account_removed(&self, owner: &Passport) -> Result<(), Failure> {
        self.bots.account_gone(owner);
        self.showing.show(owner, None);
        if !self.unlink(owner).await? {
            self.people.release(owner).await.map_err(|fault| host_failure(&fault))?;
        }
        let mut writes = self.departures.forget(owner);
        writes.extend(self.said_by(owner).await.map_err(|fault| host_failure(&fault))?);
        self.host.write(writes).await.map_err(|fault| host_failure(&fault))
    }

    /// Forgets what a bot knew, that is ours no longer.
    async fn forget(&self, bot: UserId) {
        self.gateway.disconnect(bot);
        self.people.forget(bot);
        let mut writes = self.cursors.forget(bot);
        writes.extend(self.directs.forget(bot));
        if let Err(fault) = self.host.write(writes).await {
            tracing::warn!(%bot, %fault, "what an unlinked bot knew is not forgotten");
        }
    }

    /// Other accounts speak through other bots from now on: their lists follow.
    pub(crate) fn owners_changed(&self) {
        for voice in self.bots.all() {
            // One that is not connected yet tells it then.
            if self.bots.is_connected(voice.bot) {
                self.people.serve(voice.bot, &self.bots.owners(voice.bot));
            }
        }
    }
}

/// How a bot that is in no guild comes into one.
fn invitation(application: ApplicationId) -> String {
    format!(
        "It is in no Discord server yet. Whoever may manage one invites it at \
         https://discord.com/oauth2/authorize?client_id={application}&scope=bot&permissions={PERMISSIONS}"
    )
}

/// What an application's bot works without.
fn lacks(application: &Application) -> Vec<String> {
    let allowed = [
        (Intent::Members, application.may_see_members()),
        (Intent::Presences, application.may_see_presences()),
        (Intent::MessageContent, application.may_read()),
    ];
    allowed.into_iter().filter(|(_, is_allowed)| !is_allowed).map(|(intent, _)| lack(intent)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bots_ask_for_what_the_documentation_says() {
        let documented =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/discord.md")).unwrap();
        let invited = invitation(ApplicationId(42));
        let (_, address) = invited.split_once("https://").unwrap();
        let address = address.replace("client_id=42", "client_id=APPLICATION_ID");
        assert!(documented.contains(&address), "{address}");
    }
}
