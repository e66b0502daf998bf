//! What a message is to say, read from a request and measured.

use serde_json::{Value, json};

use crate::id::{Id, written};
use crate::rest::asking::{Asking, Fields, Upload};
use crate::rest::refusal::Refusal;
use crate::world::message::{Attachment, Sticker};
use crate::world::{Draft, World, keeping};

/// How many characters a message has at most.
const CONTENT: usize = 2000;

/// A message from the body of a request; it may still be empty.
pub(crate) fn draft(world: &mut World, asking: &Asking, channel: Id) -> Result<Draft, Refusal> {
    let fields = &asking.fields;
    fields.flag("tts")?;
    let sticker_ids = fields.list("sticker_ids")?.unwrap_or_default();
    Ok(Draft {
        content: content(fields)?.unwrap_or_default(),
        embeds: embeds(fields)?.unwrap_or_default(),
        attachments: uploads(world, asking, channel)?,
        stickers: stickers(&sticker_ids)?,
        poll: poll(fields)?,
        nonce: fields.nonce()?,
        flags: fields.number("flags")?.unwrap_or(0),
        allowed_mentions: allowed_mentions(fields)?,
        ..Draft::default()
    })
}

/// Whether there is nothing in it.
pub(crate) const fn is_empty(draft: &Draft) -> bool {
    draft.content.is_empty()
        && draft.embeds.is_empty()
        && draft.attachments.is_empty()
        && draft.stickers.is_empty()
        && draft.poll.is_none()
        && draft.snapshot.is_none()
}

/// The text, which must not be too long.
pub(crate) fn content(fields: &Fields) -> Result<Option<String>, Refusal> {
    let content = fields.text("content")?;
    let length = content.as_ref().map_or(0, |content| content.chars().count());
    if length > CONTENT {
        let say = format!("Must be {CONTENT} or fewer in length.");
        return Err(Refusal::field("content", "BASE_TYPE_MAX_LENGTH", &say)
            .violating(format!("a message of {length} characters")));
    }
    Ok(content.map(|content| content.trim().to_owned()))
}

/// The embeds, at most ten objects.
pub(crate) fn embeds(fields: &Fields) -> Result<Option<Vec<Value>>, Refusal> {
    let Some(embeds) = fields.list("embeds")? else { return Ok(None) };
    if embeds.len() > 10 {
        return Err(Refusal::field("embeds", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length."));
    }
    for embed in &embeds {
        let embed = Fields::of(embed, "embeds")?;
        embed.text("title")?;
        embed.text("description")?;
        embed.text("url")?;
    }
    let typed = embeds.into_iter().map(|mut embed| {
        embed["type"] = json!("rich");
        embed
    });
    Ok(Some(typed.collect()))
}

/// Who may be reached, as it was given; each part of the type that it must have.
pub(crate) fn allowed_mentions(fields: &Fields) -> Result<Option<Value>, Refusal> {
    let Some(allowed) = fields.object("allowed_mentions")? else { return Ok(None) };
    for list in ["parse", "users", "roles"] {
        let words = allowed.list(list)?.unwrap_or_default();
        if let Some(wrong) = words.iter().find(|word| !word.is_string()) {
            return Err(Refusal::wrong_type(&format!("allowed_mentions.{list}: {wrong}"), "string"));
        }
        // Discord takes either a rule or a list for one kind.
        if list != "parse" && !words.is_empty() && allowed.list("parse")?.unwrap_or_default().contains(&json!(list)) {
            let say = "parse:[\"users\"] and users: [ids...] are mutually exclusive.";
            return Err(Refusal::field("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", say));
        }
    }
    allowed.flag("replied_user")?;
    Ok(fields.value("allowed_mentions").cloned())
}

/// The files, each within what the guild lets through.
pub(crate) fn uploads(world: &mut World, asking: &Asking, channel: Id) -> Result<Vec<Attachment>, Refusal> {
    let described = asking.fields.list("attachments")?.unwrap_or_default();
    let tier = world.guild_of(channel).and_then(|guild| world.guilds.get(&guild)).map_or(0, |guild| guild.premium_tier);
    let limit = world.rules.file_limit(tier);
    if asking.files.len() > 10 {
        return Err(Refusal::field("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length."));
    }
    let mut attachments = Vec::new();
    for file in &asking.files {
        if file.bytes.len() > limit {
            return Err(Refusal::too_large());
        }
        let description = described.iter().find(|entry| numbered(entry) == Some(file.number));
        attachments.push(attachment(world.id(), file, description)?);
    }
    Ok(attachments)
}

fn numbered(entry: &Value) -> Option<u64> {
    entry["id"].as_u64().or_else(|| entry["id"].as_str()?.parse().ok())
}

fn attachment(id: Id, file: &Upload, described: Option<&Value>) -> Result<Attachment, Refusal> {
    let described = described.map(|entry| Fields::of(entry, "attachments")).transpose()?.unwrap_or_default();
    let name = keeping::address_name(&described.text("filename")?.unwrap_or_else(|| file.name.clone()));
    let seconds = described.value("duration_secs").and_then(Value::as_f64);
    Ok(Attachment {
        id,
        content_type: keeping::content_type(&name).map(str::to_owned).or_else(|| file.content_type.clone()),
        description: described.text("description")?,
        size: keeping::picture_size(&file.bytes),
        voice: seconds.zip(described.text("waveform")?),
        bytes: file.bytes.clone(),
        name,
    })
}

/// Which of the files there are stay, after the list of a request; without one all do.
pub(crate) fn kept(fields: &Fields, attachments: &[Attachment]) -> Result<Vec<Attachment>, Refusal> {
    let Some(list) = fields.list("attachments")? else { return Ok(attachments.to_vec()) };
    let listed: Vec<u64> = list.iter().filter_map(numbered).collect();
    Ok(attachments.iter().filter(|attachment| listed.contains(&attachment.id.get())).cloned().collect())
}

fn stickers(ids: &[Value]) -> Result<Vec<Sticker>, Refusal> {
    ids.iter()
        .map(|id| {
            let id = id.as_str().and_then(|id| id.parse().ok()).or_else(|| id.as_u64().map(Id::new));
            let id = id.ok_or_else(|| Refusal::wrong_type("sticker_ids", "snowflake"))?;
            Ok(Sticker { id, name: "sticker".into(), format: 1 })
        })
        .collect()
}

fn poll(fields: &Fields) -> Result<Option<Value>, Refusal> {
    let Some(poll) = fields.object("poll")? else { return Ok(None) };
    let question = poll.object("question")?.unwrap_or_default().text("text")?.unwrap_or_default();
    let answers = poll.list("answers")?.unwrap_or_default();
    let texts: Vec<String> =
        answers.iter().filter_map(|answer| answer["poll_media"]["text"].as_str()).map(str::to_owned).collect();
    Ok(Some(poll_json(&question, &texts)))
}

/// A poll, as messages carry it.
pub(crate) fn poll_json(question: &str, answers: &[String]) -> Value {
    let expiry = jiff::Timestamp::now().saturating_add(jiff::SignedDuration::from_hours(24)).unwrap_or_default();
    let answers: Vec<Value> = (1_u32..)
        .zip(answers)
        .map(|(number, text)| json!({"answer_id": number, "poll_media": {"text": text}}))
        .collect();
    json!({
        "question": {"text": question},
        "answers": answers,
        "expiry": written(expiry),
        "allow_multiselect": false,
        "layout_type": 1,
        "results": {"is_finalized": false, "answer_counts": []},
    })
}
