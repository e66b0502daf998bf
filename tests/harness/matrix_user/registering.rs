//! Making users, quickly: over the administrator's registration of Synapse, which a shared secret opens.

use std::net::SocketAddr;

use reqwest::Client;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::{MatrixUser, client};

/// The length of a block of SHA-1, to which a key of an HMAC is filled up.
const BLOCK: usize = 64;

/// Whoever may make users of one homeserver.
pub(crate) struct Registrar {
    homeserver: SocketAddr,
    server_name: String,
    secret: String,
    client: Client,
}

impl Registrar {
    /// With the homeserver's `registration_shared_secret`.
    pub(crate) fn new(homeserver: SocketAddr, server_name: &str, secret: &str) -> Self {
        assert!(homeserver.ip().is_loopback(), "tests stay on this machine: {homeserver}");
        let (server_name, secret) = (server_name.to_owned(), secret.to_owned());
        Self { homeserver, server_name, secret, client: client() }
    }

    /// Makes a user that is not there yet.
    pub(crate) async fn register(&self, name: &str, password: &str) -> MatrixUser {
        let url = format!("http://{}/_synapse/admin/v1/register", self.homeserver);
        let asked: Value = self.client.get(&url).send().await.unwrap().json().await.unwrap();
        let nonce = asked["nonce"].as_str().unwrap();
        let mac = hmac(self.secret.as_bytes(), format!("{nonce}\0{name}\0{password}\0notadmin").as_bytes());
        let body = json!({ "nonce": nonce, "username": name, "password": password, "admin": false, "mac": mac });
        let answer = self.client.post(&url).json(&body).send().await.unwrap();
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{name} cannot be registered: {answer}");
        let token = answer["access_token"].as_str().unwrap();
        MatrixUser::new(self.homeserver, &format!("@{name}:{}", self.server_name), token)
    }
}

/// HMAC-SHA1 (RFC 2104) of a key no longer than a block, in hexadecimal digits.
fn hmac(key: &[u8], message: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut block = [0; BLOCK];
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha1::new().chain_update(pad(0x36)).chain_update(message).finalize();
    let outer = Sha1::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
    outer.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::hmac;

    /// The second case of RFC 2202.
    #[test]
    fn the_known_answer() {
        assert_eq!(hmac(b"Jefe", b"what do ya want for nothing?"), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    }
}
