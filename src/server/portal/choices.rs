//! What an account chooses of how it is seen, and of what it is shown.

use domain::{
    Passport,
    account::{Prompt, Request},
    policy::Privacy,
};
use jiff::tz::TimeZone;
use store::RoomStyle;

use super::{Portal, PortalFault};

/// What an account has chosen, or what holds where it has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// Who may see and reach it.
    pub privacy: Privacy,
    /// Whether Messenger asks when somebody adds it.
    pub prompt: Prompt,
    /// Whether people of other networks see what it has read.
    pub receipts: bool,
    /// How rooms are shown.
    pub rooms: RoomStyle,
    /// Where it is, as an IANA name.
    pub time_zone: String,
}

impl Portal {
    /// What an account has chosen.
    pub async fn choices(&self, owner: &Passport) -> Result<Choices, PortalFault> {
        let (store, settings) = (&self.core.store, &self.core.settings);
        let record = store.load(owner).await?.ok_or(PortalFault::Unavailable)?;
        Ok(Choices {
            privacy: record.privacy,
            prompt: record.prompt,
            receipts: store.receipts(owner).await?.unwrap_or(settings.receipts),
            rooms: store.room_style(owner).await?.unwrap_or(settings.rooms),
            time_zone: store.time_zone(owner).await?.unwrap_or_else(|| "UTC".to_owned()),
        })
    }

    /// Has these be the account's choices from now on.
    pub async fn choose(&self, owner: &Passport, wanted: &Choices) -> Result<(), PortalFault> {
        let zone = TimeZone::get(wanted.time_zone.trim()).ok();
        let zone = zone.as_ref().and_then(TimeZone::iana_name).ok_or_else(|| {
            PortalFault::unfit("There is no such time zone. Names look like Europe/Berlin or America/New_York.")
        })?;
        let before = self.choices(owner).await?;
        let store = &self.core.store;
        if zone != before.time_zone {
            store.set_time_zone(owner, Some(zone)).await?;
            self.core.service.note_time_zone(owner, Some(zone));
        }
        if wanted.receipts != before.receipts {
            store.set_receipts(owner, Some(wanted.receipts)).await?;
        }
        if wanted.rooms != before.rooms {
            store.set_room_style(owner, Some(wanted.rooms)).await?;
        }
        if wanted.privacy != before.privacy {
            self.change(owner, Request::ChangePrivacy(wanted.privacy)).await?;
        }
        if wanted.prompt != before.prompt {
            self.change(owner, Request::ChangePrompt(wanted.prompt)).await?;
        }
        Ok(())
    }
}
