//! The sign-in doctor: each of many faults is planted by itself, on loopback, before the real server or in its place; the doctor has to
//! name that one and to blame nothing else.

mod liar;
mod planted;
mod stand_in;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use chrysalis_test_harness::{Server, free_address, within};
use doctor::{Check, Doctor, Finding, Local, Place, Resolver, SERVICES, Subject};
use liar::{Liar, Lie, OldClients};
use serde_json::Value;

use crate::server;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A name server of a test: nothing here asks a real one.
#[derive(Clone)]
pub(crate) struct Names(HashMap<&'static str, Vec<IpAddr>>);

impl Names {
    /// All of Messenger's names lead here.
    pub(crate) fn of_messenger() -> Self {
        Self(SERVICES.iter().map(|service| (service.name, vec![HERE])).collect())
    }

    /// One of them leads elsewhere, or nowhere.
    pub(crate) fn but(mut self, name: &'static str, leads: &[&str]) -> Self {
        self.0.insert(name, leads.iter().map(|ip| ip.parse().unwrap()).collect());
        self
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let known = self.0.get(name).filter(|addresses| !addresses.is_empty());
        known.cloned().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name"))
    }
}

pub(crate) fn place(address: SocketAddr) -> Place {
    Place::new(address.ip().to_string(), address.port())
}

/// The whole of a server, as it is reached without anything before it, but for TLS.
pub(crate) fn subject(server: &Server) -> Subject {
    Subject {
        url: Some(format!("http://{}", server.web()).parse().unwrap()),
        addresses: vec![place(server.address())],
        local: Some(Local { web: place(server.web()), messenger: vec![place(server.address())] }),
        sign_in: None,
        asks_as_messenger: true,
        skipped: vec![Check::Tls, Check::Certificate],
    }
}

/// The same, by way of a proxy on loopback.
pub(crate) fn behind(server: &Server, proxy: &Liar) -> Subject {
    let is_secure = proxy.is_secure();
    let (scheme, skipped) = if is_secure { ("https", Vec::new()) } else { ("http", subject(server).skipped) };
    let url = format!("{scheme}://{}", proxy.address()).parse().unwrap();
    Subject { url: Some(url), skipped, ..subject(server) }
}

pub(crate) async fn examine(subject: Subject, names: Names) -> Vec<Finding> {
    let doctor = Doctor::new(subject, Arc::new(names));
    within("an examination", doctor.findings()).await
}

/// What is wrong, each as its check and its cause.
pub(crate) fn wrong(findings: &[Finding]) -> Vec<(Check, &'static str)> {
    findings.iter().filter_map(|finding| Some((finding.check, finding.verdict.cause()?.word()))).collect()
}

#[tokio::test]
async fn a_healthy_server_has_no_fault() {
    let server = server(&[]);
    let proxy = Liar::start(server.web(), Lie::None, Some(OldClients::Served)).await;
    let findings = examine(behind(&server, &proxy), Names::of_messenger()).await;
    let not_well: Vec<&Finding> = findings.iter().filter(|finding| finding.verdict != doctor::Verdict::Well).collect();
    assert!(not_well.is_empty(), "{not_well:#?}");
    let checks: Vec<Check> = findings.iter().map(|finding| finding.check).collect();
    assert_eq!(checks, Check::ALL, "each is looked at once");
}

#[tokio::test]
async fn names_of_another_machine_are_nobodys_fault() {
    let server = server(&[]);
    let nowhere = Names(HashMap::new());
    let findings = examine(Subject { asks_as_messenger: false, ..subject(&server) }, nowhere.clone()).await;
    assert_eq!(wrong(&findings), []);
    // But once one of them leads here, the others have to.
    let one = nowhere.but("messenger.hotmail.com", &["127.0.0.1"]);
    let findings = examine(Subject { asks_as_messenger: false, ..subject(&server) }, one).await;
    assert_eq!(wrong(&findings), [(Check::Names, "name-unknown")]);
}

#[tokio::test]
async fn an_examination_takes_no_tries_from_anybody() {
    let server = server(&[crate::ALICE]);
    // Ten wrong passwords of one address would be too many, and each examination gives two.
    for _ in 0..8 {
        assert_eq!(wrong(&examine(subject(&server), Names::of_messenger()).await), []);
    }
    chrysalis_test_harness::ticket(server.web(), crate::ALICE).await;
}

#[tokio::test]
async fn the_command_says_what_is_wrong_and_how_to_mend_it() {
    let mut server = server(&[]);
    let quiet = ["doctor", "--skip", "names", "--skip", "tls"];
    let told = server.command(&quiet, "");
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.out.contains("\nwell      conversation  MSNP12 at "), "{told:?}");
    assert!(told.complaint.contains("nothing is wrong that can be seen from here"), "{told:?}");

    let closed = free_address().to_string();
    let url = format!("http://{}", server.web());
    let told = server.command(&[&quiet[..], &["--json", "--url", &url, "--address", &closed]].concat(), "");
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.complaint.ends_with("wrong: port-closed\n"), "{told:?}");
    let findings: Vec<Value> = serde_json::from_str(&told.out).unwrap();
    let fault = findings.iter().find(|finding| finding["verdict"] == "fault").unwrap();
    assert_eq!((&fault["cause"], &fault["check"]), (&"port-closed".into(), &"conversation".into()));
    assert_eq!(fault["errors"], serde_json::json!(["81000306"]));
    assert!(fault["mend"].as_str().unwrap().contains("server.public_address"), "{fault}");

    server.kill();
    let told = server.command(&quiet, "");
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.out.contains("not-running: No Chrysalis server answers on this machine."), "{told:?}");
    assert!(told.complaint.ends_with("wrong: not-running\n"), "{told:?}");
    for unfit in [&["--skip", "tea"][..], &["--url", "msn.example"], &["--address", "msn.example"]] {
        let told = server.command(&[&["doctor"], unfit].concat(), "");
        assert_eq!((told.code, told.complaint.contains(unfit[1])), (2, true), "{told:?}");
    }
}
