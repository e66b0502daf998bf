//! The layers of the configuration, merged, and where each value came from.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat, FileSourceString, Source, ValueKind};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use crate::configuration::ConfigurationFault;

/// What holds where the configuration says nothing.
const DEFAULTS: &str = include_str!("../config/defaults.toml");

/// Whether a network is on where no file says anything of it.
pub(crate) fn is_usually_on(network: &str) -> bool {
    let defaults = toml::from_str::<Value>(DEFAULTS).unwrap_or_default();
    defaults["networks"][network]["enabled"] == Value::Bool(true)
}

/// What every variable of the environment begins with.
const PREFIX: &str = "CHRYSALIS";

/// What the library calls what was set there.
const ENVIRONMENT: &str = "the environment";

/// The merged layers.
#[derive(Debug)]
pub(crate) struct Layers {
    whole: Value,
    /// Where each key was set, by its dotted path.
    origins: HashMap<String, String>,
}

impl Layers {
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, ConfigurationFault> {
        let mut texts = Vec::new();
        for path in file.into_iter().flat_map(files) {
            let text = std::fs::read_to_string(&path).map_err(|fault| {
                ConfigurationFault(format!(
                    "{}: cannot be read: {fault}; make one with `chrysalis setup`, or name another with --config",
                    path.display()
                ))
            })?;
            texts.push((path, text));
        }
        Self::of(texts)
    }

    /// As if the files of these paths held these texts, the later over the earlier.
    pub(crate) fn of(texts: impl IntoIterator<Item = (PathBuf, String)>) -> Result<Self, ConfigurationFault> {
        let defaults = File::<FileSourceString, _>::from_str(DEFAULTS, FileFormat::Toml);
        let mut builder = Config::builder().add_source(defaults);
        for (path, text) in texts {
            builder = builder.add_source(Layer { text, name: path.display().to_string() });
        }
        // Never guessing types: a token of digits stays a text.
        let environment = Environment::with_prefix(PREFIX).prefix_separator("__").separator("__").try_parsing(false);
        let merged = builder.add_source(environment).build().map_err(|fault| ConfigurationFault(one_line(&fault)))?;
        let defaults = toml::from_str::<Value>(DEFAULTS).unwrap_or_default();
        let mut origins = HashMap::new();
        let whole = json(merged.cache, Some(&defaults), "", &mut origins)?;
        Ok(Self { whole, origins })
    }

    /// Reads the whole into a strict type.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, ConfigurationFault> {
        serde_path_to_error::deserialize(&self.whole).map_err(|fault| {
            // Entries of lists are known by their places, as where they were set is.
            let path = fault.path().to_string().replace('[', ".").replace(']', "");
            let problem = bridge::without_secrets(&fault.into_inner().to_string());
            // An unknown key is reported at its section: name the key itself.
            let unknown = problem.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
            match unknown {
                Some(key) if path == "." || path.is_empty() => self.fault(key, &problem),
                Some(key) if !path.ends_with(key) => self.fault(&format!("{path}.{key}"), &problem),
                _ => self.fault(&path, &problem),
            }
        })
    }

    /// All keys of a section.
    pub(crate) fn section(&self, name: &str) -> Map<String, Value> {
        self.whole.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// The keys of which this says something else than `other`, dotted.
    pub(crate) fn changes(&self, other: &Self) -> BTreeSet<String> {
        let mut changed = BTreeSet::new();
        compare(&self.whole, &other.whole, "", &mut changed);
        changed
    }

    /// Whether a key was set in the environment, and not in a file.
    pub(crate) fn is_from_environment(&self, key: &str) -> bool {
        self.origins.get(key).is_some_and(|origin| origin == ENVIRONMENT)
    }

    /// A fault of one key, with where it was set.
    pub(crate) fn fault(&self, key: &str, problem: &str) -> ConfigurationFault {
        let within = || self.origins.iter().find(|(path, _)| path.starts_with(key)).map(|(_, origin)| origin);
        let origin = self.origins.get(key).or_else(within);
        let origin = match origin.map(String::as_str) {
            Some(ENVIRONMENT) => {
                format!("the variable {PREFIX}__{}", key.replace('.', "__").to_ascii_uppercase())
            }
            Some(origin) => origin.to_owned(),
            None => "the defaults".to_owned(),
        };
        ConfigurationFault(format!("{origin}: {key}: {problem}"))
    }
}

/// Notes the paths at which two values differ; lists are compared as a whole.
fn compare(one: &Value, other: &Value, path: &str, changed: &mut BTreeSet<String>) {
    if let (Value::Object(one), Value::Object(other)) = (one, other) {
        let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for key in keys {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            compare(one.get(key).unwrap_or(&Value::Null), other.get(key).unwrap_or(&Value::Null), &path, changed);
        }
    } else if one != other {
        changed.insert(path.to_owned());
    }
}

/// The main file, and the networks' files beside it in the order of their names.
pub(crate) fn files(main: &Path) -> Vec<PathBuf> {
    let folder = main.parent().unwrap_or_else(|| Path::new("")).join("networks");
    let mut beside: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    beside.sort();
    std::iter::once(main.to_owned()).chain(beside).collect()
}

/// One file, under its own name.
#[derive(Debug, Clone)]
struct Layer {
    text: String,
    name: String,
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<config::Map<String, config::Value>, config::ConfigError> {
        let format: &dyn config::Format = &FileFormat::Toml;
        format
            .parse(Some(&self.name), &self.text)
            .map_err(|_| config::ConfigError::Message(format!("{}: {}", self.name, what_is_no_toml(&self.text))))
    }
}

/// What is wrong with a file, and where, without what stands there: that may be half of a secret.
pub(crate) fn what_is_no_toml(text: &str) -> String {
    let Err(fault) = toml::from_str::<toml::Table>(text) else { return "is no TOML".to_owned() };
    let before = fault.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {}", fault.message())
}

fn one_line(fault: &(impl std::fmt::Display + ?Sized)) -> String {
    let text = fault.to_string();
    text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The value as JSON. A text from the environment takes the type that the default of its key has.
fn json(
    value: config::Value,
    default: Option<&Value>,
    path: &str,
    origins: &mut HashMap<String, String>,
) -> Result<Value, ConfigurationFault> {
    let origin = value.origin().map(str::to_owned);
    if let Some(origin) = &origin {
        origins.insert(path.to_owned(), origin.clone());
    }
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    Ok(match value.kind {
        ValueKind::Nil => Value::Null,
        ValueKind::Boolean(value) => Value::Bool(value),
        ValueKind::I64(value) => value.into(),
        ValueKind::U64(value) => value.into(),
        ValueKind::I128(value) => i64::try_from(value).map_or(Value::Null, Value::from),
        ValueKind::U128(value) => u64::try_from(value).map_or(Value::Null, Value::from),
        ValueKind::Float(value) => Number::from_f64(value).map_or(Value::Null, Value::Number),
        ValueKind::String(text) => match default {
            Some(Value::Bool(_)) if origin.as_deref() == Some(ENVIRONMENT) => {
                text.parse().map_or(Value::String(text), Value::Bool)
            }
            Some(Value::Number(_)) if origin.as_deref() == Some(ENVIRONMENT) => {
                text.parse::<i64>().map_or(Value::String(text), Value::from)
            }
            Some(_) | None => Value::String(text),
        },
        ValueKind::Table(table) => {
            let mut object = Map::new();
            for (key, value) in table {
                let default = default.and_then(|default| default.get(&key));
                object.insert(key.clone(), json(value, default, &below(&key), origins)?);
            }
            Value::Object(object)
        }
        ValueKind::Array(values) => {
            let each = values.into_iter().enumerate();
            let each = each.map(|(index, value)| json(value, None, &below(&index.to_string()), origins));
            Value::Array(each.collect::<Result<_, _>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_toml_is_told_by_its_place_and_never_shown() {
        for (text, place) in [
            ("[networks.discord]\n  token = \"s3cret\nenabled = true", "line 2, column "),
            ("token = s3cret", "line 1, column "),
            ("a = 1\nö = \"s3cret\"\n", "line 2, column 1"),
        ] {
            let told = what_is_no_toml(text);
            assert!(told.starts_with(place) && !told.contains("s3cret"), "{told}");
        }
    }
}
