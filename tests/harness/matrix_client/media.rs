//! Pictures and files, encrypted.

use std::io::Cursor;

use matrix_sdk::{
    media::{MediaFormat, MediaRequestParameters},
    ruma::events::room::MediaSource,
};
use serde_json::{Value, json};

use super::MatrixClient;

impl MatrixClient {
    /// Sends a file of this `msgtype`, name and media type, encrypted; gives the event's id.
    pub async fn send_file(&self, room: &str, msgtype: &str, (name, media_type): (&str, &str), bytes: &[u8]) -> String {
        let file = self.client.upload_encrypted_file(&mut Cursor::new(bytes)).await.unwrap();
        let content = json!({
            "msgtype": msgtype, "body": name, "file": file,
            "info": { "mimetype": media_type, "size": bytes.len() },
        });
        self.send(room, "m.room.message", content).await
    }

    /// Fetches the file of an event, and decrypts it if it is encrypted.
    pub async fn fetch(&self, content: &Value) -> Vec<u8> {
        let source = match content.get("file") {
            Some(file) => MediaSource::Encrypted(serde_json::from_value(file.clone()).unwrap()),
            None => MediaSource::Plain(serde_json::from_value(content["url"].clone()).unwrap()),
        };
        let request = MediaRequestParameters { source, format: MediaFormat::File };
        self.client.media().get_media_content(&request, false).await.unwrap()
    }
}
