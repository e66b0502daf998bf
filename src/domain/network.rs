//! Networks, and the opaque ids by which they name people, rooms and messages.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// The name of a network's section in the configuration, e.g. `matrix`; also the first label of the domain under which its
/// people get addresses (`matrix.<domain>`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NetworkName(Arc<str>);

/// A network's name must be a domain label: lower case letters, digits and hyphens, beginning with a letter, at most 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no network name: use 1 to 20 lower case letters, digits and hyphens, beginning with a letter, and not `rooms`"
)]
pub struct NetworkNameFault;

impl NetworkName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NetworkName {
    type Err = NetworkNameFault;

    fn from_str(text: &str) -> Result<Self, NetworkNameFault> {
        let begins = text.starts_with(|first: char| first.is_ascii_lowercase());
        let fits = text.chars().all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '-');
        // `rooms.<network>.<domain>` is where rooms live; a network of that name would make addresses ambiguous.
        if begins && fits && text.len() <= 20 && text != "rooms" {
            Ok(Self(text.into()))
        } else {
            Err(NetworkNameFault)
        }
    }
}

impl TryFrom<String> for NetworkName {
    type Error = NetworkNameFault;

    fn try_from(text: String) -> Result<Self, NetworkNameFault> {
        text.parse()
    }
}

impl From<NetworkName> for String {
    fn from(name: NetworkName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for NetworkName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The bit by which MSNP12 marks a network in a contact's Network ID. Bit 0 (decimal 1) is Messenger itself; 2 to 32 were
/// given out by Microsoft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct NetworkBit(u32);

/// Why a number cannot mark a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no network bit: use one power of two from 64 to 1073741824; 1 is Messenger and 2 to 32 were Microsoft's")]
pub struct NetworkBitFault;

impl NetworkBit {
    /// Messenger's own bit.
    pub const MESSENGER: u32 = 1;

    /// The bit as a number.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for NetworkBit {
    type Error = NetworkBitFault;

    fn try_from(value: u32) -> Result<Self, NetworkBitFault> {
        if value.is_power_of_two() && (64..=1 << 30).contains(&value) { Ok(Self(value)) } else { Err(NetworkBitFault) }
    }
}

impl From<NetworkBit> for u32 {
    fn from(bit: NetworkBit) -> Self {
        bit.0
    }
}

/// How contacts of other networks are marked in MSNP12's Network ID (`network_ids` in the configuration).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkIds {
    /// The network's bit and Messenger's own: 65, 129.
    #[default]
    BitsAndMsnp,
    /// The network's bit alone: 64, 128.
    Bits,
    /// Everybody is a Messenger contact: 1.
    MsnpOnly,
}

impl NetworkIds {
    /// The Network ID of a contact that is reachable over the networks whose bits are or-ed in `bits`; 0 is a Messenger user.
    #[must_use]
    pub const fn id(self, bits: u32) -> u32 {
        match (self, bits) {
            (Self::MsnpOnly, _) | (_, 0) => NetworkBit::MESSENGER,
            (Self::BitsAndMsnp, bits) => bits | NetworkBit::MESSENGER,
            (Self::Bits, bits) => bits,
        }
    }
}

macro_rules! opaque {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as its network writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

opaque! {
    /// A person of a network; only that network's bridge may parse it. Unique within the network.
    RemoteUser
}
opaque! {
    /// A room of a network; only that network's bridge may parse it. Unique within the network.
    RemoteRoom
}
opaque! {
    /// A message of a network; only that network's bridge may parse it. Unique within the network.
    RemoteMessage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_ids_have_three_forms() {
        assert_eq!(NetworkIds::BitsAndMsnp.id(64), 65);
        assert_eq!(NetworkIds::BitsAndMsnp.id(64 | 128), 193);
        assert_eq!(NetworkIds::Bits.id(64), 64);
        assert_eq!(NetworkIds::MsnpOnly.id(64), 1);
        for form in [NetworkIds::BitsAndMsnp, NetworkIds::Bits, NetworkIds::MsnpOnly] {
            assert_eq!(form.id(0), 1, "a Messenger user is 1 in every form");
        }
    }

    #[test]
    fn microsofts_bits_are_not_given_out() {
        for value in [0, 1, 2, 32, 65, 1 << 31] {
            assert_eq!(NetworkBit::try_from(value), Err(NetworkBitFault), "{value}");
        }
        assert_eq!(NetworkBit::try_from(256).unwrap().value(), 256);
    }

    #[test]
    fn a_network_is_named_by_a_domain_label() {
        assert!("matrix-2".parse::<NetworkName>().is_ok());
        for name in ["", "Matrix", "2matrix", "a.b", "rooms", "a-very-long-network-name"] {
            assert!(name.parse::<NetworkName>().is_err(), "{name}");
        }
    }
}
