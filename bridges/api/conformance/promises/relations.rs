//! What is said of messages: answers, signs, changes, removals. Each finds its message by the network's id.

use domain::RemoteMessage;

use super::{Stage, done, within};
use crate::{
    Action, Arrival,
    conformance::orders::{order, say},
};

impl Stage<'_> {
    pub(super) async fn what_is_said_of_messages_names_them(&self) {
        let receipt =
            done("deliver", self.link.deliver(&say("suite-of", self.host, &self.person, "what is said"))).await;
        let Some(own) = receipt.messages.first() else { panic!("what was said has an id on the network") };

        within("the person to answer", self.subject.answer(own, "an answer")).await;
        let answer = self.arrived("an answer that names its message", |arrival| match arrival {
            Arrival::Message { reply: Some(reply), .. } => reply.to == *own,
            _ => false,
        });
        let answer = answer.await;

        within("the person to react", self.subject.react(own, "\u{1F44D}")).await;
        let reaction = self.arrived("a reaction that names its message", |arrival| {
            matches!(arrival, Arrival::Reaction { to, sign, .. } if to == own && sign.starts_with('\u{1F44D}'))
        });
        let reaction = reaction.await;
        within("the person to take it back", self.subject.remove(&reaction)).await;
        self.arrived("a removal that names the reaction", |arrival| removes(arrival, &reaction)).await;

        within("the person to change what they said", self.subject.change(&answer, "another answer")).await;
        self.arrived("a change that names its message", |arrival| {
            matches!(arrival, Arrival::Edit { of, content, .. }
                if *of == answer && *content == domain::Content::text("another answer"))
        })
        .await;
        within("the person to delete it", self.subject.remove(&answer)).await;
        self.arrived("a removal that names its message", |arrival| removes(arrival, &answer)).await;
    }

    pub(super) async fn an_answer_goes_out_as_one(&self) {
        within("the person to say something", self.subject.say("to be answered")).await;
        let to = self.arrived("what is to be answered", |arrival| {
            matches!(arrival, Arrival::Message { content, .. } if *content == domain::Content::text("to be answered"))
        });
        let (content, reply) = (domain::Content::text("the account answers"), Some(to.await));
        let action = Action::Say {
            content: content.clone(),
            sent: crate::Host::now(self.host.as_ref()),
            reply: reply.clone(),
            heard: Vec::new(),
        };
        let before = self.heard(0).await.len();
        done("deliver", self.link.deliver(&order("suite-answer", &self.person, action))).await;
        let heard = self.heard(before + 1).await;
        assert_eq!(heard.get(before..), Some([content].as_slice()), "an answer's words are heard exactly");
        let answered = within("whether it was an answer", self.subject.last_answered()).await;
        assert_eq!(answered, reply, "what the account answers is an answer on the network as well");
    }

    /// Waits for such an arrival, and gives its id.
    async fn arrived(&self, what: &str, is_it: impl Fn(&Arrival) -> bool) -> RemoteMessage {
        self.host
            .wait_for(what, |seen| {
                let found = seen.arrivals.iter().find(|arrival| is_it(arrival))?;
                found.id().cloned()
            })
            .await
    }
}

fn removes(arrival: &Arrival, what: &RemoteMessage) -> bool {
    matches!(arrival, Arrival::Removal { of, .. } if of == what)
}
