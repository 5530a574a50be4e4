//! alicerce's own JSON: valid by the committed schema, which is the generated one, and documented field by field.

#![cfg(test)]

#[path = "support/report.rs"]
mod support;

use alicerce::report::json::{render, schema};
use alicerce::report::{Report, RuleInfo};
use serde_json::Value;
use support::sample;

const COMMITTED: &str = include_str!("../docs/report.schema.json");

/// `ALICERCE_BLESS=1 cargo test --test report_json` writes the schema anew.
#[test]
fn the_committed_schema_is_the_generated_one() {
    let generated = schema();
    if std::env::var_os("ALICERCE_BLESS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json"), &generated).unwrap();
        return;
    }
    assert!(generated == COMMITTED, "docs/report.schema.json is stale; run ALICERCE_BLESS=1 cargo test --test report_json");
}

#[test]
fn reports_are_valid_by_the_schema() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for report in [sample(), Report { rules: RuleInfo::own(), ..Report::default() }] {
        let value: Value = serde_json::from_str(&render(&report)).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        assert_eq!(value["alicerce_report"], 1);
        assert_eq!(value["findings"].as_array().unwrap().len(), report.findings.len());
    }
}

#[test]
fn every_field_is_documented() {
    let page = include_str!("../docs/json-format.md");
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let mut missing = Vec::new();
    let definitions = schema["$defs"].as_object().unwrap().iter().map(|(name, d)| (name.as_str(), d));
    for (name, definition) in definitions.chain([("report", &schema)]) {
        for field in definition["properties"].as_object().into_iter().flatten().map(|(k, _)| k) {
            if !page.contains(&format!("`{field}`")) {
                missing.push(format!("{name}.{field}"));
            }
        }
    }
    assert!(missing.is_empty(), "docs/json-format.md lacks {missing:?}");
}
