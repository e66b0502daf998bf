//! Links: addresses below this server's web pages, under which a blob can be fetched for a while by whoever knows the token.

use domain::{Timestamp, media::BlobId};

use crate::{Store, StoreFault, media_word, word};

/// What lies under a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedMedia {
    /// The bytes.
    pub blob: BlobId,
    /// A file name, without a path.
    pub name: String,
    /// The media type, by the bytes.
    pub media_type: String,
    /// In bytes.
    pub size: u64,
}

impl Store {
    /// Puts `media` under `token` until `expires`. A token that is taken already leads to what it led to.
    pub async fn link_media(&self, token: &str, media: &LinkedMedia, expires: Timestamp) -> Result<(), StoreFault> {
        let (token, media) = (token.to_owned(), media.clone());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT INTO media_link (token, blob, name, media_type, size, expires)
                         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (token) DO NOTHING",
                    )
                    .bind(word::text(&token))
                    .bind(media.blob.to_string())
                    .bind(word::text(&media.name))
                    .bind(word::text(&media.media_type))
                    .bind(media_word::size_column(media.size))
                    .bind(expires.0)
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// What lies under `token`; `None` if nothing does, or not any more.
    pub async fn linked_media(&self, token: &str, now: Timestamp) -> Result<Option<LinkedMedia>, StoreFault> {
        let row: Option<(String, String, String, i64)> =
            sqlx::query_as("SELECT blob, name, media_type, size FROM media_link WHERE token = $1 AND expires > $2")
                .bind(word::text(token))
                .bind(now.0)
                .fetch_optional(&self.readers)
                .await?;
        row.map(|(blob, name, media_type, size)| {
            let (blob, size) = (media_word::blob("media_link", &blob)?, media_word::size("media_link", size)?);
            Ok(LinkedMedia { blob, name, media_type, size })
        })
        .transpose()
    }
}
