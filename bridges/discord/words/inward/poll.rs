//! Polls, as lines.

use domain::content::bounded_name;

use crate::{
    model::{Embed, Poll, PollWords},
    words::quote::sign,
};

/// The most answers that are shown; Discord takes ten.
const MOST_ANSWERS: usize = 20;

/// A question and what can be answered.
pub(super) fn asked(poll: &Poll) -> String {
    let answers = poll.answers.iter().take(MOST_ANSWERS).enumerate();
    let answers = answers.map(|(at, answer)| format!("\n{}. {}", at + 1, words(&answer.poll_media)));
    format!("[poll] {}{}", words(&poll.question), answers.collect::<String>())
}

fn words(words: &PollWords) -> String {
    let sign = words.emoji.as_ref().map(sign).unwrap_or_default();
    bounded_name(&format!("{sign} {}", words.text.as_deref().unwrap_or_default()))
}

/// How a poll ended, which Discord tells in the fields of a block.
pub(super) fn ended(embeds: &[Embed]) -> String {
    let fields = || embeds.iter().flat_map(|embed| &embed.fields);
    let field = |name: &str| {
        fields()
            .find(|field| field.name == name)
            .map(|field| bounded_name(&field.value))
            .filter(|value| !value.is_empty())
    };
    let question = field("poll_question_text").map_or_else(String::new, |question| format!("{question}: "));
    let sign = field("victor_answer_emoji_name").map_or_else(String::new, |sign| format!("{sign} "));
    let votes = field("total_votes").filter(|votes| votes != "0");
    let result = match (field("victor_answer_text"), votes) {
        (_, None) => "it is over, and nobody has voted".to_owned(),
        (None, Some(votes)) => format!("it is over, and ended in a draw ({votes} votes)"),
        (Some(winner), Some(votes)) => {
            let own = field("victor_answer_votes").map_or_else(String::new, |own| format!("{own} of "));
            format!("{sign}\"{winner}\" has won ({own}{votes} votes)")
        }
    };
    format!("[poll] {question}{result}")
}
