//! `chrysalis restore`: an installation out of a backup.
//!
//! It is put together within the data directory, which may be all that this user may write to, and then moved to its place, so that a
//! restoring that breaks off leaves nothing half done. The restored installation begins another life: what must never be used twice is
//! made anew.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use server::control::Client;
use store::StoreFault;
use tar::{Archive, EntryType};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    backup::{DATA, DATABASE, FORMAT, MANIFEST, Manifest},
    configuration::Configuration,
    placing::{Moves, RESTORING, is_in_use, move_into_place},
    progress::{self, Audience, Progress, Unit, Watched},
    running::Outcome,
    saying::say,
    tenancy::Tenancy,
    writing::make_folder,
};

/// The longest manifest, in bytes.
const LONGEST_MANIFEST: u64 = 64 * 1024;

/// Puts the installation back that `source` is a backup of. With `replace`, what is there now is moved aside.
pub(crate) async fn restore(configuration: &Configuration, source: &Path, replace: bool) -> Outcome {
    match put_back(configuration, source, replace).await {
        Ok(told) => {
            say!("{told}");
            Outcome::Done
        }
        Err(fault) => Outcome::Unusable(fault),
    }
}

async fn put_back(configuration: &Configuration, source: &Path, replace: bool) -> Result<String, String> {
    let directory = &configuration.data_directory;
    if !matches!(Client::connect(directory).await, Ok(None)) {
        return Err(format!("a server runs on {}: stop it first", directory.display()));
    }
    // Nothing is made for a backup that is not there.
    File::open(source).map_err(|fault| format!("{} cannot be restored: {fault}", source.display()))?;
    let unwritten = |fault: io::Error| {
        format!("cannot write in {}: {fault}; run this as the user who runs the server", directory.display())
    };
    make_folder(directory).map_err(unwritten)?;
    // One that starts meanwhile has to wait.
    let _tenancy = Tenancy::alone(directory)?;
    let target = Target::of(configuration)?;
    let is_database_used = match &target {
        Target::File(database) => database.exists(),
        Target::Server(url) => {
            let is_used = store::is_in_use(url, &configuration.base).await;
            is_used.map_err(|fault| format!("database.url: {fault}"))?
        }
    };
    let is_directory_used = is_in_use(directory);
    let is_directory_used =
        is_directory_used.map_err(|fault| format!("cannot read {}: {fault}", directory.display()))?;
    let in_the_way = if is_directory_used {
        Some(directory.display().to_string())
    } else {
        is_database_used.then(|| "the database".to_owned())
    };
    if let (Some(used), false) = (in_the_way, replace) {
        return Err(format!(
            "{used} is not empty: restore where nothing is, or say --replace, which moves what is there aside"
        ));
    }

    remove_left_overs(directory);
    let scratch = TempDir::with_prefix_in(RESTORING, directory).map_err(unwritten)?;
    let (opened, unpacked_to) = (source.to_owned(), scratch.path().to_owned());
    let unpacked = tokio::task::spawn_blocking(move || unpack(&opened, &unpacked_to)).await;
    let (manifest, count) = unpacked
        .map_err(|fault| fault.to_string())
        .and_then(|unpacked| unpacked.map_err(|fault| fault.to_string()))
        .map_err(|fault| format!("{} cannot be restored: {fault}", source.display()))?;
    if manifest.domain != configuration.settings.realm.domain() {
        return Err(format!(
            "{} is of the domain {}, and server.domain is {}: accounts' addresses would not fit; set server.domain first",
            source.display(),
            manifest.domain,
            configuration.settings.realm.domain()
        ));
    }
    let staged = scratch.path().join(DATABASE);
    store::begin_another_life(&staged).await.map_err(|fault| format!("the database of the backup: {fault}"))?;

    // Whoever would end it amid the moves would leave a database of one life and keys of another: from here it goes to its end.
    let _deaf = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    let mut moves = Moves::default();
    let schema = match target {
        Target::File(database) => {
            let moved = move_into_place(directory, Some(&database), scratch.path(), &mut moves);
            moved.map_err(|fault| taken_back(&mut moves, &format!("cannot put the files in their place: {fault}")))?;
            None
        }
        // The files come into their place when all but the last step is done there: either both are restored, or neither.
        Target::Server(url) => {
            let move_files = || {
                move_into_place(directory, None, scratch.path(), &mut moves).map_err(|fault| StoreFault::Open {
                    problem: format!("cannot put the files in their place: {fault}"),
                    mend: "see that this user may write there, and try again".to_owned(),
                })
            };
            match store::put_back(&staged, &url, move_files, progress::rows("filling the database", Audience::Person))
                .await
            {
                Ok(schema) => schema,
                // Files of one life and a database of another would use keys twice: which it is, somebody has to look.
                Err(StoreFault::Uncertain) => {
                    return Err(format!(
                        "the database went away at the last step, and whether it is restored is not known; the files are. Do not start \
                         the server: restore once more with --replace{}",
                        told(&moves.aside)
                    ));
                }
                Err(fault) => return Err(taken_back(&mut moves, &format!("the database: {fault}"))),
            }
        }
    };
    let schema = schema.map(|schema| format!("\nWhat was in the database is in its schema {schema} now."));
    Ok(format!(
        "restored {count} files into {}. Start the server with `chrysalis run`: devices for encrypted rooms are made anew, and own accounts on \
         Matrix may have to be linked again.{}{}",
        directory.display(),
        told(&moves.aside),
        schema.unwrap_or_default()
    ))
}

/// Removes what a restoring has left that was broken off: a whole backup, which nobody would find again. Whoever does that is alone here.
fn remove_left_overs(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(RESTORING) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Where things are now that were in the way.
fn told(aside: &[PathBuf]) -> String {
    let lines = aside.iter().map(|path| format!("\nWhat was there is in {} now.", path.display()));
    lines.collect::<Vec<_>>().concat()
}

/// Puts everything back where it was, and says so after why that had to be.
fn taken_back(moves: &mut Moves, fault: &str) -> String {
    let aside = told(&moves.aside);
    match moves.take_back() {
        Ok(()) => format!("{fault}; everything is as it was"),
        Err(second) => {
            format!("{fault}; and it cannot be put back ({second}): do not start the server before that is done{aside}")
        }
    }
}

/// Where the database of the installation is to be.
enum Target {
    File(PathBuf),
    /// Its url.
    Server(String),
}

impl Target {
    fn of(configuration: &Configuration) -> Result<Self, String> {
        let (url, base) = (&configuration.database, &configuration.base);
        let wrong = |fault: StoreFault| format!("database.url: {fault}");
        match store::database_file(url, base).map_err(wrong)? {
            Some(file) => Ok(Self::File(file)),
            None if store::is_on_server(url, base).map_err(wrong)? => Ok(Self::Server(url.clone())),
            None => {
                Err("database.url: nothing can be restored into a database in memory; name a file or a server"
                    .to_owned())
            }
        }
    }
}

/// Unpacks an archive into a folder: the database, and the data directory.
fn unpack(source: &Path, into: &Path) -> io::Result<(Manifest, usize)> {
    let file = File::open(source)?;
    let all = file.metadata()?.len();
    let mut progress = Progress::of("unpacking", Unit::Bytes, Audience::Person);
    let watched = Watched { inner: io::BufReader::new(file), progress: &mut progress, done: 0, all };
    let mut archive = Archive::new(watched);
    let mut manifest = None;
    let mut count = 0;
    make_folder(&into.join(DATA))?;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if manifest.is_none() {
            if path != Path::new(MANIFEST) {
                return Err(invalid("it is no backup of Chrysalis"));
            }
            let mut described = Vec::new();
            entry.by_ref().take(LONGEST_MANIFEST).read_to_end(&mut described)?;
            let read: Manifest =
                serde_json::from_slice(&described).map_err(|_| invalid("what it says of itself cannot be read"))?;
            if read.format != FORMAT {
                return Err(invalid(&format!("it was made by version {}, which this one does not read", read.version)));
            }
            manifest = Some(read);
            continue;
        }
        let is_ours = path == Path::new(DATABASE) || path.starts_with(DATA);
        let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        if entry.header().entry_type() != EntryType::Regular || !is_plain || !is_ours {
            return Err(invalid(&format!("{} has no place in a backup", path.display())));
        }
        let target = into.join(&path);
        if let Some(folder) = target.parent() {
            make_folder(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&target)?;
        io::copy(&mut entry, &mut file)?;
        file.sync_all()?;
        count += 1;
    }
    let manifest = manifest.ok_or_else(|| invalid("it is empty"))?;
    if !into.join(DATABASE).is_file() {
        return Err(invalid("there is no database in it"));
    }
    Ok((manifest, count))
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tar::{Builder, Header};

    use super::*;

    fn archive(entries: &[(&str, EntryType, &[u8])]) -> (TempDir, PathBuf) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("backup.tar");
        let mut archive = Builder::new(File::create(&path).unwrap());
        for (name, kind, bytes) in entries {
            let mut header = Header::new_gnu();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(0o644);
            header.set_size(bytes.len() as u64);
            header.set_cksum();
            archive.append(&header, *bytes).unwrap();
        }
        archive.finish().unwrap();
        (folder, path)
    }

    fn refused(entries: &[(&str, EntryType, &[u8])]) -> String {
        let (folder, path) = archive(entries);
        let into = folder.path().join("into");
        let fault = unpack(&path, &into).unwrap_err().to_string();
        assert!(!folder.path().join("outside").exists());
        fault
    }

    #[test]
    fn nothing_but_a_backup_is_unpacked() {
        let manifest: &[u8] = br#"{"format":1,"version":"0.1.0","domain":"msn.example"}"#;
        let first = (MANIFEST, EntryType::Regular, manifest);
        assert!(refused(&[]).contains("empty"));
        assert!(refused(&[(DATABASE, EntryType::Regular, b"x")]).contains("no backup"));
        assert!(refused(&[first]).contains("no database"));
        let newer = br#"{"format":2,"version":"9.9","domain":"msn.example"}"#;
        assert!(refused(&[(MANIFEST, EntryType::Regular, newer)]).contains("9.9"));
        for (name, kind) in [
            ("data/../../outside", EntryType::Regular),
            ("/outside", EntryType::Regular),
            ("other", EntryType::Regular),
            ("data/link", EntryType::Symlink),
            ("data/link", EntryType::Link),
        ] {
            assert!(refused(&[first, (name, kind, b"")]).contains("no place"), "{name}");
        }
    }

    /// What a backup has in it, in order.
    const WHOLE: [(&str, EntryType, &[u8]); 4] = [
        (MANIFEST, EntryType::Regular, br#"{"format":1,"version":"0.1.0","domain":"msn.example"}"#),
        (DATABASE, EntryType::Regular, b"a database"),
        ("data/secrets.key", EntryType::Regular, &[7; 600]),
        ("data/+media/ab/sent", EntryType::Regular, b""),
    ];

    /// All files beneath a folder, by their paths from there.
    fn beneath(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { found.extend(beneath(&path)) } else { found.push(path) }
        }
        found
    }

    /// Unpacks what is there; says how many files it holds, if it is a backup. Nothing else has been made anywhere near.
    fn unpacked(folder: &Path, path: &Path) -> Option<usize> {
        let into = folder.join("a/b/into");
        let unpacked = unpack(path, &into);
        let made: Vec<PathBuf> = beneath(folder).into_iter().filter(|made| made != path).collect();
        for made in &made {
            let place = made.strip_prefix(&into).unwrap();
            assert!(place == Path::new(DATABASE) || place.starts_with(DATA), "{}", made.display());
        }
        let count = unpacked.ok().map(|(_, count)| count);
        assert!(count.is_none_or(|count| count == made.len()), "{count:?} of {made:?}");
        count
    }

    #[test]
    fn a_whole_backup_is_unpacked() {
        let (folder, path) = archive(&WHOLE);
        assert_eq!(unpacked(folder.path(), &path), Some(3));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_name_leads_nowhere_else(name in "(/|\\.\\.|\\.|data|a|database\\.sqlite3){1,6}") {
            let mut entries = WHOLE.to_vec();
            entries.push((name.as_str(), EntryType::Regular, b"x".as_slice()));
            let (folder, path) = archive(&entries);
            unpacked(folder.path(), &path);
        }

        #[test]
        fn a_damaged_backup_is_refused_or_stays_where_it_is_unpacked(
            changes in prop::collection::vec((0..4096_usize, any::<u8>()), 1..5),
            cut in prop::option::of(0..4096_usize),
            is_mended: bool,
        ) {
            let (folder, path) = archive(&WHOLE);
            let mut bytes = fs::read(&path).unwrap();
            bytes.truncate(cut.unwrap_or(bytes.len()));
            for (place, byte) in changes {
                if let Some(changed) = bytes.get_mut(place) {
                    *changed = byte;
                }
            }
            if is_mended {
                mend(&mut bytes);
            }
            fs::write(&path, &bytes).unwrap();
            unpacked(folder.path(), &path);
        }
    }

    /// Lets the headers say that nothing in them has changed.
    fn mend(bytes: &mut [u8]) {
        let mut place = 0;
        for (_, _, content) in WHOLE {
            let Some(block) = bytes.get_mut(place..place + 512) else { return };
            let mut header = Header::new_old();
            header.as_mut_bytes().copy_from_slice(block);
            header.set_cksum();
            block.copy_from_slice(header.as_bytes());
            place += 512 + content.len().next_multiple_of(512);
        }
    }
}
