//! What was said in a room before the ghost came. Synapse pushes a room's events only while one of our users is in it, so
//! this has to be read; until it is, the chat says so, and a restart begins anew.

use bridge::{Batch, Failure};
use ruma::{OwnedRoomId, RoomId};

use crate::{
    appservice::{Appservice, host_failure},
    chat::{Pair, Past},
    homeserver::Trouble,
    receiving,
    transaction::{Happening, Transaction},
};

impl Appservice {
    /// Reads the past of the rooms in which the pair's ghost is new. What is known already is left out by its id.
    pub(crate) async fn catch_up(&self, pair: &Pair) -> Result<(), Failure> {
        let unread: Vec<OwnedRoomId> = self.chats.latest(pair).await.unread().cloned().collect();
        for room in unread {
            if let Err(failure) = self.read_past(pair, &room).await {
                // What is said from now on must not wait for a homeserver that cannot show what is older.
                self.change(pair, |chat| {
                    if matches!(chat.past(&room), Some(Past::Unread { .. })) {
                        chat.set_past(&room, Past::Overtaken);
                    }
                })
                .await?;
                return Err(failure);
            }
        }
        Ok(())
    }

    async fn read_past(&self, pair: &Pair, room: &RoomId) -> Result<(), Failure> {
        let ghost = self.ghost(&pair.owner)?;
        let ghost = self.homeserver.acting_as(&ghost);
        loop {
            let chat = self.chats.latest(pair).await;
            let past = chat.past(room);
            if matches!(past, None | Some(Past::Known)) {
                return Ok(());
            }
            let events = match ghost.since_invited(room).await {
                Ok(events) => events,
                Err(trouble @ Trouble::Refused { .. }) => {
                    tracing::warn!(owner = %pair.owner, %room, %trouble, "what was said before the ghost came is not shown");
                    Vec::new()
                }
                Err(trouble) => return Err(trouble.into()),
            };
            let happenings = Transaction::of(events).happenings(&self.configuration.names, self.host.now());
            let said = happenings.into_iter().filter_map(|happening| match happening {
                Happening::Said { user, id, sent, content, .. } => {
                    Some(receiving::message(pair, &chat.name, &user, &id, sent, &content))
                }
                Happening::Invited { .. }
                | Happening::Removed { .. }
                | Happening::Made { .. }
                | Happening::Present { .. }
                | Happening::Gone { .. }
                | Happening::Typing { .. }
                | Happening::Seen { .. } => None,
            });
            let arrivals = said.collect();
            let mut draft = self.chats.begin().await;
            let chat = draft.chat(pair);
            // What was said while this was read may not be in it: then it is read once more.
            if chat.past(room) == past {
                chat.set_past(room, Past::Known);
            }
            let writes = draft.writes();
            self.host.accept(Batch { arrivals, writes }).await.map_err(|fault| host_failure(&fault))?;
            draft.committed();
        }
    }
}
