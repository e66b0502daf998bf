//! The examples of reverse proxies, with the real programs. Where a program is not installed its test says so and passes.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use ::doctor::{Check, Subject};
use chrysalis_test_harness::{DEADLINE, Messenger, Server, carry, ticket};
use msnp::dialect::Dialect;
use tempfile::TempDir;

use crate::{
    ALICE,
    doctor::{self, Names},
    server,
};

const NGINX: &str = include_str!("../../config/examples/proxy/nginx.conf");
const CADDY: &str = include_str!("../../config/examples/proxy/Caddyfile");
const STUNNEL: &str = include_str!("../../config/examples/proxy/windows-xp/stunnel.conf");
const LIGHTTPD: &str = include_str!("../../config/examples/proxy/windows-xp/lighttpd.conf");
const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/examples/proxy/windows-xp/certificate.sh");

/// What is asked through each: the answer whose header's letters old clients compare.
const REQUEST: &[u8] = b"GET /rdr/pprdr.asp HTTP/1.1\r\nHost: nexus.passport.com\r\nConnection: close\r\n\r\n";

/// What nobody may read in a log: it is the right to use what stands behind such an address.
const SECRET: &str = "s3cret";

/// Where these programs are, or `None` and a line that says which is missing.
fn installed<const N: usize>(names: [&str; N]) -> Option<[PathBuf; N]> {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let found =
        names.map(|name| path.split(':').map(|folder| Path::new(folder).join(name)).find(|file| file.is_file()));
    if let Some(missing) = names.iter().zip(&found).find_map(|(name, found)| found.is_none().then_some(name)) {
        println!("skipped: {missing} is not installed");
        return None;
    }
    Some(found.map(|found| found.unwrap()))
}

fn free() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// A proxy that runs until it is dropped.
struct Proxy(Child);

impl Proxy {
    fn start(program: &Path, arguments: &[&str], folder: &TempDir, address: SocketAddr) -> Self {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(program)
            .args(arguments)
            .current_dir(folder.path())
            .envs(["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"].map(|name| (name, folder.path())))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut proxy = Self(child);
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
            assert!(proxy.0.try_wait().unwrap().is_none(), "the proxy ended: {}", log());
            assert!(begun.elapsed() < DEADLINE, "the proxy does not listen: {}", log());
            std::thread::sleep(crate::operations::AGAIN);
        }
        proxy
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The certificate of the example's own script.
fn with_certificate() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("sh").arg(CERTIFICATE).arg(folder.path()).stderr(Stdio::null()).status().unwrap();
    assert!(made.success());
    folder
}

/// What the doctor says of the server behind a proxy that nothing in its configuration names: that, and these.
async fn is_judged(server: &Server, secure: SocketAddr, also: &[(Check, &str)]) {
    let url = Some(format!("https://{secure}").parse().unwrap());
    let subject = Subject { url, skipped: Vec::new(), ..doctor::subject(server) };
    let findings = doctor::examine(subject, Names::of_messenger()).await;
    let wrong = doctor::wrong(&findings);
    assert_eq!(wrong, [also, &[(Check::Proxy, "proxy-not-trusted")]].concat(), "{findings:#?}");
}

/// Sends the request by a client program, and reads its whole answer.
fn through(program: &Path, arguments: &[&str]) -> String {
    let mut client = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    client.stdin.as_mut().unwrap().write_all(REQUEST).unwrap();
    let mut answer = Vec::new();
    client.stdout.take().unwrap().read_to_end(&mut answer).unwrap();
    let mut complaint = String::new();
    client.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    client.wait().unwrap();
    format!("{}\n{complaint}", String::from_utf8_lossy(&answer))
}

fn is_answered(answer: &str, server: &Server) {
    let web = server.web();
    assert!(answer.contains("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(&format!("\r\nPassportURLs: DALogin=http://{web}/login2.srf\r\n")), "{answer}");
}

/// Asks for addresses that are secrets, at a proxy behind which nobody answers.
fn ask_in_vain(proxy: SocketAddr) {
    for path in ["/link/s3cret", "/link/s3cret/back?code=s3cret", "/links/net/back/s3cret", "/media/s3cret/cat.png"] {
        let mut stream = TcpStream::connect(proxy).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {proxy}\r\nReferer: http://{proxy}{path}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    }
}

/// nginx by the example, before the pages at `web`: where it keeps its logs, and where it speaks TLS and plain HTTP.
fn nginx_before(nginx: &Path, web: SocketAddr) -> (Proxy, TempDir, [SocketAddr; 2]) {
    let (folder, secure, plain) = (with_certificate(), free(), free());
    let place = folder.path().display();
    let example = NGINX
        .replace("listen 443 ssl;", &format!("listen {secure} ssl;"))
        .replace("listen 80;", &format!("listen {plain};"))
        .replace("127.0.0.1:8080", &web.to_string())
        .replace("/var/log/nginx", &place.to_string())
        .replace("/etc/ssl/chrysalis/certificate.pem", &format!("{place}/xp-certificate.pem"))
        .replace("/etc/ssl/chrysalis/key.pem", &format!("{place}/xp-key.pem"));
    let scratch = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {place}/{kind};"))
        .join(" ");
    // The test's certificate has a weak signature, which nginx's own security level refuses.
    let whole = format!(
        "daemon off; master_process off; pid {place}/pid; error_log stderr;\nevents {{}}\n\
         http {{ ssl_ciphers DEFAULT@SECLEVEL=0; {scratch}\n{example}\n}}\n"
    );
    std::fs::write(folder.path().join("nginx.conf"), whole).unwrap();
    let config = format!("{place}/nginx.conf");
    let proxy = Proxy::start(nginx, &["-p", &place.to_string(), "-c", &config, "-e", "stderr"], &folder, secure);
    (proxy, folder, [secure, plain])
}

#[tokio::test]
async fn nginx_serves_todays_clients_by_tls_and_carries_the_gateway() {
    let Some([nginx, openssl]) = installed(["nginx", "openssl"]) else { return };
    let server = server(&[ALICE]);
    let (_proxy, _folder, [secure, plain]) = nginx_before(&nginx, server.web());
    let connect = secure.to_string();
    is_answered(&through(&openssl, &["s_client", "-quiet", "-connect", &connect, "-tls1_3"]), &server);
    let old = through(&openssl, &["s_client", "-quiet", "-connect", &connect, "-tls1", "-cipher", "ALL:@SECLEVEL=0"]);
    assert!(!old.contains("HTTP/1.1"), "{old}");
    is_judged(&server, secure, &[(Check::Tls, "tls-refuses-old-clients")]).await;

    // The gateway tells clients to come back to what they called the proxy.
    let notification = carry(plain, "NS").await;
    let mut alice = Messenger::connect(notification, ALICE, Dialect::Msnp12).await;
    alice.introduce().await;
    alice.prove(&ticket(plain, ALICE).await).await;
    alice.list().await;
    alice.status("NLN").await;
}

#[test]
fn nginx_writes_no_secret_into_its_logs() {
    let Some([nginx, _]) = installed(["nginx", "openssl"]) else { return };
    let (_proxy, folder, [_, plain]) = nginx_before(&nginx, free());
    ask_in_vain(plain);
    let log = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let requests = log("chrysalis.log");
    for told in ["GET /link/... 502", "GET /links/net/back/... 502", "GET /media/... 502"] {
        assert!(requests.contains(told), "{requests}");
    }
    for log in [requests, log("error.log"), log("log")] {
        assert!(!log.contains(SECRET), "{log}");
    }
}

#[test]
fn caddy_writes_no_secret_into_its_log() {
    let Some([caddy]) = installed(["caddy"]) else { return };
    let (folder, address) = (tempfile::tempdir().unwrap(), free());
    let example = CADDY
        .replace("127.0.0.1:8080", &free().to_string())
        .replace("\n{\n", "\n{\n\tadmin off\n")
        .replace("msn.example {\n", &format!("http://{address} {{\n\tbind {}\n", address.ip()));
    let file = folder.path().join("Caddyfile");
    std::fs::write(&file, example).unwrap();
    let arguments = ["run", "--adapter", "caddyfile", "--config", file.to_str().unwrap()];
    let _proxy = Proxy::start(&caddy, &arguments, &folder, address);
    ask_in_vain(address);
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    for told in ["\"uri\":\"/link/...\"", "\"uri\":\"/links/net/back/...\"", "\"uri\":\"/media/...\""] {
        assert!(log.contains(told), "{log}");
    }
    assert!(!log.contains(SECRET), "{log}");
}

/// Whoever adds a page whose address is a secret finds here which logs have to leave it out.
#[test]
fn the_proxies_know_every_address_that_is_a_secret() {
    let routes = [include_str!("../../src/web/routes.rs"), include_str!("../../src/web/portal.rs")].concat();
    let before = routes.match_indices("/{token}").map(|(place, _)| routes[..place].rsplit('/').next().unwrap());
    let secret: BTreeSet<&str> = before.collect();
    assert!(secret.contains("link") && secret.contains("media"), "{secret:?}");
    for (name, example) in [("nginx.conf", NGINX), ("Caddyfile", CADDY)] {
        let (_, rest) = example.split_once("/(?:").unwrap_or_else(|| panic!("{name} leaves nothing out"));
        let left_out = rest.split_once(")/").unwrap().0;
        assert_eq!(left_out.split('|').collect::<BTreeSet<_>>(), secret, "{name}");
    }
    assert_eq!(NGINX.matches("    access_log /var/log/nginx/chrysalis.log chrysalis;\n").count(), 2);
    // What goes wrong with a request is written down with its whole address.
    assert_eq!(NGINX.matches("    error_log /var/log/nginx/error.log alert;\n").count(), 2);
    assert_eq!(NGINX.matches("\nserver {\n").count(), 2);
    assert!(LIGHTTPD.contains("\nserver.errorlog = \"/dev/null\"\n") && !LIGHTTPD.contains("accesslog"));
}

#[tokio::test]
async fn stunnel_serves_tls_1_0_without_a_server_name() {
    let Some([stunnel, openssl]) = installed(["stunnel", "openssl"]) else { return };
    let server = server(&[]);
    let (folder, address) = (with_certificate(), free());
    let place = folder.path().display();
    let example = STUNNEL
        .replace("accept = 443", &format!("accept = {address}"))
        .replace("127.0.0.1:8080", &server.web().to_string())
        .replace("/etc/ssl/chrysalis", &place.to_string());
    std::fs::write(folder.path().join("stunnel.conf"), example).unwrap();
    let _proxy = Proxy::start(&stunnel, &[&format!("{place}/stunnel.conf")], &folder, address);
    let connect = address.to_string();
    let old =
        ["s_client", "-quiet", "-connect", &connect, "-noservername", "-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"];
    is_answered(&through(&openssl, &old), &server);
}

#[tokio::test]
async fn lighttpd_serves_what_windows_xp_speaks() {
    let Some([lighttpd, gnutls, _]) = installed(["lighttpd", "gnutls-cli", "openssl"]) else { return };
    if !Path::new("/usr/lib/lighttpd/mod_nss.so").is_file() {
        println!("skipped: lighttpd-mod-nss is not installed");
        return;
    }
    let server = server(&[]);
    let (folder, address) = (with_certificate(), free());
    let place = folder.path().display();
    let web = server.web();
    let example = LIGHTTPD
        .replace("\"0.0.0.0\"", &format!("\"{}\"", address.ip()))
        .replace("server.port = 443", &format!("server.port = {}", address.port()))
        .replace(
            "\"host\" => \"127.0.0.1\", \"port\" => 8080",
            &format!("\"host\" => \"{}\", \"port\" => {}", web.ip(), web.port()),
        )
        .replace("/etc/ssl/chrysalis", &place.to_string())
        .replace("/var/empty", &place.to_string());
    std::fs::write(folder.path().join("lighttpd.conf"), example).unwrap();
    let _proxy = Proxy::start(&lighttpd, &["-D", "-f", &format!("{place}/lighttpd.conf")], &folder, address);
    let port = address.port().to_string();
    // What Windows XP offers: no extension, not even the server's name.
    for cipher in ["3DES-CBC", "ARCFOUR-128"] {
        let priority =
            format!("NONE:+VERS-TLS1.0:+RSA:+{cipher}:+SHA1:+MD5:+COMP-NULL:+SIGN-ALL:+CTYPE-X509:%NO_EXTENSIONS");
        let arguments = ["--priority", &priority, "--insecure", "--disable-sni", "-p", &port, "127.0.0.1"];
        let answer = through(&gnutls, &arguments);
        assert!(answer.contains(&format!("(TLS1.0-X.509)-(RSA)-({cipher})")), "{answer}");
        is_answered(&answer, &server);
    }
    is_judged(&server, address, &[]).await;
}
