//! Rooms: how an account comes into one, what is said there, and what it is about.

use domain::{Content, contact::RemoteTarget};

use super::{Stage, done, within};
use crate::{Action, Arrival, Found, Host, Order, RoomProfile};

impl Stage<'_> {
    pub(super) async fn rooms_are_entered_spoken_in_and_described(&self, room: &RoomProfile) {
        if within("the person to ask the account in", self.subject.ask_in()).await {
            self.arrived_in("an invitation to the room", |arrival| match arrival {
                Arrival::RoomInvitation { owner, room: asked, from } => {
                    *owner == self.owner.passport && asked.room == room.room && from.user == self.person.user
                }
                _ => false,
            })
            .await;
            self.deliver_to("suite-come-in", room, Action::Welcome).await;
        } else {
            self.deliver_to("suite-go-in", room, Action::Befriend).await;
        }
        self.arrived_in("word that the account is in the room", |arrival| {
            matches!(arrival, Arrival::Room { owner, room: entered, .. } if *owner == self.owner.passport && entered.room == room.room)
        })
        .await;
        // Whoever is in a room already, and goes into it, is still in it.
        self.deliver_to("suite-go-in-again", room, Action::Befriend).await;

        let said = Action::Say {
            content: Content::text("good evening"),
            sent: self.host.now(),
            reply: None,
            heard: Vec::new(),
        };
        let messages = self.deliver_to("suite-in-the-room", room, said).await;
        assert!(!messages.is_empty(), "what was said in a room has an id on the network");
        within("the person to speak in the room", self.subject.say_in("good evening to you")).await;
        self.arrived_in("what the person says in the room, in the room", |arrival| {
            matches!(arrival, Arrival::Message { place: RemoteTarget::Room(place), content, .. }
                if *place == room.room && *content == Content::text("good evening to you"))
        })
        .await;
        self.a_topic_is_set_and_told(room).await;
    }

    async fn a_topic_is_set_and_told(&self, room: &RoomProfile) {
        let topic = "what the suite is about: \u{fc} & <b>";
        let set = done("set a topic", self.link.topic(&room.room, Some(topic))).await;
        assert_eq!(set, topic, "a topic is what it was set to");
        assert_eq!(done("read a topic", self.link.topic(&room.room, None)).await, topic, "and stays so");
        let told = |seen: &super::super::Seen| seen.rooms.get(&room.room).filter(|told| told.topic == topic).map(drop);
        self.host.wait_for("the room's new topic", told).await;
    }

    pub(super) async fn people_and_rooms_are_found_by_the_networks_own_spelling(&self, room: &RoomProfile) {
        let Some(spelling) = self.subject.spelling_of_the_room() else { return };
        match done("find", self.network.find(&spelling)).await {
            Some(Found::Room(found)) => assert_eq!(found.room, room.room, "{spelling} means the room"),
            other => panic!("{spelling} means the room, and not {other:?}"),
        }
        let nothing = done("find", self.network.find("nothing is spelt like this")).await;
        assert_eq!(nothing, None, "what is no spelling means nobody, which is no failure");
    }

    async fn deliver_to(&self, key: &str, room: &RoomProfile, action: Action) -> Vec<domain::RemoteMessage> {
        let order = Order { key: key.to_owned(), attempt: 0, to: RemoteTarget::Room(room.room.clone()), action };
        done(key, self.link.deliver(&order)).await.messages
    }

    async fn arrived_in(&self, what: &str, is_it: impl Fn(&Arrival) -> bool) {
        self.host.wait_for(what, |seen| seen.arrivals.iter().any(&is_it).then_some(())).await;
    }
}
