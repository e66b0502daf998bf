//! Objects: pictures, emoticons, winks and clips by the hash under which Messenger knows them, and who shows which as a picture.

use domain::{
    NetworkName, Passport,
    contact::RemoteTarget,
    media::{BlobId, ObjectHash},
};

use crate::{Store, StoreFault, account, clock, media_word, word};

/// An object whose bytes are here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// By which Messenger knows it.
    pub hash: ObjectHash,
    /// Where its bytes are.
    pub blob: BlobId,
    /// In bytes.
    pub size: u64,
    /// Its media type, by its bytes.
    pub media_type: String,
}

/// The picture that a person or room shows: an object whose bytes are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portrait {
    /// By which Messenger knows it.
    pub hash: ObjectHash,
    /// In bytes.
    pub size: u64,
}

impl Portrait {
    /// `None` where there is no picture, or its bytes are not here.
    pub(crate) fn of(hash: Option<String>, size: Option<i64>) -> Result<Option<Self>, StoreFault> {
        let (Some(hash), Some(size)) = (hash, size) else { return Ok(None) };
        Ok(Some(Self { hash: media_word::object("address", &hash)?, size: media_word::size("object", size)? }))
    }
}

impl Store {
    /// Notes where an object's bytes are. One that is known already is young again: what nothing speaks of is forgotten some time
    /// after it was last kept.
    pub async fn keep_object(&self, object: Object) -> Result<(), StoreFault> {
        let now = clock::now();
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT INTO object (hash, blob, size, media_type, kept) VALUES ($1, $2, $3, $4, $5)
                         ON CONFLICT (hash) DO UPDATE SET blob = excluded.blob, size = excluded.size,
                         media_type = excluded.media_type, kept = excluded.kept",
                    )
                    .bind(object.hash.to_string())
                    .bind(object.blob.to_string())
                    .bind(media_word::size_column(object.size))
                    .bind(word::text(&object.media_type))
                    .bind(now.0)
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Where an object's bytes are; `None` if they are not here.
    pub async fn object(&self, hash: &ObjectHash) -> Result<Option<Object>, StoreFault> {
        let row: Option<(String, i64, String)> =
            sqlx::query_as("SELECT blob, size, media_type FROM object WHERE hash = $1")
                .bind(hash.to_string())
                .fetch_optional(&self.readers)
                .await?;
        row.map(|(blob, size, media_type)| {
            Ok(Object {
                hash: *hash,
                blob: media_word::blob("object", &blob)?,
                size: media_word::size("object", size)?,
                media_type,
            })
        })
        .transpose()
    }

    /// Sets the picture that a person or room shows; says whether it changed. Nothing happens to one without an address.
    pub async fn picture_remote(
        &self,
        network: &NetworkName,
        target: &RemoteTarget,
        picture: Option<ObjectHash>,
    ) -> Result<bool, StoreFault> {
        let (network, target) = (network.clone(), target.clone());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let (kind, id) = word::target_words(&target);
                    let done = sqlx::query(
                        "UPDATE address SET picture = $4 WHERE network = $1 AND kind = $2 AND target = $3
                         AND COALESCE(picture, '') <> COALESCE($4, '')",
                    )
                    .bind(network.as_str())
                    .bind(kind)
                    .bind(id)
                    .bind(picture.map(|hash| hash.to_string()))
                    .execute(connection)
                    .await?;
                    Ok(done.rows_affected() > 0)
                })
            })
            .await
    }

    /// The picture that the account shows to other networks.
    pub async fn account_picture(&self, owner: &Passport) -> Result<Option<ObjectHash>, StoreFault> {
        let hash: Option<String> = sqlx::query_scalar("SELECT hash FROM account_picture WHERE owner = $1")
            .bind(owner.as_str())
            .fetch_optional(&self.readers)
            .await?;
        hash.map(|hash| media_word::object("account_picture", &hash)).transpose()
    }

    /// Sets the picture that the account shows to other networks. Its bytes need not be here yet.
    pub async fn set_account_picture(&self, owner: &Passport, picture: Option<ObjectHash>) -> Result<(), StoreFault> {
        let owner = owner.clone();
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    if account::name(connection, &owner).await?.is_none() {
                        return Err(StoreFault::UnknownAccount(owner));
                    }
                    let query = match picture {
                        Some(hash) => sqlx::query(
                            "INSERT INTO account_picture (owner, hash) VALUES ($1, $2)
                             ON CONFLICT (owner) DO UPDATE SET hash = excluded.hash",
                        )
                        .bind(owner.as_str())
                        .bind(hash.to_string()),
                        None => sqlx::query("DELETE FROM account_picture WHERE owner = $1").bind(owner.as_str()),
                    };
                    query.execute(connection).await?;
                    Ok(())
                })
            })
            .await
    }
}
