//! Conversations between people on Discord and the accounts behind the relay: the person sees one chat with one bot, whoever speaks
//! through it.

use std::collections::VecDeque;

use domain::Passport;
use serde::{Deserialize, Serialize};

use crate::model::MessageId;

/// How many messages of a chat are remembered.
const REMEMBERED: usize = 64;
/// How many accounts that spoke in a chat are remembered.
const ACCOUNTS: usize = 16;

/// One person's chat with the relay.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Talk {
    /// The accounts that spoke to the person or were spoken to, the latest last.
    accounts: Vec<Passport>,
    /// For whom the person knows their words to be.
    #[serde(default)]
    told: Option<Passport>,
    /// Which account each of the last messages is from, or for.
    #[serde(default)]
    said: VecDeque<(MessageId, Passport)>,
}

/// For whom something is that the person said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meant {
    pub(crate) account: Passport,
    /// Whether the person has to be told so, as they cannot know.
    pub(crate) untold: bool,
}

impl Talk {
    /// An account says this to the person.
    pub(crate) fn says(&mut self, account: &Passport, message: Option<MessageId>) {
        self.is_latest(account);
        if let Some(message) = message {
            self.note(message, account);
        }
    }

    /// The person says something, in answer to what this account said if it is known. `None`: for nobody, as nobody has spoken to
    /// them who still could hear it. A message that is told again is for whom it was.
    pub(crate) fn hears(
        &mut self,
        message: MessageId,
        answered: Option<Passport>,
        is_here: impl Fn(&Passport) -> bool,
    ) -> Option<Meant> {
        self.accounts.retain(&is_here);
        if let Some(account) = self.whose(message).cloned() {
            return Some(Meant { account, untold: false });
        }
        let chosen = answered.filter(&is_here);
        let is_chosen = chosen.is_some();
        let account = chosen.or_else(|| self.accounts.last().cloned())?;
        let is_alone = self.accounts.iter().all(|other| *other == account);
        let untold = !is_chosen && !is_alone && self.told.as_ref() != Some(&account);
        self.told = Some(account.clone());
        self.is_latest(&account);
        self.note(message, &account);
        Some(Meant { account, untold })
    }

    /// From which account this message is, or for which.
    pub(crate) fn whose(&self, message: MessageId) -> Option<&Passport> {
        self.said.iter().find(|(said, _)| *said == message).map(|(_, account)| account)
    }

    /// Who spoke last, or was spoken to.
    pub(crate) fn latest(&self) -> Option<&Passport> {
        self.accounts.last()
    }

    fn is_latest(&mut self, account: &Passport) {
        self.accounts.retain(|other| other != account);
        self.accounts.push(account.clone());
        if self.accounts.len() > ACCOUNTS {
            self.accounts.remove(0);
        }
    }

    fn note(&mut self, message: MessageId, account: &Passport) {
        if self.whose(message).is_none() {
            self.said.push_back((message, account.clone()));
        }
        if self.said.len() > REMEMBERED {
            self.said.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passport(local: &str) -> Passport {
        format!("{local}@msn.example").parse().unwrap()
    }

    #[test]
    fn an_answer_is_for_whom_it_answers_else_for_whoever_spoke_last() {
        let (carol, dave) = (passport("carol"), passport("dave"));
        let everybody = |_: &Passport| true;
        let meant = |account: &Passport, untold| Some(Meant { account: account.clone(), untold });
        let mut talk = Talk::default();
        assert_eq!(talk.hears(MessageId(1), None, everybody), None, "nobody has spoken yet");
        talk.says(&carol, Some(MessageId(2)));
        assert_eq!(talk.hears(MessageId(3), None, everybody), meant(&carol, false), "there is nobody else");
        talk.says(&dave, Some(MessageId(4)));
        assert_eq!(talk.hears(MessageId(5), None, everybody), meant(&dave, true), "they may have meant Carol");
        assert_eq!(talk.hears(MessageId(6), None, everybody), meant(&dave, false), "told once");
        assert_eq!(talk.hears(MessageId(7), Some(carol.clone()), everybody), meant(&carol, false), "they chose");
        assert_eq!(talk.hears(MessageId(8), None, everybody), meant(&carol, false), "and go on");
        assert_eq!((talk.whose(MessageId(4)), talk.whose(MessageId(8))), (Some(&dave), Some(&carol)));
        assert_eq!(
            talk.hears(MessageId(5), None, everybody),
            meant(&dave, false),
            "it was Dave's, whoever spoke since"
        );
        assert_eq!(talk.hears(MessageId(9), None, |account| *account == dave), meant(&dave, false), "Carol is gone");
        assert_eq!(talk.latest(), Some(&dave));
    }

    #[test]
    fn it_stays_small_and_survives_a_restart() {
        let mut talk = Talk::default();
        for number in 0..100 {
            talk.says(&passport(&format!("a{number}")), Some(MessageId(number)));
        }
        assert_eq!((talk.accounts.len(), talk.said.len()), (ACCOUNTS, REMEMBERED));
        let kept = serde_json::to_string(&talk).unwrap();
        assert_eq!(serde_json::from_str::<Talk>(&kept).unwrap(), talk);
    }
}
