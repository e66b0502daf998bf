//! The token that opens the API: 256 bits of chance in a file of its own, which nobody but the server's user may read.

use std::{
    fmt::{self, Debug},
    fs::{File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use constant_time_eq::constant_time_eq;

/// How many bytes of chance a token has that is made here.
const CHANCE: usize = 32;

/// The shortest token that somebody may write into the file, in bytes.
const SHORTEST: usize = 32;

/// The longest, so that another file that was named by mistake is not read whole.
const LONGEST: u64 = 1024;

/// How a file begins to be called that is not whole yet.
const PART: &str = ".management-token-";

/// What opens the API.
#[derive(Clone)]
pub struct Token(String);

/// Why there is no token: one line that names the file and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TokenFault {
    /// The file cannot be read or made.
    #[error("cannot use {}: {fault}; name a file in a folder that this server's user can write", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        fault: io::Error,
    },
    /// Others may read the file.
    #[error("{} can be read by others: chmod 600 {}", .0.display(), .0.display())]
    Open(PathBuf),
    /// What stands in it is no token.
    #[error(
        "{} holds no token: write one of {SHORTEST} to {LONGEST} letters, digits and signs in one line, or remove the file, and one is made",
        .0.display()
    )]
    Unfit(PathBuf),
}

impl Token {
    /// Reads the token from that file; makes both where there is no file.
    pub fn open(path: &Path) -> Result<Self, TokenFault> {
        let unusable = |fault| TokenFault::Unusable { path: path.to_owned(), fault };
        let file = match OpenOptions::new().read(true).open(path) {
            Ok(file) => file,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Self::make(path).map_err(unusable),
            Err(fault) => return Err(unusable(fault)),
        };
        if file.metadata().map_err(unusable)?.permissions().mode() & 0o077 != 0 {
            return Err(TokenFault::Open(path.to_owned()));
        }
        let mut bytes = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unusable)?;
        let text = String::from_utf8(bytes).ok().filter(|text| text.len() as u64 <= LONGEST);
        let token = text
            .as_deref()
            .map(str::trim)
            .filter(|token| token.len() >= SHORTEST && token.bytes().all(|byte| byte.is_ascii_graphic()));
        token.map(|token| Self(token.to_owned())).ok_or_else(|| TokenFault::Unfit(path.to_owned()))
    }

    /// Makes the file: whole or not at all, and never in place of one that is there.
    fn make(path: &Path) -> io::Result<Self> {
        let token = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; CHANCE]>());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let for_us_alone = Permissions::from_mode(0o600);
        let mut part = tempfile::Builder::new().prefix(PART).permissions(for_us_alone).tempfile_in(folder)?;
        writeln!(part, "{token}")?;
        part.as_file().sync_all()?;
        part.persist_noclobber(path).map_err(|fault| fault.error)?;
        File::open(folder)?.sync_all()?;
        Ok(Self(token))
    }

    /// Whether this is it. How long that takes says nothing of how much of it is right.
    pub(crate) fn is(&self, shown: &str) -> bool {
        constant_time_eq(self.0.as_bytes(), shown.as_bytes())
    }
}

impl Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt;

    use super::*;

    #[test]
    fn it_is_made_once_for_nobody_else_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("management.token");
        let made = Token::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(made.0.len(), 43, "256 bits");
        assert_eq!(Token::make(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
        let read = Token::open(&path).unwrap();
        assert!(read.is(&made.0) && !read.is("") && !read.is(&made.0[1..]));
        assert_ne!(Token::open(&folder.path().join("other")).unwrap().0, made.0);
        assert!(!format!("{made:?}").contains(&made.0));
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let fault = Token::open(&path).unwrap_err().to_string();
        assert!(fault.ends_with(&format!("chmod 600 {}", path.display())), "{fault}");
    }

    #[test]
    fn what_is_no_token_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for (text, is_fit) in [
            ("", false),
            ("short", false),
            ("two words that are long enough together", false),
            (&"x".repeat(1025), false),
            (&"x".repeat(32), true),
            (&format!("  {}\r\n", "x".repeat(64)), true),
        ] {
            let _ = std::fs::remove_file(&path);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            assert_eq!(Token::open(&path).is_ok(), is_fit, "{text:?}");
        }
        let nowhere = Token::open(&folder.path().join("none").join("token"));
        assert!(matches!(nowhere, Err(TokenFault::Unusable { .. })));
    }
}
