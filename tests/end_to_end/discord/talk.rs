//! Everything that a talk has, in each of its four ways: with a person and in a channel, through an own bot and through the relay.

use chrysalis_discord_double::{Bot, Channel, Double, Id, Message, Person};
use chrysalis_test_harness::{Answer, Object, ObjectKind, Room, definitions_in, emoticons, pattern, text, typing};

use super::{ANN, CAROL, GENERAL, Setup, tea, window};
use crate::matrix::picture::{GIF, png};

/// A place where Carol and Ann talk, and as whom Carol does.
struct Way {
    /// The window's contact.
    contact: &'static str,
    place: Channel,
    bot: Bot,
    ann: Person,
    /// An emoji of the guild, called cat.
    cat: Id,
    /// Whether Carol speaks through the relay.
    relayed: bool,
}

impl Way {
    fn is_direct(&self) -> bool {
        self.contact == ANN
    }

    /// A line of Ann's, as the window shows it.
    fn as_of_ann(&self, words: &str) -> String {
        if self.is_direct() { words.to_owned() } else { format!("Ann: {words}") }
    }

    /// Carol's words, as they stand on Discord.
    fn as_of_carol(&self, words: &str) -> String {
        if self.is_direct() && self.relayed { format!("**Carol**: {words}") } else { words.to_owned() }
    }

    /// Whether a message is Carol's.
    fn is_carols(&self, message: &Message) -> bool {
        match message.author.webhook_name() {
            Some(name) => self.relayed && !self.is_direct() && name == "Carol",
            None => message.author.id() == self.bot.id() && (self.is_direct() || !self.relayed),
        }
    }

    async fn said(&self, words: &str) -> Message {
        let said = self.place.wait_for_text(&self.as_of_carol(words)).await;
        assert!(self.is_carols(&said), "{said:?}");
        said
    }

    async fn hears(&self, talk: &mut Room, words: &str) {
        assert_eq!(talk.hear_text(self.contact).await, self.as_of_ann(words));
    }

    /// Says and hears everything.
    async fn through(&self, talk: &mut Room) {
        talk.tell(text("lunch today?")).await;
        let asked = self.said("lunch today?").await;
        self.answers(talk, &asked).await;
        self.signs_and_changes(talk, &asked).await;
        self.files(talk).await;
        self.emojis(talk).await;
        talk.say("U", typing(CAROL)).await;
        self.place.wait_for_typing(self.bot.id(), 1).await;
        self.ann.types(&self.place);
        let types = |payload: &[u8]| String::from_utf8_lossy(payload).contains("text/x-msmsgscontrol");
        talk.hear_that(self.contact, "that she types", |payload| types(payload)).await;
    }

    async fn answers(&self, talk: &mut Room, asked: &Message) {
        self.ann.replies(asked, "at noon");
        let answer = talk.hear_text(self.contact).await;
        // Who answers at once answers what is not known yet as the reader's own.
        let quotes =
            if self.is_direct() { &["> lunch today?"][..] } else { &["> you: lunch today?", "> Carol: lunch today?"] };
        assert!(quotes.iter().any(|quote| answer == self.as_of_ann(&format!("{quote}\r\nat noon"))), "{answer}");
        talk.tell(text(&format!("> {}\r\nsplendid", self.as_of_ann("at noon")))).await;
        if self.relayed && !self.is_direct() {
            // A webhook cannot answer: it quotes, and says where.
            let splendid = self.place.wait_for_message(|message| message.content.ends_with("\nsplendid")).await;
            assert!(splendid.content.starts_with("> **Ann**: at noon https://discord.com/"), "{splendid:?}");
            assert!(self.is_carols(&splendid), "{splendid:?}");
        } else {
            let splendid = self.said("splendid").await;
            let noon = self.place.wait_for_text("at noon").await;
            assert_eq!(splendid.reference.and_then(|reference| reference.message), Some(noon.id));
        }
    }

    async fn signs_and_changes(&self, talk: &mut Room, asked: &Message) {
        self.ann.reacts(asked, "\u{1f44d}");
        assert_eq!(talk.hear_text(self.contact).await, "* Ann reacted with (Y) to \"lunch today?\"");
        self.ann.unreacts(asked, "\u{1f44d}");
        assert_eq!(talk.hear_text(self.contact).await, "* Ann took back (Y) from \"lunch today?\"");
        let meet = self.ann.says(&self.place, "see you at noon");
        self.hears(talk, "see you at noon").await;
        self.ann.edits(&meet, "see you at one");
        self.hears(talk, "* see you at one").await;
        // Whoever goes on talking has read it.
        talk.tell(text("fine")).await;
        self.said("fine").await;
        talk.prove().await;
        self.ann.deletes(&meet);
        let deleted = talk.hear_text(self.contact).await;
        assert!(deleted.starts_with("* Ann deleted: \"see you at "), "{deleted}");
    }

    async fn files(&self, talk: &mut Room) {
        let file = pattern(70_000);
        self.ann.sends_file(&self.place, "notes.bin", file.clone());
        let line = talk.hear_text(self.contact).await;
        assert!(line.starts_with(&self.as_of_ann("sent a file: notes.bin (")), "{line}");
        let (offer, came) = talk.receive_file(self.contact).await;
        assert!(offer.name == "notes.bin" && came == file, "it came changed");
        assert_eq!(talk.send_file(self.contact, "mine.bin", &file).await, Answer::Accepted);
        let is_it = |message: &Message| {
            self.is_carols(message) && message.attachments.iter().any(|attachment| attachment.name == "mine.bin")
        };
        let sent = self.place.wait_for_message(is_it).await;
        assert!(sent.attachments[0].bytes == file, "it went changed");
    }

    async fn emojis(&self, talk: &mut Room) {
        self.ann.says(&self.place, &format!("my <:cat:{}> says hello", self.cat));
        let is_definition = |payload: &[u8]| String::from_utf8_lossy(payload).contains("emoticon");
        let defined = talk.hear_that(self.contact, "a definition", |payload| is_definition(payload)).await;
        let [(shortcut, object)] = &definitions_in(&defined)[..] else { panic!("one emoticon") };
        assert_eq!(shortcut, ":cat:");
        self.hears(talk, "my :cat: says hello").await;
        talk.fetch_object(self.contact, object).await;
        let own = Object::describe(CAROL, ObjectKind::Emoticon, "cat", GIF);
        talk.say("N", emoticons(false, &[(":cat:", &own)])).await;
        talk.tell(text("here is :cat:")).await;
        let shown = if self.is_direct() { ":cat:".to_owned() } else { format!("<:cat:{}>", self.cat) };
        self.said(&format!("here is {shown}")).await;
    }
}

/// Carol talks with Ann through a bot of her own, or through the relay.
async fn talk(contact: &'static str, relayed: bool) {
    let double = Double::start().await;
    let (bot, guild, ann) = tea(&double);
    let general = guild.channel("general");
    let cat = guild.emoji("cat", png(24, [200, 100, 0]));
    let token = if relayed { format!("token = \"{}\"", bot.token()) } else { String::new() };
    let setup = Setup::beside(double, &[CAROL], &token);
    if !relayed {
        setup.link(&bot);
    }
    let mut carol = setup.carol(&[ANN, GENERAL]).await;
    let mut talk = window(&mut carol, contact).await;
    let place = if contact == ANN { ann.direct(&bot) } else { general };
    Way { contact, place, bot, ann, cat, relayed }.through(&mut talk).await;
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_people_are_talked_with_through_an_own_bot() {
    talk(ANN, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_people_are_talked_with_through_the_relay() {
    talk(ANN, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_channels_are_talked_in_through_an_own_bot() {
    talk(GENERAL, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_channels_are_talked_in_through_the_relay() {
    talk(GENERAL, true).await;
}
