//! What accounts have set that Messenger knows nothing of.

use std::collections::BTreeMap;

use domain::{NetworkName, Passport, presence::Sharing};

use crate::{Store, StoreFault, account, word};

const TIME_ZONE: &str = "time zone";
const ROOMS: &str = "rooms";
const RECEIPTS: &str = "receipts";
/// The network's name stands after it.
const SHARING: &str = "sharing ";

/// How rooms are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomStyle {
    /// The room speaks, and each line begins with the speaker's name.
    Prefixed,
    /// Those who speak take part.
    Members,
}

impl Store {
    /// The account's time zone, as an IANA name; `None` if none was set.
    pub async fn time_zone(&self, owner: &Passport) -> Result<Option<String>, StoreFault> {
        self.setting(owner, TIME_ZONE).await
    }

    /// Sets the account's time zone, an IANA name, or takes it away.
    pub async fn set_time_zone(&self, owner: &Passport, zone: Option<&str>) -> Result<(), StoreFault> {
        self.set(owner, TIME_ZONE, zone.map(str::to_owned)).await
    }

    /// How the account wants rooms to be shown; `None` if it has not said.
    pub async fn room_style(&self, owner: &Passport) -> Result<Option<RoomStyle>, StoreFault> {
        Ok(match self.setting(owner, ROOMS).await?.as_deref() {
            Some("prefixed") => Some(RoomStyle::Prefixed),
            Some("members") => Some(RoomStyle::Members),
            _ => None,
        })
    }

    /// Sets how the account wants rooms to be shown, or takes that away.
    pub async fn set_room_style(&self, owner: &Passport, style: Option<RoomStyle>) -> Result<(), StoreFault> {
        let word = style.map(|style| match style {
            RoomStyle::Prefixed => "prefixed",
            RoomStyle::Members => "members",
        });
        self.set(owner, ROOMS, word.map(str::to_owned)).await
    }

    /// Whether the account lets others see what it has read; `None` if it has not said.
    pub async fn receipts(&self, owner: &Passport) -> Result<Option<bool>, StoreFault> {
        Ok(match self.setting(owner, RECEIPTS).await?.as_deref() {
            Some("on") => Some(true),
            Some("off") => Some(false),
            _ => None,
        })
    }

    /// Sets whether the account lets others see what it has read, or takes that away.
    pub async fn set_receipts(&self, owner: &Passport, receipts: Option<bool>) -> Result<(), StoreFault> {
        let word = receipts.map(|receipts| if receipts { "on" } else { "off" });
        self.set(owner, RECEIPTS, word.map(str::to_owned)).await
    }

    /// How much of the account's presence networks see, of those for which it has said so. Networks that are off are among them.
    pub async fn sharing(&self, owner: &Passport) -> Result<BTreeMap<NetworkName, Sharing>, StoreFault> {
        let kept: Vec<(String, String)> =
            sqlx::query_as("SELECT key, value FROM account_setting WHERE owner = $1 AND key LIKE $2")
                .bind(owner.as_str())
                .bind(format!("{SHARING}%"))
                .fetch_all(&self.readers)
                .await?;
        let of_networks = kept.iter().filter_map(|(key, value)| Some((key.strip_prefix(SHARING)?, value)));
        of_networks
            .map(|(network, value)| {
                // What a later version has kept is not known here: never more is shown than was let.
                Ok((word::network("account_setting", network)?, value.parse().unwrap_or(Sharing::Nothing)))
            })
            .collect()
    }

    /// Sets how much of the account's presence a network sees.
    pub async fn set_sharing(
        &self,
        owner: &Passport,
        network: &NetworkName,
        sharing: Sharing,
    ) -> Result<(), StoreFault> {
        self.set(owner, &format!("{SHARING}{network}"), Some(sharing.word().to_owned())).await
    }

    async fn setting(&self, owner: &Passport, key: &str) -> Result<Option<String>, StoreFault> {
        Ok(sqlx::query_scalar("SELECT value FROM account_setting WHERE owner = $1 AND key = $2")
            .bind(owner.as_str())
            .bind(key)
            .fetch_optional(&self.readers)
            .await?)
    }

    async fn set(&self, owner: &Passport, key: &str, value: Option<String>) -> Result<(), StoreFault> {
        let (owner, key) = (owner.clone(), key.to_owned());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    if account::name(connection, &owner).await?.is_none() {
                        return Err(StoreFault::UnknownAccount(owner));
                    }
                    let query = match value {
                        Some(value) => sqlx::query(
                            "INSERT INTO account_setting (owner, key, value) VALUES ($1, $2, $3)
                             ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value",
                        )
                        .bind(owner.as_str())
                        .bind(key)
                        .bind(word::text(&value)),
                        None => sqlx::query("DELETE FROM account_setting WHERE owner = $1 AND key = $2")
                            .bind(owner.as_str())
                            .bind(key),
                    };
                    query.execute(connection).await?;
                    Ok(())
                })
            })
            .await
    }
}
