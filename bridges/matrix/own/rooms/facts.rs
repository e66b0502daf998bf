//! What matrix-sdk knows of a room of a linked account, as far as it matters here.

use std::collections::BTreeSet;

use futures_util::FutureExt as _;
use matrix_sdk::Room;
use ruma::{
    OwnedMxcUri, OwnedRoomId, OwnedUserId, RoomId, UserId,
    api::client::state::get_state_event_for_key,
    events::{StateEventType, room::member::MembershipState},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Kind;
use crate::{
    chat::Membership,
    event::shown_name,
    homeserver::Trouble,
    names::Names,
    portal::{Change, Profile},
};

/// How many people a direct chat has at the most, the account's own user among them.
const TWO: u64 = 2;
/// How many members a room without a name is named after.
const NAMED_AFTER: usize = 3;

/// What is known of a room that the account is in, apart from what is said there.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own; there is no state in them to name")]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    /// Whether it only holds other rooms together.
    pub(crate) is_space: bool,
    /// Whether it is a group conversation of Messenger, in which the account's ghost is.
    pub(crate) is_gathering: bool,
    /// With whom it is a direct chat, as the account's clients say, or whoever made it.
    pub(crate) direct: Option<Person>,
    /// How many people are in it or asked in, those not counted who serve it (MSC4171); 0 where that is not known.
    pub(crate) people: u64,
    /// Whether it is marked as a favourite.
    pub(crate) favourite: bool,
    /// Whether the account's push rules keep it silent.
    pub(crate) muted: bool,
    /// What it shows of itself.
    pub(crate) profile: Profile,
    /// How many of its messages the account has not read, as the homeserver counts.
    pub(crate) unread: u32,
}

/// Whoever a direct chat is with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// Who.
    pub(crate) user: OwnedUserId,
    /// Where they stand.
    pub(crate) standing: Membership,
    /// The name they show; empty if none.
    pub(crate) name: String,
    /// The picture they show.
    pub(crate) avatar: Option<OwnedMxcUri>,
}

impl Facts {
    /// What is known of a room. `direct` is with whom it is a direct chat, where the account's own list of them does not say so; `before`
    /// is what it was to the account until now.
    pub(crate) async fn of(
        room: &Room,
        me: &UserId,
        direct: Option<&UserId>,
        before: Option<&Kind>,
        muted: &BTreeSet<OwnedRoomId>,
    ) -> Result<Self, Trouble> {
        let serving = room.active_service_members_count().unwrap_or_default();
        let mut facts = Self {
            is_space: room.is_space(),
            is_gathering: false,
            direct: None,
            people: room.active_members_count().saturating_sub(serving),
            favourite: room.is_favourite(),
            muted: muted.contains(room.room_id()),
            profile: profile(room, me),
            unread: u32::try_from(room.unread_notification_counts().notification_count).unwrap_or(u32::MAX),
        };
        let targets: BTreeSet<OwnedUserId> = room
            .direct_targets()
            .iter()
            .filter_map(|target| target.as_user_id())
            .filter(|target| *target != me)
            .map(ToOwned::to_owned)
            .collect();
        let mut targets = targets.into_iter();
        let only = match (targets.next(), targets.next()) {
            (Some(only), None) => Some(only),
            (None, _) => direct.map(ToOwned::to_owned),
            (Some(_), Some(_)) => None,
        };
        if let Some(user) = only {
            let stood = match before {
                Some(Kind::Direct { user: known, person }) if *known == user => Some(*person),
                Some(Kind::Direct { .. } | Kind::Room) | None => None,
            };
            facts.direct = Some(person(room, user, stood).await?);
        }
        Ok(facts)
    }

    /// What the room is to the account; `None` for what is left to others: spaces, group conversations of Messenger, and direct chats
    /// with users of ours, who are in Messenger themselves.
    pub(crate) fn kind(&self, names: &Names) -> Option<Kind> {
        if self.is_space || self.is_gathering {
            return None;
        }
        match self.direct.as_ref().filter(|_| self.people <= TWO) {
            Some(person) if names.is_ours(&person.user) => None,
            Some(Person { user, standing, .. }) => Some(Kind::Direct { user: user.clone(), person: *standing }),
            None => Some(Kind::Room),
        }
    }
}

/// What a room shows of itself; where it has no name, some of its members.
pub(crate) fn profile(room: &Room, me: &UserId) -> Profile {
    let mut profile = Profile::default();
    let alias = room.canonical_alias().map(|alias| alias.to_string());
    for (kind, content) in [
        ("m.room.name", json!({ "name": room.name() })),
        ("m.room.canonical_alias", json!({ "alias": alias })),
        ("m.room.topic", json!({ "topic": room.topic() })),
    ] {
        if let Some(change) = Change::of(kind, &content) {
            profile.apply(change);
        }
    }
    profile.avatar = room.avatar_url();
    if profile.is_nameless() {
        let heroes = room.heroes().into_iter().filter(|hero| hero.user_id != me);
        let mut shown: Vec<String> = heroes
            .map(|hero| {
                let name = hero.display_name.filter(|name| !name.trim().is_empty());
                shown_name(&name.unwrap_or_else(|| hero.user_id.localpart().to_owned()))
            })
            .collect();
        shown.sort_unstable();
        shown.truncate(NAMED_AFTER);
        let others = usize::try_from(room.active_members_count().saturating_sub(1)).unwrap_or(usize::MAX);
        let rest = others.saturating_sub(shown.len());
        profile.members = (shown, rest);
    }
    profile
}

/// `stood` is where they stood in it until now, if it was a direct chat with them.
async fn person(room: &Room, user: OwnedUserId, stood: Option<Membership>) -> Result<Person, Trouble> {
    let member = room.get_member_no_sync(&user).boxed().await?;
    let shown = member.as_ref().and_then(|member| member.display_name().map(shown_name));
    let mut heroes = room.heroes();
    heroes.retain(|hero| hero.user_id != room.own_user_id());
    let (names_others, hero) = (!heroes.is_empty(), heroes.into_iter().find(|hero| hero.user_id == user));
    let membership = match member.as_ref().map(|member| member.membership().clone()) {
        // Others are in the room.
        None if names_others && hero.is_none() => Some(MembershipState::Leave),
        // Nobody is named where the room has a name, and whoever says nothing is not told of: they may be long gone.
        None if !names_others && stood.is_none() => asked(room, &user).await?,
        told => told,
    };
    let (joined, active) = (room.joined_members_count(), room.active_members_count());
    let standing = standing(membership.as_ref(), joined, active, stood);
    let name = shown.or_else(|| hero.as_ref()?.display_name.as_deref().map(shown_name)).unwrap_or_default();
    let avatar = match &member {
        Some(member) => member.avatar_url().map(ToOwned::to_owned),
        None => hero.and_then(|hero| hero.avatar_url),
    };
    Ok(Person { user, standing, name, avatar })
}

/// Where the homeserver says that somebody stands in a room; `None` if it says nothing of them.
async fn asked(room: &Room, user: &UserId) -> Result<Option<MembershipState>, Trouble> {
    #[derive(Deserialize)]
    struct Member {
        membership: MembershipState,
    }
    let (id, kind) = (room.room_id().to_owned(), StateEventType::RoomMember);
    let request = get_state_event_for_key::v3::Request::new(id, kind, user.to_string());
    match room.client().send(request).await.map_err(Trouble::from) {
        Ok(answer) => {
            Ok(serde_json::from_str::<Member>(answer.event_or_content.get()).ok().map(|member| member.membership))
        }
        Err(trouble) if trouble.is_final() => Ok(Some(MembershipState::Leave)),
        Err(trouble) => Err(trouble),
    }
}

/// Where somebody stands in a room of two: by what is told of them, else by how many people are in it.
fn standing(told: Option<&MembershipState>, joined: u64, active: u64, stood: Option<Membership>) -> Membership {
    match told {
        Some(MembershipState::Join) => Membership::Joined,
        Some(MembershipState::Invite) => Membership::Invited,
        Some(_) => Membership::Left,
        // Members who say nothing are not told of one by one.
        None if joined >= TWO => Membership::Joined,
        None if active >= TWO => Membership::Invited,
        // Of a chat that the account makes just now, a sync may tell before it tells who was asked in. Whoever leaves is told of.
        None => stood.unwrap_or(Membership::Left),
    }
}

/// The rooms that push rules keep silent: those whose own rule of the kind `override` does nothing (Matrix, "Push rules").
pub(crate) fn muted(push_rules: &Value) -> BTreeSet<OwnedRoomId> {
    let rules = push_rules.get("global").and_then(|global| global.get("override")).and_then(Value::as_array);
    let is_silencing = |rule: &&Value| {
        let actions = rule.get("actions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        rule.get("enabled") != Some(&Value::Bool(false)) && actions.iter().all(|action| action == "dont_notify")
    };
    let rules = rules.map_or(&[][..], Vec::as_slice).iter().filter(is_silencing);
    rules
        .filter_map(|rule| {
            let room = RoomId::parse(rule.get("rule_id")?.as_str()?).ok()?;
            // One that looks at more than the room silences only some of it.
            let conditions = rule.get("conditions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let [condition] = conditions else { return None };
            let field = |name: &str| condition.get(name).and_then(Value::as_str);
            (field("key") == Some("room_id") && field("pattern") == Some(room.as_str())).then_some(room)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_asked_in_has_not_left_because_a_sync_does_not_know_of_them_yet() {
        let alone = |told, stood| standing(told, 1, 1, stood);
        assert_eq!(alone(None, Some(Membership::Invited)), Membership::Invited);
        assert_eq!(alone(None, None), Membership::Left, "a chat from before, which they have left");
        assert_eq!(alone(Some(&MembershipState::Leave), Some(Membership::Joined)), Membership::Left);
        assert_eq!(
            standing(Some(&MembershipState::Leave), 2, 2, None),
            Membership::Left,
            "others are there in their place"
        );
        assert_eq!(standing(None, 1, 2, None), Membership::Invited);
        assert_eq!(standing(None, 2, 2, Some(Membership::Invited)), Membership::Joined);
    }
}
