//! The window in which an account is shown something, and the line that shows it.

use bridge::RemoteProfile;
use domain::{
    Content, Lists, Passport, Timestamp,
    contact::{List, RemoteTarget},
    conversation::MessageId,
};

use super::Reception;
use crate::{
    Attention, StoreFault,
    address::{self, Introduction},
    entry, merged,
    message::{self, Arrived},
    word,
};

/// The window of a contact, as its owner has it.
pub(super) struct Window {
    /// The contact whose window it is.
    pub(super) peer: Passport,
    /// The address of the place whose lines are shown there: that contact, or one that was merged into it.
    pub(super) place: Passport,
    /// Who speaks there.
    pub(super) speaker: Speaker,
    /// How much the owner wants to see of it.
    pub(super) attention: Attention,
    /// Whether as many lines wait there as may, with those that reactions will be.
    pub(super) is_full: bool,
}

/// Who speaks in a window.
pub(super) enum Speaker {
    /// The contact itself.
    Contact,
    /// Somebody in a room, who has this address: that of an account, where it is one.
    Known(Passport),
    /// Somebody in a room, who has no address yet.
    New,
}

impl Window {
    pub(super) const fn is_room(&self) -> bool {
        !matches!(self.speaker, Speaker::Contact)
    }
}

/// A line to be shown.
pub(super) struct Line<'a> {
    pub(super) author: &'a RemoteProfile,
    pub(super) sent: Timestamp,
    pub(super) content: Content,
}

impl Reception<'_> {
    /// The window of a place, opened now if there was none; `None` where the owner blocks the contact, or who speaks there.
    pub(super) async fn window(
        &mut self,
        owner: &Passport,
        place: &RemoteTarget,
        author: &RemoteProfile,
    ) -> Result<Option<Window>, StoreFault> {
        let mut kept = self.kept_window(owner, place).await?;
        if kept.is_none() {
            let is_theirs = matches!(place, RemoteTarget::Person(user) if *user == author.user);
            let introduction = if is_theirs { author.clone().into() } else { Introduction::nameless(place.clone()) };
            self.allot(&introduction).await?;
            // The owner may have written the address down before anybody had it.
            kept = self.kept_window(owner, place).await?;
        }
        let Some((mut window, false)) = kept else { return Ok(None) };
        if let RemoteTarget::Room(_) = place {
            let person = RemoteTarget::Person(author.user.clone());
            let account = self.account(author).await?;
            let address = address::find(self.connection, self.network, &person).await?;
            for speaker in account.iter().chain(&address) {
                if self.blocks(owner, speaker).await? {
                    return Ok(None);
                }
            }
            window.speaker = account.or(address).map_or(Speaker::New, Speaker::Known);
        }
        Ok(Some(window))
    }

    /// The window of a place that has an address, and whether the owner blocks it or the contact as which it is shown. All in one
    /// statement: this happens at every line that comes in.
    async fn kept_window(
        &mut self,
        owner: &Passport,
        place: &RemoteTarget,
    ) -> Result<Option<(Window, bool)>, StoreFault> {
        type Row = (String, Option<String>, Option<String>, Option<i64>, Option<i64>, Option<String>, i64);
        let (kind, id) = word::target_words(place);
        let row: Option<Row> = sqlx::query_as(
            "SELECT address.passport, merged.whole, shown.network, contact.lists, whole.lists, contact_setting.value,
                    (SELECT COUNT(*) FROM delivery
                     WHERE delivery.owner = $1 AND delivery.peer IN (address.passport, merged.whole))
                    + (SELECT COUNT(DISTINCT reaction.target) FROM reaction
                       WHERE reaction.owner = $1 AND reaction.peer = address.passport)
             FROM address
             LEFT JOIN merged ON merged.owner = $1 AND merged.passport = address.passport
             LEFT JOIN address AS shown ON shown.passport = merged.whole
             LEFT JOIN contact ON contact.owner = $1 AND contact.passport = address.passport
             LEFT JOIN contact AS whole ON whole.owner = $1 AND whole.passport = merged.whole
             LEFT JOIN contact_setting ON contact_setting.owner = $1 AND contact_setting.passport = address.passport
                                       AND contact_setting.key = 'attention'
             WHERE address.network = $2 AND address.kind = $3 AND address.target = $4",
        )
        .bind(owner.as_str())
        .bind(self.network.as_str())
        .bind(kind)
        .bind(id)
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|(place, whole, network, lists, whole_lists, attention, waiting)| {
            let place = word::passport("address", &place)?;
            let peer = merged::whole_of(self.networks, place.clone(), whole.zip(network))?;
            let is_blocking = |lists: Option<i64>| {
                Ok::<_, StoreFault>(lists.map_or(Ok(Lists::NONE), word::lists)?.contains(List::Block))
            };
            // Each may have been blocked while the network of the other one was off.
            let is_blocked = is_blocking(lists)? || is_blocking(whole_lists.filter(|_| peer != place))?;
            let window = Window {
                peer,
                place,
                speaker: Speaker::Contact,
                attention: Attention::of(attention.as_deref()),
                is_full: waiting >= i64::from(self.bounds.waiting_messages),
            };
            Ok((window, is_blocked))
        })
        .transpose()
    }

    pub(super) async fn blocks(&mut self, owner: &Passport, contact: &Passport) -> Result<bool, StoreFault> {
        Ok(entry::find(self.connection, owner, contact).await?.is_some_and(|entry| entry.is_blocked()))
    }

    /// Lets a line wait for the owner.
    pub(super) async fn show(
        &mut self,
        owner: &Passport,
        window: Window,
        line: Line<'_>,
    ) -> Result<MessageId, StoreFault> {
        let Line { author, sent, content } = line;
        let speaker = match window.speaker {
            Speaker::Contact => None,
            Speaker::Known(speaker) => Some(speaker),
            Speaker::New => self.introduce(author).await?,
        };
        let author_name = super::shown_name(author);
        let id = self.numbers.give();
        let arrived = Arrived { id, author_name, speaker: speaker.as_ref(), sent, content };
        message::keep_content(self.connection, owner, &window.peer, arrived).await?;
        let pair = (owner.clone(), window.peer);
        if !self.outcome.rung.contains(&pair) {
            self.outcome.rung.push(pair);
        }
        Ok(id)
    }

    /// An address for somebody who speaks in a room; `None` where none can be made, and the room has to speak for them. A name that
    /// they have there only is never taken for somebody who has an address: see [`address::allot`].
    pub(super) async fn introduce(&mut self, author: &RemoteProfile) -> Result<Option<Passport>, StoreFault> {
        match self.allot(&author.clone().into()).await {
            Ok(speaker) => Ok(Some(speaker)),
            Err(StoreFault::NoAddress(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}
