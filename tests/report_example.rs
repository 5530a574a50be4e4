//! The whole way on the bundled example: inputs, facts, engine, findings, triage, every format.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use alicerce::config::Config;
use alicerce::facts::{Fact, Facts};
use alicerce::finding::{Outcome, Severity, Sources, gather};
use alicerce::report::{Input, Report, RuleInfo, human, json, sarif};
use alicerce::rule::Pack;
use alicerce::triage::{self, Baseline, Known};
use alicerce::world::World;
use alicerce::{engine, input};

fn scan(baseline: Option<&Baseline>, shown: &dyn Fn(&Fact) -> bool) -> Report {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/banco-exemplo");
    let loaded = input::load(&[input::Source::Path(folder)], &input::Options::default());
    let world = World::new(Facts::build(&loaded), Config::default(), "2026-11-22T12:00:00Z".parse().unwrap());
    let pack = Pack::builtin().unwrap();
    let judged = engine::run(&pack, &world, &engine::Options::default());
    let mut sources = Sources::default();
    let gathered = gather(&judged, &world.facts, &mut sources, shown, true);
    let known: Vec<Known<'_>> = pack.rules().map(|r| Known { id: &r.id, aliases: Vec::new(), enabled: r.default_on }).collect();
    let today = "2026-11-22".parse().unwrap();
    let uncollected = BTreeMap::new();
    let options = triage::Options { config: &world.config, today, baseline, rules: &known, uncollected: &uncollected };
    let (findings, baseline) = triage::apply(gathered.findings, &mut sources, &options);
    let info = |r: &std::sync::Arc<alicerce::rule::Rule>| RuleInfo {
        id: r.id.to_string(),
        family: r.family.to_string(),
        title: engine::page::title(r),
        why: r.why.to_string(),
        fix: r.source("fix").to_owned(),
        help: r.why.to_string(),
        help_uri: None,
        severity: r.severity,
        enabled: r.default_on,
        controls: BTreeMap::new(),
        aliases: Vec::new(),
        counts: gathered.counts.get(&r.id).copied().unwrap_or_default(),
        not_looked_for: Vec::new(),
    };
    Report {
        inputs: vec![Input { name: "fixtures".into(), ..Input::default() }],
        rules: pack.rules().map(info).collect(),
        exit_code: triage::exit_code(&findings, Some(Severity::High), false, false),
        posture_notes: gathered.undeclared,
        findings,
        baseline,
        sources,
        ..Report::default()
    }
}

#[test]
fn the_example_in_every_format() {
    let report = scan(None, &|_| true);
    for finding in &report.findings {
        assert!(!finding.locations.is_empty() && !finding.message.is_empty(), "{finding:#?}");
        for l in finding.locations.iter().chain(finding.related.iter().map(|r| &r.location)) {
            let text = report.sources.text(report.sources.get(l).unwrap()).unwrap();
            assert_eq!(text.get(l.start_byte as usize..l.end_byte as usize), Some(l.snippet.as_str()));
        }
    }
    let of = |rule: &str, outcome| report.findings.iter().filter(|f| f.rule == rule && f.outcome == outcome).count();
    for rule in &report.rules {
        assert_eq!(of(&rule.id, Outcome::Fail), rule.counts.fail as usize, "{}", rule.id);
        assert_eq!(of(&rule.id, Outcome::Pass), rule.counts.pass as usize, "{}", rule.id);
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
    assert!(json::render(&report) == json::render(&scan(None, &|_| true)));
}

#[test]
fn a_baseline_of_a_scan_makes_the_next_one_quiet() {
    let first = scan(None, &|_| true);
    let baseline = Baseline::of("base.json", &first.findings);
    let second = scan(Some(&baseline), &|_| true);
    assert_eq!((second.open().count(), second.exit_code), (0, 0));
    assert!(second.baseline.unwrap().absent.is_empty());
}

#[test]
fn what_is_narrowed_is_neither_listed_nor_counted() {
    let all = scan(None, &|_| true);
    let account = all.findings.iter().find_map(|f| f.subject.account.clone()).unwrap();
    let some = scan(None, &|fact| fact.account.as_deref() == Some(&account));
    let expected: Vec<_> = all.findings.iter().filter(|f| f.subject.account.as_ref() == Some(&account)).collect();
    assert!(some.findings.len() < all.findings.len());
    assert_eq!(some.findings.len(), expected.len());
    let counted: u32 =
        some.rules.iter().map(|r| r.counts.fail + r.counts.unknown + r.counts.pass + r.counts.not_applicable).sum();
    assert_eq!(counted as usize, expected.len());
}

#[test]
fn an_unknown_has_a_sentence_and_a_reason() {
    for finding in scan(None, &|_| true).of(Outcome::Unknown) {
        assert!(finding.message.contains("could not be determined") && !finding.reasons.is_empty(), "{finding:#?}");
    }
}
