//! Writing files that nobody else may read, whole or not at all; what was there is kept beside them.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, fchown};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::asking::Broken;

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

/// Puts a file there, readable for this user alone. One that is there already keeps its mode and its owner, and what it said is kept
/// beside it under another name, which is given.
pub(crate) fn write(path: &Path, text: &str) -> Result<Option<PathBuf>, Broken> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    provide_folder(folder)?;
    put(path, folder, text).map_err(|fault| {
        Broken(format!("cannot write {}: {fault}; run this as the user who may write there", path.display()))
    })
}

fn put(path: &Path, folder: &Path, text: &str) -> io::Result<Option<PathBuf>> {
    // Mode 0600 from its first moment.
    let mut file = NamedTempFile::with_prefix_in(".chrysalis-writing-", folder)?;
    file.write_all(text.as_bytes())?;
    let kept = match fs::metadata(path) {
        Ok(before) => {
            file.as_file().set_permissions(before.permissions())?;
            // Only root can give a file away; for others it is theirs, or stays unreadable for whoever could read it.
            let _ = fchown(file.as_file(), Some(before.uid()), Some(before.gid()));
            let kept = free_name(path);
            fs::hard_link(path, &kept)?;
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
        file.persist_noclobber(path)?;
    }
    File::open(folder)?.sync_all()?;
    Ok(kept)
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
    use std::os::unix::fs::PermissionsExt as _;

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
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let kept = write(&file, "two").unwrap().unwrap();
        assert_eq!(kept, folder.path().join("networks/x.toml.before-1"));
        assert_eq!(
            (fs::read_to_string(&kept).unwrap(), fs::read_to_string(&file).unwrap()),
            ("one".into(), "two".into())
        );
        assert_eq!((mode(&file), mode(&kept)), (0o640, 0o640));
        assert!(write(&file, "three").unwrap().unwrap().ends_with("x.toml.before-2"));
    }

    #[test]
    fn where_nothing_can_be_written_it_is_said_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let fault = write(&folder.path().join("file/x.toml"), "one").unwrap_err();
        assert!(fault.0.contains("name another place"), "{}", fault.0);
    }
}
