//! The questions about networks: which there are to be, and what each of them asks.

use bridge::{SetupAnswers, SetupStep, Stands};

use crate::{
    asking::{Broken, Question},
    configuration::NetworkSection,
    interview::Interview,
    layers,
    networks::{KINDS, Kind},
    setup_options::option,
    terminal, trying,
};

impl Interview<'_> {
    /// Which networks there are to be.
    pub(crate) fn ask_for_networks(&mut self) -> Result<(), Broken> {
        let is_on = |kind: &Kind| match self.present {
            Some(present) => present.networks.iter().any(|network| network.kind == kind.name),
            None => layers::is_usually_on(kind.name),
        };
        let chosen: Vec<&str> = if let Some(named) = &self.options.networks {
            named_networks(named)?
        } else if !self.is_asked_anew() {
            return Ok(());
        } else if self.asker.is_attended() {
            let choice = |kind: &Kind| (format!("{}: {}", kind.name, kind.setup.says()), is_on(kind));
            let chosen = self.asker.choose_some("Networks", &KINDS.iter().map(choice).collect::<Vec<_>>())?;
            chosen.into_iter().filter_map(|place| Some(KINDS.get(place)?.name)).collect()
        } else {
            self.asker.miss("networks");
            return Ok(());
        };
        self.answers.networks = KINDS.iter().map(|kind| (kind.name, chosen.contains(&kind.name))).collect();
        Ok(())
    }

    /// What a network asks, if it is to be on; and again, where its own server says that it cannot be so.
    pub(crate) async fn ask_of_network(&mut self, kind: Kind) -> Result<(), Broken> {
        let section = self.present.and_then(|present| {
            let of_kind = |network: &&NetworkSection| network.kind == kind.name;
            present.networks.iter().find(of_kind).map(|network| &network.section)
        });
        let is_said = self.options.of_networks.concerns(kind.name);
        let is_wanted = self.answers.networks.get(kind.name).copied().unwrap_or(section.is_some());
        if !is_wanted {
            if is_said {
                let network = kind.name;
                return Err(Broken(format!(
                    "--{network}-…: {network} is not to be on: name it among --networks as well, or leave these options out"
                )));
            }
            return Ok(());
        }
        // One of another name is somebody's own work.
        if section.is_some_and(|section| section.name.as_str() != kind.name) {
            return if is_said {
                Err(Broken(format!(
                    "--{0}-…: {0} is configured under another name: change its section by hand",
                    kind.name
                )))
            } else {
                Ok(())
            };
        }
        let known = section.map(|section| known_answers(kind, &section.values)).unwrap_or_default();
        let mut ready: SetupAnswers = known.clone();
        let mut is_first = true;
        loop {
            let given = self.ask_steps(kind, &known, &ready, section.is_some(), is_first).await?;
            ready.extend(given.clone());
            if given.is_empty() {
                return Ok(());
            }
            self.answers.of_networks.insert(kind.name, given);
            let is_complete = self.asker.missing().is_ok();
            if self.options.no_check || !is_complete || self.has_secret_to_read(kind) {
                return Ok(());
            }
            let Err(fault) = trying::admission(self.main, &self.answers, kind).await? else { return Ok(()) };
            if !self.asker.is_attended() {
                return Err(Broken(fault));
            }
            eprintln!("  {}", terminal::line(&fault));
            if !self.asker.confirm("Answer this again?", true)? {
                return Ok(());
            }
            is_first = false;
        }
    }

    /// One round of a network's steps; gives what was answered in it.
    async fn ask_steps(
        &mut self,
        kind: Kind,
        known: &SetupAnswers,
        ready: &SetupAnswers,
        is_configured: bool,
        is_first: bool,
    ) -> Result<SetupAnswers, Broken> {
        let anew = self.is_asked_anew() || !is_configured || !is_first;
        let (mut given, mut all) = (SetupAnswers::new(), known.clone());
        for step in kind.setup.steps() {
            let option = option(kind.name, step);
            let said = self.options.of_networks.given(kind.name, step).filter(|_| is_first);
            let answer = if self.options.of_networks.is_from_input(kind.name, step) {
                // Read in its turn.
                None
            } else if said.is_none() && !anew {
                None
            } else {
                let stands = kind.setup.stands(step.key, &all).await;
                // What followed from other answers before follows from those of now.
                let followed = kind.setup.stands(step.key, ready).await;
                let ready =
                    ready.get(step.key).filter(|ready| !matches!(followed, Stands::Settled(usual) if usual == **ready));
                self.ask_step(step, &option, said, &stands, ready)?
            };
            if let Some(answer) = answer {
                all.insert(step.key, answer.clone());
                given.insert(step.key, answer);
            }
        }
        Ok(given)
    }

    fn ask_step(
        &mut self,
        step: &SetupStep,
        option: &str,
        said: Option<&str>,
        stands: &Stands,
        ready: Option<&String>,
    ) -> Result<Option<String>, Broken> {
        let examine = step.examine;
        let question = |ready| Question { option, ask: step.ask, ready, given: said, examine: &examine };
        match stands {
            Stands::Settled(usual) if said.is_none() => Ok(Some(ready.unwrap_or(usual).clone())),
            Stands::Optional | Stands::Open(_) if step.secret => {
                if !self.asker.is_attended() {
                    if *stands != Stands::Optional {
                        self.asker.miss(option);
                    }
                    return Ok(None);
                }
                let optional = |text: &str| if text.is_empty() { Ok(()) } else { examine(text) };
                let secret = self.asker.secret(
                    &format!("{} (empty: none)", step.ask.trim_end_matches(':')),
                    false,
                    &optional,
                )?;
                Ok(Some(secret.trim().to_owned()).filter(|secret| !secret.is_empty()))
            }
            Stands::Optional => self.asker.text_or_ready(&question(ready.map(String::as_str))),
            Stands::Open(usual) => {
                let ready = ready.or(usual.as_ref()).map(String::as_str);
                self.asker.text(&question(ready))
            }
            Stands::Settled(_) => self.asker.text(&question(None)),
        }
    }

    fn has_secret_to_read(&self, kind: Kind) -> bool {
        kind.setup.steps().iter().any(|step| self.options.of_networks.is_from_input(kind.name, step))
    }
}

/// What a section answers already; secrets are left where they are.
fn known_answers(kind: Kind, values: &serde_json::Map<String, serde_json::Value>) -> SetupAnswers {
    let value = |key: &str| {
        let mut parts = key.split('.');
        let first = values.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))?.as_str().map(str::to_owned)
    };
    kind.setup
        .steps()
        .iter()
        .filter(|step| !step.secret)
        .filter_map(|step| Some((step.key, value(step.key)?)))
        .collect()
}

/// The kinds of these names; `none` alone is none of them.
fn named_networks(named: &[String]) -> Result<Vec<&'static str>, Broken> {
    let named: Vec<&str> = named.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    if named == ["none"] {
        return Ok(Vec::new());
    }
    let kind = |name: &&str| {
        KINDS.iter().find(|kind| kind.name == *name).map(|kind| kind.name).ok_or_else(|| {
            let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            Broken(format!("--networks: there is no network {name:?}: write of {}, or none", known.join(", ")))
        })
    };
    named.iter().map(kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_named_or_none() {
        let names = |text: &str| named_networks(&text.split(',').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(names("matrix, loopback"), Ok(vec!["matrix", "loopback"]));
        assert_eq!(names("none"), Ok(Vec::new()));
        assert!(names("matrix,icq").unwrap_err().0.contains("write of discord, loopback, matrix"));
        assert!(names("none,matrix").is_err());
    }

    #[test]
    fn what_a_section_says_is_an_answer_already() {
        let matrix = KINDS.into_iter().find(|kind| kind.name == "matrix").unwrap();
        let values =
            serde_json::json!({ "server_name": "a.example", "appservice": { "url": "http://b" }, "largest_file": 3 });
        let known = known_answers(matrix, values.as_object().unwrap());
        let wanted = [("appservice.url", "http://b".to_owned()), ("server_name", "a.example".to_owned())];
        assert_eq!(known.into_iter().collect::<Vec<_>>(), wanted);
    }
}
