//! A network's own section of the configuration.

use std::path::{Path, PathBuf};

use domain::{NetworkBit, NetworkName};
use serde::de::DeserializeOwned;

/// What serde calls the kinds of values that are shown in faults.
const NEVER_SECRET: [&str; 13] =
    ["a boolean", "u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize", "f32", "f64"];

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
            SectionFault::new(key, without_secrets(&fault.into_inner().to_string()))
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

/// What serde says of a configuration that it cannot read, without what may be a secret. A value is shown only where a number or a switch is
/// asked: any text may be a secret, one that was written without quotes is a number, and one in a section's place is a text.
#[must_use]
pub fn without_secrets(problem: &str) -> String {
    let known = ["invalid type", "invalid value"];
    let Some((what, rest)) = known.into_iter().find_map(|what| Some((what, problem.strip_prefix(what)?))) else {
        return problem.to_owned();
    };
    let Some((found, asked)) = rest.trim_start_matches(": ").rsplit_once(", expected ") else { return what.to_owned() };
    if NEVER_SECRET.contains(&asked) {
        return problem.to_owned();
    }
    let kind = found.split(['`', '"']).next().unwrap_or_default().trim_end();
    let unquoted = asked.contains("string") && matches!(kind, "integer" | "floating point" | "boolean");
    let mend = if unquoted { ": write it in quotes" } else { "" };
    format!("{what}: {kind}, expected {asked}{mend}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::{Map, Value, json};

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Keys {
        word: Option<String>,
        number: u8,
        list: Vec<String>,
        below: Below,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Below {
        is_on: bool,
    }

    fn section(values: Map<String, Value>) -> Section {
        Section {
            name: "net".parse().unwrap(),
            bit: 128.try_into().unwrap(),
            values,
            base: "/nowhere".into(),
            data_directory: "/nowhere".into(),
        }
    }

    fn read(values: Value) -> Result<Keys, SectionFault> {
        let Value::Object(values) = values else { panic!("a section is an object") };
        section(values).read()
    }

    #[test]
    fn a_section_is_read_strictly_and_faults_name_their_keys() {
        let keys = Keys { word: Some("a".into()), number: 7, list: vec!["b".into()], below: Below { is_on: true } };
        let written = json!({ "word": "a", "number": 7, "list": ["b"], "below": { "is_on": true } });
        assert_eq!(read(written), Ok(keys));
        assert_eq!(read(json!({})), Ok(Keys::default()));
        for (values, key) in [
            (json!({ "number": 256 }), "number"),
            (json!({ "below": { "is_on": "yes" } }), "below.is_on"),
            (json!({ "list": ["a", 2] }), "list[1]"),
        ] {
            assert_eq!(read(values).unwrap_err().key, key);
        }
        assert!(read(json!({ "colour": 1 })).unwrap_err().to_string().contains("colour"));
    }

    #[test]
    fn a_secret_is_given_once() {
        let section = section(Map::new());
        assert_eq!(section.secret("token", None, None), Ok(None));
        assert_eq!(section.secret("token", Some("s3cret"), None), Ok(Some("s3cret".to_owned())));
        let twice = section.secret("token", Some("s3cret"), Some(Path::new("file"))).unwrap_err();
        assert!(twice.key == "token" && !twice.problem.contains("s3cret"), "{twice}");
        let missing = section.secret("token", None, Some(Path::new("file"))).unwrap_err();
        assert!(missing.key == "token_file" && missing.problem.contains("/nowhere/file"), "{missing}");
    }

    proptest! {
        #[test]
        fn a_fault_names_a_key_that_is_there(values in prop::collection::btree_map(key(), value(), 0..4)) {
            let values: Map<String, Value> = values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            if let Err(SectionFault { key, problem }) = section(values.clone()).read::<Keys>() {
                let first = key.split(['.', '[']).next().unwrap_or_default();
                prop_assert!(first.is_empty() || values.contains_key(first), "{key}: {problem}");
                prop_assert!(!problem.is_empty());
            }
        }
    }

    fn key() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["word", "number", "list", "below", "colour"])
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = || {
            prop_oneof![
                Just(Value::Null),
                any::<bool>().prop_map(Value::from),
                any::<i64>().prop_map(Value::from),
                "\\PC{0,6}".prop_map(Value::from),
            ]
        };
        prop_oneof![
            leaf(),
            prop::collection::vec(leaf(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("is_on|\\PC{0,3}", leaf(), 0..2)
                .prop_map(|below| Value::Object(below.into_iter().collect())),
        ]
    }
}

#[cfg(test)]
mod secrecy {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Default, PartialEq, Eq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Keys {
        token: Option<String>,
        token_file: PathBuf,
        people: BTreeMap<String, String>,
        within: Within,
        most: u32,
        shows: bool,
    }

    #[derive(Debug, Default, PartialEq, Eq, Deserialize)]
    #[serde(default)]
    struct Within {
        token: Option<String>,
    }

    fn fault(values: Value) -> String {
        let Value::Object(values) = values else { panic!("a section is an object") };
        let section = Section {
            name: "some".parse().unwrap(),
            bit: 64.try_into().unwrap(),
            values,
            base: "/nowhere".into(),
            data_directory: "/nowhere".into(),
        };
        section.read::<Keys>().unwrap_err().to_string()
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        for (values, told) in [
            (json!({ "token": 12345 }), "token: invalid type: integer, expected a string: write it in quotes"),
            (json!({ "token": 123.45 }), "token: invalid type: floating point, expected a string: write it in quotes"),
            (json!({ "within": { "token": 12345 } }), "within.token: invalid type: integer, expected a string"),
            (json!({ "within": "12345, expected 12345" }), "within: invalid type: string, expected struct Within"),
            (json!({ "people": { "ann": 12345 } }), "people.ann: invalid type: integer, expected a string"),
            (json!({ "token": ["12345"] }), "token: invalid type: sequence, expected a string"),
            (json!({ "token_file": 12345 }), "token_file: invalid type: integer, expected path string"),
        ] {
            let fault = fault(values);
            assert!(fault.starts_with(told) && !fault.contains("123"), "{fault}");
        }
    }

    #[test]
    fn what_cannot_be_one_is_shown() {
        for (values, told) in [
            (json!({ "most": "many" }), "most: invalid type: string \"many\", expected u32"),
            (json!({ "most": -1 }), "most: invalid value: integer `-1`, expected u32"),
            (json!({ "shows": "maybe" }), "shows: invalid type: string \"maybe\", expected a boolean"),
        ] {
            assert_eq!(fault(values), told);
        }
        assert!(fault(json!({ "colour": 3 })).contains("unknown field `colour`"));
    }
}
