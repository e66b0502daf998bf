//! What happened, and which sessions hear of it.

use serde_json::{Value, json};

use crate::constants::intents;
use crate::id::Id;
use crate::world::World;

/// Something that happened.
pub(crate) struct Event {
    /// Discord's name of it.
    pub(crate) name: &'static str,
    /// A session hears of it when it asked for any of these; for none: always.
    pub(crate) intents: u64,
    /// Who could see it.
    pub(crate) audience: Audience,
    /// What is told.
    pub(crate) data: Value,
}

/// Who could see something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Audience {
    /// Everybody in a guild.
    Guild(Id),
    /// Everybody who sees a channel.
    Channel(Id),
    /// One bot.
    Bot(Id),
}

impl World {
    /// Tells every session that may hear of it.
    pub(crate) fn emit(&mut self, event: &Event) {
        let hearing: Vec<String> = self
            .sessions
            .values()
            .filter(|session| event.intents == 0 || session.intents & event.intents != 0)
            .filter(|session| self.perceives(session.bot, event.audience))
            .map(|session| session.id.clone())
            .collect();
        for id in hearing {
            self.tell(&id, event.name, &event.data);
        }
    }

    /// Tells every session that may hear of a message; what it says is left out for those that may not read it.
    pub(crate) fn emit_message(&mut self, event: &Event, author: Id, mentions: &[Id]) {
        let hearing: Vec<(String, bool)> = self
            .sessions
            .values()
            .filter(|session| session.intents & event.intents != 0 && self.perceives(session.bot, event.audience))
            .map(|session| {
                let direct = event.intents & intents::DIRECT_MESSAGES != 0;
                let own = author == session.bot || mentions.contains(&session.bot);
                (session.id.clone(), direct || own || session.intents & intents::MESSAGE_CONTENT != 0)
            })
            .collect();
        for (id, readable) in hearing {
            if readable {
                self.tell(&id, event.name, &event.data);
            } else {
                self.tell(&id, event.name, &without_content(&event.data));
            }
        }
    }

    /// Tells one session, as the faults let it.
    pub(crate) fn tell(&mut self, session: &str, name: &str, data: &Value) {
        let Some(session) = self.sessions.get_mut(session) else { return };
        self.tally.count_event(name);
        self.faults.pass(session, name, data);
    }

    fn perceives(&self, bot: Id, audience: Audience) -> bool {
        match audience {
            Audience::Guild(guild) => self.guilds.get(&guild).is_some_and(|guild| guild.members.contains_key(&bot)),
            Audience::Channel(channel) => self.sees(channel, bot),
            Audience::Bot(one) => one == bot,
        }
    }
}

/// A message to somebody without the intent to read it.
pub(crate) fn without_content(data: &Value) -> Value {
    let mut data = data.clone();
    if let Some(fields) = data.as_object_mut() {
        for (field, empty) in
            [("content", json!("")), ("embeds", json!([])), ("attachments", json!([])), ("components", json!([]))]
        {
            if fields.contains_key(field) {
                fields.insert(field.into(), empty);
            }
        }
        fields.remove("poll");
        if let Some(referenced) = fields.get_mut("referenced_message")
            && referenced.is_object()
        {
            *referenced = without_content(referenced);
        }
    }
    data
}
