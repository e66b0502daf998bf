//! Each target with its seeds: real bytes of clients, and what a fuzzer once found.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use chrysalis_fuzz_targets::TARGETS;

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names in a folder, in order.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|fault| panic!("{}: {fault}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The seeds of a target, with their bytes.
fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = here().join("seeds").join(target);
    names(&folder).iter().map(|name| folder.join(name)).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Seeds are understood, so that they lead a fuzzer somewhere; those that are to be refused say so by their names.
#[test]
fn every_seed_is_taken_by_its_target() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(seeds.len() >= 2, "{name} has too few seeds");
        for (path, bytes) in seeds {
            assert!(bytes.len() <= 16 * 1024, "{} is too long for a seed", path.display());
            let is_refused = path.file_name().unwrap().to_str().unwrap().starts_with("refused-");
            // What breaks a promise panics in here; the name of the test's output before it is the seed's.
            println!("{}", path.display());
            assert_eq!(target(&bytes), !is_refused, "whether {} is understood", path.display());
        }
    }
}

/// The cheapest things that a fuzzer does with a seed, so that those need no fuzzer: cutting it short, and changing single bytes.
#[test]
fn every_seed_is_taken_when_it_is_cut_short_and_changed() {
    for (name, target) in TARGETS {
        // Pictures take a thousand times longer than words.
        let (cuts, changes) = if *name == "picture" { (8, 16) } else { (24, 48) };
        for (path, bytes) in seeds(name) {
            println!("{}", path.display());
            for cut in 0..cuts {
                target(&bytes[..bytes.len() * cut / cuts]);
            }
            for change in 0..changes {
                let mut changed = bytes.clone();
                // Spread over the seed, and not always the same bits.
                let place = bytes.len() * change / changes;
                if let Some(byte) = changed.get_mut(place) {
                    *byte ^= [0x01, 0x20, 0x80, 0xff][change % 4];
                }
                target(&changed);
            }
        }
    }
}

#[test]
fn every_target_has_a_program_and_seeds() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets.len(), TARGETS.len());
    assert_eq!(names(&here().join("seeds")), targets);
    let programs = names(&here().join("../../fuzz/fuzz_targets"));
    assert_eq!(programs, targets.iter().map(|name| format!("{name}.rs")).collect());
}
