//! What is taken into the program at build: the rules, and the commit it is built from.
//!
//! In: `rules/` (a change below it, a new file included, builds the program again) and `ALICERCE_COMMIT`; without that, in a release
//! build, the commit of the repository that this package is the root of. Out: the compile-time variable `ALICERCE_BUILD_COMMIT`.
//! Never: an error where there is no repository or no git; then the commit is not recorded.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ALICERCE_COMMIT");
    let given = std::env::var("ALICERCE_COMMIT").ok();
    // A build for development would compile anew after every commit.
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if let Some(commit) = given.or_else(|| if release { repository_commit() } else { None })
        && !commit.is_empty()
        && commit.bytes().all(|b| b.is_ascii_hexdigit())
    {
        println!("cargo::rustc-env=ALICERCE_BUILD_COMMIT={commit}");
    }
}

/// The commit that is checked out, where this package is the root of a repository and not a folder in some other one.
fn repository_commit() -> Option<String> {
    let root = std::env::var("CARGO_MANIFEST_DIR").ok()?;
    let top = git(&root, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != Path::new(&root).canonicalize().ok()? {
        return None;
    }
    println!("cargo::rerun-if-changed={}", git(&root, &["rev-parse", "--git-path", "logs/HEAD"])?);
    git(&root, &["rev-parse", "HEAD"])
}

fn git(folder: &str, arguments: &[&str]) -> Option<String> {
    let answer = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    answer.status.success().then(|| text.trim().to_owned())
}
