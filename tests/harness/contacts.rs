//! What a notification client sees of its contacts.

use std::time::Duration;

use msnp::{
    list::List,
    notification::server::{PresenceLine, ServerCommand},
    personal_message::PersonalMessage,
    status::Status,
};

use crate::{Messenger, within};

/// How long to wait before the list is asked for once more: who asks without end leaves the machine no time for what is waited for.
const AGAIN: Duration = Duration::from_millis(50);

/// How a contact stands on the forward list.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name that it is shown by.
    pub name: String,
    /// Its network bits.
    pub network: u32,
    /// The names of the groups that it is in.
    pub groups: Vec<String>,
}

impl Messenger {
    /// How a contact stands on the forward list, if it does.
    pub async fn entry(&mut self, contact: &str) -> Option<Entry> {
        let list = self.list().await;
        let group = |guid: &String| {
            list.iter().find_map(|line| match line {
                ServerCommand::Lsg { name, guid: known } if known == guid => Some(name.clone()),
                _ => None,
            })
        };
        list.iter().find_map(|line| match line {
            ServerCommand::Lst { passport, name, lists, network, groups, .. }
                if passport == contact && lists & List::Forward.bit() != 0 =>
            {
                let name = name.clone().unwrap_or_default();
                let groups = groups.iter().map(|guid| group(guid).expect("a group of the list")).collect();
                Some(Entry { name, network: *network, groups })
            }
            _ => None,
        })
    }

    /// Waits until a contact stands on the forward list. Of one that comes by itself a client is told at its next sign-in only, so
    /// that it has to be asked for.
    pub async fn until_listed(&mut self, contact: &str) -> Entry {
        within(&format!("{contact} to come onto the list"), async {
            loop {
                if let Some(entry) = Box::pin(self.entry(contact)).await {
                    return entry;
                }
                tokio::time::sleep(AGAIN).await;
            }
        })
        .await
    }

    /// Waits until somebody has added the user; gives the name they show.
    pub async fn added_by(&mut self, contact: &str) -> Option<String> {
        self.find(&format!("{contact} to add {}", self.account()), |command| match command {
            ServerCommand::Adc { transaction: 0, list: List::Reverse, passport, name, .. } if passport == contact => {
                Some(name.clone())
            }
            _ => None,
        })
        .await
    }

    /// Waits until a contact comes or changes to this status; gives the name they show.
    pub async fn sees(&mut self, contact: &str, wanted: Status) -> String {
        self.find(&format!("{contact} to be {wanted:?}"), |command| match command {
            ServerCommand::Nln { presence: PresenceLine { status, passport, name, .. } }
            | ServerCommand::Iln { presence: PresenceLine { status, passport, name, .. }, .. }
                if passport == contact && *status == wanted =>
            {
                Some(name.clone())
            }
            _ => None,
        })
        .await
    }

    /// Waits until the line under a contact's name is one that `wanted` takes; gives it.
    pub async fn reads(&mut self, contact: &str, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.find(&format!("{contact} to say {what} of themselves"), |command| match command {
            ServerCommand::Ubx { passport, document } if passport == contact => {
                Some(PersonalMessage::parse(document).text).filter(|text| wanted(text))
            }
            _ => None,
        })
        .await
    }

    /// Waits until a contact has gone.
    pub async fn sees_gone(&mut self, contact: &str) {
        self.find(&format!("{contact} to go"), |command| match command {
            ServerCommand::Fln { passport } if passport == contact => Some(()),
            _ => None,
        })
        .await;
    }
}
