//! The parts of the report after the findings: counts, waivers, baseline, what is not known, what was looked at.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::{Page, paint::wrap};
use crate::finding::{Outcome, Severity};
use crate::report::text::visible;
use crate::report::{PolicyCount, RuleCounts, RuleInfo, UnknownGroup};
use crate::triage::OWN_FAMILY;

/// What can be done about a class of unknowns.
fn remedy(class: &str) -> (&'static str, &'static str) {
    match class {
        "not-collected" => ("not collected", "make the call and put its answer into the export"),
        "denied" => ("denied", "give the collecting role this permission and collect again"),
        "failed" => ("failed", "make the call again"),
        "not-loaded" => ("not loaded", "scan it together with the account or file that holds it"),
        "unresolved" => ("not resolved in a template", "give the parameter a value"),
        "missing-field" => ("missing in the data", "collect again with a current AWS CLI"),
        "undecided" => ("not decidable from what is known", "look at it yourself"),
        _ => ("other", "look at it yourself"),
    }
}

impl Page<'_> {
    /// Rows that are shown of a list of `n`, `cap` of them unless everything is wanted.
    pub(super) fn cap(&self, n: usize, cap: usize) -> usize {
        if self.options.full { n } else { n.min(cap) }
    }

    pub(super) fn more(&mut self, hidden: usize, what: &str) {
        if hidden > 0 {
            let text = self.paint.dim(&format!("  and {hidden} more {what} (use --full)"));
            self.line(&text);
        }
    }

    pub(super) fn table(&mut self, header: &[&str], rows: Vec<Vec<String>>, numbers_from: usize) {
        let mut table = Table::new();
        table.load_style(if self.options.unicode { presets::UTF8_FULL_CONDENSED } else { presets::ASCII_FULL_CONDENSED });
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(self.options.width).unwrap_or(u16::MAX));
        table.set_header(header);
        for row in rows {
            table.add_row(row);
        }
        for column in table.column_iter_mut().skip(numbers_from) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        for line in table.lines() {
            self.line(&line);
        }
    }

    /// Counts by family and severity.
    pub(super) fn summary(&mut self) {
        let mut families = self.report.families();
        families.retain(|f| !f.open.is_empty() || f.unknown + f.pass + f.waived + f.known > 0);
        if families.is_empty() {
            return;
        }
        self.heading("Summary");
        let cell = |n: u32| if n == 0 { "·".to_owned() } else { n.to_string() };
        let ascii = |text: String| if self.options.unicode { text } else { text.replace('·', ".") };
        let mut rows = Vec::new();
        for f in &families {
            let mut row = vec![visible(&f.family)];
            row.extend(Severity::ALL.iter().map(|s| ascii(cell(f.open.get(s).copied().unwrap_or(0)))));
            row.extend([f.unknown, f.pass].map(|n| ascii(cell(n))));
            rows.push(row);
        }
        let mut total = vec!["all".to_owned()];
        total.extend(Severity::ALL.iter().map(|s| families.iter().filter_map(|f| f.open.get(s)).sum::<u32>().to_string()));
        total.push(families.iter().map(|f| f.unknown).sum::<u32>().to_string());
        total.push(families.iter().map(|f| f.pass).sum::<u32>().to_string());
        rows.push(total);
        self.table(&["family", "critical", "high", "medium", "low", "info", "unknown", "pass"], rows, 1);
    }

    /// What is waived, one line each.
    pub(super) fn waived(&mut self) {
        let report = self.report;
        let waived: Vec<_> = report.findings.iter().filter_map(|f| Some((f, f.triage.waiver.as_ref()?))).collect();
        if waived.is_empty() {
            return;
        }
        self.heading(&format!("Waived ({})", waived.len()));
        let shown = self.cap(waived.len(), 10);
        for (finding, waiver) in waived.iter().take(shown) {
            let ticket = waiver.ticket.as_ref().map(|t| format!(", {}", visible(t))).unwrap_or_default();
            let text = format!(
                "{}[{}] {}: until {} by {}{ticket}: {}",
                finding.severity,
                visible(&finding.rule),
                visible(&finding.subject.name),
                waiver.expires,
                visible(&waiver.owner),
                visible(&waiver.reason)
            );
            self.wrapped("  ", "      ", &text);
        }
        self.more(waived.len() - shown, "waived findings");
    }

    /// The comparison with the baseline.
    pub(super) fn baseline(&mut self) {
        let Some(baseline) = &self.report.baseline else { return };
        self.heading("Baseline");
        let text = format!(
            "{}: {} new, {} unchanged (not shown above), {} no longer found",
            visible(&baseline.name),
            baseline.new,
            baseline.unchanged,
            baseline.absent.len()
        );
        self.wrapped("  ", "      ", &text);
    }

    /// Unknowns grouped by reason, with the call to make.
    pub(super) fn undetermined(&mut self) {
        let groups = self.report.unknowns();
        if groups.is_empty() {
            return;
        }
        let findings = self.report.of(Outcome::Unknown).count();
        self.heading(&format!("Could not be determined ({findings})"));
        let mut classes: BTreeMap<&str, Vec<&UnknownGroup>> = BTreeMap::new();
        for group in &groups {
            classes.entry(&group.class).or_default().push(group);
        }
        for (class, groups) in classes {
            let (name, what) = remedy(class);
            self.wrapped("  ", "  ", &format!("{name} ({what}):"));
            let shown = self.cap(groups.len(), 10);
            for group in groups.iter().take(shown) {
                let rules = self.cap(group.rules.len(), 3);
                let mut names: Vec<String> = group.rules.iter().take(rules).map(|r| visible(r)).collect();
                if group.rules.len() > rules {
                    names.push(format!("{} more rules", group.rules.len() - rules));
                }
                let text = format!("{} [{}]", visible(&group.text), names.join(", "));
                let indent = format!("  {:>5} × ", group.count);
                let indent = if self.options.unicode { indent } else { indent.replace('×', "x") };
                for line in wrap(&text, self.options.width, &indent, "          ") {
                    self.line(&line);
                }
            }
            self.more(groups.len() - shown, "reasons");
        }
    }

    /// Rules that say nothing because a posture is not declared.
    pub(super) fn postures(&mut self) {
        if self.report.posture_notes.is_empty() {
            return;
        }
        self.heading("Not judged: a posture is not declared in alicerce.toml");
        let mut by_missing: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
        for note in &self.report.posture_notes {
            by_missing.entry((note.missing.join(", "), &note.scope)).or_default().push(visible(&note.rule));
        }
        for ((missing, scope), rules) in by_missing {
            let text = format!("{} in scope {}: {}", visible(&missing), visible(scope), rules.join(", "));
            self.wrapped("  ", "      ", &text);
        }
    }

    /// Inputs, coverage, what was not judged and what was not readable.
    pub(super) fn looked_at(&mut self) {
        let report = self.report;
        self.heading("What was looked at");
        for input in &report.inputs {
            let text = format!("{}: {} files, {} documents", visible(&input.name), input.files, input.documents);
            self.wrapped("  ", "      ", &text);
            self.policies(&input.policies);
        }
        self.exports();
        let on = report.rules.iter().filter(|r| r.enabled).count();
        let packs: Vec<String> = report.packs.iter().map(|p| format!("{} {}", visible(&p.name), visible(&p.version))).collect();
        self.wrapped(
            "  ",
            "      ",
            &format!("{on} of {} rules ({}), as of {}", report.rules.len(), packs.join(", "), visible(&report.date)),
        );
        let silent = |r: &&RuleInfo| {
            let undeclared = report.posture_notes.iter().any(|note| note.rule == r.id);
            let judged = undeclared || r.counts != RuleCounts::default();
            r.enabled && r.family != OWN_FAMILY && !judged && r.not_looked_for.is_empty()
        };
        let silent: Vec<String> = report.rules.iter().filter(silent).map(|r| visible(&r.id)).collect();
        if !silent.is_empty() {
            let text = format!(
                "{} of them had nothing to judge, because there is nothing of the kind: {}",
                silent.len(),
                silent.join(", ")
            );
            self.wrapped("  ", "      ", &text);
        }
        self.not_looked_for();
        for table in &report.tables {
            let hash: String = table.sha256.chars().take(12).collect();
            let text = format!("{} of {} (sha256 {})", visible(&table.name), visible(&table.date), visible(&hash));
            self.wrapped("  ", "      ", &text);
        }
        if !report.filters.is_empty() {
            self.wrapped("  ", "      ", &format!("narrowed by {}", visible(&report.filters.join(" "))));
        }
        self.coverage();
        self.not_judged();
        self.unreadable();
    }

    /// The rules that judged nothing because nobody looked: their silence must not be read as a pass.
    fn not_looked_for(&mut self) {
        let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let silent: Vec<&RuleInfo> = self.report.rules.iter().filter(|rule| !rule.not_looked_for.is_empty()).collect();
        for (rule, reason) in silent.iter().flat_map(|rule| rule.not_looked_for.iter().map(move |reason| (rule, reason))) {
            by_reason.entry(reason).or_default().push(visible(&rule.id));
        }
        if by_reason.is_empty() {
            return;
        }
        let text = format!("{} of them had nothing to judge, because nobody looked; their silence is no pass:", silent.len());
        self.wrapped("  ", "      ", &text);
        let shown = self.cap(by_reason.len(), 20);
        for (reason, rules) in by_reason.iter().take(shown) {
            self.wrapped("    ", "        ", &format!("{}: {}", visible(reason), rules.join(", ")));
        }
        self.more(by_reason.len() - shown, "reasons");
    }

    /// What the policy files were taken for, and whether somebody said so.
    fn policies(&mut self, policies: &[PolicyCount]) {
        for (inferred, ending) in [(false, ""), (true, ", as inferred (say it with --policy-type or `[[policy_type]]`)")] {
            let of = |p: &PolicyCount| format!("{} {}", p.count, visible(&p.policy_type));
            let parts: Vec<String> = policies.iter().filter(|p| p.inferred == inferred).map(of).collect();
            if !parts.is_empty() {
                self.wrapped("    ", "      ", &format!("policies: {}{ending}", parts.join(", ")));
            }
        }
    }

    /// Who collected the exports and when, by which digest they are known, and whether they are still what they were.
    fn exports(&mut self) {
        for export in &self.report.exports {
            let said = |what: &Option<String>| what.as_deref().map_or_else(|| "not said".to_owned(), visible);
            let (when, who, tool) = (said(&export.collected_at), said(&export.caller), said(&export.tool));
            let text = format!("{}: collected {when} by {who} with {tool}", visible(&export.manifest));
            self.wrapped("  ", "      ", &text);
            let odd = [(export.changed, "changed since"), (export.missing, "missing"), (export.added, "added since")];
            let odd: Vec<String> = odd.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
            let state = if odd.is_empty() { "all as collected".to_owned() } else { odd.join(", ") };
            self.wrapped("    ", "      ", &format!("{} files, {state}; sha256 {}", export.files, visible(&export.sha256)));
        }
    }

    fn not_judged(&mut self) {
        let report = self.report;
        let listed: Vec<_> = report.unrecognised.iter().filter(|s| s.kind == "unrecognised" || s.kind == "not-yet").collect();
        let quiet = report.unrecognised.len() - listed.len();
        if quiet > 0 {
            self.wrapped("  ", "      ", &format!("{quiet} other files and folders passed over (--format json lists them)"));
        }
        if listed.is_empty() {
            return;
        }
        self.heading(&format!("Not recognised, so not judged ({})", listed.len()));
        let shown = self.cap(listed.len(), 10);
        for skipped in listed.iter().take(shown) {
            self.wrapped("  ", "      ", &format!("{}: {}", visible(&skipped.name), visible(&skipped.why)));
        }
        self.more(listed.len() - shown, "files");
    }

    fn unreadable(&mut self) {
        let report = self.report;
        if report.unreadable.is_empty() {
            return;
        }
        self.heading(&format!("Not readable, so the run is incomplete ({})", report.unreadable.len()));
        for file in &report.unreadable {
            let place = file.at.map(|p| format!(":{}:{}", p.line, p.column)).unwrap_or_default();
            let judged = if file.judged { " (judged all the same)" } else { "" };
            self.wrapped("  ", "      ", &format!("{}{place}: {}{judged}", visible(&file.name), visible(&file.message)));
        }
    }
}
