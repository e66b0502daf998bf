//! What the bot does, one thing after another: goes into rooms, answers, leaves.

use std::{sync::Arc, time::Duration};

use bridge::Failure;
use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use tokio::time::Instant;

use super::{
    Errand, Heard, answers, commands,
    commands::{Request, help},
    without_prefix,
};
use crate::{
    appservice::{Appservice, host_failure},
    chores::at,
    permissions::Permission,
};

/// How long one thing may take: a room is made in less, and a homeserver that is away holds up nobody else for longer.
const LONGEST: Duration = Duration::from_mins(1);
/// When the bot's invitations are looked through again after something did not work.
const AGAIN: Duration = Duration::from_secs(30);

const GREETING: &str =
    "Hello! I connect Matrix with Messenger. Only you and I are here, so every line is for me: say `help`.";
const NO_LONGER_ALONE: &str = "We are not alone here any more. Begin what you say to me with `!msn` from now on.";
const TOO_FAST: &str = "That is too much at once. Wait a minute, and go on.";
const UNREAD: &str =
    "I could not decrypt what you said. Say it once more; if that does not help, begin another chat with me.";

/// What the bot does next.
enum Task {
    /// It looks who asks it in.
    Look,
    /// It looks who is left in rooms that somebody left.
    Departures,
    /// It does what it was asked for.
    Errand(Errand),
}

impl Appservice {
    /// Does what the bot is asked, until everything ends.
    pub(crate) async fn run_bot(self: Arc<Self>) {
        let Some(mut errands) = self.bot.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
        else {
            return;
        };
        // Who asked it in while nothing ran, or in vain, is found by asking the homeserver.
        let mut look = Some(Instant::now());
        loop {
            let task = tokio::select! {
                () = self.stopping.cancelled() => return,
                () = at(look) => Task::Look,
                () = self.bot.departed.notified() => Task::Departures,
                Some(errand) = errands.recv() => Task::Errand(errand),
            };
            let work = async {
                match task {
                    Task::Look => {
                        look = None;
                        self.bot.departed.notify_one();
                        self.answer_invitations().await
                    }
                    Task::Departures => self.look_at_a_departure().await,
                    Task::Errand(errand) => self.run(errand).await,
                }
            };
            let failure = match self.stopping.run_until_cancelled(tokio::time::timeout(LONGEST, work)).await {
                None => return,
                Some(Ok(Ok(()))) => continue,
                Some(Ok(Err(failure))) => failure,
                Some(Err(elapsed)) => Failure::retry(elapsed.to_string()),
            };
            tracing::info!(%failure, "the bot could not do something");
            look = Some(Instant::now() + AGAIN);
        }
    }

    async fn run(&self, errand: Errand) -> Result<(), Failure> {
        match errand {
            Errand::Invited { room, by } => self.answer_invitation(room, by).await,
            Errand::Made { room } => self.bot_joins(&room).await,
            Errand::Heard(heard) => self.obey(heard).await,
            Errand::TooMuch(heard) => self.answer_line(&heard, TOO_FAST).await,
            Errand::Unread(heard) => self.answer_line(&heard, UNREAD).await,
        }
    }

    /// Looks who is left in a room that somebody left: once, however many went.
    async fn look_at_a_departure(&self) -> Result<(), Failure> {
        let Some(room) = self.bot.next_departure() else { return Ok(()) };
        if let Err(failure) = self.look_who_is_left(&room).await {
            // It is looked at together with the invitations, a while later.
            self.bot.somebody_left(room);
            return Err(failure);
        }
        self.bot.departed.notify_one();
        Ok(())
    }

    async fn answer_invitations(&self) -> Result<(), Failure> {
        for (room, by) in self.bot().invitations().await? {
            if self.configuration.names.is_ours(&by) {
                self.bot_joins(&room).await?;
            } else {
                self.answer_invitation(room, by).await?;
            }
        }
        Ok(())
    }

    async fn answer_invitation(&self, room: OwnedRoomId, by: OwnedUserId) -> Result<(), Failure> {
        if self.configuration.permissions.of(&by) == Permission::None {
            tracing::info!(%room, %by, "an invitation of the bot is declined: no key of permissions lets them");
            return Ok(self.bot().leave(&room).await?);
        }
        self.bot_joins(&room).await
    }

    /// Goes into a room, and says so where it is alone with somebody.
    async fn bot_joins(&self, room: &RoomId) -> Result<(), Failure> {
        self.is_to_enter(self.configuration.names.bot()).await;
        match self.bot().join(room).await {
            Ok(()) => self.has_entered(self.configuration.names.bot(), room).await,
            Err(trouble) if trouble.is_final() => {
                tracing::info!(%room, %trouble, "the bot cannot go where it was asked to");
                return Ok(());
            }
            Err(trouble) => return Err(trouble.into()),
        }
        let alone_with = self.alone_with(room).await?;
        self.bot.enter(room, alone_with.as_deref()).await.map_err(|fault| host_failure(&fault))?;
        tracing::info!(%room, alone = alone_with.is_some(), "the bot is in a room");
        if alone_with.is_some() {
            let greeting = answers::notice(GREETING, None);
            self.speak(self.configuration.names.bot(), room, "chrysalis-greeting", &greeting, None).await?;
        }
        Ok(())
    }

    /// With whom the bot is alone in a room.
    async fn alone_with(&self, room: &RoomId) -> Result<Option<OwnedUserId>, Failure> {
        let bot = self.configuration.names.bot();
        let members = self.bot().joined_members(room).await?.unwrap_or_default();
        let mut others = members.into_iter().filter(|member| member != bot);
        Ok(match (others.next(), others.next()) {
            (Some(other), None) if !self.configuration.names.is_ours(&other) => Some(other),
            (_, _) => None,
        })
    }

    /// Leaves a room in which nobody is any more, and manages nothing where its person has gone.
    async fn look_who_is_left(&self, room: &RoomId) -> Result<(), Failure> {
        let Some(members) = self.bot().joined_members(room).await? else {
            return self.bot.forget(room).await.map_err(|fault| host_failure(&fault));
        };
        let names = &self.configuration.names;
        if members.iter().all(|member| names.is_ours(member)) {
            self.bot().leave(room).await?;
            return self.bot.forget(room).await.map_err(|fault| host_failure(&fault));
        }
        if self.bot.manages(room).is_some_and(|with| !members.contains(&with)) {
            self.bot.enter(room, None).await.map_err(|fault| host_failure(&fault))?;
        }
        Ok(())
    }

    async fn obey(&self, heard: Heard) -> Result<(), Failure> {
        // First of all, whatever becomes of the wish; what cannot be hidden now is tried again.
        let line = (heard.room.clone(), heard.event.clone());
        if self.bot.secrets.has(&line)
            && let Err(failure) = self.hide(&line, true).await
        {
            tracing::info!(room = %heard.room, %failure, "a line with a password stands there still");
        }
        let permission = self.configuration.permissions.of(&heard.by);
        if permission == Permission::None {
            tracing::info!(room = %heard.room, by = %heard.by, "a command is passed over: no key of permissions lets them");
            return Ok(());
        }
        let is_bare = without_prefix(&heard.body).is_none();
        let managing = self.is_managing(&heard.room, &heard.by).await?;
        let answer = if is_bare && !managing {
            NO_LONGER_ALONE.to_owned()
        } else {
            match commands::read(&self.configuration.names, &heard.body, permission, managing) {
                Ok(request) => self.fulfil(request, &heard, permission, managing).await,
                Err(answer) => answer,
            }
        };
        self.answer_line(&heard, &answer).await
    }

    /// Whether nobody but the bot and `by` is in a room, who then need no prefix and can speak of secrets.
    async fn is_managing(&self, room: &RoomId, by: &UserId) -> Result<bool, Failure> {
        if self.bot.manages(room).as_deref() != Some(by) {
            return Ok(false);
        }
        // Others may have come since.
        let alone = self.alone_with(room).await?.as_deref() == Some(by);
        if !alone {
            self.bot.enter(room, None).await.map_err(|fault| host_failure(&fault))?;
        }
        Ok(alone)
    }

    /// Does what is asked for; gives the answer.
    async fn fulfil(&self, request: Request, heard: &Heard, permission: Permission, managing: bool) -> String {
        let done = match request {
            Request::Help(of) => Ok(help(of, permission, managing)),
            Request::Version => Ok(format!("Chrysalis {}", env!("CARGO_PKG_VERSION"))),
            Request::Ping => self.tell_ping().await,
            Request::Register { address, password } => self.register(&address, &password).await,
            Request::Search(words) => self.search_accounts(&words).await,
            Request::StartChat(address) => self.start_chat(&address, &heard.by, &heard.event).await,
            Request::Resolve(address) => self.resolve_account(&address).await,
            Request::Sync => self.look_anew(&heard.by, &heard.room).await,
            Request::DeletePortal(room) => {
                let room = room.unwrap_or_else(|| heard.room.clone());
                self.delete_portal(&room, &heard.by, permission).await
            }
            Request::Accounts => self.tell_accounts().await,
            Request::Portals => self.tell_portals().await,
            Request::Presence => self.tell_presence().await,
            Request::Link(code) => self.own.prove(&heard.by, &code).await,
        };
        done.unwrap_or_else(|failure| {
            let what_next = if failure.is_passing() { "Try again in a moment." } else { "Ask the administrator." };
            format!("That did not work: {failure}. {what_next}")
        })
    }

    async fn answer_line(&self, heard: &Heard, text: &str) -> Result<(), Failure> {
        let managing = self.bot.manages(&heard.room).is_some();
        let content = answers::notice(text, (!managing).then_some(&*heard.event));
        let transaction = format!("chrysalis-answer-{}", heard.event);
        match self.speak(self.configuration.names.bot(), &heard.room, &transaction, &content, None).await {
            Err(unsaid) if unsaid.is_final() => {
                tracing::info!(room = %heard.room, %unsaid, "the bot's answer is not taken");
                // It may be out of the room without our having heard of it.
                self.look_who_is_left(&heard.room).await
            }
            outcome => Ok(outcome.map(drop)?),
        }
    }
}
