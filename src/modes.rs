//! The data directory and what lies in it is nobody else's to read: what was there before, from a copy or a backup, is closed to others
//! at the start.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tracing::warn;

use crate::{managing::TOKEN, running::SECRETS_KEY};

/// Folders of the system, which more than this program live in.
const OF_THE_SYSTEM: [&str; 22] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/local",
    "/var",
    "/var/lib",
];

/// Whoever may write here has it for themselves alone: everybody else can only remove what is their own.
const STICKY: u32 = 0o1000;
/// What others may do.
const OF_OTHERS: u32 = 0o077;
/// What those may do who are not even of the file's group.
const OF_EVERYBODY: u32 = 0o007;

/// In it lie many files, each made for this user alone; who cannot enter it reads none of them.
const MEDIA: &str = "+media";

/// How many names are told at most.
const MOST_TOLD: usize = 5;

/// Takes from others what they may do in the data directory, and says so in the log. An error says what to mend: whom a folder belongs to
/// decides that, and a folder that others need cannot be closed.
pub(crate) fn narrow(directory: &Path) -> Result<(), String> {
    let unread = |fault: io::Error| {
        format!("cannot look at {}: {fault}; run this as the user who runs the server", directory.display())
    };
    let mode = fs::metadata(directory).map_err(unread)?.permissions().mode();
    let place = fs::canonicalize(directory).map_err(unread)?;
    if mode & STICKY != 0 || OF_THE_SYSTEM.iter().any(|known| place == Path::new(known)) {
        return Err(format!("{} is a folder that others need as well: name one for Chrysalis alone", place.display()));
    }
    let mut narrowed = Vec::new();
    close(&place, mode, &mut narrowed)?;
    let mut folders = vec![place];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(unread)? {
            let entry = entry.map_err(unread)?;
            // What is there only for a moment is gone again.
            let Ok(metadata) = entry.metadata() else { continue };
            let (path, name) = (entry.path(), entry.file_name());
            let mode = metadata.permissions().mode();
            if metadata.is_dir() {
                close(&path, mode, &mut narrowed)?;
                if name != MEDIA {
                    folders.push(path);
                }
            } else if metadata.is_file() && !name.to_string_lossy().starts_with(SECRETS_KEY) && name != TOKEN {
                // Whether others have read the key or the token, nobody knows: it is refused where it is read, until somebody has looked.
                close(&path, mode, &mut narrowed)?;
            }
        }
    }
    if !narrowed.is_empty() {
        let told: Vec<String> = narrowed.iter().take(MOST_TOLD).map(|path| path.display().to_string()).collect();
        warn!(
            count = narrowed.len(),
            files = told.join(", "),
            "others could read or write what is ours; that was taken away"
        );
    }
    Ok(())
}

fn close(path: &Path, mode: u32, narrowed: &mut Vec<PathBuf>) -> Result<(), String> {
    if mode & OF_OTHERS == 0 {
        return Ok(());
    }
    match fs::set_permissions(path, Permissions::from_mode(mode & 0o700)) {
        Ok(()) => {
            narrowed.push(path.to_owned());
            Ok(())
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(()),
        // Where a volume is lent by its group, its owner is somebody else.
        Err(_) if mode & OF_EVERYBODY == 0 => {
            warn!(path = %path.display(), "its group can read it, and it belongs to somebody else: see that nobody else is of that group");
            Ok(())
        }
        Err(fault) => Err(format!(
            "{} is open to others (mode {:o}), and that cannot be taken away ({fault}): run `chmod go-rwx` on it as its owner",
            path.display(),
            mode & 0o777
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_could_read_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir_all(data.join("matrix/own")).unwrap();
        fs::create_dir_all(data.join("+media/ab")).unwrap();
        let files =
            ["chrysalis.db", "matrix/own/store.sqlite3", "secrets.key", "+media/ab/abcd"].map(|name| data.join(name));
        for file in &files {
            fs::write(file, "x").unwrap();
            set_mode(file, 0o644);
        }
        let outside = folder.path().join("outside");
        fs::write(&outside, "x").unwrap();
        set_mode(&outside, 0o644);
        std::os::unix::fs::symlink(&outside, data.join("link")).unwrap();
        for wide in [&data, &data.join("matrix"), &data.join("matrix/own"), &data.join("+media")] {
            set_mode(wide, 0o755);
        }
        narrow(&data).unwrap();
        for closed in [&data, &data.join("matrix"), &data.join("matrix/own"), &data.join("+media")] {
            assert_eq!(mode(closed), 0o700, "{}", closed.display());
        }
        assert_eq!(
            files.each_ref().map(|file| mode(file)),
            [0o600, 0o600, 0o644, 0o644],
            "the key is refused elsewhere"
        );
        assert_eq!(mode(&outside), 0o644, "what is not here is not touched");
        narrow(&data).unwrap();
    }

    #[test]
    fn a_folder_of_the_system_is_refused() {
        let before = mode(Path::new("/tmp"));
        for place in ["/", "/tmp", "/usr/../var/lib"] {
            let fault = narrow(Path::new(place)).unwrap_err();
            assert!(fault.contains("name one for Chrysalis alone"), "{fault}");
        }
        assert_eq!(mode(Path::new("/tmp")), before);
    }
}
