//! Times the paths of every principal of an export.
//!
//! In: a folder. Out: how long reading, facts and paths took, how many principals there are and how many paths were found.
//! Never: a figure of a run whose input could not be read.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, io};

use alicerce::access::{paths, query};
use alicerce::config::Config;
use alicerce::facts::Facts;
use alicerce::input::{Options, Source, load};
use alicerce::world::World;
use rayon::prelude::*;

fn main() -> ExitCode {
    match run() {
        Ok(text) => {
            let written = io::stdout().write_all(text.as_bytes());
            ExitCode::from(u8::from(written.is_err()))
        }
        Err(problem) => {
            // Where standard error is closed nobody is left to tell.
            let _ = writeln!(io::stderr(), "{problem}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<String, String> {
    let folder = env::args().nth(1).map(PathBuf::from).ok_or("usage: cargo run --release --example paths -- FOLDER")?;
    let start = Instant::now();
    let loaded = load(&[Source::Path(folder)], &Options::default());
    if let Some(problem) = loaded.unreadable.first() {
        return Err(problem.message.to_string());
    }
    let now = "2026-11-22T00:00:00Z".parse().map_err(|_| "no date")?;
    let world = World::new(Facts::build(&loaded), Config::default(), now);
    let read = start.elapsed();
    let start = Instant::now();
    let principals = query::principals(&world);
    let (count, first) = (principals.len(), principals.first().copied());
    // The shared tables are made before the threads start.
    first.map(|id| paths::paths(&world, id));
    let shared = start.elapsed();
    let found: usize = principals.into_par_iter().map(|id| paths::paths(&world, id).paths.len()).sum();
    let all = start.elapsed();
    Ok(format!(
        "read {:.2} s, policies compiled and tables {:.2} s, paths of {count} principals {:.2} s ({found} paths)\n",
        read.as_secs_f64(),
        shared.as_secs_f64(),
        (all - shared).as_secs_f64()
    ))
}
