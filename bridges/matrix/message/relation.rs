//! How a message belongs to another event, and what it repeats of it.

use serde_json::Value;

use super::{Quoted, Relation, fields};

/// The relation of a content. What it repeats of another message is not known yet.
pub(super) fn of(content: &Value) -> Option<Relation> {
    let relation = content.get("m.relates_to")?;
    let answered = relation.get("m.in_reply_to").and_then(|reply| fields::event_id(reply, "event_id"));
    let other = fields::event_id(relation, "event_id");
    let to = match relation.get("rel_type").and_then(Value::as_str) {
        Some("m.replace") => return other.map(|of| Relation::Edit { of }),
        // What is only said in a thread names the message before it for the eyes of clients that know no threads.
        Some("m.thread") if relation.get("is_falling_back") == Some(&Value::Bool(true)) => other.or(answered),
        Some("m.thread") => answered.or(other),
        Some(_) | None => answered,
    };
    to.map(|to| Relation::Reply { to, fallback: None })
}

/// Whether what a content repeats of another message is of the one that it answers.
pub(super) fn repeats_what_it_answers(content: &Value) -> bool {
    let relation = content.get("m.relates_to");
    let is_falling_back = relation.and_then(|relation| relation.get("is_falling_back"));
    is_falling_back != Some(&Value::Bool(true))
}

/// Parts what older clients repeat of the answered message, as lines that begin with `>`, from the answer. Only the form that
/// the specification had is taken for that: anybody may begin an answer with a quote of their own.
pub(super) fn without_fallback(body: &str) -> (Option<Quoted>, &str) {
    let Some(first) = body.strip_prefix("> <").or_else(|| body.strip_prefix("> * <")) else { return (None, body) };
    let Some((author, _)) = first.split_once('>').filter(|(author, _)| !author.contains('\n')) else {
        return (None, body);
    };
    let mut words = String::new();
    let mut rest = body;
    while let Some(line) = rest.split_inclusive('\n').next().filter(|line| line.starts_with('>')) {
        rest = rest.get(line.len()..).unwrap_or_default();
        let line = line.trim_start_matches('>');
        words.push_str(line.strip_prefix(' ').unwrap_or(line));
    }
    let words = words.split_once('>').map_or("", |(_, words)| words).trim();
    let quoted = Quoted { author: Some(author.to_owned()), words: words.to_owned() };
    (Some(quoted), rest.strip_prefix('\n').unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(to: &str) -> Relation {
        Relation::Reply { to: to.try_into().unwrap(), fallback: None }
    }

    #[test]
    fn a_message_belongs_to_what_it_answers_or_changes() {
        let of = |relation: Value| of(&json!({ "m.relates_to": relation }));
        assert_eq!(of(json!({ "m.in_reply_to": { "event_id": "$a" } })), Some(reply("$a")));
        let edit = Some(Relation::Edit { of: "$a".try_into().unwrap() });
        assert_eq!(of(json!({ "rel_type": "m.replace", "event_id": "$a" })), edit);
        for odd in [json!({}), json!(3), json!({ "m.in_reply_to": { "event_id": "a" } }), json!({ "rel_type": "x" })] {
            assert_eq!(of(odd), None);
        }
    }

    #[test]
    fn in_a_thread_the_first_message_is_answered_unless_another_is() {
        let thread = |falls_back: bool| {
            of(&json!({ "m.relates_to": { "rel_type": "m.thread", "event_id": "$root",
                "is_falling_back": falls_back, "m.in_reply_to": { "event_id": "$last" } } }))
        };
        assert_eq!((thread(true), thread(false)), (Some(reply("$root")), Some(reply("$last"))));
        let bare = json!({ "m.relates_to": { "rel_type": "m.thread", "event_id": "$root" } });
        assert_eq!(of(&bare), Some(reply("$root")));
    }

    #[test]
    fn what_is_repeated_is_parted_from_the_answer() {
        let (quoted, rest) = without_fallback("> <@a:b.org> one\n> two\n>\n> four\n\nanswer\n> own quote");
        let quoted = quoted.unwrap();
        assert_eq!(quoted.author.as_deref(), Some("@a:b.org"));
        assert_eq!((quoted.words.as_str(), rest), ("one\ntwo\n\nfour", "answer\n> own quote"));
        let (quoted, rest) = without_fallback("> * <@a:b.org> waves\n\nhi");
        assert_eq!((quoted.unwrap().words.as_str(), rest), ("waves", "hi"));
        for own in ["> a quote\nand more", "", ">", "> <unended\n> x>", "hi"] {
            assert_eq!(without_fallback(own), (None, own), "{own}");
        }
        assert_eq!(without_fallback("> <@a:b.org> alone").1, "");
    }
}
