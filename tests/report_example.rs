//! The whole way on the bundled example: inputs, facts, engine, findings, triage, every format.

use std::collections::BTreeSet;
use std::path::PathBuf;

use alicerce::config::Config;
use alicerce::facts::Builder;
use alicerce::finding::Severity;
use alicerce::report::{Filter, Parts, Report, assemble, human, json, sarif};
use alicerce::rule::Pack;
use alicerce::triage::Baseline;
use alicerce::world::World;
use alicerce::{engine, input};

fn scan(config: Config, baseline: Option<&Baseline>, filter: Filter) -> Report {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/banco-exemplo");
    let loaded = input::load(&[input::Source::Path(folder)], &input::Options::default());
    let mut builder = Builder::new(loaded.coverage.clone());
    builder.add(&loaded);
    let world = World::new(builder.finish(), config, "2026-11-22T12:00:00Z".parse().unwrap());
    let pack = Pack::builtin().unwrap();
    let only = (!filter.rules.is_empty()).then(|| filter.rules.clone());
    let judged = engine::run(&pack, &world, &engine::Options { only, progress: None });
    assemble(Parts {
        pack: &pack,
        world: &world,
        judged: &judged,
        inputs: &loaded.inputs,
        skipped: &loaded.unrecognised,
        unreadable: &loaded.unreadable,
        tables: Vec::new(),
        baseline,
        filter,
        keep_right: true,
        fail_on: Some(Severity::High),
        strict: false,
    })
}

#[test]
fn the_example_in_every_format() {
    let report = scan(Config::default(), None, Filter::default());
    for finding in &report.findings {
        assert!(!finding.locations.is_empty() && !finding.message.is_empty(), "{finding:#?}");
        for l in finding.locations.iter().chain(finding.related.iter().map(|r| &r.location)) {
            let text = &report.sources.get(l).unwrap().text;
            assert_eq!(text.get(l.start_byte as usize..l.end_byte as usize), Some(l.snippet.as_str()));
        }
    }
    let of = |rule: &str, outcome| report.findings.iter().filter(|f| f.rule == rule && f.outcome == outcome).count();
    for rule in &report.rules {
        assert_eq!(of(&rule.id, alicerce::finding::Outcome::Fail), rule.counts.fail as usize, "{}", rule.id);
        assert_eq!(of(&rule.id, alicerce::finding::Outcome::Pass), rule.counts.pass as usize, "{}", rule.id);
    }
    let fingerprints: BTreeSet<&str> = report.open().map(|f| f.fingerprint.as_str()).collect();
    assert_eq!(fingerprints.len(), report.open().count(), "two failures share a fingerprint");
    let text = human::render(&report, &human::Options { full: true, ..human::Options::default() });
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    if let Some(folder) = std::env::var_os("ALICERCE_KEEP") {
        std::fs::write(PathBuf::from(&folder).join("a.txt"), &text).unwrap();
        std::fs::write(PathBuf::from(&folder).join("a.sarif"), sarif::render(&report, &sarif::Options::default()).text).unwrap();
        std::fs::write(PathBuf::from(&folder).join("a.json"), json::render(&report)).unwrap();
    }
    assert!(json::render(&report) == json::render(&scan(Config::default(), None, Filter::default())));
}

#[test]
fn a_baseline_of_a_scan_makes_the_next_one_quiet() {
    let first = scan(Config::default(), None, Filter::default());
    let baseline = Baseline::of("base.json", &first.findings);
    let second = scan(Config::default(), Some(&baseline), Filter::default());
    assert_eq!((second.open().count(), second.exit_code), (0, 0));
    assert!(second.baseline.unwrap().absent.is_empty());
}

#[test]
fn filters_narrow_what_is_reported_and_say_so() {
    let all = scan(Config::default(), None, Filter::default());
    let Some(account) = all.findings.iter().find_map(|f| f.subject.account.clone()) else { return };
    let filter = Filter { accounts: vec![account.clone()], ..Filter::default() };
    let some = scan(Config::default(), None, filter);
    assert!(some.findings.iter().all(|f| f.subject.account.as_ref() == Some(&account)));
    assert_eq!(some.findings.len(), all.findings.iter().filter(|f| f.subject.account.as_ref() == Some(&account)).count());
    assert_eq!(some.filters, [format!("--account {account}")]);
}
