//! `chrysalis doctor`: why Messenger does not sign in here.

use std::io::{self, Write};
use std::sync::Arc;

use doctor::{Cause, Check, Doctor, Finding, Local, Place, Subject, SystemResolver};
use url::Url;

use crate::{command_line::DoctorOptions, configuration::Configuration, running::Outcome, terminal};

/// The doctor for the server of this configuration.
pub(crate) fn doctor(configuration: &Configuration) -> Doctor {
    Doctor::new(subject(configuration), Arc::new(SystemResolver))
}

/// What the configuration says of where the server is found.
fn subject(configuration: &Configuration) -> Subject {
    let listeners = configuration.listeners.iter().filter_map(|listener| {
        Some((listener.public_address.parse::<Place>().ok()?, listener.listen.parse::<Place>().ok()?))
    });
    let (addresses, messenger) = listeners.unzip();
    let web = configuration.web_listen.parse::<Place>().ok();
    Subject {
        url: Some(configuration.web_public_url.clone()),
        addresses,
        local: web.map(|web| Local { web, messenger }),
        sign_in: None,
        asks_as_messenger: false,
        skipped: Vec::new(),
    }
}

/// What is to be examined: what was asked for, or else what the configuration says.
fn chosen(configuration: &Configuration, options: &DoctorOptions) -> Result<Subject, String> {
    let mut subject = subject(configuration);
    if let Some(url) = &options.url
        && (!matches!(url.scheme(), "http" | "https") || !url.has_host())
    {
        return Err(format!("--url: {url} is no address of pages: write http:// or https://, and a host"));
    }
    if options.url.is_some() || options.address.is_some() {
        // It may run anywhere: what is on this machine says nothing of it.
        let usual = options.url.as_ref().and_then(Url::host_str).map(|host| {
            let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            Place::new(host, 1863)
        });
        subject.addresses = options.address.clone().or(usual).into_iter().collect();
        subject.url.clone_from(&options.url);
        subject.local = None;
    }
    subject.sign_in.clone_from(&options.sign_in);
    subject.asks_as_messenger = options.names;
    subject.skipped.clone_from(&options.skip);
    Ok(subject)
}

pub(crate) async fn examine(configuration: &Configuration, options: DoctorOptions) -> Outcome {
    let subject = match chosen(configuration, &options) {
        Ok(subject) => subject,
        Err(fault) => return Outcome::Unusable(fault),
    };
    let url = subject.url.as_ref().map(Url::to_string);
    let places: Vec<String> = url.into_iter().chain(subject.addresses.iter().map(Place::to_string)).collect();
    // Whoever has closed the other end does not want it.
    let _ =
        writeln!(io::stderr(), "looking at {}; it takes two minutes at most, mostly a second", places.join(" and "));
    let doctor = Doctor::new(subject, Arc::new(SystemResolver));
    let mut findings = Vec::new();
    doctor
        .examine(|finding| {
            let _ = if options.json {
                writeln!(io::stderr(), "looked at: {}", finding.check.title())
            } else {
                writeln!(io::stdout(), "{}", terminal::line(&line(&finding)))
            };
            findings.push(finding);
        })
        .await;
    findings.sort_by_key(|finding: &Finding| finding.check);
    if options.json {
        match serde_json::to_string_pretty(&findings) {
            Ok(written) => drop(writeln!(io::stdout(), "{}", terminal::json(&written))),
            Err(fault) => return Outcome::Unusable(format!("cannot be written as JSON: {fault}")),
        }
    }
    conclude(&findings)
}

/// One line: the verdict, what was looked at, and why.
fn line(finding: &Finding) -> String {
    let Finding { check, verdict, seen } = finding;
    let (verdict_word, check_word) = (verdict.word(), check.word());
    match verdict.cause() {
        None => format!("{verdict_word:<9} {check_word:<13} {seen}"),
        Some(cause) => {
            let errors = match cause.errors() {
                [] => String::new(),
                errors => format!(" Messenger shows: {}.", errors.join(", ")),
            };
            format!(
                "{verdict_word:<9} {check_word:<13} {}: {} Seen: {seen}. To mend it: {}{errors}",
                cause.word(),
                cause.says(),
                cause.mend()
            )
        }
    }
}

fn conclude(findings: &[Finding]) -> Outcome {
    let causes: Vec<&str> = findings.iter().filter_map(|finding| finding.verdict.cause()).map(Cause::word).collect();
    if !causes.is_empty() {
        return Outcome::Faulty(vec![format!("wrong: {}", causes.join(", "))]);
    }
    let untested: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.verdict == doctor::Verdict::Untested)
        .map(|finding| Check::word(finding.check))
        .collect();
    let but = if untested.is_empty() { String::new() } else { format!("; not tested: {}", untested.join(", ")) };
    let _ = writeln!(io::stderr(), "nothing is wrong that can be seen from here{but}");
    Outcome::Done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::tests::read;

    #[test]
    fn what_is_asked_for_stands_in_place_of_the_configuration() {
        let configuration = read(
            "[server]\nlisten = [\"0.0.0.0:1863\", { listen = \"[::]:1864\", public_address = \"[2001:db8::1]:1864\" }]\n\
             public_address = \"msn.example:1863\"\n[web]\nlisten = \"0.0.0.0:8080\"\npublic_url = \"https://msn.example\"",
            &[],
        )
        .unwrap();
        let written = |places: &[Place]| places.iter().map(Place::to_string).collect::<Vec<_>>();
        let subject = chosen(&configuration, &DoctorOptions::default()).unwrap();
        assert_eq!(written(&subject.addresses), ["msn.example:1863", "[2001:db8::1]:1864"]);
        assert_eq!(written(&subject.local.unwrap().messenger), ["0.0.0.0:1863", "[::]:1864"]);
        assert_eq!(subject.url.unwrap().as_str(), "https://msn.example/");

        let url = |text: &str| DoctorOptions { url: Some(text.parse().unwrap()), ..DoctorOptions::default() };
        let subject = chosen(&configuration, &url("http://[::1]:8080/x")).unwrap();
        assert_eq!((written(&subject.addresses), subject.local), (vec!["[::1]:1863".to_owned()], None));
        let address = DoctorOptions { address: Some("a.b:1".parse().unwrap()), ..DoctorOptions::default() };
        let subject = chosen(&configuration, &address).unwrap();
        assert_eq!((written(&subject.addresses), subject.url), (vec!["a.b:1".to_owned()], None));
        assert!(chosen(&configuration, &url("ftp://a.b")).unwrap_err().starts_with("--url: ftp://a.b/ is no address"));
    }
}
