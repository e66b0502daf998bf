//! Asking for people.

use super::{BotRest, RestFailure, call::Call};
use crate::model::{GuildId, Member, User, UserId};

/// How many members Discord finds at most.
const MOST_MEMBERS: u16 = 1000;

impl BotRest {
    /// Somebody, whether or not they share a guild with the bot.
    pub(crate) async fn user(&self, user: UserId) -> Result<User, RestFailure> {
        self.ask(Call::get("user", 0, &["users", &user.to_string()])).await
    }

    /// Somebody as they are in a guild.
    pub(crate) async fn member(&self, guild: GuildId, user: UserId) -> Result<Member, RestFailure> {
        let path = ["guilds", &guild.to_string(), "members", &user.to_string()];
        self.ask(Call::get("member", guild.0, &path)).await
    }

    /// The members of a guild whose name or nickname begins so, at most `limit` of them.
    pub(crate) async fn search_members(
        &self,
        guild: GuildId,
        query: &str,
        limit: u16,
    ) -> Result<Vec<Member>, RestFailure> {
        let path = ["guilds", &guild.to_string(), "members", "search"];
        let call = Call::get("search members", guild.0, &path);
        self.list(call.with("query", &query).with("limit", &limit.clamp(1, MOST_MEMBERS))).await
    }
}
