//! The same person on several networks as one contact: how a user says so.

use std::fmt::Write;
use std::sync::Arc;

use domain::{
    NetworkName, Passport,
    account::{Cause, Refusal},
};
use store::StoreFault;

use super::{
    errands::refused,
    listing::which,
    naming::{Meant, Person, named, named_first},
};
use crate::core::Core;

/// How many merged contacts are listed.
const MOST_LISTED: usize = 60;

/// Two people become one contact.
pub(super) async fn merge(core: &Arc<Core>, owner: &Passport, words: &str) -> Result<String, StoreFault> {
    let (people, numbers) = (people(core, owner).await?, core.service.listed(owner));
    let (into, rest) = match named_first(&people, &numbers, words) {
        Meant::One(person, rest) => (whole(&people, person), rest),
        Meant::Several(several) => return Ok(which(&several)),
        Meant::Nothing => return Ok(nobody(words)),
    };
    let other = match meant(&people, &numbers, rest.strip_prefix("and ").unwrap_or(rest)) {
        Ok(person) => person,
        Err(_) if rest.is_empty() => return Ok("With whom? Say both: merge PERSON PERSON.".to_owned()),
        Err(answer) => return Ok(answer),
    };
    let wish = Cause::MergeWanted { into: into.passport.clone(), other: other.passport.clone() };
    let (name, address) = (&into.name, &into.passport);
    Ok(match core.directory.wish(core, owner, wish).await {
        Ok(()) => {
            let gone = if core.settings.live_list { "" } else { " from your next sign-in on" };
            format!(
                "{} is part of {name} ({address}) now, and stands on your list no more by itself{gone}. What you say goes to {}; \
                 \"speak {} with {address}\" changes that, \"split {address}\" parts them again.",
                other.passport,
                spoken(&people, into),
                other.entry.network
            )
        }
        Err(Refusal::NotOnList) => nobody(words),
        Err(Refusal::OnList) => format!("They are one contact already: {name} ({address})."),
        Err(Refusal::SameNetwork) => {
            "Both are on one network: only the same person on different networks can be merged.".to_owned()
        }
        Err(refusal) => refused(refusal).to_owned(),
    })
}

/// What was merged becomes contacts again.
pub(super) async fn split(core: &Arc<Core>, owner: &Passport, words: &str) -> Result<String, StoreFault> {
    let (people, numbers) = (people(core, owner).await?, core.service.listed(owner));
    let person = match meant(&people, &numbers, words) {
        Ok(person) => person,
        Err(answer) => return Ok(answer),
    };
    Ok(match core.directory.wish(core, owner, Cause::SplitWanted(person.passport.clone())).await {
        Ok(()) => {
            let parted = identities(&people, person).filter(|identity| identity.passport != person.passport);
            let parted: Vec<&str> = parted.map(|identity| identity.passport.as_str()).collect();
            let since = if core.settings.live_list { "now" } else { "from your next sign-in on" };
            format!("{} is no part of {} any more, and on your list by itself {since}.", parted.join(", "), person.name)
        }
        Err(Refusal::NotMerged) => alone(person),
        Err(refusal) => refused(refusal).to_owned(),
    })
}

/// What is said to a contact goes to another of its networks.
pub(super) async fn speak(
    core: &Arc<Core>,
    owner: &Passport,
    network: &str,
    words: &str,
) -> Result<String, StoreFault> {
    if network.is_empty() || words.is_empty() {
        return Ok("On which network, and with whom? Say: speak NETWORK with PERSON.".to_owned());
    }
    let (people, numbers) = (people(core, owner).await?, core.service.listed(owner));
    let person = match meant(&people, &numbers, words) {
        Ok(person) => person,
        Err(answer) => return Ok(answer),
    };
    let elsewhere = || {
        let networks: Vec<&str> = identities(&people, person).map(|each| each.entry.network.as_str()).collect();
        format!("{} is not on {network}, but on {}.", person.name, networks.join(" and "))
    };
    let Ok(network) = network.to_lowercase().parse::<NetworkName>() else { return Ok(elsewhere()) };
    let wish = Cause::NetworkChosen { contact: person.passport.clone(), network: network.clone() };
    Ok(match core.directory.wish(core, owner, wish).await {
        Ok(()) => format!("What you say to {} goes to {network} now.", person.name),
        Err(Refusal::NoSuchPerson) => elsewhere(),
        Err(Refusal::NotMerged) => alone(person),
        Err(refusal) => refused(refusal).to_owned(),
    })
}

/// The contacts that are people on several networks, a line each.
pub(super) async fn list(core: &Core, owner: &Passport) -> Result<String, StoreFault> {
    let people = people(core, owner).await?;
    let is_merged = |person: &&Person| identities(&people, person).nth(1).is_some();
    let merged: Vec<&Person> = people.iter().filter(|person| person.entry.whole.is_none()).filter(is_merged).collect();
    if merged.is_empty() {
        return Ok("No contacts are merged. Say \"merge PERSON PERSON\" when two are the same person.".to_owned());
    }
    let mut list = String::from("Merged:");
    for (number, person) in (1..).zip(merged.iter().take(MOST_LISTED)) {
        let _ = write!(list, "\n{number}. {}, spoken to on {}:", person.name, spoken(&people, person));
        for identity in identities(&people, person) {
            let _ = write!(list, " {}", identity.passport);
        }
    }
    core.service.note_listed(owner, merged.into_iter().map(|person| person.passport.clone()).collect());
    Ok(list)
}

/// The people of other networks on the contact list.
async fn people(core: &Core, owner: &Passport) -> Result<Vec<Person>, StoreFault> {
    Ok(core.store.people(owner).await?.into_iter().map(Person::of).collect())
}

/// The contact that words mean, or what to answer. The names of one contact's people, which are alike as a rule, mean that contact.
fn meant<'a>(people: &'a [Person], numbers: &'a [Passport], words: &'a str) -> Result<&'a Person, String> {
    match named(people, numbers, words) {
        Meant::One(person, _) => Ok(whole(people, person)),
        Meant::Several(several) => {
            let mut wholes = several.iter().map(|person| whole(people, person));
            let first = wholes.next().filter(|first| wholes.all(|other| other.passport == first.passport));
            first.ok_or_else(|| which(&several))
        }
        Meant::Nothing => Err(nobody(words)),
    }
}

/// The contact as which a person is shown.
fn whole<'a>(people: &'a [Person], person: &'a Person) -> &'a Person {
    let is_whole = |other: &&Person| person.entry.whole.as_ref() == Some(&other.passport);
    people.iter().find(is_whole).unwrap_or(person)
}

/// All that are shown as this contact.
fn identities<'a>(people: &'a [Person], contact: &'a Person) -> impl Iterator<Item = &'a Person> {
    people.iter().filter(move |person| {
        person.passport == contact.passport || person.entry.whole.as_ref() == Some(&contact.passport)
    })
}

/// The network on which a contact is spoken to.
fn spoken<'a>(people: &'a [Person], contact: &'a Person) -> &'a NetworkName {
    let chosen = identities(people, contact).find(|identity| identity.entry.is_spoken);
    &chosen.unwrap_or(contact).entry.network
}

fn alone(person: &Person) -> String {
    format!("Nobody is merged into {} ({}). Say \"merge PERSON PERSON\" to do so.", person.name, person.passport)
}

fn nobody(words: &str) -> String {
    match words.trim() {
        "" => "Whom? Say a name or an address after the word.".to_owned(),
        words => format!("Nobody of another network on your list is called \"{words}\"."),
    }
}

#[cfg(test)]
mod tests {
    use store::PersonEntry;

    use super::*;

    fn person(local: &str, network: &str, whole: Option<&str>, is_spoken: bool) -> Person {
        let address = |local: &str| -> Passport { local.parse().unwrap() };
        Person::of(PersonEntry {
            passport: address(local),
            name: "Ann".to_owned(),
            network: network.parse().unwrap(),
            whole: whole.map(address),
            is_spoken,
        })
    }

    const ONE: &str = "ann@one.msn.example";
    const TWO: &str = "ann@two.msn.example";

    #[test]
    fn the_names_of_one_contact_mean_that_contact() {
        let people = [person(ONE, "one", None, false), person(TWO, "two", Some(ONE), true)];
        for words in ["ann", TWO, ONE] {
            assert_eq!(meant(&people, &[], words).unwrap().passport.as_str(), ONE, "{words}");
        }
        assert_eq!(spoken(&people, &people[0]).as_str(), "two");
        let strangers = [person(ONE, "one", None, false), person(TWO, "two", None, false)];
        assert!(meant(&strangers, &[], "ann").unwrap_err().starts_with("Which of them"));
        assert!(meant(&strangers, &[], "ben").unwrap_err().contains("\"ben\""));
    }
}
