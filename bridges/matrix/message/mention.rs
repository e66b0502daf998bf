//! Whose attention a message asks for.

use ruma::{OwnedUserId, UserId};
use serde_json::Value;

use super::{Mentions, html::MOST_PEOPLE};

/// Who is mentioned: whom the message names for that (`m.mentions`), or, where its client knows nothing of that yet, whom its
/// words link to. That it is for the whole room (`room`) counts for nothing: only some may say so, by power levels that are not known
/// here, and anybody else's word must not reach those who want to hear only what speaks to them.
pub(super) fn of(content: &Value, linked: Vec<OwnedUserId>) -> Mentions {
    let Some(mentions) = content.get("m.mentions").filter(|mentions| mentions.is_object()) else {
        return people(linked);
    };
    let named = mentions.get("user_ids").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut users = Vec::new();
    for user in named.iter().filter_map(Value::as_str).filter_map(|user| UserId::parse(user).ok()).take(MOST_PEOPLE) {
        if !users.contains(&user) {
            users.push(user);
        }
    }
    people(users)
}

fn people(users: Vec<OwnedUserId>) -> Mentions {
    if users.is_empty() { Mentions::Nobody } else { Mentions::People(users) }
}

#[cfg(test)]
mod tests {
    use ruma::owned_user_id;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_message_names_counts_and_links_only_where_it_names_nothing() {
        let (alice, bob) = (owned_user_id!("@a:x.org"), owned_user_id!("@b:x.org"));
        let of = |content: Value| of(&content, vec![bob.clone()]);
        let both = json!({ "m.mentions": { "user_ids": ["@a:x.org", 3, "x", "@a:x.org"] } });
        assert_eq!(of(both), Mentions::People(vec![alice]));
        assert_eq!(of(json!({ "m.mentions": {} })), Mentions::Nobody);
        assert_eq!(of(json!({ "m.mentions": { "room": true } })), Mentions::Nobody);
        let named = of(json!({ "m.mentions": { "room": true, "user_ids": ["@a:x.org"] } }));
        assert_eq!(named, Mentions::People(vec![owned_user_id!("@a:x.org")]));
        assert_eq!(of(json!({})), Mentions::People(vec![bob.clone()]));
        assert_eq!(of(json!({ "m.mentions": 3 })), Mentions::People(vec![bob.clone()]));
    }
}
