//! The networks that there are. The only file that names concrete bridges: a new network is one crate and one line here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridge::{Network, Section, SectionFault, Setup};
use server::NetworkEntry;

use crate::{
    configuration::{Configuration, ConfigurationFault},
    layers::Layers,
};

/// A kind of network.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// What its section is called, or says as `kind`.
    pub(crate) name: &'static str,
    /// The bit that marks its people unless the section names another.
    pub(crate) bit: u32,
    /// How it is set up.
    pub(crate) setup: &'static dyn Setup,
    build: fn(&Section) -> Result<Arc<dyn Network>, SectionFault>,
}

/// All kinds of networks.
pub(crate) const KINDS: [Kind; 3] = [
    Kind { name: "discord", bit: 128, setup: &discord::ByBots, build: discord::network },
    Kind {
        name: "loopback",
        bit: 256,
        setup: &loopback::InMemory,
        build: |section| loopback::network(section.clone()),
    },
    Kind { name: "matrix", bit: 64, setup: &matrix::AsAppservice, build: matrix::network },
];

/// Reads the configuration for these kinds of networks.
pub(crate) fn read_configuration(file: Option<&Path>) -> Result<Configuration, ConfigurationFault> {
    Configuration::read(file, &known())
}

/// What the configuration would be if the files of these paths held these texts, the first of them the main file.
pub(crate) fn read_texts(texts: &[(PathBuf, String)]) -> Result<Configuration, ConfigurationFault> {
    let layers = Layers::of(texts.iter().cloned())?;
    Configuration::of(layers, texts.first().map(|(path, _)| path.clone()), &known())
}

/// The kinds of networks, as the configuration has to know them.
fn known() -> [(&'static str, u32); KINDS.len()] {
    KINDS.map(|kind| (kind.name, kind.bit))
}

/// Builds the networks that are on.
pub(crate) fn build(configuration: &Configuration) -> Result<Vec<NetworkEntry>, ConfigurationFault> {
    let mut entries = Vec::new();
    for network in &configuration.networks {
        let section = &network.section;
        let Some(kind) = KINDS.iter().find(|kind| kind.name == network.kind) else { continue };
        let built = (kind.build)(section).map_err(|fault| {
            let key = if fault.key.is_empty() { String::new() } else { format!(".{}", fault.key) };
            configuration.fault(&format!("networks.{}{key}", section.name), &fault.problem)
        })?;
        let features = built.features();
        entries.push(NetworkEntry { name: section.name.clone(), bit: section.bit, network: built, features });
    }
    Ok(entries)
}
