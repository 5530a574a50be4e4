//! Findings: what the engine judged, with its nodes made regions of files, once.
//!
//! In: a [`Verdict`] over nodes. Out: a [`Finding`] that needs no document any more: message, places with line, column and
//! snippet, and a fingerprint that survives edits elsewhere. Never: a line number in a fingerprint.

mod identity;
mod judged;
mod position;
mod sources;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) use judged::reason;
pub use judged::{Counts, Gathered, Undeclared, gather};
pub use sources::{Source, Sources};

pub use crate::rule::Severity;

use crate::doc::Document;
pub(crate) use crate::doc::control::is_deceptive;

/// What a rule says of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is wrong.
    Fail,
    /// It could not be determined.
    Unknown,
    /// It is right.
    Pass,
    /// The rule says nothing of it.
    NotApplicable,
}

/// Whom or what a finding is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Subject {
    /// Its kind (`iam-role`, `vpc-endpoint`, …).
    pub kind: String,
    /// Its stable identity: an ARN, or `<account>/<region>/<kind>/<local id>`, or a file's path.
    pub id: String,
    /// The short name.
    pub name: String,
    /// The 12-digit account, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The Region, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// A place in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Point {
    /// 1-based.
    pub line: u32,
    /// 1-based, in Unicode code points.
    pub column: u32,
}

/// A region of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Location {
    /// Index into the report's texts.
    #[serde(skip)]
    pub source: usize,
    /// The file as the user named it.
    pub file: String,
    /// RFC 6901 pointer of the node; through a string that holds JSON, the pointers are joined by `#`. Empty for TOML.
    pub pointer: String,
    /// First byte.
    pub start_byte: u32,
    /// One past the last byte.
    pub end_byte: u32,
    /// The first character.
    pub start: Point,
    /// One past the last character.
    pub end: Point,
    /// Exactly the text of the region.
    pub snippet: String,
}

/// A place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Related {
    /// Where.
    pub location: Location,
    /// What it has to do with it.
    pub message: String,
}

/// Why something could not be determined.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Reason {
    /// `not-collected`, `denied`, `failed`, `not-loaded`, `unresolved`, `missing-field` or `undecided`.
    pub class: String,
    /// One clause that names the call, parameter or resource.
    pub text: String,
}

/// The waiver that covers a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WaiverRef {
    /// Why the finding is accepted.
    pub reason: String,
    /// Who accepted it.
    pub owner: String,
    /// Where it is tracked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The last day on which the waiver holds, `YYYY-MM-DD`.
    pub expires: String,
}

/// How a finding stands to the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaselineState {
    /// Not in the baseline.
    New,
    /// In the baseline.
    Unchanged,
}

/// What triage made of a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Triage {
    /// The rule's own severity, where `alicerce.toml` gives another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity_before: Option<Severity>,
    /// The waiver that covers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<WaiverRef>,
    /// How it stands to the baseline, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineState>,
}

/// One finding. Its rule's documentation and controls stand in the report's rules table under `rule`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// Fail, unknown, pass or not applicable.
    pub outcome: Outcome,
    /// Its severity after overrides.
    pub severity: Severity,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The scope of `alicerce.toml` by which it was judged.
    pub scope: String,
    /// One sentence.
    pub message: String,
    /// Why it could not be determined, for unknown outcomes.
    pub reasons: Vec<Reason>,
    /// The places that are wrong, the most telling first.
    pub locations: Vec<Location>,
    /// The places that explain it.
    pub related: Vec<Related>,
    /// A request or path that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<String>,
    /// What to do, as text to paste.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// SHA-256 over the rule, the subject and the offending part's identity, hexadecimal.
    pub fingerprint: String,
    /// What triage made of it.
    pub triage: Triage,
}

impl Finding {
    /// True for a failure that is neither waived nor in the baseline: what `--fail-on` looks at.
    pub fn is_open(&self) -> bool {
        self.outcome == Outcome::Fail && self.triage.waiver.is_none() && self.triage.baseline != Some(BaselineState::Unchanged)
    }

    /// The order of reports: outcome, severity, rule, subject, place.
    pub fn order<'f>(&'f self) -> impl Ord + use<'f> {
        let place = self.locations.first().map(|l| (l.file.as_str(), l.start_byte));
        (self.outcome, self.severity, self.rule.as_str(), &self.subject, place, self.fingerprint.as_str())
    }
}

/// A node, by the index of its document and its own index in it.
pub type At = (u32, u32);

/// What the engine judged of one rule and subject, in terms of nodes.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The rule's id.
    pub rule: String,
    /// The outcome.
    pub outcome: Outcome,
    /// The rule's severity.
    pub severity: Severity,
    /// The subject.
    pub subject: Subject,
    /// The scope's name.
    pub scope: String,
    /// The rule's message, filled in.
    pub message: String,
    /// Why it is unknown.
    pub reasons: Vec<Reason>,
    /// The offending nodes, the most telling first; where empty, the subject's own node.
    pub at: Vec<At>,
    /// Nodes that explain.
    pub related: Vec<(At, String)>,
    /// A request or path that shows it.
    pub witness: Option<String>,
    /// What to do.
    pub fix: Option<String>,
    /// The offending part's identity, where the engine knows it better than the nodes tell.
    pub part: Option<String>,
}

/// Makes a finding of a verdict; texts that it points into are added to `sources`.
pub fn make(verdict: Verdict, documents: &[Arc<Document>], sources: &mut Sources) -> Finding {
    make_of(verdict, |doc| documents.get(doc as usize), sources)
}

fn make_of<'d>(verdict: Verdict, document: impl Fn(u32) -> Option<&'d Arc<Document>>, sources: &mut Sources) -> Finding {
    let node = |(doc, idx): At| document(doc).and_then(|d| d.node(idx));
    let names = [verdict.subject.name.clone(), verdict.subject.id.clone()];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut parts: Vec<String> = match &verdict.part {
        Some(part) => vec![part.clone()],
        None => verdict.at.iter().filter_map(|at| node(*at)).map(|n| identity::of_part(n.document(), n.index())).collect(),
    };
    parts.sort();
    parts.dedup();
    let locations: Vec<Location> = verdict.at.iter().filter_map(|at| node(*at)).map(|n| sources.node(n, &names)).collect();
    let mut related = Vec::new();
    for (at, message) in verdict.related {
        if let Some(n) = node(at) {
            related.push(Related { location: sources.node(n, &[]), message });
        }
    }
    let message = if verdict.message.is_empty() {
        plain_message(verdict.outcome, &verdict.rule, &verdict.subject.name)
    } else {
        verdict.message
    };
    Finding {
        fingerprint: fingerprint(&verdict.rule, &verdict.subject.id, &parts),
        rule: verdict.rule,
        outcome: verdict.outcome,
        severity: verdict.severity,
        subject: verdict.subject,
        scope: verdict.scope,
        message,
        reasons: verdict.reasons,
        locations,
        related,
        witness: verdict.witness,
        fix: verdict.fix,
        triage: Triage::default(),
    }
}

/// A rule's own message tells what is wrong; where nothing is known to be wrong this stands in its place.
fn plain_message(outcome: Outcome, rule: &str, name: &str) -> String {
    match outcome {
        Outcome::Fail => format!("`{name}` fails `{rule}`"),
        Outcome::Pass => format!("`{name}` passes `{rule}`"),
        Outcome::NotApplicable => format!("`{rule}` does not apply to `{name}`"),
        Outcome::Unknown => format!("`{rule}` could not be decided for `{name}`"),
    }
}

/// The fingerprint of a rule, a subject and the sorted identities of the offending parts.
pub fn fingerprint(rule: &str, subject: &str, parts: &[String]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"alicerce/1");
    for text in [rule, subject].into_iter().chain(parts.iter().map(String::as_str)) {
        hasher.update([0]);
        hasher.update(text.as_bytes());
    }
    identity::hex(&hasher.finalize())
}
