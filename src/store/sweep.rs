//! Forgetting media that nothing speaks of any more.
//!
//! Media are spoken of by messages and orders that wait, by pictures, and by links. Messages and orders are JSON, and the names in
//! it are found by how they are written: `"blob":"…"` and `"object":"…"`, which no text within JSON can imitate, since its own
//! quotation marks are escaped there.

use std::collections::HashSet;

use domain::{
    Timestamp,
    media::{BlobId, ObjectHash},
};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    Store, StoreFault, media_word,
    rows::{places, portions},
};

/// How many rows are read at once.
const PAGE: i64 = 256;

const MESSAGES: &str = "SELECT id, content FROM message WHERE id > $1 AND content IS NOT NULL ORDER BY id LIMIT $2";
const ORDERS: &str = "SELECT id, action FROM outbox WHERE id > $1 ORDER BY id LIMIT $2";

impl Store {
    /// Forgets links that have expired at `now`, and objects that were last kept before `before` and that nothing speaks of. Gives
    /// the blobs that something still speaks of: any other one that was put before `before` may be removed.
    pub async fn sweep_media(&self, now: Timestamp, before: Timestamp) -> Result<HashSet<BlobId>, StoreFault> {
        self.sweep_media_early(now, before, now).await
    }

    /// As [`Store::sweep_media`], and ends the links that would expire by `early`, but for those to what a message or order speaks of
    /// that still waits.
    pub async fn sweep_media_early(
        &self,
        now: Timestamp,
        before: Timestamp,
        early: Timestamp,
    ) -> Result<HashSet<BlobId>, StoreFault> {
        let mut mentions = Mentions::default();
        self.readers.read(async |reader| mentions.read_on(reader).await).await?;
        let mentions = self
            .writer
            .run(move |connection| {
                Box::pin(async move {
                    // What came since. Both kinds of rows are numbered in the order of their commits.
                    mentions.read_on(connection).await?;
                    sqlx::query("DELETE FROM media_link WHERE expires <= $1")
                        .bind(now.0)
                        .execute(&mut *connection)
                        .await?;
                    if early > now {
                        end_links(connection, &mentions, early).await?;
                    }
                    forget_objects(connection, &mentions.objects, before).await?;
                    Ok(mentions)
                })
            })
            .await?;
        let mut in_use = mentions.blobs;
        for statement in ["SELECT blob FROM object", "SELECT blob FROM media_link"] {
            let blobs: Vec<String> = sqlx::query_scalar(statement).fetch_all(&self.readers).await?;
            in_use.extend(blobs.iter().filter_map(|blob| media_word::blob("object", blob).ok()));
        }
        Ok(in_use)
    }
}

/// The media that waiting messages and orders speak of, up to which numbers they were read.
#[derive(Clone, Default)]
struct Mentions {
    blobs: HashSet<BlobId>,
    objects: HashSet<ObjectHash>,
    message: i64,
    order: i64,
}

impl Mentions {
    async fn read_on(&mut self, connection: &mut AnyConnection) -> Result<(), StoreFault> {
        self.message = self.read_table(connection, MESSAGES, self.message).await?;
        self.order = self.read_table(connection, ORDERS, self.order).await?;
        Ok(())
    }

    async fn read_table(
        &mut self,
        connection: &mut AnyConnection,
        statement: &'static str,
        mut after: i64,
    ) -> Result<i64, StoreFault> {
        loop {
            let rows: Vec<(i64, String)> =
                sqlx::query_as(statement).bind(after).bind(PAGE).fetch_all(&mut *connection).await?;
            let Some((last, _)) = rows.last() else { return Ok(after) };
            after = *last;
            for (_, json) in &rows {
                self.blobs.extend(named::<BlobId>(json, r#""blob":""#));
                self.objects.extend(named::<ObjectHash>(json, r#""object":""#));
            }
        }
    }
}

/// What is named behind `key`, wherever that stands.
fn named<Name: std::str::FromStr>(json: &str, key: &str) -> impl Iterator<Item = Name> {
    json.split(key).skip(1).filter_map(|rest| rest.split_once('"')?.0.parse().ok())
}

/// Ends the links that would expire by `early`, unless what they lead to is mentioned.
async fn end_links(connection: &mut AnyConnection, mentioned: &Mentions, early: Timestamp) -> Result<(), StoreFault> {
    let links: Vec<(String, String)> = sqlx::query_as("SELECT token, blob FROM media_link WHERE expires <= $1")
        .bind(early.0)
        .fetch_all(&mut *connection)
        .await?;
    let objects: Vec<(String, String)> =
        sqlx::query_as("SELECT hash, blob FROM object").fetch_all(&mut *connection).await?;
    let is_mentioned = |hash: &String| hash.parse().is_ok_and(|hash| mentioned.objects.contains(&hash));
    let of_objects: HashSet<String> =
        objects.into_iter().filter(|(hash, _)| is_mentioned(hash)).map(|(_, blob)| blob).collect();
    let is_needed = |blob: &String| {
        of_objects.contains(blob) || blob.parse().is_ok_and(|blob: BlobId| mentioned.blobs.contains(&blob))
    };
    let ended: Vec<String> = links.into_iter().filter(|(_, blob)| !is_needed(blob)).map(|(token, _)| token).collect();
    for portion in portions(&ended) {
        let text = format!("DELETE FROM media_link WHERE token IN (VALUES {})", places(portion.len(), 1));
        let query = portion.iter().fold(sqlx::query(AssertSqlSafe(text)), sqlx::query::Query::bind);
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Forgets the objects that were last kept before `before`, unless they are mentioned, or somebody's picture.
async fn forget_objects(
    connection: &mut AnyConnection,
    mentioned: &HashSet<ObjectHash>,
    before: Timestamp,
) -> Result<(), StoreFault> {
    let old: Vec<String> = sqlx::query_scalar(
        "SELECT hash FROM object WHERE kept < $1
         AND hash NOT IN (SELECT picture FROM address WHERE picture IS NOT NULL)
         AND hash NOT IN (SELECT hash FROM account_picture)",
    )
    .bind(before.0)
    .fetch_all(&mut *connection)
    .await?;
    let is_mentioned = |hash: &String| hash.parse().is_ok_and(|hash| mentioned.contains(&hash));
    let unused: Vec<_> = old.into_iter().filter(|hash| !is_mentioned(hash)).collect();
    for portion in portions(&unused) {
        let text = format!("DELETE FROM object WHERE hash IN (VALUES {})", places(portion.len(), 1));
        let query = portion.iter().fold(sqlx::query(AssertSqlSafe(text)), sqlx::query::Query::bind);
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::{
        Content,
        content::{Emoticon, Text},
        media::{Attachment, Source},
    };

    use super::*;

    #[test]
    fn names_are_found_where_content_has_them_and_not_in_what_is_said() {
        let (blob, object) = (BlobId([7; 32]), ObjectHash([9; 20]));
        let picture =
            |source| Attachment { name: "a.png".into(), media_type: "image/png".into(), size: 1, source, link: None };
        let said = format!(r#"look: "blob":"{}" and "object":"{}""#, BlobId([1; 32]), ObjectHash([1; 20]));
        let mut text = Text::plain(said);
        for (shortcut, source) in [("(a)", Source::Blob(blob)), ("(b)", Source::Object(object))] {
            text.emoticons.push(Emoticon { shortcut: shortcut.into(), picture: picture(source), animated: false });
        }
        let json = serde_json::to_string(&Content::Text(text)).unwrap();
        assert_eq!(named(&json, r#""blob":""#).collect::<Vec<BlobId>>(), [blob]);
        assert_eq!(named(&json, r#""object":""#).collect::<Vec<ObjectHash>>(), [object]);
    }
}
