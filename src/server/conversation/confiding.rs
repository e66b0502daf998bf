//! What is said to the server alone, whoever else is in the window: it may hold a secret.

use domain::{
    Content,
    conversation::{Cause, MessageId, Saying, SeatId, Wish},
};

use super::Task;
use crate::service;

impl Task {
    /// Hears what a client has said, if it is for nobody but the server, and then nobody else is given it, nor is it kept. `false`
    /// if it is for everybody who is here.
    pub(super) async fn is_confided(
        &mut self,
        seat: SeatId,
        (tag, wish): (u32, Wish),
        id: MessageId,
        saying: &Saying,
    ) -> bool {
        let Saying::Lasting { content: Some(content), .. } = saying else { return false };
        let server = self.core.settings.realm.service();
        let speaker = self.conversation.speaker_to(seat, &server).filter(|_| service::is_private(&self.core, content));
        let Some(owner) = speaker.cloned() else { return false };
        let answer = self.core.service.hear(&self.core, &owner, &self.handle, content).await;
        self.handle(Cause::Kept { seat, tag, wish, id, kept: true }).await;
        if let Some(line) = answer {
            self.handle(Cause::Told { owner, line: Content::text(line) }).await;
        }
        true
    }
}
