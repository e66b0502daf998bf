//! What an event of a room means for us. Pure: nothing is looked up and nothing is done here.

use std::borrow::Cow;

use domain::{Passport, Timestamp};
use ruma::{OwnedEventId, OwnedMxcUri, OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    encryption::Opened,
    message::{self, Body, HEARD, Mentions, Said},
    names::Names,
    portal::{Change, Profile, avatar},
};

/// The type of the state event by which a room that we made is known again; it has no state key, as one that begins with
/// `@` could be set by nobody but that user.
pub(crate) const DIRECT: &str = "im.chrysalis.direct";

/// The type of an encrypted event.
const SEALED: &str = "m.room.encrypted";
/// The type of the state event by which a room becomes encrypted, for good.
pub(crate) const ENCRYPTION: &str = "m.room.encryption";

/// The longest name of a person that is kept, in characters.
const LONGEST_NAME: usize = 300;

/// An event of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Where.
    pub(crate) room: OwnedRoomId,
    /// Its id.
    pub(crate) id: OwnedEventId,
    /// By whom.
    pub(crate) sender: OwnedUserId,
    /// When, by the homeserver's clock.
    pub(crate) sent: Timestamp,
    /// The ghosts of ours whose users know what is said here already; only whom this program speaks as can tell.
    pub(crate) heard: Vec<OwnedUserId>,
    /// What happened.
    pub(crate) what: What,
}

/// What happened in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Somebody said something; a ghost of ours, too.
    Said(Said),
    /// Somebody said something that has to be decrypted first: the event as it came.
    Sealed(Box<Value>),
    /// Somebody said something that cannot be decrypted; this is told in its place.
    Unread(Said),
    /// An account's ghost was asked in.
    Invited {
        /// Whose ghost; the account need not exist.
        owner: Passport,
        /// As what.
        invitation: Box<Invitation>,
    },
    /// An account's ghost went, was put out, or its invitation was taken back.
    Removed {
        /// Whose ghost.
        owner: Passport,
    },
    /// The bot was asked in.
    BotInvited {
        /// Whether the room is encrypted, as far as the invitation shows.
        encrypted: bool,
    },
    /// The bot was put out.
    BotRemoved,
    /// A ghost of ours made this room for a person.
    Made {
        /// Whose ghost.
        owner: Passport,
        /// For whom.
        user: OwnedUserId,
        /// Whether that person asked for it, so that the account has not agreed yet.
        asked: bool,
    },
    /// Somebody is in the room now, or shows something else of themselves there.
    Present {
        /// Who: anybody, a ghost of ours too.
        user: OwnedUserId,
        /// The name they show there; empty if none.
        name: String,
        /// The picture they show there.
        avatar: Option<OwnedMxcUri>,
        /// Whether they were not there before.
        came: bool,
    },
    /// Somebody left, turned an invitation down, or was put out.
    Gone {
        /// Who; no ghost of ours.
        user: OwnedUserId,
        /// Whether they were there before.
        left: bool,
    },
    /// Who may read what is said has changed otherwise: somebody else was asked in, or newcomers may read more or less.
    Audience,
    /// The room shows something else of itself.
    Changed(Change),
    /// From now on what is said in the room is encrypted.
    Encrypted,
    /// The room goes on elsewhere.
    Moved {
        /// Where.
        to: OwnedRoomId,
    },
    /// Nothing that matters here.
    Nothing,
}

/// An invitation, as it is shown to whoever is not in the room yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invitation {
    /// Whether it is to a chat of two.
    pub(crate) is_direct: bool,
    /// The name that whoever invited shows; empty if none.
    pub(crate) by: String,
    /// What the room shows of itself.
    pub(crate) profile: Profile,
    /// Whether what is said there is encrypted.
    pub(crate) encrypted: bool,
}

#[derive(Deserialize)]
struct Form {
    #[serde(rename = "type")]
    kind: String,
    event_id: OwnedEventId,
    room_id: OwnedRoomId,
    sender: OwnedUserId,
    state_key: Option<String>,
    #[serde(default)]
    origin_server_ts: i64,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    unsigned: Value,
}

impl Event {
    /// The words of a text.
    pub(crate) fn words(&self) -> Option<&str> {
        let What::Said(Said::Message { body: Body::Text { text, .. }, .. }) = &self.what else { return None };
        Some(&text.text)
    }

    /// Reads an event as a homeserver gives it. One of a form that is not known is passed over: it must not hold up all others.
    pub(crate) fn read(event: &Value, names: &Names) -> Option<Self> {
        let form = Form::deserialize(event).inspect_err(|fault| {
            let kind = event.get("type").and_then(Value::as_str).unwrap_or("?");
            tracing::warn!(kind, %fault, "an event of another form than expected is passed over");
        });
        let form = form.ok()?;
        let what = what(event, &form, names).unwrap_or(What::Nothing);
        let heard = if names.speaks_as(&form.sender) { heard(&form.content) } else { Vec::new() };
        let Form { event_id: id, room_id: room, sender, origin_server_ts, .. } = form;
        Some(Self { room, id, sender, sent: Timestamp(origin_server_ts), heard, what })
    }

    /// The same after it was tried to be decrypted: where that may succeed later, it stays as it is.
    pub(crate) fn opened(self, opened: &Opened, names: &Names) -> Self {
        match opened {
            Opened::Clear(clear) => {
                let read = Self::read(clear, names).filter(|read| read.is_said_in(&self));
                read.unwrap_or(Self { what: What::Nothing, ..self })
            }
            Opened::Later => self,
            Opened::Never => {
                let said = message::lost(&self.sender, 1);
                Self { what: What::Unread(said), ..self }
            }
        }
    }

    /// The same, where nothing is ever decrypted.
    pub(crate) fn unread(self) -> Self {
        Self { what: What::Unread(message::unread(1)), ..self }
    }

    /// Whether this is what could have been encrypted in `sealed`. What a homeserver allows or forbids must not come past it: nobody
    /// takes out of a room what others have said by doing it in secret.
    fn is_said_in(&self, sealed: &Self) -> bool {
        let is_same = self.id == sealed.id && self.room == sealed.room && self.sender == sealed.sender;
        is_same && matches!(self.what, What::Said(Said::Message { .. } | Said::Reaction { .. }))
    }

    /// Whether it has to be decrypted first.
    pub(crate) const fn is_sealed(&self) -> bool {
        matches!(self.what, What::Sealed(_))
    }

    /// What those in the room are shown of it; `None` where there is nothing to show. `comings`: whether they are shown who
    /// comes and goes.
    pub(crate) fn line(&self, comings: bool) -> Option<Cow<'_, Said>> {
        match &self.what {
            What::Said(said) | What::Unread(said) => Some(Cow::Borrowed(said)),
            What::Present { came: true, .. } if comings => Some(does("joined")),
            What::Gone { left: true, user } if comings && *user == self.sender => Some(does("left")),
            What::Gone { left: true, user } if comings => Some(does(&format!("removed {user}"))),
            What::Moved { .. } => {
                Some(does("moved this room: it goes on in a new one, which is joined where that can be done"))
            }
            What::Sealed(_)
            | What::Present { .. }
            | What::Gone { .. }
            | What::Audience
            | What::Invited { .. }
            | What::Removed { .. }
            | What::BotInvited { .. }
            | What::BotRemoved
            | What::Made { .. }
            | What::Changed(_)
            | What::Encrypted
            | What::Nothing => None,
        }
    }
}

fn heard(content: &Value) -> Vec<OwnedUserId> {
    let ghosts = content.get(HEARD).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    ghosts.iter().filter_map(|ghost| UserId::parse(ghost.as_str()?).ok()).collect()
}

fn does(text: &str) -> Cow<'static, Said> {
    let body = Body::Emote { text: text.to_owned() };
    Cow::Owned(Said::Message { body, relation: None, mentions: Mentions::Nobody })
}

fn what(event: &Value, form: &Form, names: &Names) -> Option<What> {
    match form.state_key.as_deref() {
        None if form.kind == SEALED => sealed(event, form),
        None => message::read(event).map(What::Said),
        Some(of) if form.kind == "m.room.member" => member(&UserId::parse(of).ok()?, form, names),
        Some("") if form.kind == DIRECT => made(form, names),
        Some("") if form.kind == "m.room.tombstone" => {
            let to = RoomId::parse(form.content.get("replacement_room")?.as_str()?).ok()?;
            Some(What::Moved { to })
        }
        Some("") if form.kind == ENCRYPTION => Some(What::Encrypted),
        Some("") if form.kind == "m.room.history_visibility" => Some(What::Audience),
        Some("") => Change::of(&form.kind, &form.content).map(What::Changed),
        Some(_) => None,
    }
}

/// An encrypted event; one that was deleted has nothing in it any more.
fn sealed(event: &Value, form: &Form) -> Option<What> {
    let is_deleted = form.unsigned.get("redacted_because").is_some();
    let has_words = form.content.get("ciphertext").is_some();
    (has_words && !is_deleted).then(|| What::Sealed(Box::new(event.clone())))
}

/// A room of which we may not have heard that it was made.
fn made(form: &Form, names: &Names) -> Option<What> {
    let owner = names.account(&form.sender)?;
    let (user, asked) = match (form.content.get("user"), form.content.get("asked_by")) {
        (Some(user), _) => (user, false),
        (None, by) => (by?, true),
    };
    Some(What::Made { owner, user: UserId::parse(user.as_str()?).ok()?, asked })
}

fn member(of: &UserId, form: &Form, names: &Names) -> Option<What> {
    let before = form.unsigned.get("prev_content").and_then(|content| content.get("membership"));
    let was_in = before.and_then(Value::as_str) == Some("join");
    let membership = form.content.get("membership")?.as_str()?;
    match (membership, names.account(of)) {
        ("join", _) => Some(What::Present {
            user: of.to_owned(),
            name: display_name(&form.content),
            avatar: avatar(form.content.get("avatar_url")),
            came: !was_in,
        }),
        ("invite", Some(owner)) => Some(What::Invited { owner, invitation: Box::new(invitation(form)) }),
        ("leave" | "ban", Some(owner)) => Some(What::Removed { owner }),
        ("invite", None) if of == names.bot() => {
            Some(What::BotInvited { encrypted: shown_before(form).iter().any(is_encryption) })
        }
        ("leave" | "ban", None) if of == names.bot() => Some(What::BotRemoved),
        ("invite", None) => Some(What::Audience),
        ("leave" | "ban", None) => Some(What::Gone { user: of.to_owned(), left: was_in }),
        _ => None,
    }
}

/// The room's state, as far as it is shown to whoever is asked in before they come.
fn shown_before(form: &Form) -> &[Value] {
    form.unsigned.get("invite_room_state").and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
}

fn is_encryption(state: &Value) -> bool {
    state.get("type").and_then(Value::as_str) == Some(ENCRYPTION)
}

/// What stands in an invitation: the room's state, as far as it is shown before coming, with the inviter's own member event.
fn invitation(form: &Form) -> Invitation {
    Invitation::of(&form.sender, &form.content, shown_before(form))
}

impl Invitation {
    /// What stands in an invitation by somebody: the invited one's member content, and the room's state as far as it is shown.
    pub(crate) fn of(inviter: &UserId, member: &Value, state: &[Value]) -> Self {
        let (mut profile, mut by, mut members) = (Profile::default(), String::new(), 0_usize);
        for event in state {
            let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
            let content = event.get("content").unwrap_or(&Value::Null);
            if field("type") == "m.room.member" {
                members += 1;
                if field("state_key") == inviter.as_str() {
                    by = display_name(content);
                }
            } else if let Some(change) = Change::of(field("type"), content) {
                profile.apply(change);
            }
        }
        let says_direct = member.get("is_direct") == Some(&Value::Bool(true));
        let is_direct = says_direct || (profile.is_nameless() && profile.topic.is_empty() && members <= 2);
        Self { is_direct, by, profile, encrypted: state.iter().any(is_encryption) }
    }
}

fn display_name(member: &Value) -> String {
    shown_name(member.get("displayname").and_then(Value::as_str).unwrap_or_default())
}

/// A name as it is kept and shown: others choose how long theirs is.
pub(crate) fn shown_name(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

#[cfg(test)]
pub(crate) mod tests;
