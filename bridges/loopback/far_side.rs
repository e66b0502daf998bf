//! Echo's side of the network, for tests that play both.

use bridge::{Batch, HostFault};
use domain::{
    Content, Passport, RemoteMessage,
    media::{Attachment, Source},
    presence::{Availability, OwnPresence},
};
use tokio::io::AsyncReadExt;

use crate::{Loopback, echo, lines::keep};

/// None of this does anything before the network is started or after it is stopped.
impl Loopback {
    /// Echo says something to `owner` of their own accord. When it returns, it is accepted.
    pub async fn say(&self, owner: &Passport, content: Content) {
        let Some(parlour) = self.parlour() else { return };
        // The clock tells it from what was said in an earlier run, the sequence from what was said in the same moment.
        let id = RemoteMessage(format!("said/{}/{}", parlour.host.now().0, parlour.sequence()));
        let arrivals = vec![parlour.said(owner, id, content)];
        if let Err(fault) = parlour.hand_in(&Batch { arrivals, writes: Vec::new() }).await {
            tracing::debug!(%owner, %fault, "Echo was not heard");
        }
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
