//! Looking whether a homeserver lets us take part in encrypted rooms.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bridge::Fault;
use ruma::{
    DeviceId, OwnedDeviceId, OwnedUserId, TransactionId, UserId,
    api::client::{account::whoami, to_device::send_event_to_device},
    events::AnyToDeviceEventContent,
    serde::Raw,
    to_device::DeviceIdOrAllDevices,
};
use serde_json::value::to_raw_value;
use tokio::sync::watch;

use super::{DEVICE, Encryption, news::KeyNews, publishing::MAKE_DEVICES};
use crate::{
    configuration::Configuration,
    homeserver::{Homeserver, Trouble},
};

/// How long messages that are sent to a device may be on their way to us.
const ON_THEIR_WAY: Duration = Duration::from_secs(12);
/// After how long another is sent: while it recovers from not having reached us, as when nobody listened yet, Synapse drops them.
const ANOTHER: Duration = Duration::from_secs(2);
/// What Synapse has to have switched on to push keys.
const PUSH_KEYS: &str = "write msc2409_to_device_messages_enabled: true and msc3202_transaction_extensions: true under \
    experimental_features in homeserver.yaml, make the registration again (chrysalis registration; it holds org.matrix.msc3202: true), \
    give it to the homeserver and restart it";

/// Looks out for the message of a check among what is pushed.
#[derive(Default)]
pub(super) struct Probe {
    expected: Mutex<Option<(OwnedUserId, OwnedDeviceId)>>,
    seen: watch::Sender<Option<Seen>>,
}

/// What a transaction had that brought the message of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// How many keys are left.
    counts: bool,
}

impl Probe {
    /// Looks at what a transaction brought.
    pub(super) fn look(&self, news: &KeyNews) {
        let expected = self.expected();
        let Some((user, device)) = &*expected else { return };
        let Some(user) = news.users.get(user).filter(|user| user.messages.contains_key(device)) else { return };
        self.seen.send_replace(Some(Seen { counts: !user.counts.is_empty() }));
    }

    fn expected(&self) -> MutexGuard<'_, Option<(OwnedUserId, OwnedDeviceId)>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything that keeps our users from taking part in encrypted rooms. Where the bridge is `running`, it is tried whether keys are
/// pushed to it.
pub(crate) async fn check(
    configuration: &Configuration,
    homeserver: &Homeserver,
    running: Option<&Encryption>,
) -> Vec<Fault> {
    if !configuration.encryption.ghosts {
        return Vec::new();
    }
    let bot = configuration.names.bot();
    let device = OwnedDeviceId::from(format!("{DEVICE}CHECK"));
    let intent = homeserver.acting_as(bot);
    let mut faults = Vec::new();
    match intent.make_device(&device, "Chrysalis, being checked").await {
        Ok(()) => {
            faults.extend(speaks_as_device(homeserver, bot, &device).await.err());
            if let Some(running) = running {
                // The bot may have one, and a ghost be refused.
                faults.extend(running.fault().map(|problem| fault(&problem, "see the homeserver's log")));
                faults.extend(running.is_pushed_to(bot, &device).await.err());
            }
        }
        Err(trouble @ Trouble::Refused { .. }) => faults.push(fault(&trouble.to_string(), MAKE_DEVICES)),
        Err(trouble) => faults.push(fault(&trouble.to_string(), "see the homeserver's log")),
    }
    if let Err(trouble) = intent.delete_device(&device).await {
        tracing::debug!(%trouble, "the device of a check stays");
    }
    faults
}

/// Whether the homeserver lets us speak as a device (MSC4326): else none of ours could ever be given keys.
async fn speaks_as_device(homeserver: &Homeserver, bot: &UserId, device: &DeviceId) -> Result<(), Fault> {
    match homeserver.acting_from(bot, device).ask(whoami::v3::Request::new()).await {
        Ok(answer) if answer.device_id.as_deref() == Some(device) => Ok(()),
        Ok(_) => Err(fault("the homeserver does not let us speak as a device that it has made", MAKE_DEVICES)),
        Err(trouble) => Err(fault(&trouble.to_string(), MAKE_DEVICES)),
    }
}

fn fault(problem: &str, mend: &str) -> Fault {
    Fault { subject: "encryption".to_owned(), problem: problem.to_owned(), mend: mend.to_owned() }
}

impl Encryption {
    /// Whether what is sent to a device of the bot is pushed to us, with what the machines have to know.
    async fn is_pushed_to(&self, bot: &UserId, device: &DeviceId) -> Result<(), Fault> {
        *self.probe.expected() = Some((bot.to_owned(), device.to_owned()));
        let mut seen = self.probe.seen.subscribe();
        self.probe.seen.send_replace(None);
        let sending = async {
            loop {
                self.send_probe(bot, device).await?;
                if tokio::time::timeout(ANOTHER, seen.wait_for(Option::is_some)).await.is_ok() {
                    return Ok::<(), Trouble>(());
                }
            }
        };
        let outcome = tokio::time::timeout(ON_THEIR_WAY, sending).await;
        *self.probe.expected() = None;
        if let Ok(Err(trouble)) = &outcome {
            return Err(fault(&trouble.to_string(), "see the homeserver's log"));
        }
        let counts = self.probe.seen.borrow().is_some_and(|seen| seen.counts);
        match (outcome.is_ok(), counts) {
            (true, true) => Ok(()),
            (true, false) => Err(fault(
                "the homeserver does not push how many keys are left and whose devices change, so that these are asked for every few \
                 minutes (an advice: encrypted rooms work)",
                PUSH_KEYS,
            )),
            (false, _) => Err(fault(
                "the homeserver does not push keys, so that each is asked for when it is missed, and words in encrypted rooms come \
                 seconds late (an advice: encrypted rooms work)",
                PUSH_KEYS,
            )),
        }
    }

    async fn send_probe(&self, bot: &UserId, device: &DeviceId) -> Result<(), Trouble> {
        let content = to_raw_value(&serde_json::json!({})).map_err(|fault| Trouble::Unreadable(fault.to_string()))?;
        let content: Raw<AnyToDeviceEventContent> = Raw::from_json(content);
        let to_device = std::iter::once((DeviceIdOrAllDevices::DeviceId(device.to_owned()), content)).collect();
        let messages = std::iter::once((bot.to_owned(), to_device)).collect();
        let request =
            send_event_to_device::v3::Request::new_raw("im.chrysalis.check".into(), TransactionId::new(), messages);
        self.homeserver.acting_from(bot, device).send_to_devices(request).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use ruma::{owned_device_id, owned_user_id};
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_message_of_the_check_counts() {
        let probe = Probe::default();
        let look = |device: &str, counts: bool| {
            let mut parts = json!({ "to_device": [{ "to_user_id": "@bot:example.org", "to_device_id": device }] });
            if counts {
                parts["org.matrix.msc3202.device_one_time_keys_count"] = json!({ "@bot:example.org": { device: {} } });
            }
            probe.look(&KeyNews::read(parts.to_string().as_bytes()));
            *probe.seen.borrow()
        };
        assert_eq!(look("CHECK", true), None, "nothing is expected");
        *probe.expected() = Some((owned_user_id!("@bot:example.org"), owned_device_id!("CHECK")));
        assert_eq!(look("ANOTHER", true), None);
        assert_eq!(look("CHECK", false), Some(Seen { counts: false }));
        assert_eq!(look("CHECK", true), Some(Seen { counts: true }));
    }
}
