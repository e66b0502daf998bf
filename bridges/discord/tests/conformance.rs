//! The suite that every bridge passes, with Ann on a Discord in process as the far side, and Carol speaking through a bot of her own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bridge::{
    Accepted, Arrival, Batch, Bound, Failure, Fault, Features, Found, Host, HostFault, Inbox, Link, LinkOwner,
    LinkStatus, LinkWay, MediaStream, Network, Registration, RemoteProfile, RoomProfile, Section, Standing, Write,
    conformance::{Enclosure, EnclosureKind, Subject, owner, run},
};
use chrysalis_discord_double::{Activity, Attachment, Bot, Channel, Double, Id, Message, Person, Status};
use domain::{
    Content, NetworkName, Passport, RemoteMessage, RemoteUser, Timestamp,
    contact::RemoteTarget,
    content::{Span, Style, Text},
    media::{self, BlobId, Source},
    presence::{Availability, RemotePresence},
};
use serde_json::json;
use tokio::{runtime::Runtime, sync::watch};

/// Names that the suite gives to files. Discord writes names its own way, so they are told by what it makes of them.
const FILE_NAMES: [&str; 2] = ["every byte.bin", "eins \u{fc}ber null.txt"];

/// What the host has accepted, and which names files had before Discord wrote them its own way.
#[derive(Default)]
struct Ledger {
    accepted: watch::Sender<Vec<Arrival>>,
    names: Mutex<HashMap<String, String>>,
}

impl Ledger {
    async fn wait_for(&self, what: &str, is_it: impl Fn(&Arrival) -> bool) {
        let mut accepted = self.accepted.subscribe();
        let found = accepted.wait_for(|accepted| accepted.iter().any(&is_it)).await;
        drop(found.unwrap_or_else(|_| panic!("nobody accepts {what}")));
    }

    fn renamed(&self, mut arrival: Arrival) -> Arrival {
        if let Arrival::Message { content, .. } = &mut arrival
            && let Some(attachment) = content.attachment_mut()
            && let Some(name) = self.names.lock().unwrap().get(&attachment.name)
        {
            attachment.name.clone_from(name);
        }
        arrival
    }
}

/// The bridge, whose account is linked as soon as it is started, and whose host is looked over the shoulder.
struct Linked {
    inner: Arc<dyn Network>,
    ledger: Arc<Ledger>,
    token: String,
}

#[async_trait]
impl Network for Linked {
    fn features(&self) -> Features {
        self.inner.features()
    }

    async fn start(&self, host: Arc<dyn Host>) -> Result<(), Failure> {
        self.inner.start(Arc::new(Watched { inner: host, ledger: Arc::clone(&self.ledger) })).await?;
        let answers = BTreeMap::from([("token".to_owned(), self.token.clone())]);
        let status = self.inner.link(&owner().passport, "token", &answers).await?;
        assert!(status.identity.starts_with("carols-bot"), "{status:?}");
        assert_eq!(status.notes, Vec::<String>::new());
        self.ledger.wait_for("Ann on Carol's list", |arrival| matches!(arrival, Arrival::Friend { .. })).await;
        Ok(())
    }

    async fn open(&self, owner: LinkOwner) -> Result<Arc<dyn Link>, Failure> {
        self.inner.open(owner).await
    }

    fn link_ways(&self) -> Vec<LinkWay> {
        self.inner.link_ways()
    }

    async fn resolve(&self, name: &str, server: Option<&str>) -> Result<Option<RemoteProfile>, Failure> {
        self.inner.resolve(name, server).await
    }

    async fn resolve_room(&self, name: &str, server: Option<&str>) -> Result<Option<RoomProfile>, Failure> {
        self.inner.resolve_room(name, server).await
    }

    async fn find(&self, words: &str) -> Result<Option<Found>, Failure> {
        self.inner.find(words).await
    }

    async fn linked(&self, owner: &Passport) -> Option<LinkStatus> {
        self.inner.linked(owner).await
    }

    async fn check(&self, standing: Standing) -> Vec<Fault> {
        self.inner.check(standing).await
    }

    async fn stop(&self) {
        self.inner.stop().await;
    }
}

/// A host that tells what it has accepted: Discord is told by nobody that a message was received.
struct Watched {
    inner: Arc<dyn Host>,
    ledger: Arc<Ledger>,
}

#[async_trait]
impl Inbox for Watched {
    async fn accept(&self, batch: Batch) -> Result<Accepted, HostFault> {
        let arrivals: Vec<Arrival> = batch.arrivals.into_iter().map(|arrival| self.ledger.renamed(arrival)).collect();
        let accepted = self.inner.accept(Batch { arrivals: arrivals.clone(), writes: batch.writes }).await?;
        self.ledger.accepted.send_modify(|all| all.extend(arrivals));
        Ok(accepted)
    }
}

#[async_trait]
impl Host for Watched {
    fn network(&self) -> &NetworkName {
        self.inner.network()
    }

    fn domain(&self) -> &str {
        self.inner.domain()
    }

    fn data_directory(&self) -> &Path {
        self.inner.data_directory()
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    async fn generation(&self) -> Result<String, HostFault> {
        self.inner.generation().await
    }

    async fn owners(&self) -> Result<Vec<LinkOwner>, HostFault> {
        self.inner.owners().await
    }

    async fn register(&self, passport: &Passport, password: &str) -> Result<Registration, HostFault> {
        self.inner.register(passport, password).await
    }

    async fn get(&self, key: &str) -> Result<Option<String>, HostFault> {
        self.inner.get(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, String)>, HostFault> {
        self.inner.list(prefix).await
    }

    async fn secret(&self, key: &str) -> Result<Option<String>, HostFault> {
        self.inner.secret(key).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<(), HostFault> {
        self.inner.write(writes).await
    }

    fn presence(&self, owner: &Passport, user: &RemoteUser, presence: RemotePresence) {
        self.inner.presence(owner, user, presence);
    }

    fn typing(&self, owner: &Passport, place: &RemoteTarget, user: &RemoteUser, typing: bool) {
        self.inner.typing(owner, place, user, typing);
    }

    fn profile(&self, profile: RemoteProfile) {
        self.inner.profile(profile);
    }

    fn room(&self, room: RoomProfile) {
        self.inner.room(room);
    }

    fn picture(&self, whose: &RemoteTarget, picture: Option<BlobId>) {
        self.inner.picture(whose, picture);
    }

    async fn keep_media(&self, name: &str, stream: MediaStream, limit: u64) -> Result<media::Attachment, HostFault> {
        self.inner.keep_media(name, stream, limit).await
    }

    async fn open_media(&self, source: Source) -> Result<Option<MediaStream>, HostFault> {
        self.inner.open_media(source).await
    }

    async fn publish(&self, attachment: &media::Attachment) -> Result<Option<String>, HostFault> {
        self.inner.publish(attachment).await
    }

    fn notify(&self, owner: &Passport, line: String) {
        self.inner.notify(owner, line);
    }

    fn reached(&self, bound: Bound, by: &str) {
        self.inner.reached(bound, by);
    }
}

/// Ann and her Discord, on a runtime of its own, so that only the bridge's tasks are counted.
struct Ann {
    network: Arc<Linked>,
    person: Person,
    bot: Bot,
    chat: Channel,
    typed: Mutex<usize>,
    double: Double,
    runtime: Runtime,
}

impl Ann {
    fn begin() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let double = runtime.block_on(Double::start());
        let _on = runtime.enter();
        let (bot, guild) = (double.bot("carols-bot"), double.guild("Tea"));
        bot.joins(&guild);
        guild.channel("general");
        let person = double.person("ann");
        person.joins(&guild);
        let chat = person.direct(&bot);
        let values = json!({
            "api_base": double.api_base(),
            "gateway_url": double.gateway_url(),
            "cdn_base": double.cdn_base(),
            "contacts": { "members": "all" },
        });
        let section = Section {
            name: "discord".parse().unwrap(),
            bit: 128.try_into().unwrap(),
            values: values.as_object().unwrap().clone(),
            base: "/nowhere".into(),
            data_directory: "/nowhere".into(),
        };
        let inner = chrysalis_discord::network(&section).unwrap();
        let network = Arc::new(Linked { inner, ledger: Arc::default(), token: bot.token().to_owned() });
        Self { network, person, bot, chat, typed: Mutex::default(), double, runtime }
    }

    fn said_by_carol(&self) -> Vec<Message> {
        self.chat.messages().into_iter().filter(|message| message.author.id() == self.bot.id()).collect()
    }

    async fn wait_until(&self, enough: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        loop {
            let said = self.said_by_carol();
            if enough(&said) {
                return said;
            }
            let is_new = |message: &Message| {
                message.author.id() == self.bot.id() && said.last().is_none_or(|last| message.id > last.id)
            };
            self.chat.wait_for_message(is_new).await;
        }
    }

    fn message(&self, id: &RemoteMessage) -> Message {
        let number: Id = id.as_str().split('/').nth(1).unwrap().parse().unwrap();
        self.chat.message(number).expect("the message that is meant is there")
    }

    async fn accepted(&self, what: &str, is_it: impl Fn(&Arrival) -> bool) {
        self.network.ledger.wait_for(what, is_it).await;
    }
}

fn says(arrival: &Arrival, wanted: &Content) -> bool {
    matches!(arrival, Arrival::Message { content, .. } if content == wanted)
}

/// What Discord's people see of a message: its marks as looks, without what escapes them.
fn shown(content: &str) -> Text {
    let mut text = Text::default();
    let mut open: Vec<(&str, usize, Style)> = Vec::new();
    let mut rest = content;
    let marks = [
        ("**", Style::Bold),
        ("__", Style::Underline),
        ("~~", Style::Strike),
        ("*", Style::Italic),
        ("_", Style::Italic),
    ];
    while let Some(letter) = rest.chars().next() {
        if let Some(escaped) = rest.strip_prefix('\\').and_then(|rest| rest.chars().next())
            && escaped.is_ascii_punctuation()
        {
            text.text.push(escaped);
            rest = &rest[1 + escaped.len_utf8()..];
        } else if let Some((mark, style)) = marks.iter().find(|(mark, _)| rest.starts_with(mark)) {
            match open.iter().position(|(its, ..)| its == mark) {
                Some(at) => {
                    let (_, start, style) = open.remove(at);
                    text.spans.push(Span { range: start..text.text.len(), style });
                }
                None => open.push((mark, text.text.len(), style.clone())),
            }
            rest = &rest[mark.len()..];
        } else {
            if letter != '\u{200b}' {
                text.text.push(letter);
            }
            rest = &rest[letter.len_utf8()..];
        }
    }
    text
}

/// A file's name in its address.
fn as_discord_writes(name: &str) -> String {
    let letters = name.chars().map(|letter| if letter == ' ' { '_' } else { letter });
    letters.filter(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(*letter)).collect()
}

fn enclosure(attachment: &Attachment) -> Enclosure {
    let kind = match attachment.content_type.as_deref().unwrap_or_default() {
        picture if picture.starts_with("image/") => EnclosureKind::Image,
        sound if sound.starts_with("audio/") => EnclosureKind::Voice,
        _ => EnclosureKind::File,
    };
    let named = FILE_NAMES.iter().find(|name| as_discord_writes(name) == attachment.name);
    let name = named.map_or_else(|| attachment.name.clone(), |name| (*name).to_owned());
    Enclosure { kind, name, bytes: attachment.bytes.to_vec() }
}

#[async_trait]
impl Subject for Ann {
    fn network(&self) -> Arc<dyn Network> {
        Arc::clone(&self.network) as Arc<dyn Network>
    }

    fn person(&self) -> RemoteProfile {
        RemoteProfile {
            user: RemoteUser(self.person.id().to_string()),
            name: "ann".into(),
            login: "ann".into(),
            server: None,
            account: None,
        }
    }

    async fn say(&self, text: &str) {
        self.person.says(&self.chat, text);
        let said = Content::text(text);
        self.accepted(text, |arrival| says(arrival, &said)).await;
    }

    async fn heard(&self, count: usize) -> Vec<Content> {
        let texts = |messages: &[Message]| -> Vec<Content> {
            let texts = messages.iter().filter(|message| message.attachments.is_empty());
            texts.map(|message| Content::Text(shown(&message.content))).collect()
        };
        if count > 0 {
            self.wait_until(|messages| texts(messages).len() >= count).await;
        }
        texts(&self.said_by_carol())
    }

    async fn appear(&self, presence: RemotePresence) {
        let status = match presence.availability {
            Availability::Online => Status::Online,
            Availability::Away => Status::Idle,
            Availability::Busy => Status::Busy,
            Availability::Offline | Availability::Unreachable => Status::Offline,
        };
        self.person.set_presence(status, &[Activity::custom(&presence.personal_message.text)]);
    }

    async fn sees(&self, line: Option<&str>) {
        self.bot
            .wait_for_presence(|shown| {
                let is_there = shown.status != "invisible";
                is_there == line.is_some() && (line.is_none() || shown.custom_status() == line)
            })
            .await;
    }

    async fn types(&self, typing: bool) {
        // Nobody tells Discord that they have stopped: it is over when it was not repeated.
        if typing {
            self.person.types(&self.chat);
        }
    }

    async fn sees_typing(&self, typing: bool) {
        if typing {
            let times = {
                let mut typed = self.typed.lock().unwrap();
                *typed += 1;
                *typed
            };
            self.chat.wait_for_typing(self.bot.id(), times).await;
        }
    }

    async fn invite(&self) -> bool {
        false
    }

    async fn send(&self, enclosure: &Enclosure) {
        let (name, bytes) = (&enclosure.name, enclosure.bytes.clone());
        // Before it is sent, so that no arrival keeps the name that Discord gives it.
        let rename = |written: String| self.network.ledger.names.lock().unwrap().insert(written, name.clone());
        let message = match enclosure.kind {
            EnclosureKind::Voice => {
                rename("voice-message.ogg".to_owned());
                self.person.sends_voice(&self.chat, bytes, 1.0)
            }
            EnclosureKind::File | EnclosureKind::Image | EnclosureKind::Ink => {
                rename(as_discord_writes(name));
                self.person.sends_file(&self.chat, name, bytes)
            }
        };
        let id = format!("{}/{}", message.channel, message.id);
        self.accepted(&enclosure.name, |arrival| arrival.id().is_some_and(|its| its.as_str() == id)).await;
    }

    async fn received(&self, count: usize) -> Vec<Enclosure> {
        let files = |messages: &[Message]| -> Vec<Enclosure> {
            messages.iter().flat_map(|message| &message.attachments).map(enclosure).collect()
        };
        if count > 0 {
            self.wait_until(|messages| files(messages).len() >= count).await;
        }
        files(&self.said_by_carol())
    }

    async fn say_formatted(&self, text: &Text) {
        let mut marked = text.text.clone();
        for span in text.spans.iter().rev() {
            let mark = match span.style {
                Style::Bold => "**",
                Style::Italic => "*",
                ref other => panic!("the suite has no {other:?}"),
            };
            marked.insert_str(span.range.end, mark);
            marked.insert_str(span.range.start, mark);
        }
        self.person.says(&self.chat, &marked);
        let said = Content::Text(text.clone());
        self.accepted("a formatted text", |arrival| says(arrival, &said)).await;
    }

    fn has_relations(&self) -> bool {
        true
    }

    async fn answer(&self, to: &RemoteMessage, text: &str) {
        self.person.replies(&self.message(to), text);
    }

    async fn react(&self, to: &RemoteMessage, sign: &str) {
        self.person.reacts(&self.message(to), sign);
    }

    async fn change(&self, of: &RemoteMessage, text: &str) {
        self.person.edits(&self.message(of), text);
    }

    async fn remove(&self, of: &RemoteMessage) {
        match of.as_str().split('/').nth(3) {
            Some(sign) => self.person.unreacts(&self.message(of), sign),
            None => self.person.deletes(&self.message(of)),
        }
    }

    async fn last_answered(&self) -> Option<RemoteMessage> {
        let last = self.said_by_carol().pop()?;
        let answered = last.reference?;
        Some(RemoteMessage(format!("{}/{}", answered.channel, answered.message?)))
    }
}

#[test]
fn the_network_keeps_the_contract() {
    let ann = Ann::begin();
    let bridge = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    bridge.block_on(async { run(&ann).await });
    bridge.shutdown_background();
    ann.double.finish();
    ann.runtime.shutdown_background();
}
