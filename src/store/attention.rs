//! How much of what is said in a room an account wants to see.

use domain::Passport;
use sqlx::AnyConnection;

use crate::{Store, StoreFault, account};

const KEY: &str = "attention";

/// How much of what is said in a room an account wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Attention {
    /// All of it.
    #[default]
    All,
    /// What speaks to the account in particular, and what is said of that.
    Mentions,
    /// Nothing.
    Nothing,
}

impl Attention {
    /// How a column has it; `None` is as if nothing were set.
    const fn word(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Mentions => Some("mentions"),
            Self::Nothing => Some("nothing"),
        }
    }

    /// As a column has it. What a later version may have written hides nothing.
    pub(crate) fn of(word: Option<&str>) -> Self {
        match word {
            Some("mentions") => Self::Mentions,
            Some("nothing") => Self::Nothing,
            _ => Self::All,
        }
    }
}

impl Store {
    /// How much of what is said in a room `owner` wants to see; all, unless something else was set.
    pub async fn attention(&self, owner: &Passport, room: &Passport) -> Result<Attention, StoreFault> {
        self.readers.read(async |reader| find(reader, owner, room).await).await
    }

    /// Sets how much of what is said in a room `owner` wants to see. It outlives the room's place on the list.
    pub async fn set_attention(
        &self,
        owner: &Passport,
        room: &Passport,
        attention: Attention,
    ) -> Result<(), StoreFault> {
        let (owner, room) = (owner.clone(), room.clone());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    if account::name(connection, &owner).await?.is_none() {
                        return Err(StoreFault::UnknownAccount(owner));
                    }
                    let query = match attention.word() {
                        Some(word) => sqlx::query(
                            "INSERT INTO contact_setting (owner, passport, key, value) VALUES ($1, $2, $3, $4)
                             ON CONFLICT (owner, passport, key) DO UPDATE SET value = excluded.value",
                        )
                        .bind(owner.as_str())
                        .bind(room.as_str())
                        .bind(KEY)
                        .bind(word),
                        None => {
                            sqlx::query("DELETE FROM contact_setting WHERE owner = $1 AND passport = $2 AND key = $3")
                                .bind(owner.as_str())
                                .bind(room.as_str())
                                .bind(KEY)
                        }
                    };
                    query.execute(connection).await?;
                    Ok(())
                })
            })
            .await
    }
}

pub(crate) async fn find(
    connection: &mut AnyConnection,
    owner: &Passport,
    room: &Passport,
) -> Result<Attention, StoreFault> {
    let word: Option<String> =
        sqlx::query_scalar("SELECT value FROM contact_setting WHERE owner = $1 AND passport = $2 AND key = $3")
            .bind(owner.as_str())
            .bind(room.as_str())
            .bind(KEY)
            .fetch_optional(connection)
            .await?;
    Ok(Attention::of(word.as_deref()))
}
