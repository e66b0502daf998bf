//! What an event of a room means for us. Pure: nothing is looked up and nothing is done here.

use std::borrow::Cow;

use domain::{Passport, Timestamp};
use ruma::{OwnedEventId, OwnedMxcUri, OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    message::{self, Body, HEARD, Mentions, Said},
    names::Names,
    portal::{Change, Profile, avatar},
};

/// The type of the state event by which a room that we made is known again; it has no state key, as one that begins with
/// `@` could be set by nobody but that user.
pub(crate) const DIRECT: &str = "im.chrysalis.direct";

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
    /// The ghosts of ours whose users know what is said here already; only a ghost of ours can tell.
    pub(crate) heard: Vec<OwnedUserId>,
    /// What happened.
    pub(crate) what: What,
}

/// What happened in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Somebody said something; a ghost of ours, too.
    Said(Said),
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
    BotInvited,
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
    /// The room shows something else of itself.
    Changed(Change),
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
        let heard = if names.account(&form.sender).is_some() { heard(&form.content) } else { Vec::new() };
        let Form { event_id: id, room_id: room, sender, origin_server_ts, .. } = form;
        Some(Self { room, id, sender, sent: Timestamp(origin_server_ts), heard, what })
    }

    /// What those in the room are shown of it; `None` where there is nothing to show. `comings`: whether they are shown who
    /// comes and goes.
    pub(crate) fn line(&self, comings: bool) -> Option<Cow<'_, Said>> {
        match &self.what {
            What::Said(said) => Some(Cow::Borrowed(said)),
            What::Present { came: true, .. } if comings => Some(does("joined")),
            What::Gone { left: true, user } if comings && *user == self.sender => Some(does("left")),
            What::Gone { left: true, user } if comings => Some(does(&format!("removed {user}"))),
            What::Moved { .. } => {
                Some(does("moved this room: it goes on in a new one, which is joined where that can be done"))
            }
            What::Present { .. }
            | What::Gone { .. }
            | What::Invited { .. }
            | What::Removed { .. }
            | What::BotInvited
            | What::BotRemoved
            | What::Made { .. }
            | What::Changed(_)
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
        None => message::read(event).map(What::Said),
        Some(of) if form.kind == "m.room.member" => member(&UserId::parse(of).ok()?, form, names),
        Some("") if form.kind == DIRECT => made(form, names),
        Some("") if form.kind == "m.room.tombstone" => {
            let to = RoomId::parse(form.content.get("replacement_room")?.as_str()?).ok()?;
            Some(What::Moved { to })
        }
        Some("") => Change::of(&form.kind, &form.content).map(What::Changed),
        Some(_) => None,
    }
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
        ("invite", None) if of == names.bot() => Some(What::BotInvited),
        ("leave" | "ban", None) if of == names.bot() => Some(What::BotRemoved),
        ("leave" | "ban", None) => Some(What::Gone { user: of.to_owned(), left: was_in }),
        _ => None,
    }
}

/// What stands in an invitation: the room's state, as far as it is shown before coming, with the inviter's own member event.
fn invitation(form: &Form) -> Invitation {
    let state = form.unsigned.get("invite_room_state").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (mut profile, mut by, mut members) = (Profile::default(), String::new(), 0_usize);
    for event in state {
        let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let content = event.get("content").unwrap_or(&Value::Null);
        if field("type") == "m.room.member" {
            members += 1;
            if field("state_key") == form.sender.as_str() {
                by = display_name(content);
            }
        } else if let Some(change) = Change::of(field("type"), content) {
            profile.apply(change);
        }
    }
    let says_direct = form.content.get("is_direct") == Some(&Value::Bool(true));
    let is_direct = says_direct || (profile.is_nameless() && profile.topic.is_empty() && members <= 2);
    Invitation { is_direct, by, profile }
}

fn display_name(member: &Value) -> String {
    shown_name(member.get("displayname").and_then(Value::as_str).unwrap_or_default())
}

/// A name as it is kept and shown: others choose how long theirs is.
pub(crate) fn shown_name(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::Content;
    use ruma::{owned_event_id, owned_room_id, owned_user_id};
    use serde_json::json;

    use super::*;
    use crate::names::tests::names;

    pub(crate) const GHOST: &str = "@msn_carol=40msn.example:example.org";

    /// An event as a homeserver gives it.
    pub(crate) fn event(kind: &str, sender: &str, state_key: Option<&str>, content: &Value) -> Value {
        let mut event = json!({
            "type": kind, "sender": sender, "content": content, "event_id": "$e", "room_id": "!r", "origin_server_ts": 7,
        });
        if let Some(key) = state_key {
            event["state_key"] = key.into();
        }
        event
    }

    fn read(event: &Value) -> What {
        Event::read(event, &names()).unwrap().what
    }

    fn carol() -> Passport {
        "carol@msn.example".parse().unwrap()
    }

    fn invited(direct: bool, state: &Value) -> Invitation {
        let content = if direct {
            json!({ "membership": "invite", "is_direct": true })
        } else {
            json!({ "membership": "invite" })
        };
        let mut invite = event("m.room.member", "@alice:example.org", Some(GHOST), &content);
        invite["unsigned"] = json!({ "invite_room_state": state });
        let What::Invited { owner, invitation } = read(&invite) else { panic!("{invite}") };
        assert_eq!(owner, carol());
        *invitation
    }

    #[test]
    fn an_invitation_is_to_a_person_or_to_a_room() {
        let create = json!({ "type": "m.room.create", "state_key": "", "content": {} });
        let member =
            |id: &str| json!({ "type": "m.room.member", "state_key": id, "content": { "displayname": "Alice L." } });
        let alice = member("@alice:example.org");
        let name = json!({ "type": "m.room.name", "state_key": "", "content": { "name": "Tea" } });
        let topic = json!({ "type": "m.room.topic", "state_key": "", "content": { "topic": "of China" } });
        let plain = invited(false, &json!([create, alice]));
        assert!(plain.is_direct && plain.by == "Alice L.");
        assert!(invited(true, &json!([create, alice, name])).is_direct, "whoever invites says so");
        let named = invited(false, &json!([create, alice, name]));
        assert_eq!((named.is_direct, named.profile.shown_name().as_str()), (false, "Tea"));
        assert!(!invited(false, &json!([create, alice, topic])).is_direct);
        let crowd = json!([create, alice, member("@bob:example.org"), member("@eve:example.org")]);
        assert!(!invited(false, &crowd).is_direct);
        assert!(invited(false, &Value::Null).is_direct, "a homeserver that shows nothing of the room");
    }

    #[test]
    fn members_come_change_and_go() {
        let change = |of: &str, now: &Value, before: Option<&str>| {
            let mut event = event("m.room.member", of, Some(of), now);
            if let Some(before) = before {
                event["unsigned"] = json!({ "prev_content": { "membership": before } });
            }
            read(&event)
        };
        let bob = owned_user_id!("@bob:a.org");
        let join = json!({ "membership": "join", "displayname": "Bob", "avatar_url": "mxc://a.org/x" });
        let What::Present { user, name, avatar, came } = change("@bob:a.org", &join, Some("invite")) else { panic!() };
        assert_eq!((user, name.as_str(), came), (bob.clone(), "Bob", true));
        let long = json!({ "membership": "join", "displayname": "\u{e4}".repeat(60_000) });
        let What::Present { name: long, .. } = change("@bob:a.org", &long, None) else { panic!() };
        assert_eq!(long.chars().count(), LONGEST_NAME);
        assert_eq!(avatar.unwrap(), "mxc://a.org/x");
        assert!(matches!(change("@bob:a.org", &join, Some("join")), What::Present { came: false, .. }));
        assert!(matches!(change(GHOST, &join, None), What::Present { .. }), "ghosts have names in a room, too");
        let leave = json!({ "membership": "leave" });
        assert_eq!(change("@bob:a.org", &leave, Some("join")), What::Gone { user: bob.clone(), left: true });
        assert_eq!(change("@bob:a.org", &leave, Some("invite")), What::Gone { user: bob, left: false });
        assert_eq!(change(GHOST, &leave, Some("join")), What::Removed { owner: carol() });
        assert_eq!(change("@msnbot:example.org", &leave, None), What::BotRemoved);
        assert_eq!(change("@msnbot:example.org", &json!({ "membership": "invite" }), None), What::BotInvited);
    }

    #[test]
    fn who_comes_and_goes_is_shown_only_where_it_is_wanted() {
        let join = event("m.room.member", "@bob:a.org", Some("@bob:a.org"), &json!({ "membership": "join" }));
        let join = Event::read(&join, &names()).unwrap();
        assert_eq!(join.line(false), None);
        assert!(join.line(true).is_some());
        let moved = event("m.room.tombstone", "@bob:a.org", Some(""), &json!({ "replacement_room": "!new" }));
        let moved = Event::read(&moved, &names()).unwrap();
        assert_eq!(moved.what, What::Moved { to: owned_room_id!("!new") });
        assert!(moved.line(false).is_some(), "nobody is left behind without a word");
    }

    #[test]
    fn what_is_said_is_read_and_a_state_event_says_nothing() {
        let said = event("m.room.message", "@alice:example.org", None, &json!({ "msgtype": "m.text", "body": "hi" }));
        let read = Event::read(&said, &names()).unwrap();
        assert_eq!((read.id, read.sent), (owned_event_id!("$e"), Timestamp(7)));
        let What::Said(Said::Message { body: Body::Text { text, .. }, .. }) = read.what else { panic!() };
        assert_eq!(Content::Text(text), Content::text("hi"));
        let state =
            event("m.room.message", "@alice:example.org", Some(""), &json!({ "msgtype": "m.text", "body": "hi" }));
        assert_eq!(Event::read(&state, &names()).unwrap().what, What::Nothing);
        assert!(Event::read(&json!({ "type": "m.room.message" }), &names()).is_none());
    }

    #[test]
    fn only_a_ghost_tells_who_knows_what_it_says() {
        let heard = |sender: &str, ghosts: &Value| {
            let said =
                event("m.room.message", sender, None, &json!({ "msgtype": "m.text", "body": "hi", HEARD: ghosts }));
            Event::read(&said, &names()).unwrap().heard
        };
        assert_eq!(heard("@msn_dave=40msn.example:example.org", &json!([GHOST, 3, "nobody"])), [GHOST]);
        assert!(heard("@alice:example.org", &json!([GHOST])).is_empty(), "anybody can write such a field");
        assert!(heard(GHOST, &json!("x")).is_empty());
    }

    #[test]
    fn a_room_of_ours_is_known_again() {
        let mark = |sender: &str, key: &str| read(&event(DIRECT, sender, Some(key), &json!({ "user": "@bob:a.org" })));
        let made = What::Made { owner: carol(), user: owned_user_id!("@bob:a.org"), asked: false };
        assert_eq!(mark(GHOST, ""), made);
        let asked = read(&event(DIRECT, GHOST, Some(""), &json!({ "asked_by": "@bob:a.org" })));
        assert_eq!(asked, What::Made { owner: carol(), user: owned_user_id!("@bob:a.org"), asked: true });
        assert_eq!(mark("@bob:a.org", ""), What::Nothing, "anybody can set such a state");
        assert_eq!(mark(GHOST, "x"), What::Nothing);
    }
}
