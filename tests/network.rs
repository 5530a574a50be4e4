//! Topologies under fixtures/network: each with the verdict it must have, and never another one when a part is refused.
//!
//! A topology is drawn in a few lines (fixtures/network/README.md); this file makes the answers of AWS out of it.

#![cfg(test)]

pub mod support;

use std::fs;

use alicerce::doc::Document;
use rayon::prelude::*;

use support::topology::{Files, files, judge, refused};

/// A topology: its name, its verdict, what must stand in its path, its answers.
type Topology = (String, String, String, Files);

fn topologies() -> Vec<Topology> {
    let mut names: Vec<_> = fs::read_dir("fixtures/network").unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    let mut out = Vec::new();
    for path in names.iter().filter(|p| p.extension().is_some_and(|e| e == "yaml")) {
        let document = Document::yaml(path.display().to_string(), fs::read_to_string(path).unwrap()).unwrap();
        for topology in document.root().items() {
            let text = |key: &str| topology.get(key).and_then(|n| n.as_str()).map(str::to_owned);
            let files = files(topology);
            let name = format!("{}: {}", path.file_stem().unwrap().display(), text("case").unwrap());
            assert!(text("why").is_some(), "{name}: no why");
            out.push((name, text("verdict").unwrap(), text("closed").unwrap_or_default(), files));
        }
    }
    out
}

#[test]
fn every_topology_has_its_verdict() {
    let all = topologies();
    assert!(all.len() >= 60, "{} topologies", all.len());
    let mut wrong = Vec::new();
    for (name, verdict, closed, files) in &all {
        let (found, path) = judge(files);
        if found != *verdict || !path.contains(closed.as_str()) {
            wrong.push(format!("{name}: {verdict} wanted {closed}, {found} found: {path}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whatever one call is refused, the verdict stays or becomes undetermined; with two subnets, each for itself.
#[test]
fn a_refused_answer_only_makes_a_verdict_undetermined() {
    let wrong = |(name, verdict, _, files): &Topology| {
        let mut wrong = Vec::new();
        for path in files.keys().filter(|p| !p.contains("/lambda/")) {
            let (found, how) = judge(&refused(files, path));
            if found.split('+').any(|part| part != "undetermined" && !verdict.split('+').any(|v| v == part)) {
                wrong.push(format!("{name}: {verdict} becomes {found} without {path}: {how}"));
            }
        }
        wrong
    };
    let wrong: Vec<String> = topologies().par_iter().flat_map(wrong).collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
