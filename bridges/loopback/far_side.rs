//! Echo's side of the network, for tests that play both.

use bridge::{Arrival, Batch, HostFault, Reply};
use domain::{
    Content, Passport, RemoteMessage,
    media::{Attachment, Source},
    presence::{Availability, OwnPresence},
};
use tokio::io::AsyncReadExt;

use crate::{
    Loopback, echo,
    lines::keep,
    parlour::Parlour,
    room::{self, Person},
};

/// None of this does anything before the network is started or after it is stopped.
impl Loopback {
    /// Echo says something to `owner` of their own accord. When it returns, it is accepted.
    pub async fn say(&self, owner: &Passport, content: Content) {
        let Some(parlour) = self.parlour() else { return };
        let said = parlour.said(owner, parlour.fresh_id(), content, None);
        parlour.bring(owner, said).await;
    }

    /// Keeps bytes of Echo's, so that they can be said. Stopping on a network that is not started.
    pub async fn keep(&self, name: &str, bytes: Vec<u8>) -> Result<Attachment, HostFault> {
        let parlour = self.parlour().ok_or(HostFault::Stopping)?;
        keep(parlour.host.as_ref(), name, bytes).await
    }

    /// The bytes of something that Echo has heard or sees; `None` if they are not kept. Stopping on a network that is not
    /// started.
    pub async fn bytes(&self, attachment: &Attachment) -> Result<Option<Vec<u8>>, HostFault> {
        let parlour = self.parlour().ok_or(HostFault::Stopping)?;
        let Some(mut stream) = parlour.host.open_media(attachment.source).await? else { return Ok(None) };
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.map_err(|fault| HostFault::Media(fault.to_string()))?;
        Ok(Some(bytes))
    }

    /// Echo's picture is this from now on, for everybody.
    pub fn wear(&self, picture: Option<&Attachment>) {
        let Some(parlour) = self.parlour() else { return };
        let blob = picture.and_then(|attachment| match attachment.source {
            Source::Blob(blob) => Some(blob),
            Source::Object(_) => None,
        });
        parlour.host.picture(&echo::place(), blob);
    }

    /// Waits until `count` things were heard from `owner` since the start, and tells the last hundred of them.
    pub async fn heard(&self, owner: &Passport, count: usize) -> Vec<Content> {
        let Some(parlour) = self.parlour() else { return Vec::new() };
        if count == 0 {
            return parlour.at_desk(owner, |desk| desk.heard());
        }
        let enough = |heard: &[Content], forgotten: usize| heard.len() + forgotten >= count;
        parlour.wait_at_desk(owner, |desk| Some(desk.heard()).filter(|heard| enough(heard, desk.forgotten))).await
    }

    /// Echo shows themselves like this to `owner` from now on.
    pub fn appear(&self, owner: &Passport, availability: Availability, line: &str) {
        let Some(parlour) = self.parlour() else { return };
        let mood = echo::Mood { availability, line: line.to_owned() };
        parlour.host.presence(owner, &echo::user(), mood.presence(parlour.host.now()));
        parlour.at_desk(owner, |desk| desk.mood = mood);
    }

    /// Echo begins to type to `owner`, or stops.
    pub fn types(&self, owner: &Passport, typing: bool) {
        let Some(parlour) = self.parlour() else { return };
        parlour.host.typing(owner, &echo::place(), &echo::user(), typing);
    }

    /// Waits until what Echo sees of `owner` is as `probe` wants it, and tells it. Never returns on a network that is not
    /// started.
    pub async fn sees(&self, owner: &Passport, probe: impl Fn(&OwnPresence) -> bool) -> OwnPresence {
        let Some(parlour) = self.parlour() else { return std::future::pending().await };
        parlour.wait_at_desk(owner, |desk| desk.sees.clone().filter(|seen| probe(seen))).await
    }

    /// Waits until Echo sees `owner` type, or no longer. Never returns on a network that is not started.
    pub async fn sees_typing(&self, owner: &Passport, typing: bool) {
        let Some(parlour) = self.parlour() else { return std::future::pending().await };
        parlour.wait_at_desk(owner, |desk| (desk.sees_typing == typing).then_some(())).await;
    }
}

/// What Echo does to what was said. None of it does anything before the network is started or after it is stopped.
impl Loopback {
    /// Echo answers the message of this id.
    pub async fn answer(&self, owner: &Passport, to: &RemoteMessage, text: &str) {
        let Some(parlour) = self.parlour() else { return };
        let reply = Some(Reply { to: to.clone(), quoted: None });
        let said = parlour.said(owner, parlour.fresh_id(), Content::text(text), reply);
        parlour.bring(owner, said).await;
    }

    /// Echo puts a sign on the message of this id.
    pub async fn react(&self, owner: &Passport, to: &RemoteMessage, sign: &str) {
        let Some(parlour) = self.parlour() else { return };
        let reaction = Arrival::Reaction {
            owner: owner.clone(),
            place: echo::place(),
            author: echo::profile(),
            id: parlour.fresh_id(),
            to: to.clone(),
            sent: parlour.host.now(),
            sign: sign.to_owned(),
        };
        parlour.bring(owner, reaction).await;
    }

    /// Echo changes their message of this id.
    pub async fn change(&self, owner: &Passport, of: &RemoteMessage, text: &str) {
        let Some(parlour) = self.parlour() else { return };
        let edit = Arrival::Edit {
            owner: owner.clone(),
            place: echo::place(),
            author: echo::profile(),
            id: parlour.fresh_id(),
            of: of.clone(),
            sent: parlour.host.now(),
            content: Content::text(text),
        };
        parlour.bring(owner, edit).await;
    }

    /// Echo deletes their message of this id, or takes a sign back.
    pub async fn remove(&self, owner: &Passport, of: &RemoteMessage) {
        let Some(parlour) = self.parlour() else { return };
        let removal = Arrival::Removal {
            owner: owner.clone(),
            place: echo::place(),
            author: echo::profile(),
            id: parlour.fresh_id(),
            of: of.clone(),
            sent: parlour.host.now(),
        };
        parlour.bring(owner, removal).await;
    }

    /// What was answered by what Echo heard last from `owner`.
    pub fn answered(&self, owner: &Passport) -> Option<RemoteMessage> {
        self.parlour()?.at_desk(owner, |desk| desk.answered.clone())
    }

    /// Iris says something in the room of five, where `owner` is.
    pub async fn say_in(&self, owner: &Passport, text: &str) {
        let Some(parlour) = self.parlour() else { return };
        let said = Arrival::Message {
            owner: owner.clone(),
            place: room::place(),
            author: Person::Iris.profile(),
            id: parlour.fresh_id(),
            sent: parlour.host.now(),
            content: Content::text(text),
            reply: None,
            addressed: false,
        };
        parlour.bring(owner, said).await;
    }

    /// Echo asks `owner` into the room of five.
    pub async fn ask_in(&self, owner: &Passport) {
        let Some(parlour) = self.parlour() else { return };
        let invitation = Arrival::RoomInvitation { owner: owner.clone(), room: parlour.room(), from: echo::profile() };
        parlour.bring(owner, invitation).await;
    }

    /// Waits until Echo sees that `owner` has read the message of this id.
    pub async fn sees_read(&self, owner: &Passport, message: &RemoteMessage) {
        let Some(parlour) = self.parlour() else { return std::future::pending().await };
        parlour.wait_at_desk(owner, |desk| (desk.read.as_ref() == Some(message)).then_some(())).await;
    }
}

impl Parlour {
    /// An id of something that Echo does of their own accord.
    pub(crate) fn fresh_id(&self) -> RemoteMessage {
        // The clock tells it from what was said in an earlier run, the sequence from what was said in the same moment.
        RemoteMessage(format!("said/{}/{}", self.host.now().0, self.sequence()))
    }

    /// When it returns, the host has accepted it, or stops.
    async fn bring(&self, owner: &Passport, arrival: Arrival) {
        let batch = Batch { arrivals: vec![arrival], writes: Vec::new() };
        match self.hand_in(&batch).await {
            Ok(()) => self.at_desk(owner, |desk| desk.note(&batch.arrivals, owner)),
            Err(fault) => tracing::debug!(%owner, %fault, "Echo was not heard"),
        }
    }
}
