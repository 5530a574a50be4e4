//! Overrides, waivers, baseline, exit code; fingerprints that hold through edits.

#![cfg(test)]

#[path = "support/report.rs"]
mod support;

use std::collections::BTreeMap;

use alicerce::config::Config;
use alicerce::doc::Document;
use alicerce::finding::{BaselineState, Finding, Outcome, Reason, Severity, Sources, make};
use alicerce::triage::{Baseline, BaselineError, BaselineSummary, Known, Options, Uncollected, apply, exit_code, parse_fail_on};
use support::{ROLE, at, failure, json, unknown, verdict};

const FIRST: &str = "/RoleDetailList/0/RolePolicyList/0/PolicyDocument/Statement/0/Action/1";

fn run(
    config: &str,
    findings: Vec<Finding>,
    baseline: Option<&Baseline>,
    sources: &mut Sources,
) -> (Vec<Finding>, Option<BaselineSummary>) {
    run_without(config, findings, baseline, sources, &BTreeMap::new())
}

fn run_without(
    config: &str,
    findings: Vec<Finding>,
    baseline: Option<&Baseline>,
    sources: &mut Sources,
    uncollected: &BTreeMap<usize, Uncollected>,
) -> (Vec<Finding>, Option<BaselineSummary>) {
    let config = Config::parse("alicerce.toml", config).unwrap();
    let rules = [
        Known { id: "a-rule", aliases: vec!["old-rule"], enabled: true },
        Known { id: "b-rule", aliases: vec![], enabled: true },
        Known { id: "off-rule", aliases: vec![], enabled: false },
    ];
    let today = "2026-11-22".parse().unwrap();
    apply(findings, sources, &Options { config: &config, today, baseline, rules: &rules, uncollected })
}

fn waiver(rule: &str, subject: &str, expires: &str) -> String {
    format!("[[waiver]]\nrule = \"{rule}\"\nsubject = \"{subject}\"\nreason = \"r\"\nowner = \"o\"\nexpires = {expires}\n")
}

#[test]
fn severities_are_overridden_also_under_an_alias_and_the_rules_own_is_kept() {
    let mut sources = Sources::default();
    let findings = vec![failure("a-rule", Severity::High, "X", FIRST, &mut sources)];
    let (findings, _) = run("[rules.old-rule]\nseverity = \"low\"", findings, None, &mut sources);
    assert_eq!((findings[0].severity, findings[0].triage.severity_before), (Severity::Low, Some(Severity::High)));
}

#[test]
fn waivers_cover_by_arn_name_and_path_and_hold_through_their_last_day() {
    for subject in ["arn:aws:iam::*:role/X", "X", "export/**"] {
        let mut sources = Sources::default();
        let findings = vec![failure("a-rule", Severity::High, "X", FIRST, &mut sources)];
        let (findings, _) = run(&waiver("old-rule", subject, "2026-11-22"), findings, None, &mut sources);
        assert_eq!(findings.len(), 1, "{subject}");
        assert_eq!(findings[0].triage.waiver.as_ref().unwrap().expires, "2026-11-22");
        assert!(!findings[0].is_open());
    }
}

#[test]
fn an_expired_waiver_covers_nothing_and_is_a_finding_underlined_in_the_file() {
    let mut sources = Sources::default();
    let text = waiver("a-rule", "X", "2026-11-21");
    let findings = vec![failure("a-rule", Severity::High, "X", FIRST, &mut sources)];
    let (findings, _) = run(&text, findings, None, &mut sources);
    assert!(findings.iter().any(|f| f.rule == "a-rule" && f.is_open()));
    let expired = findings.iter().find(|f| f.rule == "waiver-expired").unwrap();
    assert_eq!(expired.locations[0].snippet, "2026-11-21");
    assert_eq!(expired.locations[0].start.line, 6);
    assert!(expired.message.contains("counts again"));
}

#[test]
fn a_waiver_whose_subject_may_not_have_been_collected_is_not_stale() {
    let text = format!("{}{}", waiver("b-rule", "nobody", "2027-01-01"), waiver("b-rule", "arn:aws:iam::1:role/x", "2027-01-01"));
    let why = |account| Uncollected { reason: Reason { class: "denied".into(), text: "nobody was listed".into() }, account };
    let uncollected = BTreeMap::from([(0, why(false)), (1, why(true))]);
    let (findings, _) = run_without(&text, Vec::new(), None, &mut Sources::default(), &uncollected);
    let said = |i: usize| (findings[i].rule.as_str(), findings[i].outcome, findings[i].severity);
    assert_eq!(findings.len(), 2);
    assert!((0..2).any(|i| said(i) == ("waiver-unmatched", Outcome::Unknown, Severity::Low)), "{findings:?}");
    assert!((0..2).any(|i| said(i) == ("waiver-unmatched", Outcome::Fail, Severity::Info)), "{findings:?}");
    assert!(findings.iter().all(|f| f.message.contains("nobody was listed")));
}

#[test]
fn a_waiver_that_covers_nothing_is_a_finding_unless_its_rule_was_not_judged() {
    let text = format!("{}{}", waiver("b-rule", "nobody", "2027-01-01"), waiver("off-rule", "*", "2027-01-01"));
    let mut sources = Sources::default();
    let (findings, _) = run(&text, Vec::new(), None, &mut sources);
    assert_eq!(findings.iter().map(|f| f.rule.as_str()).collect::<Vec<_>>(), ["waiver-unmatched"]);
    assert_eq!(findings[0].locations[0].snippet, "\"nobody\"");
    let (findings, _) = run(&format!("{text}[rules.waiver-unmatched]\nenabled = false\n"), Vec::new(), None, &mut sources);
    assert!(findings.is_empty());
}

#[test]
fn a_baseline_tells_new_from_unchanged_from_absent() {
    let mut sources = Sources::default();
    let x = failure("a-rule", Severity::High, "X", FIRST, &mut sources);
    let gone = failure("b-rule", Severity::High, "Gone", FIRST, &mut sources);
    let doubtful = failure("b-rule", Severity::High, "Doubtful", FIRST, &mut sources);
    let text = Baseline::of("base.json", &[x.clone(), gone, doubtful]).to_text();
    let baseline = Baseline::parse("base.json", &text).unwrap();
    assert_eq!(baseline.to_text(), text);
    let now = vec![
        x,
        failure("a-rule", Severity::High, "New", FIRST, &mut sources),
        unknown("b-rule", "Doubtful", "denied", "…", &mut sources),
    ];
    let (findings, summary) = run("", now, Some(&baseline), &mut sources);
    let summary = summary.unwrap();
    assert_eq!((summary.new, summary.unchanged), (1, 1));
    assert_eq!(summary.absent.iter().map(|e| e.subject.rsplit('/').next().unwrap()).collect::<Vec<_>>(), ["Gone"]);
    let open: Vec<_> = findings.iter().filter(|f| f.is_open()).map(|f| f.subject.name.as_str()).collect();
    assert_eq!(open, ["New"]);
    assert!(findings.iter().any(|f| f.triage.baseline == Some(BaselineState::Unchanged)));
}

#[test]
fn what_is_not_a_baseline_is_refused() {
    let version = Baseline::parse("b", r#"{"alicerce_baseline": 2, "fresh": true}"#);
    assert_eq!(version, Err(BaselineError::Version { name: "b".into(), found: 2 }));
    for text in ["", "{}", "[]", "{\"alicerce_baseline\": 1, \"findings\": [], \"x\": 1}", &"[".repeat(10_000)] {
        assert!(matches!(Baseline::parse("b", text), Err(BaselineError::Form { .. })), "{text}");
    }
    assert!(Baseline::parse("b", "{\n  \"alicerce_baseline\": 1,\n  \"findings\": []\n}\n").unwrap().entries.is_empty());
}

#[test]
fn exit_codes() {
    let mut sources = Sources::default();
    let fail = failure("a-rule", Severity::Medium, "X", FIRST, &mut sources);
    let open = unknown("a-rule", "Y", "denied", "…", &mut sources);
    let both = [fail.clone(), open];
    assert_eq!(exit_code(&[], Some(Severity::Info), true, false), 0);
    assert_eq!(exit_code(&both, Some(Severity::High), false, false), 0);
    assert_eq!(exit_code(&both, Some(Severity::Medium), false, false), 1);
    assert_eq!(exit_code(&both, None, false, false), 0);
    assert_eq!(exit_code(&both, Some(Severity::Medium), true, false), 3);
    assert_eq!(exit_code(&[fail], None, false, true), 3);
    assert_eq!(parse_fail_on("never"), Ok(None));
    assert_eq!(parse_fail_on("high"), Ok(Some(Severity::High)));
    assert!(parse_fail_on("hi").is_err());
}

fn print_of(text: &str, pointers: &[&str]) -> String {
    let doc = json("x.json", text);
    let nodes = pointers.iter().map(|p| (0, at(&doc, p))).collect();
    let v = verdict("a-rule", Outcome::Fail, Severity::High, "X", "m", nodes);
    make(v, &[doc], &mut Sources::default()).fingerprint
}

#[test]
fn a_fingerprint_holds_through_moves_and_layout() {
    let first = print_of(ROLE, &[FIRST]);
    // The list sorted otherwise, the statement moved behind the other, the layout lost.
    let moved = r#"{"RoleDetailList":[{"RoleName":"Other"},{"RoleName":"Conciliação","RolePolicyList":[{"PolicyName":"claude","PolicyDocument":
        {"Statement":[{"Sid":"Second","Effect":"Allow","Action":"bedrock:InvokeModel","Resource":"*"},
                      {"Resource":["*"],"Action":["bedrock:*","s3:GetObject"],"Effect":"Allow"}],"Version":"2012-10-17"}}]}]}"#;
    let there = "/RoleDetailList/1/RolePolicyList/0/PolicyDocument/Statement/1/Action/0";
    assert_eq!(first, print_of(moved, &[there]));
    // The same policy as a file of its own, one statement without a list around it.
    let file = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","bedrock:*"],"Resource":"*"}}"#;
    assert_eq!(first, print_of(file, &["/Statement/Action/1"]));
    // `"Action": "x"` and `"Action": ["x"]` are the same.
    let single = r#"{"Statement":[{"Sid":"S","Action":"bedrock:*"}]}"#;
    let listed = r#"{"Statement":[{"Sid":"S","Action":["s3:*","bedrock:*"]}]}"#;
    assert_eq!(print_of(single, &["/Statement/0/Action"]), print_of(listed, &["/Statement/0/Action/1"]));
    // Another place is another finding; the order of places is not.
    let second = "/RoleDetailList/0/RolePolicyList/0/PolicyDocument/Statement/1/Action";
    assert_ne!(first, print_of(ROLE, &[second]));
    assert_eq!(print_of(ROLE, &[FIRST, second]), print_of(ROLE, &[second, FIRST]));
}

#[test]
fn the_snippet_is_the_slice_also_inside_embedded_documents_and_large_containers() {
    let policy = r#"{\n  \"Statement\": [{\"Sid\": \"é\", \"Action\": \"bedrock:*\"}]\n}"#;
    let text = format!("{{\"Name\": \"n\", \"Content\": \"{policy}\", \"Big\": [{}]}}", vec!["\"value\""; 100].join(",\n"));
    let outer = json("scp.json", &text);
    let inner = std::sync::Arc::new(Document::embedded(&outer, at(&outer, "/Content")).unwrap());
    let nodes = vec![(1, at(&inner, "/Statement/0/Action")), (0, 0), (0, at(&outer, "/Big"))];
    let mut sources = Sources::default();
    let v = verdict("a-rule", Outcome::Fail, Severity::High, "n", "m", nodes);
    let finding = make(v, &[outer.clone(), inner], &mut sources);
    let snippets: Vec<_> = finding.locations.iter().map(|l| l.snippet.as_str()).collect();
    assert_eq!(snippets, ["\\\"bedrock:*\\\"", "\"Name\": \"n\"", "\"value\""]);
    assert_eq!(finding.locations[0].pointer, "/Content#/Statement/0/Action");
    for l in &finding.locations {
        assert_eq!(text.get(l.start_byte as usize..l.end_byte as usize), Some(l.snippet.as_str()));
    }
    assert_eq!(sources.all().len(), 1);
}
