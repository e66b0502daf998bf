//! The networks that there are. The only file that names concrete bridges: a new network is one crate and one line here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridge::{Network, Section, SectionFault, Setup};
use domain::NetworkName;
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
    /// Whether it can be built; makes nothing.
    examine: fn(&Section) -> Result<(), SectionFault>,
}

/// All kinds of networks.
pub(crate) static KINDS: [Kind; 3] = [
    Kind { name: "discord", bit: 128, setup: &discord::ByBots, build: discord::network, examine: discord::examine },
    Kind {
        name: "loopback",
        bit: 256,
        setup: &loopback::InMemory,
        build: |section| loopback::network(section.clone()),
        examine: |section| loopback::network(section.clone()).map(drop),
    },
    Kind { name: "matrix", bit: 64, setup: &matrix::AsAppservice, build: matrix::network, examine: matrix::examine },
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
    build_those(configuration, |_| true)
}

/// Builds those of the networks that are on whose names are meant.
pub(crate) fn build_those(
    configuration: &Configuration,
    is_meant: impl Fn(&NetworkName) -> bool,
) -> Result<Vec<NetworkEntry>, ConfigurationFault> {
    let mut entries = Vec::new();
    for (kind, section) in sections(configuration).filter(|(_, section)| is_meant(&section.name)) {
        let built = (kind.build)(section).map_err(|fault| of_section(configuration, section, &fault))?;
        let features = built.features();
        entries.push(NetworkEntry { name: section.name.clone(), bit: section.bit, network: built, features });
    }
    Ok(entries)
}

/// Whether all networks that are on could be built; makes nothing.
pub(crate) fn examine(configuration: &Configuration) -> Result<(), ConfigurationFault> {
    sections(configuration).try_for_each(|(kind, section)| {
        (kind.examine)(section).map_err(|fault| of_section(configuration, section, &fault))
    })
}

fn sections(configuration: &Configuration) -> impl Iterator<Item = (&'static Kind, &Section)> {
    configuration.networks.iter().filter_map(|network| {
        let kind = KINDS.iter().find(|kind| kind.name == network.kind)?;
        Some((kind, &network.section))
    })
}

fn of_section(configuration: &Configuration, section: &Section, fault: &SectionFault) -> ConfigurationFault {
    let key = if fault.key.is_empty() { String::new() } else { format!(".{}", fault.key) };
    configuration.fault(&format!("networks.{}{key}", section.name), &fault.problem)
}
