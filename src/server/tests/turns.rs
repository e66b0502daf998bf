//! What waits from the room of a gathering, which two conversations can show.

use std::net::Ipv4Addr;
use std::time::Duration;

use domain::{
    Content, RemoteRoom,
    account::SessionId,
    conversation::{Cause, Gathering, MessageId, Party, PartyKind, RoomManner, SeatEvent, SeatId},
};
use msnp::dialect::Dialect;
use session::switchboard::Input;
use store::Introduction;
use tokio::sync::mpsc::Receiver;

use super::*;
use crate::{
    conversation::{ConversationHandle, ToConversation},
    lane::{LaneEnd, ToConnection},
};

/// A client of Carol's that sits in a conversation.
struct Client {
    conversation: ConversationHandle,
    seat: SeatId,
    told: Receiver<Box<ToConnection>>,
    _end: LaneEnd,
}

impl Client {
    async fn of(core: &Arc<Core>, conversation: ConversationHandle, party: Party) -> Self {
        let (end, told) = LaneEnd::open();
        let seat = core.seat_id();
        let lane = end.handle(SessionId(1), Dialect::Msnp12, (Arc::from(""), Ipv4Addr::LOCALHOST.into()));
        let client = Self { conversation, seat, told, _end: end };
        let seated = Cause::Seated { seat, party, answering: Some(1) };
        client.send(ToConversation::Seat(lane, seated)).await;
        client
    }

    async fn send(&self, message: ToConversation) {
        assert!(self.conversation.send(Box::new(message)).await.is_ok(), "the conversation has ended");
    }

    async fn cause(&self, cause: Cause) {
        self.send(ToConversation::Cause(cause)).await;
    }

    async fn calls(&self, callee: Party) {
        self.cause(Cause::Called { seat: self.seat, tag: 2, callee }).await;
    }

    async fn event(&mut self) -> SeatEvent {
        loop {
            let told = tokio::time::timeout(Duration::from_secs(10), self.told.recv()).await.expect("nothing is told");
            if let Some(ToConnection::Switchboard(Input::Seat(event))) = told.map(|told| *told) {
                return event;
            }
        }
    }

    /// The next message.
    async fn message(&mut self) -> MessageId {
        loop {
            if let SeatEvent::Message { id: Some(id), .. } = self.event().await {
                return id;
            }
        }
    }

    /// The messages that it was given so far.
    async fn messages(&mut self, who: Party) -> Vec<MessageId> {
        self.calls(who).await;
        let mut messages = Vec::new();
        loop {
            match self.event().await {
                SeatEvent::NotCalling { .. } => return messages,
                SeatEvent::Message { id, .. } => messages.extend(id),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn what_one_conversation_shows_of_a_gathering_another_does_not_show_again() {
    let (name, bit) = ("net".parse::<domain::NetworkName>().unwrap(), 64.try_into().unwrap());
    let network = Arc::new(Reluctant::default());
    let entry = NetworkEntry { name: name.clone(), bit, network, features: Features::PLAIN };
    let (core, _folder) = core(RegistrationPolicy::Closed, vec![entry]).await;
    for address in ["carol@example.com", "dave@example.com"] {
        core.store.add_account(&passport(address), "somebody", "hash").await.unwrap();
    }
    let room = RemoteRoom("gathering/7".to_owned());
    let target = RemoteTarget::Room(room.clone());
    let (shown, login) = ("Tea".to_owned(), "tea".to_owned());
    let introduction = Introduction { target, name: shown, login, server: None, topic: String::new() };
    let contact = core.store.allot(&name, introduction).await.unwrap();
    let [carol, dave, contact] = [passport("carol@example.com"), passport("dave@example.com"), contact];
    let party = async |who: &Passport| core.party(who).await.unwrap().unwrap();
    let (her, room_party) = (party(&carol).await, party(&contact).await);

    // Carol sits in the conversation of several that has the room, and in the room's own window.
    let several = core.directory.conversation(&core, her.clone(), party(&dave).await, RoomManner::default());
    core.directory.gathered(&contact, &several);
    let mut here = Client::of(&core, several, her.clone()).await;
    here.calls(Party { passport: passport("echo@net.msn.example"), kind: PartyKind::Person, ..her.clone() }).await;
    let gathering = Gathering { contact: room_party.clone(), people: [].into() };
    here.cause(Cause::Gathered { room, gatherings: vec![gathering] }).await;
    let said = async |words: &str| {
        let id = core.store.notice(&carol, &contact, "Echo", Content::text(words)).await.unwrap().id;
        core.directory.doorbell(&core, carol.clone(), contact.clone());
        id
    };
    let first = said("one").await;
    assert_eq!(here.message().await, first);
    let alone = core.directory.conversation(&core, her.clone(), room_party, RoomManner::default());
    let mut there = Client::of(&core, alone, her.clone()).await;
    assert_eq!(there.messages(her.clone()).await, [], "it is on its way to the other window");

    here.cause(Cause::Shown { seat: here.seat, messages: vec![first] }).await;
    let second = said("two").await;
    assert_eq!(here.message().await, second);
    assert_eq!(there.messages(her.clone()).await, []);
    here.cause(Cause::Left(here.seat)).await;
    assert_eq!(there.message().await, second, "nobody else has shown it");
    there.cause(Cause::Shown { seat: there.seat, messages: vec![second] }).await;
    let third = said("three").await;
    assert_eq!(there.message().await, third);
    core.stop.cancel();
}

#[tokio::test]
async fn an_errand_is_answered_in_the_conversation_where_it_was_told() {
    let (core, _folder) = core(RegistrationPolicy::Closed, Vec::new()).await;
    let (conversation, mut queue) = ConversationHandle::open();
    let carol = passport("carol@example.com");
    assert_eq!(core.service.hear(&core, &carol, &conversation, &Content::text("join")).await, None);
    let answer = tokio::time::timeout(Duration::from_secs(10), queue.recv()).await.expect("it is not answered");
    let Some(ToConversation::Cause(Cause::Told { owner, line: Content::Text(line) })) = answer.map(|answer| *answer)
    else {
        panic!("it is no answer");
    };
    assert_eq!(owner, carol);
    assert!(line.text.starts_with("Where to?"), "{}", line.text);
}
