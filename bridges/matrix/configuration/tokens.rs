//! Tokens: from the section, from a file that it names, or made here once.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use bridge::{Section, SectionFault};

/// Where tokens come from.
pub(super) struct Tokens<'section> {
    pub(super) section: &'section Section,
    /// Whether those that are missing are made.
    pub(super) makes: bool,
}

impl Tokens<'_> {
    /// One of the two tokens of the appservice, made if the section does not give it.
    pub(super) fn token(&self, key: &str, value: Option<&str>, file: Option<&Path>) -> Result<String, SectionFault> {
        let named = format!("appservice.{key}");
        let token = match self.given(&named, value, file)? {
            Some(token) => return Ok(token),
            None if self.makes => self.own(key)?,
            None => match Self::kept(&named, &self.file(key))? {
                Some(token) => token,
                // It is only looked at, and stands for one that nobody else has.
                None => return Ok(new_token()),
            },
        };
        checked(&named, token)
    }

    /// The token that the section gives, if it does.
    pub(super) fn given(
        &self,
        named: &str,
        value: Option<&str>,
        file: Option<&Path>,
    ) -> Result<Option<String>, SectionFault> {
        self.section.secret(named, value, file)?.map(|token| checked(named, token)).transpose()
    }

    /// The token that was made on an earlier run, if one was. The key is named in faults.
    pub(super) fn kept(named: &str, file: &Path) -> Result<Option<String>, SectionFault> {
        let kept = kept(file).map_err(|error| {
            SectionFault::new(named, format!("is not set, and {} cannot be read: {error}", file.display()))
        });
        kept?.map(|token| checked(named, token)).transpose()
    }

    /// Where a token is kept that is made here.
    pub(super) fn file(&self, key: &str) -> PathBuf {
        self.section.data_directory.join(format!("{}-{}", self.section.name, key.replace('_', "-")))
    }

    /// The token that was made on an earlier run, or a new one.
    fn own(&self, key: &str) -> Result<String, SectionFault> {
        let path = self.file(key);
        made(&path).map_err(|error| {
            let problem = format!("is not set, and {} cannot be read or made: {error}", path.display());
            SectionFault::new(format!("appservice.{key}"), problem)
        })
    }
}

/// A token as it can be shown to a homeserver: it travels in a header, and stands in the registration.
fn checked(named: &str, token: String) -> Result<String, SectionFault> {
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SectionFault::new(named, "is empty, or holds spaces or characters that are not ASCII"));
    }
    Ok(token)
}

/// The token in a file; `None` where there is none, or nothing in it: a crash between making and filling leaves that.
fn kept(path: &Path) -> std::io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|token| !token.is_empty())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The token in a file that only this user may read; made if there is none.
pub(super) fn made(path: &Path) -> std::io::Result<String> {
    if let Some(token) = kept(path)? {
        return Ok(token);
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let token = new_token();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(format!("{token}\n").as_bytes())?;
    file.sync_all()?;
    Ok(token)
}

/// 256 random bits, in hexadecimal digits.
fn new_token() -> String {
    use std::fmt::Write as _;
    rand::random::<[u8; 32]>().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
