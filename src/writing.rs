//! Writing files that nobody else may read, whole or not at all; what was there is kept beside them.

use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, PathPersistError, TempPath};

use crate::asking::Broken;

/// How files are called that are not finished.
const UNFINISHED: &str = ".chrysalis-writing-";

/// Makes a folder, and those above it that are missing, for this user alone.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// As [`make_folder`]; an error says what to do.
pub(crate) fn provide_folder(path: &Path) -> Result<(), Broken> {
    make_folder(path)
        .map_err(|fault| Broken(format!("cannot make the folder {}: {fault}; name another place", path.display())))
}

/// What a file says that may be there.
pub(crate) fn kept(path: &Path) -> Result<Option<String>, Broken> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => {
            Err(Broken(format!("cannot read {}: {fault}; run this as the user who may read it", path.display())))
        }
    }
}

/// Puts a file there, readable for this user alone. One that is there already keeps its owner and what its mode lets its group do, and what
/// it said is kept beside it under another name, which is given. Where a link leads to a file, that file is meant.
pub(crate) fn write(path: &Path, text: &str) -> Result<Option<PathBuf>, Broken> {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    provide_folder(folder)?;
    put(path, folder, text).map_err(|fault| {
        Broken(format!("cannot write {}: {fault}; run this as the user who may write there", path.display()))
    })
}

fn put(path: &Path, folder: &Path, text: &str) -> io::Result<Option<PathBuf>> {
    // Mode 0600 from its first moment.
    let mut file = NamedTempFile::with_prefix_in(UNFINISHED, folder)?;
    file.write_all(text.as_bytes())?;
    let kept = match fs::metadata(path) {
        Ok(before) => {
            take_after(file.as_file(), &before)?;
            let kept = free_name(path);
            match fs::hard_link(path, &kept) {
                Err(fault) if has_no_links(&fault) => copy_beside(path, &before, folder, &kept)?,
                linked => linked?,
            }
            Some(kept)
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => None,
        Err(fault) => return Err(fault),
    };
    file.as_file().sync_all()?;
    if kept.is_some() {
        file.persist(path)?;
    } else {
        // Whatever came there meanwhile is not ours to write over.
        give_name(file.into_temp_path(), path)?;
    }
    File::open(folder)?.sync_all()?;
    Ok(kept)
}

/// Takes away what the mode of a file lets everybody do with it; its group, such as a homeserver's, keeps what it may.
pub(crate) fn close_to_others(path: &Path) -> Result<(), Broken> {
    let closed = fs::metadata(path).and_then(|metadata| match closed_to_others(&metadata) {
        closed if closed == metadata.permissions() => Ok(()),
        closed => fs::set_permissions(path, closed),
    });
    closed.map_err(|fault| {
        Broken(format!(
            "others may read {}, and that cannot be changed: {fault}; run this as its owner",
            path.display()
        ))
    })
}

fn closed_to_others(metadata: &Metadata) -> Permissions {
    Permissions::from_mode(metadata.permissions().mode() & !0o007)
}

/// Gives a file the mode and the owner that another has, but nothing to everybody.
fn take_after(file: &File, other: &Metadata) -> io::Result<()> {
    file.set_permissions(closed_to_others(other))?;
    // Only root can give a file away; for others it is theirs, or stays unreadable for whoever could read it.
    let _ = fchown(file, Some(other.uid()), Some(other.gid()));
    Ok(())
}

/// Gives a finished file, on the same file system, its name, under which nothing may be yet. There it is whole from its first moment.
pub(crate) fn give_name(finished: TempPath, path: &Path) -> io::Result<()> {
    match finished.persist_noclobber(path) {
        Err(PathPersistError { error, path: finished }) if has_no_links(&error) => rename(finished, path),
        named => Ok(named?),
    }
}

/// As [`give_name`], where the file system itself cannot see to it that nothing is written over.
fn rename(finished: TempPath, path: &Path) -> io::Result<()> {
    if path.try_exists()? {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    Ok(finished.persist(path)?)
}

/// Whether a file cannot have a second name: some file systems, of sticks and of networks, have one for each and no more.
fn has_no_links(fault: &io::Error) -> bool {
    matches!(fault.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported)
}

/// Copies a file of this mode and owner to a name in its folder that nothing has.
fn copy_beside(path: &Path, metadata: &Metadata, folder: &Path, name: &Path) -> io::Result<()> {
    let mut copy = NamedTempFile::with_prefix_in(UNFINISHED, folder)?;
    io::copy(&mut File::open(path)?, copy.as_file_mut())?;
    take_after(copy.as_file(), metadata)?;
    copy.as_file().sync_all()?;
    give_name(copy.into_temp_path(), name)
}

/// A name beside this one that nothing has, and that is read by nobody as a part of the configuration.
fn free_name(path: &Path) -> PathBuf {
    let mut number = 1_u32;
    loop {
        let name = PathBuf::from(format!("{}.before-{number}", path.display()));
        if !name.exists() {
            return name;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_is_for_this_user_alone_and_an_old_one_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("networks/x.toml");
        assert_eq!(write(&file, "one"), Ok(None));
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        let kept = write(&file, "two").unwrap().unwrap();
        assert_eq!(kept, folder.path().join("networks/x.toml.before-1"));
        assert_eq!(
            (fs::read_to_string(&kept).unwrap(), fs::read_to_string(&file).unwrap()),
            ("one".into(), "two".into())
        );
        assert_eq!((mode(&file), mode(&kept)), (0o640, 0o640));
        // It holds secrets, whoever made it readable for everybody.
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        assert!(write(&file, "three").unwrap().unwrap().ends_with("x.toml.before-2"));
        assert_eq!(mode(&file), 0o640);
        fs::set_permissions(&file, Permissions::from_mode(0o604)).unwrap();
        close_to_others(&file).unwrap();
        assert_eq!(mode(&file), 0o600);
    }

    #[test]
    fn where_a_link_leads_to_a_file_that_file_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("there.yaml"), folder.path().join("here.yaml"));
        fs::write(&file, "one").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let kept = write(&link, "two").unwrap().unwrap();
        assert_eq!(
            (fs::read_to_string(&file).unwrap(), fs::read_to_string(kept).unwrap()),
            ("two".into(), "one".into())
        );
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn where_files_have_one_name_what_is_written_comes_whole_to_its_name_and_over_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (path, kept) = (folder.path().join("x.toml"), folder.path().join("x.toml.before-1"));
        fs::write(&path, "one").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        copy_beside(&path, &fs::metadata(&path).unwrap(), folder.path(), &kept).unwrap();
        assert_eq!((fs::read_to_string(&kept).unwrap().as_str(), mode(&kept)), ("one", 0o640));

        for named in [give_name, rename] {
            let finished = || {
                let mut file = NamedTempFile::with_prefix_in(UNFINISHED, folder.path()).unwrap();
                file.write_all(b"two").unwrap();
                file.into_temp_path()
            };
            let refused = named(finished(), &path).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(&path).unwrap(), "one");
            let free = folder.path().join("y.toml");
            named(finished(), &free).unwrap();
            assert_eq!(fs::read_to_string(&free).unwrap(), "two");
            fs::remove_file(&free).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing unfinished is left");
    }

    #[test]
    fn where_nothing_can_be_written_it_is_said_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let fault = write(&folder.path().join("file/x.toml"), "one").unwrap_err();
        assert!(fault.0.contains("name another place"), "{}", fault.0);
    }
}
