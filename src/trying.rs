//! What was answered for a network, tried with the network's own server before anything is written.

use std::path::Path;

use bridge::{Admission, Fault};

use crate::{
    asking::Broken,
    configuration::Configuration,
    documents::Documents,
    networks::{self, Kind},
    setup_answers::{Answers, Secrets},
    setup_options::option,
};

/// The configuration as it would be.
pub(crate) fn configuration(main: &Path, answers: &Answers) -> Result<Configuration, Broken> {
    let mut documents = Documents::read(main)?;
    answers.enter(&mut documents, Secrets::Inline, Path::new(""))?;
    networks::read_texts(&documents.texts()).map_err(|fault| Broken(fault.to_string()))
}

/// Whether the network can be so; in the inner error, what is wrong and what to do. That its server does not know this program yet is
/// nothing wrong.
pub(crate) async fn admission(main: &Path, answers: &Answers, kind: Kind) -> Result<Result<(), String>, Broken> {
    let mut configuration = configuration(main, answers)?;
    configuration.networks.retain(|network| network.section.name.as_str() == kind.name);
    // What a network makes for itself at its first look is made where it stays only once the rest stays as well.
    let scratch = tempfile::tempdir().map_err(|fault| Broken(format!("cannot make a folder for a moment: {fault}")))?;
    for network in &mut configuration.networks {
        if !network.section.data_directory.exists() {
            scratch.path().clone_into(&mut network.section.data_directory);
        }
    }
    let entries = match networks::build(&configuration) {
        Ok(entries) => entries,
        Err(fault) => return Ok(Err(fault.to_string())),
    };
    for entry in entries {
        match entry.network.admission().await {
            Admission::Given | Admission::Awaited => {}
            Admission::Unreachable(fault) | Admission::Refused(fault) => return Ok(Err(told(kind, &fault))),
        }
    }
    Ok(Ok(()))
}

/// A fault, with the option that it is about.
fn told(kind: Kind, fault: &Fault) -> String {
    let Fault { subject, problem, mend } = fault;
    let step = kind.setup.steps().iter().find(|step| step.key == *subject);
    let subject = step
        .map_or_else(|| format!("networks.{}.{subject}", kind.name), |step| format!("--{}", option(kind.name, step)));
    format!("{subject}: {problem}; {mend} (--no-check sets it up without asking there)")
}
