//! Polls: `m.poll.start` and its older names (MSC3381).

use serde_json::Value;

use super::fields;

/// The most answers of a poll, as the specification has it.
const MOST_ANSWERS: usize = 20;
/// The longest question or answer that is shown, in characters.
const LONGEST: usize = 1000;

/// A poll as its question and numbered answers.
pub(super) fn read_start(content: &Value) -> Option<String> {
    let names = ["m.poll", "org.matrix.msc3381.poll.start", "org.matrix.msc3381.v2.poll", "m.poll.start"];
    let poll = fields::field(content, &names)?;
    let question = words(poll.get("question")?)?;
    let answers = poll.get("answers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let answers = answers.iter().filter_map(words).take(MOST_ANSWERS).enumerate();
    let mut lines = vec![format!("[poll] {question}")];
    lines.extend(answers.map(|(at, answer)| format!("{}. {answer}", at + 1)));
    Some(lines.join("\n"))
}

/// That a poll is over, in the words of whoever ended it.
pub(super) fn read_end(content: &Value) -> String {
    let words = words(content).unwrap_or_else(|| "it is over".to_owned());
    format!("[poll] {words}")
}

fn words(of: &Value) -> Option<String> {
    let words = fields::extensible(of).map(|(plain, _)| plain).or_else(|| fields::text(of, "body"))?;
    Some(words.trim().chars().take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_poll_is_its_question_and_its_answers() {
        let older = json!({
            "org.matrix.msc1767.text": "Lunch?\n1. Soup\n2. Salad",
            "org.matrix.msc3381.poll.start": {
                "question": { "org.matrix.msc1767.text": "Lunch?", "body": "Lunch?", "msgtype": "m.text" },
                "kind": "org.matrix.msc3381.poll.disclosed", "max_selections": 1,
                "answers": [
                    { "id": "a", "org.matrix.msc1767.text": "Soup" },
                    { "id": "b", "org.matrix.msc1767.text": "Salad" },
                ],
            },
        });
        assert_eq!(read_start(&older).unwrap(), "[poll] Lunch?\n1. Soup\n2. Salad");
        let newer = json!({
            "m.text": [{ "body": "Lunch?" }],
            "m.poll": {
                "question": { "m.text": [{ "body": "Lunch?" }] },
                "answers": [{ "m.id": "a", "m.text": [{ "mimetype": "text/plain", "body": "Soup" }] }, 3],
            },
        });
        assert_eq!(read_start(&newer).unwrap(), "[poll] Lunch?\n1. Soup");
        let many = json!({ "m.poll": { "question": { "body": "?" }, "answers": vec![json!({ "body": "x" }); 100] } });
        assert_eq!(read_start(&many).unwrap().lines().count(), 21);
    }

    #[test]
    fn the_end_of_a_poll_is_a_line() {
        assert_eq!(read_end(&json!({ "m.text": [{ "body": "Soup won." }] })), "[poll] Soup won.");
        assert_eq!(read_end(&json!({ "org.matrix.msc3381.poll.end": {} })), "[poll] it is over");
        assert_eq!(read_start(&json!({})), None);
    }
}
