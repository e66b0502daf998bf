//! Rooms and people as a user names them: by an address, a name, the beginning of one, or a number of the list they saw last.

use domain::{Passport, contact::List};
use store::{PersonEntry, RoomEntry};

/// How much of a name is shown, in characters.
const LONGEST_NAME: usize = 80;

/// Somebody or something with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named<Entry> {
    pub(super) passport: Passport,
    /// One line, never empty.
    pub(super) name: String,
    /// The name in lower case.
    folded: String,
    pub(super) entry: Entry,
}

/// A room that an account is in, or asked into.
pub(super) type Room = Named<RoomEntry>;

/// A person of another network on an account's contact list.
pub(super) type Person = Named<PersonEntry>;

/// Which of many words mean.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant<'a, Entry> {
    /// This one; and the words after it.
    One(&'a Named<Entry>, &'a str),
    /// It is not clear which.
    Several(Vec<&'a Named<Entry>>),
    /// None.
    Nothing,
}

impl Room {
    pub(super) fn of(entry: RoomEntry) -> Self {
        Self::called(&entry.name.clone(), entry.passport.clone(), entry)
    }

    /// Whether the account is in it, as far as its list says.
    pub(super) const fn is_entered(&self) -> bool {
        self.entry.lists.contains(List::Forward)
    }
}

impl Person {
    pub(super) fn of(entry: PersonEntry) -> Self {
        Self::called(&entry.name.clone(), entry.passport.clone(), entry)
    }
}

impl<Entry> Named<Entry> {
    fn called(name: &str, passport: Passport, entry: Entry) -> Self {
        let name = label(name, &passport);
        Self { folded: name.to_lowercase(), name, passport, entry }
    }

    fn is_exactly(&self, head: &Head<'_>) -> bool {
        head.number == Some(&self.passport) || head.folded == self.passport.as_str() || head.folded == self.folded
    }

    fn begins_with(&self, head: &Head<'_>) -> bool {
        self.folded.starts_with(&head.folded) || self.passport.as_str().starts_with(&head.folded)
    }

    /// How long words can be that mean it, in bytes of lower case.
    fn longest_head(&self) -> usize {
        self.folded.len().max(self.passport.as_str().len())
    }
}

/// Words that may mean one of many.
struct Head<'a> {
    words: &'a str,
    /// In lower case.
    folded: String,
    /// What stands under that number in the list that the user saw last, if they are one.
    number: Option<&'a Passport>,
}

impl<'a> Head<'a> {
    fn of(words: &'a str, numbers: &'a [Passport]) -> Self {
        let number = words.parse::<usize>().ok().and_then(|number| numbers.get(number.checked_sub(1)?));
        Self { words, folded: words.to_lowercase(), number }
    }
}

/// A name that others chose, as it can stand in a line of the server's.
pub(crate) fn label(name: &str, passport: &Passport) -> String {
    let name = name.split(|each: char| each.is_whitespace() || each.is_control());
    let name = name.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return passport.to_string();
    }
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}...", name.get(..end).unwrap_or_default()),
        None => name,
    }
}

/// Which of `all` is meant by all of `words`. `numbers` are what the user saw last with numbers before it.
pub(super) fn named<'a, Entry>(all: &'a [Named<Entry>], numbers: &'a [Passport], words: &'a str) -> Meant<'a, Entry> {
    among(all, &[Head::of(words.trim(), numbers)])
}

/// Which of `all` is meant by as many as possible of the first of `words`.
pub(super) fn named_first<'a, Entry>(
    all: &'a [Named<Entry>],
    numbers: &'a [Passport],
    words: &'a str,
) -> Meant<'a, Entry> {
    let words = words.trim();
    let longest = all.iter().map(Named::longest_head).max().unwrap_or_default();
    let ends = words.char_indices().filter(|(_, each)| each.is_whitespace()).map(|(end, _)| end).chain([words.len()]);
    // What is longer means nothing, and there may be much of it. A letter has at most thrice the bytes of its lower case.
    let short = ends.take_while(|end| *end <= longest.saturating_mul(3)).filter_map(|end| words.get(..end));
    let mut heads: Vec<Head<'_>> = short.map(|head| Head::of(head, numbers)).collect();
    heads.reverse();
    match among(all, &heads) {
        Meant::One(one, head) => Meant::One(one, words.get(head.len()..).unwrap_or_default().trim()),
        other @ (Meant::Several(_) | Meant::Nothing) => other,
    }
}

/// Which of `all` the first of `heads` means which means one; a whole name counts before a beginning. With it goes the head, but
/// nothing where there is only one head to choose from.
fn among<'a, Entry>(all: &'a [Named<Entry>], heads: &[Head<'a>]) -> Meant<'a, Entry> {
    for is_meant in [Named::is_exactly as fn(&Named<Entry>, &Head<'_>) -> bool, Named::begins_with] {
        for head in heads.iter().filter(|head| !head.words.is_empty()) {
            let found: Vec<&Named<Entry>> = all.iter().filter(|each| is_meant(each, head)).collect();
            match found.as_slice() {
                [] => {}
                [one] => return Meant::One(one, head.words),
                [_, _, ..] => return Meant::Several(found),
            }
        }
    }
    Meant::Nothing
}

#[cfg(test)]
mod tests {
    use domain::Lists;
    use store::Attention;

    use super::*;

    fn room(local: &str, name: &str) -> Room {
        Room::of(RoomEntry {
            passport: format!("{local}@rooms.net.msn.example").parse().unwrap(),
            name: name.to_owned(),
            topic: String::new(),
            lists: Lists::NONE.with(List::Forward),
            attention: Attention::All,
            asker: None,
        })
    }

    fn rooms() -> Vec<Room> {
        vec![room("tea", "Tea"), room("tea-time", "Tea time"), room("garden", "The  Garden\n"), room("x", "")]
    }

    fn whole(words: &str) -> Result<String, usize> {
        let rooms = rooms();
        let numbers = [rooms[2].passport.clone()];
        match named(&rooms, &numbers, words) {
            Meant::One(room, _) => Ok(room.name.clone()),
            Meant::Several(several) => Err(several.len()),
            Meant::Nothing => Err(0),
        }
    }

    #[test]
    fn a_room_is_named_by_address_name_beginning_or_number() {
        for words in ["garden@rooms.net.msn.example", "GARDEN", "the g", "The Garden", "1"] {
            assert_eq!(whole(words), Ok("The Garden".to_owned()), "{words}");
        }
        assert_eq!(whole("tea"), Ok("Tea".to_owned()), "a whole name counts before a beginning");
        assert_eq!(whole("tea "), Ok("Tea".to_owned()));
        assert_eq!(whole("te"), Err(2));
        for words in ["", " ", "2", "0", "arden", "-1"] {
            assert_eq!(whole(words), Err(0), "{words}");
        }
        assert_eq!(whole("x@"), Ok("x@rooms.net.msn.example".to_owned()), "without a name it goes by its address");
    }

    #[test]
    fn what_stands_after_the_room_is_left() {
        let rooms = rooms();
        let numbers = [rooms[2].passport.clone()];
        for (words, name, rest) in [
            ("tea time is now", "Tea time", "is now"),
            ("tea for two", "Tea", "for two"),
            ("garden  under water", "The Garden", "under water"),
            ("1 a new topic", "The Garden", "a new topic"),
            ("The Garden", "The Garden", ""),
        ] {
            let Meant::One(room, left) = named_first(&rooms, &numbers, words) else { panic!("{words}") };
            assert_eq!((room.name.as_str(), left), (name, rest), "{words}");
        }
        assert_eq!(named_first(&rooms, &numbers, "attic of mine"), Meant::Nothing);
    }

    #[test]
    fn names_stay_in_their_line() {
        let passport: Passport = "x@rooms.net.msn.example".parse().unwrap();
        assert_eq!(label(" a\nb\u{7}c ", &passport), "a b c");
        assert_eq!(label(&"\u{e9}".repeat(90), &passport).chars().count(), 83);
        assert_eq!(label(" \n", &passport), passport.as_str());
    }
}
