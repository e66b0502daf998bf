//! What somebody says.

use bridge::{RemoteProfile, Reply};
use domain::{
    Content, Passport, RemoteMessage, Timestamp,
    contact::RemoteTarget,
    content::{Gist, Quote, shortened},
};

use super::{
    NOT_DELIVERED, Reception, TOO_MUCH_WAITS, shown_name,
    window::{Line, Window},
};
use crate::{
    Attention, StoreFault,
    message_map::{self, Memory, NEVER_SHOWN, OWN_NAME},
};

/// Something that somebody said.
pub(super) struct Spoken {
    pub(super) owner: Passport,
    pub(super) place: RemoteTarget,
    pub(super) author: RemoteProfile,
    pub(super) id: RemoteMessage,
    pub(super) sent: Timestamp,
    pub(super) content: Content,
    pub(super) reply: Option<Reply>,
    /// Whether it speaks to the owner in particular.
    pub(super) addressed: bool,
}

impl Reception<'_> {
    pub(super) async fn message(&mut self, spoken: Spoken) -> Result<bool, StoreFault> {
        let Spoken { owner, place, author, id, sent, content, reply, addressed } = spoken;
        if message_map::is_known(self.connection, &owner, self.network, &id).await? {
            return Ok(false);
        }
        let Some(window) = self.window(&owner, &place, &author).await? else {
            self.fail(owner, id, NOT_DELIVERED);
            return Ok(false);
        };
        let place = window.place.clone();
        let gist = Gist::of(&content, Some(author.user.clone()), &shortened(shown_name(&author)));
        let mut memory = Memory { message: NEVER_SHOWN, peer: Some(&place), gist: Some(&gist), target: None };
        let is_wanted = match window.attention {
            Attention::All => true,
            Attention::Mentions => addressed,
            Attention::Nothing => false,
        };
        if is_wanted && !window.is_full {
            let content = match reply {
                Some(reply) => self.answering(&owner, &window, content, reply).await?,
                None => content,
            };
            memory.message = self.show(&owner, window, Line { author: &author, sent, content }).await?;
        } else if is_wanted {
            self.outcome.kept_out.messages += 1;
            self.fail(owner.clone(), id.clone(), TOO_MUCH_WAITS);
        }
        message_map::remember(self.connection, &owner, self.network, &id, memory).await?;
        Ok(!is_wanted || memory.message != NEVER_SHOWN)
    }

    /// An answer with what it answers in front: as it is remembered here, or else as the network tells it.
    async fn answering(
        &mut self,
        owner: &Passport,
        window: &Window,
        content: Content,
        reply: Reply,
    ) -> Result<Content, StoreFault> {
        let remembered = message_map::find(self.connection, owner, self.network, &reply.to).await?;
        // A sign is nothing to be quoted.
        let gist = remembered.and_then(|remembered| remembered.gist).filter(|gist| gist.sign.is_none());
        let quote = match gist {
            Some(Gist { author: None, words, .. }) => Some(Quote { author: OWN_NAME.to_owned(), words }),
            Some(Gist { name, words, .. }) => Some(Quote { author: name, words }),
            None => reply.quoted.map(|Quote { author, words }| Quote { author, words: shortened(&words) }),
        };
        Ok(match quote {
            Some(quote) if window.is_room() => content.answering(&quote),
            // Between two it is clear enough who said it.
            Some(Quote { words, .. }) => content.answering(&Quote { author: String::new(), words }),
            None => content,
        })
    }
}
