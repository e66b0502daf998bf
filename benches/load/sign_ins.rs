//! How many clients can sign in in a second.

use std::time::Duration;

use tokio::{task::JoinSet, time::Instant};

use crate::{
    CHEAP_PASSWORD,
    client::{self, Client, Fault},
    method,
    program::Home,
    row,
};

/// How many clients sign in at the same time, again and again; each has an account of its own.
pub(crate) const WORKERS: usize = 16;

/// Counts sign-ins by password, then by ticket, for `time` each.
pub(crate) async fn measure(home: &Home, time: Duration) -> Result<(), Fault> {
    row("sign-ins by password", &count(home, time, true).await?);
    row("sign-ins by a ticket used again", &count(home, time, false).await?);
    method(&format!(
        "{WORKERS} clients at the same time, each with its own account, begin anew when CHG is answered. By password: an HTTP \
         connection for NotRST, where argon2id runs at full cost, then one for VER, CVR, USR, USR, SYN, CHG. By ticket: the \
         latter alone. Accounts stay in the program's memory between a client's sign-ins."
    ));
    Ok(())
}

async fn count(home: &Home, time: Duration, by_password: bool) -> Result<String, Fault> {
    let addresses = home.addresses();
    let mut workers = JoinSet::new();
    let began = Instant::now();
    for number in 0..WORKERS {
        workers.spawn(async move {
            let passport = Home::passport(if by_password { "prover" } else { "reuser" }, number);
            let prove = || client::ticket(addresses.web, &passport, CHEAP_PASSWORD);
            let mut ticket = prove().await?;
            let mut times = Vec::new();
            while began.elapsed() < time {
                let begun = Instant::now();
                if by_password {
                    ticket = prove().await?;
                }
                drop(Client::sign_in(addresses.messenger, &ticket).await?);
                times.push(begun.elapsed());
            }
            Ok::<_, Fault>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = workers.join_next().await {
        times.extend(done.map_err(|fault| fault.to_string())??);
    }
    let rate = times.len() as f64 / began.elapsed().as_secs_f64();
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok(format!("{rate:.0} a second, {median:.1?} each in the median"))
}
