//! Puts a report together: what was loaded, which rules there are, what was judged, in the report's own words.
//!
//! In: the parts of one scan. Out: the fields of [`Report`]. Nothing is decided here.

mod uncollected;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use uncollected::uncollected;

use crate::engine::{self, Judged};
use crate::facts::{self, Fact, FactId};
use crate::finding::{self, Finding, Severity};
use crate::input::{Loaded, SkipKind, Status};
use crate::report::{
    CallGap, CoverageRow, DatedTable, Export, Input, PackInfo, PolicyCount, Report, RuleCounts, RuleInfo, Skipped, Tool,
    Unreadable,
};
use crate::rule::{Pack, Rule};
use crate::triage::{self, Known};
use crate::world::World;
use crate::{Filter, catalog};

/// What was read, what was not, and what is known of which call.
pub(crate) fn inputs(report: &mut Report, loaded: &Loaded) {
    report.tool = Tool { name: "alicerce".into(), version: env!("CARGO_PKG_VERSION").into() };
    let table =
        |t: catalog::TableInfo| DatedTable { name: t.name.into(), date: t.date.into(), source: t.source, sha256: t.sha256 };
    report.tables = catalog::tables().into_iter().map(table).collect();
    let input = |i: &crate::input::InputSummary| Input {
        name: i.name.to_string(),
        files: i.files,
        documents: i.documents,
        bytes: i.bytes,
        sha256: i.sha256.clone(),
        policies: i
            .policies
            .iter()
            .map(|((policy_type, inferred), count)| PolicyCount {
                policy_type: policy_type.to_string(),
                inferred: *inferred,
                count: *count,
            })
            .collect(),
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
    report.exports = loaded.manifests.iter().map(|manifest| export(manifest, loaded)).collect();
    coverage(report, loaded);
}

/// Who collected an export and when, and whether its files are still what they were.
fn export(manifest: &crate::input::Manifest, loaded: &Loaded) -> Export {
    let said = |what: &Option<std::sync::Arc<str>>| what.as_ref().map(ToString::to_string);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let problems =
        |code: &str| loaded.unreadable.iter().filter(|u| u.code == code && manifest.path_below(&u.name).is_some()).count();
    Export {
        manifest: manifest.name.to_string(),
        sha256: manifest.sha256.clone(),
        collected_at: said(&manifest.collected_at),
        caller: said(&manifest.caller),
        tool: said(&manifest.tool),
        files: count(manifest.files.len()),
        changed: count(problems("digest-mismatch")),
        missing: count(problems("file-missing")),
        added: count(manifest.unlisted(loaded).len()),
    }
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
            // The error that a call gives for what is not configured is its answer.
            Status::Failed(message) if facts::kinds::means_absent(&call.service, &call.operation, message) => {
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
    for rule in report.rules.iter_mut().filter(|r| r.family == triage::OWN_FAMILY) {
        rule.enabled = triage::own_rule_enabled(&world.config, &rule.id);
    }
    report.rules.sort_by(|a, b| a.id.cmp(&b.id));
    let named = |flag: &str, values: &[String]| values.iter().map(|v| format!("{flag} {v}")).collect::<Vec<_>>();
    let ids: Vec<String> = only.rules.iter().map(ToString::to_string).collect();
    report.filters = [named("--rule", &ids), named("--account", &only.accounts), named("--region", &only.regions)].concat();
}

fn info(pack: &Pack, rule: &Rule, enabled: bool, world: &World, pages: bool) -> RuleInfo {
    let fix = rule.source("fix").to_owned();
    let help =
        if pages { engine::page::Page::new(pack, rule).markdown() } else { format!("{}\n\n**Fix.**\n\n{fix}\n", rule.why) };
    let mut names = std::iter::once(&rule.id).chain(&rule.aliases);
    let configured = names.find_map(|id| world.config.rules.get(id)?.severity.as_deref()).and_then(Severity::parse);
    RuleInfo {
        id: rule.id.to_string(),
        family: rule.family.to_string(),
        title: engine::page::title(rule),
        why: rule.why.to_string(),
        fix,
        help,
        help_uri: None,
        severity: configured.unwrap_or(rule.severity),
        enabled,
        controls: rule.controls.iter().map(|(f, ids)| (f.to_string(), ids.iter().map(ToString::to_string).collect())).collect(),
        aliases: rule.aliases.iter().map(ToString::to_string).collect(),
        counts: RuleCounts::default(),
        not_looked_for: Vec::new(),
    }
}

/// Says of each rule that judged nothing whether anybody looked for its subjects: the reasons where no account has them listed.
pub(crate) fn not_looked_for(report: &mut Report, pack: &Pack, world: &World) {
    if report.coverage.is_empty() {
        return;
    }
    let undeclared: BTreeSet<&str> = report.posture_notes.iter().map(|note| note.rule.as_str()).collect();
    let silent =
        |info: &&mut RuleInfo| info.enabled && info.counts == RuleCounts::default() && !undeclared.contains(info.id.as_str());
    for info in report.rules.iter_mut().filter(silent) {
        let rule = pack.rules().find(|rule| *rule.id == *info.id);
        let listed = |kind: &&facts::Kind| world.facts.listed(kind, None, None).err();
        let reasons = rule.into_iter().flat_map(|rule| rule.kinds.iter().copied()).filter_map(|kind| listed(&kind));
        info.not_looked_for = reasons.map(|why| why.text.clone()).collect::<BTreeSet<String>>().into_iter().collect();
    }
}

/// The rules as triage needs them.
pub(crate) fn known(rules: &[RuleInfo]) -> Vec<Known<'_>> {
    let one = |r| -> Known<'_> {
        let r: &RuleInfo = r;
        Known { id: &r.id, aliases: r.aliases.iter().map(String::as_str).collect(), enabled: r.enabled }
    };
    rules.iter().map(one).collect()
}

/// What the report is narrowed to and is not there: a slip of the pen must not look like a clean account.
pub(crate) fn empty_filters(report: &mut Report, world: &World, only: &Filter) {
    let (mut accounts, mut regions) = (BTreeSet::new(), BTreeSet::new());
    for (_, fact) in world.facts.iter() {
        accounts.extend(fact.account.as_deref());
        regions.extend(fact.region.as_deref());
    }
    let missing = |flag: &str, wanted: &[String], there: &BTreeSet<&str>| -> Vec<Unreadable> {
        let absent = wanted.iter().filter(|w| !there.contains(w.as_str()));
        let one = |w: &String| Unreadable {
            name: format!("{flag} {w}"),
            code: "filter-matches-nothing".into(),
            message: format!("nothing that was loaded is of `{w}`, so nothing was judged for it"),
            at: None,
            judged: false,
        };
        absent.map(one).collect()
    };
    report.unreadable.extend(missing("--account", &only.accounts, &accounts));
    report.unreadable.extend(missing("--region", &only.regions, &regions));
}

/// The engine's answers as findings, narrowed; what they count to, and the postures that are not declared.
pub(crate) struct Findings<'s> {
    only: &'s Filter,
    keep_all: bool,
    gathered: finding::Gathered,
    /// For each finding the rule's number and the subject.
    order: Vec<(usize, Option<FactId>)>,
}

impl<'s> Findings<'s> {
    pub(crate) fn new(only: &'s Filter, keep_all: bool) -> Self {
        Self { only, keep_all, gathered: finding::Gathered::default(), order: Vec::new() }
    }

    /// Adds answers. They must be added while their documents are here.
    pub(crate) fn add(&mut self, report: &mut Report, judged: Vec<(usize, Judged)>, world: &World) {
        let only = self.only;
        let within = |list: &[String], value: Option<&str>| list.is_empty() || value.is_some_and(|v| list.iter().any(|l| l == v));
        // What has no Region, a role or an account, is of every Region.
        let shown = |fact: &Fact| {
            within(&only.accounts, fact.account.as_deref())
                && (fact.region.is_none() || within(&only.regions, fact.region.as_deref()))
        };
        let (order, judged): (Vec<_>, Vec<_>) =
            engine::in_order(judged).into_iter().map(|(rule, judged)| ((rule, judged.subject), judged)).unzip();
        let gathered = finding::gather(&judged, &world.facts, &mut report.sources, &shown, self.keep_all);
        self.order.extend(gathered.of.iter().filter_map(|at| order.get(*at)));
        self.gathered.join(gathered);
    }

    /// The findings in the order of the rules, then of the subjects, whatever order they were added in.
    pub(crate) fn finish(self, report: &mut Report) -> Vec<Finding> {
        let mut findings: Vec<_> = self.order.into_iter().zip(self.gathered.findings).collect();
        findings.sort_by_key(|(order, _)| *order);
        report.sources.reorder(findings.iter_mut().map(|(_, finding)| finding));
        report.posture_notes = self.gathered.undeclared;
        for rule in &mut report.rules {
            if let Some(counts) = self.gathered.counts.get(rule.id.as_str()) {
                rule.counts = *counts;
            }
        }
        findings.into_iter().map(|(_, finding)| finding).collect()
    }
}
