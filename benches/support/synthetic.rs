//! Writes the synthetic input that the measurements of `docs/performance.md` use.
//!
//! In: a kind, a folder that does not exist yet, how many, and optionally a seed. Out: files.
//! Never: an existing folder written into.

mod generate;
mod organisation;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, io};

const USAGE: &str =
    "usage: cargo run --release --example synthetic -- export|broad-export|organisation|policies FOLDER [HOW-MANY] [SEED]";

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Where standard error is closed nobody is left to tell.
            let _ = writeln!(io::stderr(), "{problem}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let [kind, folder, rest @ ..] = arguments else { return Err(USAGE.into()) };
    let folder = PathBuf::from(folder);
    if folder.exists() {
        return Err(format!("{} exists already", folder.display()));
    }
    let number = |at: usize, default: u64| match rest.get(at) {
        Some(text) => text.parse::<u64>().map_err(|_| format!("`{text}` is not a number\n{USAGE}")),
        None => Ok(default),
    };
    let seed = number(1, 1)?;
    let count = |default| number(0, default).and_then(|n| usize::try_from(n).map_err(|e| e.to_string()));
    let written = match kind.as_str() {
        "export" => generate::export(&folder, count(5_000)?, seed, false),
        "broad-export" => generate::export(&folder, count(5_000)?, seed, true),
        "organisation" => organisation::export(&folder, count(1_000)?, seed),
        "policies" => generate::policies(&folder, count(1_500)?, seed),
        _ => return Err(USAGE.into()),
    };
    written.map_err(|e| format!("{}: {e}", folder.display()))
}
