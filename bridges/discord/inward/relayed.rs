//! Chats with the relay: for which account it is what a person says there, and telling them so.

use domain::Passport;

use crate::{
    bots::Voice,
    direct::Talk,
    echoes::{account_behind, name_line},
    model::{ChannelId, Message, MessageId, UserId},
    rest::Saying,
    running::{FIRST_WAIT, Running, Stopping},
};

/// What a person cannot know of their words.
#[derive(Default)]
pub(super) struct Unsure {
    /// For which accounts they were.
    told_to: Vec<Passport>,
    /// Some were for nobody.
    lost: bool,
}

impl Running {
    /// The account that a person means with what they say to the relay.
    pub(super) async fn meant(
        &self,
        relay: &Voice,
        person: UserId,
        message: &Message,
        unsure: &mut Unsure,
    ) -> Result<Option<Passport>, Stopping> {
        let everybody = self.bots.owners(relay.bot);
        let answered = message.referenced_message.as_deref();
        let meant = self
            .in_talk(person, |talk| {
                let known = answered.and_then(|answered| talk.whose(answered.id).cloned());
                let named = answered.and_then(|answered| account_behind(answered, relay.bot, &self.names));
                let meant = talk.hears(message.id, known.or(named), |account| everybody.contains(account));
                if let (None, [only]) = (&meant, &*everybody) {
                    talk.says(only, Some(message.id));
                }
                meant
            })
            .await?;
        let Some(meant) = meant else {
            let [only] = &*everybody else {
                unsure.lost = true;
                return Ok(None);
            };
            return Ok(Some(only.clone()));
        };
        if meant.untold {
            unsure.told_to.push(meant.account.clone());
        }
        Ok(Some(meant.account))
    }

    /// From which account a message in a chat with the relay is, or for which.
    pub(super) async fn talker(&self, person: UserId, message: MessageId) -> Result<Option<Passport>, Stopping> {
        self.in_talk(person, |talk| talk.whose(message).cloned()).await
    }

    /// With which account a person is talking through the relay.
    pub(super) async fn latest_talker(&self, person: UserId) -> Result<Option<Passport>, Stopping> {
        self.in_talk(person, |talk| talk.latest().cloned()).await
    }

    async fn in_talk<T>(&self, person: UserId, look: impl FnOnce(&mut Talk) -> T) -> Result<T, Stopping> {
        let mut wait = FIRST_WAIT;
        loop {
            match self.directs.talks.lock().await.of(&*self.host, person).await {
                Ok(talk) => return Ok(look(talk)),
                Err(fault) => tracing::warn!(%fault, "a conversation cannot be read; it is tried again"),
            }
            self.pause(&mut wait).await?;
        }
    }

    /// Tells a person in their chat with the relay what they cannot know. It may be lost: they see who answers.
    pub(super) async fn explain(&self, relay: &Voice, channel: ChannelId, unsure: Unsure) {
        let mut lines = Vec::new();
        for account in unsure.told_to {
            let called = self.bots.called(&account);
            let name = self.names.of(&*self.host, &account, &called).await.unwrap_or(called);
            let line = name_line(&name);
            let name = line.trim_end_matches([' ', ':']);
            lines.push(format!("-# This goes to {name}. To answer somebody else, reply to a message of theirs."));
        }
        if unsure.lost {
            let line = "-# This went to nobody: several people speak through this bot, and none of them has written to you yet.";
            lines.push(line.to_owned());
        }
        for content in lines {
            let saying = Saying { content, ..Saying::default() };
            let said = self.stopping.run_until_cancelled(relay.rest.say(channel, &saying)).await;
            if let Some(Err(failure)) = said {
                tracing::info!(bot = %relay.bot, %channel, %failure, "a person was not told for whom their words are");
            }
        }
    }
}
