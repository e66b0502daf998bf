//! Builds the crate again when a migration is added: the compiler sees only the files that it embedded before.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
