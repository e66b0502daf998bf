//! Making the direct room of an account and a person.

use domain::Passport;
use ruma::{OwnedRoomId, UserId};

use crate::{appservice::Appservice, homeserver::Trouble, intent::rooms::Occasion};

impl Appservice {
    /// Makes a direct room of the account's ghost, which asks the person in. Nothing is kept of it yet.
    pub(crate) async fn make_room(
        &self,
        owner: &Passport,
        other: &UserId,
        occasion: Occasion,
    ) -> Result<OwnedRoomId, Trouble> {
        let Some(ghost) = self.configuration.names.ghost(owner) else {
            return Err(Trouble::Refused {
                status: 0,
                errcode: "M_INVALID_USERNAME".into(),
                message: format!("{owner} is too long to become a Matrix id; use a shorter address"),
            });
        };
        let making = &self.configuration.room_making;
        let room = self.homeserver.acting_as(&ghost).make_room(owner, other, occasion, making).await?;
        if making.with_bot {
            self.bot.asked_by_ghost(room.clone());
        }
        Ok(room)
    }
}
