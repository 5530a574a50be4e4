//! Puts a report together: what was loaded, which rules there are, what was judged, in the report's own words.
//!
//! In: the parts of one scan. Out: the fields of [`Report`]. Nothing is decided here.

use std::collections::BTreeMap;

use crate::engine::{self, Judged};
use crate::facts::{Reason, Why};
use crate::finding::{self, Finding, Outcome, Severity, Subject, Verdict};
use crate::input::{Loaded, SkipKind, Status};
use crate::report::{
    CallGap, CoverageRow, DatedTable, Input, PackInfo, PostureNote, Report, RuleCounts, RuleInfo, Skipped, Tool, Unreadable,
};
use crate::rule::{Pack, Rule};
use crate::triage::Known;
use crate::world::World;
use crate::{Filter, catalog};

/// What was read, what was not, and what is known of which call.
pub(crate) fn inputs(report: &mut Report, loaded: &Loaded) {
    report.tool = Tool { name: "alicerce".into(), version: env!("CARGO_PKG_VERSION").into() };
    report.tables = catalog::tables().into_iter().map(|t| DatedTable { name: t.name.into(), date: t.date.into() }).collect();
    let input = |i: &crate::input::InputSummary| Input {
        name: i.name.to_string(),
        files: i.files,
        documents: i.documents,
        bytes: i.bytes,
        sha256: i.sha256.clone(),
    };
    report.inputs = loaded.inputs.iter().map(input).collect();
    let skipped =
        |s: &crate::input::Skipped| Skipped { name: s.name.to_string(), kind: skip_kind(s.kind).into(), why: s.why.clone() };
    report.unrecognised = loaded.unrecognised.iter().map(skipped).collect();
    let unreadable = |u: &crate::input::Unreadable| Unreadable {
        name: u.name.to_string(),
        code: u.code.into(),
        message: u.message.clone(),
        at: u.place.map(|p| finding::Point { line: p.line, column: p.column }),
        judged: u.judged,
    };
    report.unreadable = loaded.unreadable.iter().map(unreadable).collect();
    coverage(report, loaded);
}

fn skip_kind(kind: SkipKind) -> &'static str {
    match kind {
        SkipKind::OtherFile => "other-file",
        SkipKind::IgnoredFolder => "ignored-folder",
        SkipKind::NotYet => "not-yet",
        SkipKind::Unrecognised => "unrecognised",
    }
}

fn coverage(report: &mut Report, loaded: &Loaded) {
    let mut rows: BTreeMap<(String, String, String), CoverageRow> = BTreeMap::new();
    for (call, status) in loaded.coverage.iter() {
        let key = (call.account.to_string(), call.region.to_string(), call.service.to_string());
        let (account, region, service) = key.clone();
        let row = rows.entry(key).or_insert_with(|| CoverageRow { account, region, service, ..CoverageRow::default() });
        let (count, status, message) = match status {
            Status::Ok => {
                row.collected += 1;
                continue;
            }
            Status::Denied(message) => (&mut row.denied, "denied", message),
            Status::Failed(message) => (&mut row.failed, "failed", message),
            Status::NotAttempted(message) => (&mut row.not_attempted, "not-attempted", message),
        };
        *count += 1;
        report.gaps.push(CallGap {
            account: call.account.to_string(),
            region: call.region.to_string(),
            service: call.service.to_string(),
            operation: call.operation.to_string(),
            resource: call.resource.as_ref().map(ToString::to_string),
            status: status.into(),
            message: message.to_string(),
        });
    }
    report.coverage = rows.into_values().collect();
}

/// The rules table, and what the report is narrowed to.
pub(crate) fn rules(report: &mut Report, pack: &Pack, world: &World, only: &Filter, pages: bool) {
    report.packs = vec![PackInfo { name: pack.name.clone(), version: pack.version.clone(), digest: pack.digest() }];
    let chosen =
        |rule: &Rule| if only.rules.is_empty() { engine::switched_on(rule, world) } else { only.rules.contains(&rule.id) };
    report.rules = pack.rules().map(|rule| info(pack, rule, chosen(rule), world, pages)).chain(RuleInfo::own()).collect();
    report.rules.sort_by(|a, b| a.id.cmp(&b.id));
    let named = |flag: &str, values: &[String]| values.iter().map(|v| format!("{flag} {v}")).collect::<Vec<_>>();
    let ids: Vec<String> = only.rules.iter().map(ToString::to_string).collect();
    report.filters = [named("--rule", &ids), named("--account", &only.accounts), named("--region", &only.regions)].concat();
}

fn info(pack: &Pack, rule: &Rule, enabled: bool, world: &World, pages: bool) -> RuleInfo {
    let fix = rule.source("fix").to_owned();
    let help =
        if pages { engine::page::Page::new(pack, rule).markdown() } else { format!("{}\n\n**Fix.**\n\n{fix}\n", rule.why) };
    let configured = world.config.rules.get(&rule.id).and_then(|o| o.severity.as_deref()).and_then(Severity::parse);
    RuleInfo {
        id: rule.id.to_string(),
        family: rule.family.to_string(),
        title: engine::page::title(rule),
        why: rule.why.to_string(),
        fix,
        help,
        help_uri: None,
        severity: configured.unwrap_or_else(|| severity(rule)),
        enabled,
        controls: rule.controls.iter().map(|(f, ids)| (f.to_string(), ids.iter().map(ToString::to_string).collect())).collect(),
        aliases: rule.aliases.iter().map(ToString::to_string).collect(),
        counts: RuleCounts::default(),
    }
}

fn severity(rule: &Rule) -> Severity {
    Severity::parse(rule.severity.as_str()).unwrap_or(Severity::Medium)
}

/// The rules as triage needs them.
pub(crate) fn known(rules: &[RuleInfo]) -> Vec<Known<'_>> {
    let one = |r| -> Known<'_> {
        let r: &RuleInfo = r;
        Known { id: &r.id, aliases: r.aliases.iter().map(String::as_str).collect(), enabled: r.enabled }
    };
    rules.iter().map(one).collect()
}

/// The judged as findings, narrowed; postures that are not declared become notes.
pub(crate) fn findings(report: &mut Report, judged: Vec<Judged>, world: &World, only: &Filter) -> Vec<Finding> {
    let mut out = Vec::new();
    for judged in judged {
        if let engine::Outcome::Undeclared(missing) = &judged.outcome {
            report.posture_notes.push(PostureNote {
                scope: judged.scope.name.to_string(),
                rule: judged.rule.id.to_string(),
                missing: missing.iter().map(ToString::to_string).collect(),
            });
            continue;
        }
        let verdict = verdict(judged, world);
        let within =
            |list: &[String], value: &Option<String>| list.is_empty() || value.as_ref().is_some_and(|v| list.contains(v));
        if within(&only.accounts, &verdict.subject.account) && within(&only.regions, &verdict.subject.region) {
            out.push(finding::make(verdict, world.facts.documents(), &mut report.sources));
        }
    }
    out
}

fn verdict(judged: Judged, world: &World) -> Verdict {
    let fact = judged.subject.and_then(|id| world.facts.get(id));
    let subject = fact.map_or_else(Subject::default, |fact| Subject {
        kind: fact.kind.name.to_owned(),
        id: fact.id.to_string(),
        name: fact.name.to_string(),
        account: fact.account.as_ref().map(ToString::to_string),
        region: fact.region.as_ref().map(ToString::to_string),
    });
    let (outcome, reasons) = match judged.outcome {
        engine::Outcome::Pass => (Outcome::Pass, Vec::new()),
        engine::Outcome::Fail => (Outcome::Fail, Vec::new()),
        engine::Outcome::NotApplicable | engine::Outcome::Undeclared(_) => (Outcome::NotApplicable, Vec::new()),
        engine::Outcome::Unknown(why) => (Outcome::Unknown, why.iter().map(|w| reason(w)).collect()),
    };
    let mut at: Vec<finding::At> = judged.at.iter().map(|n| (n.doc, n.node)).collect();
    // A finding without a place of its own is about the subject as a whole, and its identity is the subject's.
    let part = if at.is_empty() { Some(judged.part.unwrap_or_default()) } else { judged.part };
    if at.is_empty() {
        at.extend(fact.map(|f| (f.node.doc, f.node.node)));
    }
    Verdict {
        rule: judged.rule.id.to_string(),
        outcome,
        severity: severity(&judged.rule),
        subject,
        scope: judged.scope.name.to_string(),
        message: judged.message,
        reasons,
        at,
        related: judged.related.into_iter().map(|(n, text)| ((n.doc, n.node), text)).collect(),
        witness: judged.witness,
        fix: Some(judged.fix).filter(|f| !f.is_empty()),
        part,
    }
}

fn reason(why: &Why) -> finding::Reason {
    let class = match why.reason {
        Reason::NotCollected => "not-collected",
        Reason::Denied => "denied",
        Reason::Failed => "failed",
        Reason::NotLoaded => "not-loaded",
        Reason::Unresolved => "unresolved",
        Reason::MissingField => "missing-field",
        Reason::Undecided => "undecided",
    };
    finding::Reason { class: class.into(), text: why.text.clone() }
}

/// How often each rule came to which outcome.
pub(crate) fn counts(report: &mut Report, findings: &[Finding]) {
    let mut by_rule: BTreeMap<&str, RuleCounts> = BTreeMap::new();
    for finding in findings {
        let counts = by_rule.entry(&finding.rule).or_default();
        *match finding.outcome {
            Outcome::Fail => &mut counts.fail,
            Outcome::Unknown => &mut counts.unknown,
            Outcome::Pass => &mut counts.pass,
            Outcome::NotApplicable => &mut counts.not_applicable,
        } += 1;
    }
    for rule in &mut report.rules {
        rule.counts = by_rule.get(rule.id.as_str()).copied().unwrap_or_default();
    }
}
