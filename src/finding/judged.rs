//! From the engine's answers to findings and counts.
//!
//! In: [`Judged`] and the facts that its nodes are of. Out: findings for failures and unknowns (and for the rest where asked
//! for), how often each rule came to which outcome, and which rules are silent for want of a posture. Never: an unknown counted
//! as a pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Finding, Outcome, Reason, Sources, Subject, Verdict, make_of};
use crate::engine::{self, Judged};
use crate::facts::{self, Fact, Facts, NodeId};

/// How often a rule came to which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "RuleCounts")]
pub struct Counts {
    /// Failures, waived ones and those of the baseline included; a rule that judges elements counts each.
    pub fail: u32,
    /// Subjects of which it could not be determined.
    pub unknown: u32,
    /// Subjects that pass.
    pub pass: u32,
    /// Subjects that the rule does not apply to.
    pub not_applicable: u32,
}

/// A rule that says nothing in a scope because a posture is not declared there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[schemars(rename = "PostureNote")]
pub struct Undeclared {
    /// The scope.
    pub scope: String,
    /// The rule.
    pub rule: String,
    /// What is not declared, as `alicerce.toml` calls it.
    pub missing: Vec<String>,
}

/// What came of the engine's answers.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Failures and unknowns, and what else was to be kept.
    pub findings: Vec<Finding>,
    /// For each finding the place of its answer among those that were given.
    pub of: Vec<usize>,
    /// By rule id.
    pub counts: BTreeMap<Arc<str>, Counts>,
    /// Rules without the posture they need, sorted.
    pub undeclared: Vec<Undeclared>,
}

/// Makes findings of the engine's answers. `shown` narrows by subject what is kept and counted; `keep_right` keeps passes
/// and not applicable as findings too.
pub fn gather(
    judged: &[Judged],
    facts: &Facts,
    sources: &mut Sources,
    shown: &dyn Fn(&Fact) -> bool,
    keep_right: bool,
) -> Gathered {
    let mut out = Gathered::default();
    for (at, answer) in judged.iter().enumerate() {
        if let engine::Outcome::Undeclared(missing) = &answer.outcome {
            out.undeclared.push(Undeclared {
                scope: answer.scope.name.to_string(),
                rule: answer.rule.id.to_string(),
                missing: missing.iter().map(ToString::to_string).collect(),
            });
            continue;
        }
        let Some(fact) = answer.subject.and_then(|id| facts.get(id)).filter(|f| shown(f)) else { continue };
        let counts = out.counts.entry(answer.rule.id.clone()).or_default();
        let (outcome, count) = match &answer.outcome {
            engine::Outcome::Fail => (Outcome::Fail, &mut counts.fail),
            engine::Outcome::Pass => (Outcome::Pass, &mut counts.pass),
            engine::Outcome::NotApplicable => (Outcome::NotApplicable, &mut counts.not_applicable),
            // `Undeclared` was dealt with above.
            engine::Outcome::Unknown(_) | engine::Outcome::Undeclared(_) => (Outcome::Unknown, &mut counts.unknown),
        };
        *count = count.saturating_add(1);
        if keep_right || matches!(outcome, Outcome::Fail | Outcome::Unknown) {
            out.of.push(at);
            out.findings.push(make_of(verdict(answer, outcome, fact), |doc| facts.document(doc), sources));
        }
    }
    out.undeclared.sort();
    out
}

impl Gathered {
    /// Adds the counts and notes of another part of the same scan; the findings are the caller's to order.
    pub(crate) fn join(&mut self, other: Self) {
        for (rule, more) in other.counts {
            let counts = self.counts.entry(rule).or_default();
            counts.fail = counts.fail.saturating_add(more.fail);
            counts.unknown = counts.unknown.saturating_add(more.unknown);
            counts.pass = counts.pass.saturating_add(more.pass);
            counts.not_applicable = counts.not_applicable.saturating_add(more.not_applicable);
        }
        self.undeclared.extend(other.undeclared);
        self.undeclared.sort();
        self.undeclared.dedup();
        self.findings.extend(other.findings);
    }
}

fn verdict(answer: &Judged, outcome: Outcome, fact: &Fact) -> Verdict {
    let at = |node: &NodeId| (node.doc, node.node);
    let reasons = match &answer.outcome {
        engine::Outcome::Unknown(reasons) => reasons.iter().map(|why| reason(why)).collect(),
        _ => Vec::new(),
    };
    let places = if answer.at.is_empty() { vec![at(&fact.node)] } else { answer.at.iter().map(at).collect() };
    Verdict {
        rule: answer.rule.id.to_string(),
        outcome,
        severity: answer.severity,
        subject: Subject {
            kind: fact.kind.name.to_owned(),
            id: fact.id.to_string(),
            name: fact.name.to_string(),
            account: fact.account.as_ref().map(ToString::to_string),
            region: fact.region.as_ref().map(ToString::to_string),
        },
        scope: answer.scope.name.to_string(),
        message: message(answer, outcome, fact),
        reasons,
        at: places,
        related: answer.related.iter().map(|(node, text)| (at(node), text.clone())).collect(),
        witness: answer.witness.clone(),
        fix: Some(answer.fix.clone()).filter(|f| !f.trim().is_empty()),
        part: answer.part.clone(),
    }
}

/// The rule's own sentence, or for what has none a sentence that says the outcome.
fn message(answer: &Judged, outcome: Outcome, fact: &Fact) -> String {
    if !answer.message.is_empty() {
        return answer.message.clone();
    }
    let what = format!("{} `{}`", fact.kind.title, fact.name);
    match outcome {
        Outcome::Fail => format!("{what} fails `{}`", answer.rule.id),
        Outcome::Unknown => format!("whether {what} fails `{}` could not be determined", answer.rule.id),
        Outcome::Pass => format!("{what} passes `{}`", answer.rule.id),
        Outcome::NotApplicable => format!("`{}` does not apply to {what}", answer.rule.id),
    }
}

/// Why something is not known, in a report's words.
pub(crate) fn reason(why: &facts::Why) -> Reason {
    let class = match why.reason {
        facts::Reason::NotCollected => "not-collected",
        facts::Reason::Denied => "denied",
        facts::Reason::Failed => "failed",
        facts::Reason::NotLoaded => "not-loaded",
        facts::Reason::Unresolved => "unresolved",
        facts::Reason::MissingField => "missing-field",
        facts::Reason::Undecided => "undecided",
    };
    Reason { class: class.to_owned(), text: why.text.clone() }
}
