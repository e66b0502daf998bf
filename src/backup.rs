//! `chrysalis backup`: the whole installation in one file, while the server runs or while none does.
//!
//! The file is a tar archive: [`MANIFEST`] first, then the database, then the data directory: the key of secrets, media, what bridges keep. A
//! database among them is copied as `SQLite` gives it out, whole and of one moment; everything else is written once and never changed. A
//! database on a server becomes a file of `SQLite` on the way, so that the archive can be restored to either.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use server::control;
use tar::{Builder, EntryType, Header};
use tempfile::{TempDir, TempPath};

use crate::{
    configuration::Configuration,
    placing::{BACKING_UP, is_left_over},
    progress::{self, Audience, Progress, Unit, Watched},
    running::Outcome,
    saying::say,
    tenancy::{self, Tenancy},
    writing::give_name,
};

/// What the archive is, for whoever restores it.
pub(crate) const MANIFEST: &str = "chrysalis-backup.json";
/// The database.
pub(crate) const DATABASE: &str = "database.sqlite3";
/// Under which the data directory stands.
pub(crate) const DATA: &str = "data";
/// The form of the archive.
pub(crate) const FORMAT: u32 = 1;

/// Where media lies, whose files are named by what is in them: what somebody sent is never taken for anything else.
const MEDIA: &str = "+media";
/// How old what a backup has left has to be, before the next one takes it for that: one that is still being made may be beside it.
const LEFT_OVER: Duration = Duration::from_hours(24);
/// What stands beside an `SQLite` database while it is in use, and is part of what `SQLite` gives out.
const LOGS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What an archive says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Of which form it is.
    pub(crate) format: u32,
    /// Which version has made it.
    pub(crate) version: String,
    /// The domain of the installation: its accounts' addresses are of it.
    pub(crate) domain: String,
}

/// A file that goes into the archive.
struct Piece {
    /// Where it lies.
    from: PathBuf,
    /// Its name there.
    name: PathBuf,
}

/// Writes a backup of everything but the configuration to `target`.
pub(crate) async fn back_up(configuration: &Configuration, target: &Path) -> Outcome {
    match write(configuration, target, Audience::Person).await {
        Ok(told) => {
            say!("{told}");
            Outcome::Done
        }
        Err(fault) => Outcome::Unusable(fault),
    }
}

/// As [`back_up`]; says what was written, and `audience` how far it is.
pub(crate) async fn write(configuration: &Configuration, target: &Path, audience: Audience) -> Result<String, String> {
    // The key of secrets that is copied has to be that of the database that is copied.
    let _tenancy = Tenancy::copying(&configuration.data_directory)?;
    if target.exists() {
        return Err(format!("{} is there already: name another file", target.display()));
    }
    let database = store::database_file(&configuration.database, &configuration.base);
    let database = database.map_err(|fault| format!("database.url: {fault}"))?;
    // What cannot be backed up is told before a large database is copied.
    files(&configuration.data_directory, database.as_deref())?;
    // Beside the backup, where there has to be room for all of it anyway.
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    remove_left_overs(folder);
    let scratch = TempDir::with_prefix_in(BACKING_UP, folder)
        .map_err(|fault| format!("cannot write in {}: {fault}; name a file in another folder", folder.display()))?;

    // The database first: media comes into its folder before the database speaks of it, so that a later look has all of it.
    let copy = scratch.path().join(DATABASE);
    let told = progress::rows("copying the database", audience);
    let copied = store::back_up(&configuration.database, &configuration.base, &copy, told).await;
    copied.map_err(|fault| format!("cannot copy the database: {fault}"))?;
    let mut pieces = vec![Piece { from: copy, name: DATABASE.into() }];
    let files = files(&configuration.data_directory, database.as_deref())?;
    for (number, (from, name)) in files.into_iter().enumerate() {
        // What somebody sent may begin as a database does, and is to be kept as it is.
        let from = if name.starts_with(MEDIA) {
            from
        } else {
            match copied_if_database(&from, &scratch.path().join(number.to_string())).await {
                Ok(Some(copy)) => copy,
                Ok(None) => from,
                Err(fault) => return Err(format!("cannot copy {}: {fault}", from.display())),
            }
        };
        pieces.push(Piece { from, name: Path::new(DATA).join(name) });
    }

    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        domain: configuration.settings.realm.domain().to_owned(),
    };
    let (part, written_to) = (scratch.path().join("archive"), target.to_owned());
    let archive = tokio::task::spawn_blocking(move || {
        let bytes = archive(&part, &manifest, &pieces, audience)?;
        give_name(TempPath::try_from_path(part)?, &written_to)?;
        let folder = written_to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        drop(scratch);
        Ok::<_, io::Error>((pieces.len(), bytes))
    });
    let unwritten = |fault: &dyn std::fmt::Display| format!("cannot write {}: {fault}", target.display());
    let (count, bytes) = archive.await.map_err(|fault| unwritten(&fault))?.map_err(|fault| unwritten(&fault))?;
    let key = if configuration.secrets_key.is_some() {
        "The key of secrets is not in it: keep what the environment holds as well."
    } else {
        "It holds the key of secrets: keep it where nobody else reads it."
    };
    Ok(format!(
        "wrote {}: {count} files, {:.1} MB. {key} The configuration is not in it.",
        target.display(),
        bytes as f64 / 1e6
    ))
}

/// Removes what backups have left that were broken off: a whole database, and the key of secrets, which nobody would find again.
fn remove_left_overs(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let is_ours = entry.file_name().to_string_lossy().starts_with(BACKING_UP);
        let changed = entry.metadata().and_then(|metadata| metadata.modified());
        let age = changed.ok().and_then(|changed| changed.elapsed().ok());
        if is_ours && age.is_some_and(|age| age > LEFT_OVER) {
            // Another user's stays.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The files of the data directory that belong into a backup, with their names in it. What backups and restorings have made there is none
/// of them: each would hold all before it.
fn files(directory: &Path, database: Option<&Path>) -> Result<Vec<(PathBuf, PathBuf)>, String> {
    let unread = |path: &Path, fault: &io::Error| {
        format!("cannot read {}: {fault}; run this as the user who runs it", path.display())
    };
    let (socket, lock) = (control::path(directory), directory.join(tenancy::LOCK));
    let mut found = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|fault| unread(&folder, &fault))? {
            let path = entry.map_err(|fault| unread(&folder, &fault))?.path();
            let kind = match fs::symlink_metadata(&path) {
                Ok(metadata) => metadata.file_type(),
                // What is there only for a moment is no part of the installation.
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => continue,
                Err(fault) => return Err(unread(&path, &fault)),
            };
            if kind.is_dir() {
                let is_left_over =
                    folder == directory && path.file_name().is_some_and(|name| is_left_over(Path::new(name)));
                let is_being_made = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(BACKING_UP));
                if !is_left_over && !is_being_made {
                    folders.push(path);
                }
            } else if kind.is_file()
                && path != socket
                && path != lock
                && !database.is_some_and(|database| is_of_database(&path, database))
                && !is_log(&path)
            {
                let name = path.strip_prefix(directory).map(Path::to_owned).unwrap_or_default();
                if !name.starts_with(MEDIA) && is_backup(&path) {
                    continue;
                }
                found.push((path, name));
            } else if kind.is_symlink() && !database.is_some_and(|database| is_of_database(&path, database)) {
                return Err(format!(
                    "{} is a link, and what it leads to would be missing in the backup: put it there itself, or mount it there",
                    path.display()
                ));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file is the database that is copied by itself.
fn is_of_database(path: &Path, database: &Path) -> bool {
    fs::canonicalize(path).ok() == fs::canonicalize(database).ok()
}

/// Whether a file is an archive of ours.
fn is_backup(path: &Path) -> bool {
    let mut first = [0; MANIFEST.len() + 1];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && first.strip_prefix(MANIFEST.as_bytes()) == Some(&[0])
}

/// Whether a file stands beside a database, and belongs to it.
fn is_log(path: &Path) -> bool {
    let name = path.as_os_str().to_string_lossy();
    LOGS.iter().any(|ending| name.strip_suffix(ending).is_some_and(|database| Path::new(database).is_file()))
}

/// A copy of a file that is a database, as it may be in use.
async fn copied_if_database(from: &Path, into: &Path) -> Result<Option<PathBuf>, String> {
    let mut first = [0; 16];
    let is_database = match File::open(from).and_then(|mut file| file.read_exact(&mut first)) {
        Ok(()) => store::is_database(&first),
        Err(fault) if fault.kind() == io::ErrorKind::UnexpectedEof => false,
        Err(fault) => return Err(fault.to_string()),
    };
    if !is_database {
        return Ok(None);
    }
    store::snapshot(from, into).await.map_err(|fault| fault.to_string())?;
    Ok(Some(into.to_owned()))
}

/// Writes the archive, and gives its length in bytes.
fn archive(target: &Path, manifest: &Manifest, pieces: &[Piece], audience: Audience) -> io::Result<u64> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(target)?;
    let mut archive = Builder::new(io::BufWriter::new(file));
    let described = serde_json::to_vec_pretty(manifest)?;
    archive.append_data(&mut header(described.len() as u64), MANIFEST, described.as_slice())?;
    let length_of = |piece: &Piece| fs::metadata(&piece.from).map_or(0, |metadata| metadata.len());
    let (mut done, all) = (0, pieces.iter().map(length_of).sum());
    let mut progress = Progress::of("writing the files", Unit::Bytes, audience);
    for Piece { from, name } in pieces {
        let file = match File::open(from) {
            Ok(file) => file,
            // Media is swept while it is copied.
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => continue,
            Err(fault) => return Err(fault),
        };
        let length = file.metadata()?.len();
        let mut watched = Watched { inner: file.take(length), progress: &mut progress, done, all };
        archive.append_data(&mut header(length), name, &mut watched)?;
        if watched.done != done + length {
            return Err(io::Error::other(format!("{} was changed while it was copied; try again", from.display())));
        }
        done = watched.done;
    }
    let file = archive.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

fn header(length: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_size(length);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backups_within_the_data_directory_are_no_part_of_the_next_one() {
        let folder = TempDir::new().unwrap();
        let data = folder.path();
        for name in ["secrets.key", "+media/picture", "matrix/note", "before-restore-1/secrets.key"]
            .into_iter()
            .chain([".chrysalis-backup-x/database.sqlite3", "backups/.chrysalis-backup-y/database.sqlite3"])
        {
            fs::create_dir_all(data.join(name).parent().unwrap()).unwrap();
            fs::write(data.join(name), "kept").unwrap();
        }
        let manifest = Manifest { format: FORMAT, version: "0".to_owned(), domain: "msn.example".to_owned() };
        archive(&data.join("backups/first.tar"), &manifest, &[], Audience::Person).unwrap();
        fs::copy(data.join("backups/first.tar"), data.join("+media/sent")).unwrap();
        let found = files(data, None).unwrap();
        let names: Vec<_> = found.iter().map(|(_, name)| name.to_str().unwrap()).collect();
        assert_eq!(names, ["+media/picture", "+media/sent", "matrix/note", "secrets.key"]);
    }
}
