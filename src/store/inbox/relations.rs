//! What is said of what was said before: changes, signs, removals.

use bridge::RemoteProfile;
use domain::{
    Content, Passport, RemoteMessage, Timestamp,
    contact::RemoteTarget,
    content::{Gist, shortened},
};

use super::{
    Reception, TOO_MUCH_WAITS, shown_name,
    window::{Line, Speaker, Window},
};
use crate::{
    Attention, StoreFault,
    message_map::{self, Memory, NEVER_SHOWN, Remembered},
    reaction::{self, Reaction},
};

/// What speaks of another message.
pub(super) struct Relation {
    pub(super) owner: Passport,
    pub(super) place: RemoteTarget,
    pub(super) author: RemoteProfile,
    /// Its own id.
    pub(super) id: RemoteMessage,
    /// The other message.
    pub(super) of: RemoteMessage,
    pub(super) sent: Timestamp,
}

impl Reception<'_> {
    pub(super) async fn edit(&mut self, relation: Relation, content: Content) -> Result<bool, StoreFault> {
        if self.is_known(&relation).await? {
            return Ok(false);
        }
        let of = self.remembered(&relation).await?;
        let said = of.as_ref().and_then(|of| of.gist.as_ref());
        if said.is_some_and(|said| said.sign.is_some() || said.author.as_ref() != Some(&relation.author.user)) {
            return Ok(false);
        }
        let Some(window) = self.window_of(&relation).await? else { return Ok(false) };
        let is_unchanged = said.is_some_and(|said| said.says(&content));
        let was_shown = of.as_ref().is_some_and(Remembered::was_shown);
        let is_wanted = match window.attention {
            Attention::All => true,
            Attention::Mentions => was_shown,
            Attention::Nothing => false,
        };
        let is_shown = is_wanted && !window.is_full;
        // Of what was shown it is remembered what it said there last: that is quoted, and compared with later changes.
        if said.is_some() && !is_unchanged && (is_shown || !was_shown) {
            let name = shortened(shown_name(&relation.author));
            let gist = Gist::of(&content, Some(relation.author.user.clone()), &name);
            let Relation { owner, of, .. } = &relation;
            message_map::revise(self.connection, owner, self.network, of, Some(&gist)).await?;
        }
        if is_unchanged || !is_wanted {
            self.note(&relation).await?;
        } else if is_shown {
            self.tell(&relation, Some(&relation.of), window, content.changed()).await?;
        } else {
            self.note(&relation).await?;
            let Relation { owner, id, .. } = relation;
            self.outcome.kept_out.messages += 1;
            self.fail(owner, id, TOO_MUCH_WAITS);
            return Ok(false);
        }
        Ok(true)
    }

    pub(super) async fn reaction(&mut self, relation: Relation, sign: &str) -> Result<bool, StoreFault> {
        if self.is_known(&relation).await? {
            return Ok(false);
        }
        let Some(window) = self.window_of(&relation).await? else { return Ok(false) };
        let said = self.remembered(&relation).await?.and_then(|of| of.gist);
        if !reaction::is_wanted(window.attention, said.as_ref()) || window.is_full {
            self.note(&relation).await?;
            return Ok(true);
        }
        let account = match window.speaker {
            Speaker::Known(speaker) => relation.author.account.clone().filter(|account| *account == speaker),
            Speaker::New => {
                self.introduce(&relation.author).await?;
                None
            }
            Speaker::Contact => None,
        };
        let Relation { owner, author, id, of, sent, .. } = relation;
        let waiting = Reaction {
            owner,
            network: self.network.clone(),
            remote: id,
            peer: window.place,
            author_name: shortened(shown_name(&author)),
            author: author.user,
            account,
            target: of,
            sign: shortened(sign),
            sent,
        };
        let is_new = waiting.put(self.connection, self.now).await?;
        self.outcome.reactions_wait |= is_new;
        Ok(is_new)
    }

    pub(super) async fn removal(&mut self, relation: Relation) -> Result<bool, StoreFault> {
        if self.is_known(&relation).await? {
            return Ok(false);
        }
        let Relation { owner, of, .. } = &relation;
        if reaction::withdraw(self.connection, owner, self.network, of).await? {
            // It was never shown; handed in again, it must not come up after all.
            message_map::remember(self.connection, owner, self.network, of, Memory::KNOWN).await?;
            self.note(&relation).await?;
            return Ok(true);
        }
        let remembered = self.remembered(&relation).await?;
        let is_sign = remembered.as_ref().and_then(|of| of.gist.as_ref()).is_some_and(|gist| gist.sign.is_some());
        // Whoever removes it need not be heard for that.
        let was_unread = !is_sign && message_map::erase(self.connection, owner, self.network, of).await?;
        message_map::revise(self.connection, owner, self.network, of, None).await?;
        let Some(Remembered { message, gist: Some(gist), target }) = remembered else {
            self.note(&relation).await?;
            return Ok(true);
        };
        let Some(window) = self.window_of(&relation).await? else { return Ok(false) };
        if message == NEVER_SHOWN || window.attention == Attention::Nothing {
            self.note(&relation).await?;
            return Ok(true);
        }
        let content = match &gist.sign {
            Some(sign) => {
                let words = match target {
                    Some(target) => self.words(owner, &target).await?,
                    None => gist.words,
                };
                Content::unreacted(sign, &words)
            }
            // It may be on the screen already, without that being known here: so it is told all the same.
            None if was_unread => Content::deleted(""),
            None => Content::deleted(&gist.words),
        };
        self.tell(&relation, None, window, content).await?;
        Ok(true)
    }

    /// The first words of a message as they are remembered now; empty if they are not.
    async fn words(&mut self, owner: &Passport, message: &RemoteMessage) -> Result<String, StoreFault> {
        let remembered = message_map::find(self.connection, owner, self.network, message).await?;
        Ok(remembered.and_then(|remembered| remembered.gist).map(|gist| gist.words).unwrap_or_default())
    }

    async fn is_known(&mut self, relation: &Relation) -> Result<bool, StoreFault> {
        message_map::is_known(self.connection, &relation.owner, self.network, &relation.id).await
    }

    async fn remembered(&mut self, relation: &Relation) -> Result<Option<Remembered>, StoreFault> {
        message_map::find(self.connection, &relation.owner, self.network, &relation.of).await
    }

    async fn window_of(&mut self, relation: &Relation) -> Result<Option<Window>, StoreFault> {
        self.window(&relation.owner, &relation.place, &relation.author).await
    }

    /// Shows a line, and remembers that it was taken, and what it shows anew. Where too much waits already, it is not shown.
    async fn tell(
        &mut self,
        relation: &Relation,
        target: Option<&RemoteMessage>,
        window: Window,
        content: Content,
    ) -> Result<(), StoreFault> {
        if window.is_full {
            return self.note(relation).await;
        }
        let Relation { owner, author, id, sent, .. } = relation;
        let place = window.place.clone();
        let message = self.show(owner, window, Line { author, sent: *sent, content }).await?;
        let memory = Memory { message, peer: Some(&place), gist: None, target };
        message_map::remember(self.connection, owner, self.network, id, memory).await
    }

    /// Remembers that it was taken, though nothing is shown of it.
    async fn note(&mut self, relation: &Relation) -> Result<(), StoreFault> {
        message_map::remember(self.connection, &relation.owner, self.network, &relation.id, Memory::KNOWN).await
    }
}
