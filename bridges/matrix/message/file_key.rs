//! The key of a file that stands encrypted on a homeserver, as the messages that speak of it carry it.

use std::fmt;

use ruma::{
    MxcUri,
    serde::{
        Base64,
        base64::{Standard, UrlSafe},
    },
};
use serde_json::{Value, json};

use super::fields;

/// What is needed to read such a file (`EncryptedFile` of the Matrix specification, version 2: AES-256 in counter mode).
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct FileKey {
    /// The key.
    pub(crate) key: [u8; 32],
    /// Where the counter begins.
    pub(crate) iv: [u8; 16],
    /// The SHA-256 of the encrypted bytes.
    pub(crate) sha256: [u8; 32],
}

impl FileKey {
    /// Reads the key that stands beside the file's address; `None` for one of another kind than is known.
    pub(super) fn read(file: &Value) -> Option<Self> {
        let key = file.get("key")?;
        // The first version counted otherwise; nobody has used it for years.
        if fields::text(file, "v")? != "v2" || fields::text(key, "alg")? != "A256CTR" {
            return None;
        }
        Some(Self {
            key: Base64::<UrlSafe, [u8; 32]>::parse(fields::text(key, "k")?).ok()?.into_inner(),
            iv: Base64::<Standard, [u8; 16]>::parse(fields::text(file, "iv")?).ok()?.into_inner(),
            sha256: Base64::<Standard, [u8; 32]>::parse(fields::text(file.get("hashes")?, "sha256")?)
                .ok()?
                .into_inner(),
        })
    }

    /// The file's address with this key, as a message has it under `file`.
    pub(super) fn write(&self, uri: &MxcUri) -> Value {
        json!({
            "url": uri,
            "v": "v2",
            "key": {
                "kty": "oct",
                "alg": "A256CTR",
                "ext": true,
                "key_ops": ["encrypt", "decrypt"],
                "k": Base64::<UrlSafe, _>::new(self.key).encode(),
            },
            "iv": Base64::<Standard, _>::new(self.iv).encode(),
            "hashes": { "sha256": Base64::<Standard, _>::new(self.sha256).encode() },
        })
    }
}

/// The `file` of a message, for tests beside other parts of the bridge.
#[cfg(test)]
pub(crate) fn file_of(uri: &MxcUri, key: &FileKey) -> Value {
    key.write(uri)
}

/// Nothing of it is ever told: whoever has it can read the file.
impl fmt::Debug for FileKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FileKey")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As a client of matrix-sdk writes it.
    fn file() -> Value {
        json!({
            "url": "mxc://example.org/locked",
            "v": "v2",
            "key": {
                "kty": "oct", "alg": "A256CTR", "ext": true, "key_ops": ["decrypt", "encrypt"],
                "k": "Voq2nkPme_x8no5-Tjq_laDAdxE6iDbxnlQXxwFPgE4",
            },
            "iv": "i0DovxYdJEcAAAAAAAAAAA",
            "hashes": { "sha256": "ANdt819a8bZl4jKy3Z+jcqtiNICa2y0AW4BBJ/iQRAU" },
        })
    }

    #[test]
    fn a_key_is_written_as_it_is_read() {
        let key = FileKey::read(&file()).unwrap();
        let written = key.write("mxc://example.org/locked".into());
        assert_eq!(FileKey::read(&written).unwrap(), key);
        for field in ["url", "v", "iv", "hashes"] {
            assert_eq!(written[field], file()[field], "{field}");
        }
        assert_eq!(written["key"]["k"], file()["key"]["k"]);
        assert_eq!(format!("{key:?}"), "FileKey", "a key stands in no log");
    }

    #[test]
    fn a_key_of_another_kind_is_none() {
        let changed = |pointer: &str, value: Value| {
            let mut file = file();
            *file.pointer_mut(pointer).unwrap() = value;
            FileKey::read(&file)
        };
        assert_eq!(changed("/v", json!("v1")), None);
        assert_eq!(changed("/key/alg", json!("A256GCM")), None);
        assert_eq!(changed("/key/k", json!("short")), None);
        assert_eq!(changed("/iv", json!("i0DovxYdJEc")), None);
        assert_eq!(changed("/hashes", json!({ "md5": "x" })), None);
        assert_eq!(changed("/key", json!(3)), None);
    }

    proptest! {
        #[test]
        fn every_key_comes_back(key: [u8; 32], iv: [u8; 16], sha256: [u8; 32]) {
            let key = FileKey { key, iv, sha256 };
            let written = key.write("mxc://example.org/locked".into());
            prop_assert!(FileKey::read(&written).as_ref() == Some(&key), "{written}");
        }
    }
}
