//! Where Messenger connects: one listener or several, each with the name it has outside.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    configuration::{ConfigurationFault, address, non_empty},
    layers::Layers,
};

/// One listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListenerKeys {
    /// What it listens on: `host:port`.
    pub(crate) listen: String,
    /// Where clients that came to it are told to connect to.
    pub(crate) public_address: Arc<str>,
}

/// Reads `server.listen`: an address, or a list of addresses and of tables `{ listen, public_address }`. Those that name no public
/// address of their own have `common`, and if that is empty, what they listen on. There is at least one.
pub(crate) fn listeners(
    layers: &Layers,
    listen: &Value,
    common: &str,
) -> Result<Vec<ListenerKeys>, ConfigurationFault> {
    const KEY: &str = "server.listen";
    let listeners = match listen {
        Value::Array(entries) => {
            let each = entries.iter().enumerate();
            each.map(|(index, entry)| listener(layers, &format!("{KEY}.{index}"), entry, common)).collect()
        }
        entry => listener(layers, KEY, entry, common).map(|listener| vec![listener]),
    }?;
    if listeners.is_empty() {
        return Err(layers.fault(KEY, "names no address: write at least one, such as \"127.0.0.1:1863\""));
    }
    Ok(listeners)
}

fn listener(layers: &Layers, key: &str, entry: &Value, common: &str) -> Result<ListenerKeys, ConfigurationFault> {
    let fault = |key: &str, problem: &str| layers.fault(key, problem);
    let (listen, own) = match entry {
        Value::String(listen) => (listen.as_str(), None),
        Value::Object(table) => table_keys(layers, key, table)?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            return Err(fault(
                key,
                "is no address: write host:port, or { listen = host:port, public_address = host:port }",
            ));
        }
    };
    address(listen).map_err(|problem| fault(key, &problem))?;
    let named = own.and_then(non_empty).map(|own| (format!("{key}.public_address"), own));
    let named = named.or_else(|| non_empty(common).map(|common| ("server.public_address".to_owned(), common)));
    let (named_by, public_address) = named.unwrap_or_else(|| (key.to_owned(), listen));
    address(public_address).map_err(|problem| fault(&named_by, &problem))?;
    if leads_nowhere(public_address) {
        let problem = format!(
            "{public_address} is no address that a client can connect to: write server.public_address, such as \
             \"203.0.113.5:1863\" or \"msn.example:1863\", or have `chrysalis setup` write it"
        );
        return Err(fault(&named_by, &problem));
    }
    Ok(ListenerKeys { listen: listen.to_owned(), public_address: Arc::from(public_address) })
}

fn table_keys<'a>(
    layers: &Layers,
    key: &str,
    table: &'a Map<String, Value>,
) -> Result<(&'a str, Option<&'a str>), ConfigurationFault> {
    let text = |name: &str| match table.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(layers.fault(&format!("{key}.{name}"), "is no text: write \"host:port\"")),
    };
    if let Some(unknown) = table.keys().find(|name| !["listen", "public_address"].contains(&name.as_str())) {
        let problem = "unknown field, expected `listen` or `public_address`";
        return Err(layers.fault(&format!("{key}.{unknown}"), problem));
    }
    let listen = text("listen")?.ok_or_else(|| layers.fault(key, "has no `listen`: write listen = \"host:port\""))?;
    Ok((listen, text("public_address")?))
}

/// Whether this is "every address of this machine", which is for listening only.
fn leads_nowhere(address: &str) -> bool {
    let everywhere = |ip: IpAddr| ip.is_unspecified();
    address.parse::<SocketAddr>().is_ok_and(|address| everywhere(address.ip()))
}

#[cfg(test)]
mod tests {
    use crate::configuration::tests::read;

    fn listeners(server: &str) -> Result<Vec<(String, String)>, String> {
        let read = read(&format!("[server]\n{server}"), &[])?;
        Ok(read.listeners.into_iter().map(|each| (each.listen, each.public_address.to_string())).collect())
    }

    fn pair(listen: &str, public_address: &str) -> (String, String) {
        (listen.to_owned(), public_address.to_owned())
    }

    #[test]
    fn one_address_or_several_each_with_its_own_name() {
        assert_eq!(listeners("").unwrap(), [pair("127.0.0.1:1863", "127.0.0.1:1863")]);
        assert_eq!(
            listeners("listen = \"0.0.0.0:1863\"\npublic_address = \"msn.example:1863\"").unwrap(),
            [pair("0.0.0.0:1863", "msn.example:1863")]
        );
        let several = "listen = [\"127.0.0.1:1863\", { listen = \"0.0.0.0:1864\", public_address = \"198.51.100.7:1863\" }, \
                       { listen = \"[::1]:1863\" }]";
        assert_eq!(
            listeners(several).unwrap(),
            [
                pair("127.0.0.1:1863", "127.0.0.1:1863"),
                pair("0.0.0.0:1864", "198.51.100.7:1863"),
                pair("[::1]:1863", "[::1]:1863")
            ]
        );
        let common = listeners(&format!("{several}\npublic_address = \"msn.example:1863\"")).unwrap();
        let named: Vec<&str> = common.iter().map(|(_, public_address)| public_address.as_str()).collect();
        assert_eq!(named, ["msn.example:1863", "198.51.100.7:1863", "msn.example:1863"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (server, wanted) in [
            ("listen = []", "chrysalis.toml: server.listen: names no address: write at least one"),
            ("listen = 1863", "chrysalis.toml: server.listen: is no address: write host:port, or { listen"),
            ("listen = [\"1863\"]", "chrysalis.toml: server.listen.0: \"1863\" is no address: write host:port"),
            ("listen = [{ public_address = \"x:1\" }]", "chrysalis.toml: server.listen.0: has no `listen`"),
            ("listen = [{ listen = \"x:1\", port = 3 }]", "chrysalis.toml: server.listen.0.port: unknown field"),
            ("listen = [{ listen = 3 }]", "chrysalis.toml: server.listen.0.listen: is no text"),
            (
                "listen = \"0.0.0.0:1863\"",
                "chrysalis.toml: server.listen: 0.0.0.0:1863 is no address that a client can",
            ),
            ("public_address = \"[::]:1863\"", "chrysalis.toml: server.public_address: [::]:1863 is no address that"),
        ] {
            let fault = listeners(server).unwrap_err();
            assert!(fault.starts_with(wanted), "{fault}");
        }
    }
}
