//! How people, rooms and emojis are written: their names behind ids, the ids behind names, and the words that mean one of them.

use std::{cell::OnceCell, collections::HashMap, sync::Arc};

use url::Url;

use crate::{
    contacts::Target,
    model::{ChannelId, ChannelKind, GuildId, RoleId, UserId},
    roster::{ChannelFacts, Roster},
    words::{self, KnownEmoji},
};

/// The names behind the ids in what is said in one guild, or in a direct chat.
pub(crate) struct NamesHere {
    roster: Arc<Roster>,
    guild: Option<GuildId>,
}

/// The people and emojis that can be named in one guild, or in a direct chat.
pub(crate) struct PeopleHere {
    roster: Arc<Roster>,
    guild: Option<GuildId>,
    /// Who is called what, in lower case; `None` for a name of several. Made when somebody is named for the first time.
    called: OnceCell<HashMap<String, Option<UserId>>>,
}

/// The names behind ids, as they are shown in a guild.
pub(crate) fn names(roster: &Arc<Roster>, guild: Option<GuildId>) -> NamesHere {
    NamesHere { roster: Arc::clone(roster), guild }
}

/// The people and emojis of a guild; in a direct chat nobody can be mentioned.
pub(crate) fn people(roster: &Arc<Roster>, guild: Option<GuildId>) -> PeopleHere {
    PeopleHere { roster: Arc::clone(roster), guild, called: OnceCell::new() }
}

impl words::Names for NamesHere {
    fn user(&self, id: UserId) -> Option<String> {
        self.roster.name(id, self.guild)
    }

    fn role(&self, id: RoleId) -> Option<String> {
        self.roster.role_name(self.guild?, id)
    }

    fn channel(&self, id: ChannelId) -> Option<String> {
        // What stands in a text may name a channel that its reader must not know of; only one of this guild is told.
        self.roster.channel(id).filter(|channel| Some(channel.guild) == self.guild).map(|channel| channel.name)
    }

    fn guild(&self) -> Option<GuildId> {
        self.guild
    }
}

impl words::People for PeopleHere {
    fn user(&self, name: &str) -> Option<UserId> {
        let guild = self.guild?;
        let called = self.called.get_or_init(|| self.roster.called(guild));
        called.get(&name.to_lowercase()).copied().flatten()
    }

    fn emoji(&self, name: &str) -> Option<KnownEmoji> {
        let mut found: Option<KnownEmoji> = None;
        self.roster.each_emoji(self.guild?, |emoji| {
            let is_exact = emoji.name == name;
            if is_exact || (found.is_none() && emoji.name.eq_ignore_ascii_case(name)) {
                found = Some(KnownEmoji { id: emoji.id, name: emoji.name.clone(), animated: emoji.animated });
            }
        });
        found
    }
}

impl Roster {
    /// Who is called what in a guild, in lower case; nobody where it could be several. A login is its owner's whoever else shows
    /// it as a name.
    fn called(&self, guild: GuildId) -> HashMap<String, Option<UserId>> {
        let mut called: HashMap<String, Option<UserId>> = HashMap::new();
        let mut logins: HashMap<String, UserId> = HashMap::new();
        self.each_name(Some(guild), |user, name, is_login| {
            let name = name.to_lowercase();
            if is_login {
                logins.insert(name.clone(), user);
            }
            let known = called.entry(name).or_insert(Some(user));
            if *known != Some(user) {
                *known = None;
            }
        });
        called.extend(logins.into_iter().map(|(login, user)| (login, Some(user))));
        called
    }
}

/// A room's name, with its guild and, of a thread, what it is in.
pub(super) fn room_name(facts: &ChannelFacts, guild: &str) -> String {
    let mark = if facts.kind == ChannelKind::Thread { "" } else { "#" };
    if guild.is_empty() { format!("{mark}{}", facts.name) } else { format!("{mark}{} ({guild})", facts.name) }
}

/// The readable name that a room's address is made of: `general.rust-friends`. None where nothing of it is left.
pub(super) fn room_login(channel: &str, guild: &str) -> Option<String> {
    let (channel, guild) = (slug(channel), slug(guild));
    let login = if guild.is_empty() { channel.clone() } else { format!("{channel}.{guild}") };
    (!channel.is_empty()).then_some(login)
}

/// A name as a part of an address: lower case, with hyphens for blanks, and without what is neither letter nor digit.
fn slug(name: &str) -> String {
    let letters = name.to_lowercase();
    let letters = letters.chars().filter_map(|letter| match letter {
        '-' | '_' => Some(letter),
        letter if letter.is_whitespace() => Some('-'),
        letter => letter.is_alphanumeric().then_some(letter),
    });
    letters.collect::<String>().trim_matches('-').to_owned()
}

/// Whom or what words mean in Discord's own spelling: a mention as Discord writes it, or a web address of it.
pub(super) fn spelt(words: &str) -> Option<Target> {
    let words = words.trim();
    if let Some(inner) = words.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
        let person = inner.strip_prefix("@!").or_else(|| inner.strip_prefix('@'));
        if let Some(id) = person {
            return id.parse().ok().map(Target::Person);
        }
        return inner.strip_prefix('#')?.parse().ok().map(Target::Room);
    }
    let url = Url::parse(words).ok().filter(|url| matches!(url.scheme(), "http" | "https" | "discord"))?;
    let is_discords =
        matches!(url.host_str(), Some("discord.com" | "www.discord.com" | "ptb.discord.com" | "canary.discord.com"));
    if !is_discords {
        return None;
    }
    let mut parts = url.path_segments()?;
    match (parts.next()?, parts.next()?, parts.next()) {
        ("users", id, _) => id.parse().ok().map(Target::Person),
        ("channels", _, Some(id)) => id.parse().ok().map(Target::Room),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rooms_address_is_readable() {
        assert_eq!(room_login("general", "Rust Friends!"), Some("general.rust-friends".to_owned()));
        assert_eq!(room_login("Größe & Maß", ""), Some("größe--maß".to_owned()));
        assert_eq!(room_login("💬", "Rust"), None, "the id has to do");
    }

    #[test]
    fn discords_own_spellings_mean_somebody_or_something() {
        let person = Some(Target::Person(UserId(1000)));
        let room = Some(Target::Room(ChannelId(55)));
        for words in ["<@1000>", " <@!1000> ", "https://discord.com/users/1000"] {
            assert_eq!(spelt(words), person, "{words}");
        }
        for words in ["<#55>", "https://discord.com/channels/9/55", "https://discord.com/channels/9/55/77"] {
            assert_eq!(spelt(words), room, "{words}");
        }
        for words in
            ["", "ann", "1000", "<1000>", "<@ann>", "https://example.org/users/1000", "https://discord.com/channels/9"]
        {
            assert_eq!(spelt(words), None, "{words}");
        }
    }
}
