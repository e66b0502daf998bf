//! Every limit is made to bite: it is counted in the measures, and the log has a line.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use ::server::Limit;
use chrysalis_test_harness::{DEADLINE, Server, within};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::operations::{AGAIN, Measures, observed};

/// What counts how often each limit bit.
const REACHED: &str = "chrysalis_limits_reached_total";

/// A server that tells its measures, and connections that stay as long as it does.
pub(super) struct Stage {
    pub(super) server: Server,
    pub(super) operations: SocketAddr,
    pub(super) held: Vec<TcpStream>,
}

impl Stage {
    /// A server with these accounts and these sections of its configuration, no limit of which has bitten.
    pub(super) async fn of(accounts: &[&str], sections: &str) -> Self {
        let (server, operations) = observed(accounts, sections);
        let measures = Measures::of(operations).await;
        for limit in Limit::ALL {
            assert_eq!(measures.value(REACHED, &[("limit", limit.key())]), Some(0.0), "{limit:?}");
        }
        Self { server, operations, held: Vec::new() }
    }

    /// Connects to an address, says this, and stays.
    pub(super) async fn hold(&mut self, address: SocketAddr, words: &str) {
        let mut stream = within("a connection", TcpStream::connect(address)).await.unwrap();
        within("the server to take bytes", stream.write_all(words.as_bytes())).await.unwrap();
        self.held.push(stream);
    }

    /// Waits until the log tells of a limit, at which nothing may be asked while it bites.
    pub(super) async fn until_told(&self, limit: Limit) {
        self.server.until_logged(&named(limit), 1).await;
    }

    /// Waits until a limit has bitten so often.
    pub(super) async fn until_counted(&self, limit: Limit, times: f64) {
        let began = Instant::now();
        loop {
            let counted = Measures::of(self.operations).await.value(REACHED, &[("limit", limit.key())]);
            if counted.is_some_and(|counted| counted >= times) {
                return;
            }
            assert!(began.elapsed() < DEADLINE, "{limit:?} has bitten {counted:?} times:\n{}", self.server.log());
            // What is measured can only be asked for.
            tokio::time::sleep(AGAIN).await;
        }
    }
}

/// How a line of the log names a limit.
fn named(limit: Limit) -> String {
    format!("limit=\"{}\"", limit.key())
}

/// Has a limit bite in this way: it is counted, and told.
async fn bites(limit: Limit, way: impl Future<Output = Stage>) {
    let stage = way.await;
    stage.until_counted(limit, 1.0).await;
    stage.until_told(limit).await;
    let log = stage.server.log();
    let line = log.lines().find(|line| line.contains(&named(limit))).unwrap();
    assert!(line.contains("a limit was reached") && line.contains(" by="), "{line}");
}

/// A test for each limit. One without a row is none that compiles.
macro_rules! rows {
    (
        here { $($limit:ident => $room:ident::$way:ident,)* }
        elsewhere { $($other:ident => $test:ident in $file:literal,)* }
    ) => {
        $(
            #[tokio::test]
            async fn $way() {
                Box::pin(bites(Limit::$limit, super::$room::$way())).await;
            }
        )*

        /// The test of a limit.
        const fn row(limit: Limit) -> &'static str {
            match limit {
                $(Limit::$limit => stringify!($way),)*
                $(Limit::$other => stringify!($test),)*
            }
        }

        /// Where tests are that have to see the inside, or a whole homeserver: file and name.
        const ELSEWHERE: &[(&str, &str)] = &[$(($file, stringify!($test)),)*];
    };
}

rows! {
    here {
        Connections => arriving::connections,
        ConnectionsPerAddress => arriving::connections_per_address,
        WebConnections => arriving::web_connections,
        ManagementConnections => arriving::management_connections,
        ManagementTokens => arriving::management_tokens,
        OperationsConnections => arriving::operations_connections,
        RequestSize => arriving::request_size,
        Uploads => arriving::uploads,
        Browsers => arriving::browsers,
        GatewaySessions => arriving::gateway_sessions,
        GatewaySessionsPerAddress => arriving::gateway_sessions_per_address,
        SignInAttempts => arriving::sign_in_attempts,
        SignIns => arriving::sign_ins,
        SignInsPerAddress => arriving::sign_ins_per_address,
        Tickets => arriving::tickets,
        PasswordChecks => arriving::password_checks,
        Registrations => arriving::registrations,
        LinkTries => arriving::link_tries,
        LinkPages => arriving::link_pages,
        Notices => arriving::notices,
        BridgeConnections => arriving::bridge_connections,
        BridgeInvitations => arriving::bridge_invitations,
        Lists => talking::lists,
        Groups => talking::groups,
        Rooms => talking::rooms,
        AccountPace => talking::account_pace,
        Errands => talking::errands,
        Calls => talking::calls,
        Messages => talking::messages,
        Participants => talking::participants,
        WaitingMessages => talking::waiting_messages,
        RoomPrompts => talking::room_prompts,
        FileSize => talking::file_size,
        DailyMedia => talking::daily_media,
        MediaBytes => talking::media_bytes,
        Files => talking::files,
        Unsent => talking::unsent,
        Queue => talking::queue,
    }
    elsewhere {
        // Nobody of this machine is counted.
        WebConnectionsPerAddress => each_address_has_its_own_places_and_proxies_as_many_as_they_want in "src/web/crowd.rs",
        // No network that is inside the server has a hundred rooms.
        RoomInvitations => the_oldest_of_too_many_invitations_is_closed_and_counted in "src/server/tests/hosting.rs",
        BridgeCommands => whoever_says_too_much_is_told_of_to_the_host in "bridges/matrix/bot.rs",
        BridgeLinks => own_accounts_are_no_more_than_the_configuration_allows in "tests/end_to_end/own_accounts/linking.rs",
    }
}

#[test]
fn what_bites_elsewhere_is_tested_there() {
    for (file, test) in ELSEWHERE {
        let code = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        assert!(code.contains(&format!("fn {test}()")), "{file} has no test {test}");
    }
}

#[test]
fn every_limit_has_a_row_of_its_own_and_stands_in_the_documentation() {
    let rows: BTreeSet<&str> = Limit::ALL.into_iter().map(row).collect();
    assert_eq!(rows.len(), Limit::ALL.len());
    let documentation = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md");
    let documentation = std::fs::read_to_string(documentation).unwrap();
    let (_, limits) = documentation.split_once("\n## Limits\n").unwrap();
    for limit in Limit::ALL {
        let key = format!("`{}`", limit.key());
        assert!(limits.contains(&key), "docs/operations.md does not say what happens at {key}");
    }
}
