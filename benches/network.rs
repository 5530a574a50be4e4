//! How long 500 VPCs of 50 subnets, with 5,000, 10,000 and 20,000 network interfaces, take to be judged.
//!
//! In: what `support/topology.rs` writes below `target/`. Out: criterion's numbers: reading and facts, and judging by the rules of the
//! family `network`, from facts of which nothing was asked yet.

#[path = "support/topology.rs"]
mod topology;

use std::collections::BTreeSet;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alicerce::config::Config;
use alicerce::engine::{self, Options as Judging};
use alicerce::facts::Facts;
use alicerce::input::{Options, Source, load};
use alicerce::rule::Pack;
use alicerce::world::World;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const VPCS: usize = 500;

fn written(interfaces: usize) -> std::io::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/synthetic/network-{interfaces}"));
    // The hub comes last.
    if !folder.join("100000000000/global/route53/list-hosted-zones.json").exists() {
        topology::export(&folder, interfaces, VPCS)?;
    }
    Ok(folder)
}

fn judging(criterion: &mut Criterion) {
    let (Ok(pack), Ok(now)) = (Pack::builtin(), "2026-11-22T00:00:00Z".parse()) else { return };
    let of_network = pack.rules().filter(|rule| &*rule.family == "network").map(|rule| rule.id.clone());
    let only: BTreeSet<Arc<str>> = of_network.collect();
    let mut group = criterion.benchmark_group("network");
    group.sample_size(10);
    for interfaces in [5_000, 10_000, 20_000] {
        let Ok(folder) = written(interfaces) else { continue };
        let loaded = load(&[Source::Path(folder)], &Options::default());
        let world = || World::new(Facts::build(&loaded), Config::default(), now);
        group.throughput(Throughput::Elements(u64::try_from(interfaces).unwrap_or_default()));
        group.bench_function(BenchmarkId::new("facts", interfaces), |b| b.iter(world));
        let judge = |world: World| {
            let judged = engine::run(&pack, &world, &Judging { only: Some(only.clone()), progress: None });
            (judged, world)
        };
        group.bench_function(BenchmarkId::new("judge", interfaces), |b| {
            b.iter_batched(world, |world| black_box(judge(world)), BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group!(benches, judging);
criterion_main!(benches);
