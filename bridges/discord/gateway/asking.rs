//! Asking for members of guilds, no faster than Discord allows.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::Ask;
use crate::model::GuildId;

/// The least time from one question to the next: a session may send 120 frames a minute, of whatever kind.
const SPACING: Duration = Duration::from_secs(1);
/// The least time from asking for all members of a guild to asking again.
const SPACING_OF_ALL: Duration = Duration::from_secs(31);
/// How many people may be asked for by their ids at once.
const MOST_PEOPLE: usize = 100;
/// How many questions wait at most: more are left out.
const MOST_WAITING: usize = 2000;
/// How many questions are remembered, in case Discord wants them again later.
const MOST_REMEMBERED: usize = 64;

/// The questions that wait, and those that were sent of late.
#[derive(Debug, Default)]
pub(super) struct Asking {
    waiting: VecDeque<Question>,
    last: Option<Instant>,
    all: HashMap<GuildId, Instant>,
    sent: VecDeque<(String, Question)>,
    serial: u64,
}

#[derive(Debug, Clone)]
struct Question {
    guild: GuildId,
    ask: Ask,
    not_before: Option<Instant>,
}

/// Discord's answer to a question that came too soon (its documentation: "Rate Limited").
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct TooSoon {
    /// In seconds.
    retry_after: f64,
    meta: Meta,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Meta {
    #[serde(default)]
    nonce: Option<String>,
}

impl Asking {
    /// Something is to be asked.
    pub(super) fn want(&mut self, guild: GuildId, ask: Ask) {
        let asks = match ask {
            Ask::All => {
                if self.waiting.iter().any(|other| other.guild == guild && other.ask == Ask::All) {
                    return;
                }
                vec![Ask::All]
            }
            Ask::Those(people) => people.chunks(MOST_PEOPLE).map(|some| Ask::Those(some.to_vec())).collect(),
        };
        for ask in asks {
            if self.waiting.len() >= MOST_WAITING {
                tracing::warn!(%guild, "discord: too many questions about members wait; one is left out");
                return;
            }
            self.waiting.push_back(Question { guild, ask, not_before: None });
        }
    }

    /// When something is to be sent; `None` when nothing waits.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let soonest = self.waiting.iter().filter_map(|question| self.time_of(question).or(Some(now))).min()?;
        Some(soonest.max(self.last.map_or(now, |last| last + SPACING)).max(now))
    }

    /// The frame to send now, if the time of one has come. With `presences`, what those people show is told too.
    pub(super) fn take(&mut self, now: Instant, presences: bool) -> Option<Value> {
        if self.last.is_some_and(|last| now < last + SPACING) {
            return None;
        }
        let ready = |question: &Question| self.time_of(question).is_none_or(|time| time <= now);
        let index = self.waiting.iter().position(ready)?;
        let question = self.waiting.remove(index)?;
        self.last = Some(now);
        if question.ask == Ask::All {
            self.all.retain(|_, last| now < *last + SPACING_OF_ALL);
            self.all.insert(question.guild, now);
        }
        self.serial += 1;
        let nonce = self.serial.to_string();
        let mut data = json!({ "guild_id": question.guild, "presences": presences, "nonce": nonce });
        match &question.ask {
            Ask::All => {
                data["query"] = "".into();
                data["limit"] = 0.into();
            }
            Ask::Those(people) => data["user_ids"] = json!(people),
        }
        self.sent.push_back((nonce, question));
        while self.sent.len() > MOST_REMEMBERED {
            self.sent.pop_front();
        }
        Some(json!({ "op": 8, "d": data }))
    }

    /// Discord wants a question again later.
    pub(super) fn too_soon(&mut self, now: Instant, told: &TooSoon) {
        let asked = self.sent.iter().position(|(nonce, _)| told.meta.nonce.as_ref() == Some(nonce));
        let Some((_, mut question)) = asked.and_then(|index| self.sent.remove(index)) else { return };
        let after =
            Duration::try_from_secs_f64(told.retry_after).unwrap_or(SPACING_OF_ALL).min(Duration::from_hours(1));
        question.not_before = Some(now + after);
        self.waiting.push_back(question);
    }

    fn time_of(&self, question: &Question) -> Option<Instant> {
        let all = self.all.get(&question.guild).filter(|_| question.ask == Ask::All).map(|&last| last + SPACING_OF_ALL);
        question.not_before.max(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UserId;

    #[test]
    fn questions_go_one_by_one_and_those_for_everybody_seldom() {
        let (mut asking, start) = (Asking::default(), Instant::now());
        asking.want(GuildId(9), Ask::All);
        asking.want(GuildId(9), Ask::All);
        asking.want(GuildId(9), Ask::Those((1..=101).map(UserId).collect()));
        let first = asking.take(start, true).unwrap();
        let all = json!({ "op": 8, "d": {
            "guild_id": "9", "presences": true, "nonce": "1", "query": "", "limit": 0
        } });
        assert_eq!(first, all);
        assert_eq!(asking.take(start, true), None);
        asking.want(GuildId(9), Ask::All);
        let mut now = start;
        let mut next = || {
            now = asking.due(now).unwrap();
            asking.take(now, true).unwrap()["d"].clone()
        };
        assert_eq!(
            (next()["user_ids"].as_array().unwrap().len(), next()["user_ids"].as_array().unwrap().len()),
            (100, 1)
        );
        assert_eq!(next()["query"], "");
        assert_eq!(now, start + SPACING_OF_ALL);
        assert_eq!(asking.due(now), None);
    }

    #[test]
    fn a_question_that_came_too_soon_is_asked_again() {
        let (mut asking, start) = (Asking::default(), Instant::now());
        asking.want(GuildId(9), Ask::All);
        asking.take(start, false).unwrap();
        let told: TooSoon = serde_json::from_value(json!({
            "opcode": 8, "retry_after": 45.5, "meta": { "guild_id": "9", "nonce": "1" }
        }))
        .unwrap();
        asking.too_soon(start, &told);
        asking.too_soon(start, &told);
        assert_eq!(asking.due(start), Some(start + Duration::from_millis(45_500)));
        assert_eq!(asking.waiting.len(), 1);
    }
}
