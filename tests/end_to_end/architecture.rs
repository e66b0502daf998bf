//! Who may import whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

pub(crate) fn workspace() -> Metadata {
    // Only what the manifests say: nothing is looked up, so no network is needed.
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().other_options(["--offline".to_owned()]).exec().unwrap()
}

/// The folder of a package within the workspace: `src/msnp`, `bridges/matrix`, or nothing for the root.
fn folder(metadata: &Metadata, package: &Package) -> String {
    let folder = package.manifest_path.parent().unwrap().strip_prefix(&metadata.workspace_root).unwrap();
    folder.as_str().to_owned()
}

/// Each package's folder, with the folders of ours that it names, in any way but for its tests.
fn imports(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let folders: BTreeMap<&str, String> =
        metadata.packages.iter().map(|package| (package.name.as_str(), folder(metadata, package))).collect();
    let of = |package: &Package| {
        let dependencies =
            package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        dependencies.filter_map(|dependency| folders.get(dependency.name.as_str()).cloned()).collect()
    };
    metadata.packages.iter().map(|package| (folder(metadata, package), of(package))).collect()
}

/// What the package in that folder may import; `None` for one that nobody has said anything about.
fn allowed(folder: &str) -> Option<&'static [&'static str]> {
    Some(match folder {
        "src/msnp" | "src/domain" | "src/doctor" => &[],
        "src/session" => &["src/msnp", "src/domain"],
        "src/media" | "bridges/api" => &["src/domain"],
        "src/store" => &["src/domain", "bridges/api"],
        "src/server" => &["src/session", "src/msnp", "src/domain", "src/store", "src/media", "bridges/api"],
        "src/management" | "src/operations" => &["src/server", "src/domain"],
        "src/web" => &["src/server", "src/media", "src/domain", "src/doctor"],
        bridge if bridge.starts_with("bridges/") => &["bridges/api", "src/domain"],
        _ => return None,
    })
}

#[test]
fn nobody_imports_what_they_must_not_know() {
    let metadata = workspace();
    let imports = imports(&metadata);
    assert!(imports.len() >= 11, "{imports:?}");
    for (folder, imported) in &imports {
        // The program ties all together, and tests may reach for anything.
        if folder.is_empty() || folder.starts_with("tests/") {
            continue;
        }
        let allowed = allowed(folder).unwrap_or_else(|| panic!("{folder} is new: say here what it may import"));
        let forbidden: Vec<&String> = imported.iter().filter(|one| !allowed.contains(&one.as_str())).collect();
        assert!(forbidden.is_empty(), "{folder} must not import {forbidden:?}: it may know {allowed:?}");
    }
}

#[test]
fn only_the_program_names_a_network() {
    let metadata = workspace();
    for (folder, imported) in imports(&metadata) {
        let named: Vec<_> =
            imported.iter().filter(|one| one.starts_with("bridges/") && one.as_str() != "bridges/api").collect();
        assert!(folder.is_empty() || folder.starts_with("tests/") || named.is_empty(), "{folder} names {named:?}");
    }
    let sources = sources(&metadata.workspace_root.as_std_path().join("src"));
    for (path, text) in sources.iter().filter(|(path, _)| !path.ends_with("src/networks.rs")) {
        for network in ["discord::", "matrix::", "loopback::"] {
            assert!(!text.contains(&format!(" {network}")), "{} names {network}", path.display());
        }
    }
}

#[test]
fn pure_crates_have_no_runtime_no_clock_and_no_chance() {
    let metadata = workspace();
    for pure in ["src/msnp", "src/domain", "src/session"] {
        let package = metadata.packages.iter().find(|package| folder(&metadata, package) == pure).unwrap();
        let kinds = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        for dependency in kinds {
            let forbidden = ["tokio", "tokio-util", "sqlx", "rand", "getrandom", "async-std", "uuid"];
            assert!(!forbidden.contains(&dependency.name.as_str()), "{pure} depends on {}", dependency.name);
        }
        let sources = sources(&metadata.workspace_root.as_std_path().join(pure));
        assert!(sources.len() > 5, "{pure}");
        // A test has to begin somewhere.
        for (path, text) in sources.iter().filter(|(path, _)| !is_test(path)) {
            for clock in ["Instant::now", "SystemTime::now"] {
                assert!(!text.contains(clock), "{} looks at the clock: {clock}", path.display());
            }
        }
    }
}

/// Whether a file is there for tests alone.
pub(crate) fn is_test(path: &Path) -> bool {
    let is_folder_of_tests =
        |part: std::path::Component<'_>| ["tests", "benches"].map(Some).contains(&part.as_os_str().to_str());
    path.file_name().is_some_and(|name| name == "tests.rs") || path.components().any(is_folder_of_tests)
}

/// All Rust files below a folder, with their text.
pub(crate) fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}
