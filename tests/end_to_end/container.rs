//! The files for containers. No engine builds or runs them here: they are read as an engine reads them, and what they have the program do
//! is done with the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use chrysalis_test_harness::{Finished, Messenger, PASSWORD, free_address, text, ticket};
use msnp::dialect::Dialect;
use tempfile::TempDir;

use crate::{
    architecture::{is_test, sources, workspace},
    program,
    setup::open_to_others,
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/examples/docker");
const DOCKERFILE: &str = include_str!("../../config/examples/docker/Dockerfile");
const IGNORED: &str = include_str!("../../config/examples/docker/Dockerfile.dockerignore");
const COMPOSE: &str = include_str!("../../config/examples/docker/compose.yaml");
const SYNAPSE: &str = include_str!("../../config/examples/docker/synapse.yaml");
const RUNNING: &str = include_str!("../../docs/running.md");

/// What the image has `server.listen` and `web.listen` be.
const LISTENS: [&str; 2] = ["0.0.0.0:1863", "0.0.0.0:8080"];
const CAROL: &str = "carol@msn.example";
const ECHO: &str = "echo@loopback.msn.example";

/// The instructions of the Dockerfile, each with what follows it.
fn instructions() -> Vec<(String, String)> {
    let lines: Vec<&str> =
        DOCKERFILE.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).collect();
    let whole = lines.join("\n").replace("\\\n", "");
    let instruction = |line: &str| {
        let (name, rest) = line.split_once(' ').unwrap();
        (name.to_owned(), rest.trim().to_owned())
    };
    whole.lines().map(instruction).collect()
}

/// What follows each instruction of this name.
fn all(name: &str) -> Vec<String> {
    instructions().into_iter().filter(|(other, _)| other == name).map(|(_, rest)| rest).collect()
}

/// What follows the only instruction of this name.
fn only(name: &str) -> String {
    let found = all(name);
    let [rest] = &found[..] else { panic!("{name} stands there {} times", found.len()) };
    rest.clone()
}

fn list(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap()
}

/// Where the image keeps what it is given: the folder of the configuration, and that of the data.
fn volumes_of_image() -> [String; 2] {
    [format!("{}/config", all("WORKDIR").last().unwrap()), "/data".to_owned()]
}

/// The commands at the top of compose.yaml, each in one line.
fn steps() -> Vec<String> {
    let shown: Vec<&str> =
        COMPOSE.lines().map_while(|line| line.strip_prefix('#')).filter(|line| line.starts_with("   ")).collect();
    let whole = shown.join("\n").replace("\\\n", "");
    whole.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// What is said of an option in a command.
fn option<'a>(command: &'a str, name: &str) -> &'a str {
    let mut words = command.split(' ').skip_while(|word| *word != name).skip(1);
    words.next().unwrap_or_else(|| panic!("{command} says nothing of {name}"))
}

/// The values of a file in the little of YAML that the examples are written in, by the keys that lead to them, dotted.
fn values(yaml: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut above: Vec<(usize, &str)> = Vec::new();
    for line in yaml.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#')) {
        let said = line.trim_start();
        let depth = line.len() - said.len();
        above.retain(|(other, _)| *other < depth);
        let value = if let Some(entry) = said.strip_prefix("- ") {
            entry
        } else {
            let (key, value) = said.split_once(':').unwrap_or_else(|| panic!("neither key nor entry: {line}"));
            above.push((depth, key));
            value.trim()
        };
        let path: Vec<&str> = above.iter().map(|(_, key)| *key).collect();
        let values = found.entry(path.join(".")).or_default();
        match value.chars().next() {
            None => {}
            Some('[') => values.extend(list(value)),
            Some('"') => values.push(serde_json::from_str(value).unwrap()),
            Some(_) => values.push(value.to_owned()),
        }
    }
    found
}

/// What is mounted where, and how, in a service.
fn mounts(compose: &BTreeMap<String, Vec<String>>, service: &str) -> Vec<(String, String, String)> {
    let mount = |text: &String| {
        let mut parts = text.split(':').map(str::to_owned);
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap_or_default())
    };
    compose[&format!("services.{service}.volumes")].iter().map(mount).collect()
}

/// Whether a path below the root of this source is handed to the engine.
fn is_sent(path: &str) -> bool {
    let mut is_sent = true;
    for line in IGNORED.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (is_meant, pattern) = line.strip_prefix('!').map_or((false, line), |pattern| (true, pattern));
        assert!(pattern == "*" || !pattern.contains(['*', '?', '[']), "{line} is more than this test can read");
        if pattern == "*" || Path::new(path).starts_with(pattern) {
            is_sent = is_meant;
        }
    }
    is_sent
}

/// What is copied from this source into the first stage, and where each goes.
fn copied() -> Vec<(String, String)> {
    let of_source: Vec<String> = all("COPY").into_iter().filter(|copy| !copy.starts_with("--from=")).collect();
    of_source
        .iter()
        .flat_map(|copy| {
            let mut words: Vec<&str> = copy.split_whitespace().collect();
            let to = words.pop().unwrap().to_owned();
            words.into_iter().map(move |from| (from.to_owned(), to.clone())).collect::<Vec<_>>()
        })
        .collect()
}

/// Every file of ours, and every folder of files, without which Cargo does not build the program.
fn needed() -> BTreeSet<String> {
    let metadata = workspace();
    let root = metadata.workspace_root.as_std_path();
    let mut needed: BTreeSet<_> = ["Cargo.toml", "Cargo.lock"].map(|file| root.join(file)).into();
    for package in &metadata.packages {
        needed.insert(package.manifest_path.as_std_path().to_owned());
        needed.extend(package.targets.iter().map(|target| target.src_path.as_std_path().to_owned()));
    }
    for (path, source) in ["src", "bridges"].into_iter().flat_map(|folder| sources(&root.join(folder))) {
        if is_test(path.strip_prefix(root).unwrap()) {
            continue;
        }
        for embedding in ["include_str!(\"", "include_bytes!(\"", "migrate!(\""] {
            let named = source.split(embedding).skip(1).map(|rest| rest.split('"').next().unwrap());
            needed.extend(named.map(|named| path.parent().unwrap().join(named)));
        }
    }
    let root = fs::canonicalize(root).unwrap();
    let relative = |path: &Path| {
        let path = fs::canonicalize(path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
        path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned()
    };
    needed.iter().map(|path| relative(path)).collect()
}

#[test]
fn the_build_gets_what_it_needs_and_nothing_that_may_be_a_secret() {
    let (needed, copied) = (needed(), copied());
    for path in ["config/defaults.toml", "migrations/sqlite", "tests/harness/Cargo.toml"] {
        assert!(needed.contains(path), "{path}: {needed:?}");
    }
    let is_copied = |path: &str| copied.iter().any(|(from, _)| Path::new(path).starts_with(from));
    for path in &needed {
        assert!(is_sent(path), "{path} is needed, and Dockerfile.dockerignore keeps it out");
        assert!(is_copied(path), "{path} is needed, and the Dockerfile does not copy it");
    }
    for (from, to) in &copied {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(from).exists(), "{from} is copied, and not there");
        assert!(is_sent(from), "{from} is copied, and Dockerfile.dockerignore keeps it out");
        let folder = Path::new(from).parent().unwrap().to_str().unwrap();
        let is_kept_in_place = to == from || to.strip_suffix('/').is_some_and(|to| to.trim_matches('.') == folder);
        assert!(is_kept_in_place, "{from} goes to {to}");
    }
    for secret in [
        ".env",
        ".git/config",
        "backup.tar",
        "config/chrysalis.toml",
        "config/data/secrets.key",
        "config/examples/docker/config/networks/matrix.toml",
        "config/matrix-registration.yaml",
        "config/networks/discord.toml",
        "data/chrysalis.db",
        "target/release/chrysalis",
    ] {
        assert!(!is_sent(secret), "{secret} is handed to the engine");
        assert!(!is_copied(secret), "{secret} is copied");
    }
}

#[test]
fn the_image_has_the_program_alone_and_runs_it_as_nobody_in_particular() {
    let stages = all("FROM");
    let [build, image] = &stages[..] else { panic!("{stages:?}") };
    // What is built against a newer glibc does not run on an older one.
    let release = "bookworm";
    assert_eq!(*build, format!("docker.io/library/rust:{}-{release} AS build", env!("CARGO_PKG_RUST_VERSION")));
    assert_eq!(*image, format!("docker.io/library/debian:{release}-slim"));
    let commands = all("RUN");
    let [made, prepared] = &commands[..] else { panic!("{commands:?}") };
    let program = option(made, "--bin");
    assert!(made.contains("--release") && made.contains("--locked"), "{made}");
    let instructions = instructions();
    let stage = instructions.iter().rposition(|(name, _)| name == "FROM").unwrap();
    let of_image = instructions[stage..].iter().filter(|(name, _)| name == "COPY").map(|(_, rest)| rest.as_str());
    let program_alone = format!("--from=build /source/target/release/{program} /usr/local/bin/{program}");
    assert_eq!(of_image.collect::<Vec<_>>(), [program_alone.as_str()]);

    let user = only("USER");
    let (uid, gid) = user.split_once(':').unwrap();
    assert_eq!((option(prepared, "--uid"), option(prepared, "--gid")), (uid, gid));
    assert!(uid.parse::<u32>().unwrap() > 0 && gid.parse::<u32>().unwrap() > 0, "{user}");
    assert!(prepared.contains("ca-certificates"), "{prepared}");
    let volumes = list(&only("VOLUME"));
    assert_eq!(volumes, volumes_of_image());
    for volume in &volumes {
        assert!(prepared.split(' ').any(|word| word == volume), "{volume} is not made for the user: {prepared}");
    }
    assert_eq!(list(&only("ENTRYPOINT")), [program]);
}

#[test]
fn the_services_of_compose_fit_each_other_and_the_image() {
    let compose = values(COMPOSE);
    let [config, data] = volumes_of_image();
    let context = Path::new(FOLDER).join(&compose["services.chrysalis.build.context"][0]);
    assert_eq!(fs::canonicalize(&context).unwrap(), fs::canonicalize(env!("CARGO_MANIFEST_DIR")).unwrap());
    let dockerfile = context.join(&compose["services.chrysalis.build.dockerfile"][0]);
    assert_eq!(fs::read_to_string(dockerfile).unwrap(), DOCKERFILE);

    // Every volume is declared and used; what is no volume is there.
    let (ours, theirs) = (mounts(&compose, "chrysalis"), mounts(&compose, "synapse"));
    let is_file = |from: &str| from.starts_with("./");
    let used: BTreeSet<String> =
        ours.iter().chain(&theirs).map(|(from, ..)| from.clone()).filter(|from| !is_file(from)).collect();
    let declared = compose.keys().filter_map(|key| key.strip_prefix("volumes.")).map(str::to_owned);
    assert_eq!(used, declared.collect::<BTreeSet<String>>());
    for (from, ..) in ours.iter().chain(&theirs).filter(|(from, ..)| is_file(from)) {
        assert!(Path::new(FOLDER).join(from).is_file(), "{from}");
    }
    let places: BTreeSet<&String> = ours.iter().map(|(_, to, _)| to).collect();
    assert_eq!(places, BTreeSet::from([&config, &data]));

    // Synapse reads the registration where it was written, as the same user.
    let shared = ours.iter().find(|(_, to, _)| *to == config).unwrap();
    assert!(theirs.contains(&(shared.0.clone(), config.clone(), "ro".to_owned())), "{theirs:?}");
    let registrations = &values(SYNAPSE)["app_service_config_files"];
    assert_eq!(*registrations, [format!("{config}/matrix-registration.yaml")]);
    let environment = |name: &str| compose[&format!("services.synapse.environment.{name}")][0].clone();
    assert_eq!(format!("{}:{}", environment("UID"), environment("GID")), only("USER"));
    for given in &compose["services.synapse.command"][1..] {
        let file = given.strip_prefix("--config-path=").unwrap();
        assert!(theirs.iter().any(|(_, to, _)| file.starts_with(to.as_str())), "{file} is mounted nowhere");
    }

    // Ports lead to where the program listens, and are this machine's alone.
    let set = all("ENV");
    let wanted =
        [format!("CHRYSALIS__SERVER__LISTEN={}", LISTENS[0]), format!("CHRYSALIS__WEB__LISTEN={}", LISTENS[1])];
    assert_eq!(set, wanted);
    let exposed = only("EXPOSE");
    let listens: Vec<&str> = LISTENS.iter().map(|address| address.rsplit(':').next().unwrap()).collect();
    assert_eq!(exposed.split(' ').collect::<Vec<_>>(), listens);
    let published = &compose["services.chrysalis.ports"];
    assert_eq!(*published, [format!("127.0.0.1:{0}:{0}", listens[0]), format!("127.0.0.1:{0}:{0}", listens[1])]);
    for port in &compose["services.synapse.ports"] {
        assert!(port.starts_with("127.0.0.1:"), "{port}");
    }

    for (key, wanted) in
        [("read_only", "true"), ("tmpfs", "/tmp"), ("cap_drop", "ALL"), ("security_opt", "no-new-privileges:true")]
    {
        assert_eq!(compose[&format!("services.chrysalis.{key}")], [wanted], "{key}");
    }
}

#[test]
fn the_commands_fit_the_services() {
    let (steps, compose) = (steps(), values(COMPOSE));
    assert!((1..=4).contains(&steps.len()), "from nothing to a first message in four steps: {steps:#?}");
    let told = RUNNING.replace("\\\n", "").split_whitespace().collect::<Vec<_>>().join(" ");
    for step in &steps {
        assert!(told.contains(step.as_str()), "docs/running.md does not tell: {step}");
        let words = step.split(' ').collect::<Vec<_>>();
        let service = match words[..] {
            ["docker", "compose", "run", "--rm", service, ..] | ["docker", "compose", "exec", service, ..] => service,
            ["docker", "compose", "up", ..] => continue,
            _ => panic!("{step}"),
        };
        assert!(compose.contains_key(&format!("services.{service}.volumes")), "there is no {service}: {step}");
    }
    let setup = &steps[0];
    assert_eq!(option(setup, "--matrix-server-name"), compose["services.synapse.environment.SYNAPSE_SERVER_NAME"][0]);
    assert!(option(setup, "--matrix-homeserver-url").starts_with("http://synapse:"), "{setup}");
    assert!(option(setup, "--matrix-appservice-url").starts_with("http://chrysalis:"), "{setup}");
    assert_eq!(option(setup, "--data-directory"), volumes_of_image()[1]);
}

/// The program, started as the image starts it. Its volumes lie in one folder, and what it listens on is this machine's.
struct Container {
    folder: TempDir,
    messenger: SocketAddr,
    web: SocketAddr,
    process: Option<Child>,
}

impl Container {
    /// With volumes in which nothing is.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for volume in ["config", "data"] {
            DirBuilder::new().mode(0o700).create(folder.path().join(volume)).unwrap();
        }
        Self { folder, messenger: free_address(), web: free_address(), process: None }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.folder.path());
        for variable in all("ENV") {
            let (name, value) = variable.split_once('=').unwrap();
            let value = value.replace(LISTENS[0], &self.messenger.to_string());
            command.env(name, value.replace(LISTENS[1], &self.web.to_string()));
        }
        command
    }

    /// A command of the program to its end.
    fn finish(mut command: Command, input: &str) -> Finished {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // One that fails early does not read.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Finished {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            complaint: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts the server, without the network of which there is no server here.
    fn start(&mut self) {
        let started = list(&only("CMD"));
        let arguments: Vec<&str> = started.iter().map(String::as_str).collect();
        let mut command = self.command(&arguments);
        command.env("CHRYSALIS__NETWORKS__MATRIX__ENABLED", "false");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        self.process = Some(child);
        assert!(lines.any(|line| line == "Chrysalis is running."), "it ended before it ran");
        // Whatever else it prints must find a reader.
        std::thread::spawn(move || lines.for_each(drop));
    }

    /// What the image's own check says of it.
    fn is_healthy(&self) -> bool {
        let (_, check) = instructions().into_iter().find(|(name, _)| name == "HEALTHCHECK").unwrap();
        let check = list(check.split_once("CMD ").unwrap().1);
        let address = format!("/{}/{}", self.web.ip(), self.web.port());
        let command = check[1..].iter().map(|word| word.replace("/127.0.0.1/8080", &address));
        Command::new(&check[0]).args(command).stderr(Stdio::null()).status().unwrap().success()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_lead_from_nothing_to_a_first_message() {
    let mut container = Container::new();
    let [config, data] = ["config", "data"].map(|volume| container.folder.path().join(volume));
    let steps = steps();
    let setup = steps[0].strip_prefix("docker compose run --rm chrysalis ").unwrap();
    let elsewhere = format!("http://{}", free_address());
    let setup = setup.replace("http://synapse:8008", &elsewhere).replace(" /data ", &format!(" {} ", data.display()));
    let line =
        format!("{setup} --password-stdin --port {} --web-port {}", container.messenger.port(), container.web.port());
    let arguments: Vec<&str> = line.split(' ').collect();
    let done = Container::finish(container.command(&arguments), &format!("{PASSWORD}\n"));
    // Synapse has not read what was just written.
    assert!(done.code == 1 && done.complaint.contains("it was not waited for"), "{done:?}");
    assert!(config.join("matrix-registration.yaml").is_file() && data.join("chrysalis.db").is_file());
    assert_eq!(open_to_others(container.folder.path()), Vec::<String>::new());
    let matrix = fs::read_to_string(config.join("networks/matrix.toml")).unwrap();
    for key in ["url = \"http://chrysalis:29333\"", "listen = \"0.0.0.0:29333\""] {
        assert!(matrix.contains(key), "Synapse has to reach it: {matrix}");
    }
    let main = fs::read_to_string(config.join("chrysalis.toml")).unwrap();
    assert!(main.contains(&format!("admins = [\"{CAROL}\"]")) && !main.contains(PASSWORD), "{main}");

    assert!(!container.is_healthy(), "nothing runs");
    container.start();
    assert!(container.is_healthy());
    let check = steps.last().unwrap().strip_prefix("docker compose exec chrysalis chrysalis ").unwrap();
    let checked = Container::finish(container.command(&check.split(' ').collect::<Vec<_>>()), "");
    assert_eq!((checked.code, checked.out.trim()), (0, "everything is in order"), "{checked:?}");

    let mut carol = Messenger::connect(container.messenger, CAROL, Dialect::Msnp12).await;
    carol.introduce().await;
    carol.prove(&ticket(container.web, CAROL).await).await;
    carol.list().await;
    carol.status("NLN").await;
    let mut talk = carol.call(ECHO).await;
    talk.joined(ECHO).await;
    talk.tell(text("hello from 2005")).await;
    assert_eq!(talk.hear_text(ECHO).await, "hello from 2005");
}

#[test]
fn a_container_that_was_not_set_up_says_so() {
    let container = Container::new();
    let mut command = container.command(&["run"]);
    for variable in all("ENV") {
        let (name, value) = variable.split_once('=').unwrap();
        command.env(name, value);
    }
    let refused = Container::finish(command, "");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.complaint.contains("`chrysalis setup`"), "{refused:?}");
}
