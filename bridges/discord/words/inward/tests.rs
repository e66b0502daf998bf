use serde_json::{Value, json};

use super::*;
use crate::{
    model::{ChannelId, GuildId, RoleId, UserId},
    words::{quote, quote::author, sign},
};

struct Guild;

impl Names for Guild {
    fn user(&self, id: UserId) -> Option<String> {
        (id.0 == 7).then(|| "Ann".to_owned())
    }

    fn role(&self, _: RoleId) -> Option<String> {
        None
    }

    fn channel(&self, id: ChannelId) -> Option<String> {
        (id.0 == 6).then(|| "other".to_owned())
    }

    fn guild(&self) -> Option<GuildId> {
        Some(GuildId(4))
    }
}

/// A message in channel 5 by Ann, with these fields beside.
fn message(fields: &Value) -> Message {
    let mut message = json!({ "id": "10", "channel_id": "5", "author": { "id": "7", "username": "ann" } });
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(message).unwrap()
}

fn parts(fields: &Value) -> Vec<Part> {
    inward(&message(fields), &Guild).parts
}

/// What a message says that is one text.
fn text(fields: &Value) -> String {
    match parts(fields).as_slice() {
        [Part::Text(wording)] => wording.text.text.clone(),
        other => panic!("{fields}: {other:?}"),
    }
}

fn deed(kind: u64, content: &str) -> String {
    match parts(&json!({ "type": kind, "content": content })).as_slice() {
        [Part::Emote(deed)] => deed.clone(),
        other => panic!("{kind}: {other:?}"),
    }
}

const LINK: &str = "https://discord.com/channels/4/5/10";

#[test]
fn a_message_is_its_words_and_then_its_files() {
    let file =
        |name: &str, kind: &str| json!({ "id": "3", "filename": name, "content_type": kind, "size": 5, "url": "u" });
    let fields = json!({ "type": 19, "content": "see **this** <@7>",
        "attachments": [file("a.png", "image/png"), file("b.txt", "text/plain; charset=utf-8"), { "id": "4", "filename": "c" }],
        "sticker_items": [{ "id": "8", "name": "Wave", "format_type": 1 }, { "id": "9", "name": "Odd", "format_type": 3 }] });
    let parts = parts(&fields);
    let [Part::Text(words), Part::Sticker(sticker), Part::Picture(picture), Part::File(file), Part::File(other)] =
        parts.as_slice()
    else {
        panic!("{parts:?}");
    };
    assert_eq!((words.text.text.as_str(), words.text.spans.len()), ("see this @Ann\n[sticker: Odd]", 1));
    assert_eq!((sticker.name.as_str(), picture.filename.as_str()), ("Wave", "a.png"));
    assert_eq!((file.filename.as_str(), other.filename.as_str()), ("b.txt", "c"));
    let voice = json!({ "flags": 8192, "attachments": [{ "id": "3", "filename": "voice-message.ogg", "content_type": "audio/ogg" }] });
    assert!(matches!(self::parts(&voice).as_slice(), [Part::Voice(_)]));
}

#[test]
fn what_somebody_does_is_an_emote() {
    assert!(matches!(parts(&json!({ "content": "_waves *hi*_" })).as_slice(), [Part::Text(_)]), "not one look");
    assert_eq!(deed(0, r"_waves \*hi\*_"), "waves *hi*");
    for words in ["_a_ b_", "__a__", "_a\nb_", "a _b_", "_a", "__", "_"] {
        assert!(matches!(parts(&json!({ "content": words })).as_slice(), [Part::Text(_)]), "{words}");
    }
}

#[test]
fn what_happened_is_told() {
    assert_eq!(parts(&json!({ "type": 7 })), []);
    assert_eq!(deed(3, ""), "started a call");
    assert_eq!(deed(4, "new *name*"), "renamed this channel to \"new *name*\"");
    assert_eq!(deed(6, ""), "pinned a message");
    assert_eq!(deed(8, ""), "boosted the server");
    assert_eq!(deed(10, "3"), "boosted the server 3 times, which has reached level 2");
    assert_eq!(deed(12, "News"), "follows \"News\" from here: its announcements will appear in this channel");
    assert_eq!(deed(18, "Lunch"), "began the thread \"Lunch\"");
    assert_eq!(deed(27, "Talk"), "opened the stage \"Talk\"");
    let pinned =
        json!({ "type": 6, "referenced_message": { "id": "9", "channel_id": "5", "content": "**rules**\nmore" } });
    assert_eq!(parts(&pinned), [Part::Emote("pinned a message: \"rules\"".into())]);
    let added = json!({ "type": 1, "mentions": [{ "id": "7", "username": "ann" }] });
    assert_eq!(parts(&added), [Part::Emote("added Ann".into())]);
    assert_eq!(text(&json!({ "type": 999, "content": "words" })), "words");
    assert_eq!(text(&json!({ "type": 999 })), format!("[a message that cannot be shown here: {LINK}]"));
}

#[test]
fn a_thread_begins_with_what_it_was_begun_on() {
    let starter = |fields: Value| json!({ "type": 21, "referenced_message": fields });
    assert_eq!(text(&starter(json!({ "id": "9", "channel_id": "5", "content": "lunch?" }))), "lunch?");
    assert_eq!(parts(&json!({ "type": 21 })), []);
    assert_eq!(parts(&starter(json!({ "id": "9", "channel_id": "5", "type": 21 }))), []);
}

#[test]
fn a_poll_is_its_question_and_its_answers() {
    let poll = json!({ "question": { "text": "Lunch?" }, "answers": [
        { "poll_media": { "text": "Soup", "emoji": { "name": "🍲" } } }, { "poll_media": { "text": "Salad" } } ] });
    assert_eq!(text(&json!({ "poll": poll })), format!("[poll] Lunch?\n1. 🍲 Soup\n2. Salad\n(vote: {LINK})"));
    let ended = |fields: &[(&str, &str)]| {
        let fields: Vec<Value> = fields.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        text(&json!({ "type": 46, "embeds": [{ "type": "poll_result", "fields": fields }] }))
    };
    let votes = [
        ("poll_question_text", "Lunch?"),
        ("victor_answer_text", "Soup"),
        ("victor_answer_votes", "3"),
        ("total_votes", "5"),
    ];
    assert_eq!(ended(&votes), "[poll] Lunch?: \"Soup\" has won (3 of 5 votes)");
    assert_eq!(ended(&[("total_votes", "4")]), "[poll] it is over, and ended in a draw (4 votes)");
    assert_eq!(ended(&[]), "[poll] it is over, and nobody has voted");
}

#[test]
fn what_is_forwarded_says_from_where() {
    let forward = |content: &str| {
        json!({ "message_reference": { "type": 1, "channel_id": "6", "message_id": "1" },
            "message_snapshots": [{ "message": { "content": content, "attachments": [{ "id": "3", "filename": "a.txt" }] } }] })
    };
    let parts = parts(&forward("some **words**"));
    let [Part::Text(words), Part::File(_)] = parts.as_slice() else { panic!("{parts:?}") };
    assert_eq!((words.text.text.as_str(), words.text.spans.len()), ("Forwarded from #other:\nsome words", 1));
    assert!(
        matches!(self::parts(&forward("")).as_slice(), [Part::Text(words), Part::File(_)] if words.text.text == "Forwarded from #other:")
    );
}

#[test]
fn blocks_of_applications_are_lines_and_previews_are_left_out() {
    let embed = json!({ "type": "rich", "title": "News", "url": "https://x.example/n", "description": "**big** news",
        "author": { "name": "Bot" }, "footer": { "text": "end" }, "image": { "url": "https://x.example/i.png" },
        "fields": [{ "name": "Size", "value": "big" }, { "name": "\u{200b}", "value": "\u{200b}" }, { "name": "More", "value": "a\nb" }] });
    let preview = json!({ "type": "article", "title": "Elsewhere" });
    let parts = parts(&json!({ "content": "look", "embeds": [embed, preview] }));
    let [Part::Text(words)] = parts.as_slice() else { panic!("{parts:?}") };
    assert_eq!(
        words.text.text,
        "look\nBot\nNews\nbig news\nSize: big\nMore:\na\nb\n[image: https://x.example/i.png]\nend"
    );
    assert!(words.text.spans.iter().any(|span| span.style == Style::Link("https://x.example/n".into())));
    let hidden = json!({ "content": "look", "embeds": [{ "title": "x" }], "flags": 4 });
    assert_eq!(text(&hidden), "look");
}

#[test]
fn what_only_discord_can_show_has_its_address() {
    let button = json!({ "type": 1, "components": [{ "type": 2 }] });
    assert_eq!(
        text(&json!({ "content": "press", "components": [button] })),
        format!("press\n[buttons, which only Discord shows: {LINK}]")
    );
    let laid_out = json!([{ "type": 17, "components": [{ "type": 10, "content": "# Hello" }, { "type": 9, "components": [{ "type": 10, "content": "there" }] }] }]);
    assert_eq!(text(&json!({ "components": laid_out })), "Hello\nthere");
    let mut deep = json!({ "type": 10, "content": "x" });
    for _ in 0..20 {
        deep = json!({ "type": 17, "components": [deep] });
    }
    assert_eq!(text(&json!({ "components": [deep] })), format!("[a message that cannot be shown here: {LINK}]"));
    let direct = inward(&message(&json!({})), &crate::words::Nobody).parts;
    assert!(matches!(direct.as_slice(), [Part::Text(words)] if words.text.text.ends_with("channels/@me/5/10]")));
}

#[test]
fn a_message_is_quoted_by_its_first_words() {
    let of = |fields: Value| {
        let quote = quote(&message(&fields), &Guild);
        (quote.author, quote.words)
    };
    assert_eq!(of(json!({ "content": "**hi** there\nmore" })), ("Ann".into(), "hi there".into()));
    assert_eq!(of(json!({ "content": "x", "member": { "nick": "Annie" } })).0, "Annie");
    assert_eq!(
        of(json!({ "content": "x", "webhook_id": "2", "author": { "id": "2", "username": "Carol" } })).0,
        "Carol"
    );
    assert_eq!(of(json!({ "attachments": [{ "id": "3", "filename": "a.txt" }] })).1, "a.txt");
    assert_eq!(of(json!({ "author": { "id": "8", "username": "bo", "global_name": "Bo\nB" } })).0, "Bo B");
    assert_eq!(author(&message(&json!({ "author": null })), &Guild), "");
}

#[test]
fn a_sign_is_an_emoji_or_a_name() {
    let of = |emoji: Value| sign(&serde_json::from_value(emoji).unwrap());
    assert_eq!(of(json!({ "name": "👍" })), "👍");
    assert_eq!(of(json!({ "id": "9", "name": "blob" })), ":blob:");
    assert_eq!(of(json!({ "id": "9", "name": null })), ":emoji:");
}
