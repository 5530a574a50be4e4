//! What was collected and what was not: by account and Region, then the services that are not in full, then the calls.
//!
//! Never: a call without an answer that is neither shown nor counted.

use std::collections::{BTreeMap, BTreeSet};

use super::Page;
use crate::report::text::visible;
use crate::report::{CallGap, CoverageRow};

/// Places of one kind of gap that are named.
const PLACES: usize = 3;

impl Page<'_> {
    pub(super) fn coverage(&mut self) {
        let report = self.report;
        if report.coverage.is_empty() {
            return;
        }
        self.line("");
        self.places(&report.coverage);
        let lacking: BTreeSet<&str> = report.coverage.iter().filter(|row| lacks(row)).map(|row| row.service.as_str()).collect();
        let whole: BTreeSet<&str> =
            report.coverage.iter().map(|row| row.service.as_str()).filter(|s| !lacking.contains(s)).collect();
        if !whole.is_empty() && !lacking.is_empty() {
            let names: Vec<String> = whole.iter().map(|name| visible(name)).collect();
            self.wrapped("  ", "      ", &format!("every call answered: {}", names.join(", ")));
        }
        self.services(&report.coverage);
        self.gaps(&report.gaps);
    }

    /// One row for each account and Region.
    fn places(&mut self, coverage: &[CoverageRow]) {
        let mut places: BTreeMap<(&str, &str), [u32; 4]> = BTreeMap::new();
        for row in coverage {
            let sums = places.entry((&row.account, &row.region)).or_default();
            let counts = [row.collected, row.denied, row.failed, row.not_attempted];
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        let shown = self.cap(places.len(), 20);
        let rows = places.iter().take(shown).map(|((account, region), counts)| {
            [visible(account), visible(region)].into_iter().chain(counts.iter().map(ToString::to_string)).collect()
        });
        let rows = rows.collect();
        self.table(&["account", "region", "collected", "denied", "failed", "not attempted"], rows, 2);
        self.more(places.len() - shown, "accounts and Regions");
    }

    /// The services that lack something, one line for each account and Region.
    fn services(&mut self, coverage: &[CoverageRow]) {
        let mut places: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for row in coverage.iter().filter(|row| lacks(row)) {
            let all = row.collected + row.denied + row.failed + row.not_attempted;
            let counts = [(row.denied, "denied"), (row.failed, "failed"), (row.not_attempted, "not attempted")];
            let parts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
            let text = format!("{} ({} of {all})", visible(&row.service), parts.join(", "));
            places.entry((&row.account, &row.region)).or_default().push(text);
        }
        let shown = self.cap(places.len(), 10);
        for ((account, region), services) in places.iter().take(shown) {
            let text = format!("not in full: {} {}: {}", visible(account), visible(region), services.join(", "));
            self.wrapped("  ", "      ", &text);
        }
        self.more(places.len() - shown, "accounts and Regions that are not in full");
    }

    /// The calls without an answer; those of one operation and one code share a line.
    fn gaps(&mut self, gaps: &[CallGap]) {
        let mut groups: BTreeMap<_, Vec<&CallGap>> = BTreeMap::new();
        for gap in gaps {
            let code = gap.message.split(':').next().unwrap_or_default();
            groups.entry((&*gap.status, &*gap.service, &*gap.operation, code)).or_default().push(gap);
        }
        let shown = self.cap(groups.len(), 10);
        for group in groups.values().take(shown) {
            let text = self.gap(group);
            self.wrapped("  ", "      ", &visible(&text));
        }
        let hidden: usize = groups.values().skip(shown).map(Vec::len).sum();
        self.more(hidden, "calls without an answer");
    }

    fn gap(&self, gaps: &[&CallGap]) -> String {
        let Some((first, others)) = gaps.split_first() else { return String::new() };
        let call = format!("{}: {} {}", first.status, first.service, first.operation);
        let resource = |gap: &CallGap, before: &str, after: &str| {
            gap.resource.as_ref().map(|r| format!("{before}{r}{after}")).unwrap_or_default()
        };
        if others.is_empty() {
            return format!("{call}{} in {} {}: {}", resource(first, " ", ""), first.account, first.region, first.message);
        }
        let named = self.cap(gaps.len(), PLACES);
        let place = |gap: &&CallGap| format!("{}{} {}", resource(gap, "", " in "), gap.account, gap.region);
        let mut places: Vec<String> = gaps.iter().take(named).map(place).collect();
        if gaps.len() > named {
            places.push(format!("{} more", gaps.len() - named));
        }
        format!("{call}, {} times ({}): {}", gaps.len(), places.join("; "), first.message)
    }
}

fn lacks(row: &CoverageRow) -> bool {
    row.denied + row.failed + row.not_attempted > 0
}
