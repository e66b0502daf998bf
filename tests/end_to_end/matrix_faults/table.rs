//! What the test prints.

use std::fmt;
use std::time::Duration;

use chrysalis_test_harness::Fault;

use super::journal::Journal;
use super::verdict::{Tally, Verdict};
use super::war::{Calamity, War};

/// What the test prints.
pub(super) struct Table(String);

impl Table {
    pub(super) fn of(war: &War, verdict: &Verdict, journal: &Journal, arrival: Duration) -> Self {
        let mut text = String::new();
        write(&mut text, war, verdict, journal, arrival).expect("a text takes everything");
        Self(text)
    }
}

fn write(
    text: &mut impl fmt::Write,
    war: &War,
    verdict: &Verdict,
    journal: &Journal,
    arrival: Duration,
) -> fmt::Result {
    let head = ["sent", "acknowledged", "delivered", "repeated", "doubled", "lost", "reordered"];
    write!(text, "\n{:<24}", "")?;
    for name in head {
        write!(text, "{name:>13}")?;
    }
    row(text, "Messenger to Matrix", &verdict.to_matrix)?;
    row(text, "Matrix to Messenger", &verdict.to_messenger)?;
    let unknown = journal.said.iter().filter(|word| !journal.taken.contains(word) && !journal.denied.contains(word));
    writeln!(
        text,
        "\n\nof what Messenger said, {} were refused and {} not answered, as somebody died meanwhile",
        journal.denied.len(),
        unknown.count()
    )?;
    writeln!(text, "it lasted {:.0?}, and the last words took {arrival:.1?}", war.lasted)?;
    let happened = |calamity| war.happened.get(&calamity).copied().unwrap_or_default();
    writeln!(
        text,
        "server killed {} times alone; homeserver killed {}, database locked {}, disk full {}: the server with about half of these",
        happened(Calamity::ServerKilled),
        happened(Calamity::HomeserverKilled),
        happened(Calamity::DatabaseLocked),
        happened(Calamity::DiskFull)
    )?;
    let between = war.homeserver.between();
    let (asking, pushing) = (&between.to_homeserver, &between.to_appservice);
    let (met_asking, met_pushing) = (asking.met(), pushing.met());
    writeln!(text, "\n{:<24}{:>13}{:>13}", "faults met", "asking", "pushing")?;
    for fault in Fault::ALL {
        let of = |met: &std::collections::BTreeMap<Fault, u32>| met.get(&fault).copied().unwrap_or_default();
        writeln!(text, "{fault:<24}{:>13}{:>13}", of(&met_asking), of(&met_pushing))?;
    }
    writeln!(text, "{:<24}{:>13}{:>13}", "requests", asking.asked(), pushing.asked())?;
    writeln!(text, "{:<24}{:>13}", "sent again too soon", verdict.impatient)
}

fn row(text: &mut impl fmt::Write, name: &str, tally: &Tally) -> fmt::Result {
    write!(text, "\n{name:<24}")?;
    let counts = [tally.sent, tally.promised, tally.delivered, tally.repeated];
    for count in counts.into_iter().chain([tally.doubled.len(), tally.lost.len(), tally.reordered.len()]) {
        write!(text, "{count:>13}")?;
    }
    Ok(())
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
