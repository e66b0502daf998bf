//! A network's own section of the configuration.

use std::path::{Path, PathBuf};

use domain::{NetworkBit, NetworkName};
use serde::de::DeserializeOwned;

/// A network's section, without the keys that are the same for all (`enabled`, `kind`, `network_bit`).
#[derive(Debug, Clone)]
pub struct Section {
    /// The section's name.
    pub name: NetworkName,
    /// The bit that marks the network's people.
    pub bit: NetworkBit,
    /// Its keys and values, as they stand in the files and the environment.
    pub values: serde_json::Map<String, serde_json::Value>,
    /// What relative paths in it are relative to.
    pub base: PathBuf,
    /// Where the program keeps its data; generated secrets lie there.
    pub data_directory: PathBuf,
}

/// What is wrong with a section.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct SectionFault {
    /// The key within the section, dotted.
    pub key: String,
    /// What is wrong with which value, and what to write instead; never a secret.
    pub problem: String,
}

impl SectionFault {
    /// A fault of one key.
    #[must_use]
    pub fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { key: key.into(), problem: problem.into() }
    }
}

impl Section {
    /// Reads the section into the bridge's own strict type. Use `#[serde(deny_unknown_fields)]` on it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, SectionFault> {
        serde_path_to_error::deserialize(serde_json::Value::Object(self.values.clone())).map_err(|fault| {
            let path = fault.path().to_string();
            let key = if path == "." { String::new() } else { path };
            SectionFault::new(key, fault.into_inner().to_string())
        })
    }

    /// The secret that is given as `value`, or stands in `file`. `Ok(None)` when neither is set.
    pub fn secret(&self, key: &str, value: Option<&str>, file: Option<&Path>) -> Result<Option<String>, SectionFault> {
        match (value, file) {
            (Some(_), Some(_)) => {
                Err(SectionFault::new(key, format!("is set twice: keep one of {key} and {key}_file")))
            }
            (Some(value), None) => Ok(Some(value.to_owned())),
            (None, Some(file)) => {
                let path = self.base.join(file);
                let text = std::fs::read_to_string(&path).map_err(|fault| {
                    SectionFault::new(format!("{key}_file"), format!("cannot read {}: {fault}", path.display()))
                })?;
                let secret = text.trim();
                if secret.is_empty() {
                    let problem = format!("{} is empty: write the secret into it", path.display());
                    return Err(SectionFault::new(format!("{key}_file"), problem));
                }
                Ok(Some(secret.to_owned()))
            }
            (None, None) => Ok(None),
        }
    }
}
