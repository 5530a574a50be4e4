//! From a scan's parts to its [`Report`]: findings made and triaged, counts, coverage, rules table, exit code.
//!
//! In: what was read, the world, the engine's answers, triage's settings. Out: the report that every format prints.
//! Filters narrow what is reported, never what was judged or joined.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Config;
use crate::engine::{self, Judged};
use crate::facts::Fact;
use crate::finding::{Counts, Finding, Severity, Sources, gather};
use crate::input::{Coverage, InputSummary, SkipKind, Status, Unreadable as UnreadableFile};
use crate::rule::{Origin, Pack, Rule};
use crate::triage::{self, Baseline, Known};
use crate::world::World;

use super::{CallGap, CoverageRow, DatedTable, Input, PackInfo, Report, RuleInfo, Skipped, Tool, Unreadable};
use crate::finding::Point;

/// What is reported of what was judged; empty lists narrow nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Account ids.
    pub accounts: Vec<String>,
    /// Regions; what has no Region is reported too.
    pub regions: Vec<String>,
    /// Rule ids, not aliases.
    pub rules: BTreeSet<Arc<str>>,
}

impl Filter {
    fn fact(&self, fact: &Fact) -> bool {
        self.place(fact.account.as_deref(), fact.region.as_deref())
    }

    fn place(&self, account: Option<&str>, region: Option<&str>) -> bool {
        let account = self.accounts.is_empty() || account.is_some_and(|a| self.accounts.iter().any(|want| want == a));
        let region = self.regions.is_empty() || region.is_none_or(|r| self.regions.iter().any(|want| want == r));
        account && region
    }

    fn rule(&self, id: &str) -> bool {
        self.rules.is_empty() || self.rules.contains(id)
    }

    fn finding(&self, finding: &Finding) -> bool {
        self.rule(&finding.rule) && self.place(finding.subject.account.as_deref(), finding.subject.region.as_deref())
    }

    fn words(&self) -> Vec<String> {
        let words = |option: &str, values: Vec<&str>| values.into_iter().map(|v| format!("{option} {v}")).collect::<Vec<_>>();
        let mut out = words("--account", self.accounts.iter().map(String::as_str).collect());
        out.extend(words("--region", self.regions.iter().map(String::as_str).collect()));
        out.extend(words("--rule", self.rules.iter().map(|r| &**r).collect()));
        out
    }
}

/// A scan's parts.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The rules.
    pub pack: &'a Pack,
    /// Facts, configuration and date.
    pub world: &'a World,
    /// The engine's answers.
    pub judged: &'a [Judged],
    /// What was read.
    pub inputs: &'a [InputSummary],
    /// What was not judged.
    pub skipped: &'a [crate::input::Skipped],
    /// What was not readable.
    pub unreadable: &'a [UnreadableFile],
    /// The dated tables that were used.
    pub tables: Vec<DatedTable>,
    /// What is known.
    pub baseline: Option<&'a Baseline>,
    /// What is reported.
    pub filter: Filter,
    /// Keep passes and not applicable as findings.
    pub keep_right: bool,
    /// `--fail-on`; `None` for `never`.
    pub fail_on: Option<Severity>,
    /// `--strict`.
    pub strict: bool,
}

/// Assembles the report.
pub fn assemble(parts: Parts<'_>) -> Report {
    let mut sources = Sources::default();
    let config = &parts.world.config;
    let shown = |fact: &Fact| parts.filter.fact(fact);
    let gathered = gather(parts.judged, &parts.world.facts, &mut sources, &shown, parts.keep_right);
    let ran = |rule: &Rule| {
        if parts.filter.rules.is_empty() { engine::switched_on(rule, parts.world) } else { parts.filter.rules.contains(&rule.id) }
    };
    let known: Vec<Known<'_>> = parts
        .pack
        .rules()
        .map(|r| Known { id: &r.id, aliases: r.aliases.iter().map(|a| &**a).collect(), enabled: ran(r) })
        .collect();
    let mut rules: Vec<RuleInfo> = parts.pack.rules().map(|r| rule_info(r, parts.pack, ran(r), &gathered.counts)).collect();
    rules.extend(RuleInfo::own().into_iter().map(|r| RuleInfo { enabled: triage::own_rule_enabled(config, &r.id), ..r }));
    override_severities(&mut rules, config);
    let today = parts.world.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let options = triage::Options { config, today, baseline: parts.baseline, rules: &known };
    let narrowed = !parts.filter.accounts.is_empty() || !parts.filter.regions.is_empty();
    let (mut findings, baseline) = triage::apply(gathered.findings, &mut sources, &options);
    // What is outside of the filter was not looked at, so that a waiver for it may well cover something.
    findings.retain(|f| parts.filter.finding(f) && !(narrowed && f.rule == triage::WAIVER_UNMATCHED));
    count_own(&mut rules, &findings);
    let (coverage, gaps) = coverage(&parts.world.facts.coverage);
    let exit_code = triage::exit_code(&findings, parts.fail_on, parts.strict, !parts.unreadable.is_empty());
    Report {
        tool: Tool { name: "alicerce".into(), version: env!("CARGO_PKG_VERSION").into() },
        packs: vec![PackInfo { name: parts.pack.name.clone(), version: parts.pack.version.clone(), digest: parts.pack.digest() }],
        tables: parts.tables,
        date: parts.world.now.to_string(),
        inputs: parts.inputs.iter().map(input).collect(),
        unrecognised: parts.skipped.iter().map(skipped).collect(),
        unreadable: parts.unreadable.iter().map(unreadable).collect(),
        coverage,
        gaps,
        posture_notes: gathered.undeclared,
        filters: parts.filter.words(),
        rules,
        findings,
        baseline,
        sources,
        fail_on: parts.fail_on,
        exit_code,
    }
}

fn override_severities(rules: &mut [RuleInfo], config: &Config) {
    for (id, wanted) in &config.rules {
        let Some(severity) = wanted.severity.as_deref().and_then(Severity::parse) else { continue };
        if let Some(rule) = rules.iter_mut().find(|r| r.id == **id || r.aliases.iter().any(|a| **a == **id)) {
            rule.severity = severity;
        }
    }
}

/// The rules of triage come to their findings after the engine.
fn count_own(rules: &mut [RuleInfo], findings: &[Finding]) {
    for rule in rules.iter_mut().filter(|r| r.family == triage::OWN_FAMILY) {
        let n = findings.iter().filter(|f| f.rule == rule.id).count();
        rule.counts.fail = u32::try_from(n).unwrap_or(u32::MAX);
    }
}

fn rule_info(rule: &Rule, pack: &Pack, enabled: bool, counts: &BTreeMap<Arc<str>, Counts>) -> RuleInfo {
    let controls: BTreeMap<String, Vec<String>> =
        rule.controls.iter().map(|(f, ids)| (f.to_string(), ids.iter().map(ToString::to_string).collect())).collect();
    let fix = rule.source("fix").trim_end().to_owned();
    let help_uri = match pack.origin(rule) {
        Some(Origin::BuiltIn(folder)) => Some(format!("{}/blob/main/rules/{folder}/rule.yaml", env!("CARGO_PKG_REPOSITORY"))),
        _ => None,
    };
    RuleInfo {
        id: rule.id.to_string(),
        family: rule.family.to_string(),
        title: engine::page::title(rule),
        why: rule.why.trim().to_owned(),
        help: help(rule, &fix),
        fix,
        help_uri,
        severity: rule.severity,
        enabled,
        controls,
        aliases: rule.aliases.iter().map(ToString::to_string).collect(),
        counts: counts.get(&rule.id).copied().unwrap_or_default(),
    }
}

/// The rule's page in short; `rules explain` shows it with its cases.
fn help(rule: &Rule, fix: &str) -> String {
    let fence = if fix.contains("```") { "~~~~" } else { "```" };
    let mut out = format!("{}\n\n**Fix**\n\n{fence}text\n{fix}\n{fence}\n", rule.why.trim());
    if !rule.controls.is_empty() {
        let lines = rule.controls.iter().map(|(framework, ids)| format!("- {framework}: {}", ids.join(", ")));
        out.push_str(&format!("\n**Controls** (informative)\n\n{}\n", lines.collect::<Vec<_>>().join("\n")));
    }
    out.push_str(&format!("\n`alicerce rules explain {}` shows the rule with a failing and a passing case.\n", rule.id));
    out
}

fn input(input: &InputSummary) -> Input {
    Input {
        name: input.name.to_string(),
        files: input.files,
        documents: input.documents,
        bytes: input.bytes,
        sha256: input.sha256.clone(),
    }
}

fn skipped(skipped: &crate::input::Skipped) -> Skipped {
    let kind = match skipped.kind {
        SkipKind::OtherFile => "other-file",
        SkipKind::IgnoredFolder => "ignored-folder",
        SkipKind::NotYet => "not-yet",
        SkipKind::Unrecognised => "unrecognised",
    };
    Skipped { name: skipped.name.to_string(), kind: kind.to_owned(), why: skipped.why.clone() }
}

fn unreadable(file: &UnreadableFile) -> Unreadable {
    Unreadable {
        name: file.name.to_string(),
        code: file.code.to_owned(),
        message: file.message.clone(),
        at: file.place.map(|p| Point { line: p.line, column: p.column }),
        judged: file.judged,
    }
}

/// Calls by account, Region and service, and those that did not answer.
fn coverage(coverage: &Coverage) -> (Vec<CoverageRow>, Vec<CallGap>) {
    let mut rows: BTreeMap<(&str, &str, &str), CoverageRow> = BTreeMap::new();
    let mut gaps = Vec::new();
    for (call, status) in coverage.iter() {
        let row = rows.entry((&call.account, &call.region, &call.service)).or_insert_with(|| CoverageRow {
            account: call.account.to_string(),
            region: call.region.to_string(),
            service: call.service.to_string(),
            ..CoverageRow::default()
        });
        let (count, word, message) = match status {
            Status::Ok => {
                row.collected += 1;
                continue;
            }
            Status::Denied(text) => (&mut row.denied, "denied", text),
            Status::Failed(text) => (&mut row.failed, "failed", text),
            Status::NotAttempted(text) => (&mut row.not_attempted, "not-attempted", text),
        };
        *count += 1;
        gaps.push(CallGap {
            account: call.account.to_string(),
            region: call.region.to_string(),
            service: call.service.to_string(),
            operation: call.operation.to_string(),
            resource: call.resource.as_ref().map(ToString::to_string),
            status: word.to_owned(),
            message: message.to_string(),
        });
    }
    (rows.into_values().collect(), gaps)
}
