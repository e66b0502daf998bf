//! What somebody does in answer to what they were told, and how it arrives.

use bridge::{Arrival, HostFault, RemoteProfile, Reply};
use domain::{
    Content, Passport, RemoteMessage,
    contact::RemoteTarget,
    content::{Quote, first_words},
};

use crate::{desk::Errand, lines::Line, parlour::Parlour, room};

/// One thing that somebody does. What a deed speaks of stands before it in the same answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Says this.
    Say(Line),
    /// Says this as an answer to what was told.
    Reply(Line),
    /// Puts this sign on what was told.
    React(&'static str),
    /// Takes the signs back that were put last.
    TakeBack,
    /// What was just said says this from now on.
    Edit(Line),
    /// What was just said is deleted.
    Delete,
    /// Asks the account into the room of five.
    Invite,
    /// Takes the account into the room of five without a question.
    Bring,
    /// Shows the account out of the room of five.
    ShowOut,
}

impl Deed {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Say(Line::text(text))
    }
}

/// The network's id of the message that an order said.
pub(crate) fn told_id(order: &str) -> RemoteMessage {
    RemoteMessage(format!("told/{order}"))
}

impl Parlour {
    /// The deeds as they arrive. Tried again, they get the same ids.
    pub(crate) async fn arrivals(
        &self,
        errand: &Errand,
        deeds: &[(RemoteProfile, Deed)],
        signs: &[RemoteMessage],
    ) -> Result<Vec<Arrival>, HostFault> {
        let mut arrivals = Vec::with_capacity(deeds.len());
        let mut said = told_id(&errand.order);
        for (part, (author, deed)) in deeds.iter().enumerate() {
            let id = RemoteMessage(format!("answer/{}/{part}", errand.order));
            let (owner, place) = (errand.owner.clone(), errand.place.clone());
            let (author, sent) = (author.clone(), self.host.now());
            match deed {
                Deed::Say(line) | Deed::Reply(line) => {
                    let content = line.content(self.host.as_ref()).await?;
                    let reply = matches!(deed, Deed::Reply(_)).then(|| answered(errand));
                    let addressed = speaks_to_the_account(&place, reply.as_ref(), &errand.told);
                    said = id.clone();
                    arrivals.push(Arrival::Message { owner, place, author, id, sent, content, reply, addressed });
                }
                Deed::Edit(line) => {
                    let content = line.content(self.host.as_ref()).await?;
                    arrivals.push(Arrival::Edit { owner, place, author, id, of: said.clone(), sent, content });
                }
                Deed::React(sign) => {
                    let (to, sign) = (told_id(&errand.order), (*sign).to_owned());
                    arrivals.push(Arrival::Reaction { owner, place, author, id, to, sent, sign });
                }
                Deed::TakeBack => arrivals.extend(signs.iter().map(|sign| Arrival::Removal {
                    owner: owner.clone(),
                    place: place.clone(),
                    author: author.clone(),
                    id: RemoteMessage(format!("back/{}", sign.as_str())),
                    of: sign.clone(),
                    sent,
                })),
                Deed::Delete => arrivals.push(Arrival::Removal { owner, place, author, id, of: said.clone(), sent }),
                Deed::Invite => {
                    arrivals.push(Arrival::RoomInvitation { owner, room: self.room(), from: author });
                }
                Deed::Bring => arrivals.push(Arrival::Room { owner, room: self.room(), group: None }),
                Deed::ShowOut => arrivals.push(Arrival::RoomLost { owner, room: room::id() }),
            }
        }
        Ok(arrivals)
    }

    /// Something that Echo says to `owner` alone.
    pub(crate) fn said(&self, owner: &Passport, id: RemoteMessage, content: Content, reply: Option<Reply>) -> Arrival {
        let (place, author) = (crate::echo::place(), crate::echo::profile());
        let (owner, sent) = (owner.clone(), self.host.now());
        Arrival::Message { owner, place, author, id, sent, content, reply, addressed: true }
    }
}

/// What was told, as an answer to it speaks of it.
fn answered(errand: &Errand) -> Reply {
    let words = first_words(&errand.told);
    Reply { to: told_id(&errand.order), quoted: Some(Quote { author: String::new(), words }) }
}

/// In the room, what is not said in answer to a question or a nudge is said to everybody.
fn speaks_to_the_account(place: &RemoteTarget, reply: Option<&Reply>, told: &Content) -> bool {
    match place {
        RemoteTarget::Person(_) => true,
        RemoteTarget::Room(_) => reply.is_some() || room::is_for_one(told),
    }
}
