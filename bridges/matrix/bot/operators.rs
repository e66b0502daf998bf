//! What the bot tells of how things stand.

use std::fmt::Write as _;

use bridge::Failure;

use super::{accounts::described, portals::LISTED};
use crate::{
    appservice::{Appservice, host_failure},
    check::shows_presence,
};

impl Appservice {
    /// Whether the homeserver and this program reach each other.
    pub(super) async fn tell_ping(&self) -> Result<String, Failure> {
        let began = tokio::time::Instant::now();
        let reached = self.ping().await?;
        let (whole, back) = (began.elapsed().as_millis(), reached.as_millis());
        Ok(format!("The homeserver answers in {whole} ms, of which it took {back} ms to reach me."))
    }

    /// Which accounts there are.
    pub(super) async fn tell_accounts(&self) -> Result<String, Failure> {
        let mut owners = self.host.owners().await.map_err(|fault| host_failure(&fault))?;
        owners.sort_by(|one, other| one.passport.cmp(&other.passport));
        let mut text = match owners.len() {
            1 => "One account.".to_owned(),
            count => format!("{count} accounts."),
        };
        for owner in owners.iter().take(LISTED) {
            text.push_str("\n- ");
            text.push_str(&described(owner));
        }
        if owners.len() > LISTED {
            // Writing into a string cannot fail.
            let _ = write!(text, "\nand {} more: say `search WORDS` to find one.", owners.len() - LISTED);
        }
        Ok(text)
    }

    /// Whether the homeserver shows presence.
    pub(super) async fn tell_presence(&self) -> Result<String, Failure> {
        let shown = shows_presence(&self.homeserver, self.configuration.names.bot()).await?;
        Ok(if shown {
            "The homeserver shows presence.".into()
        } else {
            "The homeserver has presence switched off: whether somebody is there is guessed from what they do. Set \
             `presence: {enabled: true}` in homeserver.yaml and restart it, if you want more."
                .into()
        })
    }
}
