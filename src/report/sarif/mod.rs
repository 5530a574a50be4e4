//! SARIF 2.1.0: for code scanning and for whatever else reads results.
//!
//! In: the report. Out: one log with one run. Columns are code points, and every region's slice of its file is its snippet.
//! Never: more than the readers' documented limits, or results left out without a notification that says how many.

mod model;
mod rules;
mod uri;

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use crate::finding::{self, BaselineState, Finding};
use crate::report::Report;
use crate::report::text::{json_escaped, visible};

use model::{
    Artifact, ArtifactLocation, AutomationDetails, BaseId, Driver, Invocation, Location, Log, LogicalLocation, Notification,
    Outcome, PhysicalLocation, Reference, Region, Run, Suppression, Text, Tool,
};

/// Results of one run that GitHub code scanning takes.
const MOST_RESULTS: usize = 25_000;
/// Locations of one result that GitHub code scanning takes.
const MOST_LOCATIONS: usize = 1_000;
/// Bytes, gzipped, that GitHub code scanning takes.
const MOST_BYTES: usize = 10_000_000;

/// What goes into the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Results of kind `pass`.
    pub pass: bool,
    /// Results of kind `notApplicable`.
    pub not_applicable: bool,
    /// `automationDetails.id`: keeps several uploads for one commit apart. Without it: `alicerce/`.
    pub category: Option<String>,
}

/// A log, and what the user should know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The log's text.
    pub text: String,
    /// Warnings for standard error: limits that were or may be met.
    pub warnings: Vec<String>,
}

/// The log.
pub fn render(report: &Report, options: &Options) -> Rendered {
    let wanted: Vec<&Finding> = report.findings.iter().filter(|f| is_wanted(f, options)).collect();
    let mut warnings = Vec::new();
    if let Some(more) = wanted.len().checked_sub(MOST_RESULTS).filter(|n| *n > 0) {
        warnings.push(format!(
            "{more} of {} results are left out of the SARIF log, the least grave, because a run may hold {MOST_RESULTS}; use --format json for all",
            wanted.len()
        ));
    }
    let build = Build::new(report, &wanted);
    let results = wanted.iter().take(MOST_RESULTS).map(|f| build.result(f)).collect();
    let run = Run {
        tool: Tool { driver: driver(report) },
        automation_details: Some(AutomationDetails { id: options.category.clone().unwrap_or_else(|| "alicerce/".into()) }),
        invocations: vec![build.invocation(&warnings)],
        original_uri_base_ids: BTreeMap::from([(
            uri::ROOT,
            BaseId {
                description: Text { text: "the folder that alicerce was run in, usually the root of the repository".into() },
            },
        )]),
        artifacts: build.artifacts(),
        column_kind: "unicodeCodePoints",
        results,
        properties: json!({
            "date": report.date,
            "packs": report.packs,
            "tables": report.tables,
            "inputs": report.inputs,
            "exports": report.exports,
            "coverage": report.coverage,
            "gaps": report.gaps,
            "notLookedFor": not_looked_for(report),
            "baselineAbsent": report.baseline.as_ref().map(|b| b.absent.len()),
        }),
    };
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: vec![run],
    };
    // Structs of strings, numbers and maps with string keys always serialise.
    let mut text = json_escaped(serde_json::to_string_pretty(&log).unwrap_or_default());
    text.push('\n');
    if text.len() > MOST_BYTES {
        warnings.push(format!(
            "the SARIF log has {} MB before compression; GitHub code scanning takes {} MB gzipped",
            text.len() / 1_000_000,
            MOST_BYTES / 1_000_000
        ));
    }
    Rendered { text, warnings }
}

fn is_wanted(finding: &Finding, options: &Options) -> bool {
    match finding.outcome {
        finding::Outcome::Fail | finding::Outcome::Unknown => true,
        finding::Outcome::Pass => options.pass,
        finding::Outcome::NotApplicable => options.not_applicable,
    }
}

/// The rules that judged nothing because nobody listed what they are about, with the calls that are missing.
fn not_looked_for(report: &Report) -> BTreeMap<&str, &[String]> {
    let silent = report.rules.iter().filter(|rule| !rule.not_looked_for.is_empty());
    silent.map(|rule| (rule.id.as_str(), rule.not_looked_for.as_slice())).collect()
}

fn driver(report: &Report) -> Driver {
    Driver {
        name: report.tool.name.clone(),
        version: report.tool.version.clone(),
        semantic_version: report.tool.version.clone(),
        information_uri: "https://github.com/alicerce/alicerce",
        rules: report.rules.iter().map(rules::rule).collect(),
    }
}

/// SARIF reads `[text](target)` in a message as a link; somebody's resource name must not become one.
fn message(text: &str) -> Text {
    let text = visible(text);
    let text = if text.contains("](") { text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]") } else { text };
    Text { text }
}

/// What the results are made with.
struct Build<'a> {
    report: &'a Report,
    rule_index: HashMap<&'a str, i64>,
    /// Some result is waived, so every result must say whether it is.
    any_waived: bool,
}

impl<'a> Build<'a> {
    fn new(report: &'a Report, wanted: &[&Finding]) -> Self {
        let rule_index = report.rules.iter().zip(0..).map(|(r, i)| (r.id.as_str(), i)).collect();
        Self { report, rule_index, any_waived: wanted.iter().any(|f| f.triage.waiver.is_some()) }
    }

    fn result(&self, finding: &Finding) -> Outcome {
        let (kind, level) = match finding.outcome {
            finding::Outcome::Fail => ("fail", rules::level(finding.severity)),
            finding::Outcome::Unknown => ("open", "none"),
            finding::Outcome::Pass => ("pass", "none"),
            finding::Outcome::NotApplicable => ("notApplicable", "none"),
        };
        let mut text = finding.message.clone();
        let reasons: Vec<&str> = finding.reasons.iter().map(|r| r.text.as_str()).collect();
        if !reasons.is_empty() {
            text.push_str(&format!(" (not determined: {})", reasons.join("; ")));
        }
        let mut locations: Vec<Location> = finding.locations.iter().take(MOST_LOCATIONS).map(|l| self.location(l)).collect();
        if locations.is_empty() {
            locations.push(self.somewhere());
        }
        if let Some(first) = locations.first_mut() {
            first.logical_locations = vec![LogicalLocation {
                name: visible(&finding.subject.name),
                fully_qualified_name: visible(&finding.subject.id),
                kind: Some("resource"),
            }];
        }
        let short: String = finding.fingerprint.chars().take(16).collect();
        Outcome {
            rule_id: finding.rule.clone(),
            rule_index: self.rule_index.get(finding.rule.as_str()).copied().unwrap_or(-1),
            kind,
            level,
            message: message(&text),
            locations,
            related_locations: self.related(finding),
            partial_fingerprints: BTreeMap::from([
                ("alicerce/v1", finding.fingerprint.clone()),
                ("primaryLocationLineHash", format!("{short}:1")),
            ]),
            baseline_state: self.report.baseline.as_ref().map(|_| match finding.triage.baseline {
                Some(BaselineState::Unchanged) => "unchanged",
                _ => "new",
            }),
            suppressions: self.any_waived.then(|| suppressions(finding)),
            properties: properties(finding),
        }
    }

    fn related(&self, finding: &Finding) -> Vec<Location> {
        let related = finding.related.iter().take(MOST_LOCATIONS).enumerate();
        related
            .map(|(i, r)| Location { id: Some(i + 1), message: Some(message(&r.message)), ..self.location(&r.location) })
            .collect()
    }

    fn artifact_location(&self, name: &str, index: Option<usize>) -> ArtifactLocation {
        let (uri, relative) = uri::of_file(name);
        ArtifactLocation { uri, uri_base_id: relative.then_some(uri::ROOT), index }
    }

    fn location(&self, location: &finding::Location) -> Location {
        let region = Region {
            start_line: location.start.line,
            start_column: location.start.column,
            end_line: Some(location.end.line),
            end_column: Some(location.end.column),
            snippet: Some(Text { text: location.snippet.clone() }),
        };
        let known = location.source < self.report.sources.all().len();
        Location {
            physical_location: PhysicalLocation {
                artifact_location: self.artifact_location(&location.file, known.then_some(location.source)),
                region: Some(region),
            },
            ..Location::default()
        }
    }

    /// GitHub refuses a log in which a result has no location: what has none is said of the input.
    fn somewhere(&self) -> Location {
        let name = self.report.inputs.first().map_or("alicerce.toml", |i| i.name.as_str());
        Location {
            physical_location: PhysicalLocation { artifact_location: self.artifact_location(name, None), region: None },
            ..Location::default()
        }
    }

    fn artifacts(&self) -> Vec<Artifact> {
        let sources = self.report.sources.all().iter();
        sources
            .map(|s| Artifact { location: self.artifact_location(&s.name, None), length: s.bytes, encoding: "utf-8" })
            .collect()
    }

    fn invocation(&self, warnings: &[String]) -> Invocation {
        let mut notes: Vec<Notification> = self.report.unreadable.iter().map(|u| self.unreadable(u)).collect();
        notes.extend(self.report.unrecognised.iter().filter(|s| s.kind == "unrecognised" || s.kind == "not-yet").map(|s| {
            Notification {
                descriptor: Some(Reference { id: s.kind.clone() }),
                level: "note",
                message: message(&format!("`{}` was not judged: {}", s.name, s.why)),
                locations: vec![self.file(&s.name, None)],
                ..Notification::default()
            }
        }));
        notes.extend(warnings.iter().map(|w| Notification {
            descriptor: Some(Reference { id: "limit".into() }),
            level: "warning",
            message: message(w),
            ..Notification::default()
        }));
        let postures = self.report.posture_notes.iter().map(|n| Notification {
            associated_rule: Some(Reference { id: n.rule.clone() }),
            level: "note",
            message: message(&format!(
                "`{}` is not judged in scope `{}`: {} not declared",
                n.rule,
                n.scope,
                n.missing.join(", ")
            )),
            ..Notification::default()
        });
        Invocation {
            execution_successful: self.report.unreadable.is_empty() && self.report.exit_code < 2,
            exit_code: self.report.exit_code,
            tool_execution_notifications: notes,
            tool_configuration_notifications: postures.collect(),
        }
    }

    fn unreadable(&self, file: &crate::report::Unreadable) -> Notification {
        Notification {
            descriptor: Some(Reference { id: file.code.clone() }),
            level: "error",
            message: message(&format!("`{}`: {}", file.name, file.message)),
            locations: vec![self.file(&file.name, file.at)],
            ..Notification::default()
        }
    }

    fn file(&self, name: &str, at: Option<finding::Point>) -> Location {
        let region = at.map(|p| Region { start_line: p.line, start_column: p.column, ..Region::default() });
        let artifact_location = self.artifact_location(name, None);
        Location { physical_location: PhysicalLocation { artifact_location, region }, ..Location::default() }
    }
}

fn suppressions(finding: &Finding) -> Vec<Suppression> {
    let waiver = finding.triage.waiver.iter();
    waiver
        .map(|w| Suppression {
            kind: "external",
            status: "accepted",
            justification: visible(&w.reason),
            properties: json!({"owner": w.owner, "ticket": w.ticket, "expires": w.expires}),
        })
        .collect()
}

fn properties(finding: &Finding) -> serde_json::Value {
    json!({
        "severity": finding.severity,
        "subject": finding.subject,
        "scope": finding.scope,
        "reasons": finding.reasons,
        "witness": finding.witness,
        "fix": finding.fix,
        "pointers": finding.locations.iter().take(MOST_LOCATIONS).map(|l| l.pointer.as_str()).collect::<Vec<_>>(),
    })
}
