//! Reports: everything that a scan has to say, and one file per format that says it.
//!
//! In: a [`Report`]. Out: text. A format sees only the `Report`: no facts, no configuration, no clock, no environment.
//! Never: a control character of somebody else's text on a terminal, or a finding left out without saying so.

pub mod format;
pub mod human;
pub mod json;
pub mod sarif;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::{BaselineState, Finding, Outcome, Point, Reason, Severity, Sources};
use crate::triage::{BaselineSummary, OWN_FAMILY, OWN_RULES};

pub use crate::finding::{Counts as RuleCounts, Undeclared as PostureNote};
pub use format::{Format, FormatError, FormatSpec, Target};
pub use text::visible;

/// The program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tool {
    /// `alicerce`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The rules that were used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PackInfo {
    /// `built-in`, or the folder of `--rules`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of all rules, hexadecimal.
    pub digest: String,
}

/// A table that alicerce carries, with the day from which it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DatedTable {
    /// What it lists.
    pub name: String,
    /// `YYYY-MM-DD`.
    pub date: String,
    /// What it was made from.
    pub source: String,
    /// SHA-256 of its text, hexadecimal.
    pub sha256: String,
}

/// One input as the user named it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Input {
    /// A path, `<stdin>`, `<built-in>`.
    pub name: String,
    /// Files looked at.
    pub files: u32,
    /// Documents that were judged.
    pub documents: u32,
    /// Bytes read.
    pub bytes: u64,
    /// SHA-256 over the files' digests and names, hexadecimal.
    pub sha256: String,
    /// The policy documents by type.
    pub policies: Vec<PolicyCount>,
}

/// The manifest of an export: the evidence of what was collected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Export {
    /// The manifest's file.
    pub manifest: String,
    /// SHA-256 of the manifest's text, hexadecimal.
    pub sha256: String,
    /// When it was collected, as the manifest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collected_at: Option<String>,
    /// The ARN that collected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// The tool that collected, and its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Files that it lists.
    pub files: u32,
    /// Files that are not as they were collected.
    pub changed: u32,
    /// Files that it lists and that are not there.
    pub missing: u32,
    /// Answers beside it that it does not list.
    pub added: u32,
}

/// Policy documents of one type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyCount {
    /// `identity`, `resource`, `trust`, `key`, `endpoint`, `boundary`, `session`, `scp` or `rcp`.
    pub policy_type: String,
    /// The type was inferred from content and path, not said.
    pub inferred: bool,
    /// How many.
    pub count: u32,
}

/// A file that was not judged although nothing is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Skipped {
    /// As the user named it.
    pub name: String,
    /// The class: `other-file`, `ignored-folder`, `not-yet`, `unrecognised`.
    pub kind: String,
    /// One clause.
    pub why: String,
}

/// Something that makes the run incomplete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unreadable {
    /// As the user named it.
    pub name: String,
    /// Stable identifier, such as `not-utf-8`.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// Where in the text, if a place is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Point>,
    /// The document was judged all the same.
    pub judged: bool,
}

/// How many calls ended how, for one account, Region and service.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct CoverageRow {
    /// 12 digits.
    pub account: String,
    /// The Region, or `global`.
    pub region: String,
    /// AWS CLI service name.
    pub service: String,
    /// Answered.
    pub collected: u32,
    /// Refused.
    pub denied: u32,
    /// Failed otherwise.
    pub failed: u32,
    /// Not attempted, says the manifest.
    pub not_attempted: u32,
}

/// A call that did not answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct CallGap {
    /// 12 digits.
    pub account: String,
    /// The Region, or `global`.
    pub region: String,
    /// AWS CLI service name.
    pub service: String,
    /// AWS CLI operation.
    pub operation: String,
    /// The resource that the call was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// `denied`, `failed` or `not-attempted`.
    pub status: String,
    /// AWS's code and message, or the manifest's reason.
    pub message: String,
}

/// A rule as reports show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleInfo {
    /// Its id.
    pub id: String,
    /// Its family, the layer of the architecture guide.
    pub family: String,
    /// One line: what is wrong when it fails.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// How to mend it, as a template or in general.
    pub fix: String,
    /// The rule's page in Markdown.
    pub help: String,
    /// Where its page stands on the web, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help_uri: Option<String>,
    /// Its severity after overrides.
    pub severity: Severity,
    /// It was judged in this scan.
    pub enabled: bool,
    /// Framework to control ids.
    pub controls: BTreeMap<String, Vec<String>>,
    /// Former ids.
    pub aliases: Vec<String>,
    /// How often it came to which outcome.
    pub counts: RuleCounts,
    /// The calls that would list its subjects and that nobody made, where it had nothing to judge: its silence says nothing.
    pub not_looked_for: Vec<String>,
}

/// Everything that a scan has to say.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The program.
    pub tool: Tool,
    /// The rules that were used.
    pub packs: Vec<PackInfo>,
    /// The dated tables that were used.
    pub tables: Vec<DatedTable>,
    /// The moment the scan judged from, RFC 3339.
    pub date: String,
    /// What was read.
    pub inputs: Vec<Input>,
    /// The manifests of what was read.
    pub exports: Vec<Export>,
    /// Files that were not judged.
    pub unrecognised: Vec<Skipped>,
    /// Files that could not be read, or not wholly.
    pub unreadable: Vec<Unreadable>,
    /// How many calls ended how.
    pub coverage: Vec<CoverageRow>,
    /// The calls that did not answer.
    pub gaps: Vec<CallGap>,
    /// Rules that are silent for want of a posture.
    pub posture_notes: Vec<PostureNote>,
    /// What was narrowed (`--rule x`), as the user wrote it.
    pub filters: Vec<String>,
    /// All rules, by id.
    pub rules: Vec<RuleInfo>,
    /// Failures and unknowns; passes and not applicable only where asked for. In [`Finding::order`].
    pub findings: Vec<Finding>,
    /// The comparison with the baseline, where there is one.
    pub baseline: Option<BaselineSummary>,
    /// The texts that findings point into.
    pub sources: Sources,
    /// The severity of `--fail-on`, or `None` for `never`.
    pub fail_on: Option<Severity>,
    /// The code that the program ends with.
    pub exit_code: u8,
}

impl RuleInfo {
    /// The rules of triage itself, with the counts still at zero.
    pub fn own() -> Vec<Self> {
        let info = |rule: &crate::triage::OwnRule| Self {
            id: rule.id.into(),
            family: OWN_FAMILY.into(),
            title: rule.title.into(),
            why: rule.why.into(),
            fix: rule.fix.into(),
            help: format!("{}\n\n**Fix.** {}\n", rule.why, rule.fix),
            help_uri: None,
            severity: rule.severity,
            enabled: true,
            controls: BTreeMap::new(),
            aliases: Vec::new(),
            counts: RuleCounts::default(),
            not_looked_for: Vec::new(),
        };
        OWN_RULES.iter().map(info).collect()
    }
}

/// Unknowns that share a reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct UnknownGroup {
    /// The class of the reason.
    pub class: String,
    /// The reason.
    pub text: String,
    /// How many findings hang on it.
    pub count: u32,
    /// The rules of these, by id.
    pub rules: Vec<String>,
}

/// Open, waived and known failures of one family by severity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FamilyCounts {
    /// The family.
    pub family: String,
    /// Open failures by severity.
    pub open: BTreeMap<Severity, u32>,
    /// Failures under a waiver.
    pub waived: u32,
    /// Failures that the baseline holds.
    pub known: u32,
    /// Subjects of which it could not be determined.
    pub unknown: u32,
    /// Subjects that pass.
    pub pass: u32,
}

impl Report {
    /// The rule of this id.
    pub fn rule(&self, id: &str) -> Option<&RuleInfo> {
        self.rules.iter().find(|r| r.id == id)
    }

    /// Findings of an outcome, in the report's order.
    pub fn of(&self, outcome: Outcome) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |f| f.outcome == outcome)
    }

    /// Failures that are neither waived nor in the baseline.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.is_open())
    }

    /// Open failures by severity, zeros included.
    pub fn open_by_severity(&self) -> BTreeMap<Severity, u32> {
        let mut counts: BTreeMap<Severity, u32> = Severity::ALL.into_iter().map(|s| (s, 0)).collect();
        for finding in self.open() {
            *counts.entry(finding.severity).or_default() += 1;
        }
        counts
    }

    /// Unknowns grouped by reason, the commonest first. A finding with two reasons stands in two groups.
    pub fn unknowns(&self) -> Vec<UnknownGroup> {
        let mut groups: BTreeMap<&Reason, (u32, BTreeSet<&str>)> = BTreeMap::new();
        for finding in self.of(Outcome::Unknown) {
            for reason in &finding.reasons {
                let group = groups.entry(reason).or_default();
                group.0 += 1;
                group.1.insert(&finding.rule);
            }
        }
        let mut out: Vec<UnknownGroup> = groups
            .into_iter()
            .map(|(reason, (count, rules))| UnknownGroup {
                class: reason.class.clone(),
                text: reason.text.clone(),
                count,
                rules: rules.into_iter().map(str::to_owned).collect(),
            })
            .collect();
        out.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.cmp(b)));
        out
    }

    /// Counts by family, for every family that has a judged rule or a finding.
    pub fn families(&self) -> Vec<FamilyCounts> {
        let mut out: BTreeMap<&str, FamilyCounts> = BTreeMap::new();
        let mut family_of: BTreeMap<&str, &str> = BTreeMap::new();
        for rule in &self.rules {
            family_of.insert(&rule.id, &rule.family);
            if rule.enabled {
                let counts = out.entry(&rule.family).or_default();
                counts.pass += rule.counts.pass;
            }
        }
        for finding in &self.findings {
            let family = family_of.get(finding.rule.as_str()).copied().unwrap_or("other");
            let counts = out.entry(family).or_default();
            if finding.outcome == Outcome::Unknown {
                counts.unknown += 1;
            } else if finding.outcome != Outcome::Fail {
                continue;
            } else if finding.triage.waiver.is_some() {
                counts.waived += 1;
            } else if finding.triage.baseline == Some(BaselineState::Unchanged) {
                counts.known += 1;
            } else {
                *counts.open.entry(finding.severity).or_default() += 1;
            }
        }
        out.into_iter().map(|(family, counts)| FamilyCounts { family: family.to_owned(), ..counts }).collect()
    }
}
