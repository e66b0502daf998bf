//! The web pages on which accounts link themselves: each is one account's for one network, good for a quarter of an hour, and known by
//! an address that nobody guesses. They are kept in memory alone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bridge::{LinkAnswers, LinkStatus, LinkTask, LinkWay, Through};
use domain::{NetworkName, Passport};
use url::{Host, Url};

use super::{Linking, PATIENCE, Place, choosing, fault::LinkFault};
use crate::limit::Limit;

/// How long a page is good for.
const LIFETIME: Duration = Duration::from_mins(15);

/// How many pages one account may have; the oldest is good no more when there is one more.
const MOST_OF_ONE: usize = 3;

/// How many pages there may be in all; the oldest is good no more when there is one more.
const MOST: usize = 2000;

/// How often one page may try to link its account.
const MOST_TRIES: u32 = 12;

/// All pages, by the part of their address that cannot be guessed.
#[derive(Default)]
pub(crate) struct Pages(Mutex<HashMap<Arc<str>, Page>>);

struct Page {
    place: Place,
    until: Instant,
    /// Whether it may link, and not only show the link and do something with it.
    links: bool,
    /// Whether there is nothing to see: it waits for the browser of somebody who is signed in, and has gone elsewhere. Others learn its
    /// address there, so that nobody must be able to do more with it.
    is_journey: bool,
    tries: u32,
    /// What was answered before the browser was sent elsewhere, until it is back.
    away: Option<Away>,
}

/// A browser is where a network has to be asked by it.
struct Away {
    way: &'static str,
    answers: LinkAnswers,
}

impl Pages {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Page>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, token: &str, place: Place, links: bool, now: Instant) {
        self.keep(token, Page { place, until: now + LIFETIME, links, is_journey: false, tries: 0, away: None }, now);
    }

    fn begin_journey(&self, token: &str, place: Place, away: Away, now: Instant) {
        let page = Page { place, until: now + LIFETIME, links: true, is_journey: true, tries: 0, away: Some(away) };
        self.keep(token, page, now);
    }

    fn keep(&self, token: &str, page: Page, now: Instant) {
        let mut pages = self.lock();
        pages.retain(|_, page| now < page.until);
        let owner = &page.place.0;
        let own = pages.values().filter(|page| page.place.0 == *owner).count();
        let is_full = (own >= MOST_OF_ONE).then_some(Some(owner)).or((pages.len() >= MOST).then_some(None));
        if let Some(whose) = is_full {
            match whose {
                Some(owner) => Limit::LinkPages.reached(owner),
                None => Limit::LinkPages.reached("everybody together"),
            }
            let theirs = pages.iter().filter(|(_, page)| whose.is_none_or(|owner| page.place.0 == *owner));
            let oldest = theirs.min_by_key(|(_, page)| page.until).map(|(token, _)| Arc::clone(token));
            oldest.and_then(|oldest| pages.remove(&oldest));
        }
        pages.insert(token.into(), page);
    }

    /// Whoever has the address of a removed account's page must not link the account that is made in its place.
    fn forget(&self, owner: &Passport) {
        self.lock().retain(|_, page| page.place.0 != *owner);
    }

    /// Whose page it is, for which network, and whether it may still link.
    fn place(&self, token: &str, now: Instant) -> Result<(Place, bool), LinkFault> {
        let pages = self.lock();
        let page = pages.get(token).filter(|page| now < page.until && !page.is_journey).ok_or(LinkFault::NoPage)?;
        Ok((page.place.clone(), page.links))
    }

    /// As [`Pages::place`], of a page that is to link now: that is counted.
    fn attempt(&self, token: &str, now: Instant) -> Result<Place, LinkFault> {
        let mut pages = self.lock();
        let page = pages.get_mut(token).filter(|page| now < page.until && !page.is_journey).ok_or(LinkFault::NoPage)?;
        if !page.links {
            return Err(LinkFault::PageUsed);
        }
        page.tries += 1;
        if page.tries > MOST_TRIES {
            Limit::LinkTries.reached(&page.place.0);
            pages.remove(token);
            return Err(LinkFault::NoPage);
        }
        Ok(page.place.clone())
    }

    /// Ends the journey of this account's browser: what it was for, and what was answered before.
    fn end_journey(&self, token: &str, owner: &Passport, now: Instant) -> Result<(Place, Away), LinkFault> {
        let mut pages = self.lock();
        let is_theirs = |page: &&Page| now < page.until && page.is_journey && page.place.0 == *owner;
        pages.get(token).filter(is_theirs).ok_or(LinkFault::NoPage)?;
        let page = pages.remove(token).ok_or(LinkFault::NoPage)?;
        Ok((page.place, page.away.ok_or(LinkFault::NothingBrought)?))
    }

    fn with<T>(&self, token: &str, act: impl FnOnce(&mut Page) -> T) -> Option<T> {
        self.lock().get_mut(token).map(act)
    }
}

/// What somebody sees on their page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPage {
    /// Whose it is.
    pub owner: Passport,
    /// The network to which it links.
    pub network: NetworkName,
    /// The link that the account has made, if it has made one.
    pub status: Option<LinkStatus>,
    /// The ways in which the account can be linked by this page; none once it was.
    pub ways: Vec<LinkWay>,
    /// What can be done with the link.
    pub tasks: Vec<LinkTask>,
}

/// What came of the answers to a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Onward {
    /// The account is linked.
    Linked,
    /// The browser has to go to this address, which is no secret, and is sent back from there.
    GoTo(String),
}

impl Linking {
    /// The address of a page, good for a quarter of an hour, where the account links itself, or does something with its link; only the
    /// latter unless it `links`. `None` where what is typed into this server's pages would go through a network in the clear.
    #[must_use]
    pub fn page_address(&self, owner: &Passport, network: &NetworkName, links: bool) -> Option<String> {
        let pages = &self.core.settings.session.web;
        if !is_confidential(pages) {
            return None;
        }
        let token = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
        self.core.pages.begin(&token, (owner.clone(), network.clone()), links, Instant::now());
        Some(page_address(pages, &token))
    }

    /// The pages of a removed account are good no more.
    pub(crate) fn forget_pages(&self, owner: &Passport) {
        self.core.pages.forget(owner);
    }

    /// What stands on a page now.
    pub async fn page(&self, token: &str) -> Result<LinkPage, LinkFault> {
        let ((owner, network), links) = self.core.pages.place(token, Instant::now())?;
        self.exists(&owner).await?;
        let entry = self.entry(network.as_str())?;
        let status = tokio::time::timeout(PATIENCE, entry.network.linked(&owner)).await;
        let status = status.map_err(|_| LinkFault::TooSlow)?;
        let tasks = self.tasks(&owner, network.as_str()).await?;
        let ways = if links { entry.network.link_ways() } else { Vec::new() };
        Ok(LinkPage { owner, network, status, ways, tasks })
    }

    /// Links the account of a page by its answers to a way, or says where its browser has to go for that.
    pub async fn link_by_page(&self, token: &str, way: &str, answers: LinkAnswers) -> Result<Onward, LinkFault> {
        let (owner, network) = self.core.pages.attempt(token, Instant::now())?;
        let ways = self.ways(network.as_str())?;
        let way = choosing::way(&ways, Some(way), &answers)?;
        match way.through {
            Through::Answers => {
                self.link(&owner, network.as_str(), Some(way.key), answers).await?;
                self.core.pages.with(token, |page| page.links = false);
                Ok(Onward::Linked)
            }
            Through::Browser { .. } => {
                let back = format!("{}/back", page_address(&self.core.settings.session.web, token));
                let address = self.address(&owner, network.as_str(), way.key, &answers, &back).await?;
                self.core.pages.with(token, |page| page.away = Some(Away { way: way.key, answers }));
                Ok(Onward::GoTo(address))
            }
        }
    }

    /// A browser is back with what stands in the address that it came by: the account of the page is linked.
    pub async fn return_to_page(&self, token: &str, brought: &LinkAnswers) -> Result<(), LinkFault> {
        let place = self.core.pages.attempt(token, Instant::now())?;
        let away = self.core.pages.with(token, |page| page.away.take()).flatten();
        self.link_with(place, away.ok_or(LinkFault::NothingBrought)?, brought).await?;
        self.core.pages.with(token, |page| page.links = false);
        Ok(())
    }

    /// Links by what was answered before a browser was sent elsewhere, and by what it brings back.
    async fn link_with(&self, (owner, network): Place, away: Away, brought: &LinkAnswers) -> Result<(), LinkFault> {
        let Away { way, mut answers } = away;
        let ways = self.ways(network.as_str())?;
        let Through::Browser { returned } = choosing::way(&ways, Some(way), &answers)?.through else {
            return Err(LinkFault::NothingBrought);
        };
        let answer = brought.get(returned).filter(|answer| !answer.is_empty()).ok_or(LinkFault::NothingBrought)?;
        if answer.len() > super::LONGEST_ANSWER {
            return Err(LinkFault::TooLong(returned));
        }
        answers.insert(returned.to_owned(), answer.clone());
        self.link_in_way(&owner, network.as_str(), way, answers).await?;
        Ok(())
    }

    /// Does something with the link of a page's account; says what came of it, in whole sentences.
    pub async fn perform_by_page(&self, token: &str, task: &str, answers: LinkAnswers) -> Result<String, LinkFault> {
        let ((owner, network), _) = self.core.pages.place(token, Instant::now())?;
        self.perform(&owner, network.as_str(), task, answers).await
    }
}

impl Linking {
    /// Where the browser of somebody who is signed in to this server's pages has to go for a way that goes through one. It is sent back to
    /// `/links/NETWORK/back/TOKEN`, of which the last part cannot be guessed; see [`Linking::return_of`].
    pub(crate) async fn depart(
        &self,
        owner: &Passport,
        network: &str,
        way: &str,
        answers: LinkAnswers,
    ) -> Result<String, LinkFault> {
        let name = self.entry(network)?.name.clone();
        let ways = self.ways(network)?;
        let way = choosing::way(&ways, Some(way), &answers)?.key;
        let pages = &self.core.settings.session.web;
        let token = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
        let back = format!("{pages}/links/{name}/back/{token}");
        let address = self.address(owner, name.as_str(), way, &answers, &back).await?;
        self.core.pages.begin_journey(&token, (owner.clone(), name), Away { way, answers }, Instant::now());
        Ok(address)
    }

    /// The browser that was sent away by [`Linking::depart`] is back, and is the same person's: the account is linked.
    pub(crate) async fn return_of(
        &self,
        owner: &Passport,
        token: &str,
        brought: &LinkAnswers,
    ) -> Result<(), LinkFault> {
        let (place, away) = self.core.pages.end_journey(token, owner, Instant::now())?;
        self.link_with(place, away, brought).await
    }

    /// Whether what is typed into this server's pages crosses no network in the clear.
    pub(crate) fn is_confidential(&self) -> bool {
        is_confidential(&self.core.settings.session.web)
    }
}

fn page_address(pages: &str, token: &str) -> String {
    format!("{pages}/link/{token}")
}

/// Whether what is typed into pages at this address crosses no network in the clear.
fn is_confidential(pages: &str) -> bool {
    let Ok(url) = Url::parse(pages) else { return false };
    url.scheme() == "https"
        || match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(owner: &str) -> Place {
        (owner.parse().unwrap(), "net".parse().unwrap())
    }

    #[test]
    fn a_page_lasts_a_quarter_of_an_hour_and_an_account_has_few() {
        let (pages, now) = (Pages::default(), Instant::now());
        for (number, token) in ["one", "two", "three", "four"].into_iter().enumerate() {
            pages.begin(token, place("ann@msn.example"), true, now + Duration::from_secs(number as u64));
        }
        pages.begin("ben", place("ben@msn.example"), false, now);
        let last = now + LIFETIME.saturating_sub(Duration::from_secs(1));
        assert_eq!(pages.place("one", last), Err(LinkFault::NoPage), "the oldest has made way");
        assert_eq!(pages.place("two", last), Ok((place("ann@msn.example"), true)));
        assert_eq!(pages.place("ben", last), Ok((place("ben@msn.example"), false)));
        assert_eq!(pages.place("ben", now + LIFETIME), Err(LinkFault::NoPage));
        pages.begin("late", place("eve@msn.example"), true, now + LIFETIME + LIFETIME);
        assert_eq!(pages.lock().len(), 1, "what is good no more takes no memory");
    }

    #[test]
    fn the_address_of_a_journey_is_good_for_its_traveller_alone_and_once() {
        let (pages, now) = (Pages::default(), Instant::now());
        let away = || Away { way: "browser", answers: LinkAnswers::new() };
        pages.begin_journey("token", place("ann@msn.example"), away(), now);
        assert_eq!(pages.place("token", now), Err(LinkFault::NoPage));
        assert_eq!(pages.attempt("token", now), Err(LinkFault::NoPage));
        let (ann, ben) = ("ann@msn.example".parse().unwrap(), "ben@msn.example".parse().unwrap());
        assert!(pages.end_journey("token", &ben, now).is_err());
        assert!(pages.end_journey("token", &ann, now + LIFETIME).is_err());
        assert_eq!(pages.end_journey("token", &ann, now).map(|(place, _)| place), Ok(place("ann@msn.example")));
        assert!(pages.end_journey("token", &ann, now).is_err());
        pages.begin("page", place("ann@msn.example"), true, now);
        assert!(pages.end_journey("page", &ann, now).is_err(), "a page is no journey");
    }

    #[test]
    fn whoever_takes_the_place_of_a_removed_account_does_not_get_its_pages() {
        let (pages, now) = (Pages::default(), Instant::now());
        pages.begin("ann", place("ann@msn.example"), true, now);
        pages.begin("ben", place("ben@msn.example"), true, now);
        pages.forget(&"ann@msn.example".parse().unwrap());
        assert_eq!(pages.attempt("ann", now), Err(LinkFault::NoPage));
        assert!(pages.place("ben", now).is_ok());
    }

    #[test]
    fn there_are_so_many_pages_in_all() {
        let (pages, now) = (Pages::default(), Instant::now());
        let before = Limit::LinkPages.times();
        for number in 0..=MOST {
            let age = Duration::from_millis(number as u64);
            pages.begin(&number.to_string(), place(&format!("a{number}@msn.example")), true, now + age);
        }
        assert_eq!(pages.lock().len(), MOST);
        assert!(Limit::LinkPages.times() > before, "which is counted");
        assert_eq!(pages.place("0", now), Err(LinkFault::NoPage), "the oldest has made way");
        assert!(pages.place("1", now).is_ok());
    }

    #[test]
    fn a_page_links_once_and_tries_so_often() {
        let (pages, now) = (Pages::default(), Instant::now());
        pages.begin("page", place("ann@msn.example"), true, now);
        for _ in 0..MOST_TRIES {
            assert_eq!(pages.attempt("page", now), Ok(place("ann@msn.example")));
        }
        let before = Limit::LinkTries.times();
        assert_eq!(pages.attempt("page", now), Err(LinkFault::NoPage));
        assert!(Limit::LinkTries.times() > before, "which is counted");
        pages.begin("used", place("ann@msn.example"), true, now);
        pages.with("used", |page| page.links = false);
        assert_eq!(pages.attempt("used", now), Err(LinkFault::PageUsed));
        assert_eq!(pages.place("used", now), Ok((place("ann@msn.example"), false)));
    }

    #[test]
    fn secrets_are_asked_for_only_where_they_are_not_overheard() {
        for pages in
            ["https://msn.example", "https://10.0.0.1", "http://127.0.0.1:8080", "http://[::1]", "http://localhost"]
        {
            assert!(is_confidential(pages), "{pages}");
        }
        for pages in
            ["http://msn.example", "http://10.0.0.1", "http://localhost.example", "ftp://127.0.0.1.example", ""]
        {
            assert!(!is_confidential(pages), "{pages}");
        }
    }
}
