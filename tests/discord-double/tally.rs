//! What was counted, and what was done against the rules.

use std::collections::BTreeMap;

use crate::id::Id;
use crate::rest::Route;

/// How much of what has happened, since the beginning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    requests: BTreeMap<Route, u32>,
    invalid: u32,
    identifies: BTreeMap<Id, u32>,
    resumes: BTreeMap<Id, u32>,
    presences: BTreeMap<Id, u32>,
    connections: u32,
    files: u32,
    missing_files: u32,
    events: BTreeMap<String, u32>,
    violations: Vec<String>,
}

impl Tally {
    pub(crate) fn count_request(&mut self, route: Route) {
        *self.requests.entry(route).or_default() += 1;
    }

    /// One that Discord counts against its sender's address: 401, 403 and 429.
    pub(crate) fn count_invalid(&mut self) {
        self.invalid += 1;
    }

    /// How many IDENTIFYs of a bot there have been with this one.
    pub(crate) fn count_identify(&mut self, bot: Id) -> u32 {
        let count = self.identifies.entry(bot).or_default();
        *count += 1;
        *count
    }

    pub(crate) fn count_resume(&mut self, bot: Id) {
        *self.resumes.entry(bot).or_default() += 1;
    }

    pub(crate) fn count_presence(&mut self, bot: Id) {
        *self.presences.entry(bot).or_default() += 1;
    }

    pub(crate) fn presences(&self, bot: Id) -> u32 {
        self.presences.get(&bot).copied().unwrap_or(0)
    }

    pub(crate) fn count_connection(&mut self) -> u64 {
        self.connections += 1;
        self.connections.into()
    }

    /// A file was asked for; whether there was one.
    pub(crate) fn count_file(&mut self, found: bool) {
        if found {
            self.files += 1;
        } else {
            self.missing_files += 1;
        }
    }

    pub(crate) const fn files(&self) -> u32 {
        self.files
    }

    pub(crate) const fn missing_files(&self) -> u32 {
        self.missing_files
    }

    pub(crate) fn count_event(&mut self, name: &str) {
        *self.events.entry(name.into()).or_default() += 1;
    }

    /// Something was done that a client must not do.
    pub(crate) fn violation(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    pub(crate) fn requests(&self, route: Route) -> u32 {
        self.requests.get(&route).copied().unwrap_or(0)
    }

    pub(crate) fn all_requests(&self) -> u32 {
        self.requests.values().sum()
    }

    pub(crate) const fn invalid(&self) -> u32 {
        self.invalid
    }

    pub(crate) fn identifies(&self, bot: Id) -> u32 {
        self.identifies.get(&bot).copied().unwrap_or(0)
    }

    pub(crate) fn resumes(&self, bot: Id) -> u32 {
        self.resumes.get(&bot).copied().unwrap_or(0)
    }

    pub(crate) const fn connections(&self) -> u32 {
        self.connections
    }

    pub(crate) fn events(&self, name: &str) -> u32 {
        self.events.get(name).copied().unwrap_or(0)
    }

    pub(crate) const fn by_route(&self) -> &BTreeMap<Route, u32> {
        &self.requests
    }

    pub(crate) fn take_violations(&mut self) -> Vec<String> {
        std::mem::take(&mut self.violations)
    }

    pub(crate) fn violations(&self) -> &[String] {
        &self.violations
    }
}
