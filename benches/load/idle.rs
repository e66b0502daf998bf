//! What sessions cost that do nothing.

use std::ops::Range;
use std::time::Duration;

use tokio::{
    net::TcpStream,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    CHEAP_PASSWORD,
    client::{self, Client, Fault},
    echo::Echo,
    method, processors,
    program::{Home, Program},
    row,
};

/// Sessions that are there at the first reading already, so that what the program needs once is not counted.
pub(crate) const WARM_UP: usize = 100;

/// After the last sign-in, until memory is read.
const SETTLE: Duration = Duration::from_secs(2);

/// How often clients say that they are there; the server asks them to.
const PING: Duration = Duration::from_secs(50);

/// Reads memory at each number of idle sessions, and watches the processor time of the last for `watch`, if there is any.
pub(crate) async fn measure(
    home: &Home,
    program: &Program,
    counts: &[usize],
    watch: Option<Duration>,
) -> Result<(), Fault> {
    let contacts = if home.has_loopback() { "one contact each" } else { "no contacts" };
    let empty = program.memory()?;
    let _warm = sign_in(home, 0..WARM_UP).await?;
    sleep(SETTLE).await;
    let mut memory = Memory::begin(contacts, program.memory()?);
    row(&format!("memory, no session, {contacts}"), &format!("{} kB", empty / 1024));
    let mut sessions: Vec<Client> = Vec::new();
    for &count in counts {
        sessions.extend(sign_in(home, WARM_UP + sessions.len()..WARM_UP + count).await?);
        sleep(SETTLE).await;
        memory.read(count, program.memory()?);
    }
    if let Some(watch) = watch {
        processor_time(program, &mut sessions, watch).await?;
    }
    Ok(())
}

/// As [`measure`], for connections to the echo.
pub(crate) async fn measure_echo(echo: &Echo, counts: &[usize]) -> Result<(), Fault> {
    let connect = || async { client::connect(echo.address).await.map_err(|fault| format!("the echo: {fault}")) };
    let mut connections: Vec<TcpStream> = Vec::new();
    for _ in 0..WARM_UP {
        connections.push(connect().await?);
    }
    sleep(SETTLE).await;
    let mut memory = Memory::begin("plain TCP echo", echo.memory()?);
    for &count in counts {
        while connections.len() < WARM_UP + count {
            connections.push(connect().await?);
        }
        sleep(SETTLE).await;
        memory.read(count, echo.memory()?);
    }
    method(
        "VmRSS 2 s after all have signed in (NotRST, VER to CHG, challenge answered), less VmRSS with 100 to warm up; \
         tickets included. Accounts have a password hash of least cost. Processor: /proc/PID/task/*/schedstat.",
    );
    Ok(())
}

/// Readings of memory.
struct Memory {
    what: &'static str,
    /// With those to warm up.
    warm: u64,
    last: (usize, u64),
}

impl Memory {
    const fn begin(what: &'static str, warm: u64) -> Self {
        Self { what, warm, last: (0, warm) }
    }

    fn read(&mut self, count: usize, memory: u64) {
        let each = |before: u64, sessions: usize| {
            format!("{:.2} kB", memory.saturating_sub(before) as f64 / 1024.0 / sessions.max(1) as f64)
        };
        let (last_count, last) = self.last;
        let further = if last_count == 0 {
            String::new()
        } else {
            format!("; {} for each beyond {last_count}", each(last, count - last_count))
        };
        row(
            &format!("memory, each of {count} idle, {}", self.what),
            &format!("{}, {} kB in all{further}", each(self.warm, count), memory / 1024),
        );
        self.last = (count, memory);
    }
}

async fn sign_in(home: &Home, numbers: Range<usize>) -> Result<Vec<Client>, Fault> {
    let addresses = home.addresses();
    let sign_in = |number| async move {
        let passport = Home::passport("idle", number);
        Client::arrive(addresses, &passport, CHEAP_PASSWORD).await
    };
    client::all(numbers.map(sign_in)).await
}

/// Watches the processor time while the sessions are silent, and while they ping as they are asked to.
async fn processor_time(program: &Program, sessions: &mut [Client], watch: Duration) -> Result<(), Fault> {
    let taken = || processors::time(program.process());
    let before = taken()?;
    sleep(watch).await;
    let silent = taken()?;
    let began = Instant::now();
    let pings = usize::try_from(watch.as_millis() * sessions.len() as u128 / PING.as_millis()).unwrap_or(0);
    let pause = watch / u32::try_from(pings.max(1)).unwrap_or(u32::MAX);
    for (turn, session) in (0..).zip(sessions.iter_mut().take(pings)) {
        sleep_until(began + pause * turn).await;
        session.ask("PNG", "QNG ").await?;
    }
    sleep_until(began + watch).await;
    let pinging = taken()?;
    let count = sessions.len();
    let share = |from: Duration, to: Duration| {
        format!("{:.3} % of one", to.saturating_sub(from).as_secs_f64() / watch.as_secs_f64() * 100.0)
    };
    row(&format!("processor, {count} silent"), &share(before, silent));
    row(&format!("processor, {count} that ping every 50 s"), &share(silent, pinging));
    Ok(())
}
