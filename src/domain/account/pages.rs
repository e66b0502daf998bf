//! What the user changes on a page of this server, whether or not a client is signed in.
//!
//! It is judged and kept as if a client had asked for it. A client that is signed in sees it when it next reads its list, and earlier
//! only where it may be told: see `live_list` in the configuration.

use super::{Account, Answer, Effect, Event, Refusal, Request, SessionId};
use crate::{Guid, List, Moment, Passport};

impl Account {
    /// The user asks for something on a page. `session` is no client's number: the answer is for whoever waits for it under that.
    pub(super) fn asked_on_page(
        &mut self,
        moment: &Moment,
        session: SessionId,
        request: Request,
        effects: &mut Vec<Effect>,
    ) {
        if let Err(refusal) = self.fits_page(&request) {
            return effects.push(Effect::Answer { session, tag: 0, answer: Answer::Refused(refusal) });
        }
        let listed: Vec<(Passport, Guid)> = self.listed_forward();
        self.answer(moment, session, 0, request, effects);
        let Some(client) = self.session else { return };
        let now = self.listed_forward();
        let departed = listed.into_iter().filter(|before| !now.contains(before));
        effects.extend(departed.map(|(_, guid)| Effect::Tell { session: client, event: Event::Departed(guid) }));
    }

    /// Only what is kept can be changed where no client is, and nothing of a client's own.
    fn fits_page(&self, request: &Request) -> Result<(), Refusal> {
        match request {
            Request::AddContact { .. }
            | Request::RemoveContact { .. }
            | Request::AddGroup { .. }
            | Request::RemoveGroup { .. }
            | Request::RenameGroup { .. }
            | Request::ChangeContact { .. }
            | Request::ChangeProperty { .. }
            | Request::ChangePrivacy(_)
            | Request::ChangePrompt(_) => Ok(()),
            // The line under the name is of whoever is signed in.
            Request::ChangePersonalMessage(_) if self.is_visible() => Ok(()),
            Request::ChangePersonalMessage(_) => Err(Refusal::Hidden),
            Request::Synchronize | Request::ChangeStatus { .. } | Request::LookUp(_) | Request::OpenSwitchboard => {
                Err(Refusal::NotYours)
            }
        }
    }

    fn listed_forward(&self) -> Vec<(Passport, Guid)> {
        let listed = self.contacts.values().filter(|contact| contact.lists.contains(List::Forward));
        listed.map(|contact| (contact.passport.clone(), contact.guid)).collect()
    }
}
