//! How long the example and a synthetic export of 500 roles take to be read, to become facts and to be judged; and 1,500 policy files.
//!
//! In: `fixtures/accounts/banco-exemplo`, and what `support/generate.rs` writes below `target/`. Out: criterion's numbers. The
//! times of whole runs of the program are taken with hyperfine, see `docs/performance.md`.

#[path = "support/generate.rs"]
mod generate;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use alicerce::config::Config;
use alicerce::doc::Document;
use alicerce::facts::Facts;
use alicerce::input::{Options, Source, load};
use alicerce::rule::Pack;
use alicerce::{Filter, Scan, scan};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const ROLES: usize = 500;
const POLICIES: usize = 1500;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The synthetic export, written once.
fn synthetic() -> std::io::Result<PathBuf> {
    let folder = here(&format!("target/synthetic/bench-{ROLES}"));
    let done = folder.join(format!("{}/global/iam/list-service-specific-credentials.json", generate::MEMBER));
    if !done.exists() {
        generate::export(&folder, ROLES, 1, false)?;
    }
    Ok(folder)
}

/// The policy files, written once.
fn policies() -> std::io::Result<PathBuf> {
    let folder = here(&format!("target/synthetic/bench-policies-{POLICIES}"));
    if !folder.exists() {
        generate::policies(&folder, POLICIES, 1)?;
    }
    Ok(folder)
}

/// Reading, judging and putting the report together; rules are compiled anew each time, as in a run of the program.
fn whole(criterion: &mut Criterion) {
    let example = here("fixtures/accounts/banco-exemplo");
    let inputs = [("example", Ok(example)), ("500 roles", synthetic()), ("1,500 policy files", policies())];
    for (name, folder) in inputs {
        let (Ok(folder), Ok(now)) = (folder, "2026-11-22T00:00:00Z".parse()) else { continue };
        let run = || {
            let pack = Pack::builtin().ok()?;
            Some(scan(Scan {
                sources: vec![Source::Path(folder.clone())],
                input: Options::default(),
                config: Config::default(),
                pack,
                now,
                only: Filter::default(),
                baseline: None,
                fail_on: None,
                strict: false,
                keep_all: false,
                pages: false,
                progress: None,
                stream: alicerce::Stream::Off,
            }))
        };
        criterion.benchmark_group(name).sample_size(20).bench_function("scan", |b| b.iter(|| black_box(run())));
    }
}

fn reading(criterion: &mut Criterion) {
    let export = synthetic().unwrap_or_else(|_| here("fixtures/accounts/banco-exemplo"));
    for (name, folder) in [("example", here("fixtures/accounts/banco-exemplo")), ("500 roles", export)] {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        let sources = [Source::Path(folder)];
        let loaded = load(&sources, &Options::default());
        group.throughput(Throughput::Bytes(loaded.inputs.iter().map(|i| i.bytes).sum()));
        group.bench_function("load", |b| b.iter(|| load(black_box(&sources), &Options::default())));
        group.bench_function("facts", |b| b.iter(|| Facts::build(black_box(&loaded))));
        group.finish();
    }
}

fn one_answer(criterion: &mut Criterion) {
    let Ok(folder) = synthetic() else { return };
    let path = folder.join(format!("{}/global/iam/get-account-authorization-details.json", generate::MEMBER));
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let mut group = criterion.benchmark_group("one answer");
    group.throughput(Throughput::Bytes(u64::try_from(text.len()).unwrap_or_default()));
    group.bench_function("json", |b| b.iter(|| Document::json("answer.json", black_box(text.as_str()))));
    group.finish();
}

criterion_group!(benches, reading, one_answer, whole);
criterion_main!(benches);
