//! What a notification client sees of its contacts.

use msnp::{
    list::List,
    notification::server::{PresenceLine, ServerCommand},
    personal_message::PersonalMessage,
    status::Status,
};

use crate::Messenger;

impl Messenger {
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
