//! How the bot's answers are written: plain text, and the same as HTML. Pure.
//!
//! An answer is lines of text. A line that begins with `- ` is an item of a list, what stands between two `` ` `` is typed
//! as it is, and a web address can be followed.

use std::fmt::Write as _;

use ruma::EventId;
use serde_json::json;

use crate::message::Written;

/// An answer as the content of a message; it answers `to`, where several people may have asked.
pub(super) fn notice(text: &str, to: Option<&EventId>) -> Written {
    let mut content = json!({
        "msgtype": "m.notice",
        "body": text,
        "format": "org.matrix.custom.html",
        "formatted_body": html(text),
    });
    if let (Some(to), Some(fields)) = (to, content.as_object_mut()) {
        fields.insert("m.relates_to".into(), json!({ "m.in_reply_to": { "event_id": to } }));
    }
    Written { kind: "m.room.message", content }
}

fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() * 2);
    let mut in_list = false;
    let mut is_first = true;
    for line in text.lines() {
        let item = line.strip_prefix("- ");
        match (in_list, item.is_some()) {
            (false, true) => html.push_str("<ul>"),
            (true, false) => html.push_str("</ul>"),
            (false, false) if !is_first => html.push_str("<br>"),
            (true, true) | (false, false) => {}
        }
        (in_list, is_first) = (item.is_some(), false);
        match item {
            Some(item) => {
                // Writing into a string cannot fail.
                let _ = write!(html, "<li>{}</li>", inline(item));
            }
            None => html.push_str(&inline(line)),
        }
    }
    if in_list {
        html.push_str("</ul>");
    }
    html
}

fn inline(line: &str) -> String {
    let mut html = String::with_capacity(line.len());
    let pieces: Vec<&str> = line.split('`').collect();
    for (at, piece) in pieces.iter().enumerate() {
        // A last one without its partner is an ordinary character.
        if at % 2 == 1 && at + 1 < pieces.len() {
            let _ = write!(html, "<code>{}</code>", escaped(piece));
        } else {
            if at % 2 == 1 {
                html.push('`');
            }
            html.push_str(&with_links(piece));
        }
    }
    html
}

fn with_links(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let word_html = escaped(word);
        if word.starts_with("https://") { format!("<a href=\"{word_html}\">{word_html}</a>") } else { word_html }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use ruma::event_id;

    use super::*;

    #[test]
    fn lines_lists_code_and_links() {
        let text = "Found:\n- `carol@msn.example`, Carol\n- <b>\"&\nSee https://matrix.to/#/@a:b now\nend";
        let expected = "Found:<ul><li><code>carol@msn.example</code>, Carol</li><li>&lt;b&gt;&quot;&amp;</li></ul>\
                        See <a href=\"https://matrix.to/#/@a:b\">https://matrix.to/#/@a:b</a> now<br>end";
        assert_eq!(html(text), expected);
        assert_eq!(html("- a"), "<ul><li>a</li></ul>");
        assert_eq!(html("a ` b"), "a ` b");
    }

    #[test]
    fn an_answer_names_its_question_where_it_is_asked_to() {
        assert_eq!(notice("x", None).content.get("m.relates_to"), None);
        assert_eq!(notice("x", Some(event_id!("$a"))).content["m.relates_to"]["m.in_reply_to"]["event_id"], "$a");
    }
}
