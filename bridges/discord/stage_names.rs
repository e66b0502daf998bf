//! The names under which accounts speak through the relay.
//!
//! A webhook says on Discord whatever name it is told, and nothing else tells who spoke. So a name belongs to one account for
//! good: another account of that name gets a mark behind it, and what comes back under a name is its account's own.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bridge::{Host, HostFault, Write};
use domain::Passport;
use unicode_segmentation::UnicodeSegmentation as _;

/// The keys under which it is kept whose a name is.
const KEY: &str = "name/";
/// The longest name of a webhook's message, in characters (Discord's documentation, "Execute Webhook").
const LONGEST: usize = 80;
/// How much room is left for the mark behind a name that is another account's.
const MARK: usize = 24;
/// What a name may not hold, and what it may not be (Discord's documentation, "Create Webhook").
const REFUSED_WITHIN: [&str; 2] = ["clyde", "discord"];
const REFUSED_WHOLE: [&str; 2] = ["everyone", "here"];
/// Shown as nothing: it parts a word that would be refused.
const JOINER: char = '\u{200D}';

/// Whose which name is.
pub(crate) struct StageNames {
    owners: Mutex<HashMap<String, Passport>>,
}

impl StageNames {
    /// What earlier runs remembered.
    pub(crate) async fn load(host: &dyn Host) -> Result<Self, HostFault> {
        let kept = host.list(KEY).await?.into_iter();
        let owners = kept.filter_map(|(key, owner)| Some((key.strip_prefix(KEY)?.to_owned(), owner.parse().ok()?)));
        Ok(Self { owners: Mutex::new(owners.collect()) })
    }

    /// The account that speaks under this name.
    pub(crate) fn whose(&self, name: &str) -> Option<Passport> {
        self.lock().get(&folded(name)).cloned()
    }

    /// The name of an account that calls itself `called`, from now on its own. Durable when it returns.
    pub(crate) async fn of(&self, host: &dyn Host, owner: &Passport, called: &str) -> Result<String, HostFault> {
        let (name, is_new) = self.claim(owner, called);
        if is_new {
            let kept = Write::Put(format!("{KEY}{}", folded(&name)), owner.to_string());
            if let Err(fault) = host.write(vec![kept]).await {
                self.lock().remove(&folded(&name));
                return Err(fault);
            }
        }
        Ok(name)
    }

    /// The first of the account's possible names that is nobody else's, and whether it was nobody's.
    fn claim(&self, owner: &Passport, called: &str) -> (String, bool) {
        let name = speakable(called, owner.local());
        let mut owners = self.lock();
        for name in candidates(&name, owner) {
            match owners.get(&folded(&name)) {
                Some(other) if other != owner => {}
                Some(_) => return (name, false),
                None => {
                    owners.insert(folded(&name), owner.clone());
                    return (name, true);
                }
            }
        }
        // There are always more candidates than accounts: this is never reached.
        (name, false)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Passport>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name itself, with the account's own word behind it, and with that and a number.
fn candidates<'a>(name: &'a str, owner: &'a Passport) -> impl Iterator<Item = String> + 'a {
    let word = cut(&speakable(owner.local(), "?"), MARK - 6);
    let first = [name.to_owned(), format!("{name} ({word})")];
    first.into_iter().chain((2_u32..).map(move |number| format!("{name} ({word} {number})")))
}

/// Letters of another case, and blanks of another length, make no other name.
fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The name as a webhook may have it: one line that shows something and is not refused.
fn speakable(name: &str, otherwise: &str) -> String {
    let is_shown = |letter: &char| !letter.is_control() && !matches!(letter, '\u{200B}'..='\u{200F}' | '\u{FEFF}');
    let words =
        |name: &str| name.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect::<String>();
    let line = words(name).split_whitespace().collect::<Vec<_>>().join(" ");
    let line = if line.chars().any(|letter| is_shown(&letter)) { line } else { otherwise.to_owned() };
    let mut name = cut(&line, LONGEST - MARK);
    for refused in REFUSED_WITHIN {
        name = cut(&parted(&name, refused), LONGEST - MARK);
    }
    if REFUSED_WHOLE.contains(&name.to_lowercase().as_str()) {
        name.insert(1, JOINER);
    }
    name
}

/// The name with every `refused` in it parted behind its first letter.
fn parted(name: &str, refused: &str) -> String {
    // What is refused is ASCII, and ASCII alone is folded: every place found stays one in the name.
    let lower = name.to_ascii_lowercase();
    let mut parted = String::with_capacity(name.len() + 8);
    let mut from = 0;
    for (at, _) in lower.match_indices(refused) {
        parted.push_str(name.get(from..=at).unwrap_or_default());
        parted.push(JOINER);
        from = at + 1;
    }
    parted.push_str(name.get(from..).unwrap_or_default());
    parted
}

/// At most so many characters, and no half of what is shown as one.
fn cut(name: &str, longest: usize) -> String {
    let mut left = longest;
    let fits = |part: &&str| {
        let length = part.chars().count();
        let fits = length <= left;
        left = if fits { left - length } else { 0 };
        fits
    };
    name.graphemes(true).take_while(fits).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use bridge::conformance::FakeHost;

    use super::*;

    fn passport(address: &str) -> Passport {
        address.parse().unwrap()
    }

    #[test]
    fn a_name_is_as_discord_takes_it() {
        for (called, name) in [
            ("Carol", "Carol"),
            ("  Carol\r\nof\tExample ", "Carol of Example"),
            ("Discord fan of DISCORD", "D\u{200D}iscord fan of D\u{200D}ISCORD"),
            ("Clyde", "C\u{200D}lyde"),
            ("everyone", "e\u{200D}veryone"),
            ("Here", "H\u{200D}ere"),
            ("here I am", "here I am"),
            ("", "carol"),
            ("\u{200B}\u{200D} ", "carol"),
            ("İDiscord", "İD\u{200D}iscord"),
        ] {
            assert_eq!(speakable(called, "carol"), name, "{called:?}");
        }
        assert_eq!(speakable(&"x".repeat(300), "").chars().count(), LONGEST - MARK);
        let families = "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}".repeat(30);
        assert_eq!(speakable(&families, "").chars().count() % 5, 0, "no family is torn apart");
    }

    #[tokio::test]
    async fn a_name_belongs_to_one_account_for_good() {
        let host = FakeHost::new("discord".parse().unwrap(), Vec::new());
        let names = StageNames::load(&*host).await.unwrap();
        let (carol, other, third) =
            (passport("carol@msn.example"), passport("carol@other.example"), passport("carol@third.example"));
        assert_eq!(names.of(&*host, &carol, "Carol").await.unwrap(), "Carol");
        assert_eq!(names.of(&*host, &other, "CAROL").await.unwrap(), "CAROL (carol)");
        assert_eq!(names.of(&*host, &third, "Carol").await.unwrap(), "Carol (carol 2)");
        assert_eq!(names.of(&*host, &carol, "Carol away").await.unwrap(), "Carol away");

        let again = StageNames::load(&*host).await.unwrap();
        assert_eq!(again.whose("carol"), Some(carol.clone()));
        assert_eq!(again.whose("Carol  away"), Some(carol.clone()));
        assert_eq!(again.whose("Carol (carol)"), Some(other));
        assert_eq!(again.whose("Mallory"), None);
        assert_eq!(again.of(&*host, &carol, "Carol").await.unwrap(), "Carol");
    }

    #[tokio::test]
    async fn no_name_is_too_long_whatever_is_parted_in_it() {
        let host = FakeHost::new("discord".parse().unwrap(), Vec::new());
        let names = StageNames::load(&*host).await.unwrap();
        for number in 0..12 {
            let owner = passport(&format!("discorddiscord@msn{number}.example"));
            let name = names.of(&*host, &owner, &"discord".repeat(20)).await.unwrap();
            assert!(name.chars().count() <= LONGEST && !name.contains("discord"), "{name}");
        }
    }
}
