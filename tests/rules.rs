//! The built-in rules: right, documented by cases that hold, and known by ids that never vanish.

#![cfg(test)]

use std::collections::BTreeSet;
use std::path::Path;

use alicerce::engine::cases::{self, Expected};
use alicerce::rule::{Pack, schema};

/// The rules as they stand on disk, so that a new one is tested without building the program again.
fn pack() -> Pack {
    Pack::load_dir(Path::new("rules")).unwrap_or_else(|e| panic!("{:#?}", e.errors))
}

#[test]
fn the_static_check_finds_nothing() {
    let errors = pack().check();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn the_embedded_rules_are_those_on_disk() {
    let built_in = Pack::builtin().unwrap_or_else(|e| panic!("{:#?}", e.errors));
    assert_eq!(built_in.digest(), pack().digest());
}

#[test]
fn every_case_holds() {
    let pack = pack();
    let mut wrong = Vec::new();
    for rule in pack.rules() {
        match cases::of(&pack, rule) {
            Err(errors) => wrong.extend(errors.iter().map(alicerce::rule::RuleError::one_line)),
            Ok(all) => {
                for case in &all {
                    let ran = cases::run(&pack, rule, case);
                    wrong.extend(ran.problems.iter().map(|p| format!("{}/{}: {p}", rule.id, case.name)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_rule_shows_what_fails_and_what_passes() {
    let pack = pack();
    for rule in pack.rules() {
        let cases = cases::of(&pack, rule).unwrap_or_else(|e| panic!("{e:#?}"));
        for expected in [Expected::Fail, Expected::Pass] {
            assert!(cases.iter().any(|c| c.expected == expected), "{} has no case that is to {}", rule.id, expected.as_str());
        }
    }
}

/// `tests/rule-ids.txt` holds every id that was ever published. One that is gone must live on as an alias.
#[test]
fn ids_never_vanish() {
    let pack = pack();
    let published = std::fs::read_to_string("tests/rule-ids.txt").unwrap();
    let published: Vec<&str> = published.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).collect();
    for id in &published {
        assert!(pack.find(id).is_some(), "`{id}` was published; keep it as an alias of the rule that took its place");
    }
    let known: BTreeSet<&str> = published.iter().copied().collect();
    let new: Vec<&str> = pack.rules().map(|r| &*r.id).filter(|id| !known.contains(id)).collect();
    assert!(new.is_empty(), "add these to tests/rule-ids.txt: {new:?}");
    assert!(published.is_sorted(), "tests/rule-ids.txt is in order");
}

#[test]
fn every_rule_bears_on_controls_and_names_its_layer() {
    for rule in pack().rules() {
        assert!(!rule.controls.is_empty(), "{} names no control", rule.id);
        assert!(rule.guide.is_some(), "{} names no layer of the guide", rule.id);
    }
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let committed = std::fs::read_to_string("rules/rule.schema.json").unwrap();
    assert_eq!(committed, schema::text(), "run `alicerce rules schema > rules/rule.schema.json`");
}
