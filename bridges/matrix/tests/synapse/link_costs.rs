//! What each link costs: open files and memory.

use crate::{
    Setup,
    linking::{by_password, until_connected},
};

/// The memory of this process, in kibibytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_has_few_files_open() {
    const LINKS: usize = 5;
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let addresses: Vec<String> = (0..LINKS).map(|number| format!("user{number}@msn.example")).collect();
    let owners: Vec<(&str, &str)> = addresses.iter().map(|address| (address.as_str(), "User")).collect();
    let host = setup.host(&owners);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let mut sizes = vec![memory()];
    for (number, address) in addresses.iter().enumerate() {
        synapse.person(&format!("user{number}")).await;
        by_password(&network, address, &format!("user{number}")).await.unwrap();
        until_connected(&network, address).await;
        sizes.push(memory());
    }
    // Other tests of this process have files open as well, but not these.
    let stores = setup.section.data_directory.join("own");
    let files = std::fs::read_dir("/proc/self/fd").unwrap().filter(|file| {
        let file = file.as_ref().unwrap().path();
        std::fs::read_link(file).is_ok_and(|file| file.starts_with(&stores))
    });
    let files = files.count();
    eprintln!("{LINKS} links: {files} files open, KiB of memory after each: {sizes:?}");
    assert!((LINKS..=LINKS * 10).contains(&files), "{files} files are open");
    network.stop().await;
    synapse.halt().await;
}
