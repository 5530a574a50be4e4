//! Triage: severity overrides, waivers, baseline and the exit code, in one place for every output.
//!
//! In: findings, the configuration, a baseline, today. Out: the findings with what triage made of them, those about stale
//! waivers added, in report order. Never: a finding dropped; what is waived or known stays and says so.

mod baseline;
mod waiver;

use std::collections::BTreeMap;

use jiff::civil::Date;

pub use baseline::{Baseline, BaselineError, BaselineSummary, Entry};

use crate::config::Config;
use crate::finding::{Finding, Outcome, Reason, Severity, Sources};

/// The rule of expired waivers.
pub const WAIVER_EXPIRED: &str = "waiver-expired";
/// The rule of waivers that cover nothing.
pub const WAIVER_UNMATCHED: &str = "waiver-unmatched";

/// A rule of triage itself, for the rules table.
#[derive(Debug, Clone, Copy)]
pub struct OwnRule {
    /// Its id.
    pub id: &'static str,
    /// Its severity.
    pub severity: Severity,
    /// One line.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
}

/// The family of [`OWN_RULES`].
pub const OWN_FAMILY: &str = "triage";

/// The rules that judge `alicerce.toml`; they can be switched off and re-weighed in `[rules.…]` as any other.
pub const OWN_RULES: [OwnRule; 2] = [
    OwnRule {
        id: WAIVER_EXPIRED,
        severity: Severity::Medium,
        title: "a waiver has expired",
        why: "A waiver accepts a risk until a day on which somebody looks at it again; that day has passed.",
        fix: "Mend what was waived and remove the waiver, or decide anew and give a later `expires`.",
    },
    OwnRule {
        id: WAIVER_UNMATCHED,
        severity: Severity::Low,
        title: "a waiver covers no finding",
        why: "A waiver that covers nothing is forgotten, and will silently cover the next finding that fits it.",
        fix: "Remove the waiver, or mend its `subject`.",
    },
];

/// A rule as triage needs it.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its former ids, which `alicerce.toml` may still use.
    pub aliases: Vec<&'a str>,
    /// It was judged in this scan.
    pub enabled: bool,
}

/// Why what a waiver is about may not have been seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncollected {
    /// The reason.
    pub reason: Reason,
    /// Nothing at all was loaded of its account.
    pub account: bool,
}

/// What triage goes by.
#[derive(Debug)]
pub struct Options<'a> {
    /// Overrides and waivers.
    pub config: &'a Config,
    /// The day of the scan.
    pub today: Date,
    /// What is known.
    pub baseline: Option<&'a Baseline>,
    /// All rules.
    pub rules: &'a [Known<'a>],
    /// The waivers, by their place in the configuration, whose subjects may not have been collected.
    pub uncollected: &'a BTreeMap<usize, Uncollected>,
}

/// Applies overrides, waivers and baseline, in this order, and sorts.
pub fn apply(
    mut findings: Vec<Finding>,
    sources: &mut Sources,
    options: &Options<'_>,
) -> (Vec<Finding>, Option<BaselineSummary>) {
    let config = options.config;
    let stale = waiver::apply(&mut findings, sources, config, options.today, options.rules, options.uncollected);
    findings.extend(stale.into_iter().filter(|f| own_rule_enabled(config, &f.rule)));
    for (id, wanted) in &config.rules {
        let Some(severity) = wanted.severity.as_deref().and_then(Severity::parse) else { continue };
        let id = waiver::canonical(id, options.rules);
        for finding in findings.iter_mut().filter(|f| f.rule == id && f.severity != severity) {
            finding.triage.severity_before = Some(finding.severity);
            finding.severity = severity;
        }
    }
    let summary = options.baseline.map(|b| b.compare(&mut findings));
    findings.sort_by(|a, b| a.order().cmp(&b.order()));
    (findings, summary)
}

/// True unless `[rules.<id>]` switches one of [`OWN_RULES`] off.
pub fn own_rule_enabled(config: &Config, id: &str) -> bool {
    config.rules.get(id).and_then(|r| r.enabled) != Some(false)
}

/// `--fail-on`: the least severity that breaks a build; `None` is `never`.
///
/// # Errors
/// The words that are possible.
pub fn parse_fail_on(text: &str) -> Result<Option<Severity>, String> {
    if text == "never" {
        return Ok(None);
    }
    Severity::parse(text).map(Some).ok_or_else(|| "one of critical, high, medium, low, info, never".to_owned())
}

/// The exit code of a scan that ran: 3 where the run cannot be trusted (an input was not readable, or with `strict`
/// something could not be determined and is not waived), 1 where an open finding is as grave as `fail_on`, else 0.
pub fn exit_code(findings: &[Finding], fail_on: Option<Severity>, strict: bool, incomplete: bool) -> u8 {
    let undetermined = || findings.iter().any(|f| f.outcome == Outcome::Unknown && f.triage.waiver.is_none());
    if incomplete || (strict && undetermined()) {
        return 3;
    }
    let broken = fail_on.is_some_and(|limit| findings.iter().any(|f| f.is_open() && f.severity.at_least(limit)));
    u8::from(broken)
}
