//! alicerce's own JSON: everything a report holds, in a documented and versioned form (`docs/json-format.md`).
//!
//! In: the report. Out: one JSON object. Fields are added without a new version; a change that breaks readers raises it.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    BaselineSummary, CallGap, CoverageRow, DatedTable, Export, FamilyCounts, Input, PackInfo, PostureNote, Report, RuleInfo,
    Skipped, Tool, UnknownGroup, Unreadable,
};
use crate::finding::{Finding, Severity};
use crate::report::text::json_escaped;

/// The version of the form, the value of `alicerce_report`.
pub const VERSION: u32 = 1;

/// The whole report.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "alicerce report", rename = "AlicerceReport")]
struct File<'a> {
    /// The version of this form: 1.
    alicerce_report: u32,
    /// The program.
    tool: &'a Tool,
    /// The rules that were used.
    packs: &'a [PackInfo],
    /// The dated tables that were used.
    tables: &'a [DatedTable],
    /// The moment the scan judged from, RFC 3339.
    date: &'a str,
    /// What the program ended with: 0, 1 or 3.
    exit_code: u8,
    /// The severity of `--fail-on`; `null` for `never`.
    fail_on: Option<Severity>,
    /// What was narrowed, as the user wrote it.
    filters: &'a [String],
    /// Counts by family.
    summary: Vec<FamilyCounts>,
    /// Failures and unknowns, and passes and not applicable where asked for; by outcome, severity, rule, subject.
    findings: &'a [Finding],
    /// Unknowns grouped by reason, the commonest first.
    unknowns: Vec<UnknownGroup>,
    /// Rules that are silent for want of a posture.
    posture_notes: &'a [PostureNote],
    /// The comparison with the baseline; `null` without one.
    baseline: Option<&'a BaselineSummary>,
    /// All rules.
    rules: &'a [RuleInfo],
    /// What was read.
    inputs: &'a [Input],
    /// The manifests of the exports that were read: the evidence.
    exports: &'a [Export],
    /// Files that were not judged.
    unrecognised: &'a [Skipped],
    /// Files that could not be read, or not wholly.
    unreadable: &'a [Unreadable],
    /// How many calls ended how, by account, Region and service.
    coverage: &'a [CoverageRow],
    /// The calls that did not answer.
    gaps: &'a [CallGap],
}

/// The report as JSON, indented, with a line feed at its end.
pub fn render(report: &Report) -> String {
    let file = File {
        alicerce_report: VERSION,
        tool: &report.tool,
        packs: &report.packs,
        tables: &report.tables,
        date: &report.date,
        exit_code: report.exit_code,
        fail_on: report.fail_on,
        filters: &report.filters,
        summary: report.families(),
        findings: &report.findings,
        unknowns: report.unknowns(),
        posture_notes: &report.posture_notes,
        baseline: report.baseline.as_ref(),
        rules: &report.rules,
        inputs: &report.inputs,
        exports: &report.exports,
        unrecognised: &report.unrecognised,
        unreadable: &report.unreadable,
        coverage: &report.coverage,
        gaps: &report.gaps,
    };
    // Structs of strings, numbers and maps with string keys always serialise.
    let mut text = json_escaped(serde_json::to_string_pretty(&file).unwrap_or_default());
    text.push('\n');
    text
}

/// The JSON Schema of [`render`]'s output, as `docs/report.schema.json` holds it.
pub fn schema() -> String {
    let schema = schemars::schema_for!(File<'static>);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
