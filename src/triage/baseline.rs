//! The baseline: the failures that are known, so that only new ones break a build.
//!
//! In: findings, or a file's text. Out: a file that is sorted, has one failure a line and holds neither dates nor line numbers,
//! so that it changes in version control only where findings do. Never: a file of another version taken for this one.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{BaselineState, Finding, Outcome};

/// The version of the file's form (`docs/configuration.md`).
pub(super) const VERSION: u32 = 1;

/// One known failure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The rule's id.
    pub rule: String,
    /// The subject's identity.
    pub subject: String,
    /// The fingerprint.
    pub fingerprint: String,
}

/// The failures that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The file's name, for reports.
    pub name: String,
    /// The failures.
    pub entries: BTreeSet<Entry>,
}

/// A baseline file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum BaselineError {
    /// Not the JSON that a baseline is.
    #[error("`{name}` is not a baseline: {message}")]
    #[diagnostic(help("write one with `alicerce scan --write-baseline {name}`"))]
    Form {
        /// The file.
        name: String,
        /// What was wrong, with line and column.
        message: String,
    },
    /// Written by another version of alicerce.
    #[error("`{name}` is a baseline of version {found}, this alicerce reads version {VERSION}")]
    #[diagnostic(help("write it anew with `alicerce scan --write-baseline {name}`"))]
    Version {
        /// The file.
        name: String,
        /// The version that it says.
        found: u32,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    alicerce_baseline: u32,
    findings: Vec<Entry>,
}

#[derive(Deserialize)]
struct Head {
    alicerce_baseline: u32,
}

/// What was compared with the baseline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BaselineSummary {
    /// The baseline's file.
    pub name: String,
    /// Failures that are not in it.
    pub new: u32,
    /// Failures that are in it.
    pub unchanged: u32,
    /// What is in it and was not found any more.
    pub absent: Vec<Entry>,
}

impl Baseline {
    /// Reads a file.
    ///
    /// # Errors
    /// What is not JSON of this form, with its line and column, and other versions.
    pub fn parse(name: &str, text: &str) -> Result<Self, BaselineError> {
        let form = |e: serde_json::Error| BaselineError::Form { name: name.to_owned(), message: e.to_string() };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let head: Head = serde_json::from_str(text).map_err(form)?;
        if head.alicerce_baseline != VERSION {
            return Err(BaselineError::Version { name: name.to_owned(), found: head.alicerce_baseline });
        }
        let file: File = serde_json::from_str(text).map_err(form)?;
        debug_assert_eq!(file.alicerce_baseline, VERSION);
        Ok(Self { name: name.to_owned(), entries: file.findings.into_iter().collect() })
    }

    /// The baseline that holds every failure which is not waived.
    pub fn of(name: &str, findings: &[Finding]) -> Self {
        let failures = findings.iter().filter(|f| f.outcome == Outcome::Fail && f.triage.waiver.is_none());
        Self { name: name.to_owned(), entries: failures.map(entry).collect() }
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let lines: Vec<String> =
            self.entries.iter().filter_map(|e| serde_json::to_string(e).ok()).map(|l| format!("    {l}")).collect();
        let body = if lines.is_empty() { String::new() } else { format!("\n{}\n  ", lines.join(",\n")) };
        format!("{{\n  \"alicerce_baseline\": {VERSION},\n  \"findings\": [{body}]\n}}\n")
    }

    /// Marks each failure as new or unchanged and says what is gone. What could not be determined this time is not gone.
    pub fn compare(&self, findings: &mut [Finding]) -> BaselineSummary {
        let known: BTreeSet<&str> = self.entries.iter().map(|e| e.fingerprint.as_str()).collect();
        let mut summary = BaselineSummary { name: self.name.clone(), ..BaselineSummary::default() };
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut open: BTreeSet<(String, String)> = BTreeSet::new();
        for finding in findings {
            match finding.outcome {
                Outcome::Fail => {
                    let old = known.contains(finding.fingerprint.as_str());
                    finding.triage.baseline = Some(if old { BaselineState::Unchanged } else { BaselineState::New });
                    *(if old { &mut summary.unchanged } else { &mut summary.new }) += 1;
                    seen.insert(finding.fingerprint.clone());
                }
                Outcome::Unknown => {
                    open.insert((finding.rule.clone(), finding.subject.id.clone()));
                }
                Outcome::Pass | Outcome::NotApplicable => {}
            }
        }
        let gone = |e: &&Entry| !seen.contains(&e.fingerprint) && !open.contains(&(e.rule.clone(), e.subject.clone()));
        summary.absent = self.entries.iter().filter(gone).cloned().collect();
        summary
    }
}

fn entry(finding: &Finding) -> Entry {
    Entry { rule: finding.rule.clone(), subject: finding.subject.id.clone(), fingerprint: finding.fingerprint.clone() }
}
