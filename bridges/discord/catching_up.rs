//! Fetching what was said while nobody listened: by the last message that was taken in each place, in order, before anything newer.

use std::sync::Arc;

use domain::Timestamp;

use crate::{
    inward::{Cursors, Place, Task},
    model::{Channel, ChannelKind, Message, MessageId, Permissions, UserId},
    rest::{Around, BotRest},
    running::{Running, Stopping},
};

/// How many messages of a room are fetched at most, the newest: who was away for a week reads no more than that.
const MOST_IN_ROOM: usize = 200;
/// The same of a direct chat.
const MOST_IN_CHAT: usize = 500;
/// What is older than this is not fetched, in milliseconds: 30 days.
const OLDEST: u64 = 30 * 24 * 60 * 60 * 1000;
/// How many messages Discord gives at once.
const PAGE: u8 = 100;
/// How many messages are committed together.
const TOGETHER: usize = 20;

impl Running {
    /// Channels and threads were told of, with the last message that is in each. What is newer than what was taken there is
    /// fetched; of a place that is new to the bot, nothing that was said before.
    pub(crate) async fn look_at<'a>(self: &Arc<Self>, bot: UserId, channels: impl IntoIterator<Item = &'a Channel>) {
        let mut writes = Vec::new();
        let mut behind = Vec::new();
        let before = self.cursors.heard_before(bot);
        for channel in channels {
            if !holds_messages(channel.kind) {
                continue;
            }
            let place = Place { bot, channel: channel.id };
            let last = channel.last_message_id;
            let is_behind = if let Some(seen) = self.cursors.seen(place) {
                last.is_some_and(|last| last > seen)
            } else {
                // What was made while nobody listened could not be heard by anybody before.
                let is_younger = before.is_some_and(|before| channel.id.0 > before.0);
                let first = MessageId(channel.id.0.saturating_sub(1));
                let begin = if is_younger { first } else { last.unwrap_or(first) };
                writes.push(Cursors::write(place, begin));
                self.cursors.committed(place, begin);
                is_younger && last.is_some()
            };
            self.cursors.is_current(place);
            if is_behind {
                behind.push((place, last));
            }
        }
        // Should it fail, it is written with the first message of each.
        if !writes.is_empty()
            && let Err(fault) = self.host.write(writes).await
        {
            tracing::warn!(%bot, %fault, "how far a bot has heard could not be kept");
        }
        for (place, newest) in behind {
            self.wait_in_lane(place, Task::CatchUp { newest });
        }
    }

    /// A bot's new session tells nothing of its direct chats: they are asked.
    pub(crate) fn catch_up_direct_chats(self: &Arc<Self>, bot: UserId) {
        for place in self.directs.places(bot) {
            self.cursors.is_current(place);
            self.wait_in_lane(place, Task::CatchUp { newest: None });
        }
    }

    /// Something was left out, and nobody knows where.
    pub(crate) fn catch_up_everywhere(self: &Arc<Self>, bot: UserId) {
        self.cursors.behind(bot);
        for place in self.cursors.places(bot) {
            self.cursors.is_current(place);
            self.wait_in_lane(place, Task::CatchUp { newest: None });
        }
    }

    /// Behind which message a direct chat is heard that was not known: what came there since the bot heard anything before its
    /// present session is news. `last`: what stood there before, all of which is old to a bot that had heard nothing.
    pub(crate) fn begin_of_chat(&self, place: Place, last: Option<MessageId>) -> MessageId {
        let first = MessageId(place.channel.0.saturating_sub(1));
        self.cursors.heard_before(place.bot).map_or_else(|| last.unwrap_or(first), |before| before.max(first))
    }

    /// Fetches what was said in a place since the last message that was taken there.
    pub(crate) async fn catch_up(&self, place: Place, newest: Option<MessageId>) -> Result<(), Stopping> {
        let Some(seen) = self.cursors.seen(place) else { return Ok(()) };
        if newest.is_some_and(|newest| newest <= seen) {
            return Ok(());
        }
        let Some(kind) = self.kind_of(place, None) else { return Ok(()) };
        let is_direct = kind.guild().is_none();
        let may_read = Permissions(Permissions::VIEW_CHANNEL.0 | Permissions::READ_MESSAGE_HISTORY.0);
        if !is_direct && !self.roster.may(place.bot, place.channel, may_read) {
            tracing::debug!(bot = %place.bot, channel = %place.channel, "what was missed here may not be read");
            return Ok(());
        }
        let most = if is_direct { MOST_IN_CHAT } else { MOST_IN_ROOM };
        let Some(missed) = self.missed(place, seen, most).await? else { return Ok(()) };
        if missed.messages.is_empty() {
            return Ok(());
        }
        let count = missed.messages.len();
        tracing::info!(bot = %place.bot, channel = %place.channel, count, all = !missed.cut, "catching up");
        let mut after_gap = missed.cut;
        let mut messages = missed.messages.into_iter();
        loop {
            let mut some: Vec<Message> = messages.by_ref().take(TOGETHER).collect();
            if some.is_empty() {
                return Ok(());
            }
            // What is fetched does not say of which guild it is, and the roster may have lost the channel meanwhile.
            for message in &mut some {
                message.guild_id = kind.guild();
            }
            self.take_messages(place, some, std::mem::take(&mut after_gap)).await?;
        }
    }

    /// The newest messages behind `seen`, at most so many, oldest first. `None`: Discord does not give them.
    async fn missed(&self, place: Place, seen: MessageId, most: usize) -> Result<Option<Missed>, Stopping> {
        let Some(voice) = self.bots.get(place.bot) else { return Ok(None) };
        let mut missed = Missed::new(seen, most, self.host.now());
        let mut around = Around::Latest;
        loop {
            let ask = |rest: BotRest| async move { rest.history(place.channel, around, PAGE).await };
            let Some(page) = self.insist(&voice, "history", ask).await? else { return Ok(None) };
            match missed.add(page) {
                Some(oldest) => around = Around::Before(oldest),
                None => return Ok(Some(missed)),
            }
        }
    }
}

/// What was missed in a place.
struct Missed {
    /// The last that was taken.
    seen: MessageId,
    most: usize,
    now: Timestamp,
    /// Oldest first.
    messages: Vec<Message>,
    /// Whether more was said than these.
    cut: bool,
}

impl Missed {
    const fn new(seen: MessageId, most: usize, now: Timestamp) -> Self {
        Self { seen, most, now, messages: Vec::new(), cut: false }
    }

    /// Puts a page, oldest first, before what there is. Says before which message the next page has to be, if one is needed.
    fn add(&mut self, page: Vec<Message>) -> Option<MessageId> {
        let is_full = page.len() >= usize::from(PAGE);
        let oldest = page.first().map(|message| message.id);
        let reaches = page.iter().any(|message| message.id <= self.seen);
        let wanted = |message: &Message| message.id > self.seen && self.now.since(message.id.made()) <= OLDEST;
        let has_old = page.iter().any(|message| message.id > self.seen && !wanted(message));
        let mut earlier: Vec<Message> = page.into_iter().filter(wanted).collect();
        earlier.append(&mut self.messages);
        self.messages = earlier;
        if self.messages.len() > self.most {
            self.cut = true;
            self.messages.drain(..self.messages.len() - self.most);
            return None;
        }
        self.cut = has_old;
        if reaches || has_old || !is_full { None } else { oldest }
    }
}

/// Whether messages stand there.
const fn holds_messages(kind: ChannelKind) -> bool {
    match kind {
        ChannelKind::Text
        | ChannelKind::Direct
        | ChannelKind::Voice
        | ChannelKind::Announcement
        | ChannelKind::Thread
        | ChannelKind::Stage => true,
        ChannelKind::Category | ChannelKind::Forum | ChannelKind::Other => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60 * 1000;

    /// A message of this age, in days, and of this number within the day.
    fn id(days: u64, number: u64) -> MessageId {
        MessageId((((1000 - days) * DAY) << 22) + number)
    }

    fn now() -> Timestamp {
        id(0, 0).made()
    }

    fn page(ids: impl IntoIterator<Item = MessageId>) -> Vec<Message> {
        ids.into_iter().map(|id| Message { id, ..Message::default() }).collect()
    }

    fn first_and_last(missed: &Missed) -> (Option<MessageId>, Option<MessageId>, bool) {
        (missed.messages.first().map(|it| it.id), missed.messages.last().map(|it| it.id), missed.cut)
    }

    #[test]
    fn a_short_page_is_all_there_is() {
        let mut missed = Missed::new(id(2, 0), 200, now());
        assert_eq!(missed.add(page([id(3, 0), id(2, 0), id(1, 1), id(1, 2)])), None);
        assert_eq!(first_and_last(&missed), (Some(id(1, 1)), Some(id(1, 2)), false));
    }

    #[test]
    fn pages_are_asked_for_until_what_was_seen_is_reached() {
        let mut missed = Missed::new(id(2, 50), 200, now());
        assert_eq!(missed.add(page((0..100).map(|number| id(1, number)))), Some(id(1, 0)));
        assert_eq!(missed.add(page((0..100).map(|number| id(2, number)))), None);
        assert_eq!((missed.messages.len(), first_and_last(&missed)), (149, (Some(id(2, 51)), Some(id(1, 99)), false)));
    }

    #[test]
    fn of_too_many_the_newest_are_kept_and_it_is_known_that_there_were_more() {
        let mut missed = Missed::new(id(20, 0), 150, now());
        assert_eq!(missed.add(page((0..100).map(|number| id(1, number)))), Some(id(1, 0)));
        assert_eq!(missed.add(page((0..100).map(|number| id(2, number)))), None);
        assert_eq!((missed.messages.len(), first_and_last(&missed)), (150, (Some(id(2, 50)), Some(id(1, 99)), true)));
    }

    #[test]
    fn what_is_too_old_is_left_out() {
        let mut missed = Missed::new(id(90, 0), 200, now());
        assert_eq!(missed.add(page([id(80, 0), id(40, 0), id(29, 0)])), None);
        assert_eq!(first_and_last(&missed), (Some(id(29, 0)), Some(id(29, 0)), true));
    }
}
