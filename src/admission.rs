//! What only those can do who run the network's own server: they are told, and waited for.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bridge::Admission;
use server::NetworkEntry;

use crate::{
    asking::{Asker, Broken},
    configuration::Configuration,
    networks,
    progress::Progress,
    running::{self, Outcome},
    saying::{say, say_text},
    writing,
};

/// After how long it is looked again whether a server lets this program in.
const AGAIN: Duration = Duration::from_secs(1);

/// How the waiting for one network ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Waited {
    /// Its server lets this program in.
    Admitted,
    /// It does not, and what to do.
    Not(String),
    /// Somebody wanted no more of it.
    BrokenOff,
}

/// `chrysalis registration`: gives the documents by which networks' own servers let this program in, on standard output or in `output`. With
/// `double_puppet` it is the second one. A file that says something else is not written over without `replace`.
pub(crate) fn registration(
    configuration: &Configuration,
    double_puppet: bool,
    output: Option<&Path>,
    replace: bool,
) -> Outcome {
    if let Err(outcome) = running::make_data_directory(configuration) {
        return outcome;
    }
    let entries = match networks::build(configuration) {
        Ok(entries) => entries,
        Err(fault) => return Outcome::Unusable(fault.to_string()),
    };
    let mut documents = Vec::new();
    for entry in entries {
        let document =
            if double_puppet { entry.network.double_puppet_registration() } else { Ok(entry.network.registration()) };
        match document {
            Ok(document) => documents.extend(document),
            Err(failure) => return Outcome::Unusable(format!("networks.{}: {failure}", entry.name)),
        }
    }
    match (documents.as_slice(), output) {
        ([], _) => Outcome::Unusable(
            "no network that is on needs a registration: switch one on, as in config/examples/networks/matrix.toml"
                .to_owned(),
        ),
        ([document], None) => {
            say_text!("{document}");
            Outcome::Done
        }
        (_, None) => Outcome::Unusable("there are several registrations: name one file with --output".to_owned()),
        (documents, Some(path)) => {
            let each = documents.iter().zip(1..);
            let files: Vec<(PathBuf, &str)> = each
                .map(|(document, number)| match documents.len() {
                    1 => (path.to_owned(), document.as_str()),
                    _ => (path.with_extension(format!("{number}.yaml")), document.as_str()),
                })
                .collect();
            match write_all(&files, replace) {
                Ok(()) => Outcome::Done,
                Err(Broken(fault)) => Outcome::Unusable(format!("--output: {fault}")),
            }
        }
    }
}

/// Writes all of these documents, or none where one of the files says something else and `replace` is not wanted: it may be what a homeserver
/// holds to, or have nothing to do with this.
fn write_all(files: &[(PathBuf, &str)], replace: bool) -> Result<(), Broken> {
    let mut unlike = Vec::new();
    for (path, document) in files {
        let before = writing::kept(path)?;
        if before.as_deref() == Some(*document) {
            writing::close_to_others(path)?;
            say!("{} says so already", path.display());
            continue;
        }
        if before.is_some() && !replace {
            return Err(Broken(format!(
                "{} is there already and says something else: name another file, or say --replace, which keeps beside it what it says now",
                path.display()
            )));
        }
        unlike.push((path, document));
    }
    for (path, document) in unlike {
        let kept = writing::write(path, document)?;
        let kept = kept.map(|kept| format!(" (what it said before: {})", kept.display()));
        say!(
            "wrote {}{}: name it in the homeserver's configuration (Synapse: app_service_config_files), and restart the homeserver",
            path.display(),
            kept.unwrap_or_default()
        );
    }
    Ok(())
}

/// Writes the document by which a network's own server lets this program in, if it needs one, and says where it is. One that says something
/// else is not written over unless somebody wants that.
pub(crate) fn write_registration(
    entry: &NetworkEntry,
    main: &Path,
    may_replace: bool,
    asker: &Asker,
) -> Result<Option<PathBuf>, Broken> {
    let Some(document) = entry.network.registration() else { return Ok(None) };
    let folder = main.parent().unwrap_or_else(|| Path::new(""));
    let path = folder.join(format!("{}-registration.yaml", entry.name));
    // It is named to another program, which runs elsewhere.
    let path = std::path::absolute(&path).unwrap_or(path);
    let before = writing::kept(&path)?;
    if before.as_ref() == Some(&document) {
        return Ok(Some(path));
    }
    if before.is_some() && !may_replace {
        let ask = format!("{} says something else than what was answered. Write it anew?", path.display());
        if !asker.is_attended() {
            return Err(Broken(format!(
                "{} says something else than what was answered: say --replace",
                path.display()
            )));
        }
        if !asker.confirm(&ask, true)? {
            return Ok(Some(path));
        }
    }
    if let Some(kept) = writing::write(&path, &document)? {
        say!("  {} (what it said before: {})", path.display(), kept.display());
    } else {
        say!("  {}", path.display());
    }
    Ok(Some(path))
}

/// Says what is to be done on the network's own server.
pub(crate) fn tell(entry: &NetworkEntry, registration: &Path) {
    let steps = entry.network.admission_steps(registration);
    if steps.is_empty() {
        return;
    }
    say!("\nNow it is {}'s turn, which only its admin can do:\n", entry.name);
    for (number, step) in steps.iter().enumerate() {
        say!("{}. {step}\n", number + 1);
    }
}

/// Waits until a network's own server lets this program in.
pub(crate) async fn wait(entry: &NetworkEntry, at_most: Duration) -> Waited {
    let mut progress = Progress::waiting("waiting");
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    let begun = Instant::now();
    loop {
        let admission = tokio::select! {
            admission = entry.network.admission() => admission,
            _ = &mut interrupted => return Waited::BrokenOff,
        };
        let (state, fault) = match admission {
            Admission::Given => return Waited::Admitted,
            Admission::Refused(fault) => return Waited::Not(format!("networks.{}: {fault}", entry.name)),
            Admission::Awaited => {
                let fault = format!(
                    "networks.{}: its server answers, and does not know this one: do what stands above, and give this command again",
                    entry.name
                );
                (format!("{} does not know this server yet; Ctrl-C ends the waiting", entry.name), fault)
            }
            Admission::Unreachable(fault) => (
                format!("{} does not answer; Ctrl-C ends the waiting", entry.name),
                format!("networks.{}: {fault}", entry.name),
            ),
        };
        if begun.elapsed() >= at_most {
            return Waited::Not(fault);
        }
        progress.still(&state, at_most);
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            _ = &mut interrupted => return Waited::BrokenOff,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_says_something_else_is_not_written_over_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one.yaml"), folder.path().join("other.yaml"));
        fs::write(&other, "as_token: theirs\n").unwrap();
        let files = [(one.clone(), "as_token: ours\n"), (other.clone(), "as_token: ours\n")];
        let Broken(fault) = write_all(&files, false).unwrap_err();
        assert!(fault.starts_with(&other.display().to_string()) && fault.contains("--replace"), "{fault}");
        assert!(!one.exists(), "all are written, or none");
        assert_eq!(fs::read_to_string(&other).unwrap(), "as_token: theirs\n");

        write_all(&files, true).unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "as_token: ours\n");
        let kept = folder.path().join("other.yaml.before-1");
        assert_eq!(fs::read_to_string(kept).unwrap(), "as_token: theirs\n");
        // What says so already is as it should be, and nothing is put beside it.
        write_all(&files, false).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
