//! Messages of Discord, as what they consist of.

mod block;
mod notice;
mod poll;
#[cfg(test)]
mod tests;

use domain::content::{Style, bounded_name};

use self::notice::Notice;
use super::{
    Inward, Names, Part, Wording,
    markdown::{self, Page},
    quote::said,
};
use crate::model::{Component, File, Message, MessageKind, Snapshot, Sticker, StickerFormat};

/// The most files of a message that are shown; Discord takes ten.
const MOST_FILES: usize = 20;
/// The most forwarded messages within one; Discord has one.
const MOST_FORWARDED: usize = 5;
/// How deep the components of a message are read.
const DEEPEST: usize = 5;

/// What a message says. What cannot be shown becomes a line with its address on Discord, so that nothing is passed over in
/// silence, but for newcomers, who are told of nowhere here. What it answers is told by [`super::quote`] of the answered message.
pub(crate) fn inward(message: &Message, names: &dyn Names) -> Inward {
    match message.kind {
        MessageKind::Said | MessageKind::Reply | MessageKind::Command => spoken(message, names),
        // It repeats what the thread was begun on, as it stands in the channel.
        MessageKind::ThreadStarter => match message.referenced_message.as_deref() {
            Some(first) if first.kind != MessageKind::ThreadStarter => inward(first, names),
            Some(_) | None => Inward::default(),
        },
        MessageKind::Call
        | MessageKind::ChannelRenamed
        | MessageKind::Pinned
        | MessageKind::Joined
        | MessageKind::Boosted(_)
        | MessageKind::Followed
        | MessageKind::ThreadBegun
        | MessageKind::PollResult
        | MessageKind::Other(_) => match notice::of(message, names) {
            Notice::Told(part) => Inward { parts: vec![part] },
            Notice::Nothing => Inward::default(),
            Notice::Words => spoken(message, names),
        },
    }
}

fn spoken(message: &Message, names: &dyn Names) -> Inward {
    let mut page = Page::new(names, &message.mentions, message.id.made());
    let mut files = Vec::new();
    markdown::read(&message.content, &mut page);
    enclosed(&message.attachments, &message.sticker_items, message.is_voice(), &mut page, &mut files);
    for snapshot in message.message_snapshots.iter().take(MOST_FORWARDED) {
        forwarded(message, snapshot, names, &mut page, &mut files);
    }
    if let Some(poll) = &message.poll {
        page.new_line();
        page.words(&poll::asked(poll));
        page.words(&format!("\n(vote: {})", address(message, names)));
    }
    if !message.hides_embeds() {
        block::write(&message.embeds, &mut page);
    }
    if written(&message.components, 0, &mut page) {
        page.new_line();
        page.words(&format!("[buttons, which only Discord shows: {}]", address(message, names)));
    }
    let wording = page.finish();
    let mut parts = Vec::new();
    match action(message, &wording).filter(|_| files.is_empty()) {
        Some(action) => parts.push(Part::Emote(action)),
        None if wording.text.text.trim().is_empty() => {}
        None => parts.push(Part::Text(wording)),
    }
    parts.append(&mut files);
    if parts.is_empty() {
        let words = format!("[a message that cannot be shown here: {}]", address(message, names));
        parts.push(Part::Text(Wording::plain(words)));
    }
    Inward { parts }
}

/// What a message shows beside its words.
fn enclosed(files: &[File], stickers: &[Sticker], is_voice: bool, page: &mut Page<'_>, parts: &mut Vec<Part>) {
    for sticker in stickers.iter().take(MOST_FILES) {
        match sticker.format {
            StickerFormat::Png | StickerFormat::AnimatedPng | StickerFormat::Gif => {
                parts.push(Part::Sticker(sticker.clone()));
            }
            StickerFormat::Lottie | StickerFormat::Other => {
                page.new_line();
                page.words(&format!("[sticker: {}]", bounded_name(&sticker.name)));
            }
        }
    }
    let part = |file: &File| {
        let is_picture = file.content_type.as_deref().is_some_and(|kind| kind.starts_with("image/"));
        match file.clone() {
            file if is_voice => Part::Voice(file),
            file if is_picture => Part::Picture(file),
            file => Part::File(file),
        }
    };
    parts.extend(files.iter().take(MOST_FILES).map(part));
}

fn forwarded(message: &Message, snapshot: &Snapshot, names: &dyn Names, page: &mut Page<'_>, parts: &mut Vec<Part>) {
    let channel = message.message_reference.and_then(|reference| reference.channel_id);
    let channel = channel.and_then(|channel| names.channel(channel)).map(|name| bounded_name(&name));
    page.new_line();
    page.words(&channel.map_or_else(|| "Forwarded:".to_owned(), |channel| format!("Forwarded from #{channel}:")));
    let forwarded = &snapshot.message;
    if !forwarded.content.trim().is_empty() {
        page.words("\n");
        markdown::read(&forwarded.content, page);
    }
    enclosed(&forwarded.attachments, &forwarded.sticker_items, false, page, parts);
    block::write(&forwarded.embeds, page);
}

/// Writes the texts among the components of a message; says whether there is also something to press or to choose.
fn written(components: &[Component], depth: usize, page: &mut Page<'_>) -> bool {
    let mut is_pressed = false;
    for component in components.iter().filter(|_| depth < DEEPEST) {
        if let Some(text) = &component.content {
            page.new_line();
            markdown::read(text, page);
        }
        is_pressed |= component.is_pressed() || written(&component.components, depth + 1, page);
    }
    is_pressed
}

/// What somebody does: their client writes `/me waves` as `_waves_`. Only where that is all, and on one line.
fn action(message: &Message, wording: &Wording) -> Option<String> {
    let inner = message.content.strip_prefix('_')?.strip_suffix('_')?;
    let is_one = !inner.is_empty() && !inner.contains(['\n', '_']) && !inner.ends_with('\\');
    let [look] = wording.text.spans.as_slice() else { return None };
    let is_whole = look.style == Style::Italic && look.range == (0..wording.text.text.len());
    (is_one && is_whole).then(|| wording.text.text.clone())
}

/// Where a message can be seen on Discord.
fn address(message: &Message, names: &dyn Names) -> String {
    let guild = message.guild_id.or_else(|| names.guild()).map_or_else(|| "@me".to_owned(), |guild| guild.to_string());
    format!("https://discord.com/channels/{guild}/{}/{}", message.channel_id, message.id)
}
