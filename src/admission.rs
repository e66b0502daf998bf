//! What only those can do who run the network's own server: they are told, and waited for.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bridge::Admission;
use server::NetworkEntry;

use crate::{
    asking::{Asker, Broken},
    progress::Progress,
    saying::say,
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
