//! What people show of themselves on Discord, as Messenger shows it.

use domain::{
    PersonalMessage,
    content::{bounded_name, bounded_topic},
    presence::{Availability, RemotePresence},
};

use super::quote::sign;
use crate::model::{Activity, ActivityKind, Presence, PresenceStatus};

/// A presence as Messenger shows it: a custom status is the line under the name, else what is played or watched; what is listened
/// to goes into Messenger's own form for that. When somebody was last there, Discord tells nobody.
pub(crate) fn status(presence: &Presence) -> RemotePresence {
    let availability = match presence.status {
        PresenceStatus::Online => Availability::Online,
        PresenceStatus::Idle => Availability::Away,
        PresenceStatus::DoNotDisturb => Availability::Busy,
        PresenceStatus::Offline => Availability::Offline,
    };
    let activities = presence.activities.iter();
    let mut heard = activities.clone().filter(|activity| activity.kind == ActivityKind::Listening);
    let text = activities.clone().find_map(custom).or_else(|| activities.clone().find_map(doing)).unwrap_or_default();
    let current_media = heard.find_map(current_media).unwrap_or_default();
    RemotePresence { availability, last_active: None, personal_message: PersonalMessage { text, current_media } }
}

/// The words of a custom status, with its emoji in front.
fn custom(activity: &Activity) -> Option<String> {
    if activity.kind != ActivityKind::Custom {
        return None;
    }
    let emoji = activity.emoji.as_ref().map(sign).unwrap_or_default();
    let words = activity.state.as_deref().unwrap_or_default();
    filled(&bounded_topic(&format!("{emoji} {words}")))
}

fn doing(activity: &Activity) -> Option<String> {
    let name = filled(&bounded_name(&activity.name));
    let details = filled(&bounded_name(activity.details.as_deref().unwrap_or_default()));
    match activity.kind {
        ActivityKind::Playing => name.map(|name| format!("Playing {name}")),
        // Of a stream, the details are its title.
        ActivityKind::Streaming => details.or(name).map(|title| format!("Streaming {title}")),
        ActivityKind::Watching => name.map(|name| format!("Watching {name}")),
        ActivityKind::Competing => name.map(|name| format!("Competing in {name}")),
        ActivityKind::Listening | ActivityKind::Custom | ActivityKind::Other => None,
    }
}

/// Messenger's form for music: application, kind, whether it is on, which of the parts are shown, and the parts, which are title,
/// artist, album and an id (`MSNPiki`, "Personal Messages"). Of an application that does not say what it plays, its own name.
fn current_media(activity: &Activity) -> Option<String> {
    let part = |words: Option<&str>| filled(&without_separator(&bounded_name(words.unwrap_or_default())));
    let artists = activity.state.as_deref().map(|artists| artists.replace("; ", ", "));
    let (title, artist) = (part(activity.details.as_deref()), part(artists.as_deref()));
    let album = activity.assets.as_ref().and_then(|assets| part(assets.large_text.as_deref()));
    let (form, title, artist) = match (title, artist) {
        (Some(title), Some(artist)) => ("{0} - {1}", title, artist),
        (Some(one), None) | (None, Some(one)) => ("{0}", one, String::new()),
        (None, None) => ("{0}", part(Some(&activity.name))?, String::new()),
    };
    Some(format!(r"\0Music\01\0{form}\0{title}\0{artist}\0{}\0\0", album.unwrap_or_default()))
}

/// Without what would end a part.
fn without_separator(words: &str) -> String {
    words.replace('\\', "/")
}

fn filled(words: &str) -> Option<String> {
    let words = words.trim();
    (!words.is_empty()).then(|| words.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn status_of(state: &str, activities: &Value) -> (Availability, String, String) {
        let presence = json!({ "user": { "id": "7" }, "status": state, "activities": activities });
        let RemotePresence { availability, personal_message, .. } = status(&serde_json::from_value(presence).unwrap());
        (availability, personal_message.text, personal_message.current_media)
    }

    #[test]
    fn each_status_has_its_availability() {
        let of = |state: &str| status_of(state, &json!([])).0;
        assert_eq!(
            [of("online"), of("idle"), of("dnd")],
            [Availability::Online, Availability::Away, Availability::Busy]
        );
        assert_eq!([of("offline"), of("invisible")], [Availability::Offline; 2]);
    }

    #[test]
    fn a_custom_status_is_the_line_and_goes_before_what_is_played() {
        let playing = json!({ "name": "Chess", "type": 0 });
        let custom =
            |emoji: Value, state: Value| json!({ "name": "Custom Status", "type": 4, "state": state, "emoji": emoji });
        let text = |activities: Value| status_of("online", &activities).1;
        assert_eq!(text(json!([playing, custom(json!({ "name": "🌿" }), json!("in the garden"))])), "🌿 in the garden");
        let own = json!({ "id": "9", "name": "blob", "animated": true });
        assert_eq!(text(json!([custom(own, Value::Null)])), ":blob:");
        assert_eq!(text(json!([custom(Value::Null, json!("two\nlines"))])), "two lines");
        assert_eq!(text(json!([custom(Value::Null, json!("  ")), playing])), "Playing Chess");
        assert_eq!(text(json!([{ "name": "Twitch", "type": 1, "details": "Speedrun" }])), "Streaming Speedrun");
        assert_eq!(text(json!([{ "name": "a film", "type": 3 }])), "Watching a film");
        assert_eq!(text(json!([{ "name": "the cup", "type": 5 }])), "Competing in the cup");
        assert_eq!(text(json!([{ "name": "new", "type": 17 }])), "");
    }

    #[test]
    fn what_is_listened_to_is_music_in_the_form_of_messenger() {
        let media = |activity: Value| status_of("online", &json!([{ "name": "Chess", "type": 0 }, activity]));
        let spotify = json!({ "name": "Spotify", "type": 2, "details": "Song \\0 x", "state": "A; B", "assets": { "large_text": "Album" } });
        let (_, text, current_media) = media(spotify);
        assert_eq!(
            (text.as_str(), current_media.as_str()),
            ("Playing Chess", r"\0Music\01\0{0} - {1}\0Song /0 x\0A, B\0Album\0\0")
        );
        assert_eq!(media(json!({ "name": "Radio", "type": 2 })).2, r"\0Music\01\0{0}\0Radio\0\0\0\0");
        assert_eq!(media(json!({ "name": "Radio", "type": 2, "state": "News" })).2, r"\0Music\01\0{0}\0News\0\0\0\0");
    }
}
