//! What the contract promises, one promise after the other.

mod links;
mod looks;
mod media;
mod relations;
mod rooms;

use std::{future::Future, sync::Arc, time::Duration};

use domain::{
    Content, PersonalMessage, Status,
    contact::RemoteTarget,
    presence::{Availability, OwnPresence, RemotePresence},
};
use tokio::time::{sleep, timeout};

use super::{
    FakeHost, Subject,
    fake_host::PATIENCE,
    orders::{order, say},
    owner,
};
use crate::{Action, Arrival, Failure, Farewell, Host, Link, LinkOwner, Network, RemoteProfile};

/// How often the number of tasks is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// Plays the server to `subject` from the start of its network to its end.
///
/// # Panics
/// At the first promise that is broken, naming it.
pub async fn run(subject: &dyn Subject) {
    let name = "network".parse().unwrap_or_else(|fault| panic!("the suite's own network name: {fault}"));
    let host = FakeHost::new(name, vec![owner()]);
    let tasks = subject.tasks();

    let network = subject.network();
    done("start", network.start(Arc::clone(&host) as Arc<dyn Host>)).await;
    let link = done("open", network.open(owner())).await;
    let stage =
        Stage { subject, host: &host, network: &network, link: &link, person: subject.person(), owner: owner() };

    stage.what_links_ask_is_well_formed();
    if let Some((way, answers)) = subject.link_answers() {
        stage.accounts_link_themselves(way, &answers).await;
    }
    stage.people_become_contacts().await;
    stage.people_are_found().await;
    stage.texts_are_heard_exactly().await;
    stage.an_order_tried_again_is_heard_once().await;
    stage.what_is_said_is_accepted_in_order().await;
    stage.what_was_not_accepted_is_handed_in_again().await;
    if network.features().presence {
        stage.presence_goes_both_ways().await;
    }
    if network.features().typing {
        stage.typing_goes_both_ways().await;
    }
    if network.features().formatting {
        stage.formatted_texts_go_both_ways().await;
    }
    if network.features().largest_file > 0 {
        stage.files_go_out_with_the_same_bytes().await;
        stage.files_come_in_with_the_same_bytes().await;
        stage.what_is_too_large_is_put_into_words().await;
    }
    if subject.has_pictures() {
        stage.pictures_go_both_ways().await;
    }
    if subject.has_relations() {
        stage.what_is_said_of_messages_names_them().await;
        stage.an_answer_goes_out_as_one().await;
    }
    if let Some(room) = subject.room() {
        stage.rooms_are_entered_spoken_in_and_described(&room).await;
        stage.people_and_rooms_are_found_by_the_networks_own_spelling(&room).await;
    }
    stage.a_closed_link_opens_again().await;
    drop((network, link));
    the_end_is_the_end(subject, &host, tasks).await;
}

/// Everything that a promise is checked with.
struct Stage<'a> {
    subject: &'a dyn Subject,
    host: &'a Arc<FakeHost>,
    network: &'a Arc<dyn Network>,
    link: &'a Arc<dyn Link>,
    person: RemoteProfile,
    owner: LinkOwner,
}

impl Stage<'_> {
    async fn people_become_contacts(&self) {
        if within("the person's asking", self.subject.invite()).await {
            self.host
                .wait_for("an invitation", |seen| {
                    seen.arrivals.iter().find(|arrival| {
                        matches!(arrival, Arrival::Invitation { owner, from } if *owner == self.owner.passport && from.user == self.person.user)
                    }).map(drop)
                })
                .await;
            done("welcome", self.link.deliver(&order("suite-welcome", &self.person, Action::Welcome))).await;
        }
    }

    async fn people_are_found(&self) {
        let server = self.person.server.as_deref();
        let found = done("resolve", self.network.resolve(&self.person.login, server)).await;
        assert_eq!(
            found.map(|profile| profile.user),
            Some(self.person.user.clone()),
            "the person is found by their login"
        );
        let nobody = done("resolve", self.network.resolve("nobody-is-called-this-4711", server)).await;
        assert_eq!(nobody, None, "somebody who does not exist is not found, which is no failure");
    }

    async fn texts_are_heard_exactly(&self) {
        let texts = [
            "plain",
            "Grüße, 你好, 🦋 \u{1F469}\u{200D}\u{1F680}",
            "one\ntwo\n\nfour",
            "  blanks around  ",
            "<b>&amp;\\*_`",
        ];
        let before = self.heard(0).await.len();
        for (number, text) in texts.iter().enumerate() {
            let order = say(&format!("suite-text-{number}"), self.host, &self.person, text);
            let receipt = done("deliver", self.link.deliver(&order)).await;
            assert!(!receipt.messages.is_empty(), "what was said has an id on the network");
        }
        let heard = self.heard(before + texts.len()).await;
        assert_eq!(
            heard.get(before..),
            Some(texts.map(Content::text).as_slice()),
            "texts are heard exactly and in order"
        );
    }

    async fn an_order_tried_again_is_heard_once(&self) {
        let before = self.heard(0).await.len();
        let mut twice = say("suite-twice", self.host, &self.person, "twice");
        done("deliver", self.link.deliver(&twice)).await;
        twice.attempt = 1;
        done("deliver again", self.link.deliver(&twice)).await;
        // What comes later shows that nothing is still on its way.
        done("deliver", self.link.deliver(&say("suite-after", self.host, &self.person, "after"))).await;
        let heard = self.heard(before + 2).await;
        let expected = [Content::text("twice"), Content::text("after")];
        assert_eq!(heard.get(before..), Some(expected.as_slice()), "an order tried again is heard once");
    }

    async fn what_is_said_is_accepted_in_order(&self) {
        let texts = ["first", "zweite: ü\nmit Zeile", "third"];
        for text in texts {
            within("the network to be told that a message was received", self.subject.say(text)).await;
            let count = self.accepted(text);
            assert_eq!(count, 1, "{text:?} is accepted once before the network is told that it was received");
        }
        // The person may have said other things by themselves in the meantime.
        let expected = texts.map(Content::text);
        let said: Vec<Content> = self.said().into_iter().filter(|content| expected.contains(content)).collect();
        assert_eq!(said, expected, "what is said is accepted in order");
    }

    async fn what_was_not_accepted_is_handed_in_again(&self) {
        self.host.fail_next(2);
        within("the network to be told that a message was received", self.subject.say("persistent")).await;
        self.host
            .wait_for("a message to be handed in again after the host failed", |_| {
                (self.host.failures_left() == 0).then_some(())
            })
            .await;
        self.host
            .wait_for("a message that the host failed to take", |_| (self.accepted("persistent") == 1).then_some(()))
            .await;
    }

    async fn presence_goes_both_ways(&self) {
        let show = |status, line: &str| {
            let personal_message = PersonalMessage::of(line);
            self.link.show(OwnPresence { status, name: "Carol".to_owned(), personal_message, picture: None });
        };
        show(Status::Online, "reading");
        within("the account to be seen with its line", self.subject.sees(Some("reading"))).await;
        show(Status::Away, "lunch");
        within("the account to be seen with its new line", self.subject.sees(Some("lunch"))).await;
        show(Status::Hidden, "lunch");
        within("a hidden account not to be seen", self.subject.sees(None)).await;
        show(Status::Online, "back");
        within("the account to be seen again", self.subject.sees(Some("back"))).await;

        for (availability, line) in [(Availability::Online, "in the garden"), (Availability::Away, "asleep")] {
            let personal_message = PersonalMessage::of(line);
            let presence = RemotePresence { availability, last_active: None, personal_message };
            within("the person to appear", self.subject.appear(presence)).await;
            let key = (self.owner.passport.clone(), self.person.user.clone());
            self.host
                .wait_for(&format!("{availability:?} with the line {line:?}"), |seen| {
                    let presence = seen.presences.get(&key)?;
                    (presence.availability == availability && presence.personal_message.text == line).then_some(())
                })
                .await;
        }
    }

    async fn typing_goes_both_ways(&self) {
        let place = RemoteTarget::Person(self.person.user.clone());
        let who = (self.owner.passport.clone(), self.person.user.clone(), place.clone());
        for typing in [true, false] {
            self.link.typing(&place, typing);
            within("the account's typing", self.subject.sees_typing(typing)).await;
            within("the person to type", self.subject.types(typing)).await;
            self.host
                .wait_for("the person's typing", |seen| (seen.typing.contains(&who) == typing).then_some(()))
                .await;
        }
    }

    async fn a_closed_link_opens_again(&self) {
        within("close", self.link.close(Farewell::Stopping)).await;
        let again = done("open again", self.network.open(self.owner.clone())).await;
        let before = self.heard(0).await.len();
        done("deliver", again.deliver(&say("suite-again", self.host, &self.person, "again"))).await;
        assert_eq!(self.heard(before + 1).await.last(), Some(&Content::text("again")), "a closed link opens again");
        // It stays open, and what was just said may still have consequences: the end has to end them.
    }

    async fn heard(&self, count: usize) -> Vec<Content> {
        within(&format!("the person to hear {count} things"), self.subject.heard(count)).await
    }

    fn said(&self) -> Vec<Content> {
        self.host.seen().said(&self.owner.passport, &self.person.user)
    }

    fn accepted(&self, text: &str) -> usize {
        self.said().iter().filter(|content| **content == Content::text(text)).count()
    }
}

/// After the end no task of the bridge is left, and the host hears nothing more.
async fn the_end_is_the_end(subject: &dyn Subject, host: &FakeHost, tasks: usize) {
    within("stop", subject.network().stop()).await;
    let calls = host.seen().calls;
    let quiet = async {
        while subject.tasks() > tasks {
            // The runtime tells nobody when a task has ended.
            sleep(GLANCE).await;
        }
    };
    let left = timeout(PATIENCE, quiet).await;
    assert!(left.is_ok(), "{} tasks are left after stop", subject.tasks().saturating_sub(tasks));
    assert_eq!(host.seen().calls, calls, "the host is told nothing after stop");
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

async fn done<T>(what: &str, future: impl Future<Output = Result<T, Failure>>) -> T {
    within(what, future).await.unwrap_or_else(|failure| panic!("{what} failed: {failure:?}"))
}
