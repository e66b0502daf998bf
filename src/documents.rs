//! The files of the configuration, changed key by key: whatever else stands in them stays as it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value};

use crate::{asking::Broken, layers};

/// What a new file begins with.
const HEADER: &str = "\
# Made by `chrysalis setup`, with what was answered. What is not here holds by default: `chrysalis config example` shows every key, and
# what it is. Relative paths are relative to the main file.

";

/// All files of one configuration.
pub(crate) struct Documents {
    /// The main file, whether or not it is there.
    main: PathBuf,
    all: Vec<Document>,
    changes: Vec<Change>,
}

/// One file.
struct Document {
    path: PathBuf,
    /// What stands there; `None` where no file is.
    before: Option<String>,
    now: DocumentMut,
}

/// One key that says something else than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The file.
    pub(crate) file: PathBuf,
    /// The key, dotted.
    pub(crate) key: String,
    /// What it said, if it said anything.
    pub(crate) before: Option<String>,
    /// What it says now; `None`: nothing any more.
    pub(crate) after: Option<String>,
}

/// A file that has to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToWrite {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// Whether something stands there.
    pub(crate) is_there: bool,
}

impl Documents {
    /// Reads what is there.
    pub(crate) fn read(main: &Path) -> Result<Self, Broken> {
        let mut all = Vec::new();
        for path in layers::files(main) {
            let before = match fs::read_to_string(&path) {
                Ok(text) => Some(text),
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => None,
                Err(fault) => return Err(Broken(format!("{}: cannot be read: {fault}", path.display()))),
            };
            let text = before.as_deref().unwrap_or_default();
            let now = text.parse().map_err(|_: toml_edit::TomlError| {
                Broken(format!("{}: {}; mend it first", path.display(), layers::what_is_no_toml(text)))
            })?;
            all.push(Document { path, before, now });
        }
        Ok(Self { main: main.to_owned(), all, changes: Vec::new() })
    }

    /// Whether any file is there.
    pub(crate) fn is_anything_there(&self) -> bool {
        self.all.iter().any(|document| document.before.is_some())
    }

    /// Whether a key or a table stands in any of them.
    pub(crate) fn has(&self, path: &[&str]) -> bool {
        self.all.iter().any(|document| document.has(path))
    }

    /// Lets a key have this value. It goes where it stands, else where its section stands, else where that belongs.
    pub(crate) fn set(&mut self, path: &[&str], value: Value, says: &str) -> Result<(), Broken> {
        let file = self.place_of(path);
        let Some(document) = self.all.get_mut(file) else { return Ok(()) };
        let after = shown(&value);
        let Ok(before) = document.set(path, value, says) else {
            let problem = "stands where a section should be: mend it first";
            return Err(Broken(format!("{}: {} {problem}", document.path.display(), path.join("."))));
        };
        let before = before.map(|value| shown(&value));
        if before.as_ref() != Some(&after) {
            let file = document.path.clone();
            self.changes.push(Change { file, key: path.join("."), before, after: Some(after) });
        }
        Ok(())
    }

    /// Lets a key that is a list hold this as well.
    pub(crate) fn add(&mut self, path: &[&str], entry: &str, says: &str) -> Result<(), Broken> {
        let mut list = Array::new();
        for document in &self.all {
            // A later file stands over an earlier one.
            if let Some(found) = document.get(path).and_then(Item::as_array) {
                list.clone_from(found);
            }
        }
        if list.iter().all(|known| known.as_str() != Some(entry)) {
            list.push(entry);
        }
        self.set(path, Value::Array(list), says)
    }

    /// Lets a key say nothing any more.
    pub(crate) fn unset(&mut self, path: &[&str]) {
        for document in &mut self.all {
            let Some(before) = document.unset(path) else { continue };
            let before = before.as_value().map(shown);
            self.changes.push(Change { file: document.path.clone(), key: path.join("."), before, after: None });
        }
    }

    /// What is changed in files that are there.
    pub(crate) fn changes(&self) -> impl Iterator<Item = &Change> {
        let is_there = |path: &Path| self.all.iter().any(|document| document.path == path && document.before.is_some());
        self.changes.iter().filter(move |change| is_there(&change.file))
    }

    /// All of them as they are now, the main file first.
    pub(crate) fn texts(&self) -> Vec<(PathBuf, String)> {
        self.all.iter().map(|document| (document.path.clone(), document.text())).collect()
    }

    /// Those that are not yet as they are to be.
    pub(crate) fn to_write(&self) -> Vec<ToWrite> {
        let changed = |document: &&Document| document.before.as_deref() != Some(document.text().as_str());
        let wanted = |document: &&Document| document.before.is_some() || !document.now.is_empty();
        let of = |document: &Document| ToWrite {
            path: document.path.clone(),
            text: document.text(),
            is_there: document.before.is_some(),
        };
        self.all.iter().filter(wanted).filter(changed).map(of).collect()
    }

    /// The number of the file where a key belongs; one is thought up where there is none.
    fn place_of(&mut self, path: &[&str]) -> usize {
        let section = path.split_last().map_or(&[][..], |(_, section)| section);
        // A later file stands over an earlier one.
        let has = |of: &[&str]| self.all.iter().rposition(|document| document.has(of));
        let network = path.strip_prefix(&["networks"]).and_then(|rest| rest.first()).copied();
        let found = has(path).or_else(|| match network {
            Some(network) => has(&["networks", network]),
            None => has(section),
        });
        // What every installation has anyway is a matter of the main file.
        let is_of_main = network.is_none_or(layers::is_usually_on);
        let file = match network.filter(|_| !is_of_main) {
            Some(network) => {
                self.main.parent().unwrap_or_else(|| Path::new("")).join("networks").join(format!("{network}.toml"))
            }
            None => self.main.clone(),
        };
        let known = || self.all.iter().position(|document| document.path == file);
        if let Some(place) = found.or_else(known) {
            return place;
        }
        self.all.push(Document { path: file, before: None, now: DocumentMut::new() });
        self.all.len() - 1
    }
}

impl Document {
    fn text(&self) -> String {
        let header = if self.before.is_some() { "" } else { HEADER };
        format!("{header}{}", self.now)
    }

    fn get(&self, path: &[&str]) -> Option<&Item> {
        path.iter().try_fold(self.now.as_item(), |item, key| item.as_table_like()?.get(key))
    }

    fn has(&self, path: &[&str]) -> bool {
        self.get(path).is_some()
    }

    /// The table in which the last key of a path stands, if it is there.
    fn table_of<'a>(&'a mut self, path: &[&str], make: bool) -> Option<&'a mut dyn TableLike> {
        let mut table: &mut dyn TableLike = self.now.as_table_mut();
        for key in path {
            if table.get(key).is_none() {
                if !make {
                    return None;
                }
                let mut section = Table::new();
                // Named by those below it.
                section.set_implicit(true);
                table.insert(key, Item::Table(section));
            }
            table = table.get_mut(key)?.as_table_like_mut()?;
        }
        Some(table)
    }

    /// Sets a key, and gives what it said.
    fn set(&mut self, path: &[&str], value: Value, says: &str) -> Result<Option<Value>, NoPlace> {
        let (key, section) = path.split_last().ok_or(NoPlace)?;
        let table = self.table_of(section, true).ok_or(NoPlace)?;
        if let Some(item) = table.get_mut(key) {
            let known = item.as_value_mut().ok_or(NoPlace)?;
            let before = known.clone();
            // What stands beside it, a comment perhaps, stays.
            let beside = known.decor().clone();
            *known = value;
            *known.decor_mut() = beside;
            return Ok(Some(before));
        }
        table.insert(key, Item::Value(value));
        if let Some(mut key) = table.key_mut(key) {
            key.leaf_decor_mut().set_prefix(format!("# {says}\n"));
        }
        Ok(None)
    }

    fn unset(&mut self, path: &[&str]) -> Option<Item> {
        let (key, section) = path.split_last()?;
        self.table_of(section, false)?.remove(key)
    }
}

/// A key cannot stand where it belongs: something else does.
struct NoPlace;

/// A value as it stands in a file.
fn shown(value: &Value) -> String {
    let mut bare = value.clone();
    bare.decor_mut().clear();
    bare.to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn documents(files: &[(&str, &str)]) -> (tempfile::TempDir, Documents) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("networks")).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let documents = Documents::read(&folder.path().join("chrysalis.toml")).unwrap();
        (folder, documents)
    }

    #[test]
    fn what_nobody_asked_to_change_stays_as_it_is() {
        let main = "# mine\n[server] # here\n# my domain\ndomain = \"a.example\" # for now\nemoji = \"unicode\"\n";
        let (folder, mut documents) = documents(&[("chrysalis.toml", main)]);
        documents.set(&["server", "domain"], "b.example".into(), "unused").unwrap();
        documents.set(&["web", "listen"], "127.0.0.1:1".into(), "Where.").unwrap();
        let [file] = &documents.to_write()[..] else { panic!("one file") };
        let changed = main.replace("a.example", "b.example");
        assert_eq!(file.text, format!("{changed}\n[web]\n# Where.\nlisten = \"127.0.0.1:1\"\n"));
        let changes: Vec<_> =
            documents.changes().map(|change| (change.key.as_str(), change.before.as_deref())).collect();
        assert_eq!(changes, [("server.domain", Some("\"a.example\"")), ("web.listen", None)]);
        assert!(file.is_there && file.path == folder.path().join("chrysalis.toml"));
    }

    #[test]
    fn a_key_goes_where_it_stands_or_its_section_does() {
        let (folder, mut documents) = documents(&[
            ("chrysalis.toml", "[networks.matrix]\nserver_name = \"a\"\n"),
            ("networks/x.toml", "networks.discord.enabled = false\n"),
        ]);
        documents.set(&["networks", "matrix", "appservice", "url"], "http://a".into(), "Url.").unwrap();
        documents.set(&["networks", "discord", "enabled"], true.into(), "On.").unwrap();
        documents.set(&["networks", "loopback", "enabled"], true.into(), "On.").unwrap();
        let texts: Vec<String> = documents.texts().into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].contains("[networks.matrix.appservice]\n# Url.\nurl"), "{texts:?}");
        assert!(texts[0].contains("[networks.loopback]\n# On.\nenabled = true"), "{texts:?}");
        assert_eq!(texts[1], "networks.discord.enabled = true\n");
        drop(folder);
    }

    #[test]
    fn a_new_file_says_what_it_is_and_can_be_read() {
        let (folder, mut documents) = documents(&[]);
        assert!(!documents.is_anything_there());
        documents.set(&["server", "domain"], "a.example".into(), "The domain.").unwrap();
        documents.set(&["networks", "matrix", "server_name"], "a".into(), "Name.").unwrap();
        documents.add(&["accounts", "admins"], "a@a.example", "Admins.").unwrap();
        documents.add(&["accounts", "admins"], "a@a.example", "Admins.").unwrap();
        documents.add(&["accounts", "admins"], "b@a.example", "Admins.").unwrap();
        let written = documents.to_write();
        let paths: Vec<_> = written.iter().map(|file| file.path.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(paths, [Path::new("chrysalis.toml"), Path::new("networks/matrix.toml")]);
        let header = HEADER;
        assert_eq!(
            written[0].text,
            format!(
                "{header}[server]\n# The domain.\ndomain = \"a.example\"\n\n[accounts]\n# Admins.\nadmins = [\"a@a.example\", \"b@a.example\"]\n"
            )
        );
        assert_eq!(written[1].text, format!("{header}[networks.matrix]\n# Name.\nserver_name = \"a\"\n"));
        assert_eq!(documents.changes().count(), 0, "nothing that was there");
    }

    #[test]
    fn a_file_that_cannot_be_changed_is_named() {
        let (_folder, mut documents) = documents(&[("chrysalis.toml", "server = 3\n")]);
        let fault = documents.set(&["server", "domain"], "a".into(), "x").unwrap_err();
        assert!(fault.0.contains("chrysalis.toml: server.domain stands where a section"), "{}", fault.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn an_answer_stands_there_as_it_was_given(answer in "\\PC{0,40}", is_there: bool) {
            let main = if is_there { "[server]\n# mine\ndomain = 'a.example' # for now\nemoji = \"codes\"\n" } else { "" };
            let (_folder, mut documents) = documents(&[("chrysalis.toml", main)]);
            documents.set(&["server", "domain"], answer.as_str().into(), "The domain.").unwrap();
            let (_, text) = documents.texts().remove(0);
            let read: toml::Table = toml::from_str(&text).unwrap();
            prop_assert_eq!(read["server"]["domain"].as_str(), Some(answer.as_str()), "{}", text);
            prop_assert_eq!(read["server"].get("emoji").is_some(), is_there, "{}", text);
            prop_assert_eq!(text.contains(" # for now\n"), is_there, "{}", text);
        }
    }
}
