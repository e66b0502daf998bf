//! What sessions cost that do nothing.

use std::time::Duration;

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    CHEAP_PASSWORD,
    client::{self, Addresses, Client, Fault},
    method,
    program::{Home, Program},
    row,
};

/// Sessions that are there at the first reading already, so that what the program needs once is not counted.
pub(crate) const WARM_UP: usize = 100;

/// How many sign in at the same time.
const AT_ONCE: usize = 16;

/// After the last sign-in, until memory is read.
const SETTLE: Duration = Duration::from_secs(2);

/// How often clients say that they are there; the server asks them to.
const PING: Duration = Duration::from_secs(50);

/// Reads memory at each number of idle sessions, and watches the processor time of the first.
pub(crate) async fn measure(home: &Home, program: &Program, counts: &[usize], watch: Duration) -> Result<(), Fault> {
    row("memory, no session", &kilobytes(program.memory()?));
    let _warm = sign_in(home.addresses(), 0..WARM_UP).await?;
    sleep(SETTLE).await;
    let warm = program.memory()?;
    row(&format!("memory, {WARM_UP} to warm up"), &kilobytes(warm));
    let mut sessions = Vec::new();
    let (mut last_count, mut last_memory) = (0, warm);
    for (step, &count) in counts.iter().enumerate() {
        sessions.extend(sign_in(home.addresses(), WARM_UP + last_count..WARM_UP + count).await?);
        sleep(SETTLE).await;
        let memory = program.memory()?;
        let each = |memory: u64, before: u64, sessions: usize| {
            format!("{:.2} kB", memory.saturating_sub(before) as f64 / 1024.0 / sessions.max(1) as f64)
        };
        let further = if step == 0 {
            String::new()
        } else {
            format!(", {} for each beyond {last_count}", each(memory, last_memory, count - last_count))
        };
        let whole = each(memory, warm, count);
        row(&format!("memory, {count} idle sessions more"), &format!("{}, {whole} each{further}", kilobytes(memory)));
        (last_count, last_memory) = (count, memory);
        if step == 0 {
            processor_time(program, &mut sessions, watch).await?;
        }
    }
    method(
        "VmRSS of the program, 2 s after all have signed in (NotRST, VER to CHG, challenge answered), less VmRSS with \
         the 100 to warm up; tickets included. Accounts have a password hash of least cost.",
    );
    method("processor time: the sum of /proc/PID/task/*/schedstat, at the first number of sessions.");
    Ok(())
}

async fn sign_in(addresses: Addresses, numbers: std::ops::Range<usize>) -> Result<Vec<Client>, Fault> {
    let mut signing_in = JoinSet::new();
    let mut sessions = Vec::with_capacity(numbers.len());
    for number in numbers {
        if signing_in.len() >= AT_ONCE
            && let Some(session) = signing_in.join_next().await
        {
            sessions.push(session.map_err(|fault| fault.to_string())??);
        }
        signing_in.spawn(async move {
            let passport = Home::passport("idle", number);
            let ticket = client::ticket(addresses.web, &passport, CHEAP_PASSWORD).await?;
            let mut session = Client::sign_in(addresses.messenger, &ticket).await?;
            session.settle().await?;
            Ok::<_, Fault>(session)
        });
    }
    while let Some(session) = signing_in.join_next().await {
        sessions.push(session.map_err(|fault| fault.to_string())??);
    }
    Ok(sessions)
}

/// Watches the processor time while the sessions are silent, and while they ping as they are asked to.
async fn processor_time(program: &Program, sessions: &mut [Client], watch: Duration) -> Result<(), Fault> {
    let before = program.processor_time()?;
    sleep(watch).await;
    let silent = program.processor_time()?;
    let began = Instant::now();
    let pings = usize::try_from(watch.as_millis() * sessions.len() as u128 / PING.as_millis()).unwrap_or(0);
    let pause = watch / u32::try_from(pings.max(1)).unwrap_or(u32::MAX);
    for (turn, session) in (0..).zip(sessions.iter_mut().take(pings)) {
        sleep_until(began + pause * turn).await;
        session.ask("PNG", "QNG ").await?;
    }
    sleep_until(began + watch).await;
    let pinging = program.processor_time()?;
    let count = sessions.len();
    let share = |from: Duration, to: Duration| {
        let taken = to.saturating_sub(from);
        format!(
            "{taken:.1?} in {watch:.0?}, {:.3} % of one processor",
            taken.as_secs_f64() / watch.as_secs_f64() * 100.0
        )
    };
    row(&format!("processor, {count} silent sessions"), &share(before, silent));
    row(&format!("processor, {count} sessions that ping"), &format!("{}; {pings} pings", share(silent, pinging)));
    Ok(())
}

fn kilobytes(bytes: u64) -> String {
    format!("{} kB", bytes / 1024)
}
