//! `[log]` and `[operations]`, read strictly.

use std::net::IpAddr;

use domain::NetworkName;
use tracing_subscriber::EnvFilter;

use crate::{
    configuration::{ConfigurationFault, address, non_empty},
    keys::{Log, LogFormat, Operations},
    layers::Layers,
};

/// How the log is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogKeys {
    pub(crate) format: LogFormat,
    /// What is logged, unless the environment says otherwise; `None`: what is usual. It can be read.
    pub(crate) level: Option<String>,
}

/// Where measures and health are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OperationsKeys {
    /// What is listened on: `host:port`.
    pub(crate) listen: String,
    /// The networks without which the server is not ready.
    pub(crate) required_networks: Vec<NetworkName>,
}

pub(crate) fn log(layers: &Layers, keys: Log) -> Result<LogKeys, ConfigurationFault> {
    let Log { format, level } = keys;
    let level = non_empty(level.trim()).map(str::to_owned);
    if let Some(level) = &level
        && let Err(fault) = EnvFilter::try_new(level)
    {
        let problem =
            format!("{level:?} cannot be read ({fault}): write warn, info or debug, or as RUST_LOG is written");
        return Err(layers.fault("log.level", &problem));
    }
    Ok(LogKeys { format, level })
}

/// `networks` are those that are on.
pub(crate) fn operations(
    layers: &Layers,
    keys: Operations,
    networks: &[NetworkName],
) -> Result<Option<OperationsKeys>, ConfigurationFault> {
    let Operations { listen, allow_remote, required_networks } = keys;
    let mut required = Vec::new();
    for name in required_networks {
        let Some(network) = networks.iter().find(|network| network.as_str() == name) else {
            let on: Vec<&str> = networks.iter().map(NetworkName::as_str).collect();
            let problem = format!("names {name:?}, which is not on: write of {}", on.join(", "));
            return Err(layers.fault("operations.required_networks", &problem));
        };
        required.push(network.clone());
    }
    let Some(listen) = non_empty(&listen) else { return Ok(None) };
    let fault = |problem: &str| layers.fault("operations.listen", problem);
    address(listen).map_err(|problem| fault(&problem))?;
    if !allow_remote && !is_loopback(listen) {
        let problem = format!(
            "{listen} can be reached from other machines, and nobody proves who they are there: write 127.0.0.1 and a port, or \
             allow_remote = true behind a firewall"
        );
        return Err(fault(&problem));
    }
    Ok(Some(OperationsKeys { listen: listen.to_owned(), required_networks: required }))
}

pub(crate) fn is_loopback(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use crate::{configuration::tests::read, keys::LogFormat};

    #[test]
    fn nothing_is_told_unless_asked_for_and_then_on_this_machine_only() {
        assert_eq!(read("", &[]).unwrap().operations, None);
        for listen in ["127.0.0.1:9090", "[::1]:9090", "localhost:9090"] {
            let read = read(&format!("[operations]\nlisten = \"{listen}\""), &[]).unwrap();
            assert_eq!(read.operations.unwrap().listen, listen);
        }
        for listen in ["0.0.0.0:9090", "192.0.2.7:9090", "[::]:9090", "msn.example:9090"] {
            let section = format!("[operations]\nlisten = \"{listen}\"");
            let fault = read(&section, &[]).unwrap_err();
            assert!(
                fault.starts_with(&format!("chrysalis.toml: operations.listen: {listen} can be reached")),
                "{fault}"
            );
            assert!(read(&format!("{section}\nallow_remote = true"), &[]).is_ok());
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (main, wanted) in [
            ("[operations]\nlisten = \"9090\"", "chrysalis.toml: operations.listen: \"9090\" is no address"),
            (
                "[operations]\nrequired_networks = [\"matrix\"]",
                "chrysalis.toml: operations.required_networks: names \"matrix\", which is not on: write of loopback",
            ),
            ("[log]\nlevel = \"info,=,\"", "chrysalis.toml: log.level: \"info,=,\" cannot be read"),
            ("[log]\nformat = \"xml\"", "chrysalis.toml: log.format: unknown variant `xml`"),
            ("[limits]\nsign_ins_per_minute = 0", "chrysalis.toml: limits: has a zero where nothing would work"),
        ] {
            let fault = read(main, &[]).unwrap_err();
            assert!(fault.starts_with(wanted), "{fault}");
        }
        let log = read("[log]\nformat = \"json\"\nlevel = \"warn\"", &[]).unwrap().log;
        assert_eq!((log.format, log.level.as_deref()), (LogFormat::Json, Some("warn")));
    }

    #[test]
    fn what_has_changed_is_known_by_its_key() {
        let (one, other) = (
            read("[limits]\ncontacts = 1\n[networks.loopback]\nlinking = true", &[]).unwrap(),
            read("[limits]\ncontacts = 2\n[server]\nlisten = [\"127.0.0.1:1\"]", &[]).unwrap(),
        );
        let changed: Vec<String> = one.changes(&other).into_iter().collect();
        assert_eq!(changed, ["limits.contacts", "networks.loopback.linking", "server.listen"]);
        assert!(one.changes(&one).is_empty());
    }
}
