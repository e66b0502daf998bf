//! Pictures and files in the homeserver's keeping.

use reqwest::{Method, header};
use serde_json::Value;

use super::MatrixUser;

impl MatrixUser {
    /// Hands a file of this media type in; gives its `mxc://` address.
    pub async fn upload(&self, bytes: impl Into<Vec<u8>>, kind: &str) -> String {
        let bytes = bytes.into();
        let request = self.request(Method::POST, "_matrix/media/v3/upload").header(header::CONTENT_TYPE, kind);
        // Nothing at all goes without a length otherwise, and Synapse insists on one.
        let request = request.header(header::CONTENT_LENGTH, bytes.len());
        let answer = request.body(bytes).send().await.unwrap();
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{status}: {answer}");
        answer["content_uri"].as_str().unwrap().to_owned()
    }

    /// Fetches a file by its `mxc://` address, as a client that shows who it is.
    pub async fn download(&self, address: &str) -> Vec<u8> {
        let place = address.strip_prefix("mxc://").unwrap_or_else(|| panic!("{address} is no mxc:// address"));
        let request = self.request(Method::GET, &format!("_matrix/client/v1/media/download/{place}"));
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{address}: {}", answer.status());
        answer.bytes().await.unwrap().to_vec()
    }
}
