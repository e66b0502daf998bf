//! How what a backup holds comes to its place, and what is in the way aside: by renaming alone, each of which can be taken back.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{
    backup::{DATA, DATABASE},
    tenancy::LOCK,
    writing::make_folder,
};

/// How the folder is called in which a restoring is prepared.
pub(crate) const RESTORING: &str = ".chrysalis-restoring-";
/// How the folder is called in which a backup is prepared.
pub(crate) const BACKING_UP: &str = ".chrysalis-backup-";
/// How the folder is called, in the data directory, in which backups lie that the running server was asked for.
pub(crate) const BACKUPS: &str = "backups";
/// How the folder is called that has what was there before.
const BEFORE: &str = "before-restore-";

/// What was moved, in its order.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    done: Vec<(PathBuf, PathBuf)>,
    /// The database, copied to where it is to be.
    copy: Option<PathBuf>,
    /// Where that is now which was in the way.
    pub(crate) aside: Vec<PathBuf>,
}

impl Moves {
    fn take(&mut self, from: &Path, to: PathBuf) -> io::Result<()> {
        fs::rename(from, &to)?;
        self.done.push((from.to_owned(), to));
        Ok(())
    }

    /// Moves all of it back, the last first.
    pub(crate) fn take_back(&mut self) -> io::Result<()> {
        while let Some((from, to)) = self.done.pop() {
            fs::rename(to, from)?;
        }
        for folder in self.aside.drain(..) {
            // Only a folder of ours can be empty.
            let _ = fs::remove_dir(folder);
        }
        if let Some(copy) = self.copy.take() {
            let _ = fs::remove_file(copy);
        }
        Ok(())
    }
}

/// Whether something in the data directory is no part of the installation, by its name: backups, what making or restoring one has left, what
/// was there before that, and the file by which they keep apart.
pub(crate) fn is_left_over(name: &Path) -> bool {
    let name = name.to_string_lossy();
    name == LOCK || name == BACKUPS || [RESTORING, BACKING_UP, BEFORE].iter().any(|left| name.starts_with(left))
}

/// What is in the data directory and would be mixed with what comes.
fn in_the_way(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = PathBuf::from(entry?.file_name());
        if !is_left_over(&name) {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

/// Whether anything is there that would be overwritten.
pub(crate) fn is_in_use(directory: &Path) -> io::Result<bool> {
    Ok(!in_the_way(directory)?.is_empty())
}

/// Moves what was unpacked, in a folder in the data directory, to where it belongs, and what was there aside. What `moves` has can be
/// taken back, whether this fails or not.
///
/// The data directory itself stays where it is: it may be a mounted one, and the folder around it another user's.
pub(crate) fn move_into_place(
    directory: &Path,
    database: Option<&Path>,
    unpacked: &Path,
    moves: &mut Moves,
) -> io::Result<()> {
    let mut staged = unpacked.join(DATABASE);
    // Another disk may be there, so it is copied before anything is moved.
    if let Some(folder) = database.and_then(Path::parent).filter(|folder| !folder.starts_with(directory)) {
        make_folder(folder)?;
        let mut copy = NamedTempFile::with_prefix_in(RESTORING, folder)?;
        io::copy(&mut File::open(&staged)?, copy.as_file_mut())?;
        copy.as_file().sync_all()?;
        let (_, path) = copy.keep().map_err(|fault| fault.error)?;
        staged.clone_from(&path);
        moves.copy = Some(path);
    }
    exchange(directory, database, unpacked, &staged, moves)
}

fn exchange(
    directory: &Path,
    database: Option<&Path>,
    unpacked: &Path,
    staged: &Path,
    moves: &mut Moves,
) -> io::Result<()> {
    let old = in_the_way(directory)?;
    if !old.is_empty() {
        let aside = free_name(|number| directory.join(format!("{BEFORE}{number}")));
        make_folder(&aside)?;
        moves.aside.push(aside.clone());
        for name in old {
            moves.take(&directory.join(&name), aside.join(&name))?;
        }
    }
    if let Some(database) = database {
        for ending in ["", "-wal", "-shm", "-journal"] {
            let path = PathBuf::from(format!("{}{ending}", database.display()));
            if path.exists() {
                let aside = free_name(|number| format!("{}.{BEFORE}{number}", path.display()).into());
                moves.take(&path, aside.clone())?;
                moves.aside.push(aside);
            }
        }
    }
    for name in in_the_way(&unpacked.join(DATA))? {
        moves.take(&unpacked.join(DATA).join(&name), directory.join(&name))?;
    }
    if let Some(database) = database
        && let Some(folder) = database.parent()
    {
        make_folder(folder)?;
        moves.take(staged, database.to_owned())?;
        File::open(folder)?.sync_all()?;
    }
    File::open(directory)?.sync_all()
}

/// The first of these names that nothing has.
fn free_name(of: impl Fn(u32) -> PathBuf) -> PathBuf {
    let mut number = 1;
    while of(number).exists() {
        number += 1;
    }
    of(number)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use tempfile::TempDir;

    use super::*;

    /// A data directory with something in it, and something unpacked within; the database is at `database`.
    fn prepared(folder: &Path, database: &Path) -> (PathBuf, PathBuf) {
        let data = folder.join("data");
        fs::create_dir_all(&data).unwrap();
        fs::write(data.join("secrets.key"), "old").unwrap();
        fs::write(database, "old").unwrap();
        let unpacked = data.join(format!("{RESTORING}x"));
        fs::create_dir_all(unpacked.join(DATA)).unwrap();
        fs::write(unpacked.join(DATA).join("secrets.key"), "new").unwrap();
        fs::write(unpacked.join(DATABASE), "new").unwrap();
        (data, unpacked)
    }

    #[test]
    fn what_was_in_the_way_is_kept_where_nothing_but_the_data_directory_can_be_written() {
        let folder = TempDir::new().unwrap();
        let database = folder.path().join("data/chrysalis.db");
        fs::create_dir_all(folder.path().join("data")).unwrap();
        let (data, unpacked) = prepared(folder.path(), &database);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
        let itself = fs::metadata(&data).unwrap();
        let mut moves = Moves::default();
        let moved = move_into_place(&data, Some(&database), &unpacked, &mut moves);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        moved.unwrap();
        let aside = data.join("before-restore-1");
        assert_eq!(moves.aside, std::slice::from_ref(&aside));
        for name in ["chrysalis.db", "secrets.key"] {
            assert_eq!(fs::read_to_string(aside.join(name)).unwrap(), "old", "{name}");
            assert_eq!(fs::read_to_string(data.join(name)).unwrap(), "new", "{name}");
        }
        assert_eq!(fs::metadata(&data).unwrap().ino(), itself.ino(), "a mounted folder cannot be renamed");
        assert!(is_in_use(&data).unwrap());
    }

    #[test]
    fn what_cannot_be_done_whole_is_taken_back() {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("other")).unwrap();
        let database = folder.path().join("other/chrysalis.db");
        let (data, unpacked) = prepared(folder.path(), &database);
        let mut moves = Moves::default();
        move_into_place(&data, Some(&database), &unpacked, &mut moves).unwrap();
        assert_eq!(fs::read_to_string(&database).unwrap(), "new");
        moves.take_back().unwrap();
        for path in [&database, &data.join("secrets.key")] {
            assert_eq!(fs::read_to_string(path).unwrap(), "old", "{}", path.display());
        }
        assert!(!data.join("before-restore-1").exists());
        assert!(unpacked.join(DATA).join("secrets.key").exists());

        // Where it breaks off amid it, what was done is known.
        fs::write(data.join("before-restore-1"), "a file").unwrap();
        fs::remove_dir_all(unpacked.join(DATA)).unwrap();
        fs::write(unpacked.join(DATA), "no folder").unwrap();
        let mut moves = Moves::default();
        assert!(move_into_place(&data, Some(&database), &unpacked, &mut moves).is_err());
        assert_eq!(moves.aside[0], data.join("before-restore-2"), "nothing that is there is written over");
        moves.take_back().unwrap();
        assert_eq!(fs::read_to_string(&database).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path().join("other")).unwrap().count(), 1, "no copy is left");
    }
}
