//! The blocks that applications add to messages.

use domain::content::Style;

use crate::{
    model::Embed,
    words::markdown::{self, Page, address_at},
};

/// The most blocks of a message that are shown; Discord takes ten.
const MOST: usize = 10;
/// The most lines of a block; Discord takes 25.
const MOST_FIELDS: usize = 25;

/// Writes the blocks that say something of their own. What Discord found behind a link is left out: the link stands there, and most
/// of it comes later than the message.
pub(super) fn write(embeds: &[Embed], page: &mut Page<'_>) {
    let is_written = |embed: &&Embed| {
        !matches!(embed.kind.as_deref(), Some("article" | "image" | "video" | "gifv" | "link" | "poll_result"))
    };
    for embed in embeds.iter().filter(is_written).take(MOST) {
        block(embed, page);
    }
}

fn block(embed: &Embed, page: &mut Page<'_>) {
    if let Some(author) = embed.author.as_ref().filter(|author| !author.name.trim().is_empty()) {
        page.new_line();
        page.words(&author.name);
    }
    if let Some(title) = filled(embed.title.as_deref()) {
        page.new_line();
        let start = page.end();
        markdown::read(title, page);
        page.style(start..page.end(), Style::Bold);
        if let Some(address) = embed.url.as_deref().filter(|url| is_address(url)) {
            page.style(start..page.end(), Style::Link(address.to_owned()));
        }
    }
    if let Some(description) = filled(embed.description.as_deref()) {
        page.new_line();
        markdown::read(description, page);
    }
    for field in embed.fields.iter().take(MOST_FIELDS) {
        // Some have nothing but a blank that has no width.
        let (name, value) = (field.name.trim_matches(is_blank), field.value.trim_matches(is_blank));
        if name.is_empty() && value.is_empty() {
            continue;
        }
        page.new_line();
        let start = page.end();
        markdown::read(name, page);
        page.style(start..page.end(), Style::Bold);
        if !name.is_empty() && !value.is_empty() {
            page.words(if value.contains('\n') { ":\n" } else { ": " });
        }
        markdown::read(value, page);
    }
    if let Some(picture) = embed.image.as_ref().and_then(|image| image.url.as_deref()).filter(|url| is_address(url)) {
        page.new_line();
        page.words(&format!("[image: {picture}]"));
    }
    if let Some(footer) = embed.footer.as_ref().filter(|footer| !footer.text.trim().is_empty()) {
        page.new_line();
        page.words(&footer.text);
    }
}

fn filled(words: Option<&str>) -> Option<&str> {
    words.filter(|words| !words.trim_matches(is_blank).is_empty())
}

fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || letter == '\u{200b}'
}

fn is_address(text: &str) -> bool {
    address_at(text, |_| false) == Some(text)
}
