//! How one user of ours looks to everybody.

use ruma::{
    MxcUri,
    api::client::{
        presence::{get_presence, set_presence},
        profile::set_profile_field,
    },
    presence::PresenceState,
    profile::ProfileFieldValue,
};

use super::{Intent, done};
use crate::{homeserver::Trouble, presence::Shown};

/// The longest display name that Synapse takes, in characters.
const LONGEST_NAME: usize = 256;

impl Intent<'_> {
    /// Sets the display name, cut to what a homeserver takes.
    pub(crate) async fn set_name(&self, name: &str) -> Result<(), Trouble> {
        self.set(ProfileFieldValue::DisplayName(name.chars().take(LONGEST_NAME).collect())).await
    }

    /// Sets the avatar; `None` takes it away.
    pub(crate) async fn set_avatar(&self, avatar: Option<&MxcUri>) -> Result<(), Trouble> {
        // An empty address takes it away everywhere; removing a field is newer than many homeservers.
        self.set(ProfileFieldValue::AvatarUrl(avatar.map_or_else(|| "".into(), ToOwned::to_owned))).await
    }

    async fn set(&self, value: ProfileFieldValue) -> Result<(), Trouble> {
        done(self.ask(set_profile_field::v3::Request::new(self.user.to_owned(), value)).await)
    }

    /// Shows this presence; it fades after about half a minute unless it is offline.
    pub(crate) async fn set_presence(&self, shown: &Shown) -> Result<(), Trouble> {
        let (state, line) = shown.in_words(self.homeserver.takes_busy());
        let mut request = set_presence::v3::Request::new(self.user.to_owned(), state);
        request.status_msg = Some(line);
        done(self.ask(request).await)
    }

    /// Whether the homeserver says that this user, who was just shown as online, is online.
    pub(crate) async fn is_seen_online(&self) -> Result<bool, Trouble> {
        let answer = self.ask(get_presence::v3::Request::new(self.user.to_owned())).await?;
        Ok(answer.presence != PresenceState::Offline)
    }
}
