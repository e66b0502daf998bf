//! `chrysalis setup`, without and with somebody at the terminal.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use chrysalis_discord_double::Double;
use chrysalis_test_harness::{Finished, Messenger, PASSWORD, Server, chrysalis, free_address, text};
use msnp::dialect::Dialect;

use crate::{program, terminal::Terminal};

const CAROL: &str = "carol@msn.example";
const ECHO: &str = "echo@loopback.msn.example";

/// Sets up in this folder.
fn set_up(folder: &Path, line: &str, input: &str) -> Finished {
    let arguments: Vec<&str> = ["setup"].into_iter().chain(line.split_whitespace()).collect();
    chrysalis(program(), &folder.join("chrysalis.toml"), &arguments, &[], input)
}

/// The options of a set-up with this server's own ports.
fn alone(messenger: u16, web: u16) -> String {
    format!("--domain msn.example --networks loopback --port {messenger} --web-port {web}")
}

/// Every file and folder below this one that somebody else than this user may look into.
pub(crate) fn open_to_others(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
            if mode & 0o077 != 0 {
                found.push(format!("{} {mode:o}", path.display()));
            }
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

/// Says something to Echo, and hears it again.
async fn speaks_with_echo(server: &Server) {
    let mut carol = Messenger::online(server, CAROL, Dialect::Msnp12).await;
    let mut talk = carol.call(ECHO).await;
    talk.joined(ECHO).await;
    talk.tell(text("hello from 2005")).await;
    assert_eq!(talk.hear_text(ECHO).await, "hello from 2005");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_alone_is_set_up_by_options_and_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let (messenger, web) = (free_address(), free_address());
    let line = format!("{} --account {CAROL} --password-stdin --sign-up invite", alone(messenger.port(), web.port()));
    let done = set_up(folder.path(), &line, &format!("{PASSWORD}\n"));
    assert_eq!((done.code, done.complaint.as_str()), (0, ""), "{done:?}");
    for told in ["Everything is in order", "carol@msn.example can sign in", &format!("http://{web}"), " run "] {
        assert!(done.out.contains(told), "{told}: {done:?}");
    }
    assert_eq!(open_to_others(folder.path()), Vec::<String>::new());
    let config = fs::read_to_string(folder.path().join("chrysalis.toml")).unwrap();
    for key in
        ["domain = \"msn.example\"", "sign_up = \"invite\"", "admins = [\"carol@msn.example\"]", "enabled = true"]
    {
        assert!(config.contains(key), "{key}: {config}");
    }
    assert!(!config.contains(PASSWORD) && !done.out.contains(PASSWORD), "the password is written nowhere");
    speaks_with_echo(&Server::configured(program(), folder, messenger, web)).await;
}

#[test]
fn where_nobody_can_be_asked_what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let refused = set_up(folder.path(), "", "");
    assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{refused:?}");
    for option in ["--domain", "--networks", "--account"] {
        assert!(refused.complaint.contains(option), "{refused:?}");
    }
    let line = format!("--domain msn.example --networks matrix --account {CAROL}");
    let refused = set_up(folder.path(), &line, "");
    let missing = "missing: --matrix-homeserver-url, --matrix-server-name, --password-stdin (";
    assert!(refused.code == 2 && refused.complaint.contains(missing), "{refused:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn a_wrong_answer_is_refused_with_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    for (line, input, wanted) in [
        ("--domain local --networks none --no-account", "", "--domain: \"local\" is no domain: write one with a dot"),
        ("--domain a.example --networks aim --no-account", "", "--networks: there is no network \"aim\""),
        ("--domain a.example --networks none --account carol --password-stdin", "x\n", "--account: \"carol\""),
        (
            "--domain a.example --networks none --account x@matrix.a.example --password-stdin",
            "x\n",
            "is reserved for people of the networks",
        ),
        ("--domain a.example --networks none --account x@a.example --password-stdin", "short\n", "too short"),
        ("--domain a.example --networks none --account x@a.example --password-stdin", "", "the password should stand"),
        ("--domain a.example --networks none --address 10.0.0.1:3 --no-account", "", "--address: \"10.0.0.1:3\""),
        ("--domain a.example --networks none --matrix-server-name b --no-account", "", "name it among --networks"),
        ("--domain a.example --networks discord --discord-token-stdin --no-account", "hunter2\n", "no bot token"),
    ] {
        let refused = set_up(folder.path(), line, input);
        assert!(refused.code == 2 && refused.complaint.contains(wanted), "{line}: {refused:?}");
        assert!(!refused.complaint.contains("hunter2"), "{refused:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn what_is_there_is_changed_only_where_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chrysalis.toml");
    let done =
        set_up(folder.path(), &format!("{} --no-account", alone(free_address().port(), free_address().port())), "");
    assert_eq!(done.code, 0, "{done:?}");
    let mine = fs::read_to_string(&file).unwrap().replace("[server]\n", "[server]\n# mine\nemoji = \"unicode\"\n");
    fs::write(&file, &mine).unwrap();

    let refused = set_up(folder.path(), "--domain other.example", "");
    let change = "server.domain = \"msn.example\" becomes \"other.example\"";
    assert!(refused.code == 2 && refused.complaint.contains(change), "{refused:?}");
    assert!(refused.complaint.contains("--replace"), "{refused:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), mine);

    let replaced = set_up(folder.path(), "--domain other.example --replace", "");
    assert!(replaced.code == 0 && replaced.out.contains(change), "{replaced:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), mine.replace("\"msn.example\"", "\"other.example\""));
    let kept = folder.path().join("chrysalis.toml.before-1");
    assert_eq!(fs::read_to_string(kept).unwrap(), mine);

    // What is wrong already is not made worse.
    fs::write(&file, "[server]\ndomian = 1\n").unwrap();
    let refused = set_up(folder.path(), "--domain other.example --replace", "");
    assert!(refused.code == 2 && refused.complaint.contains("server.domian: unknown field"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_comes_by_standard_input_and_stands_in_a_file_of_its_own() {
    let double = Double::start().await;
    let (guild, bot) = (double.guild("Tea"), double.bot("relay"));
    bot.joins(&guild);
    let folder = tempfile::tempdir().unwrap();
    let line = format!(
        "{} --networks discord --discord-token-stdin --account {CAROL} --password-stdin",
        alone(free_address().port(), free_address().port()).replace("--networks loopback", "")
    );
    let arguments: Vec<&str> = ["setup"].into_iter().chain(line.split_whitespace()).collect();
    let api = double.api_base();
    let environment = [("CHRYSALIS__NETWORKS__DISCORD__API_BASE", api.as_str())];
    let file = folder.path().join("chrysalis.toml");
    let set_up = |token: String| {
        let (file, arguments, environment) = (file.clone(), arguments.clone(), environment);
        chrysalis(program(), &file, &arguments, &environment, &format!("{PASSWORD}\n{token}\n"))
    };
    let stranger = tokio::task::block_in_place(|| set_up("MTAwMA.aaaaaa.bbbbbb".to_owned()));
    assert!(stranger.code == 2 && stranger.complaint.contains("Discord does not take it"), "{stranger:?}");
    assert!(!file.exists(), "nothing was written");
    let done = tokio::task::block_in_place(|| set_up(bot.token().to_owned()));
    // This bot is in no guild yet, which is all that is wrong.
    assert!(!done.complaint.contains("discord.token"), "{done:?}");
    let section = fs::read_to_string(folder.path().join("networks/discord.toml")).unwrap();
    assert!(section.contains("token_file = \"data/discord-token\"") && !section.contains(bot.token()), "{section}");
    let kept = || fs::read_to_string(folder.path().join("data/discord-token")).unwrap();
    assert_eq!(kept().trim(), bot.token());
    // A token that works is not replaced because somebody gives a command once more.
    let another = tokio::task::block_in_place(|| {
        let arguments = ["setup", "--non-interactive", "--no-check", "--discord-token-stdin"];
        chrysalis(program(), &file, &arguments, &environment, "MTAwMA.aaaaaa.cccccc\n")
    });
    assert!(another.code != 0 && another.complaint.contains("discord-token gets another secret"), "{another:?}");
    assert_eq!(kept().trim(), bot.token());
    assert_eq!(open_to_others(folder.path()), Vec::<String>::new());
}

/// A terminal at which a set-up asks.
fn terminal(folder: &Path, line: &str) -> Terminal {
    let config = folder.join("chrysalis.toml");
    let line = format!("{} --config {} setup {line}", program().display(), config.display());
    Terminal::run(&line, &[("NO_COLOR", "1"), ("USER", "carol")])
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_at_a_terminal_is_asked_and_hides_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let (messenger, web) = (free_address(), free_address());
    let shown = tokio::task::block_in_place(|| {
        let line = format!("--port {} --web-port {}", messenger.port(), web.port());
        let mut terminal = terminal(folder.path(), &line);
        for (question, keys) in [
            ("Domain of this server", "local\r"),
            ("write one with a dot", ""),
            ("Domain of this server", "\r"),
            ("reach this machine", "\r"),
            // Echo is chosen already.
            ("space chooses", "\r"),
            ("first account?", "y"),
            ("Its address", "\r"),
            ("Its password", &format!("{PASSWORD}\r")),
            ("The same again", &format!("{PASSWORD}\r")),
            ("admin", "y"),
            ("makes themselves", "\r"),
            ("Write these files?", "y"),
        ] {
            terminal.until(question);
            if keys.starts_with(PASSWORD) {
                terminal.until_hidden();
            }
            terminal.types(keys);
        }
        terminal.ends()
    });
    assert!(shown.contains("Everything is in order"), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
    assert_eq!(open_to_others(folder.path()), Vec::<String>::new());
    speaks_with_echo(&Server::configured(program(), folder, messenger, web)).await;
}

#[test]
fn breaking_off_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut asking = terminal(folder.path(), "");
    asking.until("Domain of this server");
    asking.types("\u{3}");
    let shown = asking.ends();
    assert!(shown.contains("nothing was written"), "{shown}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    // A question that hides the cursor gives it back.
    let mut asking = terminal(folder.path(), "--domain a.example --address 127.0.0.1 --networks none");
    asking.until("first account?");
    asking.until("\u{1b}[?25l");
    asking.types("\u{3}");
    let shown = asking.ends();
    let (hidden, back) = (shown.rfind("\u{1b}[?25l"), shown.rfind("\u{1b}[?25h"));
    assert!(shown.contains("nothing was written") && hidden < back, "{shown:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// `chrysalis setup … | head -1`.
#[test]
fn a_setup_goes_on_where_nobody_reads_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let (messenger, web) = (free_address(), free_address());
    let line = format!("{} --account {CAROL} --password-stdin", alone(messenger.port(), web.port()));
    let mut setting_up = Command::new(program())
        .arg("--config")
        .arg(folder.path().join("chrysalis.toml"))
        .arg("setup")
        .args(line.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(setting_up.stdout.take());
    writeln!(setting_up.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    let ended = setting_up.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(folder.path().join("chrysalis.toml").exists() && folder.path().join("data").exists());
}
