//! Asking for people.

use super::{BotRest, RestFailure, call::Call};
use crate::model::{GuildId, Member};

/// How many members Discord finds at most.
const MOST_MEMBERS: u16 = 1000;

impl BotRest {
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
