//! SARIF: valid by the official schema, regions whose slice is the snippet, limits, nothing somebody else's text can break.

#![cfg(test)]

#[path = "support/report.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alicerce::doc::Document;
use alicerce::finding::{BaselineState, Outcome, Severity, Sources, make};
use alicerce::report::sarif::{Options, render};
use alicerce::report::{Report, RuleInfo};
use alicerce::triage::BaselineSummary;
use serde_json::Value;
use support::{HOSTILE, failure, sample, verdict};

fn log(report: &Report, options: &Options) -> Value {
    serde_json::from_str(&render(report, options).text).unwrap()
}

/// The official schema: in the folder that `ALICERCE_DATA` names, or beside the repository.
fn schema() -> Option<Value> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("ALICERCE_DATA").map_or(beside, PathBuf::from);
    let path = folder.join("sarif-schema-2.1.0.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(error) => {
            println!("skipped: the SARIF schema is not at {} ({error}); set ALICERCE_DATA", path.display());
            None
        }
    }
}

#[test]
fn valid_by_the_official_schema() {
    let Some(schema) = schema() else { return };
    let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft4).build(&schema).unwrap();
    let mut with_baseline = sample();
    with_baseline.baseline = Some(BaselineSummary::default());
    with_baseline.findings[0].triage.baseline = Some(BaselineState::Unchanged);
    let empty = Report { rules: RuleInfo::own(), ..Report::default() };
    let everything = Options { pass: true, not_applicable: true, category: Some("alicerce/prod".into()) };
    for (report, options) in
        [(sample(), Options::default()), (sample(), everything.clone()), (with_baseline, everything), (empty, Options::default())]
    {
        let log = log(&report, &options);
        let errors: Vec<String> = validator.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

/// The slice of `text` that a SARIF region names, columns being code points.
fn slice(text: &str, region: &Value) -> String {
    let n = |key: &str| usize::try_from(region[key].as_u64().unwrap()).unwrap();
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
    let offset = |line: usize, column: usize| {
        let rest = text.get(starts[line - 1]..).unwrap();
        let within = rest.char_indices().nth(column - 1).map_or(rest.len(), |(i, _)| i);
        starts[line - 1] + within
    };
    text.get(offset(n("startLine"), n("startColumn"))..offset(n("endLine"), n("endColumn"))).unwrap().to_owned()
}

/// Every region of a log whose snippet is not its slice.
fn wrong_regions(report: &Report, log: &Value) -> (usize, Vec<String>) {
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let (mut seen, mut wrong) = (0, Vec::new());
    for result in run["results"].as_array().unwrap() {
        let lists = [&result["locations"], &result["relatedLocations"]];
        for location in lists.into_iter().filter_map(Value::as_array).flatten() {
            let physical = &location["physicalLocation"];
            let index = usize::try_from(physical["artifactLocation"]["index"].as_u64().unwrap()).unwrap();
            assert_eq!(run["artifacts"][index]["location"]["uri"], physical["artifactLocation"]["uri"]);
            let text = report.sources.text(&report.sources.all()[index]).unwrap();
            let slice = slice(&text, &physical["region"]);
            seen += 1;
            if slice != physical["region"]["snippet"]["text"].as_str().unwrap() {
                wrong.push(format!("{physical}: {slice}"));
            }
        }
    }
    (seen, wrong)
}

#[test]
fn every_region_s_slice_is_its_snippet() {
    let report = sample();
    let (seen, wrong) = wrong_regions(&report, &log(&report, &Options::default()));
    assert!(seen > 6 && wrong.is_empty(), "{wrong:#?}");
    // Every node of an awkward document: tabs, CRLF, characters of two, three and four bytes, an embedded document.
    let text =
        "\u{feff}{\r\n\t\"é😀\": [1, \"日本\", {\"P\": \"{\\\"A\\\": \\\"b\\u00e9\\\\n\\\"}\"}],\n\"x\": \"😀\", \"y\": {\r\n}}";
    let outer = Arc::new(Document::json("a.json", text).unwrap());
    let holder = outer.root().entries().next().unwrap().1.items().nth(2).unwrap().get("P").unwrap();
    let inner = Arc::new(Document::embedded(&outer, holder.index()).unwrap());
    let documents = [outer, inner];
    let mut sources = Sources::default();
    let mut findings = Vec::new();
    for (d, doc) in documents.iter().enumerate() {
        for node in 0..u32::try_from(doc.len()).unwrap() {
            let at = vec![(u32::try_from(d).unwrap(), node)];
            let v = verdict("nat-dependency", Outcome::Fail, Severity::Low, "n", "m", at);
            findings.push(make(v, &documents, &mut sources));
        }
    }
    let report = Report { findings, sources, ..sample() };
    let (seen, wrong) = wrong_regions(&report, &log(&report, &Options::default()));
    assert!(seen > 12 && wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn kinds_levels_suppressions_and_states() {
    let mut report = sample();
    let mut pass = report.findings[0].clone();
    pass.outcome = Outcome::Pass;
    report.findings.push(pass);
    let kinds = |log: &Value| -> Vec<(String, String)> {
        let results = log["runs"][0]["results"].as_array().unwrap();
        results.iter().map(|r| (r["kind"].as_str().unwrap().into(), r["level"].as_str().unwrap().into())).collect()
    };
    let plain = log(&report, &Options::default());
    let seen = kinds(&plain);
    assert_eq!(seen.iter().filter(|(k, _)| k == "pass").count(), 0);
    assert!(seen.contains(&("fail".into(), "error".into())) && seen.contains(&("open".into(), "none".into())));
    assert_eq!(
        kinds(&log(&report, &Options { pass: true, ..Options::default() })).iter().filter(|(k, _)| k == "pass").count(),
        1
    );
    let run = &plain["runs"][0];
    let suppressed: Vec<&Value> = run["results"].as_array().unwrap().iter().map(|r| &r["suppressions"]).collect();
    assert!(suppressed.iter().all(|s| s.is_array()));
    let one = suppressed.iter().find(|s| !s.as_array().unwrap().is_empty()).unwrap();
    assert_eq!(one[0]["justification"], "the NAT goes in December");
    let invocation = &run["invocations"][0];
    assert_eq!((&invocation["exitCode"], &invocation["executionSuccessful"]), (&3.into(), &false.into()));
    let note = &invocation["toolExecutionNotifications"][0];
    assert_eq!(note["level"], "error");
    assert_eq!(note["locations"][0]["physicalLocation"]["region"]["startLine"], 3);
}

#[test]
fn rules_are_complete_and_within_the_limits() {
    let mut report = sample();
    report.rules[0].controls.insert("nist".into(), (0..30).map(|i| format!("AC-{i}")).collect());
    let log = log(&report, &Options::default());
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10);
        for pointer in
            ["/shortDescription/text", "/fullDescription/text", "/help/markdown", "/help/text", "/properties/security-severity"]
        {
            assert!(!rule.pointer(pointer).and_then(Value::as_str).unwrap().is_empty(), "{pointer}");
        }
    }
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(!result["locations"].as_array().unwrap().is_empty());
        assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
    }
}

#[test]
fn what_is_beyond_the_limits_is_left_out_and_said() {
    let mut sources = Sources::default();
    let pointer = "/RoleDetailList/0/RolePolicyList/0/PolicyDocument/Statement/0/Effect";
    let one = failure("nat-dependency", Severity::Low, "R", pointer, &mut sources);
    let mut first = one.clone();
    first.locations = vec![one.locations[0].clone(); 1_200];
    let mut findings = vec![first];
    findings.extend(std::iter::repeat_n(one, 25_009));
    let rendered = render(&Report { findings, sources, ..sample() }, &Options::default());
    assert!(rendered.warnings[0].starts_with("10 of 25010 results are left out"));
    let log: Value = serde_json::from_str(&rendered.text).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 25_000);
    assert_eq!(run["results"][0]["locations"].as_array().unwrap().len(), 1_000);
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(notes.iter().any(|n| n["message"]["text"].as_str().unwrap().contains("left out")));
}

#[test]
fn hostile_names_are_neither_links_nor_controls_nor_uris() {
    let mut report = sample();
    report.findings[0].message = format!("role `[click](https://evil.example)` {HOSTILE}");
    let text = render(&report, &Options::default()).text;
    assert!(!text.contains('\u{1b}'));
    let log: Value = serde_json::from_str(&text).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let message = results[0]["message"]["text"].as_str().unwrap();
    assert!(message.contains("\\[click\\](https://evil.example)") && !message.chars().any(char::is_control));
    for result in results {
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)), "{uri}");
    }
}
