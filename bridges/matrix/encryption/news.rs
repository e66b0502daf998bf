//! What a transaction says of keys, as a homeserver with MSC3202 and MSC4203 pushes it. Pure.

use std::collections::BTreeMap;

use ruma::{
    OneTimeKeyAlgorithm, OwnedDeviceId, OwnedUserId, UInt, api::client::sync::sync_events::DeviceLists,
    events::AnyToDeviceEvent, serde::Raw,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// Of each user and each of their devices, something. Identities (cross-signing keys) stand among the devices: they are none.
type ByDevice<T> = BTreeMap<OwnedUserId, BTreeMap<OwnedDeviceId, T>>;

/// The parts of a transaction that are about keys. Each is read by itself, and what cannot be read is passed over: it never keeps the
/// homeserver from sending everything else, and is fetched when the machines catch up.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeyParts {
    to_device: Option<Box<RawValue>>,
    /// The same under its older name; a server may send both.
    #[serde(rename = "de.sorunome.msc2409.to_device")]
    older_to_device: Option<Box<RawValue>>,
    #[serde(rename = "org.matrix.msc3202.device_lists")]
    device_lists: Option<Box<RawValue>>,
    #[serde(rename = "org.matrix.msc3202.device_one_time_keys_count")]
    counts: Option<Box<RawValue>>,
    #[serde(rename = "org.matrix.msc3202.device_one_time_key_counts")]
    older_counts: Option<Box<RawValue>>,
    #[serde(rename = "org.matrix.msc3202.device_unused_fallback_key_types")]
    fallback: Option<Box<RawValue>>,
}

/// What a transaction says of keys.
#[derive(Debug, Default)]
pub(crate) struct KeyNews {
    /// What concerns one user each.
    pub(super) users: BTreeMap<OwnedUserId, UserNews>,
    /// Whose devices have changed, as far as any of our users has to know.
    pub(super) lists: DeviceLists,
}

/// What of it concerns one user, by device.
#[derive(Debug, Default)]
pub(super) struct UserNews {
    /// Messages to devices.
    pub(super) messages: BTreeMap<OwnedDeviceId, Vec<Raw<AnyToDeviceEvent>>>,
    /// How many one-time keys are left; absent is not none.
    pub(super) counts: BTreeMap<OwnedDeviceId, BTreeMap<OneTimeKeyAlgorithm, UInt>>,
    /// Which fallback keys are unused; absent is not none.
    pub(super) fallback: BTreeMap<OwnedDeviceId, Vec<OneTimeKeyAlgorithm>>,
}

#[derive(Deserialize)]
struct Addressed {
    to_user_id: OwnedUserId,
    to_device_id: OwnedDeviceId,
}

impl KeyNews {
    /// Reads the body of a transaction.
    pub(crate) fn read(body: &[u8]) -> Self {
        let parts = serde_json::from_slice::<KeyParts>(body);
        parts
            .inspect_err(|fault| tracing::warn!(%fault, "what a transaction says of keys cannot be read"))
            .unwrap_or_default()
            .news()
    }

    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty() && self.lists.is_empty()
    }
}

impl KeyParts {
    /// Puts them to whom they concern.
    fn news(self) -> KeyNews {
        let mut news = KeyNews { lists: read(self.device_lists.as_deref()), ..KeyNews::default() };
        let mut messages: Vec<Box<RawValue>> = read(self.to_device.as_deref());
        if messages.is_empty() {
            messages = read(self.older_to_device.as_deref());
        }
        for message in messages {
            let Ok(Addressed { to_user_id, to_device_id }) = serde_json::from_str(message.get()) else {
                tracing::warn!("a message to a device that cannot be read is passed over");
                continue;
            };
            let user = news.users.entry(to_user_id).or_default();
            user.messages.entry(to_device_id).or_default().push(Raw::from_json(message));
        }
        let counts: ByDevice<_> = read(self.counts.or(self.older_counts).as_deref());
        for (user, devices) in counts {
            news.users.entry(user).or_default().counts = devices;
        }
        let fallback: ByDevice<_> = read(self.fallback.as_deref());
        for (user, devices) in fallback {
            news.users.entry(user).or_default().fallback = devices;
        }
        news
    }
}

fn read<T: DeserializeOwned + Default>(part: Option<&RawValue>) -> T {
    let Some(part) = part else { return T::default() };
    serde_json::from_str(part.get())
        .inspect_err(
            |fault| tracing::warn!(%fault, "what a transaction says of keys cannot be read and is passed over"),
        )
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use ruma::{device_id, user_id};
    use serde_json::{Value, json};

    use super::*;

    fn news(parts: &Value) -> KeyNews {
        KeyNews::read(parts.to_string().as_bytes())
    }

    #[test]
    fn each_message_goes_to_its_device_once() {
        let message = |device: &str| {
            json!({ "type": "m.room.encrypted", "sender": "@alice:example.org", "content": {},
            "to_user_id": "@msn_a:example.org", "to_device_id": device })
        };
        let both = json!({ "to_device": [message("ONE"), 3, {}, message("TWO"), message("ONE")],
            "de.sorunome.msc2409.to_device": [message("ONE")] });
        let news = news(&both);
        let user = &news.users[user_id!("@msn_a:example.org")];
        assert_eq!((user.messages[device_id!("ONE")].len(), user.messages[device_id!("TWO")].len()), (2, 1));
        assert!(user.counts.is_empty() && user.fallback.is_empty(), "what is not said is not none");
        let older = self::news(&json!({ "de.sorunome.msc2409.to_device": [message("ONE")] }));
        assert_eq!(older.users.len(), 1);
    }

    #[test]
    fn counts_and_lists_are_read_each_by_itself() {
        let news = news(&json!({
            "org.matrix.msc3202.device_lists": { "changed": ["@alice:example.org"], "left": [] },
            "org.matrix.msc3202.device_one_time_keys_count": {
                "@msn_a:example.org": { "ONE": { "signed_curve25519": 49 }, "identity+key/as/if": {} } },
            "org.matrix.msc3202.device_one_time_key_counts": { "@msn_b:example.org": {} },
            "org.matrix.msc3202.device_unused_fallback_key_types": "nonsense", "to_device": {},
        }));
        assert_eq!(news.lists.changed, [user_id!("@alice:example.org")]);
        let user = &news.users[user_id!("@msn_a:example.org")];
        assert_eq!(user.counts[device_id!("ONE")][&OneTimeKeyAlgorithm::SignedCurve25519], UInt::from(49_u32));
        assert_eq!(news.users.len(), 1);
        assert!(self::news(&json!({})).is_empty());
    }
}
