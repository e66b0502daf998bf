//! The war: everybody says what they have to say, and between any two words something may happen.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrysalis_test_harness::{Fault, Homeserver, Server};
use rand::{
    Rng,
    rngs::StdRng,
    seq::{IteratorRandom, SliceRandom},
};
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::block_in_place;

use super::client::Client;
use super::disk::Disk;
use super::form::Form;
use super::journal::Journal;
use super::line::Place;
use super::parties::{Parties, addresses};
use super::table::Table;
use super::verdict::Verdict;
use super::word::{Author, Word};
use crate::program;

/// A last word that was said on a connection that broke is said anew after this.
const TAKEN: Duration = Duration::from_secs(5);

/// What happens to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Calamity {
    ServerKilled,
    HomeserverKilled,
    DatabaseLocked,
    DiskFull,
}

impl Calamity {
    const ALL: [Self; 4] = [Self::ServerKilled, Self::HomeserverKilled, Self::DatabaseLocked, Self::DiskFull];
}

/// Both sides, and all that they say. The server ends before its homeserver.
pub(super) struct War {
    pub(super) form: Form,
    pub(super) parties: Parties,
    pub(super) journal: Arc<Mutex<Journal>>,
    place: watch::Sender<Option<Place>>,
    orders: Vec<mpsc::Sender<Word>>,
    /// What each says next in each conversation.
    next: BTreeMap<(usize, Author), u32>,
    /// How often each has happened.
    pub(super) happened: BTreeMap<Calamity, u32>,
    pub(super) lasted: Duration,
    _disk: Disk,
    server: Server,
    pub(super) homeserver: Homeserver,
}

/// What there is once everything has arrived.
pub(super) struct Peace {
    /// All that has happened in each room.
    pub(super) rooms: Vec<Vec<Value>>,
    /// How long the last words took.
    pub(super) took: Duration,
}

impl War {
    /// Everybody is there, and nothing goes wrong yet.
    pub(super) async fn prepare(form: Form, seed: u64) -> Self {
        let homeserver = Homeserver::start_behind_proxies(program(), seed).await;
        let addresses = addresses();
        let accounts: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let server = Server::start_with(program(), &accounts, &homeserver.section());
        let parties = Parties::befriend(&server, &homeserver, form.people, form.rooms).await;
        let (place, places) = watch::channel(Some(Place::of(&server)));
        let journal = Arc::new(Mutex::new(Journal::default()));
        let mut orders = Vec::new();
        for (number, account) in parties.accounts.iter().enumerate() {
            let (sender, ordered) = mpsc::channel(256);
            let client = Client {
                place: number,
                account: account.passport.clone(),
                contacts: Arc::new(parties.contacts_of(number).collect()),
                journal: Arc::clone(&journal),
            };
            tokio::spawn(client.live(places.clone(), ordered));
            orders.push(sender);
        }
        let next = parties.speakers().into_iter().map(|speaker| (speaker, 0)).collect();
        let (happened, lasted) = (BTreeMap::new(), Duration::ZERO);
        let disk = Disk::watch(Arc::clone(&journal));
        Self { form, parties, journal, place, orders, next, happened, lasted, _disk: disk, server, homeserver }
    }

    /// Everybody speaks, in an order of chance.
    pub(super) async fn wage(&mut self, mut chance: StdRng) {
        let began = Instant::now();
        let between = self.homeserver.between();
        between.to_homeserver.strike(self.form.struck_asking, &Fault::ALL);
        between.to_appservice.strike(self.form.struck_pushing, &Fault::ALL);
        let calamities = self.calamities(&mut chance);
        let apart = self.next.len() * self.form.each as usize / (calamities.len() + 1);
        let mut calamities = calamities.into_iter();
        let mut said = 0;
        while (began.elapsed() < self.form.longest || self.happened.len() < Calamity::ALL.len())
            && let Some(word) = self.speak(&mut chance, |_| true).await
        {
            said += 1;
            if said % apart == 0
                && let Some(calamity) = calamities.next()
            {
                *self.happened.entry(calamity).or_default() += 1;
                // Most of what can break off is over within a few milliseconds.
                let longest = [3, 15, 80][chance.random_range(0..3)];
                pause(&mut chance, 0..longest).await;
                println!("{:>6.1} s, after \"{word}\": {calamity:?}", began.elapsed().as_secs_f32());
                self.suffer(calamity, &mut chance).await;
            } else if chance.random_bool(0.3) {
                pause(&mut chance, 0..120).await;
            }
        }
        self.lasted = began.elapsed();
    }

    /// One of each kind comes first: on a slow machine the time is over before the last.
    fn calamities(&self, chance: &mut StdRng) -> Vec<Calamity> {
        let form = &self.form;
        let counts = [
            (Calamity::ServerKilled, form.kills),
            (Calamity::HomeserverKilled, form.homeserver_kills),
            (Calamity::DatabaseLocked, form.locks),
            (Calamity::DiskFull, form.full_disks),
        ];
        let mut all = Calamity::ALL.to_vec();
        all.shuffle(chance);
        let mut more: Vec<Calamity> =
            counts.into_iter().flat_map(|(calamity, count)| std::iter::repeat_n(calamity, count - 1)).collect();
        more.shuffle(chance);
        all.append(&mut more);
        all
    }

    async fn suffer(&mut self, calamity: Calamity, chance: &mut StdRng) {
        let dies = chance.random_bool(0.5);
        match calamity {
            Calamity::ServerKilled => {
                self.kill();
                self.revive();
            }
            Calamity::HomeserverKilled => {
                self.homeserver.kill();
                if dies {
                    self.kill();
                    self.revive();
                }
                // Meanwhile nobody on Matrix can say anything.
                for _ in 0..chance.random_range(4..16) {
                    self.speak(chance, |author| matches!(author, Author::Account(_))).await;
                    pause(chance, 0..100).await;
                }
                self.homeserver.run().await;
            }
            Calamity::DatabaseLocked => {
                let began = Instant::now();
                let held = self.server.lock_database().await;
                // The database waits for five seconds before it gives up.
                let until = Instant::now() + Duration::from_millis(chance.random_range(2_000..8_000));
                self.speak_until(until, chance).await;
                if dies {
                    self.kill();
                }
                held.release().await;
                self.journal.lock().unwrap().unwritable.push(began..Instant::now());
                self.revive();
            }
            Calamity::DiskFull => {
                let began = Instant::now();
                self.server.fill_disk();
                let until = Instant::now() + Duration::from_millis(chance.random_range(500..4_000));
                self.speak_until(until, chance).await;
                if dies {
                    self.kill();
                } else {
                    self.server.free_disk();
                }
                self.journal.lock().unwrap().unwritable.push(began..Instant::now());
                self.revive();
            }
        }
    }

    async fn speak_until(&mut self, until: Instant, chance: &mut StdRng) {
        while Instant::now() < until {
            self.speak(chance, |_| true).await;
            pause(chance, 20..200).await;
        }
    }

    /// One of these says their next word somewhere, if there is one left.
    async fn speak(&mut self, chance: &mut StdRng, who: impl Fn(Author) -> bool) -> Option<Word> {
        let each = self.form.each;
        let left = self.next.iter().filter(|((_, author), next)| who(*author) && **next < each);
        let (&(conversation, author), _) = left.choose(chance)?;
        Some(self.say_next(conversation, author).await)
    }

    async fn say_next(&mut self, conversation: usize, author: Author) -> Word {
        let next = self.next.entry((conversation, author)).or_default();
        let word = Word { conversation, author, number: *next };
        *next += 1;
        match author {
            Author::Account(place) => self.orders[place].send(word).await.expect("the client lives"),
            Author::Person(place) => {
                let room = &self.parties.conversations[conversation].room;
                let text = word.to_string();
                let taken = self.parties.people[place].say_once(room, &text.replace(' ', "-"), &text).await.unwrap();
                taken.unwrap_or_else(|refused| panic!("{refused:?}"));
            }
        }
        word
    }

    /// Kills the server, whatever it is doing.
    fn kill(&mut self) {
        self.place.send_replace(None);
        block_in_place(|| self.server.kill());
        self.homeserver.between().to_homeserver.forgive();
    }

    /// Starts the server, if it was killed.
    fn revive(&mut self) {
        if self.place.borrow().is_none() {
            block_in_place(|| self.server.run());
            self.place.send_replace(Some(Place::of(&self.server)));
        }
    }

    /// Nothing goes wrong any more: everybody says one word more everywhere, and when these have arrived, all that was said before
    /// must have.
    pub(super) async fn make_peace(&mut self) -> Peace {
        let between = self.homeserver.between();
        between.to_homeserver.rest();
        between.to_appservice.rest();
        let began = Instant::now();
        let mut last = BTreeMap::new();
        for (conversation, author) in self.parties.speakers() {
            let word = self.say_next(conversation, author).await;
            last.insert((conversation, author), (word, Instant::now()));
        }
        loop {
            let mut missing = BTreeMap::new();
            for ((conversation, author), (mut word, mut at)) in last {
                let is_taken = self.journal.lock().unwrap().taken.contains(&word);
                if matches!(author, Author::Account(_)) && !is_taken && at.elapsed() > TAKEN {
                    (word, at) = (self.say_next(conversation, author).await, Instant::now());
                }
                if !self.has_arrived(word).await {
                    missing.insert((conversation, author), (word, at));
                }
            }
            last = missing;
            if last.is_empty() {
                break;
            }
            if began.elapsed() > self.form.arrival {
                let missing: Vec<Word> = last.values().map(|(word, _)| *word).collect();
                println!("these have not arrived within {:?}: {missing:?}", self.form.arrival);
                break;
            }
            // What stands in a room can only be asked for.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let took = began.elapsed();
        let mut rooms = Vec::new();
        for (place, conversation) in self.parties.conversations.iter().enumerate() {
            rooms.push(self.parties.witness(place).history(&conversation.room).await);
        }
        Peace { rooms, took }
    }

    /// Whether a word stands in its room, and all accounts there but its author's have heard it.
    async fn has_arrived(&self, word: Word) -> bool {
        let conversation = &self.parties.conversations[word.conversation];
        let is_heard = {
            let journal = self.journal.lock().unwrap();
            let others = conversation.accounts.iter().filter(|account| Author::Account(**account) != word.author);
            others
                .copied()
                .all(|account| journal.last_heard(account, word.conversation).get(&word.author) == Some(&word.number))
        };
        let Author::Account(place) = word.author else { return is_heard };
        if !is_heard {
            return false;
        }
        let ghost = &self.parties.accounts[place].ghost;
        let latest = self.parties.witness(word.conversation).latest_of(&conversation.room, ghost, 10).await;
        let text = word.to_string();
        latest.iter().any(|event| event["content"]["body"] == text.as_str())
    }

    /// What became of everything.
    pub(super) fn judge(&self, peace: &Peace) -> (Verdict, Table) {
        let journal = self.journal.lock().unwrap();
        let said = self.next.iter().flat_map(|(&(conversation, author), &next)| {
            (0..next).map(move |number| Word { conversation, author, number })
        });
        let mut verdict = Verdict::reach(&self.parties, &journal, &peace.rooms, &said.collect());
        let between = self.homeserver.between();
        verdict.impatient = between.to_homeserver.impatient();
        let (asking, pushing) = (between.to_homeserver.met(), between.to_appservice.met());
        let unmet = Fault::ALL.into_iter().filter(|fault| !asking.contains_key(fault));
        verdict.unmet.extend(unmet.map(|fault| fault.to_string()));
        verdict.unmet.extend(pushing.is_empty().then(|| "any fault of a push".to_owned()));
        let unmet = Calamity::ALL.into_iter().filter(|calamity| !self.happened.contains_key(calamity));
        verdict.unmet.extend(unmet.map(|calamity| format!("{calamity:?}")));
        let table = Table::of(self, &verdict, &journal, peace.took);
        (verdict, table)
    }
}

/// Lets so many milliseconds pass.
async fn pause(chance: &mut StdRng, within: Range<u64>) {
    tokio::time::sleep(Duration::from_millis(chance.random_range(within))).await;
}
