//! What is said of what was said before: changes, signs, removals.

use bridge::RemoteProfile;
use domain::{
    Content, Passport, RemoteMessage, Timestamp,
    contact::RemoteTarget,
    content::{Gist, shortened},
};

use super::{
    Reception, shown_name,
    window::{Line, Speaker, Window},
};
use crate::{
    Attention, StoreFault,
    message_map::{self, Memory, Remembered},
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
        if said.is_some() && !is_unchanged {
            let name = shortened(shown_name(&relation.author));
            let gist = Gist::of(&content, Some(relation.author.user.clone()), &name);
            let Relation { owner, of, .. } = &relation;
            message_map::revise(self.connection, owner, self.network, of, Some(&gist)).await?;
        }
        let is_wanted = match window.attention {
            Attention::All => true,
            Attention::Mentions => of.is_some_and(|of| of.was_shown()),
            Attention::Nothing => false,
        };
        if is_unchanged || !is_wanted {
            self.note(&relation).await?;
        } else {
            self.tell(&relation, window, content.changed()).await?;
        }
        Ok(true)
    }

    pub(super) async fn reaction(&mut self, relation: Relation, sign: &str) -> Result<bool, StoreFault> {
        if self.is_known(&relation).await? {
            return Ok(false);
        }
        let Some(window) = self.window_of(&relation).await? else { return Ok(false) };
        let said = self.remembered(&relation).await?.and_then(|of| of.gist);
        let is_wanted = match window.attention {
            Attention::All => true,
            // A sign on what the owner said speaks to the owner.
            Attention::Mentions => said.as_ref().is_some_and(|said| said.author.is_none()),
            Attention::Nothing => false,
        };
        if !is_wanted || window.is_full {
            self.note(&relation).await?;
            return Ok(true);
        }
        if let Speaker::New = window.speaker {
            self.introduce(&relation.author).await?;
        }
        let Relation { owner, author, id, of, sent, .. } = relation;
        let waiting = Reaction {
            owner,
            network: self.network.clone(),
            remote: id,
            peer: window.peer,
            author_name: shortened(shown_name(&author)),
            author: author.user,
            target: of,
            words: said.map(|said| said.words).unwrap_or_default(),
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
        let Some(Remembered { message, gist: Some(gist) }) = self.remembered(&relation).await? else {
            self.note(&relation).await?;
            return Ok(true);
        };
        let Some(window) = self.window_of(&relation).await? else { return Ok(false) };
        message_map::revise(self.connection, owner, self.network, of, None).await?;
        let was_shown = Remembered { message, gist: None }.was_shown();
        if was_shown && window.attention != Attention::Nothing {
            let content = match &gist.sign {
                Some(sign) => Content::unreacted(sign, &gist.words),
                None => Content::deleted(&gist.words),
            };
            self.tell(&relation, window, content).await?;
        } else {
            self.note(&relation).await?;
        }
        Ok(true)
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

    /// Shows a line, and remembers that it was taken. Where too much waits already, it is not shown.
    async fn tell(&mut self, relation: &Relation, window: Window, content: Content) -> Result<(), StoreFault> {
        if window.is_full {
            return self.note(relation).await;
        }
        let Relation { owner, author, id, sent, .. } = relation;
        let peer = window.peer.clone();
        let message = self.show(owner, window, Line { author, sent: *sent, content }).await?;
        let memory = Memory { message, peer: Some(&peer), gist: None };
        message_map::remember(self.connection, owner, self.network, id, memory).await
    }

    /// Remembers that it was taken, though nothing is shown of it.
    async fn note(&mut self, relation: &Relation) -> Result<(), StoreFault> {
        message_map::remember(self.connection, &relation.owner, self.network, &relation.id, Memory::KNOWN).await
    }
}
