//! What a machine wants of the homeserver: asked for, and its answer given to the machine.

use std::collections::BTreeMap;

use futures_util::FutureExt as _;
use matrix_sdk_crypto::{
    EncryptionSettings,
    types::requests::{AnyIncomingResponse, AnyOutgoingRequest, OutgoingRequest, ToDeviceRequest},
};
use ruma::{
    OwnedDeviceId, OwnedUserId, RoomId, TransactionId, UserId,
    api::client::{
        keys::{get_keys, upload_signatures, upload_signing_keys},
        to_device::send_event_to_device,
    },
    events::AnyMessageLikeEventContent,
    serde::Raw,
};
use serde_json::Value;

use super::{
    fault::{MachineFault, unbroken},
    machine::Machine,
};
use crate::{
    homeserver::{Homeserver, Trouble},
    intent::DeviceIntent,
};

/// How often a machine may want more after its wishes were fulfilled.
const ROUNDS: usize = 5;
/// Of how many users' devices keys are claimed at once.
const CLAIMED_AT_ONCE: usize = 100;

impl Machine {
    /// Does what the machine wants done: uploads keys, asks for others', sends messages.
    pub(super) async fn flush(&self, homeserver: &Homeserver) -> Result<(), MachineFault> {
        let _turn = self.speaking.lock().await;
        self.fulfil(homeserver).await?;
        // For devices that have lost their session with this one.
        self.claim(homeserver, &[]).await
    }

    /// As [`Machine::flush`]; `speaking` is held by whoever calls.
    async fn fulfil(&self, homeserver: &Homeserver) -> Result<(), MachineFault> {
        for _ in 0..ROUNDS {
            let wishes = self.olm.outgoing_requests().boxed().await.map_err(MachineFault::store)?;
            if wishes.is_empty() {
                break;
            }
            for wish in &wishes {
                self.send(homeserver, wish).await?;
            }
        }
        Ok(())
    }

    /// Gives the machine an answer.
    async fn answered<'a>(
        &self,
        id: &TransactionId,
        answer: impl Into<AnyIncomingResponse<'a>>,
    ) -> Result<(), MachineFault> {
        let answer: AnyIncomingResponse<'a> = answer.into();
        self.olm.mark_request_as_sent(id, answer).boxed().await.map_err(MachineFault::store)
    }

    fn device<'a>(&'a self, homeserver: &'a Homeserver) -> DeviceIntent<'a> {
        homeserver.acting_from(self.olm.user_id(), self.olm.device_id())
    }

    async fn send(&self, homeserver: &Homeserver, wish: &OutgoingRequest) -> Result<(), MachineFault> {
        let (device, id) = (self.device(homeserver), wish.request_id());
        match wish.request() {
            AnyOutgoingRequest::KeysUpload(request) => {
                let answer = device.ask(request.clone()).await.map_err(|trouble| self.keys_refused(trouble))?;
                self.answered(id, &answer).await
            }
            AnyOutgoingRequest::KeysQuery(request) => {
                let answer = self.devices_of(homeserver, request.device_keys.clone()).await?;
                self.answered(id, &answer).await
            }
            AnyOutgoingRequest::KeysClaim(request) => {
                let answer = device.ask(request.clone()).await.map_err(|trouble| self.lost_or(trouble))?;
                self.answered(id, &answer).await
            }
            AnyOutgoingRequest::ToDeviceRequest(request) => match self.send_to_devices(homeserver, request).await {
                // Asked again, it would refuse again, and everything else would wait for ever.
                Err(MachineFault::Homeserver(trouble)) if trouble.is_final() => {
                    tracing::warn!(user = %self.olm.user_id(), kind = %request.event_type, %trouble, "messages to devices are refused");
                    self.answered(id, &send_event_to_device::v3::Response::new()).await
                }
                sent => sent,
            },
            AnyOutgoingRequest::SignatureUpload(request) => self.sign(homeserver, id, request.clone()).await,
            AnyOutgoingRequest::RoomMessage(_) => {
                // Belongs to comparing emoji in a room, which a machine that was never given such an event does not begin.
                tracing::warn!(user = %self.olm.user_id(), "a machine wants to speak in a room, which it may not");
                Ok(())
            }
        }
    }

    /// Whose devices are which. What is too much for one answer is asked for in parts: anybody may have devices without number, which must
    /// not keep our users from speaking to everybody else. Whoever has that many has none.
    pub(super) async fn devices_of(
        &self,
        homeserver: &Homeserver,
        users: BTreeMap<OwnedUserId, Vec<OwnedDeviceId>>,
    ) -> Result<get_keys::v3::Response, MachineFault> {
        let mut whole = get_keys::v3::Response::new();
        let mut parts = vec![users];
        while let Some(mut users) = parts.pop() {
            let mut query = get_keys::v3::Request::new();
            query.device_keys.clone_from(&users);
            match self.device(homeserver).ask(query).await {
                Ok(answer) => {
                    whole.failures.extend(answer.failures);
                    whole.device_keys.extend(answer.device_keys);
                    whole.master_keys.extend(answer.master_keys);
                    whole.self_signing_keys.extend(answer.self_signing_keys);
                    whole.user_signing_keys.extend(answer.user_signing_keys);
                }
                Err(Trouble::Unreadable(reason)) => match users.keys().nth(users.len() / 2).cloned() {
                    Some(middle) if users.len() > 1 => {
                        parts.push(users.split_off(&middle));
                        parts.push(users);
                    }
                    Some(user) => {
                        tracing::warn!(%user, reason, "somebody's devices cannot be read; nothing is encrypted for them");
                    }
                    None => {}
                },
                Err(trouble) => return Err(self.lost_or(trouble)),
            }
        }
        Ok(whole)
    }

    async fn send_to_devices(&self, homeserver: &Homeserver, request: &ToDeviceRequest) -> Result<(), MachineFault> {
        let asked = send_event_to_device::v3::Request::new_raw(
            request.event_type.clone(),
            request.txn_id.clone(),
            request.messages.clone(),
        );
        let answer = self.device(homeserver).send_to_devices(asked).await.map_err(|trouble| self.lost_or(trouble))?;
        self.answered(&request.txn_id, &answer).await
    }

    async fn sign(
        &self,
        homeserver: &Homeserver,
        id: &TransactionId,
        request: upload_signatures::v3::Request,
    ) -> Result<(), MachineFault> {
        let answer = self.device(homeserver).ask(request).await.map_err(|trouble| self.lost_or(trouble))?;
        for (user, failures) in &answer.failures {
            tracing::warn!(%user, count = failures.len(), "the homeserver does not take signatures");
        }
        self.answered(id, &answer).await
    }

    /// A homeserver that has other keys of this device than the machine never takes new ones.
    fn keys_refused(&self, trouble: Trouble) -> MachineFault {
        if trouble.is_final() && self.is_published() {
            tracing::warn!(user = %self.olm.user_id(), %trouble, "the homeserver refuses the keys of a device");
            return MachineFault::Lost(self.olm.device_id().to_string());
        }
        self.lost_or(trouble)
    }

    /// Makes sessions with those devices of these users that there are none with yet; `speaking` is held by whoever calls.
    async fn claim(&self, homeserver: &Homeserver, users: &[OwnedUserId]) -> Result<(), MachineFault> {
        // Where there are many, one answer for all would be long in coming.
        for users in std::iter::once(&[][..]).chain(users.chunks(CLAIMED_AT_ONCE)) {
            let users = users.iter().map(AsRef::<UserId>::as_ref);
            let wanted = self.olm.get_missing_sessions(users).boxed().await.map_err(MachineFault::store)?;
            if let Some((id, request)) = wanted {
                let answer = self.device(homeserver).ask(request).await.map_err(|trouble| self.lost_or(trouble))?;
                self.answered(&id, &answer).await?;
            }
        }
        Ok(())
    }

    /// Uploads the device's keys, and its user's identity where the homeserver does not know that; it signs the device. `speaking` is held
    /// by whoever calls.
    pub(super) async fn introduce(&self, homeserver: &Homeserver, is_known: bool) -> Result<(), MachineFault> {
        // An identity that was taken over only in part cannot sign: another takes its place.
        let is_partial = !is_known && self.has_part_of_an_identity().await;
        let requests = self.olm.bootstrap_cross_signing(is_partial).await.map_err(MachineFault::store)?;
        if let Some(upload) = &requests.upload_keys_req {
            self.send(homeserver, upload).await?;
        }
        if !is_known {
            let keys = requests.upload_signing_keys_req;
            let mut request = upload_signing_keys::v3::Request::new();
            request.master_key = keys.master_key.map(|key| key.to_raw());
            request.self_signing_key = keys.self_signing_key.map(|key| key.to_raw());
            request.user_signing_key = keys.user_signing_key.map(|key| key.to_raw());
            let answer = self.device(homeserver).ask(request).await.map_err(|trouble| self.lost_or(trouble))?;
            let answer = AnyIncomingResponse::SigningKeysUpload(&answer);
            self.olm.mark_request_as_sent(&TransactionId::new(), answer).await.map_err(MachineFault::store)?;
        }
        self.sign(homeserver, &TransactionId::new(), requests.upload_signatures_req).await?;
        self.fulfil(homeserver).await
    }

    async fn has_part_of_an_identity(&self) -> bool {
        let status = self.olm.cross_signing_status().await;
        !status.is_complete() && (status.has_master || status.has_self_signing || status.has_user_signing)
    }

    /// Asks for the keys of its own user; `speaking` is held by whoever calls.
    pub(super) async fn look_at_itself(&self, homeserver: &Homeserver) -> Result<(), MachineFault> {
        let (id, request) = self.olm.query_keys_for_users([self.olm.user_id()]);
        let answer = self.devices_of(homeserver, request.device_keys).await?;
        self.answered(&id, &answer).await
    }

    /// Encrypts what is to be sent in a room for all devices of these members, to whom its key is sent first.
    pub(super) async fn encrypt(
        &self,
        homeserver: &Homeserver,
        room: &RoomId,
        (members, settings): (&[OwnedUserId], EncryptionSettings),
        (kind, content): (&'static str, Raw<AnyMessageLikeEventContent>),
    ) -> Result<Value, MachineFault> {
        let _turn = self.speaking.lock().await;
        let users = || members.iter().map(AsRef::<UserId>::as_ref);
        self.olm.update_tracked_users(users()).boxed().await.map_err(MachineFault::store)?;
        self.fulfil(homeserver).await?;
        self.claim(homeserver, members).await?;
        for request in self.olm.share_room_key(room, users(), settings).boxed().await.map_err(MachineFault::store)? {
            self.send_to_devices(homeserver, &request).await?;
        }
        // It panics where its key grows too old at this very moment.
        let encrypting = self.olm.encrypt_room_event_raw(room, kind, &content).boxed();
        let encrypted = unbroken(async { encrypting.await.map_err(MachineFault::store) }).await?;
        serde_json::from_str(encrypted.content.json().get()).map_err(MachineFault::store)
    }
}

#[cfg(test)]
mod tests;
